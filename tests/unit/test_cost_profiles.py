"""Settings that go together."""

from __future__ import annotations

import pytest

from agent.cost_profiles import PROFILES
from agent.errors import SettingsError
from agent.settings import load_settings, variable_names
from tests.unit.test_settings import COMPLETE


def test_balanced_is_what_is_without_a_profile() -> None:
    """Each variable's own default, but for the profile's name."""
    assert load_settings({**COMPLETE, "PARLEY_COST_PROFILE": "balanced"}) == load_settings(COMPLETE)


def test_a_profile_chooses_models_and_speculation() -> None:
    """Economy makes no reply before the turn is over."""
    settings = load_settings({**COMPLETE, "PARLEY_COST_PROFILE": "economy"})
    assert settings.cascade.llm.model == "gpt-4.1-nano"
    assert settings.realtime.model == "gpt-realtime-mini"
    assert settings.turns.speculation == "off"


def test_what_is_set_wins_over_the_profile() -> None:
    """One value at a time."""
    settings = load_settings(
        {**COMPLETE, "PARLEY_COST_PROFILE": "premium", "PARLEY_LLM_MODEL": "mine"}
    )
    assert settings.cascade.llm.model == "mine"
    assert settings.cascade.stt.model == "gpt-4o-transcribe"


def test_profiles_set_only_variables_that_there_are() -> None:
    """Else a start would call them misspelt."""
    assert {name for values in PROFILES.values() for name in values} <= set(variable_names())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PARLEY_COST_PROFILE", "cheap"),
        ("PARLEY_BUDGET_CALL_USD", "0"),
        ("PARLEY_BUDGET_DAY_USD", "-5"),
        ("PARLEY_BUDGET_TENANT_USD", "much"),
        ("PARLEY_BUDGET_TENANTS", "acme"),
        ("PARLEY_BUDGET_TENANTS", "acme=NaN"),
        ("PARLEY_SPECULATION", "wild"),
    ],
)
def test_a_budget_or_profile_that_is_none_is_a_fault(name: str, value: str) -> None:
    """Of the start, by the variable's name."""
    with pytest.raises(SettingsError, match=name):
        load_settings({**COMPLETE, name: value})
