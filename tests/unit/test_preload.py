"""What is loaded before there is a call."""

from __future__ import annotations

import subprocess
import sys

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
