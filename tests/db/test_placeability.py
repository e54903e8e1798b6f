"""Judging spots on the town drawn in `tests.support.paper_town`; numbers worked out on its drawing."""

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session, sessionmaker

from gridmgmt import imports
from gridmgmt.access.models import Change
from gridmgmt.access.rules import Actor, Grant, Permission, Role, anonymous
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.gates import Access
from gridmgmt.analysis.walking.model import Trip, to_cs
from gridmgmt.analysis.walking.search import nearest
from gridmgmt.analysis.walking.tally import from_fixed
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.editions.rules import Counting
from gridmgmt.errors import (
    ConflictError,
    FileRefusedError,
    ForbiddenError,
    InputError,
    NotFoundError,
    UnauthenticatedError,
)
from gridmgmt.ingest.areas import read_areas
from gridmgmt.ingest.features import read_features
from gridmgmt.ingest.gates import read_gates
from gridmgmt.placeability import queries
from gridmgmt.placeability.batch import ranked, read_candidates
from gridmgmt.placeability.card import CheckResult, PlaceabilityCard, canonical_json
from gridmgmt.placeability.norms import import_norms, set_of
from gridmgmt.placeability.rules import Attributes, Candidate, PlaceCheck, PlaceVerdict, make_terms
from gridmgmt.placeability.service import Reader, place, place_many
from gridmgmt.reports.placeability import render_card, render_ranked
from gridmgmt.walking.service import make_question, walk_state
from tests.support import paper_town
from tests.support.actors import TESTER
from tests.support.drafts import take_into_force
from tests.support.paper_town import DAY, degrees, geojson, labels

VISITOR = anonymous(reading=True)
FIRST, LAST = (1400, 20), (2800, 5)
"""A spot beside the main street, 620 m from p3; one far east, 2000 m from it."""
PASS, WARN, FAIL, NOT_ASSESSED = PlaceVerdict.PASS, PlaceVerdict.WARN, PlaceVerdict.FAIL, PlaceVerdict.NOT_ASSESSED

EXACT = Reader()

Judge = Callable[..., PlaceabilityCard]


@pytest.fixture(scope="module")
def town(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sessionmaker[Session]]:
    """The town, for tests that leave it as it is."""
    yield from loaded(module_database_url, tmp_path_factory.mktemp("town"))


@pytest.fixture
def sessions(fresh_database_url: str, tmp_path: Path) -> Iterator[sessionmaker[Session]]:
    """The town, for one test."""
    yield from loaded(fresh_database_url, tmp_path)


def loaded(url: str, folder: Path) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(url)
    factory = make_sessions(engine)
    paper_town.load(factory, folder)
    yield factory
    engine.dispose()


@pytest.fixture
def judge(town: sessionmaker[Session]) -> Judge:
    """Judge a spot of the common town."""
    return partial(judged, town)


@pytest.fixture
def judge_own(sessions: sessionmaker[Session]) -> Judge:
    """Judge a spot of the test's own town."""
    return partial(judged, sessions)


def judged(
    sessions: sessionmaker[Session],
    at: tuple[float, float] = FIRST,
    *,
    actor: Actor = TESTER,
    reader: Reader = EXACT,
    **asked: Any,
) -> PlaceabilityCard:
    """Judge a spot so many metres east and north of the drawing's corner."""
    attributes = asked.pop("attributes", Attributes())
    with sessions.begin() as session:
        candidate = Candidate(*degrees([at])[0], "here", attributes)
        terms = make_terms("elderly_service_point", **asked)
        return place(session, actor, candidate, terms, on=DAY, reader=reader)


def add_gates(sessions: sessionmaker[Session], folder: Path, rows: list[tuple[str, float, float, str, str]]) -> None:
    """Take gates in: code, metres, access, hours."""
    path = folder / "gates.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["code", "name", "lon", "lat", "access", "hours"])
        for code, x, y, access, hours in rows:
            writer.writerow([code, f"门{code}", *degrees([(x, y)])[0], access, hours])
    with sessions.begin() as session:
        imports.import_gates(session, TESTER, read_gates(path), labels("gates"))


