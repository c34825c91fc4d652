"""`/api/calls`: the records of calls, for operators."""

from __future__ import annotations

import asyncio
import json
import time
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

import pytest

from agent.call.record import Charged, Opened, ParticipantJoined, TurnHeard, TurnSpoken
from agent.records.audio_files import AudioFile, AudioFiles
from agent.records.audit import AuditLog
from agent.records.rows import Header
from agent.records.sealing import Sealing, new_key
from agent.records.store import CallStore
from agent.services.storage.engine import Database
from agent.web.refusals import BODY_BYTES
from tests.unit.records.calls import HEADER, SHORT_CALL, moment, rows_of
from tests.unit.web.conftest import Connect, headers_of

VIEWER, OPERATOR, OFFICER = (
    headers_of("viewer"),
    headers_of("operator"),
    headers_of("privacy_officer", "ada"),
)
PERSONAL = ("anna", "+4930123456", "room-1", "Where is", "40217", "Hello", "on its way")

FOR_EVERYONE = {"PARLEY_ENV": "development", "PARLEY_ADMISSION": "everyone"}


async def test_an_operator_reads_all_of_a_call(connect: Connect, one_call: str) -> None:
    """In the form of the export."""
    async with connect() as client:
        (call,) = (await client.get("/api/calls", headers=OPERATOR)).json()["calls"]
        assert (call["id"], call["caller_number"]) == (one_call, "+4930123456")
        read = (await client.get(f"/api/calls/{one_call}", headers=OPERATOR)).json()
        exported = await client.get(f"/api/calls/{one_call}/export", headers=OPERATOR)
    assert read["entries"] == exported.json()["entries"]
    assert [entry["kind"] for entry in read["entries"]] == [event.kind for event in SHORT_CALL]
    assert read["entries"][5]["text"] == "Where is my order, please?"


async def test_a_viewer_sees_how_a_call_went_and_not_who_said_what(
    connect: Connect, one_call: str
) -> None:
    """Neither in the list nor in the call; that there was a caller is no secret."""
    async with connect() as client:
        listed = await client.get("/api/calls", headers=VIEWER)
        read = await client.get(f"/api/calls/{one_call}", headers=VIEWER)
    for answer in (listed, read):
        assert not [word for word in PERSONAL if word in answer.text]
    (call,) = listed.json()["calls"]
    assert (call["caller_number"], call["persona"]) == ("•••", "frontdesk")
    tool = read.json()["entries"][6]
    assert (tool["kind"], tool["tool"], tool["outcome"]) == ("tool_ended", "find_order", "done")


async def test_the_list_goes_on_where_a_page_ends(connect: Connect, store: CallStore) -> None:
    """Each call once, also those that began at the same moment; filters hold on each page."""
    for number in range(7):
        header = Header(f"AJ_{number}", "r", moment(number // 3))
        await store.append(header, rows_of(SHORT_CALL), seen_at=moment(9))
    found: list[str] = []
    async with connect() as client:
        query = {"limit": 3, "text": "ORDER"}
        while True:
            page = (await client.get("/api/calls", params=query, headers=OPERATOR)).json()
            found += [call["id"] for call in page["calls"]]
            if page["cursor"] is None:
                break
            query["cursor"] = page["cursor"]
    assert found == ["AJ_6", "AJ_3", "AJ_4", "AJ_5", "AJ_0", "AJ_1", "AJ_2"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("text=my%20ORDER", True),
        ("text=banana", False),
        ("caller=anna", True),
        ("caller=%2B4930123456&state=closed", True),
        ("caller=%2B49 (30) 123-456", True),
        ("caller=bob", False),
        ("since=2026-03-02&before=2026-03-03T00:00:00Z", True),
        ("since=2026-03-02T13:00:01%2B01:00", False),
        ("state=lost", False),
        ("reason=participant_disconnected", True),
        ("reason=error", False),
    ],
)
async def test_calls_are_found_by_what_is_asked(
    connect: Connect, one_call: str, query: str, found: bool
) -> None:
    """Text, caller, time, state and reason."""
    async with connect() as client:
        answer = await client.get(f"/api/calls?{query}", headers=OPERATOR)
        assert [call["id"] for call in answer.json()["calls"]] == [one_call] * found


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("since=yesterday", "since"),
        ("before=0001-01-01", "before"),
        ("state=gone", "state"),
        ("text=", "text"),
        ("caller=%00", "caller"),
        ("cursor=AJ_one", "cursor"),
        ("cursor=W10=", "cursor"),
        ("number=1", "number"),
    ],
)
async def test_a_question_that_cannot_be_answered_is_refused_by_name(
    connect: Connect, query: str, name: str
) -> None:
    """And nothing else of it is repeated."""
    async with connect() as client:
        answer = await client.get(f"/api/calls?{query}", headers=OPERATOR)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    message = f"Not known, or not fit: {name}."
    assert answer.json() == {"code": "invalid_request", "message": message}


