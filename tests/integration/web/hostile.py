"""Requests that no honest client sends, and a way to send them as they are."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message

PATHS = ("/api/token", "/api/token/resume")
JSON_TYPE = (b"content-type", b"application/json")


@dataclass(frozen=True, slots=True)
class Hostile:
    """One request; header names and values are bytes, as they come over a line."""

    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = (JSON_TYPE,)
    path: str = "/api/token"
    method: str = "POST"
    query: bytes = b""

    def as_http(self) -> bytes:
        """As it goes over a line."""
        target = self.path.encode() + (b"?" + self.query if self.query else b"")
        lines = [self.method.encode() + b" " + target + b" HTTP/1.1", b"Host: a"]
        lines += [name + b": " + value for name, value in self.headers]
        lines.append(b"Content-Length: %d" % len(self.body))
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


@dataclass(slots=True)
class Answer:
    """What came back."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    @property
    def all_bytes(self) -> bytes:
        """Everything that a client received."""
        return b"".join(name + value for name, value in self.headers) + self.body


async def ask(app: ASGIApp, hostile: Hostile, *, piece: int = 4_096) -> Answer:
    """Send a request to an application in this process, its body in pieces."""
    pieces = [hostile.body[at : at + piece] for at in range(0, len(hostile.body), piece)] or [b""]
    left = iter(pieces)
    sent = 0
    answer = Answer()

    async def receive() -> Message:
        nonlocal sent
        sent += 1
        more = sent < len(pieces)
        return {"type": "http.request", "body": next(left, b""), "more_body": more}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            answer.body += message.get("body", b"")

    await app(_scope(hostile), receive, send)
    return answer


def _scope(hostile: Hostile) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": hostile.method,
        "scheme": "http",
        "path": hostile.path,
        "raw_path": hostile.path.encode(),
        "root_path": "",
        "query_string": hostile.query,
        "headers": [(name.lower(), value) for name, value in hostile.headers],
        "client": ("127.0.0.1", 40_000),
        "server": ("127.0.0.1", 8_000),
    }


Send = Callable[[Hostile], Awaitable[Answer]]

METADATA = json.dumps({"persona": "frontdesk", "language": "en"})
BODIES: tuple[bytes, ...] = tuple(
    json.dumps(body).encode()
    for body in (
        {},
        {"participant_name": "Ada"},
        {"room_config": {"agents": [{"agent_name": "parley", "metadata": METADATA}]}},
        {"roomConfig": {"agents": [{"agentName": "parley", "metadata": METADATA}]}},
        {"room_name": "a", "participant_identity": "b", "resume_token": "x.y.z"},
        {"participant_attributes": {"a": "b"}, "participant_metadata": "{}"},
        {"room_config": {"egress": {"room": {"roomName": "x"}}, "max_participants": 9}},
        {"resume_token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"},
    )
)
VALUES = [
    r"null",
    r"true",
    r"false",
    r"0",
    r"-1",
    r"1e999",
    r"NaN",
    r"Infinity",
    r"-Infinity",
    r"1e-400",
    r"0x10",
    r"01",
    r"''",
    r"[]",
    r"{}",
    r"[[]]",
    r"[null]",
    r'{"a":{}}',
    r'""',
    r'"x"',
    r'"\u0000"',
    r'"\ud800"',
    r'"\udfff\ud800"',
    r'"\uFFFF"',
    r'"\u202e"',
    r'"../../etc/passwd"',
    r'"${jndi:ldap://a}"',
    r'"<script>"',
    r'"%00"',
    r'"{{7*7}}"',
    r'"\""',
    r'"\\"',
    r"9999999999999999999999999999",
]
PASSES = (
    b"",
    b"Bearer",
    b"Bearer ",
    b"bearer x",
    b"Basic YTpi",
    b"Bearer a.b.c",
    b"Bearer " + b"." * 300,
    b"Bearer " + b"A" * 9_000,
    b"Bearer \xff\xfe\x00",
    b"Bearer " + "é✓".encode(),
    b"Bearer " + base64.urlsafe_b64encode(b'{"alg":"none"}') + b".e30.",
    b"Bearer " + base64.urlsafe_b64encode(b'{"alg":"HS256","crit":["a"]}') + b".e30.e30",
    b"Bearer " + base64.urlsafe_b64encode(b'{"alg":["HS256"],"kid":{}}') + b".e30.e30",
    b"Bearer " + base64.urlsafe_b64encode(b"[" * 3_000) + b".e30.e30",
)
ODD_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-type", b"application/json; charset=utf-16"),
    (b"content-type", b"text/plain"),
    (b"content-type", b"multipart/form-data; boundary=x"),
    (b"content-type", b"\xff"),
    (b"content-type", b"application/json" * 400),
    (b"content-encoding", b"gzip"),
    (b"transfer-encoding", b"identity"),
    (b"x-forwarded-for", b"1.2.3.4, ::, [, 999.9.9.9:99999, \xff"),
    (b"x-forwarded-for", b"," * 5_000),
    (b"forwarded", b"for=unknown"),
    (b"host", b"evil.example:99999999"),
    (b"host", b"\xff[:"),
    (b"origin", b"null"),
    (b"origin", b"https://[evil"),
    (b"sec-fetch-site", b"same-origin"),
    (b"cookie", b"__Host-parley=a.b.c"),
    (b"cookie", b"__Host-parley=" + b"A" * 9_000),
    (b"cookie", b";=\xff;__Host-parley"),
    (b"parley-resume-token", b"x.y.z"),
    (b"parley-resume-token", b"\xff" * 500),
    (b"access-control-request-method", b"DELETE"),
    (b"x-padding", b"x" * 60_000),
    (b"expect", b"100-continue"),
)
METHODS = ("POST",) * 12 + ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "\u00e9")


