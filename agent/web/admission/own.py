"""The rule `callable`: a function of the operator's own decides.

It takes the request, as Starlette has it, and returns an Admitted, or None for nobody; it may be a
coroutine function, and it may raise a Refusal with words of its own.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import Request

from agent.errors import SettingsError
from agent.web.admission.admitted import Admitted
from agent.web.refusals import Refusal

logger = logging.getLogger(__name__)

LIMIT_S = 10.0


class OwnRule:
    """Admits by a function. An Admission.

    Args:
        function: See above. One that is no coroutine function runs in a thread, so that it may
            wait for something.
        limit_s: How long it may take.
    """

    def __init__(self, function: Callable[[Request], Any], *, limit_s: float = LIMIT_S) -> None:
        self._function = function
        self._limit_s = limit_s

    async def __call__(self, request: Request) -> Admitted:
        """See Admission."""
        try:
            async with asyncio.timeout(self._limit_s):
                answer = await self._ask(request)
        except Refusal:
            raise
        except Exception as error:  # whatever it is, the caller is refused in words
            logger.exception("PARLEY_ADMISSION_CALLABLE failed")
            raise _failed() from error
        if answer is None:
            raise Refusal(HTTPStatus.FORBIDDEN, "not_admitted", "You may not call here.")
        if not isinstance(answer, Admitted):
            logger.error("PARLEY_ADMISSION_CALLABLE must return an Admitted or None")
            raise _failed()
        return answer

    async def _ask(self, request: Request) -> Any:
        if inspect.iscoroutinefunction(self._function):
            return await self._function(request)
        answer = await asyncio.to_thread(self._function, request)
        return await answer if inspect.isawaitable(answer) else answer


def load_own_rule(path: str) -> OwnRule:
    """The rule at `package.module:function`.

    Raises:
        SettingsError: it is not there.
    """
    module_name, _, name = path.partition(":")
    try:
        function = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError) as error:
        raise SettingsError(
            [f"PARLEY_ADMISSION_CALLABLE: cannot be imported ({type(error).__name__})"]
        ) from error
    if not callable(function):
        raise SettingsError(["PARLEY_ADMISSION_CALLABLE: is no function"])
    return OwnRule(function)


def _failed() -> Refusal:
    return Refusal(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "admission_failed",
        "It cannot be told at the moment whether you may call. Please try again in a moment.",
        retry_after_s=15,
    )
