"""What is loaded before there is a call."""

from __future__ import annotations

import subprocess
import sys

import pytest

A_FIRST_CONNECTION = """
import sys
import agent.preload
from importlib import import_module
from agent.services.storage.engine import Database, driver_modules
from agent.settings import DatabaseSettings
settings = DatabaseSettings(url=sys.argv[1])
for name in driver_modules(settings):
    import_module(name)
before = set(sys.modules)
Database(settings)
print(sorted(set(sys.modules) - before))
"""
A_FIRST_TURN = """
import sys
import agent.preload
before = set(sys.modules)
import openai
client = openai.AsyncOpenAI(api_key="sk-none")
client.chat.completions.create, client.audio.transcriptions.create, client.audio.speech.create
print(sorted(name for name in set(sys.modules) - before if name.startswith("openai")))
"""


def test_a_first_turn_loads_nothing_of_the_provider() -> None:
    """It would hold up the event loop while the caller waits for the first answer."""
    done = subprocess.run(
        [sys.executable, "-c", A_FIRST_TURN], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_client_of_mcp_servers_is_not_loaded_for_nothing() -> None:
    """It takes half a second of a worker's start, and 16 MB."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys, agent.preload; print('mcp' in sys.modules)"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("url", ["sqlite:///calls.sqlite3", "postgresql://localhost/parley"])
def test_a_call_loads_nothing_of_its_database(url: str) -> None:
    """Its driver would hold up the event loop before the greeting."""
    done = subprocess.run(
        [sys.executable, "-c", A_FIRST_CONNECTION, url],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_calls_run_on_uvloop() -> None:
    """Job processes are forked from the one that has loaded it, and make loops as that would."""
    program = "import asyncio, agent.preload; print(type(asyncio.new_event_loop()).__module__)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "uvloop"
