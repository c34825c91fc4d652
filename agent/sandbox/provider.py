"""What every endpoint of the sandbox works with."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiohttp import web

from agent.sandbox.ears import Ears
from agent.sandbox.prompt_cache import PromptCache
from agent.sandbox.script import Script
from agent.sandbox.voices import Voices


@dataclass(frozen=True, slots=True)
class Provider:
    """The parts behind the API: ears, voices, the script in play, and prompts it has read."""

    ears: Ears
    voices: Voices
    script: Script
    prompts: PromptCache = field(default_factory=PromptCache)


PROVIDER = web.AppKey("provider", Provider)
"""Where handlers find it: `request.app[PROVIDER]`."""
