"""Photos and contact data over HTTP: who gives and sees them, and that no other answer tells of a reporter."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from PIL import Image
from sqlalchemy import text
from sqlalchemy.orm import sessionmaker

from api.app import create_app
from gridmgmt.access.rules import Role
from gridmgmt.catalogue.service import load_builtin
from gridmgmt.db import Session, make_engine, make_sessions, transaction
from gridmgmt.settings import Settings
from gridmgmt.work import Hourly, forget_what_is_over
from tests.db.test_photos_and_reporters import NOW, WANG, add_case
from tests.support import paper_grids
from tests.support.actors import TESTER, add_account, add_key, bearer
from tests.support.division import spot
from tests.support.serving import served
from tests.unit.test_pictures import SECRET, corners, photo_of_a_phone, refused, written

MARKER = "Marker-of-Somebody"
REPORTER = {"name": MARKER, "phone": "021-98765432", "email": "marker@somebody.example", "consent": True}
TRACES = (MARKER, "98765432", "somebody.example")
TILES = ((0, 0, 0), (10, 857, 418), (14, 13717, 6690), (16, 54868, 26763))
"""Those that hold the reported case."""
ENDLESS = {"/api/v1/events"}


@dataclass(frozen=True)
class Desk:
    """A served folder with one case, and clients by what they may do."""

    data: Path
    sessions: sessionmaker[Session]
    chief: httpx.Client
    operator: httpx.Client
    visitor: httpx.Client
    app: FastAPI


@pytest.fixture(scope="module")
def desk(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The town of `paper_grids` with one case, C-1."""
    engine = make_engine(module_database_url)
    sessions = make_sessions(engine)
    settings = Settings(data=tmp_path_factory.mktemp("data"), reading="open", photo_limit_bytes=300_000)
    with transaction(sessions) as session:
        add_case(session, "C-1")
        paper_grids.build(session)
        load_builtin(session, TESTER, today=NOW.date())
    app = create_app(settings, module_database_url, clock=lambda: NOW)
    clients = {}
    with served(app) as visitor:
        for role in (Role.DUTY_CHIEF, Role.OPERATOR):
            add_account(sessions, role, role)
            headers = bearer(add_key(sessions, role))
            clients[role] = httpx.Client(base_url=visitor.base_url, timeout=visitor.timeout, headers=headers)
        yield Desk(settings.data, sessions, clients[Role.DUTY_CHIEF], clients[Role.OPERATOR], visitor, app)
        for client in clients.values():
            client.close()
    engine.dispose()


def give(client: httpx.Client, data: bytes) -> httpx.Response:
    return client.post("/api/v1/photos", content=data, headers={"Content-Type": "image/jpeg"})


