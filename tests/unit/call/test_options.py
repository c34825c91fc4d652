"""Call options: what a job's metadata may say."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.call.options import MAX_METADATA_BYTES, CallOptions, JobMetadata
from agent.errors import CallOptionsError


def test_no_metadata_is_a_call_with_the_workers_settings() -> None:
    """A dispatch without metadata is served."""
    assert JobMetadata.parse("") == JobMetadata()


def test_every_option_is_read() -> None:
    """The whole contract in one object."""
    options = {
        "persona": "frontdesk",
        "pipeline": "realtime",
        "language": "de-CH",
        "voice": "alloy",
        "half_duplex": True,
        "participant_identity": "caller-1",
        "user": "ada",
        "staff": True,
        "tenant": "acme",
    }
    assert JobMetadata.parse(json.dumps(options)).model_dump() == options


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ("{", "not a JSON object"),
        ("[]", "not a JSON object"),
        ("null", "not a JSON object"),
        ('{"pipeline": "telepathy"}', "'pipeline' is not valid"),
        ('{"pipeline": 1}', "'pipeline' is not valid"),
        ('{"persona": "../../etc"}', "'persona' is not valid"),
        ('{"language": "english please"}', "'language' is not valid"),
        ('{"admin": true}', "'admin' is not an option"),
        (json.dumps({"persona": "x" * MAX_METADATA_BYTES}), "larger than"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(metadata: str, told: str) -> None:
    """The message names the option and never repeats its value."""
    with pytest.raises(CallOptionsError) as caught:
        JobMetadata.parse(metadata)
    assert told in str(caught.value)
    assert "etc" not in str(caught.value)


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_any_metadata_gives_options_or_a_refusal(metadata: str) -> None:
    """Whatever a client puts there, the worker does not stumble."""
    try:
        JobMetadata.parse(metadata)
    except CallOptionsError as error:
        assert len(str(error)) < 500


def test_only_the_operator_says_who_is_staff() -> None:
    """A job's metadata may; the options that a client chooses have no word for it."""
    assert JobMetadata.parse('{"staff": true}').staff
    with pytest.raises(CallOptionsError, match="staff"):
        CallOptions.known({"staff": True})


@pytest.mark.parametrize("option", ["staff", "tenant", "participant_identity"])
def test_what_only_the_operator_may_say_is_no_option_of_a_client(option: str) -> None:
    """Who could name a tenant would spend its budget."""
    with pytest.raises(CallOptionsError, match=option):
        CallOptions.known({option: "acme"})
