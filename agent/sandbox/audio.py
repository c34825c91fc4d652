"""Audio files in and out: any common format to samples, and samples to any format OpenAI offers.

All of it is CPU work; call it in a thread.
"""

from __future__ import annotations

import io
import struct
import wave
from typing import Literal, Protocol, cast

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from numpy.typing import NDArray

LONGEST_AUDIO_S = 1500
"""OpenAI's limit for its transcription models; it also bounds what a small file may unpack to."""

_LOWEST_RATE_HZ, _HIGHEST_RATE_HZ = 4_000, 192_000
_UNKNOWN_SIZE = 0xFFFFFFFF

_SAFE_INPUT = {
    # Playlists and the like could name files and addresses for ffmpeg to open.
    "format_whitelist": "wav,mp3,aac,flac,ogg,matroska,webm,mov,mp4,m4a,aiff",
    "protocol_whitelist": "none",
}

Format = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]

CONTENT_TYPES: dict[Format, str] = {
    "mp3": "audio/mpeg",
    "opus": "audio/opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}


class AudioError(ValueError):
    """Bytes that are no audio file, or not one that is served here."""


def decode(data: bytes) -> tuple[NDArray[np.int16], int]:
    """Mono samples, int16, (samples,), of a whole audio file, and their rate in hertz.

    Raises AudioError for what cannot be decoded and for audio beyond LONGEST_AUDIO_S.
    """
    samples, rate_hz = _decode_wav(data) or _decode_with_ffmpeg(data)
    if not _LOWEST_RATE_HZ <= rate_hz <= _HIGHEST_RATE_HZ:
        raise AudioError(f"a sample rate of {rate_hz} Hz is not supported")
    if len(samples) > LONGEST_AUDIO_S * rate_hz:
        raise AudioError(f"audio longer than {LONGEST_AUDIO_S} seconds")
    return samples, rate_hz


def _decode_wav(data: bytes) -> tuple[NDArray[np.int16], int] | None:
    """Plain 16-bit PCM, which needs no codec; None for everything else."""
    try:
        with wave.open(io.BytesIO(data)) as file:
            if file.getsampwidth() != 2:
                return None
            channels, rate_hz = file.getnchannels(), file.getframerate()
            pcm = file.readframes(len(data))
    except (wave.Error, EOFError, struct.error):
        return None
    whole = np.frombuffer(pcm[: len(pcm) // (2 * channels) * 2 * channels], dtype="<i2")
    if channels == 1:
        return whole, rate_hz
    return whole.reshape(-1, channels).mean(axis=1).astype(np.int16), rate_hz


def _decode_with_ffmpeg(data: bytes) -> tuple[NDArray[np.int16], int]:
    pieces: list[NDArray[np.int16]] = []
    resampler = AudioResampler(format="s16", layout="mono")
    try:
        with av.open(
            io.BytesIO(data), "r", metadata_errors="ignore", container_options=_SAFE_INPUT
        ) as file:
            rate_hz, length = 0, 0
            for frame in file.decode(audio=0):
                rate_hz = frame.sample_rate
                for part in resampler.resample(frame):
                    pieces.append(part.to_ndarray().reshape(-1).astype(np.int16))
                    length += part.samples
                if length > LONGEST_AUDIO_S * rate_hz:
                    break
    except (av.FFmpegError, IndexError, ValueError, MemoryError) as fault:
        raise AudioError(str(fault)) from fault
    if not pieces:
        raise AudioError("no audio in the file")
    return np.concatenate(pieces), rate_hz


class Encoder(Protocol):
    """Turns PCM into a file that can be played while it grows."""

    def encode(self, pcm: bytes) -> bytes:
        """What the file gains by this PCM (int16, mono); may be empty while a codec waits."""
        ...

    def finish(self) -> bytes:
        """The end of the file."""
        ...


def encoder(format: Format, rate_hz: int) -> Encoder:
    """An encoder for one answer."""
    match format:
        case "pcm":
            return _Bare(b"")
        case "wav":
            return _Bare(_endless_wav_header(rate_hz))
        case "mp3":
            return _Ffmpeg("mp3", "libmp3lame", rate_hz, {"write_xing": "0"})
        case "opus":
            return _Ffmpeg("ogg", "libopus", rate_hz, {})
        case "aac":
            return _Ffmpeg("adts", "aac", rate_hz, {})
        case "flac":
            return _Ffmpeg("flac", "flac", rate_hz, {})


def available_formats() -> tuple[Format, ...]:
    """The formats that this machine's build of ffmpeg's libraries can write."""
    codecs: dict[Format, str] = {
        "mp3": "libmp3lame",
        "opus": "libopus",
        "aac": "aac",
        "flac": "flac",
    }
    return (*(name for name, codec in codecs.items() if _has_codec(codec)), "wav", "pcm")


def _has_codec(name: str) -> bool:
    try:
        av.Codec(name, "w")
    except av.codec.codec.UnknownCodecError:
        return False
    return True


class _Bare:
    """PCM as it is, after a header."""

    def __init__(self, header: bytes) -> None:
        self._header = header

    def encode(self, pcm: bytes) -> bytes:
        header, self._header = self._header, b""
        return header + pcm

    def finish(self) -> bytes:
        return self.encode(b"")


def _endless_wav_header(rate_hz: int) -> bytes:
    """A RIFF header whose sizes are "unknown", as OpenAI sends it while it still speaks."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", _UNKNOWN_SIZE, b"WAVE"),
        *(b"fmt ", 16, 1, 1, rate_hz, rate_hz * 2, 2, 16),
        *(b"data", _UNKNOWN_SIZE),
    )


class _Ffmpeg:
    """A codec in its container, through ffmpeg's libraries in PyAV."""

    def __init__(self, container: str, codec: str, rate_hz: int, options: dict[str, str]) -> None:
        self._file = _Growing()
        self._output = av.open(self._file, "w", format=container, options=options)
        self._stream = cast("AudioStream", self._output.add_stream(codec, rate=rate_hz))
        self._stream.layout = "mono"
        self._rate_hz = rate_hz
        self._written = 0

    def encode(self, pcm: bytes) -> bytes:
        samples = np.frombuffer(pcm, dtype=np.int16).reshape(1, -1)
        if samples.size:
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate = self._rate_hz
            frame.pts = self._written
            self._written += samples.size
            self._output.mux(self._stream.encode(frame))
        return self._file.take()

    def finish(self) -> bytes:
        self._output.mux(self._stream.encode(None))
        self._output.close()
        return self._file.take()


class _Growing:
    """A file that can only be appended to; what it gained is taken away bit by bit."""

    def __init__(self) -> None:
        self._new = bytearray()

    def write(self, data: bytes) -> int:
        self._new += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._new)
        self._new.clear()
        return taken
