"""OpenAI's realtime plugin on a connection that is watched, renewed and mended.

The plugin (livekit-agents 1.8.9) reconnects by itself and replays instructions, tools and what the
provider confirmed of the conversation. What it leaves to be desired is added in layers:

- `connection.py`: a peer that is gone without a word is noticed by a heartbeat; one that accepts
  and drops has a budget, where the plugin clears its retry counter at each handshake; the
  provider's limit on a session is met by a new one in a quiet moment.
- `memory.py`: what the caller said and the provider had not yet turned into text is said to it
  again; history that was not confirmed is not forgotten, and stands as it was heard. A long one is
  renewed with a summary of its older part (`summary.py`).
- `requests.py`: a request for a reply outlives its connection; one that meets an active response
  waits for its end instead of failing; one that nothing comes of in time goes to a new connection.
- `broken_reply.py`: a reply that breaks off is asked for again from where it broke off, and goes on
  as a second message of the same speech: for the framework, and so for interruptions and for
  whoever awaits the speech, nothing happened.
- `early_reply.py`: a reply is asked for while the caller's turn may still go on.
- here: what the provider bills is told.

Of the plugin's inside they use or override: `_main_task`, `_create_ws_conn`, `_run_ws`, the
handlers `_handle_…`, `_close_current_generation`, `_current_generation`, `_remote_chat_ctx`,
`_response_created_futures`, `_discarded_event_ids`, `_DiscardedGeneration`, `_pushed_duration_s`,
`_emit_error` and `_emit_transcription_metrics`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from livekit.agents.metrics import RealtimeModelMetrics, STTMetrics
from livekit.plugins import openai

from agent.pipeline.realtime_link.early_reply import EarlySession
from agent.pipeline.realtime_link.health import LinkOptions
from agent.pipeline.realtime_link.summary import Summarise
from agent.pipeline.realtime_link.usage import OnUsage, ResponseUsage

OnSession = Callable[[Any], None]
"""Takes a session with the provider; must not block, and must not raise."""

SLOWEST = 0.25
FASTEST = 1.5
"""The speeds that the API takes."""


class ResilientModel(openai.realtime.RealtimeModel):
    """OpenAI's realtime model whose sessions survive their connections."""

    def __init__(self, *, link: LinkOptions, **options: Any) -> None:
        # Its own renewal comes at a fixed time, in the middle of a word if need be.
        super().__init__(**options, max_session_duration=None)
        self._link = link
        self._speed: float = options.get("speed", 1.0)
        self.summarise: Summarise | None = None
        """How the sessions made from now on sum up what they told at length; see `summary.py`."""
        self.on_usage: OnUsage = lambda _: None
        """Is told what the sessions made from now on use; see `usage.py`."""
        self.on_session: OnSession = lambda _: None
        """Is given each session that is made from now on."""

    def session(self, *, turn_detection_disabled: bool = False) -> ResilientSession:
        """A new session, which connects at once."""
        session = ResilientSession(
            self, self._link, turn_detection_disabled=turn_detection_disabled
        )
        session.summarise = self.summarise
        session.on_usage = self.on_usage
        self._sessions.add(session)
        self.on_session(session)
        return session

    @property
    def in_reply(self) -> bool:
        """See HasReplies."""
        return any(session.has_active_generation for session in self._sessions)

    def set_pace(self, factor: float) -> None:
        """See HasPace."""
        self.update_options(speed=min(FASTEST, max(SLOWEST, self._speed * factor)))

    def set_language(self, language: str) -> None:
        """See HasLanguage. What is written down is in it; the model itself understands any."""
        transcription = self._opts.input_audio_transcription
        if transcription is not None:
            short = language.partition("-")[0]
            self.update_options(
                input_audio_transcription=transcription.model_copy(update={"language": short})
            )


class ResilientSession(EarlySession):
    """One conversation with the provider, over as many connections as it takes.

    For a supervisor: `health` counts what happened, `restart` opens a new connection and takes the
    conversation and an unfinished reply along. An `error` event with `recoverable=False` means that
    this session is over: the provider refuses it or the budget is exhausted.
    """

    def __init__(
        self,
        model: openai.realtime.RealtimeModel,
        link: LinkOptions,
        *,
        turn_detection_disabled: bool = False,
    ) -> None:
        self.on_usage: OnUsage = lambda _: None
        self._usage = ResponseUsage(model, self._tell_usage)
        super().__init__(model, link, turn_detection_disabled=turn_detection_disabled)
        self.on("openai_server_event_received", self._usage.received)
        self.on("metrics_collected", self._pass_transcription)

    async def _main_task(self) -> None:
        try:
            await super()._main_task()
        finally:
            self._usage.ended()

    def _disconnected(self) -> None:
        super()._disconnected()
        self._usage.ended()

    def _tell_usage(self, metrics: RealtimeModelMetrics | STTMetrics) -> None:
        self.on_usage(metrics)

    def _pass_transcription(self, metrics: RealtimeModelMetrics | STTMetrics) -> None:
        if isinstance(metrics, STTMetrics):  # the responses are counted from their events
            self.on_usage(metrics)
