"""Scripts: what a TOML file may say, and in which order its parts are played."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.sandbox.script import (
    Fault,
    Plan,
    Script,
    ScriptedReply,
    ScriptedTranscript,
    ScriptError,
)

EVERYTHING = """
[delays]
stt_s = 0.15
llm_tokens_per_s = 40

[[replies]]
match = "weather in (paris|london)"
tool_calls = [{ name = "get_weather", arguments = { city = "Paris" } }]

[[replies]]
text = "Goodbye."
times = 0

[[transcripts]]
text = "hello"
times = 2

[[faults]]
on = "chat"
kind = "status"
status = 429
retry_after_s = 2.5
"""


def plan_from(tmp_path: Path, text: str) -> Plan:
    file = tmp_path / "script.toml"
    file.write_text(text, encoding="utf-8")
    return Plan.from_toml(file)


def test_a_file_may_say_everything(tmp_path: Path) -> None:
    """Delays, replies, tool calls, transcripts and faults are read from TOML."""
    plan = plan_from(tmp_path, EVERYTHING)
    assert plan.delays.stt_s == 0.15
    assert plan.replies[0].tool_calls[0].arguments == {"city": "Paris"}
    assert plan.transcripts[0].times == 2
    assert plan.faults[0].status == 429


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[delays]\nstt_s = -1", "delays.stt_s"),
        ("[delays]\nspeed = 1", "delays.speed"),
        ("[[faults]]\non = 'chat'\nkind = 'explode'", "faults[0].kind"),
        ("[[replies]]\nmatch = '('", "replies[0].match"),
        ("[[replies]]\ntext = 'a'\n[[replies]]\ntext = 3", "replies[1].text"),
        ("[delays\n", "line 1"),
    ],
)
def test_a_wrong_file_names_the_field_or_line(tmp_path: Path, text: str, named: str) -> None:
    """A script that cannot be played says where it is wrong, and in which file."""
    with pytest.raises(ScriptError, match=r"script\.toml") as refusal:
        plan_from(tmp_path, text)
    assert named in str(refusal.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A script that is not there is refused like a wrong one."""
    with pytest.raises(ScriptError, match=r"nowhere\.toml"):
        Plan.from_toml(tmp_path / "nowhere.toml")


def test_replies_are_taken_in_line() -> None:
    """Without `match`, replies come one after the other, and then the mind is asked."""
    script = Script(Plan(replies=(ScriptedReply(text="one"), ScriptedReply(text="two", times=2))))
    taken = [script.take_reply("anything") for _ in range(4)]
    assert [reply and reply.text for reply in taken] == ["one", "two", "two", None]


def test_a_match_answers_only_its_text() -> None:
    """A reply with `match` waits for a text in which it is found, in any case of letters."""
    script = Script(Plan(replies=(ScriptedReply(match="w.ather", text="Sunny.", times=0),)))
    assert script.take_reply("hello") is None
    for _ in range(3):
        reply = script.take_reply("How is the WEATHER?")
        assert reply is not None
        assert reply.text == "Sunny."


def test_faults_belong_to_their_endpoint_and_requests_are_counted() -> None:
    """A fault waits for its endpoint; every request is counted whether or not one befell it."""
    script = Script(Plan(faults=(Fault(on="speech", kind="hang"),)))
    assert script.take_fault("chat") is None
    assert script.take_fault("speech") is not None
    assert script.take_fault("speech") is None
    assert script.requests == {"chat": 1, "speech": 2}
    assert script.taken == {"faults": 1}


def test_loading_starts_over() -> None:
    """Another plan replaces what is left of the one before, and the counts."""
    script = Script(Plan(transcripts=(ScriptedTranscript(text="old", times=0),)))
    script.take_transcript()
    script.load(Plan(transcripts=(ScriptedTranscript(text="new"),)))
    assert not script.taken
    transcript = script.take_transcript()
    assert transcript is not None
    assert transcript.text == "new"
