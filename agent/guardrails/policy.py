"""The rules as data: those that come with Parley, and the operator's own over them by name."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from agent.call.language import primary_subtag
from agent.errors import SettingsError
from agent.guardrails.patterns import compiled
from agent.personal import ALL_KINDS, Kind

VARIABLE = "PARLEY_GUARDRAILS_FILE"
MAX_FILE_BYTES = 1_000_000


def _usable(pattern: str) -> str:
    compiled(pattern)
    return pattern


Pattern = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_usable)]
Phrase = Annotated[str, Field(min_length=1, max_length=100, pattern=r"\w")]
Sentence = Annotated[str, Field(min_length=1, max_length=300)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class _Rule(_Table):
    say: Name = "blocked"
    """Which sentence takes the place of what did not pass."""
    counts: bool = True
    """Whether it is one of the trips after which a call is ended."""


class WordsRule(_Rule):
    """Trips at words and phrases; one that ends in `*` stands for all that begin like it."""

    kind: Literal["words"]
    words: tuple[Phrase, ...] = Field(min_length=1, max_length=5_000)
    least: int = Field(default=1, ge=1, le=20)
    """How many different ones of a reply make the topic that this rule is about."""


class PatternsRule(_Rule):
    """Trips at regular expressions, whatever the case of letters."""

    kind: Literal["patterns"]
    patterns: tuple[Pattern, ...] = Field(min_length=1, max_length=200)


class SecretsRule(_Rule):
    """Trips at what looks like a key, and at the values of the worker's own."""

    kind: Literal["secrets"]


class InstructionsRule(_Rule):
    """Trips where the agent recites its instructions."""

    kind: Literal["instructions"]
    words: int = Field(default=12, ge=6, le=30)
    """In a row, the same as there."""


class PersonalRule(_Rule):
    """Trips at personal data that is not the caller's."""

    kind: Literal["personal"]
    of: tuple[Kind, ...] = ALL_KINDS
    allowed: tuple[str, ...] = Field(default=(), max_length=200)
    """What everybody may hear, such as the business's own telephone."""
    public_tools: tuple[str, ...] = ("search_knowledge", "opening_hours")
    """Tools whose results everybody may hear; a verified caller may hear those of all tools."""


class LengthRule(_Rule):
    """Trips at the sentence with which a reply becomes longer than this."""

    kind: Literal["length"]
    characters: int = Field(ge=50, le=20_000)


class JudgeRule(_Rule):
    """Asks a language model, where one is configured for it."""

    kind: Literal["judge"]
    question: str = Field(min_length=1, max_length=2_000)
    """Answered with yes where the rule is broken."""


Rule = Annotated[
    WordsRule
    | PatternsRule
    | SecretsRule
    | InstructionsRule
    | PersonalRule
    | LengthRule
    | JudgeRule,
    Field(discriminator="kind"),
]


class Sign(_Table):
    """Something that speaks for an attempt to give the model other instructions."""

    pattern: Pattern
    weight: float = Field(gt=0, lt=1)


class InputPolicy(_Table):
    """What is done about what comes in."""

    suspicion: float = Field(default=0.6, gt=0, le=1)
    """From when on words count as such an attempt: 0 for no sign, 1 for certainty."""
    signs: Mapping[Name, Sign] = Field(default_factory=dict)
    abuse: tuple[Phrase, ...] = Field(default=(), max_length=5_000)
    """Words and phrases that a caller is warned for once."""


class _File(_Table):
    default: tuple[Name, ...] | None = None
    rules: Mapping[Name, Rule] = Field(default_factory=dict)
    input: InputPolicy = InputPolicy()
    sentences: Mapping[str, Mapping[Name, Sentence]] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policy:
    """All rules by name, which of them a persona has that does not choose, and what is said."""

    rules: Mapping[str, Rule]
    default: tuple[str, ...]
    input: InputPolicy
    sentences: Mapping[str, Mapping[str, str]]
    """By language, a BCP 47 tag's first part, and by name."""

    def chosen(self, names: Sequence[str] | None) -> Mapping[str, Rule]:
        """The rules of these names, in their order; those by default for None.

        Raises:
            KeyError: for a name that there is no rule of; see `unknown`.
        """
        return {name: self.rules[name] for name in (self.default if names is None else names)}

    def unknown(self, names: Sequence[str]) -> list[str]:
        """Those names that there is no rule of."""
        return [name for name in names if name not in self.rules]

    def sentence(self, name: str, language: str) -> str:
        """What is said, in this language or else in English."""
        tag = primary_subtag(language)
        said = self.sentences.get(tag, {}).get(name)
        return said or self.sentences["en"].get(name) or self.sentences["en"]["blocked"]


def load_policy(file: Path | None = None) -> Policy:
    """The bundled policy with the file's over it: its rules, signs and sentences by name, its other
    values as a whole.

    Raises:
        SettingsError: with every fault of the file.
    """
    bundled = _read(resources.files(__package__).joinpath("bundled.toml").read_bytes())
    own = _read_file(file) if file is not None else _File()
    policy = Policy(
        rules={**bundled.rules, **own.rules},
        default=(bundled.default if own.default is None else own.default) or (),
        input=_merged(bundled.input, own.input),
        sentences={
            language: {**bundled.sentences.get(language, {}), **own.sentences.get(language, {})}
            for language in {*bundled.sentences, *own.sentences}
        },
    )
    if faults := list(_faults(policy)):
        raise SettingsError([f"{VARIABLE}: {fault}" for fault in faults])
    return policy


def _merged(bundled: InputPolicy, own: InputPolicy) -> InputPolicy:
    given = {name: getattr(own, name) for name in own.model_fields_set}
    return bundled.model_copy(update={**given, "signs": {**bundled.signs, **own.signs}})


def _faults(policy: Policy) -> Iterator[str]:
    for name in policy.unknown(policy.default):
        yield f"default: there is no rule {name}"
    for name, rule in policy.rules.items():
        if rule.say not in policy.sentences["en"]:
            yield f"rules.{name}.say: there is no sentence {rule.say} in English"


def _read(content: bytes) -> _File:
    return _File.model_validate(tomllib.loads(content.decode("utf-8")))


def _read_file(file: Path) -> _File:
    try:
        content = file.read_bytes()
        if len(content) > MAX_FILE_BYTES:
            raise SettingsError([f"{VARIABLE}: {file.name} is larger than {MAX_FILE_BYTES} bytes"])
        return _read(content)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise SettingsError([f"{VARIABLE}: {file.name}: {fault}"]) from None
    except ValidationError as error:
        raise SettingsError([f"{VARIABLE}: {line}" for line in _lines(error)]) from None


def _lines(error: ValidationError) -> Iterator[str]:
    for detail in error.errors(include_input=False, include_url=False, include_context=False):
        yield f"{_place(detail['loc'])}: {detail['msg']}"


def _place(location: tuple[Any, ...]) -> str:
    kinds = {"words", "patterns", "secrets", "instructions", "personal", "length", "judge"}
    # The third part of a rule's place is its kind, which the file does not have there.
    parts = [
        str(part)
        for at, part in enumerate(location)
        if not (at == 2 and location[0] == "rules" and part in kinds and len(location) > 3)
    ]
    return ".".join(parts)
