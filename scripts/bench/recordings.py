"""60 recorded utterances, each with a pause in the middle of a phrase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast, get_args

from scripts.bench.sounds import espeak
from tests.caller.speech import Clip, Voice, speak
from tests.caller.stack import SandboxProvider

TEXTS: tuple[tuple[str, str], ...] = (
    ("I would like to book a table for", "two people tonight."),
    ("Can you tell me whether you are", "open on Sunday?"),
    ("My order number is", "four zero two one seven."),
    ("I need to change the address of", "my last order."),
    ("What I really wanted to know is", "how much it costs."),
    ("We were thinking about coming on", "Friday evening."),
    ("Could you please tell me the", "price of the blue one?"),
    ("I called you last week because", "my parcel never arrived."),
    ("The reason that I am asking is that", "my sister has a dog."),
    ("So if I understand you right then the", "delivery is free."),
    ("I am looking for a present for my", "grandmother's birthday."),
    ("Is there any way that I could", "speak to a person?"),
    ("Let me think, it was on the", "third of March."),
    ("My name is Anna and I", "live in Paris."),
    ("I want to cancel the appointment that", "I made for tomorrow."),
    ("Do you know if the shop in", "London has it?"),
    ("It would be great if you could", "send me the invoice."),
    ("Well, I have tried to", "log in three times."),
    ("I think that the blue one and the", "green one are fine."),
    ("When I opened the box there was a", "piece missing."),
)
FLITE_VOICES = ("slt", "rms", "awb")
PAUSES_S = tuple(round(0.3 + 0.1 * step, 1) for step in range(10))


@dataclass(frozen=True, slots=True)
class Recording:
    """An utterance in two parts, and the silence between them."""

    first: Clip
    rest: Clip
    voice: str
    pause_s: float

    @property
    def text(self) -> str:
        """All of it, for people."""
        return f"{self.first.text} … {self.rest.text}"


def recordings(
    provider: SandboxProvider, count: int = 60, voices: Sequence[str] = FLITE_VOICES
) -> list[Recording]:
    """Each text in each voice, every pause equally often. The halves are spoken one by one, so
    each ends as a sentence does: nothing in the melody tells that the caller will go on.

    Args:
        provider: Speaks for the voices that are not flite's.
        count: How many; 20 texts for each voice.
        voices: flite's names, or OpenAI's as the provider imitates them.
    """
    made = []
    for index in range(count):
        first, rest = TEXTS[index % len(TEXTS)]
        voice = voices[index // len(TEXTS) % len(voices)]
        pause_s = PAUSES_S[(index * 7) % len(PAUSES_S)]
        clips = _say(first, voice, provider), _say(rest, voice, provider)
        made.append(Recording(*clips, voice, pause_s))
    return made


def _say(text: str, voice: str, provider: SandboxProvider) -> Clip:
    if voice in get_args(Voice):
        return speak(text, cast("Voice", voice))
    return espeak(provider, text, voice)
