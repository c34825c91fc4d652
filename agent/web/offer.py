"""`GET /api/offer`: what a visitor of the page may choose for their call."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal, TypeVar

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from agent.errors import SettingsError
from agent.personas import Persona, bundled_personas
from agent.personas.files import read_folder
from agent.settings import Pipeline, Settings

Mode = Literal["room", "direct"]
"""Through a LiveKit room, or straight from the browser to the provider."""

_Choice = TypeVar("_Choice", bound=str)


class OfferedPersona(BaseModel):
    """Somebody to talk with."""

    model_config = ConfigDict(frozen=True)

    name: str
    """As the call option takes it."""
    title: str


class Offer(BaseModel):
    """A menu, and no lock: the token endpoint takes what is valid. Of each there is at least what
    calls have whose caller chooses nothing, which comes first; but for voices, of which only those
    that the operator named are listed.
    """

    model_config = ConfigDict(frozen=True)

    personas: tuple[OfferedPersona, ...]
    pipelines: tuple[Pipeline, ...]
    languages: tuple[str, ...]
    """BCP 47 tags."""
    voices: tuple[str, ...]
    modes: tuple[Mode, ...]


def build_offer(settings: Settings, *, modes: tuple[Mode, ...] = ("room",)) -> Offer:
    """What the settings offer. Where they name nothing, a developer is offered all there is, and
    in production there is nothing to choose.

    Args:
        settings: The call's, the personas' and the offer's are used.
        modes: The ways there are to make a call, the usual one first.

    Raises:
        SettingsError: the offer names a persona that is none.
    """
    given, usual = settings.offer, settings.call
    personas = _personas(settings)
    if unknown := sorted(set(given.personas) - set(personas)):
        raise SettingsError([f"PARLEY_OFFER_PERSONAS: {name} is not a persona" for name in unknown])
    everything = settings.environment == "development"
    names = given.personas or (personas if everything else ())
    languages = given.languages or (_languages(personas.values()) if everything else ())
    pipelines: Collection[Pipeline] = given.pipelines or (
        ("cascade", "realtime") if everything else ()
    )
    return Offer(
        personas=tuple(
            OfferedPersona(name=name, title=_title(personas, name))
            for name in _first(usual.persona, names)
        ),
        pipelines=_first(usual.pipeline, pipelines),
        languages=_first(usual.language, languages),
        voices=given.voices,
        modes=modes,
    )


def offer_routes(offer: Offer) -> APIRouter:
    """The endpoint."""
    routes = APIRouter()
    body = offer.model_dump_json().encode()

    @routes.head("/api/offer", include_in_schema=False)
    @routes.get("/api/offer")
    async def offered() -> Response:
        return Response(body, media_type="application/json", headers={"Cache-Control": "no-cache"})

    return routes


def _personas(settings: Settings) -> Mapping[str, Persona]:
    """Those that can be used; of faults in the operator's files the worker tells."""
    folder = settings.personas.folder
    return {**bundled_personas(), **(read_folder(folder).personas if folder is not None else {})}


def _title(personas: Mapping[str, Persona], name: str) -> str:
    title = personas[name].title if name in personas else name.replace("_", " ")
    title = title.removeprefix("the ")
    return title[:1].upper() + title[1:]


def _languages(personas: Iterable[Persona]) -> tuple[str, ...]:
    """Those in which somebody knows how to greet."""
    return tuple(sorted({tag for persona in personas for tag in persona.greetings if tag}))


def _first(usual: _Choice, offered: Iterable[_Choice]) -> tuple[_Choice, ...]:
    return (usual, *(choice for choice in offered if choice != usual))
