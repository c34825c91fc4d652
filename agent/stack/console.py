"""The one terminal that all parts share."""

import os
import re
from collections.abc import Mapping
from typing import TextIO

_COLOURS = (36, 33, 35, 32, 34)
_BOLD, _RED = 1, 31
# Colours and cursor movement (ECMA-48 CSI sequences), which programs write that expect a terminal.
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
OWN_NAME = "dev"
MARGIN = len("livekit")
"""The longest name that `dev` has to show; a longer one widens the margin from there on."""


class Console:
    """Writes lines with the name of the part they come from: coloured on a terminal, else plain."""

    def __init__(self, out: TextIO, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self._out = out
        self._coloured = out.isatty() and not environ.get("NO_COLOR")
        self._colours: dict[str, int] = {OWN_NAME: _BOLD}
        self._width = MARGIN

    def introduce(self, name: str) -> None:
        """Give a part its colour and its room in the margin."""
        self._colours.setdefault(name, _COLOURS[(len(self._colours) - 1) % len(_COLOURS)])
        self._width = max(self._width, len(name))

    def line(self, name: str, text: str) -> None:
        """Write one line of a part."""
        margin = self._paint(name.ljust(self._width), self._colours.get(name, _BOLD))
        self._out.write(f"{margin} | {text if self._coloured else _ESCAPES.sub('', text)}\n")
        self._out.flush()

    def say(self, text: str) -> None:
        """Write lines of the stack itself."""
        for line in text.splitlines():
            self.line(OWN_NAME, line)

    def fail(self, text: str) -> None:
        """Write lines of the stack itself that tell of a failure."""
        for line in text.splitlines():
            self.line(OWN_NAME, self._paint(line, _RED))

    def _paint(self, text: str, colour: int) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._coloured else text
