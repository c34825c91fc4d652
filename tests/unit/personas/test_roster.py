"""Personas from files: the bundled ones, the operator's own, and what is wrong with them."""

from __future__ import annotations

import logging
import os
import pickle
import re
from pathlib import Path

import pytest

from agent.errors import CallOptionsError, SettingsError
from agent.personas import bundled_personas, find_persona, load_roster, renewed
from agent.personas.collection import COLLECTION_TOOLS
from tools.catalogue import CATALOGUE

TOOLS = frozenset({*CATALOGUE, *COLLECTION_TOOLS})


def write(
    folder: Path, name: str, toml: str = 'greeting = "Hi."', prompt: str = "Be kind."
) -> None:
    (folder / f"{name}.toml").write_text(toml, "utf-8")
    (folder / f"{name}.md").write_text(prompt, "utf-8")


def faults(folder: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        load_roster(folder, tools=TOOLS)
    return str(caught.value)


def test_the_bundled_personas_are_in_order() -> None:
    """Every tool they name is in the catalogue, and every target is a persona."""
    roster = load_roster(None, tools=TOOLS)
    assert set(roster.personas) == {
        "frontdesk", "appointments", "support", "billing", "interpreter",
    }  # fmt: skip


@pytest.mark.parametrize("persona", bundled_personas().values(), ids=lambda p: p.name)
def test_bundled_prompts_are_for_the_ear(persona: object) -> None:
    """Short, without markup, and with what is said first in five languages."""
    bundled = bundled_personas()[getattr(persona, "name", "")]
    assert len(bundled.prompt.split()) < 300
    assert not re.search(r"^\s*([-*#]|\d+\.)\s", bundled.prompt, re.MULTILINE)
    assert set(bundled.greetings) == {"en", "de", "es", "fr", "ko"}


def test_a_persona_of_ones_own_is_two_files(tmp_path: Path) -> None:
    """It takes its place beside the bundled ones, or that of the one of its name."""
    write(tmp_path, "florist", 'greeting = "Hello, flowers."\ntools = ["end_call"]')
    write(tmp_path, "billing", 'greeting = "Bills."\ntitle = "the till"\nvoice = "echo"')
    roster = load_roster(tmp_path, tools=TOOLS)
    assert roster.find("florist").tools == ("end_call",)
    assert roster.find("billing").title == "the till"
    assert roster.find("billing").voice.realtime == "echo"
    assert roster.find("support").title == "the support desk"


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    """By file and field, so that one start shows everything."""
    write(tmp_path, "one", 'greeting = "Hi."\ntools = ["fly"]\nmood = "good"')
    write(tmp_path, "two", 'tools = ["end_call", "end_call"]', prompt="{{ nonsense }}")
    write(
        tmp_path, "three", 'greeting = "Hi."\ntools = ["fly"]\n[[handoffs]]\nto="nobody"\nwhen="x"'
    )
    write(tmp_path, "four", "greeting = ")
    write(tmp_path, "Five!", 'greeting = "Hi."\nendpointing = "lazy"')
    (tmp_path / "six.toml").write_text('greeting = "Hi."\n', "utf-8")
    told = faults(tmp_path)
    for fault in (
        r"one\.toml: mood: is not a field; there are: title",
        r"two\.toml: greeting: is not set",
        r"three\.toml: tools: fly is not a tool",
        r"three\.toml: handoffs: nobody is not a persona",
        r"four\.toml: is not TOML",
        r"Five!\.toml: endpointing: input should be 'fast'",
        r"six\.toml: prompt: six\.md is missing",
    ):
        assert re.search(fault, told), (fault, told)
    assert all(line.startswith("PARLEY_PERSONAS_DIR: ") for line in told.splitlines())


def test_a_target_that_is_at_fault_itself_is_told_once(tmp_path: Path) -> None:
    """What follows from another fault is no fault."""
    write(tmp_path, "broken", "greeting = ")
    write(tmp_path, "fine", 'greeting = "Hi."\n[[handoffs]]\nto = "broken"\nwhen = "x"')
    assert "fine.toml" not in faults(tmp_path)


def test_personas_may_hand_over_in_circles(tmp_path: Path) -> None:
    """A loop is broken in the call, where it happens."""
    write(tmp_path, "a", 'greeting = "Hi."\n[[handoffs]]\nto = "b"\nwhen = "x"')
    write(tmp_path, "b", 'greeting = "Hi."\n[[handoffs]]\nto = "a"\nwhen = "x"')
    assert load_roster(tmp_path, tools=TOOLS).find("a").handoffs[0].to == "b"


def test_a_folder_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    """A misspelt path does not pass for a folder without personas."""
    assert "nowhere: cannot be read" in faults(tmp_path / "nowhere")


def test_a_prompt_file_stays_in_its_folder(tmp_path: Path) -> None:
    """A persona's file reads nothing from elsewhere."""
    write(tmp_path, "spy", 'greeting = "Hi."\nprompt = "../../etc/passwd"')
    assert "spy.toml: prompt:" in faults(tmp_path)


def test_an_unknown_persona_is_told_with_those_there_are() -> None:
    """A client that asked for it learns what it may ask for."""
    with pytest.raises(CallOptionsError, match="billing, frontdesk"):
        find_persona("nobody")


def test_first_words_are_in_the_language_of_the_call() -> None:
    """Or in the nearest that there is."""
    frontdesk = find_persona("frontdesk")
    assert frontdesk.greeting("de-CH").startswith("Hallo")
    assert frontdesk.greeting("fi").startswith("Hello")


def test_a_roster_travels_to_job_processes() -> None:
    """All calls of a worker begin with what was checked when it started."""
    roster = load_roster(None, tools=TOOLS)
    assert pickle.loads(pickle.dumps(roster)) == roster


def test_a_changed_file_counts_from_the_next_call_on(tmp_path: Path) -> None:
    """Without a restart; as long as nothing changed, nothing is read."""
    write(tmp_path, "florist")
    roster = load_roster(tmp_path, tools=TOOLS)
    assert renewed(roster, tmp_path, tools=TOOLS) is roster
    write(tmp_path, "florist", prompt="Sell roses.")
    changed = renewed(roster, tmp_path, tools=TOOLS)
    assert changed.find("florist").prompt == "Sell roses."
    (tmp_path / "florist.toml").unlink()
    assert "florist" not in renewed(changed, tmp_path, tools=TOOLS).personas


def test_a_broken_edit_keeps_the_last_good_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The fault is logged, and calls go on with what there was."""
    write(tmp_path, "florist")
    roster = load_roster(tmp_path, tools=TOOLS)
    write(tmp_path, "florist", "greeting = oops")
    os.utime(tmp_path / "florist.toml", ns=(1, 1))
    with caplog.at_level(logging.WARNING):
        assert renewed(roster, tmp_path, tools=TOOLS) is roster
    assert "florist.toml: is not TOML" in caplog.text
