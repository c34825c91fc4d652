"""Settings: what an operator may set, and what an operator is told."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import SettingsError
from agent.settings import (
    DEVELOPMENT_API_KEY,
    DEVELOPMENT_API_SECRET,
    FOREIGN_PREFIXES,
    load_env_files,
    load_settings,
    variable_names,
)

PROJECT = Path(__file__).parents[2]
COMPLETE = {
    "LIVEKIT_URL": "ws://127.0.0.1:7880",
    "LIVEKIT_API_KEY": "key",
    "LIVEKIT_API_SECRET": "secret" * 6,
    "OPENAI_API_KEY": "sk-1",
}


def faults_of(**changes: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings({**COMPLETE, **changes})
    return str(caught.value)


def test_defaults_are_enough_with_a_server_and_a_key() -> None:
    """Four variables make a worker; everything else has a default."""
    settings = load_settings(COMPLETE)
    assert settings.livekit.agent_name == "parley"
    assert settings.call.pipeline == "cascade"
    assert settings.turns.detection == "local"
    assert settings.openai.base_url == "https://api.openai.com/v1"


def test_all_faults_are_told_at_once_by_name_and_without_values() -> None:
    """One start shows everything that is wrong, and no value that might be a secret."""
    told = faults_of(
        LIVEKIT_URL="ftp://hunter2",
        PARLEY_PIPELINE="hunter2",
        PARLEY_WEB_PORT="hunter2",
        PARLEY_TTS_SPEED="99",
        PARLEY_LANGUAGE="hunter2 !",
    )
    for name in (
        "LIVEKIT_URL",
        "PARLEY_PIPELINE",
        "PARLEY_WEB_PORT",
        "PARLEY_TTS_SPEED",
        "PARLEY_LANGUAGE",
    ):
        assert name in told
    assert "hunter2" not in told


def test_an_operators_secret_is_long_and_its_own() -> None:
    """Tokens of operators and of callers must not be signed alike."""
    assert "at least 32" in faults_of(PARLEY_OPERATOR_SECRET="short")
    told = faults_of(PARLEY_OPERATOR_SECRET=COMPLETE["LIVEKIT_API_SECRET"])
    assert "PARLEY_OPERATOR_SECRET: must be another one than LIVEKIT_API_SECRET" in told


def test_where_requests_are_counted_is_told_without_its_password() -> None:
    """Whether the URL is fit or not."""
    told = faults_of(PARLEY_RATE_STORE_URL="http://:hunter2@redis:6379")
    assert "PARLEY_RATE_STORE_URL: must be a URL that starts with redis://" in told
    assert "hunter2" not in told
    settings = load_settings({**COMPLETE, "PARLEY_RATE_STORE_URL": "rediss://:hunter2@redis/1"})
    assert "hunter2" not in repr(settings)


def test_a_misspelled_variable_is_a_fault_with_a_suggestion() -> None:
    """A setting that would be ignored is told, not swallowed."""
    assert "did you mean PARLEY_PIPELINE?" in faults_of(PARLEY_PIPLINE="realtime")


@pytest.mark.parametrize("name", ["LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"])
def test_an_empty_value_counts_as_unset(name: str) -> None:
    """A line `NAME=` in .env is no setting."""
    assert f"{name}: is not set" in faults_of(**{name: " "})


def test_a_missing_provider_key_is_told_only_to_who_calls_the_provider() -> None:
    """The web page needs no provider's key, the worker does."""
    without = {**COMPLETE, "OPENAI_API_KEY": ""}
    assert load_settings(without, calls_providers=False)
    with pytest.raises(SettingsError, match="OPENAI_API_KEY"):
        load_settings(without)


def test_each_part_may_have_an_account_of_its_own() -> None:
    """A cascade of three local servers needs no shared key."""
    keys = {f"PARLEY_{part}_API_KEY": "k" for part in ("STT", "LLM", "TTS")}
    settings = load_settings({**COMPLETE, "OPENAI_API_KEY": "", **keys})
    assert settings.cascade.llm.api_key is not None


@pytest.mark.parametrize(
    ("pipeline", "detection"),
    [("cascade", "server"), ("realtime", "english"), ("realtime", "multilingual")],
)
def test_a_turn_detector_that_does_not_fit_the_pipeline_is_refused(
    pipeline: str, detection: str
) -> None:
    """A wrong mix is a fault at start, not a call without turns."""
    told = faults_of(PARLEY_PIPELINE=pipeline, PARLEY_TURN_DETECTION=detection)
    assert "PARLEY_TURN_DETECTION" in told


def test_endpointing_bounds_must_be_in_order() -> None:
    """A maximum below the minimum is told by name."""
    told = faults_of(PARLEY_ENDPOINTING_MIN_S="2", PARLEY_ENDPOINTING_MAX_S="1")
    assert "PARLEY_ENDPOINTING_MAX_S" in told


