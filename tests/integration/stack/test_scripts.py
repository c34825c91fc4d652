"""The scripts that a newcomer runs, in this checkout, which is set up already."""

import subprocess
from pathlib import Path

PROJECT = Path(__file__).parents[3]


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(PROJECT / command[0]), *command[1:]],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_setting_up_again_succeeds_and_installs_nothing() -> None:
    """Where nothing is missing, the set-up of `dev` says nothing of installing or building."""
    done = run("scripts/setup", "run")
    assert done.returncode == 0, done.stderr
    assert "Installing" not in done.stderr
    assert "Building" not in done.stderr


def test_an_unknown_set_up_is_refused() -> None:
    """The words that it knows are told, and nothing is installed."""
    done = run("scripts/setup", "everything")
    assert done.returncode == 1
    assert "usage: scripts/setup run|check|test" in done.stderr


def test_scripts_pass_their_arguments_on() -> None:
    """Arguments of `scripts/dev` reach `agent.py dev`."""
    done = run("scripts/dev", "--no-such-option")
    assert done.returncode == 2
    assert "--no-such-option" in done.stderr
