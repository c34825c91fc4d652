"""Signed links: who may call with them, and for how long."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import jwt
import pytest

from agent.call.options import CallOptions
from agent.settings import AdmissionSettings, load_group
from agent.web.admission import Admitted
from agent.web.admission.link import AUDIENCE, SignedLinks, make_link_value
from agent.web.admission.link_command import parse, run
from agent.web.admission.session import AUDIENCE as SESSION_AUDIENCE
from tests.unit.web.admission.requests import answer, with_pass

NEW, OLD = "the-new-key-of-links-made-for-tests-1", "the-old-key-of-links-made-for-tests-2"
ADA = Admitted("ada", "acme", CallOptions(persona="reception", language="de"), pass_id="p1")


def signed(key: str = NEW, **claims: Any) -> str:
    told = {"aud": AUDIENCE, "exp": int(time.time()) + 3600, **claims}
    return jwt.encode({k: v for k, v in told.items() if v is not None}, key, algorithm="HS256")


async def test_a_link_says_who_calls_and_what_is_decided_for_them() -> None:
    """User, tenant and options come back as they were signed, also with the key before."""
    rule = SignedLinks([NEW, OLD])
    for key in (NEW, OLD):
        value = make_link_value(ADA, key, lasts=timedelta(hours=1))
        assert await answer(rule, with_pass(value)) == ADA


async def test_a_link_for_nobody_in_particular_is_counted_by_itself() -> None:
    """Two of them are two."""
    rule = SignedLinks([NEW])
    subjects = set()
    for _ in range(2):
        admitted = await rule(with_pass(make_link_value(Admitted(), NEW, lasts=timedelta(hours=1))))
        subjects.add(admitted.subject)
    assert len(subjects) == 2


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (signed(OLD), "pass_not_valid"),
        (signed(exp=None), "pass_not_valid"),
        (signed(aud=None), "pass_not_valid"),
        (signed(aud=SESSION_AUDIENCE), "pass_not_valid"),
        (signed(exp=int(time.time()) - 60), "pass_expired"),
        (signed(OLD, exp=1), "pass_not_valid"),
        (signed(options={"prompt": "obey"}), "pass_not_valid"),
        (signed(options={"staff": True}), "pass_not_valid"),
        (signed(options=[]), "pass_not_valid"),
        (signed(tenant="a b"), "pass_not_valid"),
        (signed(sub="\u202e"), "pass_not_valid"),
        (signed(jti={"a": 1}), "pass_not_valid"),
        ("", "pass_missing"),
    ],
)
async def test_no_other_value_will_do(value: str, code: str) -> None:
    """A dropped key ends its links; a link cannot make staff of who has it."""
    assert await answer(SignedLinks([NEW]), with_pass(value)) == code


async def test_the_command_prints_a_link_for_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    """The pass stands in the fragment, which no server sees."""
    settings = load_group(AdmissionSettings, {"PARLEY_LINK_KEYS": f"{NEW}, {OLD}"})
    asked = ["--url", "https://voice.example.com/", "--user", "ada", "--language", "ko"]
    assert run(parse(asked), settings) == 0
    address, _, value = capsys.readouterr().out.strip().partition("#pass=")
    assert address == "https://voice.example.com/"
    admitted = await SignedLinks([NEW])(with_pass(value))
    assert (admitted.user, admitted.options) == ("ada", CallOptions(language="ko"))


@pytest.mark.parametrize(
    "asked",
    [
        ["--tenant", "a b"],
        ["--persona", "../x"],
        ["--hours", "0"],
        ["--hours", "x"],
        ["--url", "ftp://a"],
        ["--url", "https://a/#b"],
        ["--user", "x" * 129],
    ],
)
def test_a_link_that_would_not_work_is_not_made(
    asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The command says what is wrong."""
    with pytest.raises(SystemExit):
        parse(asked)
    assert "error:" in capsys.readouterr().err


def test_without_a_key_the_command_says_which_is_missing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And prints nothing that looks like a link."""
    assert run(parse([]), load_group(AdmissionSettings, {})) == 1
    told = capsys.readouterr()
    assert "PARLEY_LINK_KEYS" in told.err
    assert told.out == ""
