"""Audio files: every format that is offered can be read again, and nothing else can be."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.sandbox import audio
from agent.sandbox.audio import CONTENT_TYPES, AudioError, Format

RATE_HZ = 24_000
CONTAINERS: list[Format] = ["mp3", "opus", "aac", "flac", "wav"]


def tone(seconds: float = 1.0, rate_hz: int = RATE_HZ) -> NDArray[np.int16]:
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return (np.sin(2 * np.pi * 440 * time_s) * 8000).astype(np.int16)


def wav_of(samples: NDArray[np.int16], *, rate_hz: int = RATE_HZ, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(rate_hz)
        writer.writeframes(samples.tobytes())
    return file.getvalue()


def test_every_format_is_available() -> None:
    """The libraries that are installed write all of OpenAI's formats."""
    assert set(audio.available_formats()) == set(CONTENT_TYPES)


@pytest.mark.parametrize("format_", CONTAINERS)
def test_what_is_encoded_can_be_decoded(format_: Format) -> None:
    """A file made chunk by chunk plays the tone that went in, for as long."""
    pcm = tone().tobytes()
    encoder = audio.encoder(format_, RATE_HZ)
    chunks = [encoder.encode(pcm[start : start + 2880]) for start in range(0, len(pcm), 2880)]
    samples, rate_hz = audio.decode(b"".join([*chunks, encoder.finish()]))
    assert len(samples) / rate_hz == pytest.approx(1.0, abs=0.08)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * rate_hz / len(samples) == pytest.approx(440, abs=5)


@pytest.mark.parametrize("format_", CONTAINERS)
def test_a_file_begins_before_its_audio_ends(format_: Format) -> None:
    """The first bytes of a file come out after less than half a second of audio."""
    encoder = audio.encoder(format_, RATE_HZ)
    pcm = tone(0.4).tobytes()
    assert b"".join(encoder.encode(pcm[start : start + 960]) for start in range(0, len(pcm), 960))


def test_stereo_is_mixed_down() -> None:
    """Two channels become their mean."""
    stereo = np.column_stack([np.full(4800, 1000), np.full(4800, 3000)]).astype(np.int16)
    samples, rate_hz = audio.decode(wav_of(stereo.reshape(-1), channels=2))
    assert rate_hz == RATE_HZ
    assert len(samples) == 4800
    assert np.all(samples == 2000)


def test_a_wav_that_was_cut_gives_what_is_there() -> None:
    """A file shorter than its header says, to the byte, is read as far as it goes."""
    samples, _ = audio.decode(wav_of(tone())[:-4801])
    assert len(samples) == RATE_HZ - 2401


def test_a_playlist_opens_nothing(tmp_path: Path) -> None:
    """A playlist that names a file of this machine is refused, not followed."""
    secret = tmp_path / "secret.wav"
    secret.write_bytes(wav_of(tone()))
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{secret}\n#EXT-X-ENDLIST\n"
    for listing in (playlist, f"ffconcat version 1.0\nfile '{secret}'\n"):
        with pytest.raises(AudioError):
            audio.decode(listing.encode())


def test_audio_beyond_the_limit_is_refused() -> None:
    """A small file that unpacks to hours is refused while it unpacks."""
    encoder = audio.encoder("flac", RATE_HZ)
    minute = np.zeros(RATE_HZ * 60, dtype=np.int16).tobytes()
    data = b"".join(encoder.encode(minute) for _ in range(26)) + encoder.finish()
    assert len(data) < 500_000
    with pytest.raises(AudioError, match="longer than 1500 seconds"):
        audio.decode(data)


@pytest.mark.parametrize("rate_hz", [1, 3_999, 400_000, 2**31 - 1])
def test_absurd_rates_are_refused(rate_hz: int) -> None:
    """A rate that no microphone has is an error and not a day of resampling."""
    with pytest.raises(AudioError, match="sample rate"):
        audio.decode(wav_of(tone(0.01), rate_hz=rate_hz))


@given(
    st.binary(max_size=400)
    | st.builds(lambda head, tail: head + tail, st.just(wav_of(tone(0.01))[:40]), st.binary())
    | st.builds(lambda tail: b"RIFF\x24\0\0\0WAVEfmt " + tail, st.binary(max_size=80))
    | st.builds(lambda tail: b"OggS" + tail, st.binary(max_size=80))
)
def test_any_bytes_are_audio_or_an_audio_error(data: bytes) -> None:
    """Whatever is sent as a file, decoding ends in samples or in AudioError."""
    try:
        samples, rate_hz = audio.decode(data)
    except AudioError:
        return
    assert samples.ndim == 1
    assert rate_hz > 0
