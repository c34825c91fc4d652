"""What is heard in a call is recorded beside it, and never in its way."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.call.record import AudioNoted
from agent.records.audio_files import AudioFiles, read_audio
from agent.records.audio_recorder import MOST_WAITING, AudioRecorder
from agent.records.sealing import Sealing, new_key
from tests.caller.sound import RATE_HZ, decoded
from tests.unit.records.tones import AGENT_HZ, CALLER_HZ, FRAME_S, sounding, tone

BEGAN_S = 1_000.0


class Conversation:
    """A call at a recorder, on a clock of its own."""

    def __init__(self, folder: Path, sealing: Sealing | None = None) -> None:
        self.told: list[AudioNoted] = []
        self._is_told = asyncio.Event()
        self.files = AudioFiles(folder)
        self._sealing = sealing or Sealing()
        self._now_s = BEGAN_S
        self.recorder = AudioRecorder(
            self.files.path("AJ_one"),
            self._sealing,
            began_s=BEGAN_S,
            tell=self._tell,
            clock=lambda: self._now_s,
        )

    def goes_on(self, until_s: float, *, caller: bool = False, agent: bool = False) -> None:
        """Until then these speak; the agent is 0.1 s ahead with what will sound."""
        while self._now_s - BEGAN_S < until_s - FRAME_S / 2:
            at_s = self._now_s - BEGAN_S
            self._now_s += FRAME_S
            self.recorder.heard(tone(CALLER_HZ if caller else 0.0, at_s, rate_hz=16_000))
            if agent:
                self.recorder.played(tone(AGENT_HZ, at_s), self._now_s - FRAME_S + 0.1)

    async def is_told(self, event: AudioNoted) -> None:
        """Wait until it is."""
        while event not in self.told:
            self._is_told.clear()
            await self._is_told.wait()

    def agent_is_interrupted(self) -> None:
        """Now."""
        self.recorder.cut(self._now_s)

    def _tell(self, event: AudioNoted) -> None:
        self.told.append(event)
        self._is_told.set()

    async def hear(self) -> dict[str, tuple[float, float] | None]:
        """End it, and tell which tone is on which side, and from when to when."""
        await self.recorder.aclose()
        path = self.files.find("AJ_one")
        assert path is not None
        left, right = decoded(read_audio(path, self._sealing))
        return {
            "caller left": sounding(left, CALLER_HZ),
            "caller right": sounding(right, CALLER_HZ),
            "agent left": sounding(left, AGENT_HZ),
            "agent right": sounding(right, AGENT_HZ),
        }


def about(start_s: float, end_s: float) -> object:
    return pytest.approx((start_s, end_s), abs=0.041)  # two parts of what `sounding` looks at


async def test_the_caller_is_left_and_the_agent_right_when_they_spoke(tmp_path: Path) -> None:
    """On the record's clock, at once or not, and what was interrupted is not there."""
    call = Conversation(tmp_path / "audio")
    call.recorder.begin()
    call.goes_on(1.0)
    call.goes_on(3.0, caller=True)
    call.goes_on(4.0, caller=True, agent=True)
    call.agent_is_interrupted()
    call.goes_on(5.0)
    assert await call.hear() == {
        "caller left": about(1.0, 4.0),
        "caller right": None,
        "agent left": None,
        "agent right": about(3.1, 4.0),
    }
    assert call.told == [AudioNoted("begun")]


async def test_nothing_of_before_its_beginning_is_kept(tmp_path: Path) -> None:
    """But the clock is the record's: what comes first is silence, as long as that was."""
    call = Conversation(tmp_path / "audio")
    call.goes_on(4.0, caller=True, agent=True)
    assert call.files.call_ids() == []
    call.recorder.begin()
    call.goes_on(6.0, caller=True)
    heard = await call.hear()
    assert (heard["caller left"], heard["agent right"]) == (about(4.0, 6.0), None)


