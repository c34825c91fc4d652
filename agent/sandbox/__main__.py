"""`python -m agent.sandbox`: the sandbox as a process."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from agent.sandbox.app import build_app, serve
from agent.sandbox.ears import Ears, FirstAvailableEars
from agent.sandbox.espeak import EspeakVoices
from agent.sandbox.piper import PiperVoices
from agent.sandbox.provider import Provider
from agent.sandbox.script import Plan, Script, ScriptError
from agent.sandbox.sphinx import PocketsphinxEars
from agent.sandbox.voices import Voices
from agent.sandbox.whisper import DEFAULT_MODEL, WhisperEars

_VARIABLES = "PARLEY_SANDBOX_"
"""Each option can also be given as a variable: --whisper-model as PARLEY_SANDBOX_WHISPER_MODEL."""
_CANNOT_START = 2


def main() -> int:
    """Serve until SIGINT or SIGTERM. Returns the exit code."""
    options = _parser().parse_args()
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.INFO)
    # Each tells of every step that it takes.
    for name in ("faster_whisper", "aioice", "aiortc"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # What it would log are requests that are no HTTP; all other faults reach our own handler.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    try:
        plan = Plan.from_toml(options.script) if options.script else Plan()
    except ScriptError as fault:
        return _refuse(str(fault))
    try:
        asyncio.run(_serve(options, plan))
    except OSError as fault:
        return _refuse(f"cannot listen on {options.host}:{options.port}: {fault.strerror}")
    return 0


async def _serve(options: argparse.Namespace, plan: Plan) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    provider = Provider(ears=_ears(options), voices=_voices(options), script=Script(plan))
    app = build_app(provider, api_key=options.api_key, control=options.control)
    runner, port = await serve(app, host=options.host, port=options.port)
    host = f"[{options.host}]" if ":" in options.host else options.host
    print(f"Sandbox provider on http://{host}:{port}/v1", flush=True)  # noqa: T201
    await stop.wait()
    await runner.cleanup()


def _ears(options: argparse.Namespace) -> Ears:
    match options.ears:
        case "whisper":
            return WhisperEars(options.whisper_model)
        case "pocketsphinx":
            return PocketsphinxEars()
        case _:
            return FirstAvailableEars([WhisperEars(options.whisper_model), PocketsphinxEars()])


def _voices(options: argparse.Namespace) -> Voices:
    return PiperVoices(options.piper_models) if options.piper_models else EspeakVoices()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m agent.sandbox",
        description="OpenAI's API on this machine, offline: realtime, chat, speech, transcription.",
        epilog=f"Options with a default can also be given as variables: {_VARIABLES}EARS, …",
    )

    def add(option: str, *, default: str | None = None, **details: Any) -> None:
        variable = _VARIABLES + option.removeprefix("--").replace("-", "_").upper()
        parser.add_argument(option, default=os.environ.get(variable) or default, **details)

    parser.add_argument("--port", type=_port, required=True, help="0 lets the system choose")
    add("--host", default="127.0.0.1")
    add("--api-key", help="refuse clients that do not send it; default: all may")
    add("--script", type=Path, help="TOML file with fixed replies, delays and faults")
    parser.add_argument(
        "--control", action="store_true", help="let POST /control change the script"
    )
    add("--ears", type=_ears_name, default="auto", help="auto, whisper or pocketsphinx")
    add(
        "--whisper-model",
        default=DEFAULT_MODEL,
        help="name, model hub repository or folder (default: %(default)s)",
    )
    add("--piper-models", type=Path, help="folder of piper voices, to speak with these instead")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is no port: they go from 0 to 65535")
    return port


def _ears_name(text: str) -> str:
    if text not in ("auto", "whisper", "pocketsphinx"):
        raise argparse.ArgumentTypeError(f"{text!r} is none of auto, whisper and pocketsphinx")
    return text


def _refuse(reason: str) -> int:
    print(f"The sandbox cannot start: {reason}", file=sys.stderr)  # noqa: T201
    return _CANNOT_START


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # An engine that is at work in a thread cannot be stopped, and nobody waits for its result.
    os._exit(code)
