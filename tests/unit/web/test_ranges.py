"""Parts of a file."""

from __future__ import annotations

import pytest

from agent.web.ranges import ranged

CONTENT = b"0123456789"


@pytest.mark.parametrize(
    ("asked", "status", "part", "told"),
    [
        (None, 200, CONTENT, None),
        ("bytes=0-", 206, CONTENT, "bytes 0-9/10"),
        ("bytes=3-5", 206, b"345", "bytes 3-5/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-99", 206, CONTENT, "bytes 0-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=-0", 416, b"", "bytes */10"),
        ("bytes=5-3", 416, b"", "bytes */10"),
        ("bytes=-", 200, CONTENT, None),
        ("bytes=0-1,3-4", 200, CONTENT, None),
        ("seconds=1-2", 200, CONTENT, None),
        ("bytes=" + "9" * 5_000 + "-", 200, CONTENT, None),
    ],
)
def test_a_part_is_given_where_one_is_asked_for(
    asked: str | None, status: int, part: bytes, told: str | None
) -> None:
    """One that is not there is refused; what is no part is passed over."""
    answer = ranged(CONTENT, "audio/ogg", asked)
    assert (answer.status_code, answer.body) == (status, part)
    assert answer.headers.get("Content-Range") == told
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_nothing_has_no_parts() -> None:
    """An empty file is given whole."""
    assert ranged(b"", "audio/ogg", "bytes=0-").status_code == 416
    assert ranged(b"", "audio/ogg", None).body == b""