HOSTILE = (
    *(
        "",
        "\0",
        "%",
        "'",
        "\\",
        "%ff",
        "\ud7ff",
        "😀",
        "٣",
        "\u202e",
        "a" * 300,
        "-1",
        "1e400",
        "NaN",
    ),
    *("0001-01-01", "9999-12-31T23:59:59-23:59", "2026-03-02", "9" * 20, "open", "json", "[]"),
    # As cursors: a zero byte, half a sign, a moment before all others, and values of other kinds.
    *("WyIyMDI2LTAzLTAyIiwgIlx1MDAwMCJd", "WyIyMDI2LTAzLTAyIiwgIlx1ZDgwMCJd"),
    *("WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzIzOjU5IiwgImEiXQ==", "WzEsMl0=", "bnVsbA=="),
)
PARAMETERS = ("text", "caller", "since", "before", "state", "reason", "limit", "cursor")


async def test_no_question_breaks_the_server(connect: Connect, one_call: str) -> None:
    """Each is answered, or refused in a few words."""
    questions = [f"?{name}={quote(value)}" for name in PARAMETERS for value in HOSTILE]
    questions += [f"/stats?{name}={quote(value)}" for name in ("since", "x") for value in HOSTILE]
    questions += [f"/{quote(value, safe='')}?after=1" for value in HOSTILE if value]
    async with connect() as client:
        for question in questions:
            answer = await client.get(f"/api/calls{question}", headers=OPERATOR)
            assert answer.status_code in (200, 404, 422), question
            assert answer.status_code == HTTPStatus.OK or len(answer.content) == BODY_BYTES


async def test_an_open_call_is_followed_without_a_gap(connect: Connect, store: CallStore) -> None:
    """Entries that had to wait in the spool come late, and are not passed over."""
    rows = rows_of(SHORT_CALL)
    await store.append(HEADER, [*rows[:3], *rows[5:6]], seen_at=moment(1))
    async with connect() as client:

        async def seqs(after: int) -> tuple[list[int], int]:
            address = f"/api/calls/{HEADER.call_id}?after={after}"
            read = (await client.get(address, headers=OPERATOR)).json()
            return [entry["seq"] for entry in read["entries"]], read["after"]

        assert await seqs(0) == ([1, 2, 3, 6], 3)
        await store.append(HEADER, rows[3:7], seen_at=moment(2))
        assert await seqs(3) == ([4, 5, 6, 7], 7)
        assert await seqs(7) == ([], 7)
        await store.mark_lost(unseen_since=moment(100), now=moment(101))
        assert (await seqs(7))[1] == 7


@pytest.mark.parametrize(
    ("form", "media_type", "begin"),
    [
        ("json", "application/json", b"{"),
        ("csv", "text/csv; charset=utf-8", b"seq,at,kind"),
        ("vtt", "text/vtt; charset=utf-8", b"WEBVTT"),
    ],
)
async def test_a_call_is_exported_as_a_file(
    connect: Connect, store: CallStore, form: str, media_type: str, begin: bytes
) -> None:
    """Of a name that is safe, whatever the call's id is; half a sign stops no export."""
    header = Header('AJ_".ü', "r", moment(0))
    await store.append(header, rows_of([*SHORT_CALL, TurnHeard("i", "\ud83d")]), seen_at=moment(9))
    async with connect() as client:
        address = "/api/calls/AJ_%22.ü/export"
        answer = await client.get(address, params={"format": form}, headers=OPERATOR)
    assert answer.headers["Content-Type"] == media_type
    assert answer.headers["Content-Disposition"] == f'attachment; filename="AJ____.{form}"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.content.startswith(begin)


async def test_what_is_not_there_is_told(connect: Connect, one_call: str) -> None:
    """In the same form as every other refusal."""
    async with connect() as client:
        for call_id in ("AJ_two", "%00", "AJ_one%00", "x" * 2_000):
            for rest in ("", "/export", "/audio"):
                answer = await client.get(f"/api/calls/{call_id}{rest}", headers=OPERATOR)
                assert answer.status_code == HTTPStatus.NOT_FOUND
                assert answer.json()["code"] in ("no_such_call", "no_audio")


