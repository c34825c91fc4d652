"""Loaded by Python at start in every process whose PYTHONPATH names this folder: writes down each
host name that is looked up and each address that is connected to, into the file that
CALL_WITNESS_FILE names. It only watches: this hook changes nothing of what happens.
"""

import os
import sys

_path = os.environ.get("CALL_WITNESS_FILE")


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.getaddrinfo":
        host: object = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else str(host)
    # One write of one short line: lines of several processes do not mix.
    with open(str(_path), "a") as witness:  # noqa: PTH123 - pathlib costs each start 10 ms
        witness.write(name + "\n")


if _path:
    sys.addaudithook(_note)
