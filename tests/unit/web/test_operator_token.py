"""`python agent.py operator-token`."""

from __future__ import annotations

import pytest

from agent.settings import OperatorSettings
from agent.web.operator_token import parse, run
from agent.web.operators import Operator, read_token
from tests.unit.web.conftest import SECRET


def test_it_prints_a_token_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    """So that it can be handed on by a pipe."""
    options = parse(["--sub", "grace", "--role", "privacy_officer", "--hours", "0.5"])
    assert run(options, OperatorSettings(secret=SECRET)) == 0
    token = capsys.readouterr().out.removesuffix("\n")
    assert read_token(token, SECRET) == Operator("grace", "privacy_officer")


def test_without_a_secret_it_says_what_to_set(capsys: pytest.CaptureFixture[str]) -> None:
    """And fails."""
    assert run(parse(["--sub", "grace", "--role", "viewer"]), OperatorSettings()) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "PARLEY_OPERATOR_SECRET" in told.err


@pytest.mark.parametrize(
    "wrong",
    ["--role root", "--role viewer --hours 0", "--role viewer --hours nan", "", "--role viewer"],
)
def test_a_token_for_nobody_or_for_ever_is_refused(wrong: str) -> None:
    """As is one of a role that there is not."""
    name = ["--sub", " "] if wrong == "--role viewer" else ["--sub", "grace"]
    with pytest.raises(SystemExit):
        parse([*name, *wrong.split()])
