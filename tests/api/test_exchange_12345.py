"""12345 exchange: zero lost. A hotline in a process of its own gives orders, is told of them, and compares the day."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import sessionmaker

from api.app import create_app
from gridmgmt.access.rules import Role
from gridmgmt.cases.models import Case
from gridmgmt.casework import transitions
from gridmgmt.casework.machine import Given
from gridmgmt.casework.moves import Move
from gridmgmt.casework.transitions import MoveAsk
from gridmgmt.catalogue.service import load_builtin
from gridmgmt.clock import local_date, system_clock
from gridmgmt.db import Session, make_engine, make_sessions, transaction
from gridmgmt.exchange import partner as partners
from gridmgmt.exchange import queries, reconciling
from gridmgmt.exchange.outbox import Outbox
from gridmgmt.feed.sending import networks_of
from gridmgmt.settings import PROJECT_DIR, Settings
from tests.support import paper_grids
from tests.support.actors import TESTER, add_account, add_key, bearer
from tests.support.hotline import order, partner
from tests.support.hotline_partner import signature
from tests.support.serving import answers, free_port, served, until

HOTLINE = "/api/v1/exchange/12345"
ORDERS = 200


@dataclass
class Office:
    """The town of `paper_grids` behind a server that the hotline has a key of."""

    sessions: sessionmaker[Session]
    server: httpx.Client
    folder: Path
    key: str
    administrator: dict[str, str]
    secret: str
    ahead: timedelta = timedelta()
    """How far the outbox's clock is ahead, so that nobody waits for it to try again."""

    def signed(
        self, method: str, path: str, body: Any, *, secret: str | None = None, at: float | None = None
    ) -> httpx.Response:
        """Send a body as the hotline does."""
        content = json.dumps(body, ensure_ascii=False).encode()
        proof = signature(secret or self.secret, content, int(at or time.time()))
        headers = {**bearer(self.key), "X-Gridmgmt-Signature": proof, "Content-Type": "application/json"}
        return self.server.request(method, HOTLINE + path, content=content, headers=headers)

    def give(self, number: int, **changes: Any) -> str:
        """Give an order and return its case's number."""
        answer = self.signed("POST", "/orders", order(number, now(), **changes))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["case_no"])

    def move(self, case_no: str, *moves: tuple[Move, Given]) -> None:
        """Move a case here."""
        for move, given in moves:
            with transaction(self.sessions) as session:
                transitions.move(session, TESTER, case_no, MoveAsk(move, given), now())

    def tell(self) -> None:
        """Send all there is, and again what was refused."""
        quiet = 0
        while quiet < 2:
            quiet = 0 if self.outbox.round() else quiet + 1
            self.ahead += timedelta(minutes=5)

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.sessions, self.folder, networks_of("127.0.0.0/8"), lambda: now() + self.ahead)


def now() -> datetime:
    return system_clock()


def by(**given: Any) -> Given:
    return Given(**given)


ACCEPTED = (Move.ACCEPT, by())
TO_DISPATCHED = (
    ACCEPTED, (Move.CONFIRM, by()), (Move.REGISTER, by(condition_no=1)),
    (Move.DISPATCH, by(departments=("water_company",))),
)  # fmt: skip
TO_CLOSED = (
    *TO_DISPATCHED, (Move.HANDLE, by()), (Move.GIVE_FEEDBACK, by()), (Move.VERIFY, by()), (Move.CLOSE, by()),
)  # fmt: skip


def town_with_accounts(sessions: sessionmaker[Session]) -> str:
    """Make the town with a partner and an administrator, and return the partner's key."""
    with transaction(sessions) as session:
        paper_grids.build(session)
        load_builtin(session, TESTER, today=paper_grids.DAY)
    for role in (Role.PARTNER, Role.ADMINISTRATOR):
        add_account(sessions, role, role)
    return add_key(sessions, Role.PARTNER)


