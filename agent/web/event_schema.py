"""`/api/events.schema.json`: what clients and webhooks are told, as a JSON Schema."""

from __future__ import annotations

import json

from fastapi import APIRouter
from fastapi.responses import Response

from agent.publishing.schema import event_schema

KEPT_FOR_S = 300


def event_schema_routes() -> APIRouter:
    """The schema. It is the same for everybody, and holds nothing of any call."""
    routes = APIRouter()
    body = json.dumps(event_schema()).encode()

    @routes.head("/api/events.schema.json", include_in_schema=False)
    @routes.get("/api/events.schema.json")
    async def schema() -> Response:
        return Response(
            body,
            media_type="application/schema+json",
            headers={"Cache-Control": f"public, max-age={KEPT_FOR_S}"},
        )

    return routes
