"""A sandbox's ears for tests in which every transcript is scripted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.sandbox.ears import Transcript


class DeafEars:
    """Never hears a word. See agent.sandbox.ears.Ears."""

    name = "deaf"

    async def warm(self) -> None:
        """See Ears."""

    async def transcribe(
        self,
        samples: NDArray[np.int16],
        *,
        sample_rate_hz: int,
        language: str | None = None,
        prompt: str | None = None,
        word_times: bool = False,
    ) -> Transcript:
        """See Ears."""
        duration_s = samples.size / sample_rate_hz
        return Transcript(text="", language=language or "en", duration_s=duration_s)

    def close(self) -> None:
        """See Ears."""
