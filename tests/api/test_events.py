"""Events over HTTP: told as they are committed, resumed without loss, also over a restart; webhooks managed."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from api import event_stream
from api.app import create_app
from gridmgmt.access.rules import Permission, Role
from gridmgmt.db import make_engine, make_sessions, transaction
from gridmgmt.feed import hub
from gridmgmt.feed.rules import Snapshot, parse_position
from gridmgmt.settings import Settings
from tests.support.actors import add_account, add_key, bearer
from tests.support.case_log import add_case, add_move
from tests.support.paper_district import load_district
from tests.support.serving import served, until

EVENTS = "/api/v1/events"
WEBHOOKS = "/api/v1/webhooks"
NOW = datetime(2026, 1, 15, 4, tzinfo=UTC)
READERS = 6
BURSTS = 25


@dataclass(frozen=True)
class Told:
    """One event as a browser takes it; ``id`` is the last that it knows after it."""

    event: str
    data: dict[str, Any]
    id: str | None

    @property
    def case_no(self) -> str:
        return str(self.data["case_no"])


class Stream:
    """What a browser's EventSource does with a stream, and no more."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status, self.headers = answer.status_code, answer.headers
        self._lines = answer.iter_lines()
        self.last_id: str | None = None

    def next(self) -> Told:
        """Return the next event; only a line that has been silent for long sends blocks without one."""
        for _ in range(4):
            if (told := self._block()) is not None:
                return told
        raise AssertionError("nothing is told")

    def begun(self) -> "Stream":
        """Return the stream of a new reader when it has its first position."""
        while self.last_id is None:
            assert self._block() is None
        return self

    def _block(self) -> Told | None:
        fields: dict[str, str] = {}
        for line in self._lines:
            if not line:
                break
            name, _, value = line.partition(": ")
            fields[name] = value
        else:
            raise EOFError
        self.last_id = fields.get("id", self.last_id)
        if "data" not in fields:
            return None
        return Told(fields["event"], json.loads(fields["data"]), self.last_id)


@contextmanager
def following(client: httpx.Client, last: str | None = None, **params: Any) -> Iterator[Stream]:
    headers = {} if last is None else {"Last-Event-ID": last}
    with client.stream("GET", EVENTS, params=params, headers=headers, timeout=20) as answer:
        assert answer.status_code == 200, answer.read()
        yield Stream(answer) if last or "last_event_id" in params else Stream(answer).begun()


@pytest.fixture(scope="module")
def loaded(module_database_url: str) -> str:
    """A district in force, an administrator and an operator."""
    engine = make_engine(module_database_url)
    sessions = make_sessions(engine)
    with transaction(sessions) as session:
        load_district(session)
    for role in (Role.ADMINISTRATOR, Role.OPERATOR):
        add_account(sessions, role, role)
    engine.dispose()
    return module_database_url


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(reading="open", event_readers=READERS, data=tmp_path_factory.mktemp("folder"))


@pytest.fixture(scope="module")
def client(loaded: str, settings: Settings) -> Iterator[httpx.Client]:
    with served(create_app(settings, loaded, clock=lambda: NOW)) as client:
        yield client


