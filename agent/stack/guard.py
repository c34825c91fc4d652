"""Runs one command so that it cannot outlive whoever started the guard.

    python guard.py GRACE_S COMMAND [ARGUMENT ...]

Standard input is the lifeline, one end of a pipe whose other end the starter holds:

- the byte ``t`` means: end the command, SIGTERM first, SIGKILL after GRACE_S seconds;
- any byte after that means: do not wait any longer;
- the end of the pipe means that the starter is gone, however it went (SIGKILL included), and
  counts as ``t``.

The command leads its own process group. Whatever of the group is left when the command has ended is
killed, so that no grandchild stays behind. The guard ends with the command's exit status, 128 plus
the number for a signal, 127 where it cannot be run.

A pipe, because it works alike on Linux and macOS and needs nothing done between fork and exec;
Linux's PR_SET_PDEATHSIG would cover neither macOS nor grandchildren. The file uses the standard
library only and is run by its path with ``-I -S``, so that it starts within some 20 ms.
"""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

LIFELINE = 0


def _kill_group(leader: int) -> None:
    # macOS answers EPERM where only zombies are left.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _obey(command: "subprocess.Popen[bytes]", grace_s: float) -> None:
    """End the command when the lifeline says so. Runs in a thread, as it blocks."""
    order = os.read(LIFELINE, 1)
    command.terminate()
    if order:
        select.select([LIFELINE], [], [], grace_s)
    else:
        time.sleep(grace_s)
    _kill_group(command.pid)


def main(arguments: list[str]) -> int:
    """Run the command to its end and return the exit status described above."""
    grace_s, argv = float(arguments[0]), arguments[1:]
    # A signal to the guard alone must not leave the command behind; the lifeline is the way.
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, lambda *_: None)  # not SIG_IGN, which the command would inherit
    try:
        command = subprocess.Popen(argv, stdin=subprocess.DEVNULL, process_group=0)
    except OSError as error:
        sys.stderr.write(f"cannot run {argv[0]}: {error.strerror}\n")
        return 127
    threading.Thread(target=_obey, args=(command, grace_s), daemon=True).start()
    status = command.wait()
    _kill_group(command.pid)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    # Not sys.exit: it would wait for nothing useful, and the thread sits in a blocking read.
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)
