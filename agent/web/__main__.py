"""`python -m agent.web --port N`: serve the page and the token endpoint until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
from types import FrameType

import uvicorn

from agent.direct_mode import direct_mode
from agent.errors import SettingsError
from agent.settings import exit_with_faults, load_env_files, load_settings_or_exit
from agent.web.app import create_app

SHUTDOWN_S = 5


def main() -> int:
    """Run the server; the exit status is 2 when it cannot start as asked."""
    options = _arguments()
    load_env_files()
    settings = load_settings_or_exit(os.environ, calls_providers=False)
    host = settings.web.host if options.host is None else options.host
    port = settings.web.port if options.port is None else options.port
    try:
        listener = _listen(host, port)
    except (OSError, OverflowError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else error
        sys.stderr.write(
            f"The web page cannot be served at {host}:{port}: {reason}. "
            "Choose another with --port or PARLEY_WEB_PORT.\n"
        )
        return 2
    web = settings.web.model_copy(update={"host": host, "port": port})
    try:
        settings = settings.model_copy(update={"web": web})
        app = create_app(settings, direct=direct_mode(settings))
    except SettingsError as error:
        exit_with_faults(error)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            loop="asyncio",  # on which it was measured; uvicorn would take uvloop, which calls need
            # uvicorn's would believe whoever is on this machine; see PARLEY_TRUSTED_PROXIES.
            proxy_headers=False,
            timeout_graceful_shutdown=SHUTDOWN_S,
        )
    )
    # uvicorn closes its connections, then raises the signal again for whoever set a handler.
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    sys.stdout.write(f"Web page at {_url(listener)}\n")
    sys.stdout.flush()
    server.run(sockets=[listener])
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m agent.web", description="Serve Parley's page and token endpoint."
    )
    parser.add_argument("--host", help="address to listen on (default: PARLEY_WEB_HOST)")
    parser.add_argument(
        "--port", type=int, help="port; 0 takes a free one (default: PARLEY_WEB_PORT)"
    )
    return parser.parse_args()


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket, opened here so that a port in use is our sentence, not a log record."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _end(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())