@pytest.fixture
def writer(loaded: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(loaded, autocommit=True) as connection:
        yield connection


def key_of(url: str, name: str, scopes: list[Permission] | None = None) -> str:
    engine = make_engine(url)
    secret = add_key(make_sessions(engine), name, scopes)
    engine.dispose()
    return secret


def test_an_event_is_told_once_it_is_committed(client, writer) -> None:
    with following(client) as stream:
        assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.headers["cache-control"] == "no-store"
        case_id = add_case(writer, "E-1", town_code="310113109", department_code="D1")
        for move, kind in (("report", "new"), ("accept", "moved"), ("due_soon", "due_soon"), ("overdue", "overdue")):
            add_move(writer, case_id, move)
            told = stream.next()
            assert (told.event, told.data["event"], told.data["move"]) == (kind, kind, move)
            assert parse_position(told.id or "").snapshot.xmax > 0
        assert told.data == {
            "event": "overdue", "case_no": "E-1", "version": 1, "move": "overdue", "state": "reported",
            "urgency": "no_deadline", "at": "2026-11-23T00:00:01+00:00", "kind": "event", "type": "0101",
            "due_at": None, "department_code": "D1", "town_code": "310113109", "cell_code": None,
            "lon": 121.4, "lat": 31.3,
        }  # fmt: skip


def test_a_reader_that_was_away_misses_nothing_not_even_what_commits_late(client, writer, loaded, settings) -> None:
    """Over a restart: the position is all that is kept, and it is the reader who keeps it."""
    case_id = add_case(writer, "E-2")
    with psycopg.connect(loaded) as slow:
        with served(create_app(settings, loaded, clock=lambda: NOW)) as first, following(first) as stream:
            add_move(slow, case_id, "report")
            add_move(writer, case_id, "accept")
            last = stream.next().id
        add_move(writer, case_id, "register")
        slow.commit()
    with served(create_app(settings, loaded, clock=lambda: NOW)) as second, following(second, last) as stream:
        assert [stream.next().data["move"] for _ in range(2)] == ["report", "register"]
        add_move(writer, case_id, "dispatch")
        assert stream.next().data["move"] == "dispatch"
    with following(client, last_event_id=last) as stream:
        assert [stream.next().data["move"] for _ in range(3)] == ["report", "register", "dispatch"]


def test_a_batch_that_was_cut_is_sent_again(client, writer) -> None:
    with following(client) as stream:
        before = stream.last_id
        case_id = add_case(writer, "E-3")
        with writer.transaction():
            for move in ("report", "accept", "register"):
                add_move(writer, case_id, move)
        assert [stream.next().id for _ in range(2)] == [before, before]
        assert stream.next().id != before


def test_a_position_of_another_feed_means_load_anew(client, writer) -> None:
    with following(client) as stream:
        now = parse_position(stream.last_id or "")
    ahead = Snapshot(now.snapshot.xmax, now.snapshot.xmax + 10**9)
    for foreign in (f"0123456789ab.{now.snapshot}", f"{now.epoch}.{ahead}"):
        with following(client, foreign) as stream:
            told = stream.next()
            assert (told.event, told.data) == ("reset", {})
            assert parse_position(told.id or "").epoch == now.epoch
            add_move(writer, add_case(writer, f"E-4 {foreign[:14]}"), "report")
            assert stream.next().case_no == f"E-4 {foreign[:14]}"


@pytest.mark.parametrize("limit", ["MOST_MISSED_PAGES", "MOST_MISSED_TRANSACTIONS"])
def test_who_has_missed_very_much_loads_anew_and_goes_on(client, writer, monkeypatch, limit) -> None:
    """Else anybody could have the whole log sorted for them, a page at a time."""
    with following(client) as stream:
        last = stream.last_id
    case_id = add_case(writer, f"E-much-{limit}")
    add_move(writer, case_id, "report")
    monkeypatch.setattr(hub, limit, 0)
    with following(client, last) as stream:
        told = stream.next()
        assert (told.event, told.data) == ("reset", {})
        add_move(writer, case_id, "accept")
        assert stream.next().data["move"] == "accept"


def test_filters_by_area_department_and_kind(client, writer) -> None:
    town = "310113109"
    with (
        following(client, area=town) as in_town,
        following(client, kinds=["overdue", "due_soon"]) as alarms,
        following(client) as everything,
    ):
        for case_no, code in (("E-5 elsewhere", "310113102"), ("E-5 here", town)):
            add_move(writer, add_case(writer, case_no, town_code=code), "report")
        add_move(writer, add_case(writer, "E-5 late", town_code=town), "overdue")
        assert [everything.next().case_no for _ in range(3)] == ["E-5 elsewhere", "E-5 here", "E-5 late"]
        assert [in_town.next().case_no for _ in range(2)] == ["E-5 here", "E-5 late"]
        assert alarms.next().case_no == "E-5 late"


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"area": "nowhere"}, 404, "area_unknown"),
        ({"department": "nobody"}, 404, None),
        ({"kinds": "closed"}, 422, "request_invalid"),
        ({"last_event_id": "yesterday"}, 422, "feed_position_invalid"),
    ],
)
def test_what_can_never_be_told_is_refused(client, params, status, code) -> None:
    answer = client.get(EVENTS, params=params)
    assert answer.status_code == status
    assert code is None or answer.json()["type"] == f"/problems/{code}"


