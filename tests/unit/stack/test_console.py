"""The terminal that all parts share."""

import io

from agent.stack.console import Console


class Terminal(io.StringIO):
    """A terminal that keeps what is written."""

    def isatty(self) -> bool:
        return True


def test_lines_carry_the_name_of_their_part_in_one_margin() -> None:
    """Names are padded to the longest, so that the text of all parts begins in one column."""
    out = io.StringIO()
    console = Console(out, {})
    console.introduce("web")
    console.introduce("recorder")
    console.line("web", "ready")
    console.say("two\nlines")
    assert out.getvalue() == "web      | ready\ndev      | two\ndev      | lines\n"


def test_no_escape_sequence_reaches_a_file() -> None:
    """Colours that a part writes are left out where the output is no terminal."""
    out = io.StringIO()
    console = Console(out, {})
    console.line("worker", "\x1b[36mINFO\x1b[0m \x1b[2Kregistered")
    assert out.getvalue() == "worker  | INFO registered\n"


def test_a_terminal_gets_colours_unless_no_color_is_set() -> None:
    """On a terminal names are coloured; NO_COLOR turns that off."""
    coloured, plain = Terminal(), Terminal()
    Console(coloured, {}).say("hello")
    Console(plain, {"NO_COLOR": "1"}).say("hello")
    assert "\x1b[" in coloured.getvalue()
    assert plain.getvalue() == "dev     | hello\n"
