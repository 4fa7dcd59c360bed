"""The camera chain on pictures whose answer is known, and against numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

H, W = 24, 32
SIZE = {"H": H, "W": W}
FILTERS = np.array(
    [
        [[-4, -8, -4], [0, 0, 0], [4, 8, 4]],
        [[-4, 0, 4], [-8, 0, 8], [-4, 0, 4]],
        [[-4, -4, -4], [-4, 32, -4], [-4, -4, -4]],
        [[8, 0, -8], [0, 0, 0], [-8, 0, 8]],
    ]
)
BIAS = [-64, -64, -128, -32]


def texture(seed: int, height: int = H, width: int = W) -> Any:
    """A random picture."""
    return np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)


def correlate(picture: Any, kernel: Any) -> Any:
    """Correlation with a 3 x 3 kernel, border pixels repeated."""
    padded = np.pad(picture.astype(int), 1, mode="edge")
    height, width = picture.shape
    return sum(kernel[i][j] * padded[i : i + height, j : j + width] for i in range(3) for j in range(3))


def test_vehicles_drive_at_their_speed(instance: Any) -> None:
    """After 40 frames each vehicle has moved 40 times its speed, round the end of the road."""
    camera = instance("camera", **SIZE)
    camera.state["left"] = np.array([20, 7, 11, 14], np.int32)
    for _ in range(40):
        frame = camera()
    assert frame["left"].tolist() == [(20 + 80) % W, (7 + 40) % W, (11 - 40) % W, (14 - 120) % W]
    assert frame["frames"] == 40
    assert frame["bayer"].std() > 20


@pytest.mark.parametrize("colour", [(255, 255, 255), (200, 30, 90), (0, 255, 0), (12, 34, 56)])
def test_debayer_restores_a_plain_colour(colour: tuple[int, int, int], instance: Any) -> None:
    """Of a plain wall every pixel gets the luminance of its colour, at borders too."""
    y, x = np.mgrid[:13, :17]
    bayer = np.choose(y % 2 + x % 2, colour).astype(np.uint8)
    grey = instance("debayer", H=13, W=17)(bayer=bayer)["grey"]
    red, green, blue = colour
    assert (grey == (77 * red + 150 * green + 29 * blue + 128) // 256).all()


def test_blur_is_the_binomial_filter(instance: Any) -> None:
    """A random picture is smoothed as numpy does it."""
    grey = texture(1)
    smooth = instance("blur", **SIZE)(grey=grey)["smooth"]
    assert (smooth == (correlate(grey, np.outer([1, 2, 1], [1, 2, 1])) + 8) // 16).all()


def test_sobel_is_the_sum_of_both_gradients(instance: Any) -> None:
    """A random picture's edges are those numpy finds, saturated at 255."""
    smooth = texture(2) // 4
    gx = correlate(smooth, np.outer([1, 2, 1], [-1, 0, 1]))
    gy = correlate(smooth, np.outer([-1, 0, 1], [1, 2, 1]))
    edges = instance("sobel", **SIZE)(smooth=smooth)["edges"]
    assert (edges == np.minimum(abs(gx) + abs(gy), 255)).all()


def test_background_learns_what_stays(instance: Any) -> None:
    """The first frame is background; a square that appears is in front, and is learnt in the end."""
    background = instance("background", **SIZE)
    empty = np.full((H, W), 60, np.uint8)
    assert not background(smooth=empty)["mask"].any()
    parked = empty.copy()
    parked[5:11, 8:20] = 140
    square = np.where(parked == 140, 255, 0)
    assert (background(smooth=parked)["mask"] == square).all()
    for _ in range(30):
        assert (background(smooth=parked)["mask"] == square).all()
    for _ in range(200):
        mask = background(smooth=parked)["mask"]
    assert not mask.any()


def test_background_follows_the_light_as_a_running_average(instance: Any) -> None:
    """A change below the threshold is no foreground; a sixteenth of the rest is learnt per frame."""
    background = instance("background", **SIZE)
    background(smooth=np.full((H, W), 100, np.uint8))
    average = 100.0
    for _ in range(20):
        result = background(smooth=np.full((H, W), 115, np.uint8))
        average += (115 - average) / 16
        assert not result["mask"].any()
        assert np.abs(result["background"] / 128 - average).max() < 0.15


