"""`GET /api/offer`: what a visitor of the page may choose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from agent.errors import SettingsError
from agent.web.app import create_app
from tests.integration.web.conftest import web_settings

ClientOf = Callable[..., TestClient]
PRODUCTION = {"PARLEY_ENV": "production", "PARLEY_ADMISSION": "nobody"}


def offered(client: TestClient) -> dict[str, Any]:
    answer = client.get("/api/offer")
    assert answer.headers["Cache-Control"] == "no-cache"
    return dict(answer.json())


def test_a_developer_is_offered_all_there_is(client: TestClient) -> None:
    """The usual one comes first, so that a page that asks nothing gets what it would get anyway."""
    offer = offered(client)
    assert offer["personas"][0] == {"name": "frontdesk", "title": "Front desk"}
    names = [persona["name"] for persona in offer["personas"]]
    assert {"billing", "appointments", "support"} <= set(names)
    assert len(names) == len(set(names))
    assert offer["pipelines"] == ["cascade", "realtime"]
    assert offer["languages"][0] == "en"
    assert "ko" in offer["languages"]
    assert (offer["voices"], offer["modes"]) == ([], ["room"])


def test_in_production_there_is_nothing_to_choose_unless_the_operator_says_so(
    client_of: ClientOf,
) -> None:
    """Visitors of a company's page are not asked for a pipeline."""
    assert offered(client_of(**PRODUCTION)) == {
        "personas": [{"name": "frontdesk", "title": "Front desk"}],
        "pipelines": ["cascade"],
        "languages": ["en"],
        "voices": [],
        "modes": ["room"],
    }


def test_the_operator_names_what_is_offered(client_of: ClientOf) -> None:
    """In the order of the settings, after what is usual."""
    offer = offered(
        client_of(
            **PRODUCTION,
            PARLEY_PIPELINE="realtime",
            PARLEY_OFFER_PERSONAS="support, frontdesk",
            PARLEY_OFFER_PIPELINES="cascade",
            PARLEY_OFFER_LANGUAGES="ko,en-GB",
            PARLEY_OFFER_VOICES="marin,cedar",
        )
    )
    assert [persona["name"] for persona in offer["personas"]] == ["frontdesk", "support"]
    assert offer["pipelines"] == ["realtime", "cascade"]
    assert offer["languages"] == ["en", "ko", "en-GB"]
    assert offer["voices"] == ["marin", "cedar"]


def test_the_operators_own_personas_are_offered(client_of: ClientOf, tmp_path: Path) -> None:
    """By their title; one whose file is at fault is not, and does not take the page away."""
    (tmp_path / "concierge.toml").write_text('title = "the concierge"\ngreeting = "Hello."\n')
    (tmp_path / "concierge.md").write_text("You are the concierge of a hotel.")
    (tmp_path / "broken.toml").write_text("title = ")
    offer = offered(client_of(PARLEY_PERSONAS_DIR=str(tmp_path)))
    assert {"name": "concierge", "title": "Concierge"} in offer["personas"]
    assert "broken" not in str(offer)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PARLEY_OFFER_PERSONAS", "telepath"),
        ("PARLEY_OFFER_PIPELINES", "telepathy"),
        ("PARLEY_OFFER_LANGUAGES", "not a language"),
    ],
)
def test_what_cannot_be_had_is_not_offered(variable: str, value: str) -> None:
    """The operator learns of it by the variable when the server starts, not callers in a call."""
    with pytest.raises(SettingsError, match=variable):
        create_app(web_settings(**{variable: value}))
