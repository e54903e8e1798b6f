"""Accessibility on the town drawn in `tests.support.paper_town`, with one more point B of 60 beside p3.

Within 20 minutes (996 m) p1 and p2 (30.75 residents) reach A, p3 (30) reaches B; p4, p5 and p6 (15) reach nothing. A
has no capacity of its own.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely
from click.testing import CliRunner
from sqlalchemy.orm import Session, sessionmaker

from gridmgmt import imports
from gridmgmt.areas.models import TownModeDecision
from gridmgmt.cli.coverage import coverage
from gridmgmt.coverage.access_document import AccessDocument, EquityGroup, canonical_json
from gridmgmt.coverage.accessibility import AccessAsk, accessibility, make_ask
from gridmgmt.coverage.queries import areas_reported
from gridmgmt.coverage.rules import make_request
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.errors import InputError
from gridmgmt.ingest.features import read_features
from gridmgmt.ingest.service_points import read_service_points
from gridmgmt.reports.accessibility import MEDIA_TYPES, render_accessibility
from gridmgmt.settings import Settings
from gridmgmt.walking.cache import WARM
from tests.support import paper_town
from tests.support.actors import TESTER
from tests.support.paper_town import DAY, degrees, geojson, labels

WEST, EAST = "310113001", "310113002"
GIVEN = {"elderly_service_point": 15.0}
GINI = 2520 / 5681.25  # (15·30.75·x + 15·30·2 + 30.75·30·(2-x)) over 75.75·75, where x = 15/30.75


@pytest.fixture(scope="module")
def sessions(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(module_database_url)
    factory, folder = make_sessions(engine), tmp_path_factory.mktemp("town")
    paper_town.load(factory, folder)
    lon, lat = degrees([(1500, 400)])[0]
    more = folder / "more.csv"
    more.write_text(
        f"code,name,type,status,capacity,lon,lat\nB,点B,elderly_service_point,open,60,{lon},{lat}\n", encoding="utf-8"
    )
    ring = degrees([(0, -50), (1100, -50), (1100, 50), (0, 50), (0, -50)])
    homes = geojson(folder / "use.geojson", [({"class": "residential"}, "Polygon", [ring])])
    with factory.begin() as session:
        imports.import_service_points(session, TESTER, read_service_points(more), labels("more"))
        imports.import_features(session, TESTER, read_features(homes, kind="landuse"), labels("use"), kind="landuse")
        session.add(TownModeDecision(town_code=WEST, mode="direct", decided_by="paper", valid_from=DAY))
    yield factory
    WARM.clear()
    engine.dispose()


def ask(question: dict[str, Any] | None = None, **changes: Any) -> AccessAsk:
    return make_ask(make_request(**question or {}), **changes)


def answer(sessions: sessionmaker[Session], asked: AccessAsk) -> AccessDocument:
    with sessions.begin() as session:
        return accessibility(session, asked, on=DAY)


def group(found: AccessDocument, by: str) -> EquityGroup:
    return next(each for each in found.groups if each.by == by)


def test_the_numbers_worked_out_on_paper(sessions: sessionmaker[Session]) -> None:
    found = answer(sessions, ask(capacities=GIVEN))
    everybody = found.everybody
    assert (everybody.places, everybody.residents, everybody.without, everybody.least) == (6, 75.75, 15, 0)
    assert everybody.mean == pytest.approx(75 / 75.75, rel=1e-12)
    assert everybody.gini == pytest.approx(GINI, rel=1e-12)
    points = found.points
    assert (points.total, points.taking_part, points.capacity_given, points.capacity_unknown) == (2, 2, 1, 0)
    assert (points.capacity, points.shared, points.reached_by_nobody) == (75, 75, 0)


def test_by_town(sessions: sessionmaker[Session]) -> None:
    west, east = group(answer(sessions, ask(capacities=GIVEN)), "town").rows
    assert (west.code, west.residents, west.without, west.least) == (WEST, 35.75, 5, 0)
    assert west.mean == pytest.approx(15 / 35.75)
    assert (east.code, east.residents, east.without) == (EAST, 34, 4)
    assert east.mean == pytest.approx(60 / 34)
    assert west.gini == pytest.approx(5 * 30.75 * (15 / 30.75) / (35.75 * 15))


def test_by_mode_of_the_town_and_use_of_the_land(sessions: sessionmaker[Session]) -> None:
    found = answer(sessions, ask(capacities=GIVEN))
    assert [(row.code, row.residents) for row in group(found, "town_mode").rows] == [
        ("direct", 35.75),
        ("undecided", 34),
    ]
    (homes,) = group(found, "land_use").rows
    assert (homes.code, homes.places, homes.residents, homes.without) == ("residential", 2, 30.75, 0)
    assert homes.gini == 0
    assert homes.least == pytest.approx(15 / 30.75)


def test_points_of_unknown_capacity_are_left_out_and_counted(sessions: sessionmaker[Session]) -> None:
    found = answer(sessions, ask())
    assert (found.points.capacity_unknown, found.points.taking_part, found.points.shared) == (1, 1, 60)
    assert found.everybody.without == 45.75
    (note,) = [note for note in found.notes if note.code == "capacity_unknown"]
    assert note.fields == {"points": 1, "total": 2}


def test_who_lives_beyond_the_area_uses_its_points_too(sessions: sessionmaker[Session]) -> None:
    """At 60 minutes (2988 m) p1, p2 and p3 reach both points: asked for the west alone, p3 still takes its share."""
    question = {"minutes": 60, "area_code": WEST}
    found = answer(sessions, ask(question, capacities=GIVEN))
    assert found.everybody.residents == 35.75 + 0, "p5 lies on the border"
    assert found.everybody.mean == pytest.approx((75 / 60.75) * 30.75 / 35.75)
    assert [each.by for each in found.groups if each.rows] == ["town", "town_mode", "land_use"]
    assert [row.code for row in group(found, "town").rows] == [WEST]


def test_zones_and_decays(sessions: sessionmaker[Session]) -> None:
    """p1 is in the first zone of A (weight 1), p2 in the last (0.147); B has p3 alone, in its first zone."""
    enhanced = answer(sessions, ask(method="e2sfca", capacities=GIVEN))
    weights = enhanced.parameters.zone_weights
    assert weights == pytest.approx([1, 0.8081, 0.4265, 0.1469], abs=1e-4)
    demand = 10.5 + 20.25 * weights[3]
    (homes,) = group(enhanced, "land_use").rows
    assert homes.least == pytest.approx(weights[3] * 15 / demand)
    for method in ("gravity_power", "gravity_exponential"):
        found = answer(sessions, ask(method=method, capacities=GIVEN))
        assert found.everybody.mean == pytest.approx(75 / 75.75, rel=1e-12), "whatever the decay, 75 are given out"


def test_round_trips_are_timed_as_round_trips(sessions: sessionmaker[Session]) -> None:
    """There and back p2 walks 1820 m to A: beyond 20 minutes, within 40."""
    homes = [
        group(answer(sessions, ask({"trip": "round", "minutes": minutes}, capacities=GIVEN)), "land_use").rows[0]
        for minutes in (20, 40)
    ]
    assert [row.without for row in homes] == [20.25, 0]


def test_equal_questions_give_equal_bytes(sessions: sessionmaker[Session]) -> None:
    first, second = (canonical_json(answer(sessions, ask(capacities=GIVEN))) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"method": "4sfca"}, "4sfca"),
        ({"question": {"minutes": 61}}, "minutes"),
        ({"method": "gravity_power", "exponent": -1}, "exponent"),
        ({"capacities": {"school": 3}}, "school"),
        ({"capacities": {"meal_point": -3}}, "capacity"),
    ],
)
def test_bad_questions_are_told(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        ask(**changes)


def test_files(sessions: sessionmaker[Session]) -> None:
    found = answer(sessions, ask(capacities=GIVEN))
    with sessions.begin() as session:
        areas = areas_reported(session, DAY, None)
    for format_ in MEDIA_TYPES:
        for lang in ("zh", "en"):
            first, second = (render_accessibility(found, areas, format_, lang=lang).content for _ in range(2))
            assert first == second
            assert first
    features = json.loads(render_accessibility(found, areas, "geojson", lang="zh").content)["features"]
    assert [feature["properties"]["code"] for feature in features] == [WEST, EAST]
    assert features[1]["properties"]["mean"] == pytest.approx(60 / 34)
    surface = shapely.from_geojson(json.dumps(features[0]["geometry"]))
    assert surface.is_valid
    assert "点" not in render_accessibility(found, areas, "csv", lang="en").content.decode()


def test_the_command(sessions: sessionmaker[Session], module_database_url: str, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, database_url=module_database_url, lang="en")
    question = ("access", "--capacity", "elderly_service_point=15")

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(coverage, [*question, *arguments], obj=settings, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    said = run()
    assert "990.099" in said  # for 1,000 residents: 75 / 75.75
    assert "two-step floating catchment" in said
    assert json.loads(run("--json"))["everybody"]["gini"] == pytest.approx(GINI)
    run("--format", "xlsx", "-o", str(tmp_path / "a.xlsx"))
    assert (tmp_path / "a.xlsx").read_bytes().startswith(b"PK")
    bad = CliRunner().invoke(coverage, ["access", "--capacity", "meal_point"], obj=settings)
    assert bad.exit_code == 2
    assert "meal_point=60" in bad.output