def test_convolution_layer_is_that_of_numpy(instance: Any) -> None:
    """Correlation, bias, ReLU, stride 2, saturation: a random picture."""
    smooth = texture(4)
    result = instance("convolution", **SIZE, HC=H // 2, WC=W // 2)(smooth=smooth)
    sums = np.stack([correlate(smooth, f)[::2, ::2] + b for f, b in zip(FILTERS, BIAS, strict=True)])
    assert (result["features"] == np.minimum(np.maximum(sums, 0) // 16, 127)).all()


@pytest.mark.parametrize("shift", [(2, -1), (-3, 3), (0, 0), (1, 0)])
def test_block_matching_finds_the_planted_shift(shift: tuple[int, int], instance: Any) -> None:
    """A picture that moved by (x, y) gives that vector in every block that was in sight before."""
    flow = instance("flow", **SIZE, BY=3, BX=4)
    world = texture(5, H + 8, W + 8)
    dx, dy = shift
    flow(smooth=world[4 : 4 + H, 4 : 4 + W])
    vectors = flow(smooth=world[4 - dy : 4 - dy + H, 4 - dx : 4 - dx + W])["vectors"]
    assert (vectors[1:-1, 1:-1] == shift).all()


def test_block_matching_prefers_rest(instance: Any) -> None:
    """In a picture without texture nothing moves."""
    flow = instance("flow", **SIZE, BY=3, BX=4)
    for _ in range(2):
        vectors = flow(smooth=np.full((H, W), 90, np.uint8))["vectors"]
    assert not vectors.any()


def test_statistics_of_a_planted_blob(instance: Any) -> None:
    """Count, centroid, bounding box and edge strength of a rectangle; activations and motion of constants."""
    blobs = instance("blobs", **SIZE, HC=6, WC=8, BY=3, BX=4)
    mask = np.zeros((H, W), np.uint8)
    mask[4:9, 10:21] = 255
    features = np.stack([np.full((6, 8), c) for c in (0, 1, 5, 127)])
    vectors = np.zeros((3, 4, 2), np.int8)
    vectors[0, :2], vectors[2, 3] = (3, -1), (1, 0)
    inputs = {"mask": mask, "edges": np.full((H, W), 77, np.uint8), "features": features, "vectors": vectors}
    found = blobs(**inputs)["statistics"].tolist()
    assert found[:8] == [55, 15, 6, 10, 4, 20, 8, 77]
    assert found[8:12] == [0, 3, 15, 381]
    assert found[12:] == [16 * 7 // 3, -(16 * 2 // 3), 3, 10]


def test_statistics_of_nothing(instance: Any) -> None:
    """An empty road has no centroid and no box, and divides by nothing."""
    blobs = instance("blobs", **SIZE, HC=6, WC=8, BY=3, BX=4)
    found = blobs(
        mask=np.zeros((H, W), np.uint8),
        edges=texture(1),
        features=np.zeros((4, 6, 8), np.int8),
        vectors=np.zeros((3, 4, 2), np.int8),
    )["statistics"].tolist()
    assert found == [0, -1, -1, -1, -1, -1, -1, 0, *[0] * 8]


def test_chain_sees_the_vehicles(instance: Any) -> None:
    """From the raw frames of the source to the statistics: vehicles move, and are found where they are."""
    names = ("camera", "debayer", "blur", "background")
    camera, debayer, blur, background = (instance(n, **SIZE) for n in names)
    camera.state["left"] = np.array([4, 10, 16, 22], np.int32)
    for frame in range(12):
        raw = camera()
        smooth = blur(grey=debayer(bayer=raw["bayer"])["grey"])["smooth"]
        mask = background(smooth=smooth)["mask"]
        assert mask.any() == (frame > 0)
    for vehicle in range(4):
        top = vehicle * H // 4 + H // 16
        x = (int(raw["left"][vehicle]) + 1) % W
        assert mask[top + 1, x] == 255
