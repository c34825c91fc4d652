"""OpenAI's text-to-speech, sentence by sentence, at a pace that may change within a call."""

from __future__ import annotations

from collections.abc import Sequence

from livekit.agents import tokenize, tts
from livekit.plugins import openai

from agent.pipeline.deadlines import PromptTTS

SLOWEST = 0.25
FASTEST = 4.0
"""What the API takes."""


class OpenAIVoice(tts.StreamAdapter):
    """A voice in which texts are spoken clause by clause, by the first of some models that is in
    time.
    """

    def __init__(
        self,
        voices: Sequence[openai.TTS],
        *,
        speed: float,
        first_audio_s: float,
        sentence_tokenizer: tokenize.SentenceTokenizer,
    ) -> None:
        super().__init__(
            tts=PromptTTS(voices, first_audio_s=first_audio_s),
            sentence_tokenizer=sentence_tokenizer,
        )
        self._voices = voices
        self._speed = speed

    def set_pace(self, factor: float) -> None:
        """See HasPace."""
        speed = min(FASTEST, max(SLOWEST, self._speed * factor))
        for voice in self._voices:
            voice.update_options(speed=speed)
            if voice.model.startswith("gpt-"):
                # These models do not heed the speed; they do as they are told.
                voice.update_options(instructions=_instructions(factor))


def _instructions(pace: float) -> str:
    if pace < 0.95:
        return "Speak slowly and clearly."
    return "Speak briskly." if pace > 1.05 else "Speak at a natural pace."
