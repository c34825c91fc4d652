"""The end of a call whose budget is spent: a sentence, and then the line is closed."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from agent.call.language import primary_subtag

logger = logging.getLogger(__name__)

REASON = "budget is spent"
LIMIT_S = 45.0
"""For the reply that is under way and the sentence after it; then the call ends in any case."""

SENTENCES: Mapping[str, str] = {
    "en": "I am sorry, I have to end this call now. Please call us again later. Goodbye.",
    "de": "Es tut mir leid, ich muss dieses Gespräch jetzt beenden. Bitte rufen Sie später noch"
    " einmal an. Auf Wiederhören.",
    "fr": "Je suis désolée, je dois mettre fin à cet appel maintenant. Rappelez-nous plus tard,"
    " s'il vous plaît. Au revoir.",
    "es": "Lo siento, tengo que terminar esta llamada ahora. Vuelva a llamarnos más tarde, por"
    " favor. Adiós.",
    "it": "Mi dispiace, devo terminare la chiamata adesso. La prego di richiamare più tardi."
    " Arrivederci.",
    "nl": "Het spijt me, ik moet dit gesprek nu beëindigen. Belt u ons later nog eens. Tot ziens.",
    "pt": "Lamento, tenho de terminar esta chamada agora. Por favor, volte a ligar mais tarde."
    " Adeus.",
}


class Speech(Protocol):
    """What is being said."""

    @property
    def interrupted(self) -> bool:
        """Whether it was cut."""
        ...

    async def wait_for_playout(self) -> None:
        """Return when it is over."""
        ...


class Farewell:
    """Takes leave of a caller.

    Args:
        announce: Says a sentence to its end, after what is being said; RuntimeError where the
            session is closing already.
        end: Ends the call with a reason; told to apologise where the sentence was not heard.
    """

    def __init__(self, announce: Callable[[str], Speech], end: Callable[[str, bool], None]) -> None:
        self._announce = announce
        self._end = end
        self._saying: asyncio.Task[None] | None = None

    def begin(self, language: str) -> None:
        """Take leave after the present reply, once."""
        if self._saying is None:
            # Outside of the request whose cost was the last: it is no part of that reply.
            self._saying = asyncio.create_task(
                self._say(sentence_in(language)),
                name="cost.farewell",
                context=contextvars.Context(),
            )

    async def _say(self, sentence: str) -> None:
        heard = False
        try:
            async with asyncio.timeout(LIMIT_S):
                speech = self._announce(sentence)
                await speech.wait_for_playout()
                heard = not speech.interrupted
        except (TimeoutError, RuntimeError) as error:
            logger.warning("a farewell was not said", extra={"error": type(error).__name__})
        finally:
            self._end(REASON, not heard)


def sentence_in(language: str) -> str:
    """The last sentence in a language, a BCP 47 tag, or else in English."""
    return SENTENCES.get(primary_subtag(language), SENTENCES["en"])
