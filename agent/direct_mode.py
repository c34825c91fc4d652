"""Direct mode put together for a web server. Belongs to the composition root, and stands beside it
because what `agent.bootstrap` imports is as much as a worker's own.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from agent.call.options import CallOptions
from agent.errors import SettingsError
from agent.settings import Settings
from agent.web.direct import DirectCalls, direct_is_on, provider_url
from agent.web.direct.calls import Caller, DirectCall
from agent.web.direct.provider import ProviderAccount
from agent.web.direct.routes import DirectMode
from agent.web.refusals import Refusal

if TYPE_CHECKING:
    from agent.bootstrap.direct import DirectDesk

logger = logging.getLogger(__name__)


def direct_mode(settings: Settings) -> DirectMode | None:
    """What a web server takes direct calls with; None where that is off.

    Raises:
        SettingsError: the operator wants it, and it cannot be had.
    """
    if not direct_is_on(settings):
        return None
    key = settings.realtime.api_key or settings.openai.api_key
    if key is None:
        raise SettingsError(["OPENAI_API_KEY: is not set, and PARLEY_DIRECT=on needs it"])
    account = ProviderAccount(
        settings.realtime.base_url or settings.openai.base_url, key.get_secret_value()
    )
    desk = _Desk(settings)
    if settings.direct.mode == "on":
        desk.load()
    return DirectMode(
        DirectCalls(desk.build, settings.direct),
        account,
        f"{provider_url(settings)}/realtime/calls",
        settings.direct.secret_s,
    )


class _Desk:
    """Loads what calls are made of when the first one begins: 2 s and 100 MB (2026-11-26), of which
    a server in development that never takes one has no need. Where the operator wants the mode, it
    is loaded before the server starts.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loaded: DirectDesk | None = None

    def load(self) -> DirectDesk:
        """Now. Raises SettingsError for what a worker would find at its start too."""
        # On the main thread, where the framework's plugins insist to be imported.
        from agent.bootstrap.direct import DirectDesk

        self._loaded = DirectDesk.load(self._settings)
        return self._loaded

    async def build(self, options: CallOptions, caller: Caller) -> DirectCall:
        """A Build."""
        return await (self._loaded or self._load_late()).build(options, caller)

    def _load_late(self) -> DirectDesk:
        try:
            return self.load()
        except SettingsError as error:
            logger.error("no direct call can be made: %s", "; ".join(error.faults))  # noqa: TRY400
            raise Refusal(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "direct_unavailable",
                "This server cannot make direct calls. Whoever runs it finds why in its log.",
            ) from None
