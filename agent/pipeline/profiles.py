"""How long the agent lets a caller pause, as profiles to choose from and to switch between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from livekit.agents import AgentSession
from livekit.agents.voice.turn import EndpointingOptions

from agent.pipeline.end_of_turn import Waits
from agent.settings import EndpointingProfile, Pipeline, TurnSettings

LEARNING_ALPHA = 0.95
"""Each pause of the caller's moves the lower delay a twentieth of the way towards its length; the
framework's tenth makes it half a second slower within ten sentences with pauses, which the words
protect already.
"""
REALTIME_WORDS_S = 0.45
"""Silence within which the words may still take back an end that the sound left no doubt of."""
CASCADE_WORDS_S = 1.25
"""The same in the cascade; this bounds it where the words never come."""


@dataclass(frozen=True, slots=True)
class Endpointing:
    """Seconds of silence before a turn counts as over."""

    min_s: float
    """Where the detector takes the turn for finished. The reply is being made meanwhile, so up to
    what the providers need (about 0.5 s) this costs the caller nothing in the cascade.
    """
    max_s: float
    """Where the detector doubts that the turn is finished."""
    realtime_min_s: float
    """As `min_s`, for the realtime pipeline: its model is asked only once the turn is over."""
    realtime_max_s: float
    """As `max_s`, for the realtime pipeline where the words are known and do not break off."""
    unfinished_s: float
    """Where the words break off in the middle of a sentence; of the configured profile alone."""

    def options(self, pipeline: Pipeline) -> EndpointingOptions:
        """For the framework. Within the bounds the lower delay follows the caller's own pauses."""
        is_realtime = pipeline == "realtime"
        min_s = self.realtime_min_s if is_realtime else self.min_s
        max_s = self.realtime_max_s if is_realtime else self.max_s
        return {
            "mode": "dynamic",
            "min_delay": min_s,
            "max_delay": max(max_s, min_s),
            "alpha": LEARNING_ALPHA,
        }

    def waits(self, pipeline: Pipeline, *, words_come: bool) -> Waits:
        """For the local detector. Without words it tells its doubt at once in the cascade, where
        the session then waits for `max_s`.
        """
        if pipeline == "realtime":
            words_s = REALTIME_WORDS_S if words_come else 0.0
            return Waits(0.0, self.unfinished_s, words_s=words_s, unheard_s=self.max_s)
        if not words_come:
            return Waits(0.0, self.unfinished_s, words_s=0.0, unheard_s=0.0)
        told_s = self.max_s - 0.1
        # A turn cannot end before its words are there, so waiting for them costs nothing.
        words_s = CASCADE_WORDS_S
        return Waits(told_s, self.unfinished_s, words_s=words_s, unheard_s=max(told_s, words_s))


PROFILES: Mapping[EndpointingProfile, Endpointing] = {
    # Short exchanges with people who know what they want.
    "fast": Endpointing(
        min_s=0.25, max_s=0.7, realtime_min_s=0.2, realtime_max_s=0.5, unfinished_s=1.5
    ),
    "balanced": Endpointing(
        min_s=0.35, max_s=1.15, realtime_min_s=0.25, realtime_max_s=0.65, unfinished_s=2.2
    ),
    # Callers who think, or speak a foreign language.
    "patient": Endpointing(
        min_s=0.8, max_s=2.5, realtime_min_s=0.7, realtime_max_s=1.6, unfinished_s=2.8
    ),
    # Numbers, spellings and addresses: said in groups, and each group sounds finished.
    "dictation": Endpointing(
        min_s=1.5, max_s=3.0, realtime_min_s=1.5, realtime_max_s=3.0, unfinished_s=3.0
    ),
}


def endpointing(settings: TurnSettings, profile: EndpointingProfile | None = None) -> Endpointing:
    """A profile, by default the configured one. PARLEY_ENDPOINTING_MIN_S and _MAX_S change the
    configured profile only: what a tool switches to is meant as it is.
    """
    chosen = PROFILES[profile or settings.endpointing]
    if profile not in (None, settings.endpointing):
        return chosen
    if (min_s := settings.endpointing_min_s) is not None:
        chosen = replace(chosen, min_s=min_s, realtime_min_s=min_s)
    if (max_s := settings.endpointing_max_s) is not None:
        chosen = replace(chosen, max_s=max_s, realtime_max_s=max_s)
    return chosen


class EndpointingSwitch:
    """Changes the profile of a running call; see TurnTaking."""

    def __init__(self, settings: TurnSettings, pipeline: Pipeline) -> None:
        self._settings = settings
        self._pipeline = pipeline
        self._session: AgentSession[Any] | None = None
        self._standing: EndpointingProfile | None = None
        self._used: EndpointingProfile | None = None

    def attach(self, session: AgentSession[Any]) -> None:
        """Change this session from now on."""
        self._session = session

    def settle(self, profile: EndpointingProfile | None) -> None:
        """Let a profile be the one that `use(None)` goes back to, such as that of the persona who
        speaks; None for the configured one.
        """
        changed, self._standing = self._standing != profile, profile
        if changed:
            self.use(None)

    def follow(self, pipeline: Pipeline) -> None:
        """The session has changed to this pipeline, and with it to the configured profile."""
        self._pipeline = pipeline
        self.use(self._used)

    def use(self, profile: EndpointingProfile | None) -> None:
        """See TurnTaking. What was learned of the caller's pauses starts over."""
        self._used = profile
        if self._session is not None:
            chosen = endpointing(self._settings, profile or self._standing)
            self._session.update_options(endpointing_opts=chosen.options(self._pipeline))
