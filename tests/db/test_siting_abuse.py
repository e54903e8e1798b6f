"""What wrong files and far too much of everything get from siting, on the town of `tests.support.paper_town`."""

from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy.orm import Session, sessionmaker

from gridmgmt.db import make_engine, make_sessions
from gridmgmt.errors import GeometryError, InputError
from gridmgmt.siting import candidates, problem
from gridmgmt.siting.candidates import conflicts, field_of
from gridmgmt.siting.rules import CandidateSource, SiteCandidate, SitingTerms, SourceKind, make_terms
from gridmgmt.siting.service import answer
from gridmgmt.walking.service import walk_state
from tests.support import paper_town
from tests.support.paper_town import DAY, degrees

Sessions = sessionmaker[Session]
SPOTS = ((1500, 400), (1400, 0), (2500, 0), (100, 0), (1500, 900))
RING = degrees([(1450, 350), (1550, 350), (1550, 450), (1450, 450), (1450, 350)])


@pytest.fixture(scope="module")
def town(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sessions]:
    engine = make_engine(module_database_url)
    factory = make_sessions(engine)
    paper_town.load(factory, tmp_path_factory.mktemp("town"))
    yield factory
    engine.dispose()


def asked(model: str = "max_coverage", **ground: object) -> SitingTerms:
    items = tuple(SiteCandidate(*degrees([at])[0]) for at in SPOTS)
    ground = {"judged": False, **ground}
    return make_terms(
        model, "elderly_service_point", CandidateSource(SourceKind.LIST, items), on=DAY, points=1, ground=ground
    )


def zone(ring: list[list[float]], **more: object) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": [ring], **more}


def test_a_zone_is_kept_as_a_polygon_and_nothing_else() -> None:
    high = [[lon, lat, 4.0] for lon, lat in RING]
    feature = {"type": "Feature", "properties": {"name": "<b>"}, "geometry": zone(RING)}
    for given in (zone(RING), zone(RING, name="x"), zone(high), feature):
        assert asked(forbidden=[given]).forbidden == (zone(RING),)


def test_a_zone_with_latitude_first_is_refused_where_the_town_is(town: Sessions) -> None:
    """Latitudes pass for longitudes, and longitudes below 90° for latitudes."""
    elsewhere = asked(forbidden=[zone(RING), zone([[lat, lon - 90] for lon, lat in RING])])
    with town.begin() as session, pytest.raises(GeometryError) as refused:
        answer(session, elsewhere)
    assert (refused.value.code, refused.value.fields["number"]) == ("siting_zone_elsewhere", 2)
    with town.begin() as session:
        assert answer(session, asked(forbidden=[zone(RING)])).rejected[0].count == 1


@pytest.mark.parametrize("trip", ["to_point", "round"])
def test_walks_found_a_few_candidates_at_a_time_are_all_of_them(
    town: Sessions, monkeypatch: pytest.MonkeyPatch, trip: str
) -> None:
    terms = make_terms("p_median", "elderly_service_point", asked().candidates, on=DAY, points=1, reach={"trip": trip})
    with town.begin() as session:
        state = walk_state(session, terms.walk)
        field = field_of(session, terms, state, None)
    every = np.arange(len(state.places))
    whole = problem.walks(state, field.snap, every, 300_000)
    assert len(whole.place) > len(SPOTS)
    for at_once in (1, 2 * len(every), 3 * len(every)):
        monkeypatch.setattr(problem, "_WALKS_AT_ONCE", at_once)
        parts = problem.walks(state, field.snap, every, 300_000)
        for name in ("indptr", "place", "cs"):
            np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
            assert getattr(parts, name).dtype == getattr(whole, name).dtype


def test_more_walks_than_can_be_kept_are_refused_with_what_to_do(
    town: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of five spots each reaches p1, p2 and p3 within an hour: 15 walks."""
    monkeypatch.setattr(problem, "MAX_WALKS", 15)
    with town.begin() as session:
        assert answer(session, asked("p_median")).chosen
    monkeypatch.setattr(problem, "MAX_WALKS", 14)
    with town.begin() as session, pytest.raises(InputError) as refused:
        answer(session, asked("p_median"))
    assert refused.value.code == "siting_walks_too_many"
    assert {name: refused.value.fields[name] for name in ("value", "places", "minutes", "maximum")} == {
        "value": 5, "places": 6, "minutes": 60.0, "maximum": 14,
    }  # fmt: skip


def test_more_pairs_too_near_than_can_be_looked_at_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four spots in a row, 100 m apart: three pairs within 150 m, and the spacing itself is far enough."""
    row_m = np.array([(0.0, 0.0), (100.0, 0.0), (200.0, 0.0), (300.0, 0.0)])
    monkeypatch.setattr(candidates, "MAX_CONFLICTS", 3)
    assert conflicts(row_m, 150).tolist() == conflicts(row_m, 200).tolist() == [[0, 1], [1, 2], [2, 3]]
    with pytest.raises(InputError) as refused:
        conflicts(row_m, 200.001)
    assert (refused.value.code, refused.value.fields["pairs"]) == ("siting_conflicts_too_many", 5)
    assert conflicts(np.zeros((1, 2)), 1_000).shape == (0, 2)
