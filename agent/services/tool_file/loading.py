"""The operator's file of tools, read and checked as a whole before a call is taken."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2
from pydantic import ValidationError

from agent.errors import SettingsError
from agent.services.tool_file.egress import AllowList
from agent.services.tool_file.entries import ToolFile
from agent.services.tool_file.templates import secrets_of, with_secrets
from agent.settings import SECRET_PREFIX, ToolFileSettings

MOST_BYTES = 1024 * 1024


def load_tool_file(settings: ToolFileSettings, *, taken: Sequence[str] = ()) -> ToolFile:
    """The operator's file, with its secrets in place; an empty one where there is none.

    Args:
        settings: Where it is, and the secrets that it may name.
        taken: Names that other tools have.

    Raises:
        SettingsError: with every fault there is, by entry.
    """
    if settings.file is None:
        return ToolFile()
    content = _read(settings.file)
    faults: list[str] = []
    try:
        file = ToolFile.model_validate(content)
    except ValidationError as error:
        described = (_describe(detail, content) for detail in error.errors(include_input=False))
        raise _refused(described) from None
    secrets = {name: secret.get_secret_value() for name, secret in settings.secrets.items()}
    faults += _doubles(file, taken)
    faults += _unreachable(file)
    faults += _missing_secrets(file, secrets)
    if faults:
        raise _refused(faults)
    return _with_secrets(file, secrets)


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = path.read_bytes()
        if len(raw) > MOST_BYTES:
            raise _refused([f"is larger than {MOST_BYTES} bytes"])
        return tomllib.loads(raw.decode("utf-8"))
    except OSError:
        raise _refused(["cannot be read"]) from None
    except UnicodeDecodeError:
        raise _refused(["is not UTF-8 text"]) from None
    except tomllib.TOMLDecodeError as error:
        raise _refused([f"is not TOML: {error}"]) from None


def _refused(faults: Sequence[str] | Iterator[str]) -> SettingsError:
    return SettingsError([f"PARLEY_TOOLS_FILE: {fault}" for fault in faults])


def _describe(detail: Any, content: Mapping[str, Any]) -> str:
    where = list(detail["loc"])
    entry = ""
    if len(where) > 1 and where[0] in ("http", "mcp") and isinstance(where[1], int):
        found = content[where[0]][where[1]]
        name = found.get("name") if isinstance(found, dict) else None
        entry = (
            f'{where[0]} "{name}": ' if isinstance(name, str) else f"{where[0]} {where[1] + 1}: "
        )
        where = where[2:]
    message = detail["msg"].removeprefix("Value error, ")
    field = ".".join(str(part) for part in where)
    return f"{entry}{field}: {message}" if field else f"{entry}{message}"


def _doubles(file: ToolFile, taken: Sequence[str]) -> Iterator[str]:
    for name, count in Counter(file.names).items():
        if count > 1:
            yield f'"{name}" is declared {count} times'
        if name in taken:
            yield f'"{name}" is the name of a tool that comes with Parley'


def _unreachable(file: ToolFile) -> Iterator[str]:
    allowed = file.allowed
    for entry in file.http:
        yield from (f'http "{entry.name}": {fault}' for fault in _url_faults(entry.url, allowed))
    for server in file.mcp:
        if server.url is not None:
            yield from (
                f'mcp "{server.name}": {fault}' for fault in _url_faults(server.url, allowed)
            )


def _url_faults(template: str, allowed: AllowList) -> Iterator[str]:
    origin = re.match(r"(https?)://([^/?#]*)", template)
    if origin is None or "{" in origin[2] or "@" in origin[2] or "#" in template:
        yield "url: must start with https:// and a host without blanks"
        return
    try:
        url = httpx2.URL(origin[0])
    except httpx2.InvalidURL:
        yield "url: has no valid host"
        return
    port = url.port or (443 if url.scheme == "https" else 80)
    if not allowed.names(url.host, port):
        yield f"url: {url.netloc.decode()} is not in allow_hosts"
    elif url.scheme != "https" and not allowed.is_exact(url.host, port):
        yield "url: must be https, unless allow_hosts has the host with its port"


def _templates(file: ToolFile) -> Iterator[tuple[str, str]]:
    for entry in file.http:
        for template in (entry.url, *entry.headers.values()):
            yield f'http "{entry.name}"', template
    for server in file.mcp:
        for template in (server.url or "", *server.headers.values(), *server.env.values()):
            yield f'mcp "{server.name}"', template


def _missing_secrets(file: ToolFile, secrets: Mapping[str, str]) -> Iterator[str]:
    for entry, template in _templates(file):
        for name in sorted(secrets_of(template)):
            if not name.startswith(SECRET_PREFIX):
                yield f"{entry}: ${{{name}}} must be a variable that starts with {SECRET_PREFIX}"
            elif name not in secrets:
                yield f"{entry}: {name} is not set"


def _with_secrets(file: ToolFile, secrets: Mapping[str, str]) -> ToolFile:
    def of_all(values: Mapping[str, str]) -> dict[str, str]:
        return {name: with_secrets(value, secrets) for name, value in values.items()}

    http = tuple(
        entry.model_copy(
            update={
                "url": with_secrets(entry.url, secrets),
                "headers": of_all(entry.headers),
            }
        )
        for entry in file.http
    )
    mcp = tuple(
        server.model_copy(
            update={
                "url": server.url and with_secrets(server.url, secrets),
                "headers": of_all(server.headers),
                "env": of_all(server.env),
            }
        )
        for server in file.mcp
    )
    return file.model_copy(update={"http": http, "mcp": mcp})
