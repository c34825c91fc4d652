"""Parley's command line: `python agent.py dev | start | console | …`; `--help` tells them all.

The one place that touches the framework's launchers, so that following a change of theirs is one
edit. `import agent` finds the package of that name, never this file.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes.util
import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent
WORKER = PROJECT / "agent" / "worker.py"

WITH_OPTIONS_OF_THEIR_OWN = (
    "console",
    "calls",
    "cost-estimate",
    "operator-token",
    "link",
    "webhooks",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="agent.py", description="Parley, a voice agent worker.")
    commands = parser.add_subparsers(dest="command", required=True)
    dev = commands.add_parser(
        "dev", help="run the worker with whatever is not configured: server, provider, page"
    )
    dev.add_argument("--only-worker", action="store_true", help="without the embedded parts")
    start = commands.add_parser("start", help="run the worker in production")
    for command in (dev, start):
        command.add_argument(
            "--log-level",
            default=os.environ.get("LIVEKIT_LOG_LEVEL", "INFO").upper(),
            choices=["DEBUG", "INFO", "WARN", "ERROR"],
        )
    commands.add_parser("console", help="talk with the agent in this terminal", add_help=False)
    commands.add_parser("calls", help="the records of calls: read, counted, erased", add_help=False)
    commands.add_parser("download-files", help="fetch the models that plugins need")
    commands.add_parser(
        "cost-estimate", help="what calls of this worker would cost", add_help=False
    )
    commands.add_parser("new-key", help="make a key for PARLEY_RECORDS_KEYS")
    commands.add_parser(
        "operator-token", help="make a token for who reads records at /calls", add_help=False
    )
    commands.add_parser("link", help="make a link that lets somebody call", add_help=False)
    commands.add_parser("webhooks", help="send dead letters again, make a secret", add_help=False)
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command not in WITH_OPTIONS_OF_THEIR_OWN:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    run: Mapping[str, Callable[[], int]] = {
        "dev": lambda: _worker_of_dev(options) if options.only_worker else _dev(options.log_level),
        "start": lambda: _run_worker("--log-level", options.log_level),
        "console": _console,
        "calls": lambda: _calls(rest),
        "cost-estimate": lambda: _estimate_cost(rest),
        "new-key": _new_key,
        "operator-token": lambda: _operator_token(rest),
        "link": lambda: _link(rest),
        "webhooks": lambda: _webhooks(rest),
        "download-files": lambda: _framework("download-files"),
    }
    return run[options.command]()


def _worker_of_dev(options: argparse.Namespace) -> int:
    return _run_worker("--dev", "--log-format", "colored", "--log-level", options.log_level)


def _dev(log_level: str) -> int:
    from agent.settings import load_env_files, load_settings_or_exit
    from agent.stack import Console, ServerMissingError, plan_stack, run_stack

    load_env_files(PROJECT)
    worker = [sys.executable, str(PROJECT / "agent.py"), "dev", "--only-worker"]
    console = Console(sys.stdout)
    try:
        plan = plan_stack(os.environ, project=PROJECT, worker=[*worker, "--log-level", log_level])
    except ServerMissingError as error:
        console.fail(str(error))
        return 1
    # Told here, at once and in one place, instead of by each part on its own.
    load_settings_or_exit({**os.environ, **plan.env})
    for note in plan.notes:
        console.say(note)
    announcement = f"Parley is ready. Open {plan.page_url} and talk. Ctrl-C stops everything."
    return asyncio.run(run_stack(plan.parts, announcement=announcement, console=console))


def _run_worker(*flags: str) -> int:
    from agent.bootstrap import prepare_records
    from agent.errors import RecordsError, SettingsError
    from agent.settings import exit_with_faults
    from agent.stack import notify_ready
    from agent.worker import check_access, server, settings

    try:
        asyncio.run(check_access(settings.livekit))
        asyncio.run(prepare_records(settings))
    except SettingsError as error:
        exit_with_faults(error)
    except RecordsError as error:
        exit_with_faults(SettingsError([f"PARLEY_DATABASE_URL: {error}"]))
    server.on("worker_registered", lambda *_: notify_ready())
    code = _framework("start", str(WORKER), *flags)
    return code or int(server.failed)


def _console() -> int:
    from agent.settings import load_env_files
    from agent.stack import Console, plan_console, run_beside

    load_env_files(PROJECT)
    plan = plan_console(os.environ, project=PROJECT)
    if plan.env:
        console = Console(sys.stdout)
        for note in plan.notes:
            console.say(note)
        # The same command once more, now with everything configured.
        argv = [sys.executable, *sys.argv]
        env = {**os.environ, **plan.env}
        return asyncio.run(run_beside(plan.parts, argv, env, console=console))
    return _framework_console()


def _new_key() -> int:
    from agent.records.sealing import new_key

    print(new_key())  # noqa: T201 - for the person at the terminal
    return 0


def _framework_console() -> int:
    if ctypes.util.find_library("portaudio") is None:
        print(  # noqa: T201 - for the person at the terminal
            "The console needs PortAudio. On Debian or Ubuntu: apt-get install libportaudio2"
        )
        return 1
    from livekit.agents import cli

    from agent.worker import server

    warnings.simplefilter("ignore", DeprecationWarning)
    cli.run_app(server)
    return 0


def _calls(arguments: Sequence[str]) -> int:
    from agent.errors import SettingsError
    from agent.publishing.dead_letters import DeadLetters
    from agent.records.arguments import parse
    from agent.records.command import run
    from agent.records.desk import DeskSettings
    from agent.settings import (
        BusinessSettings,
        DatabaseSettings,
        PrivacySettings,
        RecordSettings,
        WebhookSettings,
        exit_with_faults,
        load_env_files,
        load_group,
    )

    options = parse(arguments)
    load_env_files(PROJECT)
    try:
        settings = DeskSettings(
            database=load_group(DatabaseSettings, os.environ),
            records=load_group(RecordSettings, os.environ),
            privacy=load_group(PrivacySettings, os.environ),
            phone_region=load_group(BusinessSettings, os.environ).phone_region,
            letters=DeadLetters(load_group(WebhookSettings, os.environ).dead_letters),
        )
        return asyncio.run(run(options, settings))
    except SettingsError as error:
        exit_with_faults(error)


def _estimate_cost(arguments: Sequence[str]) -> int:
    from agent.cost.command import parse, run
    from agent.settings import load_env_files

    options = parse(arguments)
    load_env_files(PROJECT)
    return run(options)


def _operator_token(arguments: Sequence[str]) -> int:
    from agent.errors import SettingsError
    from agent.settings import OperatorSettings, exit_with_faults, load_env_files, load_group
    from agent.web.operator_token import parse, run

    options = parse(arguments)
    load_env_files(PROJECT)
    try:
        return run(options, load_group(OperatorSettings, os.environ))
    except SettingsError as error:
        exit_with_faults(error)


def _link(arguments: Sequence[str]) -> int:
    from agent.errors import SettingsError
    from agent.settings import AdmissionSettings, exit_with_faults, load_env_files, load_group
    from agent.web.admission.link_command import parse, run

    options = parse(arguments)
    load_env_files(PROJECT)
    try:
        return run(options, load_group(AdmissionSettings, os.environ))
    except SettingsError as error:
        exit_with_faults(error)


def _webhooks(arguments: Sequence[str]) -> int:
    from agent.errors import SealingError, SettingsError
    from agent.publishing.replay import parse
    from agent.publishing.signing import new_secret
    from agent.settings import (
        PrivacySettings,
        WebhookSettings,
        exit_with_faults,
        load_env_files,
        load_group,
    )

    if parse(arguments).webhooks_command == "new-secret":
        print(new_secret())  # noqa: T201 - for the person at the terminal
        return 0
    from agent.bootstrap.webhooks import replay_dead_letters

    load_env_files(PROJECT)
    try:
        webhooks = load_group(WebhookSettings, os.environ)
        left = asyncio.run(replay_dead_letters(webhooks, load_group(PrivacySettings, os.environ)))
    except SettingsError as error:
        exit_with_faults(error)
    except (SealingError, OSError) as error:
        print(f"The dead letters cannot be read: {error}")  # noqa: T201 - as above
        return 1
    return int(left > 0)


def _framework(*arguments: str) -> int:
    from livekit.agents.__main__ import main as framework

    return framework(list(arguments))


if __name__ == "__main__":
    sys.exit(main())
