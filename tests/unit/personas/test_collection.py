"""Collecting one thing exactly: read back, corrected, confirmed by the caller, or left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from livekit import rtc

from agent.call.state import TurnTaking
from agent.personas.collection import COLLECTION_TOOLS, ReadBack
from agent.personas.collection.collecting import MAX_TURNS
from agent.settings import EndpointingProfile
from tests.fakes.language_model import Calls
from tests.unit.personas.stage import Scene, call, persona

COLLECTOR = {"desk": persona("desk", tools=tuple(sorted(COLLECTION_TOOLS)))}
EMAIL = Calls("update_email_address", {"email": "ann@example.com"})
OTHER_EMAIL = Calls("update_email_address", {"email": "anna@example.com"})
CONFIRM = Calls("confirm_email_address")


@dataclass
class Patience:
    """A TurnTaking."""

    used: list[EndpointingProfile | None] = field(default_factory=list)

    def use(self, profile: EndpointingProfile | None) -> None:
        """See TurnTaking."""
        self.used.append(profile)


def patience(scene: Scene) -> Patience:
    scene.state.turns = turns = Patience()
    _: TurnTaking = turns
    return turns


async def test_what_was_read_back_and_confirmed_is_a_fact() -> None:
    """It stands in the call's facts; the persona goes on, with longer pauses only meanwhile."""
    async with call(COLLECTOR, "desk") as scene:
        turns = patience(scene)
        await scene.hears("mail it", Calls("collect_email"), "What is your address?")
        await scene.hears("ann at example dot com", EMAIL, "Is it ann at example dot com?")
        assert turns.used == ["dictation"]
        await scene.hears("yes", CONFIRM, "It is on its way.")
        assert scene.state.facts == {"email": "ann@example.com"}
        assert turns.used == ["dictation", None]
        assert scene.session.current_agent.id == "desk"
        assert "confirmed it: ann@example.com" in scene.outputs[-1]


async def test_a_correction_is_read_back_again() -> None:
    """Only what was read back last can be confirmed."""
    async with call(COLLECTOR, "desk") as scene:
        patience(scene)
        await scene.hears("mail it", Calls("collect_email"), "What is your address?")
        await scene.hears("ann at example dot com", EMAIL, "Is it ann at example dot com?")
        await scene.hears("no, anna", OTHER_EMAIL, "Is it anna at example dot com?")
        await scene.hears("yes", CONFIRM, "It is on its way.")
        assert scene.state.facts == {"email": "anna@example.com"}


async def test_a_model_cannot_confirm_for_the_caller() -> None:
    """Not in the same breath, nor in the next: the caller must have spoken."""
    async with call(COLLECTOR, "desk") as scene:
        patience(scene)
        await scene.hears("mail it", Calls("collect_email"), "What is your address?")
        await scene.hears("ann at example dot com", EMAIL, CONFIRM, "Is that right?")
        assert scene.state.facts == {}
        scene.model.then(CONFIRM, "Is that right?")
        await scene.session.generate_reply(instructions="Go on.")
        assert scene.state.facts == {}
        assert "has not answered yet" in scene.outputs[-1]
        await scene.hears("yes", CONFIRM, "It is on its way.")
        assert scene.state.facts == {"email": "ann@example.com"}


async def test_a_caller_who_declines_is_left_in_peace() -> None:
    """The persona is told, and goes on without."""
    async with call(COLLECTOR, "desk") as scene:
        turns = patience(scene)
        await scene.hears("mail it", Calls("collect_email"), "What is your address?")
        no = Calls("decline_email_capture", {"reason": "private"})
        await scene.hears("I would rather not", no, "As you like.")
        assert scene.state.facts == {}
        assert scene.session.current_agent.id == "desk"
        assert turns.used == ["dictation", None]


async def test_a_caller_who_goes_round_in_circles_gets_out() -> None:
    """After so many turns the task ends without a result."""
    async with call(COLLECTOR, "desk") as scene:
        patience(scene)
        await scene.hears("mail it", Calls("collect_email"), "What is your address?")
        for _ in range(MAX_TURNS - 1):
            await scene.hears("what was the question?", "Your address?")
        await scene.hears("hm?", "Let us leave it.", "Let us leave it.")
        await scene.session.wait_for_idle()
        assert scene.session.current_agent.id == "desk"
        assert "round in circles" in scene.outputs[-1]


