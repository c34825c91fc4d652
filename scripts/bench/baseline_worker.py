"""A bare worker with the framework's own defaults: what Parley's latency is compared with.

    python scripts/bench/baseline_worker.py start

An AgentSession over the openai plugins, nothing tuned. On a self-hosted server the defaults of
livekit-agents 1.8.9 in `start` mode are: Silero VAD and the local turn detector
(turn-detector-v1-mini, both in livekit-local-inference), endpointing 0.3 to 2.5 s, interruption by
VAD after 0.5 s of speech (the adaptive detector is LiveKit's cloud and off outside `dev`),
preemptive generation, input frames of 50 ms, and for the realtime model the provider's semantic
VAD. `dev` mode would pick LiveKit's cloud instead, which a self-hoster does not have.

Not a default, because it is no part of what is measured: `load_fnc` always answers idle. The
framework's own takes the load of a small machine, on which server, provider and caller run too, for
the worker's and refuses calls.

Environment: LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET, LIVEKIT_AGENT_NAME, OPENAI_BASE_URL,
OPENAI_API_KEY, and PARLEY_WORKER_PORT for the health port, so that the same code starts both.
Job metadata: {"pipeline": "realtime" | "cascade"}.
"""

from __future__ import annotations

import json
import os

from livekit.agents import Agent, AgentServer, AgentSession, JobContext, cli
from livekit.plugins import openai

INSTRUCTIONS = "You are a helpful voice assistant."
GREETING = "Greet the caller."


def always_idle() -> float:
    """The load to report."""
    return 0.0


server = AgentServer(load_fnc=always_idle, port=int(os.environ.get("PARLEY_WORKER_PORT", "8081")))


@server.rtc_session(agent_name=os.environ.get("LIVEKIT_AGENT_NAME", "baseline"))
async def answer_call(ctx: JobContext) -> None:
    """Talk with the caller through the pipeline that the job's metadata names."""
    options = json.loads(ctx.job.metadata or "{}")
    session = realtime_session() if options.get("pipeline") == "realtime" else cascade_session()
    await session.start(agent=Agent(instructions=INSTRUCTIONS), room=ctx.room)
    session.generate_reply(instructions=GREETING)


def cascade_session() -> AgentSession[None]:
    """Speech-to-text, language model and text-to-speech as the openai plugins choose them."""
    return AgentSession(stt=openai.STT(), llm=openai.LLM(), tts=openai.TTS())


def realtime_session() -> AgentSession[None]:
    """The realtime model as the openai plugin chooses it."""
    return AgentSession(llm=openai.realtime.RealtimeModel())


if __name__ == "__main__":
    cli.run_app(server)
