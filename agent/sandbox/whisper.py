"""The default ears: OpenAI's whisper on the CPU, through faster-whisper."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agent.sandbox.ears import HEARING_RATE_HZ, EarsError, Segment, Transcript, for_hearing

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from faster_whisper.transcribe import Segment as WhisperSegment
    from faster_whisper.transcribe import Word

DEFAULT_MODEL = "tiny.en"

_HUB_ANSWERS_WITHIN_S = 5.0
_DOWNLOAD_LIMIT_S = 300.0
_THREADS = 2
"""Transcriptions at a time; the model itself decodes one after the other."""

_LEAD_S = 0.3
"""Silence before the audio: without it the first word is often lost. 25 % of the words of espeak's
voices were wrong without, 21 % with it (35 sentences, 2026-11).
"""

_MODEL_ADVICE = (
    "Connect to the model hub once, or give a folder with a CTranslate2 model (--whisper-model)."
)


class WhisperEars:
    """Whisper in a few threads; the inference releases the GIL, so the event loop goes on.

    Args:
        model: A name such as "tiny.en" or "small", a model hub's repository, or a folder.
    """

    def __init__(self, model: str = DEFAULT_MODEL) -> None:
        self.name = f"whisper {Path(model).name}"
        self._source = model
        self._model: WhisperModel | None = None
        self._loading = asyncio.Lock()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="whisper")

    async def warm(self) -> None:
        """Load the model; on the very first use this downloads it."""
        await self._loaded()

    async def transcribe(
        self,
        samples: NDArray[np.int16],
        *,
        sample_rate_hz: int,
        language: str | None = None,
        prompt: str | None = None,
        word_times: bool = False,
    ) -> Transcript:
        """As in Ears. A model for English alone hears English whatever `language` says."""
        listen = partial(
            _recognise,
            await self._loaded(),
            samples,
            sample_rate_hz,
            language=language,
            prompt=prompt,
            word_times=word_times,
            abandoned=(abandoned := threading.Event()),
        )
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, listen)
        finally:
            abandoned.set()

    def close(self) -> None:
        """Stop taking work."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _loaded(self) -> WhisperModel:
        if self._model is not None:
            return self._model
        async with self._loading:
            if self._model is None:
                self._model = await asyncio.get_running_loop().run_in_executor(
                    self._threads, _load, self._source
                )
            return self._model


def _load(source: str) -> WhisperModel:
    try:
        import faster_whisper
    except ImportError as missing:
        raise EarsError("install the extra `whisper` for better recognition.") from missing
    folder = source if Path(source).is_dir() else _find_or_download(source)
    try:
        return faster_whisper.WhisperModel(
            folder, device="cpu", compute_type="int8", cpu_threads=min(4, os.cpu_count() or 1)
        )
    except (RuntimeError, ValueError, OSError) as fault:
        raise EarsError(f"no usable model in {folder}: {fault}. {_MODEL_ADVICE}") from fault


def _find_or_download(name: str) -> str:
    """The folder of a named model: from the hub's cache if it is there, else from the hub."""
    from faster_whisper import download_model
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return str(download_model(name, local_files_only=True))
    except LocalEntryNotFoundError:
        pass  # not downloaded yet: the next step
    except ValueError as unknown:
        raise EarsError(f"no model is called {name!r}. {_MODEL_ADVICE}") from unknown
    try:
        return _download(name)
    except Exception as fault:  # what the hub's client raises differs by version
        reason = type(fault).__name__
        raise EarsError(
            f"the model {name!r} could not be downloaded ({reason}). {_MODEL_ADVICE}"
        ) from fault


def _download(name: str) -> str:
    """Fetch a model from the hub within _DOWNLOAD_LIMIT_S.

    The hub is asked one quick question first: its own retries take a minute to give up offline.
    """
    from faster_whisper import download_model
    from faster_whisper.utils import _MODELS
    from huggingface_hub import HfApi

    HfApi().model_info(_MODELS.get(name, name), timeout=_HUB_ANSWERS_WITHIN_S)
    folder: Future[str] = Future()

    def fetch() -> None:
        try:
            folder.set_result(str(download_model(name)))
        except BaseException as fault:  # noqa: BLE001 - handed to the waiting thread
            folder.set_exception(fault)

    # A daemon, so that a download that stalls does not keep the process from ending.
    threading.Thread(target=fetch, name="whisper-download", daemon=True).start()
    return folder.result(timeout=_DOWNLOAD_LIMIT_S)


def _recognise(
    model: WhisperModel,
    samples: NDArray[np.int16],
    sample_rate_hz: int,
    *,
    language: str | None,
    prompt: str | None,
    word_times: bool,
    abandoned: threading.Event,
) -> Transcript:
    duration_s = len(samples) / sample_rate_hz
    multilingual = model.model.is_multilingual
    spoken = language if multilingual else "en"
    heard = for_hearing(samples, sample_rate_hz)
    if not len(heard):
        return Transcript(text="", language=spoken or "en", duration_s=duration_s)
    lead = np.zeros(round(_LEAD_S * HEARING_RATE_HZ), dtype=np.float32)
    found, info = model.transcribe(
        np.concatenate([lead, heard.astype(np.float32) / 32768]),
        language=spoken if spoken in model.supported_languages else None,
        initial_prompt=prompt or None,
        beam_size=1,
        condition_on_previous_text=False,
        # Noise without speech makes whisper invent sentences; its detector takes such parts out.
        vad_filter=True,
        # Each further temperature decodes once more when the words look unlikely.
        temperature=(0.0, 0.4),
        word_timestamps=word_times,
    )
    # Decoding goes on as this is iterated, half a minute of audio at a time.
    stretches = list(takewhile(lambda _: not abandoned.is_set(), found))
    return Transcript(
        text="".join(stretch.text for stretch in stretches).strip(),
        language=info.language,
        duration_s=duration_s,
        segments=tuple(_segment(stretch.text, stretch) for stretch in stretches),
        words=tuple(
            _segment(word.word, word) for stretch in stretches for word in stretch.words or ()
        ),
    )


def _segment(text: str, timed: WhisperSegment | Word) -> Segment:
    """Without the silence put before the audio."""
    start_s, end_s = (max(0.0, float(time_s) - _LEAD_S) for time_s in (timed.start, timed.end))
    return Segment(text.strip(), start_s, end_s)