def test_one_reader_too_many_is_told_to_come_back(client) -> None:
    with following(client) as first:
        assert first.last_id
        streams = [client.stream("GET", EVENTS, timeout=20) for _ in range(READERS - 1)]
        answers = [stream.__enter__() for stream in streams]
        try:
            assert {answer.status_code for answer in answers} == {200}
            full = client.get(EVENTS)
            assert (full.status_code, full.json()["type"]) == (503, "/problems/feed_full")
            assert full.headers["retry-after"]
        finally:
            for stream in streams:
                stream.__exit__(None, None, None)
    until(lambda: _opens(client))


def _opens(client: httpx.Client) -> bool:
    with client.stream("GET", EVENTS, timeout=20) as answer:
        return answer.status_code == 200


def test_a_reader_who_takes_nothing_is_cut_and_resumes(client, writer, monkeypatch) -> None:
    monkeypatch.setattr(hub, "MOST_HELD", 10)
    case_id = add_case(writer, "E-6")
    with following(client) as stream:
        start = stream.last_id
        with writer.transaction():
            for _ in range(40):
                add_move(writer, case_id)
        with pytest.raises(EOFError):
            stream.next()
    monkeypatch.undo()
    with following(client, start) as stream:
        assert [stream.next().case_no for _ in range(40)] == ["E-6"] * 40


def test_who_may_not_read_any_more_is_sent_away(loaded, settings, monkeypatch) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr("api.gate.KEPT_S", 0.0)
    secret = key_of(loaded, Role.OPERATOR, [Permission.READ])
    app = create_app(settings.model_copy(update={"reading": "accounts"}), loaded, clock=lambda: NOW)
    with served(app) as client:
        assert client.get(EVENTS).status_code == 401
        client.headers.update(bearer(secret))
        with following(client) as stream, psycopg.connect(loaded, autocommit=True) as connection:
            connection.execute("UPDATE api_keys SET revoked_at = '2026-01-01' WHERE prefix = %s", [secret[:11]])
            with pytest.raises(EOFError):
                stream.next()


def test_who_waits_holds_no_connection_and_no_thread(client, loaded) -> None:
    with psycopg.connect(loaded, autocommit=True) as connection:
        statement = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND (state <> 'idle' OR wait_event_type = 'Lock')"
            " AND pid <> pg_backend_pid()"
        )
        with following(client), following(client), following(client), following(client):
            until(lambda: connection.execute(statement).fetchone() == (0,))
            busy = [thread.name for thread in threading.enumerate() if "feed" in thread.name]
    assert busy == []


