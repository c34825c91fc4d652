"""The recorded sound of a call, as who plays it hears it."""

from __future__ import annotations

import io
from collections.abc import Iterable

import av
import numpy as np
from numpy.typing import NDArray

RATE_HZ = 48_000
"""At which Opus is played."""


def decoded(ogg: bytes | Iterable[bytes]) -> NDArray[np.int16]:
    """An Ogg file's two sides: int16, (2, samples), at RATE_HZ; the caller first. A file that ends
    in the middle of a page is heard as far as it goes.
    """
    content = ogg if isinstance(ogg, bytes) else b"".join(ogg)
    with av.open(io.BytesIO(content)) as file:
        stream = file.streams.audio[0]
        assert (stream.codec_context.name, stream.channels, stream.rate) in (
            ("opus", 2, RATE_HZ),
            ("libopus", 2, RATE_HZ),
        )
        parts = [frame.to_ndarray() for frame in file.decode(stream)]
    sides = np.concatenate(parts, axis=1) if parts else np.zeros((2, 0), dtype=np.float32)
    return np.asarray(np.clip(sides * 32_768, -32_768, 32_767), dtype=np.int16)