async def test_audio_is_given_whole_and_in_parts(
    connect: Connect, one_call: str, tmp_path: Path
) -> None:
    """Sealed as it was kept; a player may jump to and fro, and who listens is noted."""
    key = new_key()
    file = AudioFile(AudioFiles(tmp_path / "audio").path(one_call), Sealing([key]))
    file.append(b"OggS0123456789")
    file.close()
    address = f"/api/calls/{one_call}/audio"
    async with connect(PARLEY_RECORDS_KEYS=key) as client:
        assert (await client.get(f"/api/calls/{one_call}", headers=OPERATOR)).json()["audio"]
        assert not (await client.get(f"/api/calls/{one_call}", headers=VIEWER)).json()["audio"]
        whole = await client.get(address, headers=OPERATOR)
        part = await client.get(address, headers={**OPERATOR, "Range": "bytes=4-6"})
        noted = (await client.get("/api/audit", headers=OFFICER)).json()["entries"]
    assert (whole.content, whole.headers["Content-Type"]) == (b"OggS0123456789", "audio/ogg")
    assert (part.status_code, part.content) == (206, b"012")
    assert part.headers["Content-Range"] == "bytes 4-6/14"
    assert [entry["action"] for entry in noted] == ["listen", "show"]


async def test_who_read_what_is_noted_before_they_get_it(
    connect: Connect, one_call: str, database: Database
) -> None:
    """Once for a call that is looked at second after second; the search's words are not."""
    async with connect() as client:
        await client.get("/api/calls", headers=OPERATOR)
        await client.get(f"/api/calls/{one_call}", headers=VIEWER)
        await client.get("/api/calls?text=order", headers=OPERATOR)
        for after in (5, 0, 9):
            await client.get(f"/api/calls/{one_call}?after={after}", headers=OPERATOR)
        await client.get(f"/api/calls/{one_call}/export?format=vtt", headers=OPERATOR)
        await client.get(f"/api/calls/{one_call}", headers=OFFICER)
        entries = (await client.get("/api/audit", headers=OFFICER)).json()["entries"]
    noted = [(entry["actor"], entry["action"], entry["subject"]) for entry in entries]
    assert noted == [
        ("api:ada", "show", one_call),
        ("api:grace", "export", one_call),
        ("api:grace", "show", one_call),
        ("api:grace", "search", ""),
    ]
    assert len(await AuditLog(database).entries()) == 4


async def test_a_callers_records_are_erased(
    connect: Connect, one_call: str, store: CallStore
) -> None:
    """For a privacy officer, by a number written anyhow; another caller's stay, and it is noted."""
    other = Header("AJ_other", "r", moment(0))
    await store.append(other, rows_of([ParticipantJoined("bob")]), seen_at=moment(1))
    address = "/api/calls?caller=%2B49 30 123456"
    async with connect() as client:
        assert (await client.delete(address, headers=OPERATOR)).status_code == 403
        erased = (await client.delete(address, headers=OFFICER)).json()
        left = (await client.get("/api/calls", headers=OFFICER)).json()["calls"]
        (noted,) = (await client.get("/api/audit", headers=OFFICER)).json()["entries"]
    assert (erased["calls"], erased["going_on"]) == (1, [])
    assert [call["id"] for call in left] == ["AJ_other"]
    assert (noted["actor"], noted["action"], noted["subject"]) == ("api:ada", "erase caller", "")


async def test_what_is_to_be_taken_out_now_is_taken_out_of_old_records(
    connect: Connect, one_call: str
) -> None:
    """In what is shown and in what is exported."""
    async with connect(PARLEY_REDACTION_WORDS="order") as client:
        for rest in ("", "/export", "/export?format=csv"):
            answer = await client.get(f"/api/calls/{one_call}{rest}", headers=OPERATOR)
            assert "my order" not in answer.text
            assert "Where is my" in answer.text


