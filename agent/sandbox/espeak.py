"""The default voices: espeak-ng, its library and its data from the wheel of espeakng-loader."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from functools import cache, partial

from agent.sandbox.synthesis import KeepGoing, Resampler, made_in_thread, passages
from agent.sandbox.voices import SAMPLE_RATE_HZ, VoicesError

_CHUNK_MS = 60
_USUAL_WPM = 160
_SLOWEST_WPM, _FASTEST_WPM = 80, 640

# Values of espeak-ng's speak_lib.h.
_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_UTF8 = 1
_CHARACTERS = 1
_RATE, _PITCH = 1, 3
_OK = 0

_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
    )


@dataclass(frozen=True, slots=True)
class Timbre:
    """How one of OpenAI's voices is imitated. `pitch` is espeak's, 0 to 99, 50 usual."""

    variant: str
    pitch: int = 50
    accent: str = "en-us"


DEFAULT_VOICE = "alloy"
TIMBRES = {
    "alloy": Timbre("adam"),
    "ash": Timbre("klatt4", 35),
    "ballad": Timbre("adam", 42, "en-gb"),
    "cedar": Timbre("klatt4", 42, "en-gb"),
    "coral": Timbre("f2"),
    "echo": Timbre("klatt4"),
    "fable": Timbre("klatt4", 60, "en-gb"),
    "marin": Timbre("f2", 35),
    "nova": Timbre("f2", 65),
    "onyx": Timbre("adam", 35),
    "sage": Timbre("f4", 65),
    "shimmer": Timbre("f2", 50, "en-gb"),
    "verse": Timbre("adam", 65),
}
"""Of espeak's variants the ones that whisper tiny makes out best: 8 to 17 % of the words wrong at
160 words a minute, where most others lose 20 to 60 % (five sentences, 2026-11).
"""


class EspeakVoices:
    """Espeak-ng under OpenAI's voice names, in any of its hundred languages.

    A voice may also be a language ("de", "fr-FR"). Speed is held to 80 to 640 words a minute,
    that is half to four times the usual.
    """

    name = "espeak-ng"

    async def warm(self) -> None:
        """Load the library and its data."""
        await asyncio.get_running_loop().run_in_executor(_thread(), _engine)

    async def speak(
        self, text: str, *, voice: str, speed: float = 1.0, language: str | None = None
    ) -> AsyncGenerator[bytes, None]:
        """As in Voices."""
        await self.warm()
        resampler = Resampler(_engine().rate_hz, SAMPLE_RATE_HZ)
        for passage in passages(text):
            say = partial(_engine().synthesise, passage, voice, speed, language)
            async with aclosing(made_in_thread(_thread(), say)) as chunks:
                async for chunk in chunks:
                    if resampled := resampler.push(chunk):
                        yield resampled
        if rest := resampler.finish():
            yield rest


class _Engine:
    """The library, which has one state for the whole process: only `_thread` may call it."""

    def __init__(self) -> None:
        import espeakng_loader

        try:
            self._library = ctypes.CDLL(espeakng_loader.get_library_path())
            data = espeakng_loader.get_data_path()
        except (OSError, RuntimeError) as fault:
            raise VoicesError(f"espeak-ng cannot be loaded: {fault}") from fault
        self.rate_hz = self._library.espeak_Initialize(
            _SYNCHRONOUS, _CHUNK_MS, data.encode(), _DONT_EXIT
        )
        if self.rate_hz <= 0:
            raise VoicesError("espeak-ng cannot read its data; install espeakng-loader anew.")
        self._library.espeak_Synth.argtypes = [
            *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int),
            *(ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p),
        ]
        self._keep_going: KeepGoing = lambda _: False
        # Kept, because ctypes would free it while the library still holds its address.
        self._callback = _Callback(self._on_audio)
        self._library.espeak_SetSynthCallback(self._callback)

    def synthesise(
        self,
        text: str,
        voice: str,
        speed: float,
        language: str | None,
        keep_going: KeepGoing,
    ) -> None:
        """Speak into `keep_going`, int16 at `rate_hz`, until the end or until it says False."""
        timbre = TIMBRES.get(voice.lower(), TIMBRES[DEFAULT_VOICE])
        self._choose(timbre, language or ("" if voice.lower() in TIMBRES else voice))
        wpm = min(max(round(_USUAL_WPM * speed), _SLOWEST_WPM), _FASTEST_WPM)
        self._library.espeak_SetParameter(_RATE, wpm, 0)
        self._library.espeak_SetParameter(_PITCH, timbre.pitch, 0)
        self._keep_going = keep_going
        # Lone surrogates cannot be UTF-8; JSON lets them through.
        encoded = text.encode("utf-8", "replace")
        self._library.espeak_Synth(encoded, len(encoded) + 1, 0, _CHARACTERS, 0, _UTF8, None, None)
        self._keep_going = lambda _: False

    def _choose(self, timbre: Timbre, language: str) -> None:
        """Set the voice: in `language` as near as espeak knows it, else in the timbre's accent."""
        wanted = language.lower().replace("_", "-")
        base = wanted.partition("-")[0]
        known = [name for name in (wanted, base) if name in _languages(self)]
        # Plain "en" would be British, whatever the voice.
        accent = known[0] if known and known[0] != "en" else timbre.accent
        self._library.espeak_SetVoiceByName(f"{accent}+{timbre.variant}".encode())

    def languages(self) -> frozenset[str]:
        """Every language espeak speaks, as lower-case tags such as "de" and "en-gb"."""
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        voices = self._library.espeak_ListVoices(None)
        tags: set[str] = set()
        index = 0
        while voices[index]:
            tags.update(_tags(voices[index].contents.languages))
            index += 1
        return frozenset(tags)

    def _on_audio(self, samples: ctypes._Pointer[ctypes.c_short], count: int, _events: int) -> int:
        if not samples or count <= 0:
            return 0
        return 0 if self._keep_going(ctypes.string_at(samples, count * 2)) else 1


def _tags(address: int) -> Iterator[str]:
    """The language tags of one voice: each a byte of priority, then text that ends in a zero;
    a priority of zero ends the list.
    """
    while ctypes.string_at(address, 1) != b"\0":
        tag = ctypes.string_at(address + 1)
        yield tag.decode().lower()
        address += len(tag) + 2


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="espeak")


@cache
def _engine() -> _Engine:
    return _Engine()


@cache
def _languages(engine: _Engine) -> frozenset[str]:
    return engine.languages()
