"""Counts at gates over HTTP: what is taken, what is refused without a trace, who sees what."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import shapely
from click.testing import CliRunner, Result

from gridmgmt.access.rules import Role
from gridmgmt.cli.main import root
from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.cluster import Cluster
from gridmgmt.errors import InputError
from gridmgmt.gate_counts import releases, retention
from gridmgmt.gate_counts.releases import release
from gridmgmt.settings import Settings
from gridmgmt.work import keep_gate_counts, tidy
from tests.api.conftest import District
from tests.support.actors import TESTER, add_account, add_key, bearer
from tests.support.division import spot
from tests.support.paper_district import GUCUN

URL = "/api/v1/gate-counts"
DAY = date(2026, 1, 14)
EIGHT = datetime(2026, 1, 14, 8, tzinfo=LOCAL_ZONE)
"""Yesterday, as the applications of these tests tell the time."""
SENTINEL = "沪A12345张三"
VILLAGE = {"code": "XX", "name": "星星村", "valid_from": "2026-01-01"}


def a_bin(gate: str = "XX-G1", quarter: int = 0, **other: object) -> dict[str, Any]:
    start = EIGHT + timedelta(minutes=15 * quarter)
    return {"gate": gate, "start": start.isoformat(), "class": "resident", "in": 4, "out": 31, **other}


@pytest.fixture(scope="module")
def village(shared_district: District) -> District:
    """星星村 with five gates, and a guard's key for the first."""
    surface = shapely.box(*spot(3, 1), *spot(4, 2))
    administrator = shared_district.administrator
    made = administrator.post(f"{URL}/communities", json={**VILLAGE, "geometry": shapely.geometry.mapping(surface)})
    assert made.status_code == 201, made.text
    for number in range(1, 6):
        lon, lat = spot(3 + number / 8, 1)
        asked = {"code": f"XX-G{number}", "community": "XX", "lon": lon, "lat": lat, "valid_from": "2026-01-01"}
        assert administrator.post(f"{URL}/gates", json=asked).status_code == 201
    return shared_district


@pytest.fixture(scope="module")
def guard(village: District) -> Iterator[httpx.Client]:
    quarter = ("residential_quarter", f"{GUCUN}003")
    add_account(village.sessions, "guard", Role.GATE, area=quarter)
    headers = bearer(add_key(village.sessions, "guard"))
    with httpx.Client(base_url=village.visitor.base_url, headers=headers) as client:
        yield client


def push(client: httpx.Client, *bins: dict[str, Any]) -> httpx.Response:
    return client.post(f"{URL}/bins", json={"bins": bins})


def test_a_push_is_taken_once(guard: httpx.Client) -> None:
    first = push(guard, a_bin(bin_id="XX-G1/20260114T0000Z/resident"), a_bin("XX-G2"))
    assert (first.status_code, first.json()) == (200, {"taken": 2, "repeated": 0, "late": 0})
    assert push(guard, a_bin(), a_bin("XX-G3")).json() == {"taken": 1, "repeated": 1, "late": 0}
    differing = push(guard, {**a_bin(), "in": 5})
    assert (differing.status_code, differing.json()["type"]) == (409, "/problems/bin_differs")


@contextmanager
def everything_logged(caplog: pytest.LogCaptureFixture, file: Path) -> Iterator[None]:
    handler = logging.FileHandler(file, encoding="utf-8")
    logging.getLogger().addHandler(handler)
    try:
        with caplog.at_level(logging.DEBUG):
            yield
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()


REFUSED = {
    "unknown field": {"bins": [a_bin(note=SENTINEL)]},
    "a name of a field": {"bins": [{**a_bin(), SENTINEL: 1}]},
    "id": {"bins": [a_bin(id=SENTINEL)]},
    "name": {"bins": [a_bin(name=SENTINEL)]},
    "plate": {"bins": [a_bin(plate=SENTINEL)]},
    "card": {"bins": [a_bin(card_no=SENTINEL)]},
    "photo": {"bins": [a_bin(photo=f"data:image/jpeg;base64,{SENTINEL}")]},
    "free text for a class": {"bins": [{**a_bin(), "class": SENTINEL}]},
    "free text for a gate": {"bins": [a_bin(gate=SENTINEL)]},
    "free text for a count": {"bins": [{**a_bin(), "in": SENTINEL}]},
    "free text for an id": {"bins": [a_bin(bin_id=SENTINEL)]},
    "single event": {"gate": "XX-G1", "at": EIGHT.isoformat(), "person": SENTINEL, "direction": "in"},
    "list of events": [{"gate": "XX-G1", "at": EIGHT.isoformat(), "plate": SENTINEL}],
    "beside the bins": {"bins": [a_bin()], "operator": SENTINEL},
    "no text": SENTINEL,
}


