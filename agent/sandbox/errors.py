"""Refusals in the shape of OpenAI's API: `{"error": {"message", "type", "param", "code"}}`."""

from __future__ import annotations

import math
from http import HTTPStatus

from aiohttp import web
from pydantic import ValidationError

_CODES = {
    "missing": "missing_required_parameter",
    "extra_forbidden": "unknown_parameter",
    "literal_error": "invalid_value",
    "too_short": "array_below_min_length",
    "too_long": "array_above_max_length",
    "string_too_short": "string_below_min_length",
    "string_too_long": "string_above_max_length",
    "greater_than": "decimal_below_min_value",
    "greater_than_equal": "decimal_below_min_value",
    "less_than": "decimal_above_max_value",
    "less_than_equal": "decimal_above_max_value",
    "value_error": "invalid_value",
}
"""OpenAI's code for each kind of pydantic error; any other is `invalid_type`."""


class ApiError(Exception):
    """A request that is answered with an error.

    Args:
        status: HTTP status.
        message: What is wrong and, where it helps, what to do.
        type: OpenAI's family of the error.
        param: The request's field at fault.
        code: OpenAI's code for programs.
        retry_after_s: Sent as Retry-After, in whole seconds, and exactly as retry-after-ms.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.type = type
        self.param = param
        self.code = code
        self.retry_after_s = retry_after_s

    def response(self) -> web.Response:
        """This error as an HTTP answer."""
        headers = {}
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(math.ceil(self.retry_after_s))
            headers["Retry-After-Ms"] = str(round(self.retry_after_s * 1000))
        error = {
            "message": str(self),
            "type": self.type,
            "param": self.param,
            "code": self.code,
        }
        return web.json_response({"error": error}, status=self.status, headers=headers)


def invalid(message: str, *, param: str | None = None, code: str = "invalid_value") -> ApiError:
    """A request that is wrong in one field."""
    return ApiError(400, message, param=param, code=code)


def invalid_fields(fault: ValidationError) -> ApiError:
    """The first fault pydantic found, in OpenAI's words."""
    first = fault.errors(include_url=False, include_input=False)[0]
    param = _param(first["loc"])
    match first["type"]:
        case "missing":
            message = f"Missing required parameter: '{param}'."
        case "extra_forbidden":
            message = f"Unknown parameter: '{param}'."
        case _:
            message = f"Invalid value for '{param}': {first['msg']}."
    return invalid(message, param=param or None, code=_CODES.get(first["type"], "invalid_type"))


def scripted(status: int, retry_after_s: float | None) -> ApiError:
    """What OpenAI says with this status, for a fault that a script asked for."""
    if status == 401:
        return wrong_key()
    if status == 429:
        return ApiError(
            429,
            "Rate limit reached.",
            type="requests",
            code="rate_limit_exceeded",
            retry_after_s=retry_after_s,
        )
    if status >= 500:
        message, family = "The server had an error processing your request.", "server_error"
    else:
        message, family = _phrase(status), "invalid_request_error"
    return ApiError(status, message, type=family, retry_after_s=retry_after_s)


def wrong_key() -> ApiError:
    """A missing or wrong API key."""
    return ApiError(
        401,
        "Incorrect API key provided. Send it as 'Authorization: Bearer KEY'.",
        code="invalid_api_key",
    )


def from_http(refusal: web.HTTPException, request: web.Request) -> ApiError:
    """What the web server itself refused: an unknown URL, a wrong method, a body too large."""
    where = f"{request.method} {request.path}"
    match refusal.status:
        case 404:
            return ApiError(404, f"Invalid URL ({where})", code="unknown_url")
        case 405:
            return ApiError(
                405,
                f"Not allowed to {request.method} on {request.path}. "
                "(HINT: Perhaps you meant to use a different HTTP method?)",
                code="method_not_supported",
            )
        case 413:
            return ApiError(
                413, "Maximum content size limit (26214400) exceeded.", code="content_too_large"
            )
        case status:
            return ApiError(status, _phrase(status))


def _phrase(status: int) -> str:
    try:
        return f"{HTTPStatus(status).phrase}."
    except ValueError:
        return "The request was refused."


def _param(location: tuple[int | str, ...]) -> str:
    """`("messages", 0, "role")` as OpenAI writes it: `messages[0].role`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return "".join(steps).removeprefix(".")
