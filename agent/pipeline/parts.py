"""What a pipeline is made of before it becomes a session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from livekit.agents import llm, stt, tts
from pydantic import SecretStr

from agent.errors import SettingsError
from agent.settings import OpenAISettings

_Builder = TypeVar("_Builder", bound=Callable[..., object])


class HasAccount(Protocol):
    """A group of settings that may name an account of its own."""

    @property
    def base_url(self) -> str | None:
        """None for the shared account's address."""
        ...

    @property
    def api_key(self) -> SecretStr | None:
        """None for the shared account's key."""
        ...


@dataclass(frozen=True, slots=True)
class PipelineParts:
    """The models of one call. The realtime pipeline has only `llm`, which hears and speaks."""

    llm: llm.LLM[Any] | llm.RealtimeModel
    stt: stt.STT[Any] | None = None
    tts: tts.TTS[Any] | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Where a provider is reached and with which key."""

    base_url: str
    api_key: str


def account_of(part: HasAccount, shared: OpenAISettings) -> Account:
    """A part's own account, completed from the shared one."""
    key = part.api_key or shared.api_key
    return Account(
        base_url=part.base_url or shared.base_url,
        # A server that checks no key, such as Ollama, still gets a header: the client insists.
        api_key=key.get_secret_value() if key else "none",
    )


def chosen(builders: Mapping[str, _Builder], name: str, variable: str) -> _Builder:
    """The builder a setting names.

    Raises:
        SettingsError: naming the variable and the providers there are.
    """
    try:
        return builders[name]
    except KeyError:
        known = ", ".join(sorted(builders))
        raise SettingsError([f"{variable}: is not a known provider; known are: {known}"]) from None
