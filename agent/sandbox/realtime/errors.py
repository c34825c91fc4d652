"""What a client did wrong, with the codes OpenAI's realtime API answers."""

from __future__ import annotations


class ClientError(Exception):
    """An event that cannot be served: one `error` event answers it, and nothing else changes."""

    def __init__(self, message: str, *, code: str | None, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param


def missing(param: str) -> ClientError:
    """A required field is absent."""
    return ClientError(
        f"Missing required parameter: '{param}'.", code="missing_required_parameter", param=param
    )


def unknown(param: str) -> ClientError:
    """A field that the protocol does not have."""
    return ClientError(f"Unknown parameter: '{param}'.", code="unknown_parameter", param=param)


def invalid(param: str, message: str) -> ClientError:
    """A value that the field cannot have."""
    return ClientError(message, code="invalid_value", param=param)
