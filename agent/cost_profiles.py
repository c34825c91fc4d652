"""Settings that go together: what a call may cost against how good and how soon its answers are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

CostProfile = Literal["economy", "balanced", "premium"]

PROFILES: Mapping[str, Mapping[str, str]] = {
    # A little later: nothing is made that may be thrown away, but a transcript now and then.
    "economy": {
        "PARLEY_REALTIME_MODEL": "gpt-realtime-mini",
        "PARLEY_REALTIME_WORDS": "false",
        "PARLEY_LLM_MODEL": "gpt-4.1-nano",
        "PARLEY_STT_MAX_WASTED_PER_MIN": "4",
        "PARLEY_SPECULATION": "off",
    },
    "balanced": {},  # each variable's own default
    "premium": {
        "PARLEY_REALTIME_TRANSCRIPTION_MODEL": "gpt-4o-transcribe",
        "PARLEY_STT_MODEL": "gpt-4o-transcribe",
        "PARLEY_STT_MAX_WASTED_PER_MIN": "60",
        "PARLEY_LLM_MODEL": "gpt-4.1",
    },
}
"""Variables that each sets, unless they are set themselves."""