def test_whatever_is_no_count_is_refused_and_nothing_of_it_is_logged(
    guard: httpx.Client, test_cluster: Cluster, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Unknown field, id, name, plate, photo, free text, single event → 422; no log and no answer repeats it."""
    file = tmp_path / "server.log"
    with everything_logged(caplog, file):
        for name, body in REFUSED.items():
            answer = guard.post(f"{URL}/bins", json=body)
            assert answer.status_code == 422, (name, answer.text)
            assert not any(part in answer.text for part in (SENTINEL, "张三", "12345", "\\u5f20")), name
        broken = guard.post(
            f"{URL}/bins", content=f'{{"bins": "{SENTINEL}'.encode(), headers={"Content-Type": "application/json"}
        )
        assert (broken.status_code, SENTINEL in broken.text) == (422, False)
    logs = [caplog.text, file.read_text("utf-8")]
    logs += [each.read_text("utf-8", "replace") for each in test_cluster.data_dir.rglob("*.log*") if each.is_file()]
    assert len(logs) > 2, "the database has a log of its own"
    assert "422" in logs[0], "that something was refused is logged"
    assert not any(part in log for log in logs for part in (SENTINEL, "张三", "A12345"))


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"minutes": 4}, "bin_too_short"),
        ({"minutes": 5}, "bin_length"),
        ({"minutes": 10**18}, "bin_length"),
        ({"start": "2026-01-14T08:01:00+08:00"}, "bin_unaligned"),
        ({"start": "2026-01-15T12:00:00+08:00"}, "bin_ahead"),
        ({"start": "9999-12-31T23:45:00Z"}, "bin_ahead"),
        ({"start": "2025-12-14T08:00:00+08:00"}, "bin_too_old"),
        ({"bin_id": "XX-G1/20260114T0000Z/visitor"}, "bin_id_other"),
    ],
)
def test_a_bin_is_a_quarter_of_an_hour_that_has_passed(guard: httpx.Client, other: dict[str, Any], code: str) -> None:
    answer = push(guard, a_bin(quarter=8, **other))
    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{code}")


def test_a_bin_holds_no_more_than_could_pass(guard: httpx.Client) -> None:
    assert push(guard, {**a_bin(quarter=9), "in": 10_001}).status_code == 422


@pytest.mark.parametrize("day", ["9999-12-31", "2026-01-16", "1999-12-31", "0001-01-01"])
def test_a_day_without_counts_is_refused(village: District, day: str) -> None:
    for path in ("communities/XX", "gates/XX-G1/bins"):
        answer = village.administrator.get(f"{URL}/{path}", params={"day": day})
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/gate_day_outside")


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"lon": 1e300}, "position_out_of_range"),
        ({"lon": 121.5}, "counting_gate_far"),
        ({"valid_from": "2025-12-31"}, "gate_day_outside"),
        ({"valid_from": "9999-12-31"}, "gate_day_outside"),
    ],
)
def test_a_gate_stands_at_its_community(village: District, other: dict[str, Any], code: str) -> None:
    lon, lat = spot(3, 1)
    asked = {"code": "XX-G8", "community": "XX", "lon": lon, "lat": lat, "valid_from": "2026-01-01", **other}
    answer = village.administrator.post(f"{URL}/gates", json=asked)
    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{code}")


def test_a_place_that_is_no_number_is_refused(village: District) -> None:
    body = b'{"code": "XX-G8", "community": "XX", "lon": NaN, "lat": 31.3}'
    answer = village.administrator.post(f"{URL}/gates", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


def test_who_sees_what(village: District, guard: httpx.Client) -> None:
    """The gate its own bins, those who answer for the community its counts, everybody bands and releases."""
    asked = {
        "community": "XX",
        "at": "2026-01-14T00:00:00+08:00",
        "resident": 100,
        "newcomer": 800,
        "visitor": 0,
        "vehicle": 9,
    }
    assert guard.post(f"{URL}/censuses", json=asked).json()["counted"]["newcomer"] == 800
    assert push(guard, a_bin()).status_code == 200
    assert len(guard.get(f"{URL}/gates/XX-G1/bins", params={"day": "2026-01-14"}).json()["items"]) >= 1
    for path in ("communities/XX", "gates/XX-G1/bins"):
        assert village.visitor.get(f"{URL}/{path}").status_code == 401
        assert village.planner.get(f"{URL}/{path}").status_code == 403
    assert guard.get(f"{URL}/communities/XX").status_code == 403
    seen = village.administrator.get(f"{URL}/communities/XX", params={"day": "2026-01-14"}).json()
    assert seen["stale"] is True
    assert seen["inside"]["resident"]["inside"] == 100 + sum(h["entered"] - h["left"] for h in seen["hours"])
    assert village.visitor.get(f"{URL}/flows").status_code == 404, "nothing is released"
    with village.sessions.begin() as session:
        release(session, TESTER, DAY, EIGHT + timedelta(days=1, hours=8), threshold=10)
    community = village.visitor.get(f"{URL}/communities").json()["items"][0]
    assert (community["gates"], community["gates_lost"], community["stale"]) == (5, 5, True)
    assert community["occupancy"] == {"at_least": 500, "below": 1000}
    flows = village.visitor.get(f"{URL}/flows", params={"community": "XX"}).json()
    counts = [item[way] for item in flows["items"] for way in ("entered", "left")]
    assert flows["day"] == "2026-01-14"
    assert None in counts
    assert not any(count is not None and 0 < count < 10 for count in counts)
    assert village.visitor.get(f"{URL}/flows", params={"day": "2026-01-13"}).status_code == 404
    assert len(village.visitor.get(f"{URL}/releases").json()["items"]) == 1
    tile = village.visitor.get("/tiles/gate_communities.json")
    assert tile.status_code == 200


def test_commands_take_a_census_publish_and_forget(village: District) -> None:
    """A census is of the whole community; what the command shows of it is what those see who answer for it."""
    url = village.sessions.kw["bind"].url.render_as_string(hide_password=False).replace("+psycopg", "")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(root, ["--lang", "en", "gate-counts", *arguments], env={"DATABASE_URL": url})

    at = (datetime.now(LOCAL_ZONE) - timedelta(hours=2)).strftime("%Y-%m-%dT%H:00")
    counted = ("--resident", "120", "--newcomer", "960", "--visitor", "60", "--vehicle", "210")
    taken = run("census", "XX", at, *counted)
    assert (taken.exit_code, "960" in taken.output) == (0, True), taken.output
    assert run("census", "XX", at, *counted).exit_code == 0, "the same again changes nothing"
    assert run("census", "XX", at, "--resident", "121", *counted[2:]).exit_code == 1
    assert run("census", "NOBODY", at, *counted).exit_code == 1
    (told,) = [each for each in json.loads(run("communities", "--json").output) if each["code"] == "XX"]
    assert "inside" not in told, "bands alone"
    assert "XX" in run("communities").output
    released = run("release")
    assert released.exit_code == 0, released.output
    assert "no day is due" in run("release").output
    assert run("release", "--day", "2026-01-13").exit_code == 1
    assert "bins folded" in run("retention").output
    assert "0 bins folded" in run("retention").output


def test_the_hourly_chore_publishes_and_forgets_without_harm(village: District) -> None:
    tidy(village.sessions, Settings())


def test_what_is_old_is_forgotten_also_where_nothing_can_be_published(
    village: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise InputError("publication_inconsistent", field="counts", value="")

    forgotten: list[object] = []
    monkeypatch.setattr(releases, "release_due", fail)
    monkeypatch.setattr(retention, "forget_old", lambda *given: forgotten.append(given))
    with pytest.raises(InputError):
        keep_gate_counts(village.sessions, Settings())
    assert len(forgotten) == 1