async def test_what_is_discarded_is_nowhere(tmp_path: Path) -> None:
    """What comes after it neither, and the record tells that there was something."""
    call = Conversation(tmp_path / "audio")
    call.recorder.begin()
    call.goes_on(5.0, caller=True)
    await call.is_told(AudioNoted("begun"))
    call.recorder.discard()
    call.goes_on(6.0, caller=True)
    call.recorder.begin()
    await call.recorder.aclose()
    assert [*(tmp_path / "audio").glob("*")] == []
    assert call.told == [AudioNoted("begun"), AudioNoted("deleted")]


async def test_a_call_in_which_nothing_is_heard_has_no_file(tmp_path: Path) -> None:
    """Nor one that is refused before it begins."""
    for begins in (True, False):
        call = Conversation(tmp_path / "audio")
        if begins:
            call.recorder.begin()
        else:
            call.recorder.discard()
        await call.recorder.aclose()
        assert call.told == []
    assert not (tmp_path / "audio").exists()


async def test_a_folder_that_cannot_be_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """In the log and in the record; the call goes on."""
    (tmp_path / "audio").write_text("no folder")
    call = Conversation(tmp_path / "audio")
    call.recorder.begin()
    call.goes_on(5.0, caller=True, agent=True)
    await call.recorder.aclose()
    assert [event.state for event in call.told] == ["failed"]
    assert len([line for line in caplog.messages if "recorded no further" in line]) == 1


async def test_what_waits_for_the_disk_is_bounded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """More than a minute of it is left out, which is told."""
    is_free = threading.Event()

    def clock() -> float:
        if threading.current_thread() is not threading.main_thread():
            is_free.wait()  # the recorder's thread is held, as by a disk
        return BEGAN_S

    path = AudioFiles(tmp_path).path("AJ_one")
    recorder = AudioRecorder(path, Sealing(), began_s=BEGAN_S, tell=lambda _: None, clock=clock)
    recorder.begin()
    for _ in range(MOST_WAITING + 10):
        recorder.played(tone(AGENT_HZ, 0.0), BEGAN_S)
    is_free.set()
    await recorder.aclose()
    (line,) = (record for record in caplog.records if "missing" in record.message)
    assert line.__dict__["frames"] == 10


def test_a_process_that_is_killed_leaves_all_but_the_last_second(tmp_path: Path) -> None:
    """Plain or sealed, the file can be played, and both sides are in it."""
    key = new_key()
    with recording_child(tmp_path, key) as lines:
        lasted_s = next(float(line) for line in lines if line[0].isdigit() and float(line) > 2.5)
    for name in ("plain", "sealed"):
        path = AudioFiles(tmp_path).find(name)
        assert path is not None
        left, right = decoded(read_audio(path, Sealing([key])))
        assert left.size / RATE_HZ >= lasted_s - 1.0
        for side, frequency_hz in ((left, CALLER_HZ), (right, AGENT_HZ)):
            span = sounding(side, frequency_hz)
            assert span is not None
            assert span[0] < 0.1
            assert span[1] >= lasted_s - 1.0
    sealed = AudioFiles(tmp_path).find("sealed")
    assert sealed is not None
    assert b"OpusHead" not in sealed.read_bytes()


def test_a_full_disk_ends_the_recording_and_nothing_else(tmp_path: Path) -> None:
    """What was written until then can be heard, or discarded, and the process goes on."""
    with recording_child(tmp_path, new_key(), limit_bytes=8_000) as lines:
        failed = [next(line for line in lines if line.startswith("failed")) for _ in range(2)]
        assert set(failed) == {"failed File too large"}
        assert any(line[0].isdigit() for line in lines)
        assert any(line == "deleted" for line in lines)
    assert AudioFiles(tmp_path).call_ids() == ["plain"]
    path = AudioFiles(tmp_path).find("plain")
    assert path is not None
    left, _ = decoded(path.read_bytes())
    assert left.size / RATE_HZ > 0.5


@contextmanager
def recording_child(folder: Path, key: str, *, limit_bytes: int = 0) -> Iterator[Iterator[str]]:
    """The lines of a process that records a call, and is killed."""
    argv = ["-m", "tests.unit.records.audio_in_child", str(folder), key, str(limit_bytes)]
    with subprocess.Popen([sys.executable, *argv], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            yield (line.strip() for line in child.stdout)
        finally:
            child.kill()
