"""The price book of a worker."""

from __future__ import annotations

import pickle
from decimal import Decimal
from pathlib import Path

from genai_prices import data_snapshot

from agent.call.cost import Model, Usage
from agent.call.prices import PriceBook
from agent.cost.catalogue import host_of, load_prices, rates_of
from agent.cost.price_file import ModelPrices
from agent.settings import Settings, load_settings

OPENAI = "api.openai.com"
MILLION = 1_000_000


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


def usd(book: PriceBook, model: str, usage: Usage, host: str = OPENAI) -> Decimal:
    cost = book.cost_of(Model(host, model), usage)
    assert not cost.unpriced
    return cost.usd


def test_every_model_of_the_defaults_has_its_listed_price() -> None:
    """As OpenAI's price list has them: text, audio and what was cached of both."""
    book = load_prices(settings_with())
    assert usd(book, "gpt-4.1-mini", Usage(input_tokens=MILLION)) == Decimal("0.4")
    assert usd(book, "gpt-4.1-mini", Usage(cached_input_tokens=MILLION)) == Decimal("0.1")
    assert usd(book, "gpt-4.1-mini", Usage(output_tokens=MILLION)) == Decimal("1.6")
    assert usd(book, "gpt-realtime", Usage(input_audio_tokens=MILLION)) == 32
    assert usd(book, "gpt-realtime", Usage(cached_input_audio_tokens=MILLION)) == Decimal("0.4")
    assert usd(book, "gpt-realtime", Usage(output_audio_tokens=MILLION)) == 64
    assert usd(book, "gpt-4o-mini-tts", Usage(output_audio_tokens=MILLION)) == 12
    assert usd(book, "gpt-4o-mini-transcribe", Usage(input_audio_tokens=MILLION)) == 3
    minute = Usage(audio_s=Decimal(60), untold_audio_s=Decimal(60))
    assert usd(book, "gpt-4o-mini-transcribe", minute) == Decimal("0.003")
    assert book.version.startswith("genai-prices ")


def test_older_voices_are_billed_by_characters() -> None:
    """$15 for a million."""
    book = load_prices(settings_with(PARLEY_TTS_MODEL="tts-1"))
    assert usd(book, "tts-1", Usage(characters=MILLION)) == 15


def test_openais_models_at_another_address_have_openais_price() -> None:
    """Of a gateway, or of the sandbox in its place."""
    book = load_prices(settings_with(OPENAI_BASE_URL="http://127.0.0.1:8090/v1"))
    host = "127.0.0.1:8090"
    assert usd(book, "gpt-4.1-mini", Usage(output_tokens=MILLION), host) == Decimal("1.6")


def test_a_provider_of_the_list_is_known_by_its_address() -> None:
    """A model of another provider's is not looked for at OpenAI."""
    book = load_prices(
        settings_with(
            PARLEY_LLM_BASE_URL="https://api.groq.com/openai/v1", PARLEY_LLM_MODEL="gpt-4.1-mini"
        )
    )
    assert Model("api.groq.com", "gpt-4.1-mini") not in book.rates


def test_a_model_of_ones_own_is_unpriced_until_a_file_says_what_it_costs(tmp_path: Path) -> None:
    """Zero is an answer too."""
    local = {"PARLEY_LLM_BASE_URL": "http://ollama:11434/v1", "PARLEY_LLM_MODEL": "qwen3:8b"}
    model, usage = Model("ollama:11434", "qwen3:8b"), Usage(output_tokens=5)
    assert load_prices(settings_with(**local)).cost_of(model, usage).unpriced == {"qwen3:8b"}
    file = tmp_path / "prices.toml"
    file.write_text('date = 2026-12-01\n[models."qwen3:8b"]\ninput_mtok = 0\noutput_mtok = 0\n')
    cost = load_prices(settings_with(**local, PARLEY_PRICES_FILE=str(file))).cost_of(model, usage)
    assert (cost.usd, cost.unpriced) == (0, frozenset())


def test_what_has_no_price_of_its_own_has_that_of_the_next_wider_kind() -> None:
    """Never none."""
    tokens = rates_of(ModelPrices(input_mtok=Decimal(2), output_mtok=Decimal(8))).tokens
    assert tokens is not None
    assert {tokens.cached_input, tokens.input_audio, tokens.cached_input_audio} == {Decimal(2)}
    assert tokens.output_audio == 8


def test_a_host_is_named_as_the_framework_names_it() -> None:
    """Without the usual port and without who logs in."""
    assert host_of("https://api.openai.com:443/v1") == OPENAI
    assert host_of("http://user:word@127.0.0.1:8090/v1") == "127.0.0.1:8090"


def test_the_book_travels_to_jobs() -> None:
    """Job processes are given the rates they need, and do not load the list."""
    book = load_prices(settings_with())
    assert pickle.loads(pickle.dumps(book)) == book


def test_prices_are_not_fetched_over_the_network() -> None:
    """They are those of the installed list, whose version the record names."""
    load_prices(settings_with())
    assert not data_snapshot.get_snapshot().from_auto_update
