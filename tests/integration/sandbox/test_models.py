"""`/v1/models`."""

from __future__ import annotations

import openai
import pytest


async def test_models_are_listed_and_found(client: openai.AsyncOpenAI) -> None:
    """Each listed model can be asked for by name, among them the plugins' defaults."""
    listed = [model.id async for model in client.models.list()]
    assert {"gpt-realtime", "gpt-4.1", "gpt-4o-mini-transcribe", "gpt-4o-mini-tts"} <= set(listed)
    for name in listed:
        assert (await client.models.retrieve(name)).id == name


async def test_an_unlisted_model_is_not_found(client: openai.AsyncOpenAI) -> None:
    """A name that is not listed is a 404 in OpenAI's shape."""
    with pytest.raises(openai.NotFoundError) as refusal:
        await client.models.retrieve("gpt-99")
    assert refusal.value.code == "model_not_found"
