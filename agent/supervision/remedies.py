"""What can be done in a session about a call in trouble."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol

from livekit import rtc
from livekit.agents import AgentSession, llm

from agent.call.events import ClipPlayed, OnClip
from agent.supervision.captions import send_caption
from agent.supervision.clips import ClipName, load_clip
from agent.supervision.voice import Voice

logger = logging.getLogger(__name__)

INTERRUPT_LIMIT_S = 1.0
REPLACE_LIMIT_S = 5.0

GO_ON = (
    "Your last answer was cut off by a fault of the line. Finish it, and do not repeat what you"
    " have said already."
)
TOOL_GIVEN_UP = (
    "The tool takes too long and was given up. Tell the caller so in one sentence, and offer what"
    " else you can do."
)


class Remedies(Protocol):
    """What a supervisor may do. Each returns whether it could be done; none raises."""

    async def say(self, name: ClipName, *, insist: bool = False) -> bool:
        """Play a recording and show its words. With `insist` it takes the place of what is being
        said, and no sound interrupts it.
        """
        ...

    async def ask(self) -> bool:
        """Ask for the answer once more."""
        ...

    async def drop_tool(self) -> bool:
        """Give a tool up, and let the agent say so."""
        ...

    async def replace(self) -> bool:
        """Go on through new connections, in the other pipeline where there is one."""
        ...

    def knows_question(self) -> bool:
        """Whether what the caller waits for can be answered from what was written down."""
        ...

    async def end(self, reason: str, last_words: ClipName) -> bool:
        """Say a last sentence and end the call."""
        ...

    def hold(self) -> None:
        """Keep what the agent says until `release`: nobody hears it."""
        ...

    def release(self) -> None:
        """Let the agent go on where it was."""
        ...


class SessionRemedies:
    """Remedies in a session of the framework.

    Args:
        session: The running session.
        voice: What it speaks through.
        room: Where captions are shown.
        language: The caller's, for recordings.
        greet: Says the first words.
        change_pipeline: Goes on through new connections, and ends within a bound; raises
            TimeoutError.
        end: Ends the call with a reason; `apologise` when no last words were heard.
        tell: Is told of each recording that was played.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        voice: Voice,
        *,
        room: rtc.Room,
        language: str,
        greet: Callable[[], object],
        change_pipeline: Callable[[float], Any],
        end: Callable[[str, bool], None],
        tell: OnClip = lambda _: None,
    ) -> None:
        self._session = session
        self._voice = voice
        self._room = room
        self._language = language
        self._greet = greet
        self._change_pipeline = change_pipeline
        self._end = end
        self._tell = tell

    def speak(self, language: str) -> None:
        """Play recordings in another language from now on."""
        self._language = language

    async def say(self, name: ClipName, *, insist: bool = False) -> bool:
        """See Remedies."""
        clip = load_clip(name, self._language)
        if insist:
            await self._interrupt()
        if self._voice.in_reply:
            return False
        caption = asyncio.create_task(send_caption(self._room, clip.text))
        try:
            heard = await self._voice.play(clip, insist=insist)
            self._tell(ClipPlayed(name.value, clip.text, heard))
            await asyncio.wait([caption], timeout=INTERRUPT_LIMIT_S)
        finally:
            caption.cancel()
        (failed,) = await asyncio.gather(caption, return_exceptions=True)
        if isinstance(failed, Exception):
            logger.warning("a caption was not shown", extra={"error": str(failed)})
        return heard

    async def ask(self) -> bool:
        """See Remedies."""
        await self._interrupt()
        return self._answer()

    async def drop_tool(self) -> bool:
        """See Remedies."""
        await self._interrupt()
        return self._generate(instructions=TOOL_GIVEN_UP, tool_choice="none")

    async def replace(self) -> bool:
        """See Remedies."""
        await self._interrupt()
        try:
            await self._change_pipeline(REPLACE_LIMIT_S)
        except (TimeoutError, RuntimeError) as error:
            logger.warning("the pipeline could not be replaced", extra={"error": str(error)})
            return False
        return True

    def knows_question(self) -> bool:
        """See Remedies. Before the first words, the greeting is what is owed."""
        return self._last_speaker() in ("user", None)

    async def end(self, reason: str, last_words: ClipName) -> bool:
        """See Remedies."""
        heard = False
        try:
            await self._interrupt()
            heard = await self.say(last_words)
        finally:  # whatever happens to the words, the call ends
            self._end(reason, not heard and last_words is ClipName.SORRY)
        return True

    def hold(self) -> None:
        """See Remedies. The session's own output paces the captions."""
        self._voice.hold()
        if self._session.output.audio is not None:
            self._session.output.audio.pause()

    def release(self) -> None:
        """See Remedies."""
        self._end_caption()
        self._voice.release()
        if self._session.output.audio is not None:
            self._session.output.audio.resume()

    def _end_caption(self) -> None:
        """Let what is shown next be a line of its own: who joins again sees nothing of one of which
        the beginning was sent before. Not when the output is held: a word that was due then is
        still sent, and would begin the line that nobody sees.
        """
        output = self._session.output.transcription
        while output is not None:
            # The framework's output to the room ends its line when it is given a participant.
            if (set_participant := getattr(output, "set_participant", None)) is not None:
                set_participant(self._room.local_participant.identity)
            output = output.next_in_chain

    def _answer(self) -> bool:
        match self._last_speaker():
            case None:
                self._greet()
                return True
            case "user":
                return self._generate()
            case _:
                return self._generate(instructions=GO_ON)

    def _generate(self, **options: Any) -> bool:
        try:
            self._session.generate_reply(**options)
        except RuntimeError as error:  # the session is closing, or changes its agent
            logger.warning("no reply could be asked for", extra={"error": str(error)})
            return False
        return True

    def _last_speaker(self) -> str | None:
        messages = (
            item
            for item in reversed(self._session.history.items)
            if isinstance(item, llm.ChatMessage) and item.role in ("user", "assistant")
        )
        return next((message.role for message in messages if message.text_content), None)

    async def _interrupt(self) -> None:
        try:
            await asyncio.wait_for(
                asyncio.shield(self._session.interrupt(force=True)), INTERRUPT_LIMIT_S
            )
        except TimeoutError:
            logger.warning("what the agent was saying did not let itself be interrupted")
        except RuntimeError as error:
            logger.debug("nothing to interrupt: %s", error)