async def test_a_task_takes_only_so_long() -> None:
    """Also when nobody says anything."""
    async with call(COLLECTOR, "desk", limit_s=0.3) as scene:
        patience(scene)
        await scene.hears("mail it", Calls("collect_email"), "What is your address?")
        await scene.until(lambda: bool(scene.outputs))
        assert "round in circles" in scene.outputs[-1]
        assert scene.session.current_agent.id == "desk"


FILLED: Mapping[str, tuple[Calls, Calls, str, str]] = {
    "collect_name": (
        Calls("update_name", {"first_name": "Ann", "last_name": "Lee"}),
        Calls("confirm_name"),
        "name",
        "Ann Lee",
    ),
    "collect_phone_number": (
        Calls("update_phone_number", {"phone_number": "+49 30 1234567"}),
        Calls("confirm_phone_number"),
        "phone_number",
        "+49301234567",
    ),
    "collect_date_of_birth": (
        Calls("update_dob", {"year": 1990, "month": 3, "day": 2}),
        Calls("confirm_dob"),
        "date_of_birth",
        "1990-03-02",
    ),
    "collect_address": (
        Calls(
            "update_address",
            {
                "street_address": "High Street 1",
                "unit_number": "",
                "locality": "Ulm",
                "country": "Germany",
            },
        ),
        Calls("confirm_address"),
        "address",
        "High Street 1 Ulm Germany",
    ),
    "collect_digits": (
        Calls("note_digits", {"digits": "4 0 2-1"}),
        Calls("confirm_digits"),
        "customer_number",
        "4021",
    ),
}


@pytest.mark.parametrize("tool", FILLED)
async def test_each_thing_is_collected_in_the_same_way(tool: str) -> None:
    """Said, read back, confirmed, kept."""
    said, confirmed, fact, value = FILLED[tool]
    arguments = {"what": "the customer number"} if tool == "collect_digits" else {}
    async with call(COLLECTOR, "desk") as scene:
        patience(scene)
        await scene.hears("go on", Calls(tool, arguments), "Please tell me.")
        await scene.hears("there it is", said, "Is that right?")
        await scene.hears("yes", confirmed, "Noted.")
        assert scene.state.facts == {fact: value}


class Keypad(rtc.EventEmitter[Any]):
    """The caller's telephone."""

    def press(self, keys: str) -> None:
        for key in keys:
            self.emit("sip_dtmf_received", _Pressed(key))


@dataclass(frozen=True)
class _Pressed:
    digit: str


async def test_digits_may_be_typed_on_the_keypad() -> None:
    """A star begins anew, a hash ends; they are read back and confirmed as spoken ones are."""
    keypad = Keypad()

    def make(kind: type[ReadBack], options: Mapping[str, Any]) -> ReadBack:
        return kind(find_keypad=lambda session: keypad, **options)

    digits = Calls("collect_digits", {"what": "the PIN", "least": 4, "most": 6})
    async with call(COLLECTOR, "desk", make_task=make) as scene:
        patience(scene)
        await scene.hears("go on", digits, "Your PIN, please.")
        scene.model.then("That is too short. Once more, please.", "One two three four?")
        keypad.press("12#")
        await scene.until(lambda: len(scene.model.requests) == 3)
        keypad.press("9*1234#")
        await scene.until(lambda: len(scene.model.requests) == 4)
        await scene.session.wait_for_idle()
        await scene.hears("yes", Calls("confirm_digits"), "Noted.")
        assert scene.state.facts == {"pin": "1234"}


async def test_too_few_digits_are_not_noted() -> None:
    """The model is told to ask again."""
    digits = Calls("collect_digits", {"what": "the PIN", "least": 4, "most": 4})
    async with call(COLLECTOR, "desk") as scene:
        patience(scene)
        await scene.hears("go on", digits, "Your PIN, please.")
        await scene.hears("one two", Calls("note_digits", {"digits": "12"}), "All four, please.")
        assert "That is not 4 digits" in scene.outputs[-1]