def add_land(sessions: sessionmaker[Session], folder: Path, kind: str, shape: str, metres: object) -> None:
    path = geojson(folder / f"{kind}.geojson", [({"name": f"the {kind}"}, shape, metres)])
    with sessions.begin() as session:
        imports.import_features(session, TESTER, read_features(path, kind=kind), labels(kind), kind=kind)


def of(card: PlaceabilityCard, check: PlaceCheck) -> CheckResult:
    return next(result for result in card.checks if result.check is check)


def codes(result: CheckResult) -> set[str]:
    return {reason.code for reason in result.reasons} | set(result.needs)


def ring(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
    return [degrees([(west, south), (east, south), (east, north), (west, north), (west, south)])]


def test_the_numbers_worked_out_on_paper(judge: Judge) -> None:
    """From p3 it is 500 m down the side street, 100 m west and 20 m off the street; A is 2010 m away."""
    card = judge(attributes=Attributes(capacity=3.0))
    gain, load = card.facts.gain, card.facts.load
    assert gain is not None
    assert load is not None
    assert [(band.limit_s, band.residents) for band in gain.bands] == [(300, 0), (600, 0), (900, 50.25), (1200, 30)]
    assert gain.bands[2].ages == {"60_64": 40, "65_69": 0, "70_74": 0, "75_79": 0, "80_plus": 10.25}
    assert (gain.residents, gain.in_reach, gain.places_count) == (30, 50.25, 1)
    assert gain.covered_twice_ratio == pytest.approx(20.25 / 50.25)
    assert gain.places[0].place_no == 4
    assert gain.places[0].walk_time_s == pytest.approx(620 / 0.83, rel=1e-3)
    assert gain.places[0].walk_time_before_s == pytest.approx(2010 / 0.83, rel=1e-3)
    assert [(area.code, area.residents) for area in gain.areas] == [("310113002", 30)]
    assert gain.areas[0].ratio_after == pytest.approx(30 / 34)
    assert (load.residents, load.per_capacity) == (50.25, 50.25 / 3)
    (taken,) = load.taken
    assert (taken.code, taken.residents, taken.load_before, taken.load_after) == ("A", 20.25, 30.75, 10.5)
    (near,) = card.facts.nearest
    assert (near.code, near.walk_time_s) == ("A", pytest.approx(1430 / 0.83, rel=1e-3))
    assert card.facts.street.distance_m == pytest.approx(20, abs=0.01)
    assert (card.terms.profile, card.terms.profile_edition, card.terms.at) == ("elder", "2026", "wed 10:00")


def test_what_was_not_given_or_loaded_is_not_assessed(judge: Judge) -> None:
    card = judge()
    lacking = {result.check: set(result.needs) for result in card.checks if result.verdict is NOT_ASSESSED}
    assert lacking == {
        PlaceCheck.GROUND: {"land_water", "land_rail", "land_hazard"},
        PlaceCheck.CONNECTION: {"compounds"},
        PlaceCheck.CAPACITY: {"capacity"},
        PlaceCheck.BUILDING: {"floor_area_m2", "storey", "daylight"},
        PlaceCheck.SEVERANCE: {"land_water", "land_rail"},
        PlaceCheck.TENURE: {"tenure", "candidate_status", "cost_yuan", "budget_yuan", "milestone_on"},
        PlaceCheck.COMBINATION: {"centres_and_meals"},
    }


def test_equal_questions_give_equal_bytes(judge: Judge) -> None:
    assert canonical_json(judge()) == canonical_json(judge())


@pytest.mark.parametrize("trip", Trip)
def test_a_round_trip_reaches_half_as_far(judge: Judge, trip: Trip) -> None:
    """620 m there and back are 1494 s; the other ways 747 s."""
    gain = judge(walk={"trip": trip}).facts.gain
    assert gain is not None
    assert gain.residents == (0 if trip is Trip.ROUND else 30)


def test_slow_walkers_of_a_profile_without_deviation_walk_as_the_slowest_that_states_one(judge: Judge) -> None:
    """`elder` has none; 0.94 - 0.27 m/s of `age_80_plus` is the slowest."""
    (slow,) = judge().facts.stresses
    assert (slow.kind, slow.profile, slow.speed_m_per_s) == ("slow", "age_80_plus", pytest.approx(0.67))
    own = judge(walk={"profile": "age_70_79"}).facts.stresses[0]
    assert (own.profile, own.speed_m_per_s) == ("age_70_79", pytest.approx(1.19 - 0.24))


def test_slow_walkers_and_a_closed_gate(judge_own: Judge, sessions, tmp_path) -> None:
    """The gate at 1450 m is the only way from p3 to the spot.

    At 0.94 - 0.27 m/s p3 still comes (620 m, 925 s), and p2 too (520 m), which A is then too far from (910 m, 1358 s).
    """
    add_gates(sessions, tmp_path, [("E", 1450, 0, "public", "")])
    card = judge_own(walk={"profile": "age_80_plus"})
    stresses = {stress.kind: stress for stress in card.facts.stresses}
    assert (stresses["slow"].residents, stresses["slow"].speed_m_per_s) == (50.25, pytest.approx(0.67))
    assert (stresses["gate_closed"].residents, stresses["gate_closed"].gate_code) == (0, "E")
    found = of(card, PlaceCheck.ROBUSTNESS)
    assert found.verdict is FAIL
    assert codes(found) == {"weak_when_slow", "weak_when_gate_closed"}
    assert of(card, PlaceCheck.CONNECTION).evidence["gate"] == "E"


@pytest.mark.parametrize("trip", Trip)
def test_a_closed_gate_is_the_difference_of_two_full_runs(judge_own: Judge, sessions, tmp_path, trip: Trip) -> None:
    """A's only way to p2 closes, so the spot covers p2 newly; only full runs are asked here."""
    add_gates(sessions, tmp_path, [("W", 600, 0, "public", "")])
    spot, minutes = (1000, 5), 60
    card = judge_own(spot, walk={"trip": trip}, minutes=minutes)
    with sessions.begin() as session:
        state = walk_state(session, make_question(DAY, trip=trip, types=card.terms.types))
        closed = {0: replace(state.network.gates[0], access=Access.CLOSED)}
        costs = state.network.costs(state.profile, at=state.question.minute, gates=closed)
        there = state.point_snap
        mine = state.network.snap_points(np.array(degrees([spot])), 100)
        both = Snap(
            *(np.concatenate([getattr(there, n), getattr(mine, n)]) for n in ("edge", "fraction", "distance_m"))
        )

        def covered(points: Snap) -> int:
            found = nearest(state.network.graph, costs, points=points, places=state.place_snap, trip=trip)
            return int(state.weights[found.place_cs <= int(to_cs(60.0 * minutes)), 0].sum())

        expected = float(from_fixed(covered(both) - covered(there)))
    stress = next(stress for stress in card.facts.stresses if stress.kind == "gate_closed")
    assert stress.residents == expected > 20


def test_inside_a_compound_its_gates_are_judged(judge_own: Judge, sessions, tmp_path) -> None:
    compound = ring(1350, -30, 1450, 60)
    path = geojson(tmp_path / "compounds.geojson", [({"name": "甲小区"}, "Polygon", compound)])
    with sessions.begin() as session:
        features = read_features(path, kind="compound")
        imports.import_features(session, TESTER, features, labels("compounds"), kind="compound")
    assert of(judge_own(), PlaceCheck.CONNECTION).verdict is PASS
    hours = "mon-fri 06:00-22:00"
    add_gates(sessions, tmp_path, [("W", 1350, 0, "public", hours), ("E", 1450, 0, "residents", "")])
    day, night = judge_own(), judge_own(walk={"at": "sun 10:00"})
    assert {gate.code: (gate.access, gate.open_at_time) for gate in day.facts.gates} == {
        "W": ("public", True), "E": ("residents", True),
    }  # fmt: skip
    assert codes(of(day, PlaceCheck.CONNECTION)) == {"gate_hours"}
    assert codes(of(night, PlaceCheck.CONNECTION)) == {"gate_residents"}


def test_water_rail_and_what_lies_between(judge_own: Judge, sessions, tmp_path) -> None:
    """The railway runs between the spot and p3, whose straight line it cuts; p2's it does not."""
    add_land(sessions, tmp_path, "water", "Polygon", ring(1390, 10, 1410, 30))
    add_land(sessions, tmp_path, "rail", "LineString", degrees([(1300, 200), (1600, 200)]))
    add_land(sessions, tmp_path, "hazard", "Polygon", ring(1440, 0, 1460, 40))
    card = judge_own()
    assert codes(of(card, PlaceCheck.GROUND)) == {"in_water", "below"}
    assert of(card, PlaceCheck.GROUND).evidence["hazard_distance_m"] == pytest.approx(40, abs=0.1)
    assert of(card, PlaceCheck.GROUND).evidence["rail_distance_m"] == pytest.approx(180, abs=0.5)
    # The spot lies in the water, so every line from it crosses the bank; beside it only that to p3 crosses the rails.
    assert of(card, PlaceCheck.SEVERANCE).evidence["severed_ratio"] == 1
    beside = judge_own((1350, 5))
    assert of(beside, PlaceCheck.SEVERANCE).evidence["severed_ratio"] == pytest.approx(30 / 50.25)
    assert of(beside, PlaceCheck.SEVERANCE).verdict is FAIL


def test_walls_sever_nobody(judge_own: Judge, sessions, tmp_path) -> None:
    """What a wall costs is told by the walk around it; a home behind one is not cut off for that."""
    add_land(sessions, tmp_path, "wall", "LineString", degrees([(1300, 200), (1600, 200)]))
    assert of(judge_own((1350, 5)), PlaceCheck.SEVERANCE).evidence["severed_ratio"] == 0


def test_sectors_are_asked_for_in_towns_that_have_some(judge_own: Judge, sessions, tmp_path) -> None:
    """The west town is divided, and the spot there lies in none of its sectors; the east town is not."""
    with sessions.begin() as session:
        sectors = geojson(
            tmp_path / "sectors.geojson",
            [({"code": "310113001-S1", "name": "一片区"}, "Polygon", ring(0, 0, 500, 300))],
        )
        imports.import_areas(session, TESTER, read_areas(sectors), labels("sectors"), level="sector")
        take_into_force(session, "sectors")
    assert [codes(of(judge_own((x, 20)), PlaceCheck.AREA)) for x in (200, 700, 1400)] == [set(), {"in_no_area"}, set()]


@pytest.mark.parametrize(
    ("at", "why_not"), [((1000, 300), "too_far"), ((1375, 605), "minor_component"), ((20_000, 0), "outside")]
)
def test_off_the_network_it_is_said_why(judge: Judge, at: tuple[float, float], why_not: str) -> None:
    card = judge(at)
    assert (card.verdict, card.facts.street.why_not) == (FAIL, why_not)
    assert codes(of(card, PlaceCheck.CONNECTION)) == {f"street_{why_not}"}
    assert of(card, PlaceCheck.GAIN).needs == ("street_and_residents",)
    assert (of(card, PlaceCheck.AREA).verdict is FAIL) == (why_not == "outside")


def test_what_is_unknown_is_refused_with_what_is_known(judge: Judge) -> None:
    with pytest.raises(NotFoundError, match="elder_obstacles"):
        judge(walk={"profile": "runner"})
    with pytest.raises(NotFoundError, match="siting_practice"):
        judge(norms=["gb_1"])
    with pytest.raises(InputError, match="meal_point"):
        make_terms("bakery")
    with pytest.raises(InputError):
        Candidate(31.3, 121.4)


def test_asking_exactly_is_a_permission(judge: Judge) -> None:
    with pytest.raises(UnauthenticatedError):
        judge(actor=VISITOR)


def test_the_public_form_is_rounded_and_has_a_budget(judge_own: Judge, sessions) -> None:
    reader = Reader("public", 10, 2, DAY)
    card = judge_own((1430, 5), actor=VISITOR, reader=reader)
    gain = card.facts.gain
    assert gain is not None
    assert (gain.residents, gain.in_reach, gain.places, gain.areas, gain.bands[0].ages) == (30, 50, (), (), {})
    assert (card.suppression_threshold, card.facts.load and card.facts.load.taken) == (10, ())
    same = judge_own((1440, 10), actor=VISITOR, reader=reader)
    assert (same.candidate.lon, same.candidate.lat) == (card.candidate.lon, card.candidate.lat), "one corner of 100 m"
    with pytest.raises(ForbiddenError) as refused:
        judge_own(actor=VISITOR, reader=reader)
    assert refused.value.code == "place_questions_spent"
    with sessions.begin() as session:
        assert session.execute(text("SELECT * FROM place_questions")).all() == [(DAY, 0, 2)]
        assert not session.scalars(select(Change).where(Change.action.like("place%"))).all()
    assert judge_own(actor=TESTER).form == "exact"


@pytest.mark.parametrize("asked", [{"minutes": 19}, {"bands_min": [7]}, {"walk": {"trip": "round"}}])
def test_the_public_form_answers_the_usual_terms_alone(judge: Judge, asked: dict[str, object]) -> None:
    with pytest.raises(ForbiddenError) as refused:
        judge(actor=VISITOR, reader=Reader("public", 10, 9, DAY), **asked)
    assert refused.value.code == "place_terms_withheld"
    assert judge(actor=VISITOR, reader=Reader("public", 10, 9, DAY), minutes=15).terms.limit_s == 900


def candidates_csv(folder: Path) -> Path:
    path = folder / "candidates.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "lon", "lat", "floor_area_m2", "tenure"])
        writer.writerow(["=far", *degrees([LAST])[0], "120", ""])
        writer.writerow(["near", *degrees([FIRST])[0], "120", "owned"])
        writer.writerow(["gone", *degrees([(20_000, 0)])[0], "", "disputed"])
    return path


def test_candidates_from_a_file_are_ranked(town, tmp_path) -> None:
    candidates = read_candidates(candidates_csv(tmp_path))
    heard: list[int] = []
    with town.begin() as session:
        terms = make_terms("elderly_service_point")
        cards = place_many(session, TESTER, candidates, terms, on=DAY, progress=heard.append)
    assert heard == [1, 2, 3]
    ranking = ranked(cards)
    assert [(each.rank, each.card.candidate.name) for each in ranking] == [(1, "near"), (2, "=far"), (3, "gone")]
    assert ranking[0].card.candidate.floor_area_m2 == 120
    lines = render_ranked(ranking, "csv", "en").content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("rank,name,lon,lat,verdict,residents,fails")
    assert lines[2].startswith("2,'=far,")
    features = json.loads(render_ranked(ranking, "geojson", "en").content)["features"]
    assert [feature["properties"]["new_residents"] for feature in features] == [30, 0, None]
    assert [each["rank"] for each in json.loads(render_ranked(ranking, "json", "en").content)["candidates"]] == [
        1,
        2,
        3,
    ]
    xlsx = render_ranked(ranking, "xlsx", "zh").content
    assert xlsx == render_ranked(ranking, "xlsx", "zh").content
    (tmp_path / "ranked.xlsx").write_bytes(xlsx)
    sheet = openpyxl.load_workbook(tmp_path / "ranked.xlsx").worksheets[0]
    assert [sheet.cell(row, 2).value for row in (2, 3, 4)] == ["near", "=far", "gone"]
    with pytest.raises(InputError):
        render_ranked(ranking, "pdf", "en")


def test_rows_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(
        "lon,lat,storey,tenure\n121.4,31.3,two,\n121.4,31.3,2,stolen\n121.4,31.3,2,owned\n", encoding="utf-8"
    )
    with pytest.raises(FileRefusedError) as refused:
        read_candidates(path)
    assert [(problem.row, problem.code) for problem in refused.value.problems] == [
        (2, "candidate.attribute_unreadable"), (3, "candidate.choice_unknown"),
    ]  # fmt: skip
    assert all(problem.message(lang) for problem in refused.value.problems for lang in ("zh", "en"))


def test_the_card_is_a_page_that_says_it_in_words(judge: Judge) -> None:
    card = judge(attributes=Attributes(floor_area_m2=20.0))
    page = render_card(card, "html", "en").content.decode()
    assert re.search(r"On the whole: fail \((\w+ )?.*fail \d+.*\)", page)
    assert "floor area (m²) is 20; at least 50 is asked (shanghai_life_circle 2024-draft [S])" in page
    assert "within 20 minutes" in page
    assert "十二项检查" in render_card(card, "html", "zh").content.decode()
    assert "places are counted" not in page
    uncounted = [each.model_copy(update={"counting": Counting.PLACES_ONLY}) for each in card.inputs]
    of_places = card.model_copy(update={"inputs": tuple(uncounted)})
    assert "places are counted" in render_card(of_places, "html", "en").content.decode()
    assert json.loads(render_card(card, "json", "en").content)["schema"] == "placeability-card/1"
    with pytest.raises(InputError):
        render_card(card, "pdf", "en")


def norms_csv(folder: Path, *rows: str) -> Path:
    path = folder / "norms.csv"
    path.write_text("\n".join(["item,types,least,most,severity,evidence,source", *rows]) + "\n", encoding="utf-8")
    return path


def test_a_districts_own_norms_come_as_editions(judge_own: Judge, sessions, tmp_path) -> None:
    path = norms_csv(tmp_path, "new_residents,elderly_service_point meal_point,20,,fail,D,the plan")

    def take(edition: str, valid_from: date) -> bool:
        with sessions.begin() as session:
            _, new = import_norms(
                session, TESTER, path, name="district", edition=edition, title=None, valid_from=valid_from
            )
            return new

    assert take("1", date(2025, 1, 1))
    assert not take("1", date(2025, 1, 1)), "the same again changes nothing"
    assert of(judge_own(norms=["district"]), PlaceCheck.GAIN).verdict is PASS
    norms_csv(tmp_path, "new_residents,,31,,fail,D,the new plan")
    with pytest.raises(ConflictError):
        take("1", date(2025, 1, 1))
    with pytest.raises(ConflictError):
        take("2", date(2025, 1, 1))
    assert take("2", DAY)
    assert take("3", date(2027, 1, 1)), "in force later"
    found = of(judge_own(norms=["district"]), PlaceCheck.GAIN)
    assert (found.verdict, found.reasons[0].norm and found.reasons[0].norm.edition) == (FAIL, "2")
    with sessions.begin() as session:
        assert set_of(session, "district", None, date(2025, 6, 1)).edition == "1"
        assert set_of(session, "district", "3", DAY).norms[0].least == 31
        with pytest.raises(NotFoundError):
            set_of(session, "district", "4", DAY)
        assert session.scalar(select(Change.action).order_by(Change.change_id.desc()).limit(1)) == "norms.import"


def test_norms_that_cannot_be_read_are_refused_whole(town, tmp_path) -> None:
    path = norms_csv(
        tmp_path, "height,,1,,warn,,", "radius_m,,,,warn,,", "radius_m,,5,4,warn,,", "radius_m,,x,,warn,,",
        "radius_m,,,inf,warn,,", "radius_m,kiosk,,9,warn,,", "radius_m,,,9,pass,,", "radius_m,,,9,warn,,",
    )  # fmt: skip
    with town.begin() as session:
        with pytest.raises(FileRefusedError) as refused:
            import_norms(session, TESTER, path, name="x", edition="1", title=None, valid_from=DAY)
        assert [problem.row for problem in refused.value.problems] == [2, 3, 4, 5, 6, 7, 8]
        assert all(problem.message(lang) for problem in refused.value.problems for lang in ("zh", "en"))
        assert "x" not in {each.name for each in queries.norm_sets(session)}
        with pytest.raises(UnauthenticatedError):
            import_norms(session, VISITOR, path, name="x", edition="1", title=None, valid_from=DAY)


def test_the_norms_of_the_field_are_there(town) -> None:
    with town.begin() as session:
        sets = {each.name: each for each in queries.norm_sets(session, DAY)}
        assert {"shanghai_life_circle", "gb_50437", "gb_50180", "jianbiao_143", "jgj_450"} <= set(sets)
        (care,) = [row for row in sets["gb_50180"].norms if row.item == "floor_area_m2"]
        assert (care.types, care.least, care.most, care.evidence) == (["day_care_centre"], 350, 1750, "R")
        assert queries.norm_sets(session, date(2010, 1, 1)) == []


def test_a_planner_of_one_town_asks_there_alone(judge: Judge) -> None:
    grant = Grant(Role.PLANNER, frozenset({Permission.COVERAGE_RUN, Permission.READ}), "town", "310113002")
    planner = Actor("account", "east", account_id=7, grants=(grant,))
    assert judge(FIRST, actor=planner).form == "exact"
    with pytest.raises(ForbiddenError):
        judge((200, 5), actor=planner)
