"""Rules as data."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

import pytest

from agent.errors import SettingsError
from agent.guardrails.policy import LengthRule, WordsRule, load_policy


def written(folder: Path, text: str) -> Path:
    file = folder / "rules.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_bundled_rules_are_usable() -> None:
    """Each one by default has a sentence, in every language that there is one in."""
    policy = load_policy()
    assert set(policy.chosen(None)) == set(policy.default)
    english = set(policy.sentences["en"])
    assert all(set(sentences) == english for sentences in policy.sentences.values())


def test_own_rules_stand_over_the_bundled_ones(tmp_path: Path) -> None:
    """By name, as do signs and sentences; what is not named stays."""
    file = written(
        tmp_path,
        """
        default = ["length", "rivals"]
        [rules.length]
        kind = "length"
        characters = 400
        [rules.rivals]
        kind = "words"
        words = ["acme"]
        say = "rivals"
        [input.signs.parrot]
        pattern = "parrot mode"
        weight = 0.7
        [sentences.en]
        rivals = "I only know about us."
        """,
    )
    policy = load_policy(file)
    assert [type(rule) for rule in policy.chosen(None).values()] == [LengthRule, WordsRule]
    assert policy.rules["length"].characters == 400  # type: ignore[union-attr]
    assert "secrets" in policy.rules
    assert {"parrot", "system_prompt"} <= set(policy.input.signs)
    assert policy.sentence("rivals", "en-GB") == "I only know about us."
    assert policy.input.abuse == load_policy().input.abuse


def test_a_sentence_is_said_in_the_callers_language_or_in_english() -> None:
    """As recordings are."""
    policy = load_policy()
    assert policy.sentence("goodbye", "de-AT").endswith("Auf Wiederhören.")
    assert policy.sentence("goodbye", "xx") == policy.sentences["en"]["goodbye"]


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    """By their place in it, and never by value."""
    file = written(
        tmp_path,
        """
        [rules.a]
        kind = "patterns"
        patterns = ["(unclosed"]
        [rules.b]
        kind = "length"
        characters = -1
        colour = "red"
        [rules.c]
        kind = "spell"
        """,
    )
    with pytest.raises(SettingsError) as raised:
        load_policy(file)
    text = "\n".join(raised.value.faults)
    assert "PARLEY_GUARDRAILS_FILE: rules.a.patterns.0" in text
    assert "rules.b.characters" in text
    assert "rules.b.colour" in text
    assert "rules.c" in text
    assert "unclosed" not in text


@pytest.mark.parametrize(
    "text",
    ["default = ['nothing']", "[rules.a]\nkind = 'secrets'\nsay = 'poem'", "= 3"],
    ids=["unknown rule", "unknown sentence", "no TOML"],
)
def test_what_cannot_be_used_is_a_fault_at_start(tmp_path: Path, text: str) -> None:
    """And not in a call."""
    with pytest.raises(SettingsError):
        load_policy(written(tmp_path, text))


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    """Its name is told."""
    with pytest.raises(SettingsError, match=r"rules\.toml"):
        load_policy(tmp_path / "rules.toml")


def test_the_names_of_a_persona_are_checked() -> None:
    """Those that there is no rule of are known before a call."""
    assert load_policy().unknown(["secrets", "astrology"]) == ["astrology"]


def test_every_bundled_sentence_can_be_said() -> None:
    """None has a mark that a voice cannot read."""
    content = tomllib.loads(
        resources.files("agent.guardrails").joinpath("bundled.toml").read_text("utf-8")
    )
    for sentences in content["sentences"].values():
        assert all(not set(sentence) & set("*_#<>[]{}\n") for sentence in sentences.values())
