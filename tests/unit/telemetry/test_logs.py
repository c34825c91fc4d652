"""What a log line must not say."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from livekit.agents.cli.log import ColoredFormatter, JsonFormatter
from pydantic import BaseModel, ValidationError

from agent.telemetry.logs import (
    TELEMETRY_SWITCH,
    Discretion,
    keep_logs_discreet,
    keep_telemetry_discreet,
    masked,
    masked_name,
)


class Log:
    """A logger that writes as a worker does."""

    def __init__(self, formatter: logging.Formatter) -> None:
        self._stream = io.StringIO()
        handler = logging.StreamHandler(self._stream)
        handler.setFormatter(formatter)
        handler.addFilter(Discretion())
        self.logger = logging.Logger("agent.test", logging.DEBUG)
        self.logger.addHandler(handler)

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = json.loads(self.text)
        return fields


@pytest.fixture(params=[JsonFormatter, ColoredFormatter])
def log(request: pytest.FixtureRequest) -> Log:
    """In both of the framework's forms."""
    style = "%(levelname)s %(message)s %(extra)s" if request.param is ColoredFormatter else None
    return Log(request.param(style))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("participant sip_+4930901820 left", "participant sip_+49******20 left"),
        ("call-_+4930901820_x7", "call-_+49******20_x7"),
        ("calling +49 30 901820 now", "calling +49********20 now"),
        ("to tel:030901820", "to tel:03*****20"),
        ("ada@example.com joined", "[email] joined"),
        ("took 1733333333 ms, +12 %, 2026-11-25", "took 1733333333 ms, +12 %, 2026-11-25"),
    ],
)
def test_numbers_show_their_beginning_and_end(said: str, shown: str) -> None:
    """Enough for an operator to find a call by, and too little to ring up."""
    assert masked(said) == shown


def test_names_of_rooms_may_be_numbers_without_a_plus() -> None:
    """LiveKit makes the names of telephone calls of what the trunk tells."""
    assert masked_name("call-_030901820_Ab3") == "call-_03*****20_Ab3"
    assert masked_name("call-3f2a91bc") == "call-3f2a91bc"


def test_what_was_said_is_left_out(log: Log) -> None:
    """The framework marks it, at every depth."""
    log.logger.debug(
        "skipping user input",
        extra={"lk.pii.user_input": "my canary", "turn": {"lk.pii.text": "my canary", "n": 1}},
    )
    assert "canary" not in log.text
    assert '"n": 1' in log.text


async def test_statements_of_the_database_are_left_out(log: Log, tmp_path: Path) -> None:
    """Its driver would quote each with the values that are written."""
    driver = logging.getLogger("aiosqlite")
    driver.addHandler(log.logger.handlers[0])
    before = driver.level
    driver.setLevel(logging.DEBUG)
    try:
        async with aiosqlite.connect(tmp_path / "file") as connection:
            await connection.execute("SELECT ?", ("my canary",))
    finally:
        driver.removeHandler(log.logger.handlers[0])
        driver.setLevel(before)
    assert log.text == ""


def test_numbers_are_masked_wherever_they_stand(log: Log) -> None:
    """In the message, its arguments and the fields."""
    log.logger.info(
        "%s left",
        "sip_+4930901820",
        extra={"room": "call-_030901820_x", "identities": ["sip_+4930901820"]},
    )
    assert "90182" not in log.text
    assert "left" in log.text


def test_errors_do_not_quote_what_they_were_given(log: Log) -> None:
    """A traceback is written, without the caller's number and without what was validated."""

    class Arguments(BaseModel):
        count: int

    said = " ".join(["my", "canary"])  # a traceback quotes the code
    try:
        try:
            Arguments.model_validate({"count": said})
        except ValidationError as error:
            raise RuntimeError(f"for +{4930901820}") from error
    except RuntimeError as error:
        log.logger.exception("a tool failed", extra={"error": error})
    assert "Traceback" in log.text
    assert "RuntimeError" in log.text
    assert "my canary" not in log.text
    assert "+4930901820" not in log.text


def test_a_line_with_wrong_arguments_is_still_a_line(log: Log) -> None:
    """A fault in a message is its own, and ends nothing."""
    record = logging.LogRecord("agent.test", logging.INFO, "", 1, "%d", ("x",), None)
    assert Discretion().filter(record)


@pytest.fixture
def root_handler() -> Iterator[logging.Handler]:
    """A handler of the root logger, for the time of a test."""
    handler = logging.NullHandler()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)
    for other in logging.getLogger().handlers:
        other.filters = [kept for kept in other.filters if not isinstance(kept, Discretion)]


def test_handlers_are_made_discreet_once(root_handler: logging.Handler) -> None:
    """However often it is asked for."""
    keep_logs_discreet()
    keep_logs_discreet()
    assert len(root_handler.filters) == 1


_EXPORT = """
from livekit.agents import telemetry
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
telemetry.set_tracer_provider(provider)
with telemetry.tracer.start_as_current_span("user_turn") as span:
    span.set_attribute("lk.pii.user_input", "my canary")
    span.set_attribute("lk.turn", 1)
for span in exporter.get_finished_spans():
    print(dict(span.attributes))
"""


@pytest.mark.parametrize(("chosen", "exported"), [(None, False), ("1", True)])
def test_traces_say_nothing_of_the_conversation(chosen: str | None, exported: bool) -> None:
    """Unless the operator has said that theirs may."""
    environ = {name: value for name, value in os.environ.items() if name != TELEMETRY_SWITCH}
    if chosen is not None:
        environ[TELEMETRY_SWITCH] = chosen
    keep_telemetry_discreet(environ)
    argv = [sys.executable, "-c", _EXPORT]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=True)
    assert "lk.turn" in done.stdout
    assert ("canary" in done.stdout) is exported
