"""Multipart forms, read part by part into memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import BodyPartReader, web

from agent.sandbox.errors import ApiError, invalid

_MOST_PARTS = 100


async def read_form(request: web.Request, largest_bytes: int) -> AsyncIterator[tuple[str, bytes]]:
    """The name and content of each part. Raises ApiError for what is no form, and with status 413
    as soon as the parts together have more than `largest_bytes`.
    """
    left_bytes, parts = largest_bytes, 0
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            parts += 1
            if not isinstance(part, BodyPartReader) or not part.name or parts > _MOST_PARTS:
                raise _wrong_part()
            content = bytearray()
            while chunk := await part.read_chunk(256 * 1024):
                content += chunk
                if len(content) > left_bytes:
                    raise _too_large(part.name, largest_bytes)
            left_bytes -= len(content)
            yield part.name, bytes(content)
    except (ValueError, LookupError, AssertionError, RuntimeError) as fault:
        raise invalid(f"The form cannot be read: {fault}.", code="invalid_form") from fault


def _wrong_part() -> ApiError:
    return invalid(
        f"Each part of the form needs a name, and there may be {_MOST_PARTS}.", code="invalid_form"
    )


def _too_large(name: str, largest_bytes: int) -> ApiError:
    return ApiError(
        413,
        f"Maximum content size limit ({largest_bytes}) exceeded.",
        param=name,
        code="content_too_large",
    )
