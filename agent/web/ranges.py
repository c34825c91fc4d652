"""A part of a file, as a player asks for it that jumps to and fro."""

from __future__ import annotations

import re
from http import HTTPStatus

from fastapi.responses import Response

from agent.web.refusals import NEVER_STORED

_RANGE = re.compile(r"bytes=(\d{1,15})?-(\d{1,15})?")


def ranged(content: bytes, media_type: str, asked: str | None) -> Response:
    """The content or, where the header `Range` asks for one part of it, that part. A header of
    another form is passed over, as HTTP wants it (RFC 9110, 14.2).
    """
    headers = {**NEVER_STORED, "Accept-Ranges": "bytes"}
    match = _RANGE.fullmatch(asked or "")
    if match is None or match.groups() == (None, None):
        return Response(content, media_type=media_type, headers=headers)
    first, last = _bounds(match, len(content))
    if first > last:
        headers["Content-Range"] = f"bytes */{len(content)}"
        return Response(status_code=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=headers)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    part = content[first : last + 1]
    return Response(part, HTTPStatus.PARTIAL_CONTENT, headers, media_type)


def _bounds(match: re.Match[str], length: int) -> tuple[int, int]:
    """First and last byte; the first is behind the last where there are none."""
    first, last = match.groups()
    if first is None:  # the last so many
        return (max(length - int(last), 0), length - 1) if int(last) else (1, 0)
    return int(first), min(int(last), length - 1) if last is not None else length - 1
