"""Whether browsers may talk with the provider themselves, and where it is."""

from __future__ import annotations

from urllib.parse import urlsplit

from agent.settings import Settings


def direct_is_on(settings: Settings) -> bool:
    """Whether there is a direct mode: where the operator says so, and in development by itself
    where there is a key to ask the provider with.
    """
    if settings.direct.mode != "auto":
        return settings.direct.mode == "on"
    key = settings.realtime.api_key or settings.openai.api_key
    return settings.environment == "development" and key is not None


def provider_url(settings: Settings) -> str:
    """The base address of the realtime provider for browsers, such as https://api.openai.com/v1."""
    own = settings.realtime.base_url or settings.openai.base_url
    return settings.direct.public_url or own


def provider_origin(settings: Settings) -> str:
    """The origin of that address, for the page's content security policy."""
    parts = urlsplit(provider_url(settings))
    host = parts.hostname or ""
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{parts.port}" if parts.port else "")
