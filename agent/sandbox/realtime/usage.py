"""What a response costs in tokens, by the rates OpenAI publishes for its realtime models.

Text is counted in pieces about the size of a token; user audio is one token per 100 ms, the
assistant's one per 50 ms (OpenAI's guide "Managing costs", realtime section).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from agent.sandbox import tokens
from agent.sandbox.realtime.conversation import Item

_USER_AUDIO_TOKENS_PER_S = 10
_SPOKEN_AUDIO_TOKENS_PER_S = 20
_CACHE_BLOCK = 64
"""Cached tokens come in whole blocks of this size."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of text and of audio."""

    text: int = 0
    audio: int = 0

    @property
    def total(self) -> int:
        """Both together."""
        return self.text + self.audio

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(self.text + other.text, self.audio + other.audio)


def user_audio(duration_s: float) -> int:
    """Tokens of the user's audio."""
    return math.ceil(duration_s * _USER_AUDIO_TOKENS_PER_S)


def spoken_audio(duration_ms: int) -> int:
    """Tokens of the assistant's audio."""
    return math.ceil(duration_ms * _SPOKEN_AUDIO_TOKENS_PER_S / 1000)


def prompt_tokens(
    instructions: str, tools: Iterable[dict[str, Any]], items: Iterable[Item]
) -> Tokens:
    """Tokens of all that a response has to read."""
    standing = tokens.count(instructions) + sum(tokens.count(json.dumps(tool)) for tool in tools)
    return sum((_item_tokens(item) for item in items), Tokens(text=standing))


def _item_tokens(item: Item) -> Tokens:
    document = item.document
    if item.speech is not None:
        return Tokens(audio=user_audio(item.speech.duration_ms / 1000))
    audio = sum(user_audio(recording.duration_s) for recording in item.recordings.values())
    texts = [document.get(key) or "" for key in ("name", "arguments", "output")]
    texts += [
        part.get("text") or part.get("transcript") or ""
        for index, part in enumerate(document.get("content", ()))
        if index not in item.recordings
    ]
    return Tokens(sum(tokens.count(text) for text in texts), audio)


class PromptCache:
    """What of a prompt a session has sent before, as a provider's prompt cache would find it."""

    def __init__(self) -> None:
        self._last = Tokens()

    def usage(self, prompt: Tokens, output: Tokens) -> dict[str, Any]:
        """The `usage` of a finished response; its prompt becomes what is cached."""
        text = min(prompt.text, self._last.text) // _CACHE_BLOCK * _CACHE_BLOCK
        audio = min(prompt.audio, self._last.audio) // _CACHE_BLOCK * _CACHE_BLOCK
        self._last = prompt
        return {
            "total_tokens": prompt.total + output.total,
            "input_tokens": prompt.total,
            "output_tokens": output.total,
            "input_token_details": {
                "text_tokens": prompt.text,
                "audio_tokens": prompt.audio,
                "image_tokens": 0,
                "cached_tokens": text + audio,
                "cached_tokens_details": {
                    "text_tokens": text,
                    "audio_tokens": audio,
                    "image_tokens": 0,
                },
            },
            "output_token_details": {"text_tokens": output.text, "audio_tokens": output.audio},
        }
