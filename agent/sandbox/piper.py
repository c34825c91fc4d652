"""Voices of the optional extra `piper`: neural, from model files in a folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from agent.sandbox.synthesis import KeepGoing, Resampler, made_in_thread, passages
from agent.sandbox.voices import SAMPLE_RATE_HZ, VoicesError

if TYPE_CHECKING:
    from piper import PiperVoice

_THREADS = 2


class PiperVoices:
    """Every `*.onnx` voice of a folder, each with its `.onnx.json` beside it.

    A voice answers to its file's name, such as "en_US-lessac-medium", and to a language it starts
    with ("de"); other names are spread over the voices, so that each always sounds the same.
    """

    name = "piper"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._voices: Mapping[str, PiperVoice] = {}
        self._loading = asyncio.Lock()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="piper")

    async def warm(self) -> None:
        """Load every voice of the folder."""
        async with self._loading:
            if not self._voices:
                loop = asyncio.get_running_loop()
                self._voices = await loop.run_in_executor(self._threads, _load, self._folder)

    async def speak(
        self, text: str, *, voice: str, speed: float = 1.0, language: str | None = None
    ) -> AsyncGenerator[bytes, None]:
        """As in Voices."""
        await self.warm()
        chosen = self._voices[_choose(sorted(self._voices), voice, language)]
        resampler = Resampler(chosen.config.sample_rate, SAMPLE_RATE_HZ)
        for passage in passages(text):
            say = partial(_synthesise, chosen, passage, speed)
            async with aclosing(made_in_thread(self._threads, say)) as chunks:
                async for chunk in chunks:
                    if resampled := resampler.push(chunk):
                        yield resampled
        if rest := resampler.finish():
            yield rest


def _load(folder: Path) -> Mapping[str, PiperVoice]:
    try:
        from piper import PiperVoice
    except ImportError as missing:
        raise VoicesError("install the extra `piper` to speak with piper's voices.") from missing
    voices = {file.stem: PiperVoice.load(file) for file in sorted(folder.glob("*.onnx"))}
    if not voices:
        raise VoicesError(f"{folder} holds no voice (*.onnx with *.onnx.json).")
    return voices


def _choose(names: list[str], voice: str, language: str | None) -> str:
    if voice in names:
        return voice
    wanted = (language or voice).lower().replace("-", "_")
    speaking = [name for name in names if name.lower().startswith(wanted)] or names
    return speaking[sum(voice.encode("utf-8", "replace")) % len(speaking)]


def _synthesise(voice: PiperVoice, text: str, speed: float, keep_going: KeepGoing) -> None:
    from piper import SynthesisConfig

    for chunk in voice.synthesize(text, SynthesisConfig(length_scale=1 / speed)):
        if not keep_going(chunk.audio_int16_bytes):
            return
