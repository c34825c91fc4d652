"""What every endpoint of the sandbox works with."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from agent.sandbox.ears import Ears
from agent.sandbox.script import Script
from agent.sandbox.voices import Voices


@dataclass(frozen=True, slots=True)
class Provider:
    """The parts behind the API: ears, voices and the script in play."""

    ears: Ears
    voices: Voices
    script: Script


PROVIDER = web.AppKey("provider", Provider)
"""Where handlers find it: `request.app[PROVIDER]`."""
