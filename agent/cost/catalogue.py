"""The price book of a worker: rates of the models that its settings name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent.call.cost import Model, Rates, TokenRates
from agent.call.prices import PriceBook
from agent.cost.price_file import ModelPrices, load_price_files
from agent.settings import Settings

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice, TieredPrices

PACKAGE = "genai-prices"
_DEFAULT_PORTS = (":443", ":80")


def load_prices(settings: Settings, *, now: datetime | None = None) -> PriceBook:
    """The prices of every model that a call of this worker may use. A model that nobody gives a
    price for is left out, and named by the call that uses it.

    Raises:
        SettingsError: with every fault of the operator's file.
    """
    files = load_price_files(settings.cost.prices_file)
    rates = {}
    for base_url, name in used_models(settings):
        listed = _listed(base_url, name, now or datetime.now(UTC))
        own = files.models.get(name)
        prices = own.over(listed) if own is not None else listed
        if prices is not None:
            rates[Model(host_of(base_url), name)] = rates_of(prices)
    return PriceBook(f"{PACKAGE} {version(PACKAGE)}, {files.version}", rates, files.telephone)


def used_models(settings: Settings) -> Iterator[tuple[str, str]]:
    """Address and name of each model that the settings name."""
    realtime, cascade, judge = settings.realtime, settings.cascade, settings.guardrails
    shared = settings.openai.base_url
    yield realtime.base_url or shared, realtime.model
    yield realtime.base_url or shared, realtime.transcription_model
    yield cascade.stt.base_url or shared, cascade.stt.model
    for part in (cascade.llm, cascade.tts):
        for name in (part.model, *part.fallback_models):
            yield part.base_url or shared, name
    if judge.judge_model:
        yield judge.judge_base_url or cascade.llm.base_url or shared, judge.judge_model


def host_of(base_url: str) -> str:
    """The host as the framework names a provider: with its port, if that is not the usual one."""
    host = urlsplit(base_url).netloc.rpartition("@")[2]
    for port in _DEFAULT_PORTS:
        host = host.removesuffix(port)
    return host


def rates_of(prices: ModelPrices) -> Rates:
    """The rates of these prices. What has no price of its own has that of the next wider kind:
    cached audio that of cached text, audio that of text, what is cached that of what is not.
    """
    hour = None if prices.audio_minute is None else prices.audio_minute * 60
    tokens = None
    if prices.input_mtok is not None or prices.output_mtok is not None:
        text, written = prices.input_mtok or Decimal(0), prices.output_mtok or Decimal(0)
        cached = _first(prices.cached_input_mtok, text)
        audio = _first(prices.input_audio_mtok, text)
        cached_audio = prices.cached_input_audio_mtok
        if cached_audio is None:
            cached_audio = cached if prices.input_audio_mtok is None else audio
        tokens = TokenRates(
            input=text,
            cached_input=cached,
            input_audio=audio,
            cached_input_audio=cached_audio,
            output=written,
            output_audio=_first(prices.output_audio_mtok, written),
        )
    return Rates(tokens=tokens, characters=prices.mcharacters, audio_hour=hour)


def _first(price: Decimal | None, other: Decimal) -> Decimal:
    return other if price is None else price


def _listed(base_url: str, name: str, now: datetime) -> ModelPrices | None:
    # Imported when a worker starts, and not in the process that jobs are forked from: the list is
    # 30,000 lines of Python. Its update over the network is a class that nobody makes here.
    from genai_prices.data_snapshot import get_snapshot

    snapshot = get_snapshot()
    try:
        provider = snapshot.find_provider(None, None, base_url)
    except LookupError:
        # Whoever else serves OpenAI's API under OpenAI's names stands before OpenAI: a gateway, or
        # the sandbox in its place. Other names at such an address have no price in the list.
        provider = snapshot.find_provider(None, "openai", None)
    try:
        _, model = snapshot.find_provider_model(name, provider, None, None)
    except LookupError:
        return None
    return _prices_of(model.get_prices(now))


def _prices_of(listed: ModelPrice) -> ModelPrices | None:
    audio_hours = listed.input_audio_hours or listed.output_audio_hours or listed.audio_hours
    found = {
        "input_mtok": _flat(listed.input_mtok),
        "cached_input_mtok": _flat(listed.cache_text_read_mtok or listed.cache_read_mtok),
        "output_mtok": _flat(listed.output_mtok),
        "input_audio_mtok": _flat(listed.input_audio_mtok),
        "cached_input_audio_mtok": _flat(listed.cache_audio_read_mtok),
        "output_audio_mtok": _flat(listed.output_audio_mtok),
        "mcharacters": _flat(listed.input_mchars),
        "audio_minute": hours / 60 if (hours := _flat(audio_hours)) is not None else None,
    }
    told = {name: price for name, price in found.items() if price is not None}
    return ModelPrices.model_validate(told) if told else None


def _flat(price: Decimal | TieredPrices | None) -> Decimal | None:
    """The price of short prompts. Dearer tiers begin at 32,000 tokens of one prompt, for most
    models at 200,000: hours into a call.
    """
    return price if price is None or isinstance(price, Decimal) else price.base