@pytest.fixture(scope="module")
def office(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    engine, folder = make_engine(module_database_url), tmp_path_factory.mktemp("data")
    sessions = make_sessions(engine)
    key = town_with_accounts(sessions)
    with served(create_app(Settings(reading="accounts", data=folder), module_database_url)) as server:
        administrator = bearer(add_key(sessions, Role.ADMINISTRATOR))
        server.headers.update({**administrator, "Accept-Language": "en"})
        secret = server.post(f"{HOTLINE}/secret").json()["secret"]
        yield Office(sessions, server, folder, key, administrator, secret)
    engine.dispose()


def test_12345_exchange_zero_lost(office: Office) -> None:
    """200 orders over connections that are cut, events refused at first: none lost, none doubled, none told twice."""
    today = str(local_date(now()))
    given = [order(number, now() - timedelta(seconds=1)) for number in range(ORDERS)]
    with partner(str(office.server.base_url), office.key, office.secret) as hotline:
        assert office.server.put(f"{HOTLINE}/address", json={"url": hotline.url}).status_code == 200
        statuses = hotline.ask("push", orders=given[:-3])
        assert sum(statuses.values()) == 237, "197, and every fifth of them again"
        with transaction(office.sessions) as session:
            hotlines = select(func.count(), func.count(Case.case_no.distinct())).where(Case.source == "hotline_12345")
            assert session.execute(hotlines).one() == (197, 197)
        cases = {each["order_no"]: each["case_no"] for each in _all(office.server, "/orders")}
        assert set(cases) == {each["order_no"] for each in given[:-3]}
        office.move(cases["SH0000"], *TO_CLOSED)
        office.move(cases["SH0001"], (Move.REJECT, by(reason="不属于本区")))
        office.move(cases["SH0002"], *TO_DISPATCHED)
        for number in range(3, 30):
            office.move(cases[f"SH{number:04d}"], ACCEPTED)
        office.tell()
        seen = hotline.ask("seen")
        assert (seen["doubled"], seen["forged"]) == (0, 0)
        assert seen["refused"] > 5
        assert seen["cut"] > 20
        first = [each for each in seen["events"] if each["order_no"] == "SH0000"]
        assert [each["event"] for each in first] == ["accepted", "registered", "dispatched", "handled", "closed"]
        assert [each["sequence"] for each in first] == [1, 2, 3, 4, 5]
        (returned,) = [each for each in seen["events"] if each["order_no"] == "SH0001"]
        assert (returned["event"], returned["reason"]) == ("returned", "不属于本区")
        assert len(seen["events"]) == 5 + 1 + 3 + 27
        pretended = {each["order_no"]: "received" for each in given[-3:]}
        compared = hotline.ask("reconcile", day=today, pretend=pretended)
        assert compared["counts"] == {"missing_here": 3, "missing_there": 0, "state_differs": 0}
        assert [each["order_no"] for each in compared["differences"]] == sorted(pretended)
        table = office.server.get(f"{HOTLINE}/reconciliations/{compared['reconciliation_id']}/differences.csv").text
        assert table.splitlines()[1] == "SH0197,missing here,received,,"
        assert sum(hotline.ask("push", orders=given[-3:]).values()) == 4, "what was missing is given again, and heals"
        compared = hotline.ask("reconcile", day=today)
        assert (compared["listed"], compared["held"], compared["differences"]) == (ORDERS, ORDERS, [])
        office.server.put(f"{HOTLINE}/address", json={"url": None})


def _all(server: httpx.Client, path: str) -> list[dict[str, Any]]:
    """Return all pages of a list."""
    found, following = [], f"{HOTLINE}{path}{'&' if '?' in path else '?'}limit=90"
    while following:
        page = server.get(following).json()
        found, following = found + page["items"], page["next"]
    return found


def test_an_order_is_taken_once_and_another_content_names_its_field(office: Office) -> None:
    body = order(301, now(), reporter={"phone": "021-56100000", "consent": True})
    first = office.signed("POST", "/orders", body)
    again = office.signed("POST", "/orders", {**body, "reporter": None})
    assert (first.status_code, again.status_code) == (201, 200), "contact data are no part of what is compared"
    assert first.json() == again.json()
    other = office.signed("POST", "/orders", {**body, "description": "井盖破损"})
    assert (other.status_code, other.json()["type"]) == (409, "/problems/hotline_order_differs")
    assert "description" in other.json()["detail"]
    case = office.server.get(f"/api/v1/cases/{first.json()['case_no']}").json()
    assert (case["source"], case["town_code"], case["description"]) == (
        "hotline_12345", paper_grids.TOWN, "井盖缺失 301",
    )  # fmt: skip
    kept = office.server.get(f"/api/v1/cases/{case['case_no']}/reporter").json()
    assert kept["phone"] == "021-56100000"
    assert "56100000" not in office.server.get(f"{HOTLINE}/orders/SH0301").text


def test_only_what_the_partner_has_signed_just_now_is_taken(office: Office) -> None:
    body = order(302, now())
    unsigned = office.server.post(f"{HOTLINE}/orders", json=body, headers=bearer(office.key))
    wrong = office.signed("POST", "/orders", body, secret="whsec_other")
    stale = office.signed("POST", "/orders", body, at=time.time() - 310)
    keyless = office.server.post(f"{HOTLINE}/orders", json=body, headers={"Authorization": "Bearer gm_00000000_x"})
    answers = [(each.status_code, each.json()["type"].rpartition("/")[2]) for each in (unsigned, wrong, stale, keyless)]
    assert answers == [
        (401, "signature_missing"), (401, "signature_wrong"), (403, "signature_stale"), (401, "key_refused"),
    ]  # fmt: skip
    assert office.server.get(f"{HOTLINE}/orders/SH0302").status_code == 404


def test_the_old_secret_is_taken_for_a_day_after_it_was_renewed(office: Office) -> None:
    old, office.secret = office.secret, office.server.post(f"{HOTLINE}/secret").json()["secret"]
    assert office.signed("POST", "/orders", order(303, now()), secret=old).status_code == 201
    assert office.signed("POST", "/orders", order(304, now())).status_code == 201
    signed = partners.Signed(signature(old, b"{}", int(now().timestamp()) + 86_500), b"{}")
    with transaction(office.sessions) as session, pytest.raises(Exception, match="X-Gridmgmt-Signature"):
        partners.check_signed(session, signed, office.folder, now() + timedelta(seconds=86_500))


def test_two_who_renew_the_secret_at_once_keep_both(office: Office) -> None:
    """The second waits for the first, whose secret is then the one before, and not lost."""

    def renew() -> str:
        with transaction(office.sessions) as session:
            return partners.renew_secret(session, TESTER, office.folder, now())

    with ThreadPoolExecutor(1) as other:
        with transaction(office.sessions) as session:
            first = partners.renew_secret(session, TESTER, office.folder, now())
            second = other.submit(renew)
            time.sleep(0.3)
        office.secret = second.result()
    for number, secret in ((313, first), (314, office.secret)):
        assert office.signed("POST", "/orders", order(number, now()), secret=secret).status_code == 201


def test_corrections_come_in_their_order_and_supplement_what_was_asked_for(office: Office) -> None:
    case_no = office.give(305)
    office.move(case_no, (Move.ASK_SUPPLEMENT, by(reason="哪个井盖？")))
    assert office.server.get(f"{HOTLINE}/orders/SH0305").json()["state"] == "supplement"
    first = {"order_no": "SH0305", "sequence": 1, "description": "东侧第二个井盖"}
    early = office.signed("PATCH", "/orders/SH0305", {**first, "sequence": 2})
    assert (early.status_code, early.json()["type"]) == (409, "/problems/hotline_order_sequence")
    answers = [office.signed("PATCH", "/orders/SH0305", first) for _ in range(2)]
    assert [(each.status_code, each.json()["sequence"], each.json()["state"]) for each in answers] == [
        (200, 1, "received"), (200, 1, "received"),
    ]  # fmt: skip
    other = office.signed("PATCH", "/orders/SH0305", {**first, "description": "西侧"})
    assert (other.status_code, "description" in other.json()["detail"]) == (409, True)
    assert office.server.get(f"/api/v1/cases/{case_no}").json()["description"] == "东侧第二个井盖"
    elsewhere = office.signed("PATCH", "/orders/SH0305", {**first, "order_no": "SH0301"})
    assert elsewhere.json()["type"] == "/problems/hotline_order_no_differs"


def test_a_key_of_one_area_corrects_no_order_of_another(office: Office) -> None:
    case_no = office.give(312)
    words = {"order_no": "SH0312", "sequence": 1, "description": "改写"}
    for name, quarter, status in (("east", paper_grids.EAST, 403), ("west", paper_grids.WEST, 200)):
        add_account(office.sessions, name, Role.PARTNER, area=("residential_quarter", quarter))
        bound = replace(office, key=add_key(office.sessions, name))
        assert office.server.put(f"{HOTLINE}/orders/SH0312/holder", json={"account": name}).json()["holder"] == name
        assert bound.signed("PATCH", "/orders/SH0312", words).status_code == status
        kept = office.server.get(f"/api/v1/cases/{case_no}").json()["description"]
        assert kept == ("改写" if status == 200 else "井盖缺失 312")


def test_what_is_repeated_is_told_to_nobody_else(office: Office) -> None:
    """The very words of another area's order, or of what was said of it, do not open it to a key of this one."""
    body = order(315, now())
    assert office.signed("POST", "/orders", body).status_code == 201
    office.move(_all(office.server, "/orders?q=SH0315")[0]["case_no"], *TO_CLOSED)
    said = {"order_no": "SH0315", "feedback_no": "HF1", "kind": "satisfied"}
    assert office.signed("POST", "/orders/SH0315/feedback", said).status_code == 200
    for name, quarter, status in (("far", paper_grids.EAST, 403), ("near", paper_grids.WEST, 200)):
        add_account(office.sessions, name, Role.PARTNER, area=("residential_quarter", quarter))
        bound = replace(office, key=add_key(office.sessions, name))
        assert office.server.put(f"{HOTLINE}/orders/SH0315/holder", json={"account": name}).status_code == 200
        again = bound.signed("POST", "/orders", body), bound.signed("POST", "/orders/SH0315/feedback", said)
        assert [each.status_code for each in again] == [status, status]
        assert [each.json().get("case_no") is None for each in again] == [status == 403] * 2


def test_an_account_sees_and_moves_only_what_it_delivered_or_was_handed(office: Office) -> None:
    """Two accounts of the hotline's with the same rights in the same quarter: to one the other's orders never came."""
    here = ("residential_quarter", paper_grids.WEST)
    for name in ("line-a", "line-b"):
        add_account(office.sessions, name, Role.PARTNER, area=here)
    first, second = (replace(office, key=add_key(office.sessions, name)) for name in ("line-a", "line-b"))
    case_no, _ = first.give(321), second.give(322)
    office.move(case_no, ACCEPTED)
    office.server.put(f"{HOTLINE}/address", json={"url": "http://127.0.0.1:1/"})
    office.outbox.round()
    office.server.put(f"{HOTLINE}/address", json={"url": None})
    with transaction(office.sessions) as session:
        all_days = [each.order_no for each in queries.order_summaries(session, limit=1000)]
    assert {"SH0321", "SH0322"} < set(all_days)

    def sees(account: Office) -> list[str]:
        answer = office.server.get(f"{HOTLINE}/orders", headers=bearer(account.key)).json()
        return [each["order_no"] for each in answer["items"]]

    def words(no: str) -> dict[str, Any]:
        return {"order_no": no, "sequence": 1, "description": "改写"}

    assert (sees(first), sees(second)) == (["SH0321"], ["SH0322"])
    whole = office.server.get(HOTLINE, headers=bearer(second.key)).json()
    assert (whole["orders"], whole["waiting"], whole["failed"]) == (1, 0, 0)
    assert office.server.get(HOTLINE, headers=bearer(first.key)).json()["waiting"] == 1
    assert office.server.get(f"{HOTLINE}/deliveries", headers=bearer(second.key)).json()["items"] == []
    said = {"order_no": "SH0321", "feedback_no": "HF1", "kind": "withdrawn", "reason": "误报"}
    refused = (
        office.server.get(f"{HOTLINE}/orders/SH0321", headers=bearer(second.key)),
        second.signed("PATCH", "/orders/SH0321", words("SH0321")),
        second.signed("POST", "/orders/SH0321/feedback", said),
        second.signed("POST", "/orders", order(321, now())),
    )
    problems = [(each.status_code, each.json()["type"].rpartition("/")[2]) for each in refused]
    assert problems == [(404, "hotline_order_unknown")] * 3 + [(409, "hotline_order_taken")]
    assert not any(case_no in each.text for each in refused)
    items = [{"order_no": no, "state": "received"} for no in ("SH0321", "SH0322")]
    compared = second.signed("POST", "/reconciliations", {"day": str(local_date(now())), "items": items}).json()
    assert (compared["held"], [each["case_no"] for each in compared["differences"]]) == (1, [None])
    mine = f"{HOTLINE}/reconciliations/{compared['reconciliation_id']}"
    seen = [office.server.get(mine, headers=bearer(each.key)).status_code for each in (second, first)]
    assert seen == [200, 404]
    add_account(office.sessions, "reader", Role.ANALYST)
    barred = office.server.put(f"{HOTLINE}/orders/SH0321/holder", json={"account": "reader"})
    assert (barred.status_code, barred.json()["type"]) == (422, "/problems/exchange_holder_barred")
    assert office.server.put(f"{HOTLINE}/orders/SH0321/holder", json={"account": "line-b"}).status_code == 200
    assert (sees(first), sees(second)) == ([], ["SH0322", "SH0321"])
    assert second.signed("PATCH", "/orders/SH0321", words("SH0321")).status_code == 200
    assert first.signed("PATCH", "/orders/SH0321", words("SH0321")).status_code == 404
    handed = office.server.post(f"{HOTLINE}/holders", json={"account": "line-a", "holder": "line-b"})
    assert (handed.json(), sees(first), sees(second)) == ({"count": 2}, ["SH0322", "SH0321"], [])
    taken = {"account": "line-b", "holder": "line-a"}
    assert office.server.post(f"{HOTLINE}/holders", json=taken, headers=bearer(second.key)).status_code == 403


def test_a_day_whose_list_never_came_is_compared_by_itself(office: Office) -> None:
    """Once, with what the hotline has taken: an order it was not told of yet differs, one it knows does not."""
    early = now() - timedelta(days=2)
    with transaction(office.sessions) as session:
        assert reconciling.reconcile_due(session, TESTER, now() + timedelta(days=2)) == [], "it has no address"
    office.server.put(f"{HOTLINE}/address", json={"url": "http://127.0.0.1:1/"})
    for number in (316, 317):
        answer = office.signed("POST", "/orders", order(number, early))
        assert answer.status_code == 201, answer.text
    office.move(answer.json()["case_no"], ACCEPTED)
    day = local_date(early)
    for found in ([day], []):
        with transaction(office.sessions) as session:
            assert reconciling.reconcile_due(session, TESTER, now()) == found
    kept = office.server.get(f"{HOTLINE}/reconciliations").json()["items"][0]
    assert (kept["day"], kept["listed"], kept["held"]) == (str(day), 2, 2)
    assert kept["counts"] == {"missing_here": 0, "missing_there": 0, "state_differs": 1}
    office.server.put(f"{HOTLINE}/address", json={"url": None})


def test_the_logs_of_however_many_cases_are_looked_at(office: Office) -> None:
    """After a long time without a connection there are more numbers than a statement takes parameters."""
    with transaction(office.sessions) as session:
        assert queries.untold_moves(session, [f"C-{number}" for number in range(70_000)]) == []


def test_who_is_not_satisfied_has_the_case_opened_again(office: Office) -> None:
    office.move(office.give(306), *TO_CLOSED)
    said = {"order_no": "SH0306", "feedback_no": "HF1", "kind": "dissatisfied"}
    silent = office.signed("POST", "/orders/SH0306/feedback", said)
    assert silent.json()["type"] == "/problems/feedback_reason_missing"
    answers = [office.signed("POST", "/orders/SH0306/feedback", {**said, "reason": "仍未盖好"}) for _ in range(2)]
    assert [(each.status_code, each.json()["reopened"], each.json()["state"]) for each in answers] == [
        (200, True, "registered"), (200, True, "registered"),
    ]  # fmt: skip
    early = office.signed("POST", "/orders/SH0306/feedback", {**said, "feedback_no": "HF2", "kind": "satisfied"})
    assert (early.status_code, early.json()["type"]) == (409, "/problems/transition_not_allowed")


def test_what_the_hotline_withdraws_ends_as_returned(office: Office) -> None:
    case_no = office.give(307)
    said = {"order_no": "SH0307", "feedback_no": "HF1", "kind": "withdrawn", "reason": "重复来电"}
    assert office.signed("POST", "/orders/SH0307/feedback", said).json()["state"] == "returned"
    assert office.server.get(f"/api/v1/cases/{case_no}").json()["state"] == "voided"
    corrected = office.signed("PATCH", "/orders/SH0307", {"order_no": "SH0307", "sequence": 1, "address": "x"})
    assert corrected.json()["type"] == "/problems/hotline_order_ended"


def test_an_order_without_a_place_is_refused(office: Office) -> None:
    nowhere = office.signed("POST", "/orders", order(308, now(), lon=None, lat=None))
    assert nowhere.json()["type"] == "/problems/hotline_order_place_missing"
    unknown = office.signed("POST", "/orders", order(308, now(), lon=None, lat=None, address="无名路1号"))
    assert unknown.json()["type"] == "/problems/hotline_order_place_unknown"


def test_what_is_given_up_holds_back_what_comes_after_until_it_is_asked_for(office: Office) -> None:
    office.server.put(f"{HOTLINE}/address", json={"url": "http://127.0.0.1:1/"})
    case_no = office.give(309)
    office.move(case_no, *TO_DISPATCHED)
    for _ in range(200):
        office.outbox.round()
        office.ahead += timedelta(hours=1)
        if office.server.get(f"{HOTLINE}/orders/SH0309").json()["failed"]:
            break
    mine = [each for each in _all(office.server, "/deliveries") if each["order_no"] == "SH0309"]
    assert [(each["event"], each["attempts"], each["last_error"], each["failed_at"] is None) for each in mine] == [
        ("dispatched", 0, None, True), ("registered", 0, None, True), ("accepted", 10, "unreachable", False),
    ]  # fmt: skip
    again = office.server.post(f"{HOTLINE}/deliveries/{mine[-1]['delivery_id']}/retry")
    assert again.json() == {"count": 1}
    assert office.server.post(f"{HOTLINE}/deliveries/{mine[0]['delivery_id']}/retry").status_code == 404
    with partner(str(office.server.base_url), office.key, office.secret) as hotline:
        office.server.put(f"{HOTLINE}/address", json={"url": hotline.url})
        office.server.post(f"{HOTLINE}/deliveries/retry")
        office.ahead += timedelta(hours=1)
        office.tell()
        told = [each["event"] for each in hotline.ask("seen")["events"] if each["order_no"] == "SH0309"]
    assert told == ["accepted", "registered", "dispatched"]
    office.server.put(f"{HOTLINE}/address", json={"url": None})
    assert _all(office.server, "/deliveries") == []


def test_a_day_ahead_and_an_order_twice_are_no_list(office: Office) -> None:
    ahead = office.signed("POST", "/reconciliations", {"day": str(local_date(now()) + timedelta(days=1)), "items": []})
    assert ahead.json()["type"] == "/problems/reconciliation_ahead"
    item = {"order_no": "SH0001", "state": "closed"}
    twice = office.signed("POST", "/reconciliations", {"day": "2026-01-05", "items": [item, item]})
    assert twice.json()["type"] == "/problems/reconciliation_order_twice"
    same = [office.signed("POST", "/reconciliations", {"day": "2026-01-05", "items": []}).json() for _ in range(2)]
    assert same[0]["reconciliation_id"] == same[1]["reconciliation_id"]
    items = [{"order_no": f"NO{number}", "state": "closed"} for number in range(2)]
    compared = office.signed("POST", "/reconciliations", {"day": "2026-01-06", "items": items}).json()
    counts = {"missing_here": 2, "missing_there": 0, "state_differs": 0}
    assert compared.pop("differences")
    assert compared["counts"] == counts
    assert office.server.get(f"{HOTLINE}/reconciliations").json()["items"][0] == compared
    assert office.server.get(HOTLINE).json()["last_reconciliation"] == compared


def test_the_samples_of_the_guide_are_taken(office: Office) -> None:
    """In Python, and in the shell with openssl and curl, run as they stand in the guide."""
    guide = (PROJECT_DIR / "docs" / "exchange-12345.md").read_text(encoding="utf-8")
    sample: dict[str, Any] = {}
    exec(guide.partition("```python\n")[2].partition("```")[0], sample)
    body = json.dumps(order(310, now())).encode()
    headers = {**bearer(office.key), "X-Gridmgmt-Signature": sample["signature"](office.secret, body)}
    headers["Content-Type"] = "application/json"
    answer = office.server.post(f"{HOTLINE}/orders", content=body, headers=headers)
    assert answer.status_code == 201, answer.text
    shell = guide.partition("```sh\n")[2].partition("```")[0]
    given = {"SERVER": str(office.server.base_url).rstrip("/"), "KEY": office.key, "SECRET": office.secret}
    text = json.dumps(order(311, now()), ensure_ascii=False)
    environment = {**os.environ, **given, "BODY": text}
    said = subprocess.run(["bash", "-c", shell], env=environment, capture_output=True, check=True)
    assert json.loads(said.stdout)["order_no"] == "SH0311", said


@pytest.mark.long
def test_12345_exchange_zero_lost_over_a_killed_server(
    fresh_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is killed again and again while orders come in and events go out; started anew, none is lost."""
    monkeypatch.setenv("DATABASE_URL", fresh_database_url)
    monkeypatch.setenv("GRIDMGMT_WEBHOOK_NETWORKS", "127.0.0.0/8")
    sessions = make_sessions(make_engine(fresh_database_url))
    key, port = town_with_accounts(sessions), free_port()
    with transaction(sessions) as session:
        secret = partners.renew_secret(session, TESTER, tmp_path, now())
    given = [order(number, now() - timedelta(seconds=1)) for number in range(ORDERS)]
    server = started(tmp_path, port)
    try:
        with partner(f"http://127.0.0.1:{port}", key, secret) as hotline:
            with transaction(sessions) as session:
                partners.set_address(session, TESTER, hotline.url)
            hotline.begin("push", orders=given)
            for share in (0.2, 0.5, 0.8):
                until(lambda share=share: counted(sessions).orders > share * ORDERS)
                server.kill()
                server.wait()
                server = started(tmp_path, port)
            assert sum(hotline.end().values()) == ORDERS * 6 // 5
            with transaction(sessions) as session:
                cases = [each.case_no for each in queries.order_summaries(session, limit=ORDERS)]
            for case_no in cases[:60]:
                with transaction(sessions) as session:
                    transitions.move(session, TESTER, case_no, MoveAsk(Move.ACCEPT), now())
            until(lambda: len(hotline.ask("seen")["events"]) > 20)
            server.kill()
            server.wait()
            server = started(tmp_path, port)
            until(lambda: len(hotline.ask("seen")["events"]) == 60 and counted(sessions).waiting == 0, 240)
            compared = hotline.ask("reconcile", day=str(local_date(now())))
            assert (compared["listed"], compared["held"], compared["differences"]) == (ORDERS, ORDERS, [])
            seen = hotline.ask("seen")
            assert len({each["event_id"] for each in seen["events"]}) == len(seen["events"]) == 60
    finally:
        server.kill()
        server.wait()
        sessions.kw["bind"].dispose()


def started(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    """Start the whole program, with its workers, and wait until it answers."""
    command = [sys.executable, "-c", "from gridmgmt.cli import main; main()", "--data", folder, "serve"]
    process = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL)
    until(lambda: process.poll() is not None or answers(f"http://127.0.0.1:{port}"), 240)
    assert process.poll() is None, "the server has ended"
    return process


def counted(sessions: sessionmaker[Session]) -> queries.Totals:
    with transaction(sessions) as session:
        return queries.totals(session)
