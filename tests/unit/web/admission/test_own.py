"""A rule of the operator's own, whatever it does."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus

import pytest
from fastapi import Request

from agent.errors import SettingsError
from agent.web.admission import Admitted
from agent.web.admission.own import OwnRule, load_own_rule
from agent.web.refusals import Refusal
from tests.unit.web.admission.requests import answer, request


async def by_header(asked: Request) -> Admitted | None:
    user = asked.headers.get("X-User")
    return Admitted(user) if user else None


def in_a_thread(asked: Request) -> Admitted | None:
    time.sleep(0)
    return Admitted(asked.headers.get("X-User", "nobody"))


def refusing(_asked: Request) -> Admitted:
    raise Refusal(HTTPStatus.PAYMENT_REQUIRED, "unpaid", "Please pay first.")


def broken(_asked: Request) -> Admitted:
    raise RuntimeError("canary-of-the-operator")


def wrong(_asked: Request) -> str:
    return "ada"


def unusable(_asked: Request) -> Admitted:
    return Admitted("a\nb")


async def slow(_asked: Request) -> Admitted:
    await asyncio.sleep(60)
    return Admitted("ada")


async def test_the_function_decides() -> None:
    """Coroutine function or not."""
    assert await answer(OwnRule(by_header), request(X_User="ada")) == Admitted("ada")
    assert await answer(OwnRule(by_header), request()) == "not_admitted"
    assert await answer(OwnRule(in_a_thread), request(X_User="ada")) == Admitted("ada")
    assert await answer(OwnRule(refusing), request()) == "unpaid"


@pytest.mark.parametrize("function", [broken, wrong, unusable, slow])
async def test_a_function_that_fails_is_no_fault_of_the_callers(function: object) -> None:
    """503, whatever it was; its own words stay in the log."""
    with pytest.raises(Refusal) as caught:
        await OwnRule(function, limit_s=0.05)(request())  # type: ignore[arg-type]
    assert (caught.value.status, caught.value.code) == (503, "admission_failed")
    assert "canary" not in caught.value.message


def test_it_is_named_by_module_and_function() -> None:
    """What is not there is told at start."""
    assert load_own_rule(f"{__name__}:by_header")
    for path in (f"{__name__}:missing", "no.such.module:admit", f"{__name__}:HTTPStatus.OK"):
        with pytest.raises(SettingsError, match="PARLEY_ADMISSION_CALLABLE"):
            load_own_rule(path)