@dataclass
class Wanderer:
    """A reader that leaves after each so many events, where it does, and resumes until it has all."""

    stays_for: int
    seen: list[int] = field(default_factory=list)
    last: bytes = b""

    async def read(self, port: int, begun: asyncio.Semaphore) -> list[int]:
        while len(self.seen) < BURSTS * 4:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            resume = b"Last-Event-ID: " + self.last + b"\r\n" if self.last else b""
            writer.write(b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n" + resume + b"\r\n")
            had = len(self.seen)
            while len(self.seen) < min(had + self.stays_for, BURSTS * 4) and (line := await reader.readline()):
                self._take(line)
                if self.last:
                    begun.release()
            writer.close()
        return self.seen

    def _take(self, line: bytes) -> None:
        if line.startswith(b"id: "):
            self.last = line[4:].strip()
        elif line.startswith(b"data: "):
            number = json.loads(line[6:])["version"]
            self.seen += [number] * (number not in self.seen)


@pytest.mark.long
def test_two_hundred_readers_have_all_in_order_also_those_that_come_and_go(loaded, settings, writer) -> None:
    """Every tenth reader leaves after each tenth event, mostly inside a burst of four that are committed together."""
    app = create_app(settings.model_copy(update={"event_readers": 300}), loaded, clock=lambda: NOW)
    case_id = add_case(writer, "E-7")

    def write() -> None:
        for burst in range(BURSTS):
            writer.execute(
                "INSERT INTO case_moves (case_id, version, move, state, at, actor)"
                " SELECT %s, n, 'accept', 'accepted', now(), 'tester' FROM generate_series(%s::int, %s::int) AS n",
                [case_id, 4 * burst, 4 * burst + 3],
            )

    async def read_all(port: int) -> list[list[int]]:
        begun = [asyncio.Semaphore(0) for _ in range(200)]
        wanderers = [Wanderer(stays_for=10 if number % 10 == 0 else 4 * BURSTS) for number in range(200)]
        reading = [asyncio.create_task(each.read(port, one)) for each, one in zip(wanderers, begun, strict=True)]
        for one in begun:
            await one.acquire()
        await asyncio.to_thread(write)
        return await asyncio.wait_for(asyncio.gather(*reading), 120)

    with served(app) as client:
        assert asyncio.run(read_all(client.base_url.port or 0)) == [list(range(4 * BURSTS))] * 200


def test_webhooks_are_managed_with_the_permission_alone(client, loaded, settings, tmp_path: Path) -> None:
    operator, administrator = (bearer(key_of(loaded, role)) for role in (Role.OPERATOR, Role.ADMINISTRATOR))
    ask = {"name": "hub", "url": "https://hub.example.org/cases", "kinds": ["new"], "area": "310113109"}
    assert client.post(WEBHOOKS, json=ask, headers=operator).status_code == 403
    client = httpx.Client(base_url=client.base_url, headers=administrator, timeout=20)
    made = client.post(WEBHOOKS, json=ask)
    assert made.status_code == 201
    secret, here = made.json()["secret"], made.headers["location"]
    assert secret.startswith("whsec_")
    shown = client.get(here).json()
    assert "secret" not in shown
    assert (shown["kinds"], shown["area"], shown["waiting"], shown["paused_at"]) == (["new"], "310113109", 0, None)
    assert [each["name"] for each in client.get(WEBHOOKS).json()["items"]] == ["hub"]
    assert client.post(WEBHOOKS, json=ask).json()["type"] == "/problems/uq_webhooks_name"
    assert client.post(WEBHOOKS, json=ask | {"name": "x", "url": "ftp://x"}).status_code == 422
    assert client.patch(here, json={"paused": True}).json()["paused_because"] == "by_hand"
    assert client.patch(here, json={"paused": False}).json()["paused_because"] is None
    assert client.post(f"{here}/secret").json()["secret"] not in {secret, None}
    assert client.get(f"{here}/failures").json() == {"items": [], "next": None}
    assert client.post(f"{here}/failures/redeliver").json() == {"count": 0}
    assert client.post(f"{here}/failures/1/redeliver").status_code == 404
    assert client.delete(here).status_code == 200
    assert client.get(here).status_code == 404
    actions = [entry["action"] for entry in client.get("/api/v1/changes").json()["items"]]
    assert {f"webhook.{verb}" for verb in ("add", "pause", "resume", "renew_secret", "redeliver", "remove")} <= set(
        actions
    )
    assert secret not in client.get("/api/v1/changes").text
    client.close()
