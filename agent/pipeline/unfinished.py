"""Whether a transcript breaks off: an audio detector cannot know that "to the" has to go on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from agent.call.language import primary_subtag

_BREAKS_OFF = re.compile(r"(,|…|\.\.\.|-|—|–)$")


_EN_BE = r"(is|are|was|were)"
_EN_PRONOUN = r"(i|you|we|they|he|she|it|there)"
_EN_AUXILIARY = r"(is|are|am|was|were|can|could|would|should|will|might|have|had|has)"
_EN_CONJUNCTION = r"(if|whether|because|unless|although|that)"
_EN_LINK = r"(of|for|to|with|about|like|at|on|in|than|after|is|was|and)\b"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class OpenEndings:
    """Last words, in lower case, after which a sentence of one language goes on."""

    always: frozenset[str]
    unless_asked: frozenset[str]
    """Prepositions and the like: they do end questions ("Where are you from?")."""
    except_after: frozenset[str] = frozenset()
    """Words before a preposition that make it a whole: "log in", "turn it on"."""
    halves: tuple[re.Pattern[str], ...] = ()
    """Sentences that lack their other half: searched in the words, in lower case, single spaces and
    without punctuation. Questions are left out.
    """


OPEN_ENDINGS: Mapping[str, OpenEndings] = {
    "en": OpenEndings(
        always=_words(
            "a an the my your our their and or but because if unless whether although i we they"
            " um uh er erm very i'm we're they're i'd i'll it's"
        ),
        unless_asked=_words("to of for with from at in on by between into than when"),
        except_after=_words(
            "log logged logging sign signed turn turned switch switched check checked come came go"
            " going hold it them get got move moved call calling put am are is was"
        ),
        halves=(
            re.compile(rf"^(my|our|his|her|the)( \w+){{1,3}} {_EN_BE}$"),
            # "What I wanted to know is", "The reason that I am asking is that"
            re.compile(rf"^(what {_EN_PRONOUN}|the (reason|thing|problem)) .*{_EN_BE}( that)?$"),
            # "if you could", "whether they are": but not "what it is", "as fast as I can"
            re.compile(rf"\b{_EN_CONJUNCTION} {_EN_PRONOUN} {_EN_AUXILIARY}$"),
            # "the appointment that", "a man who": but not "a bit of that"
            re.compile(rf"\b(the|a|an|my|our|some)( \w+)? (?!{_EN_LINK})\w+ (that|which|who)$"),
            re.compile(r"\b(it|that|this|there) (would|will|might) be$"),
            re.compile(r"\b(i|we) (would|'d) like$"),
            re.compile(r"\b(sounds|looks|feels|seems) (like|as)$"),
            re.compile(r"\b(think|hope|believe|guess) that$"),
        ),
    ),
    "de": OpenEndings(
        always=_words(
            "der die das dem den des ein eine einen einem einer mein meine meinen meinem ihr ihre"
            " und oder aber weil wenn dass ob damit ich wir äh ähm"
        ),
        unless_asked=_words("für von bei nach in im am um über unter gegen ohne mit"),
        halves=(re.compile(r"^(mein|meine|unser|unsere|der|die|das)( \w+){1,3} (ist|sind|war)$"),),
    ),
    "fr": OpenEndings(
        always=_words(
            "le la les un une des du de mon ma mes votre vos et ou mais parce que qu si je nous euh"
        ),
        unless_asked=_words("à pour avec dans sur par chez vers sans"),
    ),
    "es": OpenEndings(
        always=_words("el la los las un una unos unas mi mis su sus y o pero porque que si yo eh"),
        unless_asked=_words("a de para con en por sobre desde hasta sin"),
    ),
    "it": OpenEndings(
        always=_words("il lo la i gli le un una uno mio mia e o ma perché che se io ehm"),
        unless_asked=_words("a di da per con in su tra fra del della al alla"),
    ),
    "nl": OpenEndings(
        always=_words("de het een mijn uw onze en of maar omdat dat als ik wij eh"),
        unless_asked=_words("naar van voor met bij in op om"),
    ),
    "pt": OpenEndings(
        always=_words("o a os as um uma meu minha e ou mas porque que se eu"),
        unless_asked=_words("de para com em por sobre desde até sem"),
    ),
}


def is_unfinished(text: str, language: str) -> bool:
    """Whether these words, as a recogniser wrote them, break off in the middle of a sentence.

    Punctuation is trusted only where it says so: recognisers end anything with a full stop.
    Languages without a list are never called unfinished.
    """
    endings = OPEN_ENDINGS.get(primary_subtag(language))
    stripped = text.strip().lower()
    if endings is None or not stripped:
        return False
    if _BREAKS_OFF.search(stripped):
        return True
    words = re.findall(r"[\w'’]+", stripped.replace("’", "'"))
    if not words:
        return False
    if words[-1] in endings.always:
        return True
    if words[-1] in endings.unless_asked:
        before = words[-2] if len(words) > 1 else ""
        return not stripped.endswith("?") and before not in endings.except_after
    said = " ".join(words)
    return not stripped.endswith("?") and any(half.search(said) for half in endings.halves)
