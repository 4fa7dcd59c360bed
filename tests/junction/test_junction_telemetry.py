"""Telemetry and logger against published vectors: FIPS-197, SP 800-38A, the check value of CRC-32."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest

SP_800_38A_PLAIN = (
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
SP_800_38A_CTR = (
    "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
    "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee"
)


def report(instance: Any, key: str, counter: str, words: Any) -> Any:
    """The packet of a job with these statistics; command and tracks are zero."""
    telemetry = instance("telemetry")
    telemetry.state = {
        name: np.frombuffer(bytes.fromhex(text), np.uint8).copy()
        for name, text in (("key", key), ("counter", counter))
    }
    quiet = {"command": np.zeros(6, np.int32), "tracks": np.zeros((2, 4), np.float32)}
    packet = telemetry(statistics=np.asarray(words, np.int32), **quiet)["packet"].tobytes()
    return packet, telemetry.state["counter"].tobytes()


@pytest.mark.parametrize(
    ("key", "plain", "cipher"),
    [
        (
            "2b7e151628aed2a6abf7158809cf4f3c",
            "3243f6a8885a308d313198a2e0370734",
            "3925841d02dc09fbdc118597196a0b32",
        ),
        (
            "000102030405060708090a0b0c0d0e0f",
            "00112233445566778899aabbccddeeff",
            "69c4e0d86a7b0430d8cdb78070b4c55a",
        ),
    ],
)
def test_aes_vectors_of_fips_197(key: str, plain: str, cipher: str, instance: Any) -> None:
    """Appendices B and C.1: a counter block encrypted onto zeros is the cipher of that block."""
    packet, _ = report(instance, key, plain, np.zeros(16))
    assert packet[:16].hex() == plain
    assert packet[16:32].hex() == cipher


def test_counter_mode_vectors_of_sp_800_38a(instance: Any) -> None:
    """F.5.1 CTR-AES128: four blocks with a counter that carries, then the counter for the next packet."""
    words = np.frombuffer(bytes.fromhex(SP_800_38A_PLAIN), "<i4")
    counter = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
    packet, after = report(instance, "2b7e151628aed2a6abf7158809cf4f3c", counter, words)
    assert packet[16:80].hex() == SP_800_38A_CTR
    assert int.from_bytes(after, "big") == int(counter, 16) + 6


def test_counter_carries_through_all_bytes(instance: Any) -> None:
    """A counter of all ones wraps to zero instead of running out of its block."""
    _, after = report(instance, "00" * 16, "ff" * 16, np.zeros(16))
    assert int.from_bytes(after, "big") == 5


def test_packet_holds_all_it_reports(instance: Any) -> None:
    """Decrypted with the key stream of an empty report: statistics, command, positions in 1/256 bins."""
    tracks = np.array([[37.5, 1, 2, 3], [-2.25, 4, 5, 6]], np.float32)
    statistics, command = np.arange(16, dtype=np.int32) * -1000, np.arange(6, dtype=np.int32) + 70000
    empty = {"statistics": statistics * 0, "command": command * 0, "tracks": tracks * 0}
    stream = instance("telemetry")(**empty)["packet"]
    packet = instance("telemetry")(statistics=statistics, command=command, tracks=tracks)["packet"]
    words = (stream ^ packet)[16:].tobytes()
    assert np.frombuffer(words, "<i4").tolist() == [*statistics, *command, 37.5 * 256, -2.25 * 256]


def test_crc_check_value(instance: Any) -> None:
    """CRC-32 of '123456789' is 0xCBF43926, as every catalogue of CRCs says."""
    packet = np.frombuffer(b"123456789", np.uint8)
    assert instance("logger", LENGTH=9)(packet=packet)["record"][1] == 0xCBF43926


def test_log_is_a_chain(instance: Any) -> None:
    """Records number the packets, and hold the checksum of each and of all so far, as zlib does."""
    logger, rng, whole = instance("logger"), np.random.default_rng(1), b""
    for number in range(5):
        packet = rng.integers(0, 256, 112, dtype=np.uint8)
        whole += packet.tobytes()
        record = logger(packet=packet)["record"].tolist()
        assert record == [number, zlib.crc32(packet.tobytes()), zlib.crc32(whole), len(whole)]
