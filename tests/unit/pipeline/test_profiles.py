"""How long a caller may pause, and how tools change it."""

from __future__ import annotations

import itertools

import pytest
from livekit.agents import AgentSession

from agent.pipeline.profiles import PROFILES, EndpointingSwitch, endpointing
from agent.settings import TurnSettings


@pytest.mark.parametrize("pipeline", ["cascade", "realtime"])
def test_each_profile_is_more_patient_than_the_one_before(pipeline: str) -> None:
    """fast, balanced, patient, dictation: what the names promise."""
    order = [PROFILES[name] for name in ("fast", "balanced", "patient", "dictation")]
    for eager, calm in itertools.pairwise(order):
        assert eager.min_s < calm.min_s
        assert eager.realtime_min_s < calm.realtime_min_s
        assert eager.max_s < calm.max_s
        assert eager.realtime_max_s < calm.realtime_max_s


def test_the_delays_adapt_within_their_bounds() -> None:
    """The framework's dynamic mode learns from the caller's own pauses."""
    options = PROFILES["balanced"].options("cascade")
    assert options["mode"] == "dynamic"
    assert 0 < options["min_delay"] < options["max_delay"]


def test_an_operator_changes_the_configured_profile_only() -> None:
    """What a tool switches to is meant as it is."""
    settings = TurnSettings(endpointing="fast", endpointing_min_s=0.4, endpointing_max_s=0.9)
    chosen = endpointing(settings)
    assert (chosen.min_s, chosen.realtime_min_s, chosen.max_s) == (0.4, 0.4, 0.9)
    assert endpointing(settings, "fast") == chosen
    assert endpointing(settings, "dictation") == PROFILES["dictation"]


def test_a_lower_bound_above_the_profiles_upper_one_moves_it() -> None:
    """The bounds handed to the framework are always in order."""
    options = endpointing(TurnSettings(endpointing_min_s=5.0)).options("cascade")
    assert options["min_delay"] == options["max_delay"] == 5.0


async def test_a_tool_switches_the_running_call_and_back() -> None:
    """While the caller gives a number, pauses are longer; afterwards as before."""
    session: AgentSession[None] = AgentSession(vad=None)
    switch = EndpointingSwitch(TurnSettings(), "cascade")
    switch.use("dictation")  # before the session: nothing to change yet
    switch.attach(session)
    switch.use("dictation")
    assert session.options.endpointing["min_delay"] == PROFILES["dictation"].min_s
    switch.use(None)
    assert session.options.endpointing["max_delay"] == PROFILES["balanced"].max_s


async def test_a_tool_goes_back_to_the_profile_of_who_speaks() -> None:
    """A persona settles a profile; what a tool needs for a number holds only meanwhile."""
    session: AgentSession[None] = AgentSession(vad=None)
    switch = EndpointingSwitch(TurnSettings(), "cascade")
    switch.attach(session)
    switch.settle("patient")
    switch.use("dictation")
    switch.use(None)
    assert session.options.endpointing["min_delay"] == PROFILES["patient"].min_s
    switch.follow("realtime")
    assert session.options.endpointing["min_delay"] == PROFILES["patient"].realtime_min_s
    switch.settle(None)
    assert session.options.endpointing["min_delay"] == PROFILES["balanced"].realtime_min_s
