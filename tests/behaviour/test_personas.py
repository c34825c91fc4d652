"""What each bundled persona does in a conversation. The sandbox shows that everything is at hand
and wired up; a real model, that the prompts say it well.
"""

from __future__ import annotations

import pytest

from tests.behaviour.conftest import Talk


async def test_the_front_desk_answers_and_hands_over(talk: Talk) -> None:
    """A short question is answered there, one about a bill elsewhere."""
    async with talk("frontdesk") as conversation:
        result = await conversation.says("When are you open?")
        result.expect.contains_function_call(name="opening_hours")
        await conversation.answers_as("it told the opening hours")
        await conversation.says("I have a question about my bill.")
        assert conversation.persona == "billing"


async def test_the_appointments_desk_asks_before_it_books(talk: Talk) -> None:
    """Nothing is booked before a yes; then it says that it is."""
    async with talk("appointments") as conversation:
        result = await conversation.says(
            "Please book an appointment for Anna tomorrow at three in the afternoon."
        )
        result.expect.contains_function_call(name="book_appointment")
        await conversation.answers_as("it asked whether it shall book the appointment")
        assert "appointment" not in conversation.session.userdata.facts
        result = await conversation.says("Yes, please.")
        result.expect.contains_function_call(name="book_appointment")
        assert "Anna" in conversation.session.userdata.facts["appointment"]
        await conversation.answers_as("it said that the appointment is booked")


async def test_support_tells_of_an_order_only_to_its_owner(talk: Talk) -> None:
    """Without a proof nothing is said; with it the order is found."""
    async with talk("support") as conversation:
        await conversation.says("Where is my order 40217?")
        assert "kettle" not in conversation.last_words()
        result = await conversation.says(
            "Please verify me. My order number is 40217 and my postcode is 10115."
        )
        result.expect.contains_function_call(name="verify_caller")
        assert conversation.session.userdata.caller.verified
        result = await conversation.says("Where is my order 40217?")
        result.expect.contains_function_call(name="find_order")
        await conversation.answers_as("it said that the order is on its way")


async def test_billing_hands_over_what_is_not_about_money(talk: Talk) -> None:
    """A caller who wants an appointment comes to the appointments desk."""
    async with talk("billing") as conversation:
        await conversation.says("I want to book an appointment.")
        assert conversation.persona == "appointments"


async def test_the_interpreter_ends_the_call_when_asked_to(talk: Talk) -> None:
    """It is the one thing that it does beside interpreting."""
    async with talk("interpreter") as conversation:
        result = await conversation.says("Thank you, that was all. Please hang up now.")
        result.expect.contains_function_call(name="end_call")
        assert ("hang up", None) in conversation.control.done


@pytest.mark.parametrize(
    "persona", ["frontdesk", "appointments", "billing", "support", "interpreter"]
)
async def test_nobody_goes_on_recording_who_is_asked_to_stop(talk: Talk, persona: str) -> None:
    """Whoever the caller says it to."""
    async with talk(persona) as conversation:
        result = await conversation.says("Please stop recording this call.")
        result.expect.contains_function_call(name="stop_recording")
        await conversation.answers_as("it said that the recording has stopped")