def test_a_photo_is_given_added_and_shown(desk: Desk) -> None:
    answer = give(desk.operator, photo_of_a_phone(6))
    assert answer.status_code == 201, answer.text
    kept = answer.json()
    assert (kept["width_px"], kept["height_px"]) == (64, 48)
    assert answer.headers["location"] == kept["links"]["self"] == f"/api/v1/photos/{kept['photo']}"
    assert give(desk.operator, photo_of_a_phone(6)).json() == kept
    added = desk.operator.post("/api/v1/cases/C-1/photos", json={"photo": kept["photo"], "kind": "near"})
    assert added.status_code == 201, added.text
    (item,) = added.json()["items"]
    assert (item["photo"], item["kind"], item["actor"]) == (kept["photo"], "near", "operator")
    assert desk.visitor.get("/api/v1/cases/C-1/photos").json() == added.json()
    for size in ("", "?size=thumb"):
        shown = desk.visitor.get(kept["links"]["self"] + size)
        assert shown.headers["content-type"] == "image/jpeg"
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert "immutable" in shown.headers["cache-control"]
        assert "private" in shown.headers["cache-control"]
        assert "default-src 'none'" in shown.headers["content-security-policy"]
        assert corners(shown.content) == corners(desk.chief.get(kept["links"]["self"] + size).content)
    stored = [path for path in desk.data.rglob("*") if path.is_file()]
    assert sorted(path.suffixes for path in stored) == [[".jpg"], [".thumb", ".jpg"]]
    assert not any(SECRET.encode() in path.read_bytes() for path in stored)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "photo_format"),
        (b"\x00\x00\x00\x18ftypheic", "photo_format"),
        (photo_of_a_phone(1)[:-40], "photo_broken"),
        (photo_of_a_phone(1) + b"<script>", "photo_disguised"),
        (written(Image.effect_noise((900, 900), 80)), "photo_too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_refused_leaves_nothing(desk: Desk, data: bytes, code: str) -> None:
    before = sorted(desk.data.rglob("*"))
    answer = give(desk.operator, data)
    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{code}")
    assert sorted(desk.data.rglob("*")) == before
    if code != "photo_too_large":
        assert refused(data) == code


def test_who_may_not(desk: Desk) -> None:
    assert give(desk.visitor, photo_of_a_phone(1)).status_code == 401
    photo = give(desk.chief, photo_of_a_phone(1)).json()["photo"]
    address = f"/api/v1/cases/C-1/photos/{photo}?reason=face"
    assert desk.operator.delete(address).status_code == 403
    assert desk.visitor.get("/api/v1/cases/C-1/reporter").status_code == 401
    for method in ("GET", "DELETE"):
        assert desk.operator.request(method, "/api/v1/cases/C-1/reporter").status_code == 403
    assert desk.operator.put("/api/v1/cases/C-1/reporter", json=REPORTER).status_code == 403
    for unknown in ("/api/v1/photos/" + "0" * 64, "/api/v1/cases/C-9/photos"):
        assert desk.chief.get(unknown).status_code == 404
    assert desk.chief.get("/api/v1/photos/..%2f..%2fPG_VERSION").status_code in {404, 422}


def test_a_photo_taken_off_is_gone(desk: Desk) -> None:
    image = Image.new("RGB", (30, 20), "teal")
    kept = give(desk.operator, written(image)).json()
    desk.operator.post("/api/v1/cases/C-1/photos", json={"photo": kept["photo"], "kind": "far"}).raise_for_status()
    left = desk.chief.delete(f"/api/v1/cases/C-1/photos/{kept['photo']}?reason=face")
    assert left.json() == desk.chief.get("/api/v1/cases/C-1/photos").json()
    assert desk.chief.get(kept["links"]["self"]).status_code == 404
    assert kept["photo"] not in desk.chief.get("/api/v1/cases/C-1/photos").text


def test_no_other_answer_and_no_other_table_tells_of_a_reporter(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    lon, lat = spot(0.5, 0.5)
    report = {"lon": lon, "lat": lat, "type": "0101", "source": "hotline_12345", "reporter": REPORTER}
    answer = desk.operator.post("/api/v1/cases", json=report, headers={"Idempotency-Key": "once"})
    assert answer.status_code == 201, answer.text
    case_no = answer.json()["case_no"]
    walked = {"": answer.text}
    for path in sorted(every_address(desk, case_no)):
        walked[path] = desk.chief.get(path).text
    moved = {"move": "accept", "version": 1}
    walked["transitions"] = desk.operator.post(f"/api/v1/cases/{case_no}/transitions", json=moved).text
    assert [path for path, text_ in walked.items() if any(trace in text_ for trace in TRACES)] == []
    assert sum(case_no in text_ for text_ in walked.values()) >= 6, "the walk has seen the case itself"
    address = f"/api/v1/cases/{case_no}/reporter"
    told = desk.chief.get(address)
    assert told.headers["cache-control"] == "no-store"
    assert (told.json()["name"], told.json()["consented_at"]) == (MARKER, "2026-01-15T04:00:00Z")
    assert not any(trace in caplog.text for trace in TRACES)
    with transaction(desk.sessions) as session:
        assert [name for name in tables(session) if tells(session, name)] == ["case_reporters"]
        assert session.scalar(text("SELECT count(*) FROM changes WHERE action = 'reporters.read'")) == 1
    assert (
        desk.chief.put(address, json={**REPORTER, "consent": False})
        .json()["type"]
        .endswith("/reporter_without_consent")
    )
    assert desk.chief.put(address, json={**REPORTER, "nick": "x"}).status_code == 422
    assert desk.chief.delete(address).json() == {"given": []}
    assert desk.chief.get(address).status_code == 404


def test_what_is_over_is_forgotten_by_the_chore(desk: Desk) -> None:
    """The chore goes by the real clock: what ended in 2025 is over, what was given just now is not."""
    sessions = desk.sessions
    with transaction(sessions) as session:
        ended = add_case(session, "C-2", "closed", closed_at=NOW.replace(year=2025), updated_at=NOW.replace(year=2025))
        session.execute(
            text("INSERT INTO case_reporters (case_id, name, consented_at) VALUES (:case_id, :name, :at)"),
            {"case_id": ended, "name": WANG.name, "at": NOW},
        )
    fresh = give(desk.operator, written(Image.new("RGB", (8, 8)))).json()
    forget_what_is_over(sessions, Settings(data=desk.data))
    assert desk.chief.get("/api/v1/cases/C-2/reporter").status_code == 404
    assert desk.chief.get(fresh["links"]["self"]).status_code == 200


def test_a_chore_by_the_hour() -> None:
    seen: list[float] = []
    now = [100.0]
    chore = Hourly(lambda: seen.append(now[0]), lambda: now[0])
    for now[0] in (100.0, 101.0, 3_699.9, 3_700.0, 3_800.0, 9_000.0):
        chore()
    assert seen == [100.0, 3_700.0, 9_000.0]


def every_address(desk: Desk, case_no: str) -> set[str]:
    """The address of every route that answers GET, of the case where one is named, and tiles where it lies."""
    found = set()
    for route in iter_route_contexts(desk.app.routes):
        path = str(route.path)
        if isinstance(route.original_route, APIRoute) and "GET" in (route.methods or ()):
            found.add(re.sub(r"{(\w+)(:path)?}", lambda m: case_no if m[1] == "case_no" else "1", path))
    tiles = {f"/tiles/cases/{zoom}/{x}/{y}.mvt" for zoom, x, y in TILES}
    return (found | tiles) - {f"/api/v1/cases/{case_no}/reporter"} - ENDLESS


def tables(session: Session) -> list[str]:
    statement = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    return [*session.scalars(text(statement))]


def tells(session: Session, table: str) -> bool:
    """Whether a row of a table holds a trace of the reporter."""
    statement = f'SELECT EXISTS (SELECT FROM "{table}" AS t WHERE t::text LIKE ANY (:traces))'
    return bool(session.scalar(text(statement), {"traces": [f"%{trace}%" for trace in TRACES]}))
