"""Webhooks with a real receiver: what is sent, signed, tried again, given up, and that nothing is lost on the way."""

import hashlib
import hmac
import http.server
import json
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import sessionmaker

from gridmgmt.access.rules import Actor, Grant, Permission, Role
from gridmgmt.db import Session, make_engine, make_sessions, transaction
from gridmgmt.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from gridmgmt.feed import queries, sending, service
from gridmgmt.feed.delivery import Courier
from gridmgmt.feed.models import Webhook
from gridmgmt.feed.queries import Undelivered
from gridmgmt.feed.rules import (
    MOST_ATTEMPTS,
    MOST_FAILED_IN_A_ROW,
    DeliveryProblem,
    EventFilter,
    EventKind,
    PauseReason,
    wait_after,
)
from gridmgmt.feed.sending import NotTakenError, is_allowed, networks_of, parse_target, post
from gridmgmt.feed.service import WebhookAsk
from gridmgmt.feed.signing import KEY_FILE, folder_key
from gridmgmt.settings import PROJECT_DIR
from tests.support.actors import TESTER
from tests.support.case_log import add_case, add_move

HERE = networks_of("127.0.0.0/8")
DAY = datetime(2026, 11, 23, 4, tzinfo=UTC)


@dataclass
class Receiver:
    """A receiver of webhooks that answers as it is told, 204 without being told."""

    url: str
    answers: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], str]] = field(default_factory=list)
    before_answer: Callable[[], object] = lambda: None

    def cases(self) -> list[str]:
        return [json.loads(body)["case_no"] for _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            told.got.append((dict(self.headers), body))
            told.before_answer()
            status = told.answers.pop(0) if told.answers else 204
            self.send_response(status)
            if status == 302:
                self.send_header("Location", told.url + "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told = Receiver(f"http://127.0.0.1:{server.server_address[1]}/hook")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = DAY

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def sessions(module_database_url: str) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(module_database_url)
    yield make_sessions(engine)
    engine.dispose()


@pytest.fixture
def writer(module_database_url: str) -> Iterator[psycopg.Connection]:
    """Writes cases; all webhooks of the test are gone afterwards."""
    with psycopg.connect(module_database_url, autocommit=True) as connection:
        yield connection
        connection.execute("DELETE FROM webhooks")


@dataclass
class Post:
    """What a test has to do with: webhooks of one folder, sent by a courier whose clock it moves."""

    sessions: sessionmaker[Session]
    folder: Path
    clock: Clock

    @property
    def courier(self) -> Courier:
        """A courier as a worker makes one when it starts."""
        return Courier(self.sessions, self.folder, HERE, self.clock)

    def add(self, url: str, name: str = "hook", **values: object) -> tuple[int, str]:
        with transaction(self.sessions) as session:
            ask = WebhookAsk(name, url, **values)
            webhook, secret = service.add_webhook(session, TESTER, ask, folder_key(self.folder), self.clock())
            return webhook.webhook_id, secret

    def send(self) -> int:
        """Send all that is due now, and return how much was taken."""
        courier = self.courier
        return sum(courier.deliver(webhook_id) for webhook_id in courier.due())

    def webhook(self, webhook_id: int) -> Webhook:
        with transaction(self.sessions) as session:
            return queries.webhook_by_id(session, webhook_id)

    def undelivered(self, webhook_id: int) -> Undelivered:
        with transaction(self.sessions) as session:
            return queries.undelivered(session).get(webhook_id, Undelivered())


@pytest.fixture
def office(sessions: sessionmaker[Session], tmp_path: Path) -> Post:
    return Post(sessions, tmp_path, Clock())


def test_each_event_is_sent_once_signed_over_time_and_body(office, receiver, writer) -> None:
    add_move(writer, add_case(writer, "before"), "report")
    webhook_id, secret = office.add(receiver.url)
    case_id = add_case(writer, "W-1")
    for move in ("report", "accept", "import"):
        add_move(writer, case_id, move)
    assert (office.send(), office.send()) == (2, 0)
    assert [headers["X-Gridmgmt-Event"] for headers, _ in receiver.got] == ["new", "moved"]
    assert len({headers["X-Gridmgmt-Delivery"] for headers, _ in receiver.got}) == 2
    for headers, body in receiver.got:
        stamp, proof = (part.partition("=")[2] for part in headers["X-Gridmgmt-Signature"].split(","))
        assert stamp == str(int(DAY.timestamp()))
        assert proof == hmac.digest(secret.encode(), f"{stamp}.{body}".encode(), hashlib.sha256).hex()
        told = json.loads(body)
        assert (told["case_no"], told["lon"], told["lat"]) == ("W-1", 121.4, 31.3)
        assert not {"description", "address", "fields", "reporter", "actor", "reason"} & set(told)
    webhook = office.webhook(webhook_id)
    assert (webhook.delivered_count, webhook.last_delivered_at) == (2, DAY)


def test_the_sample_of_the_guide_tells_what_is_genuine(office, receiver, writer) -> None:
    _, secret = office.add(receiver.url)
    add_move(writer, add_case(writer, "W-0"))
    office.send()
    ((headers, body),) = receiver.got
    guide = (PROJECT_DIR / "docs" / "api.md").read_text(encoding="utf-8")
    sample: dict[str, Any] = {}
    exec(guide.partition("```python\n")[2].partition("```")[0], sample)
    is_genuine, proof = sample["is_genuine"], headers["X-Gridmgmt-Signature"]
    assert is_genuine(secret, proof, body.encode(), tolerance_s=math.inf)
    assert not is_genuine(secret, proof, body.encode() + b" ", tolerance_s=math.inf)
    assert not is_genuine(secret + "x", proof, body.encode(), tolerance_s=math.inf)
    assert not is_genuine(secret, proof.replace("t=1", "t=2"), body.encode(), tolerance_s=math.inf)
    assert not is_genuine(secret, proof, body.encode(), tolerance_s=-1)


def test_failures_are_tried_again_ever_more_rarely_and_then_taken(office, receiver, writer) -> None:
    webhook_id, _ = office.add(receiver.url)
    receiver.answers = [500, 503, 302]
    add_move(writer, add_case(writer, "W-2"))
    assert office.send() == 0
    for wait_s in (1, 4):
        office.clock.now += timedelta(seconds=wait_s, microseconds=-1)
        assert (office.send(), len(receiver.got)) == (0, 1 if wait_s == 1 else 2)
        office.clock.now += timedelta(microseconds=1)
        assert office.send() == 0
    assert len(receiver.got) == 3, "the redirect was not followed"
    office.clock.now += timedelta(seconds=16)
    assert office.send() == 1
    assert office.undelivered(webhook_id) == Undelivered()
    assert len({headers["X-Gridmgmt-Delivery"] for headers, _ in receiver.got}) == 1


def give_up(office: Post, receiver: Receiver) -> None:
    """Let the receiver refuse until what is due is given up."""
    receiver.answers = [500] * 1000
    for attempt in range(1, MOST_ATTEMPTS + 1):
        for _ in range(MOST_FAILED_IN_A_ROW + 5):
            office.send()
        office.clock.now += wait_after(attempt) or timedelta(0)
    receiver.answers = []


def test_what_is_given_up_is_listed_and_sent_again_by_hand(office, receiver, writer) -> None:
    webhook_id, _ = office.add(receiver.url)
    for number in (1, 2):
        add_move(writer, add_case(writer, f"W-3.{number}"))
    give_up(office, receiver)
    with transaction(office.sessions) as session:
        failed = queries.failures(session, webhook_id)
    assert [(d.case_no, d.attempts, d.last_error, d.last_status) for d in failed] == [
        ("W-3.2", MOST_ATTEMPTS, "refused", 500), ("W-3.1", MOST_ATTEMPTS, "refused", 500),
    ]  # fmt: skip
    receiver.got.clear()
    assert office.send() == 0
    with transaction(office.sessions) as session:
        webhook = queries.webhook_by_id(session, webhook_id)
        assert service.redeliver(session, TESTER, webhook, office.clock(), delivery_id=failed[1].delivery_id) == 1
        with pytest.raises(NotFoundError):
            service.redeliver(session, TESTER, webhook, office.clock(), delivery_id=failed[1].delivery_id)
    assert (office.send(), receiver.cases()) == (1, ["W-3.1"])
    with transaction(office.sessions) as session:
        assert service.redeliver(session, TESTER, queries.webhook_by_id(session, webhook_id), office.clock()) == 1
    assert (office.send(), receiver.cases()) == (1, ["W-3.1", "W-3.2"])
    assert office.webhook(webhook_id).failed_in_a_row == 0


def test_a_webhook_that_takes_nothing_is_paused_and_loses_nothing(office, receiver, writer) -> None:
    webhook_id, _ = office.add(receiver.url)
    case_id = add_case(writer, "W-4")
    for _ in range(MOST_FAILED_IN_A_ROW):
        add_move(writer, case_id)
    give_up(office, receiver)
    webhook = office.webhook(webhook_id)
    assert (webhook.paused_because, webhook.failed_in_a_row) == (PauseReason.FAILING, MOST_FAILED_IN_A_ROW)
    add_move(writer, add_case(writer, "W-4 while paused"))
    receiver.got.clear()
    assert (office.send(), receiver.got) == (0, [])
    with transaction(office.sessions) as session:
        service.resume(session, TESTER, queries.webhook_by_id(session, webhook_id))
    assert (office.send(), receiver.cases()) == (1, ["W-4 while paused"])


def test_a_worker_that_dies_while_it_sends_is_replaced(office, receiver, writer) -> None:
    """The delivery is sent again when its lease is over, under its number; what came meanwhile does not wait for it."""
    office.add(receiver.url)
    add_move(writer, add_case(writer, "W-5"))
    dying = office.courier
    (webhook_id,) = dying.due()
    with pytest.raises(ZeroDivisionError):
        Courier(dying.sessions, dying.folder, dying.networks, _DyingClock(office.clock)).deliver(webhook_id)
    assert (office.send(), len(receiver.got)) == (0, 0)
    add_move(writer, add_case(writer, "W-5 later"))
    assert (office.send(), receiver.cases()) == (1, ["W-5 later"])
    office.clock.now += timedelta(minutes=3)
    assert (office.send(), receiver.cases()) == (1, ["W-5 later", "W-5"])


class _DyingClock:
    """Ends its worker when it is asked for the second time: after the claim, before the sending."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._asked = clock, 0

    def __call__(self) -> datetime:
        self._asked += 1
        if self._asked > 1:
            raise ZeroDivisionError
        return self._clock()


def test_a_late_answer_does_not_undo_what_another_worker_has_begun(office, receiver, writer) -> None:
    """The first attempt answers after its lease: the second is under way, and its outcome counts."""
    webhook_id, _ = office.add(receiver.url)
    add_move(writer, add_case(writer, "W-6"))
    nested: list[int] = []

    def take_over() -> None:
        receiver.before_answer = lambda: None
        office.clock.now += timedelta(minutes=3)
        receiver.answers = [500]
        nested.append(office.send())
        receiver.answers = [204]

    receiver.before_answer = take_over
    office.send()
    assert nested == [0]
    assert len(receiver.got) == 2
    assert office.undelivered(webhook_id) == Undelivered(waiting=1, problem="refused"), (
        "the refusal of the later attempt stands"
    )


def test_filters_decide_what_is_sent(office, receiver, writer) -> None:
    office.add(receiver.url, kinds=[EventKind.OVERDUE, EventKind.NEW])
    case_id = add_case(writer, "W-7")
    for move in ("report", "accept", "due_soon", "overdue"):
        add_move(writer, case_id, move)
    assert office.send() == 2
    assert [headers["X-Gridmgmt-Event"] for headers, _ in receiver.got] == ["new", "overdue"]


def test_a_transaction_that_commits_late_is_delivered(office, receiver, writer, module_database_url) -> None:
    office.add(receiver.url)
    case_id = add_case(writer, "W-8")
    with psycopg.connect(module_database_url) as slow:
        add_move(slow, case_id, "report")
        add_move(writer, case_id)
        assert office.send() == 1
        slow.commit()
    assert office.send() == 1
    assert [headers["X-Gridmgmt-Event"] for headers, _ in receiver.got] == ["moved", "new"]


def test_after_a_restore_a_webhook_goes_on_from_that_moment(office, receiver, writer) -> None:
    webhook_id, _ = office.add(receiver.url)
    case_id = add_case(writer, "W-10")
    add_move(writer, case_id)
    writer.execute("UPDATE webhooks SET position = '0123456789ab.' || split_part(position, '.', 2)")
    assert office.send() == 0
    add_move(writer, case_id, "overdue")
    assert office.send() == 1
    assert [headers["X-Gridmgmt-Event"] for headers, _ in receiver.got] == ["overdue"]
    assert office.undelivered(webhook_id) == Undelivered()


def test_another_key_in_the_folder_pauses_rather_than_signs_wrongly(office, receiver, writer, tmp_path) -> None:
    webhook_id, first = office.add(receiver.url)
    add_move(writer, add_case(writer, "W-9"))
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    office.folder = tmp_path / "restored elsewhere"
    assert office.send() == 0
    assert office.webhook(webhook_id).paused_because == PauseReason.KEY_CHANGED
    assert receiver.got == []
    with transaction(office.sessions) as session:
        webhook = queries.webhook_by_id(session, webhook_id)
        assert service.renew_secret(session, TESTER, webhook, folder_key(office.folder)) != first
    office.clock.now += timedelta(minutes=3)
    assert office.send() == 1


def test_no_secret_is_in_the_database(office, receiver, writer) -> None:
    webhook_id, secret = office.add(receiver.url + "?token=hidden")
    kept = writer.execute("SELECT w::text FROM webhooks AS w WHERE webhook_id = %s", [webhook_id]).fetchone()
    logged = writer.execute("SELECT string_agg(c::text, ' ') FROM changes AS c").fetchone()
    assert kept is not None
    assert logged is not None
    assert secret not in kept[0] + logged[0]
    assert folder_key(office.folder).hex() not in kept[0] + logged[0]
    assert "hidden" not in logged[0]


def test_who_may_not_manage_webhooks_adds_none(office, receiver, sessions) -> None:
    held = Grant(Role.OPERATOR, frozenset({Permission.READ}))
    with transaction(sessions) as session, pytest.raises(ForbiddenError):
        service.add_webhook(
            session, Actor("account", "li", 1, (held,)), WebhookAsk("x", receiver.url), folder_key(office.folder), DAY
        )


def test_what_cannot_be_a_webhook_is_refused(office, receiver, writer) -> None:
    office.add(receiver.url, "twice")
    with pytest.raises(ConflictError):
        office.add(receiver.url, "twice")
    for name in ("", " x", "a\nb", "x" * 65):
        with pytest.raises(InputError):
            office.add(receiver.url, name)
    with pytest.raises(NotFoundError):
        office.add(receiver.url, "area", area_code="nowhere")
    with transaction(office.sessions) as session, pytest.raises(NotFoundError):
        service.check_wanted(session, EventFilter(department_code="nobody"), DAY)


@pytest.mark.parametrize(
    "url", ["", "ftp://a/b", "https://", "https://u:p@a/", "https://a/#b", "https://a:99999/", "https://a:0/", "//a/b",
            "https://a/ b", "https://a/\r\nX: y", "https://" + "a" * 3000, "file:///etc/passwd"],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InputError):
        parse_target(url)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1",
                "100.64.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "ff02::1", "::ffff:127.0.0.1",
                "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001::1", "::7f00:1",
                "::ffff:0:7f00:1", "fec0::1"],
)  # fmt: skip
def test_nothing_inside_is_reached_unless_it_is_allowed(address: str) -> None:
    assert not is_allowed(ip_address(address), (), is_secure=True)
    assert not is_allowed(ip_address(address), networks_of("10.9.0.0/16"), is_secure=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "0"])
def test_no_spelling_of_this_machine_is_reached(receiver, host: str) -> None:
    url = receiver.url.replace("127.0.0.1", host)
    with pytest.raises(NotTakenError) as refused:
        post(url, b"{}", {}, networks_of("10.0.0.0/8"))
    assert refused.value.problem in {DeliveryProblem.FORBIDDEN_ADDRESS, DeliveryProblem.UNRESOLVED}
    assert receiver.got == []


@pytest.mark.parametrize(
    ("limit", "problem"), [("TIMEOUT_S", DeliveryProblem.TOO_SLOW), ("MOST_S", DeliveryProblem.UNREACHABLE)]
)
def test_who_does_not_answer_is_left(receiver, monkeypatch, limit: str, problem: DeliveryProblem) -> None:
    """Within a silence, and within a time for all of it."""
    monkeypatch.setattr(sending, limit, 0.1)
    left = threading.Event()
    receiver.before_answer = left.wait
    with pytest.raises(NotTakenError) as refused:
        post(receiver.url, b"{}", {}, HERE)
    left.set()
    assert refused.value.problem == problem


def test_an_unsafe_certificate_and_nobody_there_are_told_apart(receiver) -> None:
    with pytest.raises(NotTakenError) as refused:
        post(receiver.url.replace("http:", "https:"), b"{}", {}, HERE)
    assert refused.value.problem == DeliveryProblem.INSECURE
    with pytest.raises(NotTakenError) as refused:
        post("http://127.0.0.1:1/", b"{}", {}, HERE)
    assert refused.value.problem == DeliveryProblem.UNREACHABLE