def test_production_refuses_development_keys_short_secrets_and_open_sockets() -> None:
    """What is convenient on a laptop does not start in production."""
    told = faults_of(
        PARLEY_ENV="production",
        LIVEKIT_URL="ws://voice.example.com",
        LIVEKIT_API_KEY=DEVELOPMENT_API_KEY,
        LIVEKIT_API_SECRET=DEVELOPMENT_API_SECRET,
        PARLEY_WEB_CORS_ORIGINS="*",
        PARLEY_JWT_JWKS_URL="http://login.example.com/keys",
    )
    assert "PARLEY_JWT_JWKS_URL: must be https://" in told
    assert "LIVEKIT_API_KEY: is the development key" in told
    assert "LIVEKIT_API_SECRET: is the development secret" in told
    assert "LIVEKIT_URL: must be wss://" in told
    assert "PARLEY_WEB_CORS_ORIGINS" in told
    assert "fewer than 32" in faults_of(PARLEY_ENV="production", LIVEKIT_API_SECRET="short")


def test_production_accepts_keys_of_its_own_on_a_private_host() -> None:
    """Inside a cluster the server is reached without TLS."""
    settings = load_settings(
        {**COMPLETE, "PARLEY_ENV": "production", "LIVEKIT_URL": "ws://livekit:7880"}
    )
    assert settings.environment == "production"


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    """A logged settings object gives nothing away."""
    shown = repr(load_settings(COMPLETE))
    assert COMPLETE["LIVEKIT_API_SECRET"] not in shown
    assert COMPLETE["OPENAI_API_KEY"] not in shown


def test_callers_are_put_through_to_configured_addresses_by_name() -> None:
    """Telephones in E.164, and SIP addresses."""
    listed = "reception=tel:+4930123456, Sales Team = sip:sales@pbx.example.com:5061"
    settings = load_settings({**COMPLETE, "PARLEY_TRANSFER_TARGETS": listed})
    assert settings.transfer.targets == {
        "reception": "tel:+4930123456",
        "Sales Team": "sip:sales@pbx.example.com:5061",
    }


@pytest.mark.parametrize(
    "listed",
    [
        "reception",
        "=tel:+4930123456",
        "a=tel:030123456",
        "a=+4930123456",
        "a=sip:x",
        "a=sip:x@y\r\nZ",
    ],
)
def test_a_transfer_target_that_is_no_address_is_refused(listed: str) -> None:
    """At start, not when a caller wants to go there."""
    assert "PARLEY_TRANSFER_TARGETS" in faults_of(PARLEY_TRANSFER_TARGETS=listed)


def test_only_variables_for_secrets_are_open_to_the_file_of_tools() -> None:
    """The keys of the providers are not among them, and no value shows."""
    settings = load_settings({**COMPLETE, "PARLEY_SECRET_SHOP_KEY": "hunter2"})
    assert settings.tool_file.secrets.keys() == {"PARLEY_SECRET_SHOP_KEY"}
    assert "hunter2" not in repr(settings)


def test_env_local_goes_before_env_and_the_environment_before_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A developer overrides the team's .env in .env.local, and both on the command line."""
    (tmp_path / ".env").write_text("PARLEY_T1=env\nPARLEY_T2=env\nPARLEY_T3=env\n")
    (tmp_path / ".env.local").write_text("PARLEY_T2=local\nPARLEY_T3=local\n")
    monkeypatch.setenv("PARLEY_T3", "shell")
    for name in ("PARLEY_T1", "PARLEY_T2"):
        # Set first, so that monkeypatch takes away again what the files put there.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    load_env_files(tmp_path)
    assert [os.environ[f"PARLEY_T{i}"] for i in (1, 2, 3)] == ["env", "local", "shell"]


def test_the_example_file_lists_every_variable_and_no_other() -> None:
    """.env.example is the complete list of what can be set."""
    text = (PROJECT / ".env.example").read_text()
    listed = set(re.findall(r"^#([A-Z_]+)=", text, re.MULTILINE))
    listed -= {name for name in listed if name.startswith(FOREIGN_PREFIXES)}
    assert listed == set(variable_names())


def test_the_worker_exits_with_code_2_and_names_the_faults() -> None:
    """Starting it wrong shows a list on stderr, and never a traceback."""
    environ = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("LIVEKIT_", "OPENAI_"))},
        "PARLEY_PIPELINE": "telepathy",
    }
    done = subprocess.run(
        [sys.executable, str(PROJECT / "agent.py"), "start"],
        env=environ,
        cwd=PROJECT / "tests",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "LIVEKIT_URL: is not set" in done.stderr
    assert "PARLEY_PIPELINE" in done.stderr
    assert "Traceback" not in done.stderr


@given(st.dictionaries(st.sampled_from(variable_names()), st.text(max_size=40)))
def test_any_text_in_any_variable_gives_settings_or_faults(environ: dict[str, str]) -> None:
    """No value, however odd, ends in anything but settings or a list of faults."""
    try:
        load_settings(environ)
    except SettingsError as error:
        assert error.faults
