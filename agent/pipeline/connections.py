"""HTTP connections of one call to its providers: opened before the first turn, and kept open.

Each plugin would otherwise make a client of its own: a TLS handshake for each part in the first
turn, and 80 to 300 ms in which the event loop stands still while each reads the certificates.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from functools import cache

import httpx2
import openai

from agent.errors import SettingsError
from agent.pipeline.parts import Account

logger = logging.getLogger(__name__)

CONNECTIONS_EACH = 2
"""Kept open for each account: a transcription may still run when the reply is asked for."""
REFRESH_S = 45.0
"""Servers and the boxes between close a connection that is idle for a minute or more."""
KEEPALIVE_S = 120.0
_TIMEOUT = httpx2.Timeout(connect=5.0, read=30.0, write=5.0, pool=5.0)


@cache
def load_certificates() -> ssl.SSLContext:
    """The trusted certificates. Takes about 0.1 s, so once for all job processes: `agent.preload`
    has asked for them before.
    """
    return httpx2.create_ssl_context()


def check_certificates() -> None:
    """See that the trusted certificates can be read. Raises SettingsError."""
    try:
        load_certificates()
    except OSError as error:  # what is no certificate is an ssl.SSLError, which is one
        why = error.strerror or type(error).__name__
        raise SettingsError(
            [f"SSL_CERT_FILE, SSL_CERT_DIR: no trusted certificates can be read from there ({why})"]
        ) from error


class Connections:
    """The clients of one call, one for each account, shared by its parts."""

    def __init__(self, certificates: ssl.SSLContext) -> None:
        self._certificates = certificates
        self._clients: dict[Account, openai.AsyncClient] = {}
        self._warming: asyncio.Task[None] | None = None

    def client(self, account: Account) -> openai.AsyncClient:
        """The client of an account. It is closed here, not by who uses it."""
        if account not in self._clients:
            self._clients[account] = openai.AsyncClient(
                base_url=account.base_url,
                api_key=account.api_key,
                max_retries=0,  # the framework retries
                http_client=httpx2.AsyncClient(
                    verify=self._certificates,
                    timeout=_TIMEOUT,
                    follow_redirects=True,
                    limits=httpx2.Limits(
                        max_connections=50,
                        max_keepalive_connections=50,
                        keepalive_expiry=KEEPALIVE_S,
                    ),
                ),
            )
        return self._clients[account]

    def start(self) -> None:
        """Begin to open the connections and to keep them open, in the background."""
        if self._clients and self._warming is None:
            self._warming = asyncio.create_task(self._keep_warm(), name="connections.keep_warm")

    async def warm(self) -> None:
        """Open connections to every account. A server that does not answer is only logged: the
        turn that needs it will tell.
        """
        await asyncio.gather(
            *(
                self._ask(client)
                for client in self._clients.values()
                for _ in range(CONNECTIONS_EACH)
            )
        )

    async def aclose(self) -> None:
        """Close the connections. Requests in progress fail."""
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        await asyncio.gather(
            *(client.close() for client in self._clients.values()), return_exceptions=True
        )

    async def _keep_warm(self) -> None:
        while True:
            await self.warm()
            await asyncio.sleep(REFRESH_S)

    async def _ask(self, client: openai.AsyncClient) -> None:
        try:
            await client.models.list()
        except openai.OpenAIError as error:
            # A refusal opens the connection as well.
            logger.debug("warming a connection: %s", error)
