"""`/v1/models`: the names a client may look for. Every other endpoint takes any model's name."""

from __future__ import annotations

from aiohttp import web
from openai.types import Model
from pydantic import BaseModel

from agent.sandbox.answers import json_answer
from agent.sandbox.errors import ApiError

routes = web.RouteTableDef()

MODELS = (
    "gpt-realtime",
    "gpt-realtime-2",
    "gpt-realtime-mini",
    "gpt-5.4-mini",
    "gpt-5-mini",
    "gpt-4.1",
    "gpt-4.1-mini",
    "gpt-4o",
    "gpt-4o-mini",
    "gpt-transcribe",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-realtime-whisper",
    "whisper-1",
    "gpt-4o-mini-tts",
    "tts-1",
    "tts-1-hd",
)

_CREATED_AT = 1_735_689_600  # 2025-01-01; the sandbox's models have no other birthday


class ModelList(BaseModel):
    """The answer of `GET /v1/models`."""

    object: str
    data: list[Model]


@routes.get("/v1/models")
async def list_models(_request: web.Request) -> web.Response:
    """Every model the sandbox names."""
    return json_answer(ModelList(object="list", data=[_model(name) for name in MODELS]))


@routes.get("/v1/models/{name}")
async def get_model(request: web.Request) -> web.Response:
    """One model. Raises ApiError for one that is not listed."""
    name = request.match_info["name"]
    if name not in MODELS:
        raise ApiError(
            404,
            f"The model '{name}' does not exist or you do not have access to it.",
            param="model",
            code="model_not_found",
        )
    return json_answer(_model(name))


def _model(name: str) -> Model:
    return Model(id=name, created=_CREATED_AT, object="model", owned_by="parley-sandbox")
