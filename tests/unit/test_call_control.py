"""What tools do to a call, in a real session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from livekit import api, rtc
from livekit.agents import Agent, AgentSession, function_tool
from livekit.agents.voice.run_result import RunResult

from agent.call.consent import Consent
from agent.call_control import Controls
from agent.errors import ToolError
from agent.pipeline.manner import Manner
from agent.telephony.phone import Phone
from tests.fakes.language_model import Calls, ScriptedModel
from tests.fakes.telephone import FakeCaller, FakeRoom, FakeSip

TARGETS = {"reception": "tel:+4930123456"}


@dataclass
class Line:
    """A call under control: what ended it, and what was asked of whom."""

    controls: Controls
    session: AgentSession[None]
    model: ScriptedModel
    sip: FakeSip
    room: FakeRoom
    patience: list[object] = field(default_factory=list)
    closed: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    def wait(self, limit_s: float) -> None:
        """See Patience."""
        self.patience.append(limit_s)

    def attend(self) -> None:
        """See Patience."""
        self.patience.append("attend")

    async def say(self, text: str) -> str:
        """What the agent answers to the caller."""
        result: RunResult[None] = await self.session.run(user_input=text)
        messages = [event.item for event in result.events if event.type == "message"]
        return messages[-1].text_content or "" if messages else ""


@asynccontextmanager
async def in_call(*script: object, on_telephone: bool = True) -> AsyncIterator[Line]:
    """A call with an agent that has the tools of call control."""
    sip, room = FakeSip(), FakeRoom()
    phone = Phone(room, sip, TARGETS)
    if on_telephone:
        phone.take(FakeCaller("sip_anna"))  # type: ignore[arg-type]
    closed: asyncio.Queue[str] = asyncio.Queue()
    controls = Controls(phone, closed.put_nowait)

    @function_tool
    async def end_call() -> str:
        """End the call."""
        controls.hang_up_after_reply()
        controls.hang_up_after_reply()
        return "Say goodbye."

    @function_tool
    async def transfer_call() -> str:
        """Put the caller through."""
        controls.transfer_after_reply("reception")
        return "Say that you put them through."

    @function_tool
    async def hold() -> str | None:
        """Wait."""
        return "Say that you wait." if controls.hold(60) else None

    model = ScriptedModel(*script)  # type: ignore[arg-type]
    async with AgentSession[None](llm=model) as session:
        controls.take(session, Manner())
        line = Line(controls, session, model, sip, room, closed=closed)
        controls.obey(line)
        await session.start(
            Agent(instructions="", tools=[end_call, transfer_call, hold]), record=False
        )
        yield line


async def test_the_call_ends_after_the_goodbye_was_said() -> None:
    """Once, however often it is asked for."""
    async with in_call(Calls("end_call"), "Goodbye.") as line:
        assert await line.say("bye") == "Goodbye."
        async with asyncio.timeout(5):
            assert await line.closed.get() == "agent hung up"
        assert line.closed.empty()
        assert line.controls.last_reply() == "Goodbye."


async def test_consent_that_was_given_can_be_taken_back() -> None:
    """Where it was not asked for, there is none to take back."""
    async with in_call() as line:
        assert not line.controls.stop_recording()
        consent = Consent(required=True)
        line.controls.heed(consent)
        consent.give("voice")
        assert line.controls.stop_recording()
        assert consent.state == "refused"


async def test_the_caller_is_put_through_after_the_sentence_that_says_so() -> None:
    """To the configured address, from the caller's own telephone."""
    async with in_call(Calls("transfer_call"), "I put you through.") as line:
        await line.say("the reception please")
        async with asyncio.timeout(5):
            assert await line.closed.get() == "caller was put through"
    request = line.sip.asked[0]
    assert request.transfer_to == "tel:+4930123456"
    assert (request.participant_identity, request.room_name) == ("sip_anna", "room")


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (
            api.SipCallError("unavailable", "x", status=503, metadata={"sip_status_code": "486"}),
            "busy",
        ),
        (api.TwirpError("internal", "x", status=500), "could not be done"),
        (TimeoutError(), "could not be done"),
        (api.SIPTransferStatus.STS_TRANSFER_FAILED, "nobody answered"),
    ],
)
async def test_a_transfer_that_fails_is_told_and_the_call_goes_on(
    failure: object, reason: str
) -> None:
    """The caller hears why, and may try again."""
    async with in_call(Calls("transfer_call"), "I put you through.", "It did not work.") as line:
        line.sip.outcomes.append(failure)
        told = asyncio.Event()
        line.session.on("conversation_item_added", lambda event: _tell(event, told))
        await line.say("the reception please")
        async with asyncio.timeout(5):
            await told.wait()
        assert line.closed.empty()
        assert reason in str(line.model.requests[-1].history.items)
        line.model.then(Calls("transfer_call"), "Once more.")
        await line.say("again please")
        async with asyncio.timeout(5):
            assert await line.closed.get() == "caller was put through"


def _tell(event: object, told: asyncio.Event) -> None:
    if "It did not work." in str(event):
        told.set()


async def test_a_caller_without_a_telephone_cannot_be_put_through() -> None:
    """And is told so at once."""
    async with in_call(on_telephone=False) as line:
        with pytest.raises(ToolError, match="not on a telephone"):
            line.controls.transfer_after_reply("reception")
        with pytest.raises(ToolError, match="not on a telephone"):
            await line.controls.send_dtmf("1")


async def test_keys_are_sent_by_their_codes() -> None:
    """As a telephone does, one after the other."""
    async with in_call() as line:
        await line.controls.send_dtmf("0#*")
    assert line.room.keys == [(0, "0"), (11, "#"), (10, "*")]


async def test_waiting_goes_on_until_something_is_said_to_the_caller() -> None:
    """What is heard meanwhile and answered with nothing is no end to it; an answer is."""
    async with in_call(
        Calls("hold"), "I wait.", Calls("hold"), "Here I am.", Calls("hold")
    ) as line:
        assert await line.say("hold on") == "I wait."
        assert await line.say("Mum, where is the bill?") == ""
        assert line.patience == [60, "attend", 60]
        assert await line.say("I am back") == "Here I am."
        line.model.then("I wait again.")
        assert await line.say("one more moment") == "I wait again."


async def test_before_the_first_words_there_is_no_last_reply() -> None:
    """Nothing was heard yet."""
    async with in_call() as line:
        assert line.controls.last_reply() == ""


@pytest.mark.parametrize(
    ("kind", "given", "number"),
    [
        (rtc.ParticipantKind.PARTICIPANT_KIND_SIP, "+4930123456", "+4930123456"),
        (rtc.ParticipantKind.PARTICIPANT_KIND_SIP, "anonymous", None),
        (rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD, "+4930123456", None),
    ],
)
def test_a_callers_number_is_known_only_by_telephone(
    kind: int, given: str, number: str | None
) -> None:
    """What a browser claims of itself is not taken for one."""
    phone = Phone(FakeRoom(), FakeSip(), {})
    phone.take(FakeCaller("anna", kind, {"sip.phoneNumber": given}))  # type: ignore[arg-type]
    assert phone.number == number
