"""A caller without headphones: the microphone hears what the loudspeaker plays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.caller.speech import SAMPLE_RATE_HZ

MOST_BEHIND_S = 0.1
"""Beyond its delay, for want of a microphone that takes frames as fast as they come."""


class Loudspeaker:
    """Carries sound from the ear to the microphone of one call.

    Args:
        delay_s: On the way through the device and the room.
        attenuation_db: How much softer the microphone hears it.
    """

    def __init__(self, delay_s: float, attenuation_db: float) -> None:
        self._gain = 10 ** (-attenuation_db / 20)
        self._on_its_way = np.zeros(round(delay_s * SAMPLE_RATE_HZ), dtype=np.int16)
        self._most = round((delay_s + MOST_BEHIND_S) * SAMPLE_RATE_HZ)

    def play(self, samples: NDArray[np.int16]) -> None:
        """Take what the caller hears now; int16 mono at the microphone's rate."""
        self._on_its_way = np.concatenate([self._on_its_way, samples])[-self._most :]

    def arrive(self, count: int) -> NDArray[np.int16]:
        """The next samples at the microphone; fewer when nothing has been played for long."""
        arrived, self._on_its_way = self._on_its_way[:count], self._on_its_way[count:]
        return (arrived * self._gain).astype(np.int16)