async def test_days_are_the_businesss(connect: Connect, store: CallStore) -> None:
    """Calls, waits and cost, day by day and together."""
    bill = Charged("m", Decimal("0.25"), Decimal("0.75"), "2026", ("other",))
    answered = TurnSpoken("i", "frontdesk", "Hello", "Hello", latency_s={"whole": 0.8})
    events = (*SHORT_CALL[:-1], answered, bill)
    for call_id, hours in (("AJ_a", 0.0), ("AJ_b", 11.5)):
        header = Header(call_id, "r", moment(hours * 3600))
        await store.append(header, rows_of(events), seen_at=moment(hours * 3600))
    async with connect(PARLEY_TIME_ZONE="Europe/Berlin") as client:
        answer = await client.get("/api/calls/stats?since=2026-03-02", headers=VIEWER)
    counted = answer.json()
    assert [day["day"] for day in counted["days"]] == ["2026-03-02", "2026-03-03"]
    assert counted["is_whole"]
    assert [day["states"] for day in counted["days"]] == [{"open": 1}, {"open": 1}]
    assert counted["total"]["response"] == {"count": 2, "p50_s": 0.8, "p95_s": 0.8}
    assert (counted["total"]["usd"], counted["total"]["unpriced"]) == ("1.50", ["other"])


@pytest.mark.parametrize("url", ["postgresql://parley:hunter2@127.0.0.1:1/parley", "missing"])
async def test_a_database_that_is_away_is_told_and_stops_nothing_else(
    connect: Connect, tmp_path: Path, url: str
) -> None:
    """With what to do, and without its address; tokens are handed out as ever."""
    if url == "missing":
        (tmp_path / "file").touch()
        url = f"sqlite:///{tmp_path}/file/parley.sqlite3"
    async with connect(PARLEY_DATABASE_URL=url, **FOR_EVERYONE) as client:
        for path in ("/api/calls", "/api/calls/AJ_one", "/api/calls/stats", "/api/audit"):
            answer = await client.get(path, headers=OFFICER)
            assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
            assert "PARLEY_DATABASE_URL" in answer.json()["message"]
            assert "hunter2" not in answer.text
        assert (await client.post("/api/token")).status_code == HTTPStatus.CREATED


async def test_a_long_search_keeps_nobody_waiting(connect: Connect, store: CallStore) -> None:
    """Not even who asks for a token meanwhile: what is long is done in threads."""
    long_call = [Opened("r"), ParticipantJoined("anna"), *[TurnHeard("i", "well " * 20)] * 1_500]
    for number in range(4):
        header = Header(f"AJ_{number}", "r", moment(number))
        await store.append(header, rows_of(long_call), seen_at=moment(9))
    longest_s = 0.0
    unchecked = {"PARLEY_CHECK_WORKERS": "false", "PARLEY_RATE_ADDRESS": "off"}
    async with connect(**FOR_EVERYONE, **unchecked) as client:
        searching = asyncio.create_task(client.get("/api/calls?text=banana", headers=OPERATOR))
        while not searching.done():
            began_s = time.perf_counter()
            await asyncio.sleep(0.005)
            assert (await client.post("/api/token")).status_code == HTTPStatus.CREATED
            longest_s = max(longest_s, time.perf_counter() - began_s)
        assert (await searching).json() == {"calls": [], "cursor": None}
    assert longest_s < 0.5


async def test_other_sites_pages_may_ask_for_tokens_only(connect: Connect, one_call: str) -> None:
    """Where they may do that, they still get nothing of records."""
    origin = "https://shop.example.com"
    ask = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    async with connect(PARLEY_WEB_CORS_ORIGINS=origin) as client:
        for path in ("/api/calls", f"/api/calls/{one_call}", "/api/operator", "/calls"):
            preflight = await client.options(path, headers=ask)
            answer = await client.get(path, headers={**OPERATOR, "Origin": origin})
            for headers in (preflight.headers, answer.headers):
                assert "Access-Control-Allow-Origin" not in headers
        posting = {**ask, "Access-Control-Request-Method": "POST"}
        allowed = await client.options("/api/token", headers=posting)
        assert allowed.headers["Access-Control-Allow-Origin"] == origin


async def test_nothing_a_caller_says_is_more_than_text(connect: Connect, store: CallStore) -> None:
    """It comes as JSON, which no browser takes for a page."""
    hostile = "<img src=x onerror=alert(1)>"
    events = [ParticipantJoined(hostile), TurnHeard("i", hostile)]
    await store.append(Header("AJ_x", hostile, moment(0)), rows_of(events), seen_at=moment(1))
    async with connect() as client:
        for path in ("/api/calls", "/api/calls/AJ_x"):
            answer = await client.get(path, headers=OPERATOR)
            assert answer.headers["Content-Type"] == "application/json"
            assert hostile in json.dumps(answer.json())