def mutated(seed: int) -> Iterator[Hostile]:
    """Requests without end, the same ones for the same seed."""
    dice = random.Random(seed)
    while True:
        headers = [JSON_TYPE] if dice.random() < 0.9 else []
        if dice.random() < 0.5:
            headers.append((b"authorization", dice.choice(PASSES)))
        headers += dice.sample(ODD_HEADERS, dice.choice((0, 0, 1, 3)))
        yield Hostile(
            _mutated_body(dice),
            tuple(headers),
            dice.choice(PATHS),
            dice.choice(METHODS),
            dice.choice((b"", b"a=b", b"%", b"\xff=\x00", b"room_name=lobby")),
        )


def _mutated_body(dice: random.Random) -> bytes:
    body = dice.choice(BODIES)
    for _ in range(dice.choice((0, 1, 1, 2, 4))):
        body = dice.choice(_MUTATIONS)(dice, body)
    return body


def _flip(dice: random.Random, body: bytes) -> bytes:
    changed = bytearray(body)
    for _ in range(dice.randint(1, 4)):
        if changed:
            changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def _insert(dice: random.Random, body: bytes) -> bytes:
    at = dice.randint(0, len(body))
    return body[:at] + dice.randbytes(dice.choice((1, 4, 64))) + body[at:]


def _cut(dice: random.Random, body: bytes) -> bytes:
    return body[: dice.randint(0, len(body))]


def _odd_value(dice: random.Random, body: bytes) -> bytes:
    """Another value for some field, and a key that is there twice."""
    try:
        names = list(json.loads(body))
    except (ValueError, TypeError, RecursionError):
        return body
    name = json.dumps(dice.choice(names)) if names else '"room_config"'
    return body.rstrip(b"}") + f", {name}: {dice.choice(VALUES)}}}".encode("utf-8", "surrogatepass")


def _deep(dice: random.Random, body: bytes) -> bytes:
    depth = dice.choice((50, 200, 3_000, 8_000))
    opening, closing = dice.choice(((b"[", b"]"), (b'{"room_config":', b"}")))
    opened = opening * (depth // len(opening) + 1)
    return opened + body + closing * dice.choice((0, depth // len(opening) + 1))


def _long(dice: random.Random, _body: bytes) -> bytes:
    text = dice.choice(("x", "\u00e9", "\U0001f600")) * dice.choice((200, 4_000, 20_000))
    return json.dumps({"participant_name": text}, ensure_ascii=dice.random() < 0.5).encode()


def _encoded(dice: random.Random, body: bytes) -> bytes:
    text = body.decode("latin-1")
    return text.encode(dice.choice(("utf-16", "utf-32", "utf-7", "utf-8-sig", "cp037")))


_MUTATIONS = (_flip, _insert, _cut, _odd_value, _odd_value, _odd_value, _deep, _long, _encoded)
