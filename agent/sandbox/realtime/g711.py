"""G.711 μ-law and A-law (ITU-T G.711, tables 1 and 2) as table look-ups."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

_ULAW_BIAS = 0x84
_ULAW_CLIP = 32635


def ulaw_decode(data: bytes) -> NDArray[np.int16]:
    """Linear samples, int16, (bytes,), of μ-law bytes."""
    return _ulaw_samples()[np.frombuffer(data, dtype=np.uint8)]


def ulaw_encode(samples: NDArray[np.int16]) -> bytes:
    """μ-law bytes of linear int16 samples."""
    return _ulaw_bytes()[samples.view(np.uint16)].tobytes()


def alaw_decode(data: bytes) -> NDArray[np.int16]:
    """Linear samples, int16, (bytes,), of A-law bytes."""
    return _alaw_samples()[np.frombuffer(data, dtype=np.uint8)]


def alaw_encode(samples: NDArray[np.int16]) -> bytes:
    """A-law bytes of linear int16 samples."""
    return _alaw_bytes()[samples.view(np.uint16)].tobytes()


@cache
def _ulaw_samples() -> NDArray[np.int16]:
    code = ~np.arange(256, dtype=np.uint8)
    exponent = (code >> 4 & 7).astype(np.int32)
    magnitude = (((code & 15).astype(np.int32) << 3) + _ULAW_BIAS << exponent) - _ULAW_BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


@cache
def _ulaw_bytes() -> NDArray[np.uint8]:
    linear = _every_sample()
    magnitude = np.minimum(np.abs(linear), _ULAW_CLIP) + _ULAW_BIAS
    exponent = np.clip(_bit_length(magnitude) - 8, 0, 7)
    code = np.where(linear < 0, 0x80, 0) | exponent << 4 | magnitude >> exponent + 3 & 15
    table: NDArray[np.uint8] = (~code & 0xFF).astype(np.uint8)
    return table


@cache
def _alaw_samples() -> NDArray[np.int16]:
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent = (code >> 4 & 7).astype(np.int32)
    step = ((code & 15).astype(np.int32) << 4) + 8
    magnitude = np.where(exponent == 0, step, step + 0x100 << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


@cache
def _alaw_bytes() -> NDArray[np.uint8]:
    linear = _every_sample()
    # Thirteen bits; a negative value is mirrored at minus one half, so -1 and 0 share a step.
    magnitude = np.where(linear >= 0, linear, ~linear) >> 3
    exponent = np.clip(_bit_length(magnitude) - 5, 0, 7)
    mantissa = np.where(exponent == 0, magnitude >> 1, magnitude >> np.maximum(exponent, 1)) & 15
    code = np.where(linear >= 0, 0x80, 0) | exponent << 4 | mantissa
    table: NDArray[np.uint8] = (code ^ 0x55).astype(np.uint8)
    return table


def _every_sample() -> NDArray[np.int32]:
    """All int16 values in the order of their unsigned bit patterns."""
    return np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)


def _bit_length(values: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.frexp(values.astype(np.float64))[1].astype(np.int32)
