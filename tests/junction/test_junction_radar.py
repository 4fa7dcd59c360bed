"""The radar chain against numpy: spectrum, detections and tracks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest


def chirp(size: int, targets: dict[float, float], noise: float, seed: int) -> Any:
    """Windowed tones at ``targets`` (position in bins: amplitude) in white noise."""
    n = np.arange(size)
    rng = np.random.default_rng(seed)
    tones = sum(a * np.exp(2j * np.pi * f * n / size) for f, a in targets.items())
    return (tones + noise * (rng.normal(size=size) + 1j * rng.normal(size=size))) * np.hanning(size)


def parts(values: Any) -> Any:
    """Real and imaginary parts as the rows of a float array."""
    return np.stack([values.real, values.imag]).astype(np.float32)


@pytest.mark.parametrize("size", [2, 8, 64, 256])
def test_spectrum_is_that_of_numpy(size: int, instance: Any) -> None:
    """The transform agrees with numpy.fft within the tolerance of docs/reference/semantics.md."""
    rng = np.random.default_rng(size)
    samples = parts(rng.normal(size=size) + 1j * rng.normal(size=size))
    spectrum = instance("transform", N=size)(samples=samples)["spectrum"]
    expected = np.fft.fft(samples[0].astype(float) + 1j * samples[1])
    tolerance = 1e-5 * np.sqrt(size) * np.abs(samples).sum()
    assert np.abs(spectrum[0] + 1j * spectrum[1] - expected).max() <= tolerance


def test_a_size_that_is_no_power_of_two_is_cut_to_one(instance: Any) -> None:
    """Of 13 samples the first 8 are transformed, the other bins are zero."""
    samples = parts(np.arange(13) + 1j)
    spectrum = instance("transform", N=13)(samples=samples)["spectrum"]
    assert np.abs(spectrum[0, :8] + 1j * spectrum[1, :8] - np.fft.fft(np.arange(8) + 1j)).max() < 1e-3
    assert not spectrum[:, 8:].any()


def test_detector_finds_the_planted_targets(instance: Any) -> None:
    """Two tones between bins are found in weak noise, to a fifth of a bin, and nothing else is."""
    signal = chirp(256, {40.3: 1.0, 97.75: 0.5}, noise=0.02, seed=3)
    found = instance("detector")(spectrum=parts(np.fft.fft(signal)))
    assert found["count"] == 2
    assert np.abs(found["peaks"][:2, 0] - [40.3, 97.75]).max() < 0.2
    assert (found["peaks"][:2, 1] > 12).all()
    assert not found["peaks"][2:].any()


def test_detector_keeps_quiet_on_noise(instance: Any) -> None:
    """Of 20 spectra of white noise, 5120 bins, hardly any bin is taken for a target, at any power."""
    detector = instance("detector")
    rng = np.random.default_rng(11)
    alarms = 0
    for power in np.logspace(-2, 3, 20):
        noise = power * (rng.normal(size=256) + 1j * rng.normal(size=256))
        alarms += int(detector(spectrum=parts(noise))["count"])
    assert alarms <= 6  # 5120 (1 + 12 / 16) ** -16 = 0.7 expected


def reference_filter(measurements: Any, q: float = 0.01, r: float = 0.05) -> Any:
    """The textbook Kalman filter with matrices: x = F x, P = F P F' + Q, K = P H' / (H P H' + R)."""
    transition = np.array([[1.0, 1.0], [0.0, 1.0]])
    noise = q * np.array([[0.25, 0.5], [0.5, 1.0]])
    observe = np.array([[1.0, 0.0]])
    x, p = np.array([measurements[0], 0.0]), np.diag([r, 1.0])
    yield x, p
    for z in measurements[1:]:
        x, p = transition @ x, transition @ p @ transition.T + noise
        if z is not None:
            gain = p @ observe.T / (observe @ p @ observe.T + r)
            x, p = x + gain @ (z - observe @ x), p - gain @ observe @ p
        yield x, p


def peaks(*positions: float) -> dict[str, Any]:
    """What the detector would say."""
    table = np.zeros((8, 2), np.float32)
    table[: len(positions), 0] = positions
    table[: len(positions), 1] = 20.0
    return {"peaks": table, "count": len(positions)}


def test_tracker_is_the_kalman_filter_of_the_textbook(instance: Any) -> None:
    """Forty noisy measurements of a vehicle, three of them lost: estimates and covariances as in numpy."""
    tracker = instance("tracker")
    rng = np.random.default_rng(2)
    measured: list[float | None] = list(30 + 0.4 * np.arange(40) + rng.normal(0, 0.2, 40))
    measured[20:23] = [None, None, None]
    for z, (x, p) in zip(measured, reference_filter(measured), strict=True):
        result = tracker(**(peaks() if z is None else peaks(z)))
        assert np.abs(result["estimate"][0] - x).max() < 1e-4
        assert np.abs(result["covariance"][0] - p).max() < 1e-5
        assert np.abs(result["tracks"][0, :3] - [*x, p[0, 0]]).max() < 1e-4
    assert abs(result["tracks"][0, 1] - 0.4) < 0.1


def test_tracker_follows_two_vehicles_and_gives_up_lost_ones(instance: Any) -> None:
    """Each track keeps its vehicle whatever the order of the peaks; after eleven misses a track is free."""
    tracker = instance("tracker")
    for k in range(20):
        pair = (20 + 0.5 * k, 60 - 0.3 * k)
        result = tracker(**peaks(*(pair if k % 2 else pair[::-1])))
    first, second = sorted(result["tracks"][:, 0])
    assert abs(first - 29.5) < 0.2 and abs(second - 54.3) < 0.2
    for _ in range(10):
        assert (tracker(**peaks())["tracks"][:, 3] > 0).all()
    assert not tracker(**peaks())["tracks"][:, 3].any()
    assert tracker(**peaks(80.0))["tracks"][0, 0] == 80.0


def test_source_to_tracks_end_to_end(instance: Any) -> None:
    """What the radar source plants comes out of the tracker: positions and velocities of both vehicles."""
    radar, transform, detector, tracker = (instance(n) for n in ("radar", "transform", "detector", "tracker"))
    for _ in range(25):
        sweep = radar()
        spectrum = transform(samples=sweep["samples"])["spectrum"]
        found = detector(spectrum=spectrum)
        tracks = tracker(peaks=found["peaks"], count=found["count"])["tracks"]
    order = np.argsort(tracks[:, 0])
    actual = np.argsort(sweep["position"])
    assert np.abs(tracks[order, 0] - sweep["position"][actual] / 256).max() < 0.3
    assert np.abs(tracks[order, 1] - sweep["velocity"][actual] / 256).max() < 0.05


def test_vehicles_turn_round_at_the_ends_of_their_range(instance: Any) -> None:
    """Over 2,000 chirps positions stay between 16 and 112 bins, and both directions occur."""
    radar = instance("radar", N=2)
    seen = [radar() for _ in range(2000)]
    positions = np.array([s["position"] for s in seen]) / 256
    velocities = np.array([s["velocity"] for s in seen])
    assert positions.min() >= 16 and positions.max() <= 112
    assert (velocities.min(axis=0) < 0).all() and (velocities.max(axis=0) > 0).all()
