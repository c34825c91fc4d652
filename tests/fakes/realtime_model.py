"""A realtime model whose replies a test writes while they are heard."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from livekit.agents import NOT_GIVEN, NotGivenOr, llm, utils
from livekit.rtc import AudioFrame, VideoFrame

RATE_HZ = 24_000

Modalities = list[Literal["text", "audio"]]


class RealtimeReply:
    """One reply: words and sound as the test sends them."""

    def __init__(self, number: int, instructions: str) -> None:
        self.message_id = f"reply_{number}"
        self.instructions = instructions
        """What it was asked with."""
        self.cancelled = asyncio.Event()
        self._words = utils.aio.Chan[str]()
        self._sound = utils.aio.Chan[AudioFrame]()
        self._messages = utils.aio.Chan[llm.MessageGeneration]()
        self._functions = utils.aio.Chan[llm.FunctionCall]()
        modalities = asyncio.get_running_loop().create_future()
        modalities.set_result(["text", "audio"])
        self._messages.send_nowait(
            llm.MessageGeneration(self.message_id, self._words, self._sound, modalities)
        )

    def send(self, words: str, *, sound_s: float = 0.1) -> None:
        """Words and their sound."""
        samples = round(RATE_HZ * sound_s)
        self._sound.send_nowait(AudioFrame(bytes(2 * samples), RATE_HZ, 1, samples))
        self._words.send_nowait(words)

    def end(self) -> None:
        """It is complete, or the provider has stopped it."""
        for channel in (self._words, self._sound, self._messages, self._functions):
            channel.close()

    @property
    def event(self) -> llm.GenerationCreatedEvent:
        """What a session tells of it."""
        return llm.GenerationCreatedEvent(
            message_stream=self._messages, function_stream=self._functions, user_initiated=True
        )


class FakeRealtimeModel(llm.RealtimeModel):
    """Has one session, and hands the test each reply that is asked for."""

    def __init__(self) -> None:
        super().__init__(
            capabilities=llm.RealtimeCapabilities(
                message_truncation=True,
                turn_detection=False,
                user_transcription=True,
                auto_tool_reply_generation=False,
                audio_output=True,
                manual_function_calls=False,
                mutable_chat_context=True,
                mutable_instructions=True,
                mutable_tools=True,
                per_response_tool_choice=True,
            )
        )
        self.replies: asyncio.Queue[RealtimeReply] = asyncio.Queue()
        self.truncated: list[str] = []
        """What is left of each reply that was cut."""
        self.sessions: list[FakeRealtimeSession] = []

    def session(self, *, turn_detection_disabled: bool = False) -> FakeRealtimeSession:
        """See RealtimeModel."""
        self.sessions.append(FakeRealtimeSession(self))
        return self.sessions[-1]

    async def aclose(self) -> None:
        """See RealtimeModel."""


class FakeRealtimeSession(llm.RealtimeSession[Any]):
    """A conversation with it."""

    def __init__(self, model: FakeRealtimeModel) -> None:
        super().__init__(model)
        self._model = model
        self._chat_ctx = llm.ChatContext.empty()
        self._tools = llm.ToolContext.empty()
        self._reply: RealtimeReply | None = None
        self._count = 0

    @property
    def chat_ctx(self) -> llm.ChatContext:
        """See RealtimeSession."""
        return self._chat_ctx

    @property
    def tools(self) -> llm.ToolContext:
        """See RealtimeSession."""
        return self._tools

    async def update_instructions(self, instructions: str) -> None:
        """See RealtimeSession."""

    async def update_chat_ctx(self, chat_ctx: llm.ChatContext) -> None:
        """See RealtimeSession."""
        self._chat_ctx = chat_ctx.copy()

    async def update_tools(self, tools: list[llm.Tool]) -> None:
        """See RealtimeSession."""
        self._tools = llm.ToolContext(tools)

    def update_options(self, *, tool_choice: NotGivenOr[llm.ToolChoice | None] = NOT_GIVEN) -> None:
        """See RealtimeSession."""

    def push_audio(self, frame: AudioFrame) -> None:
        """See RealtimeSession."""

    def push_video(self, frame: VideoFrame) -> None:
        """See RealtimeSession."""

    def generate_reply(
        self,
        *,
        instructions: NotGivenOr[str] = NOT_GIVEN,
        tool_choice: NotGivenOr[llm.ToolChoice] = NOT_GIVEN,
        tools: NotGivenOr[list[llm.Tool]] = NOT_GIVEN,
    ) -> asyncio.Future[llm.GenerationCreatedEvent]:
        """See RealtimeSession."""
        self._count += 1
        self._reply = reply = RealtimeReply(self._count, str(instructions or ""))
        self._model.replies.put_nowait(reply)
        self.emit("generation_created", reply.event)
        created = asyncio.get_running_loop().create_future()
        created.set_result(reply.event)
        return created

    def hear(self, text: str) -> None:
        """The words of the caller's turn are known."""
        self.emit(
            "input_audio_transcription_completed",
            llm.InputTranscriptionCompleted(
                item_id=utils.shortuuid("item_"), transcript=text, is_final=True
            ),
        )

    def commit_audio(self) -> None:
        """See RealtimeSession."""

    def clear_audio(self) -> None:
        """See RealtimeSession."""

    def interrupt(self) -> None:
        """See RealtimeSession."""
        if self._reply is not None:
            self._reply.cancelled.set()
            self._reply.end()

    def truncate(
        self,
        *,
        message_id: str,
        modalities: Modalities,
        audio_end_ms: int,
        audio_transcript: NotGivenOr[str] = NOT_GIVEN,
    ) -> None:
        """See RealtimeSession."""
        self._model.truncated.append(str(audio_transcript or ""))

    async def aclose(self) -> None:
        """See RealtimeSession."""
