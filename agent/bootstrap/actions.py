"""What a call does for its clients: the Actions of `agent.publishing.asked`."""

from __future__ import annotations

from collections.abc import Callable

from agent.bootstrap.call import Call
from agent.bootstrap.opening import Opening
from agent.call.record import Feedback
from agent.pipeline.muting import Muting
from agent.publishing.asked import Cannot
from tools.languages import find_language


class CallActions:
    """The Actions of one call.

    Args:
        call: The call.
        opening: How it begins, which has the first say on what the caller writes.
        on_mute: Is told whether the caller is heard.
    """

    def __init__(self, call: Call, opening: Opening, *, on_mute: Callable[[bool], None]) -> None:
        self._call = call
        self._opening = opening
        self._muting = Muting(call.audio.caller, call.session)
        self._on_mute = on_mute

    async def say_text(self, text: str) -> None:
        """See Actions."""
        if not await self._opening.take_words(self._call.session, text):
            raise Cannot("The agent cannot be interrupted at this moment, or there was no text.")

    async def set_language(self, language: str) -> str:
        """See Actions."""
        found = find_language(language)
        if found is None:
            raise Cannot("That language is not known.")
        state = self._call.state
        if found.tag != state.language:
            await state.control.switch_language(found.tag)
            state.language = found.tag
            if self._opening.consent.state != "pending":
                self._say_so(found.name)
        return found.tag

    def set_muted(self, muted: bool) -> None:
        """See Actions."""
        self._muting.set(muted)
        self._on_mute(muted)

    def approve(self, id_: str, approved: bool, *, by: str) -> None:
        """See Actions."""
        if not self._call.decisions.decide(id_, approved, by=by):
            raise Cannot("That is not asked, or not any more.")

    def give_feedback(self, rating: str, comment: str) -> None:
        """See Actions."""
        self._call.listener.note(Feedback(rating, comment))

    def _say_so(self, language: str) -> None:
        """The model is told in passing: what it says in the other language stands in the history,
        and it goes on in it.
        """
        try:
            self._call.session.generate_reply(
                instructions=f"The caller has chosen {language}. Speak {language} from now on."
                " Say in one short sentence that you do, and ask how you can help.",
                tool_choice="none",
            )
        except RuntimeError:
            raise Cannot("The call is about to end.") from None
