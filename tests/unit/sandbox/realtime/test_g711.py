"""G.711 as telephones speak it."""

from __future__ import annotations

import numpy as np

from agent.sandbox.realtime.g711 import alaw_decode, alaw_encode, ulaw_decode, ulaw_encode

EVERY_BYTE = bytes(range(256))


def test_ulaw_has_the_values_of_the_standard() -> None:
    """The table's corners: both zeros, the loudest and the quietest steps of each sign."""
    assert ulaw_decode(b"\xff\x7f\x80\x00\xfe\x7e").tolist() == [0, 0, 32124, -32124, 8, -8]
    assert (
        ulaw_encode(np.array([0, 32767, -32768, 8, -8], dtype=np.int16)) == b"\xff\x80\x00\xfe\x7e"
    )


def test_alaw_has_the_values_of_the_standard() -> None:
    """The table's corners: the loudest and the quietest steps of each sign."""
    assert alaw_decode(b"\xd5\x55\xaa\x2a").tolist() == [8, -8, 32256, -32256]
    assert alaw_encode(np.array([8, -8, 32767, -32768], dtype=np.int16)) == b"\xd5\x55\xaa\x2a"


def test_codes_come_back_as_they_were() -> None:
    """Encoding a decoded byte gives that byte; μ-law's two zeros are one."""
    assert alaw_encode(alaw_decode(EVERY_BYTE)) == EVERY_BYTE
    assert ulaw_encode(ulaw_decode(EVERY_BYTE)) == EVERY_BYTE.replace(b"\x7f", b"\xff")


def test_samples_come_back_nearly_as_they_were() -> None:
    """The error stays within half a step: 4.5 % of the sample, or 16 near zero."""
    samples = np.arange(-32768, 32768, dtype=np.int32).astype(np.int16)
    for encode, decode in ((ulaw_encode, ulaw_decode), (alaw_encode, alaw_decode)):
        error = np.abs(decode(encode(samples)).astype(np.int32) - samples)
        assert np.all(error <= np.maximum(16, np.abs(samples.astype(np.int32)) * 0.045))


def test_other_byte_orders_and_views_are_understood() -> None:
    """Samples that are a slice of others are encoded as if they stood alone."""
    samples = np.arange(0, 4000, dtype=np.int16)
    assert ulaw_encode(samples[::2]) == ulaw_encode(samples[::2].copy())
    assert ulaw_decode(b"").tolist() == []
