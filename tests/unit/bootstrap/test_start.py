"""What a worker checks before it takes calls."""

from __future__ import annotations

import logging
import pickle
from pathlib import Path

import pytest

from agent.bootstrap import check_buildable, plan_call, renew_personas, store_orders
from agent.call.options import CallOptions
from agent.errors import SettingsError
from agent.pipeline.connections import load_certificates
from agent.services.storage.engine import Database
from agent.services.storage.orders import SqlOrderBook
from agent.settings import Settings, load_settings


def settings_with(**changes: str) -> Settings:
    return load_settings(
        {
            "LIVEKIT_URL": "ws://127.0.0.1:7880",
            "LIVEKIT_API_KEY": "key",
            "LIVEKIT_API_SECRET": "secret",
            "OPENAI_API_KEY": "shared-key",
            **changes,
        }
    )


def write_persona(folder: Path, fields: str) -> None:
    (folder / "valet.toml").write_text(f'greeting = "Hello."\n{fields}')
    (folder / "valet.md").write_text("You park cars.")


@pytest.mark.parametrize("content", [None, "this is no certificate"])
def test_certificates_that_cannot_be_read_are_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    """Every job process would fail for them, and the worker would never register."""
    certificates = tmp_path / "certificates.pem"
    if content is not None:
        certificates.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates))
    load_certificates.cache_clear()
    try:
        with pytest.raises(SettingsError, match="SSL_CERT_FILE") as refused:
            check_buildable(settings_with())
        assert str(tmp_path) not in str(refused.value)
    finally:
        load_certificates.cache_clear()


def test_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    """An operator corrects them in one go."""
    (tmp_path / "tools.txt").write_text("this is no TOML")
    with pytest.raises(SettingsError) as refused:
        check_buildable(
            settings_with(
                PARLEY_TOOLS_FILE=str(tmp_path / "tools.txt"),
                PARLEY_KNOWLEDGE_DIR=str(tmp_path / "nowhere"),
                PARLEY_OPENING_HOURS="whenever",
                PARLEY_GUARDRAILS_FILE=str(tmp_path / "nowhere.toml"),
                PARLEY_ORDERS_FILE=str(tmp_path / "nowhere.csv"),
                PARLEY_LLM_PROVIDER="acme",
                PARLEY_PRICES_FILE=str(tmp_path / "nowhere_too.toml"),
            )
        )
    told = {fault.partition(":")[0] for fault in refused.value.faults}
    assert told == {
        "PARLEY_TOOLS_FILE",
        "PARLEY_KNOWLEDGE_DIR",
        "PARLEY_OPENING_HOURS",
        "PARLEY_GUARDRAILS_FILE",
        "PARLEY_ORDERS_FILE",
        "PARLEY_LLM_PROVIDER",
        "PARLEY_PRICES_FILE",
    }


def test_a_persona_may_only_name_rules_that_there_are(tmp_path: Path) -> None:
    """As with its tools; the file is named."""
    write_persona(tmp_path, 'guardrails = ["politeness"]')
    with pytest.raises(SettingsError, match=r"valet\.toml.*politeness"):
        check_buildable(settings_with(PARLEY_PERSONAS_DIR=str(tmp_path)))


def test_a_tool_gives_up_before_it_counts_as_stuck() -> None:
    """Else supervision would end a call that only waits."""
    with pytest.raises(SettingsError, match=r"PARLEY_TOOL_LIMIT_S.*weather"):
        check_buildable(settings_with(PARLEY_TOOL_LIMIT_S="8"))


def test_what_was_checked_travels_to_jobs() -> None:
    """Job processes are given it when they start."""
    checked = check_buildable(settings_with())
    assert pickle.loads(pickle.dumps(checked)) == checked


def test_a_change_that_cannot_be_used_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """In development files are read again; with a fault in them the call has the checked ones."""
    write_persona(tmp_path, "")
    settings = settings_with(PARLEY_PERSONAS_DIR=str(tmp_path))
    checked = check_buildable(settings)
    write_persona(tmp_path, 'title = "the car park"')
    assert renew_personas(settings, checked).find("valet").title == "the car park"
    write_persona(tmp_path, 'guardrails = ["politeness"]')
    with caplog.at_level(logging.WARNING):
        assert renew_personas(settings, checked) is checked.personas
    assert "politeness" in caplog.text


def test_only_tools_that_a_call_can_come_to_are_opened(tmp_path: Path) -> None:
    """By who answers and whoever they may hand over to, and no others'."""
    write_persona(tmp_path, 'tools = ["today"]')
    settings = settings_with(PARLEY_PERSONAS_DIR=str(tmp_path))
    roster = check_buildable(settings).personas
    alone = plan_call(settings, CallOptions(persona="valet"), roster)
    assert alone.tool_names == {"today"}
    assert "find_order" in plan_call(settings, CallOptions(), roster).tool_names


async def test_the_operators_orders_are_there_before_the_first_call(tmp_path: Path) -> None:
    """And may be stored again by the next worker."""
    settings = settings_with(PARLEY_DATABASE_URL=f"sqlite:///{tmp_path / 'records.sqlite3'}")
    await store_orders(settings)
    await store_orders(settings)
    database = Database(settings.database)
    assert await SqlOrderBook(database).verify("40217", "10115") == "sample-anna"
    await database.aclose()


async def test_a_database_that_is_away_keeps_no_worker_from_starting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, without the address."""
    (tmp_path / "file").write_text("")
    url = f"sqlite:///{tmp_path / 'file' / 'records.sqlite3'}"
    await store_orders(settings_with(PARLEY_DATABASE_URL=url))
    assert "the orders could not be stored" in caplog.text
