"""Parts start together, end together and leave nothing behind. Every part is a real process."""

import os
import signal
from collections.abc import Callable

import pytest

from tests.integration.stack.conftest import RunningStack, is_alive, program, wait_until

RunParts = Callable[..., RunningStack]

IGNORE_SIGTERM = "signal.signal(signal.SIGTERM, lambda *_: print('no'))"
# A child that takes no notice of SIGTERM, as the framework's job processes do.
WITH_GRANDCHILD = """
child = subprocess.Popen([sys.executable, "-c", '''
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("grandchild", os.getpid(), flush=True)
while True:
    signal.pause()
'''])
"""


def test_all_parts_run_before_the_announcement(run_parts: RunParts) -> None:
    """The announcement comes once, after every part has said that it is ready."""
    stack = run_parts(
        {"name": "a", "argv": program()}, {"name": "b", "argv": program("print('b works')")}
    )
    stack.wait_for("dev | all ready")
    assert is_alive(stack.pid_of("a"))
    assert is_alive(stack.pid_of("b"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_ends_all_in_reverse_order(run_parts: RunParts, number: signal.Signals) -> None:
    """The part that started last ends first, each before the next is asked; the status is 0."""
    stack = run_parts(*({"name": name, "argv": program()} for name in ("a", "b", "c")))
    stack.wait_for("all ready")
    stack.signal(number)
    assert stack.wait() == 0
    order = [line for line in stack.lines if "stopping " in line or "ending" in line]
    assert order == [
        "dev | stopping c",
        "c | ending",
        "dev | stopping b",
        "b | ending",
        "dev | stopping a",
        "a | ending",
    ]


def test_ctrl_c_while_parts_start_ends_them(run_parts: RunParts) -> None:
    """A stack that is not ready yet ends as well as one that is."""
    never_ready = ["/bin/sh", "-c", "echo pid $$; exec sleep 600"]
    stack = run_parts({"name": "slow", "argv": never_ready})
    pid = stack.pid_of("slow")
    stack.signal(signal.SIGINT)
    assert stack.wait() == 0
    assert not is_alive(pid)


def test_a_part_that_does_not_end_is_killed_after_its_time(run_parts: RunParts) -> None:
    """A part that ignores SIGTERM holds up the end for its `stop_within_s` and no longer."""
    stack = run_parts({"name": "a", "argv": program(before=IGNORE_SIGTERM), "stop_within_s": 0.3})
    pid = stack.pid_of("a")
    stack.wait_for("all ready")
    stack.signal(signal.SIGINT)
    assert stack.wait() == 0
    assert not is_alive(pid)


def test_a_second_ctrl_c_waits_for_nobody(run_parts: RunParts) -> None:
    """The second signal kills parts that would have been waited for for ten minutes."""
    stack = run_parts(
        {"name": "a", "argv": program(before=IGNORE_SIGTERM), "stop_within_s": 600},
        {"name": "b", "argv": program(before=IGNORE_SIGTERM), "stop_within_s": 600},
    )
    pids = [stack.pid_of("a"), stack.pid_of("b")]
    stack.wait_for("all ready")
    stack.signal(signal.SIGINT)
    stack.wait_for("b | no")
    stack.signal(signal.SIGINT)
    assert stack.wait() == 0
    assert not any(is_alive(pid) for pid in pids)


def test_a_part_that_dies_is_named_with_its_last_lines(run_parts: RunParts) -> None:
    """The others end too, the status is 1, and the last 15 lines and the exit code are told."""
    dies = "for n in range(40): print('line', n)\nsys.exit(3)"
    stack = run_parts({"name": "a", "argv": program()}, {"name": "b", "argv": program(dies)})
    assert stack.wait() == 1
    assert "dev | b ended unasked (exit code 3). Its last lines:" in stack.lines
    told = [line for line in stack.lines if line.startswith("dev | line")]
    assert told == [f"dev | line {n}" for n in range(25, 40)]
    assert "a | ending" in stack.lines


def test_a_part_that_is_killed_is_told_by_its_signal(run_parts: RunParts) -> None:
    """An end by signal reads "killed by SIGKILL", not as a number."""
    stack = run_parts({"name": "a", "argv": program()})
    pid = stack.pid_of("a")
    stack.wait_for("all ready")
    os.kill(pid, signal.SIGKILL)
    assert stack.wait() == 1
    assert any("a ended unasked (killed by SIGKILL)" in line for line in stack.lines)


def test_a_part_that_is_not_ready_in_time_is_named(run_parts: RunParts) -> None:
    """The message tells which part, how long it had and what it said last."""
    stack = run_parts(
        {
            "name": "slow",
            "argv": ["/bin/sh", "-c", "echo still loading; exec sleep 600"],
            "ready_within_s": 0.5,
        }
    )
    assert stack.wait() == 1
    assert "dev | slow was not ready within 0.5 s. Its last lines:" in stack.lines
    assert "dev | still loading" in stack.lines


def test_a_program_that_does_not_exist_is_named(run_parts: RunParts) -> None:
    """A missing program is told as such, without a traceback."""
    stack = run_parts({"name": "a", "argv": ["/nonexistent/program"]})
    assert stack.wait() == 1
    assert "a | cannot run /nonexistent/program: No such file or directory" in stack.lines
    assert not any("Traceback" in line for line in stack.lines)


def test_nothing_is_left_when_the_stack_itself_is_killed(run_parts: RunParts) -> None:
    """SIGKILL of the stack ends its parts, and their children that ignore SIGTERM."""
    stack = run_parts(
        {"name": "a", "argv": program(WITH_GRANDCHILD), "stop_within_s": 0.3},
        {"name": "b", "argv": program(before=IGNORE_SIGTERM), "stop_within_s": 0.3},
    )
    pids = [stack.pid_of("a"), stack.pid_of("b")]
    pids.append(int(stack.wait_for("a | grandchild").rsplit(" ", 1)[1]))
    stack.wait_for("all ready")
    stack.signal(signal.SIGKILL)
    wait_until(lambda: not any(is_alive(pid) for pid in pids), "every process has ended")


def test_children_of_a_part_that_died_are_ended(run_parts: RunParts) -> None:
    """What a crashed part had started does not stay behind."""
    stack = run_parts({"name": "a", "argv": program(WITH_GRANDCHILD)})
    grandchild = int(stack.wait_for("a | grandchild").rsplit(" ", 1)[1])
    os.kill(stack.pid_of("a"), signal.SIGKILL)
    assert stack.wait() == 1
    wait_until(lambda: not is_alive(grandchild), "the grandchild has ended")


def test_long_and_binary_output_passes(run_parts: RunParts) -> None:
    """A line of a megabyte and bytes that are no UTF-8 neither stop nor break the output."""
    body = "sys.stdout.buffer.write(b'x' * 1_000_000 + b'\\xff\\n'); print('after it')"
    stack = run_parts({"name": "a", "argv": program(body)})
    stack.wait_for("a | after it")
    stack.signal(signal.SIGINT)
    assert stack.wait() == 0
