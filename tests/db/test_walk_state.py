"""The warm state of walking on the town drawn in `tests.support.paper_town`: built once, never stale."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy.orm import Session, sessionmaker

from gridmgmt import imports
from gridmgmt.analysis.walking.model import NO_WAY, Trip
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.errors import InputError, NotFoundError, UnavailableError
from gridmgmt.ingest.features import read_features
from gridmgmt.land.rules import LandKind
from gridmgmt.walking.cache import WARM, WarmCache, bytes_of
from gridmgmt.walking.service import make_question, walk_state
from gridmgmt.walking.state import WalkState
from tests.support import paper_town
from tests.support.actors import TESTER
from tests.support.paper_gates import load_gates
from tests.support.paper_town import DAY

QUESTION = make_question(DAY)


@pytest.fixture
def sessions(paper_town_url: str) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(paper_town_url)
    yield make_sessions(engine)
    engine.dispose()
    WARM.clear()


def ask(sessions: sessionmaker[Session], question=QUESTION) -> WalkState:
    with sessions() as session:
        return walk_state(session, question)


def metres(state: WalkState) -> list[float]:
    """How far each place is from its nearest point, infinite where it reaches none."""
    times = state.nearest.place_cs.astype(float)
    return np.where(times < NO_WAY, times / 100 * state.profile.speed_m_per_s, np.inf).tolist()


def around(*lengths: float) -> object:
    return pytest.approx(list(lengths), rel=1e-3)


def test_times_of_the_paper_town(sessions) -> None:
    state = ask(sessions)
    assert metres(state) == around(230, 910, 2010, np.inf, np.inf, np.inf)
    assert state.nearest.place_point.tolist() == [0, 0, 0, -1, -1, -1]
    assert state.points["code"].to_pylist() == ["A"]
    assert (state.weights[:, 0] / 2**34).tolist() == [10.5, 20.25, 30, 4, 5, 6]
    assert state.place_area[AreaLevel.TOWN].codes == ("310113001", "310113002")
    assert state.place_area[AreaLevel.TOWN].index.tolist() == [0, 0, 1, 1, 0, -1]
    assert state.ground.inside.tolist() == [True, True, True, True, True, False]
    assert {edition.subject for edition in state.inputs} == {"areas", "network", "population", "service_points"}
    assert state.ground.notes == ()


def test_a_round_trip_is_twice_the_way_and_the_ways_are_equal(sessions) -> None:
    one_way = metres(ask(sessions))
    assert metres(ask(sessions, replace(QUESTION, trip=Trip.ROUND))) == around(*(2 * m for m in one_way))
    assert metres(ask(sessions, replace(QUESTION, trip=Trip.FROM_POINT))) == around(*one_way)


def test_gates_count_in_their_hours(sessions, tmp_path) -> None:
    load_gates(sessions, tmp_path)
    assert metres(ask(sessions)) == around(230, 910, 2010, np.inf, np.inf, np.inf)
    at_night = replace(QUESTION, at="sun 23:30")
    assert metres(ask(sessions, at_night)) == around(230, np.inf, np.inf, np.inf, np.inf, np.inf)


def test_the_same_question_is_built_once_and_other_profiles_share_the_ground(sessions) -> None:
    before = WARM.figures()
    first, again = ask(sessions), ask(sessions)
    other = ask(sessions, replace(QUESTION, at="sun 23:30"))
    after = WARM.figures()
    assert first is again
    assert other.ground is first.ground
    assert after.builds - before.builds == 3, "one ground and two states"
    assert after.hits - before.hits == 2
    assert after.entries == 3
    assert after.bytes == bytes_of(first.ground) + first.nbytes + other.nbytes


def test_a_ground_is_let_go_after_all_that_stands_on_it(sessions, monkeypatch) -> None:
    first = ask(sessions)
    monkeypatch.setattr(WARM, "limit_bytes", bytes_of(first.ground) + first.nbytes + 1)
    other = ask(sessions, replace(QUESTION, at="sun 23:30"))
    assert other.ground is first.ground
    assert ask(sessions) is not first, "let go for the other, which is used later"
    assert ask(sessions).ground is first.ground


def test_threads_that_ask_at_once_build_once(sessions) -> None:
    before = WARM.figures()
    start = threading.Barrier(8)

    def one() -> WalkState:
        start.wait()
        return ask(sessions)

    with ThreadPoolExecutor(8) as threads:
        found = [future.result() for future in [threads.submit(one) for _ in range(8)]]
    assert all(state is found[0] for state in found)
    assert WARM.figures().builds - before.builds == 2


def test_a_new_edition_is_seen_at_once(sessions, tmp_path) -> None:
    assert metres(ask(sessions))[1] == pytest.approx(910, rel=1e-3)
    load_gates(sessions, tmp_path, [("G1", 600, 0, "closed", "")])
    assert metres(ask(sessions))[1] == np.inf
    # Gates from a later day on change nothing of today.
    load_gates(sessions, tmp_path, [("G1", 600, 0, "public", "")], name="later", valid_from=DAY + timedelta(days=7))
    assert metres(ask(sessions))[1] == np.inf
    assert metres(ask(sessions, replace(QUESTION, on=DAY + timedelta(days=7))))[1] == pytest.approx(910, rel=1e-3)


def test_what_is_not_there_is_said(sessions) -> None:
    with pytest.raises(NotFoundError) as unknown:
        ask(sessions, replace(QUESTION, profile="swift"))
    assert "elder" in unknown.value.message("en")
    with pytest.raises(NotFoundError, match="2020"):
        ask(sessions, replace(QUESTION, on=date(2020, 1, 1), profile="elder"))


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"at": "someday"}, "time_of_week_malformed"),
        ({"at": "wed 25:00"}, "time_of_week_malformed"),
        ({"trip": "sideways"}, "trip_unknown"),
        ({"barriers": ["moat"]}, "barrier_unknown"),
        ({"types": ["pub"]}, "point_type_unknown"),
        ({"connection_limit_m": 0}, "number_out_of_range"),
    ],
)
def test_impossible_questions_are_refused(asked, code) -> None:
    with pytest.raises(InputError) as refused:
        make_question(DAY, **asked)
    assert refused.value.code == code


def test_boundaries_newer_than_the_network_are_noted(fresh_database_url, tmp_path, monkeypatch) -> None:
    sessions = make_sessions(make_engine(fresh_database_url))
    old = DAY - timedelta(days=100)
    made = paper_town.labels
    monkeypatch.setattr(
        paper_town, "labels", lambda name, **k: made(name, **({"valid_from": old} if name == "streets" else {}), **k)
    )
    paper_town.load(sessions, tmp_path)
    assert ask(sessions).ground.notes == (("network_older_than_boundaries", {"network": old, "boundaries": DAY}),)


def test_gates_that_cannot_be_taken_as_drawn_are_noted(sessions, tmp_path) -> None:
    load_gates(sessions, tmp_path, [("FAR", 300, 300, "public", ""), ("CARD", 700, 0, "residents", "")])
    assert ask(sessions).ground.notes == (("walk_gate_off_network", {"count": 1, "named": "FAR"}),)
    # The part west of the card gate has fewer nodes: it is home to p1, and A in it serves nobody else.
    assert metres(ask(sessions))[:2] == around(230, np.inf)


def test_the_least_used_is_let_go_first_and_one_is_kept_in_any_case() -> None:
    cache = WarmCache(limit_bytes=250)

    def array(key: str) -> np.ndarray:
        return cache.get(key, lambda: np.zeros(100, dtype=np.uint8))

    first = array("a")
    array("b")
    assert array("a") is first
    array("c")
    assert array("a") is first, "b was used less lately"
    assert (cache.figures().entries, cache.figures().bytes, cache.figures().evictions) == (2, 200, 1)
    cache.get("large", lambda: np.zeros(1000, dtype=np.uint8))
    assert (cache.figures().entries, cache.figures().bytes) == (1, 1000)


def test_a_failed_building_is_tried_again_by_the_next() -> None:
    cache, calls = WarmCache(), []

    def build() -> str:
        calls.append(1)
        if len(calls) == 1:
            raise UnavailableError("editions_changing")
        return "built"

    with pytest.raises(UnavailableError):
        cache.get("key", build)
    assert cache.get("key", build) == "built"


def test_bytes_of_views_and_repeated_arrays_are_counted_once() -> None:
    whole = np.zeros(1000, dtype=np.int32)
    assert bytes_of((whole, whole, whole[10:20])) == 4000


def load_land(sessions, folder: Path, kind: LandKind, geometry: str, points: list[tuple[float, float]]) -> None:
    coordinates = paper_town.degrees(points)
    shape = [coordinates] if geometry == "Polygon" else coordinates
    file = paper_town.geojson(folder / f"{kind}.geojson", [({"name": str(kind)}, geometry, shape)])
    with sessions.begin() as session:
        intake = read_features(file, kind=kind)
        imports.import_features(session, TESTER, intake, paper_town.labels(str(kind)), kind=kind)


def test_a_compound_is_left_by_its_gate_and_lets_nobody_through(sessions, tmp_path) -> None:
    """A compound around p3 (1500, 500) on the side street, with a card gate by day at its south wall."""
    ring = [(1450, 450), (1550, 450), (1550, 550), (1450, 550), (1450, 450)]
    load_land(sessions, tmp_path, LandKind.COMPOUND, "Polygon", ring)
    assert metres(ask(sessions))[2] == pytest.approx(2010, rel=1e-3)
    assert ask(sessions).ground.notes == (("walk_compound_without_gates", {"count": 1, "named": "0"}),)
    load_gates(sessions, tmp_path, [("S", 1500, 452, "residents", "mon-sun 06:00-22:00")])
    by_day, at_night = ask(sessions), ask(sessions, replace(QUESTION, at="wed 23:00"))
    assert metres(by_day)[2] == pytest.approx(2010, rel=1e-3)
    assert metres(at_night)[2] == np.inf
    assert by_day.ground.notes == ()
    assert by_day.network.zone[by_day.place_snap.edge[2]] == 0
    assert {"gates", "land"} <= {edition.subject for edition in by_day.inputs}


def test_barriers_are_asked_for_by_run(sessions, tmp_path) -> None:
    load_land(sessions, tmp_path, LandKind.RAIL, "LineString", [(700, -50), (700, 50)])
    assert metres(ask(sessions))[1] == pytest.approx(910, rel=1e-3)
    barred = ask(sessions, replace(QUESTION, barriers=(LandKind.RAIL,)))
    # The street between (500, 0) and (1000, 0) is closed: p1 is the only one left west of the rails.
    assert metres(barred)[0] == np.inf, "the larger part is east of the rails, and A is not on it"
    assert barred.ground.notes == (("barrier_edges", {"barrier": "rail", "edges": 1}),)
