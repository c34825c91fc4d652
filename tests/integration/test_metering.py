"""What a whole call uses is on its bill, beside what the framework counts of it."""

from __future__ import annotations

from livekit.agents.metrics import LLMModelUsage

from agent.bootstrap import Call as BuiltCall
from agent.call.cost import Usage
from tests.caller.agent import agent_in
from tests.caller.driver import Caller
from tests.caller.expectations import ANSWERS, ASK_HOURS, HEAR_HOURS
from tests.caller.stack import LiveKitServer, SandboxProvider

MODELS = {
    "cascade": {"gpt-4o-mini-transcribe", "gpt-4.1-mini", "gpt-4o-mini-tts"},
    # Of the transcription both the provider's own, and the one that is asked for the words beside.
    "realtime": {"gpt-4o-mini-transcribe", "gpt-realtime"},
}


def read_tokens(usage: Usage) -> int:
    """Of all kinds."""
    return (
        usage.input_tokens
        + usage.cached_input_tokens
        + usage.input_audio_tokens
        + usage.cached_input_audio_tokens
    )


def counted_by_framework(call: BuiltCall, model: str) -> int:
    """Tokens that one language or speech model has read."""
    return sum(
        usage.input_tokens
        for usage in call.session.usage.model_usage
        if isinstance(usage, LLMModelUsage) and usage.model == model
    )


async def test_every_model_of_a_call_is_metered(
    livekit_server: LiveKitServer, provider: SandboxProvider, pipeline: str
) -> None:
    """Transcripts that are guessed ahead too; and never less than the framework counts."""
    provider.play(replies=ANSWERS)
    async with (
        Caller(livekit_server.url, logs=[provider]).call(dispatched=False) as call,
        agent_in(call, pipeline, livekit_server, provider) as built,
    ):
        await call.wait_for_agent()
        await call.say(ASK_HOURS)
        assert HEAR_HOURS in (await call.reply()).words
        used = {model.name: usage for model, usage in built.meter.usage.items()}
        assert set(used) == MODELS[pipeline]
        assert used["gpt-4o-mini-transcribe"].untold_audio_s > 1
        speaker = "gpt-realtime" if pipeline == "realtime" else "gpt-4.1-mini"
        assert read_tokens(used[speaker]) >= counted_by_framework(built, speaker) > 0
        assert all(
            model.host == provider.env["OPENAI_BASE_URL"][7:-3] for model in built.meter.usage
        )
