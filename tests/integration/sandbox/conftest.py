"""The sandbox in this process, on a free port of the loopback, with its real engines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import openai
import pytest
from aiohttp import web

from agent.sandbox.app import build_app, serve
from agent.sandbox.ears import Ears
from agent.sandbox.espeak import EspeakVoices
from agent.sandbox.provider import Provider
from agent.sandbox.script import Script
from agent.sandbox.voices import Voices
from agent.sandbox.whisper import WhisperEars
from tests.caller.recognition import whisper_model_path


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox."""

    port: int
    script: Script
    app: web.Application

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v1"

    def client(self, api_key: str = "any") -> openai.AsyncOpenAI:
        """OpenAI's own client, which does not retry."""
        return openai.AsyncOpenAI(base_url=self.base_url, api_key=api_key, max_retries=0)


StartSandbox = Callable[..., Awaitable[Sandbox]]


class LastingEars(WhisperEars):
    """Whisper whose model outlives the application, so that many tests load it once."""

    def close(self) -> None:
        """Leave the threads to the next test."""


@pytest.fixture(scope="session")
def ears() -> Ears:
    """One recogniser for all tests."""
    ears = LastingEars(str(whisper_model_path()))
    asyncio.run(ears.warm())
    return ears


@pytest.fixture
async def start_sandbox(ears: Ears) -> AsyncIterator[StartSandbox]:
    """Starts sandboxes; each takes `api_key`, `control`, `ears` and `voices`."""
    async with AsyncExitStack() as running:

        async def start(
            *,
            api_key: str | None = None,
            control: bool = False,
            ears: Ears = ears,
            voices: Voices | None = None,
        ) -> Sandbox:
            provider = Provider(ears=ears, voices=voices or EspeakVoices(), script=Script())
            app = build_app(provider, api_key=api_key, control=control)
            runner, port = await serve(app, host="127.0.0.1", port=0)
            running.push_async_callback(runner.cleanup)
            return Sandbox(port, provider.script, app)

        yield start


@pytest.fixture
async def sandbox(start_sandbox: StartSandbox) -> Sandbox:
    """A sandbox that takes any key."""
    return await start_sandbox()


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[openai.AsyncOpenAI]:
    """OpenAI's own client on the sandbox."""
    async with sandbox.client() as client:
        yield client
