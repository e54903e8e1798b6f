"""Guaranteed areas over the town drawn in `tests.support.paper_town`, with surfaces that a person worked out."""

from collections.abc import Iterator

import numpy as np
import pytest
import shapely
from sqlalchemy.orm import Session, sessionmaker

from gridmgmt.analysis.walking.model import Trip
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.errors import InputError, NotFoundError
from gridmgmt.walking.cache import WARM
from gridmgmt.walking.isochrones import MAX_LIMITS, GroundClass, fineness_of, geojson, guaranteed_areas, make_ask
from gridmgmt.walking.service import make_question
from tests.support.paper_town import DAY, degrees

QUESTION = make_question(DAY)
FIVE_MINUTES_M2 = 37_800 + np.pi * 100**2 / 2
"""From A, 249 m: x + |y| ≤ 239 and |y| ≤ 100 along the street, and half a disc of 100 m beyond its end."""


@pytest.fixture
def session(paper_town_url: str) -> Iterator[Session]:
    factory: sessionmaker[Session] = make_sessions(make_engine(paper_town_url))
    with factory() as session:
        yield session
    WARM.clear()


def surfaces(found) -> dict[tuple[GroundClass, float], float]:
    return {(area.ground, area.limit_s): area.area_m2 for area in found.areas}


def test_areas_of_the_paper_town(session) -> None:
    found = guaranteed_areas(session, QUESTION, make_ask([5, 1], codes=["A"]))
    area_m2 = surfaces(found)
    certain, possible = area_m2[GroundClass.CERTAIN, 300], area_m2[GroundClass.POSSIBLE, 300]
    assert certain * 1.0005 < FIVE_MINUTES_M2 < (certain + possible) * 1.0005
    assert possible < 0.02 * FIVE_MINUTES_M2
    # 49.8 m, of which 10 to the street: x + |y| ≤ 39.8, and half a disc of 39.8 m.
    certain, possible = area_m2[GroundClass.CERTAIN, 60], area_m2[GroundClass.POSSIBLE, 60]
    assert certain * 1.0005 < 39.8**2 * (1 + np.pi / 2) < (certain + possible) * 1.0005
    assert [area.limit_s for area in found.areas] == [60, 60, 300, 300]

    again = guaranteed_areas(session, QUESTION, make_ask([1, 5], spots=[degrees([(0, 10)])[0]]))
    assert surfaces(again) == pytest.approx(area_m2)
    whole = guaranteed_areas(session, QUESTION, make_ask([1, 5]))
    assert surfaces(whole) == pytest.approx(area_m2)
    assert {edition.subject for edition in again.inputs} == {"network"}
    assert {edition.subject for edition in whole.inputs} == {"network", "service_points"}


def test_the_document_is_geojson_that_says_how_it_was_made(session) -> None:
    question = make_question(DAY, at="sat 21:00", trip=Trip.ROUND)
    document = geojson(guaranteed_areas(session, question, make_ask([10], codes=["A"])))
    certain, possible = document["features"]
    assert (certain["properties"]["class"], possible["properties"]["class"]) == ("certain", "possible")
    ring = certain["geometry"]["coordinates"][0][0]
    assert ring[0] == ring[-1]
    assert shapely.LinearRing(ring).is_ccw
    assert certain["properties"]["minutes"] == 10
    # There and back in ten minutes is five minutes one way, as far as access legs go both ways.
    assert certain["properties"]["area_m2"] == pytest.approx(FIVE_MINUTES_M2, rel=0.02)
    parameters = document["parameters"]
    assert (parameters["time"], parameters["trip"], parameters["profile"]) == ("sat 21:00", "round", "elder")
    assert (parameters["speed_m_per_s"], parameters["connection_limit_m"], parameters["cell_m"]) == (0.83, 100, 0.25)
    assert document["targets"] == [
        {"code": "A", "lon": pytest.approx(121.4), "lat": pytest.approx(31.3, abs=1e-3), "distance_m": 10.0,
         "connected": True}
    ]  # fmt: skip
    assert document["synthetic"] is False


def test_a_spot_off_the_network_says_how_far_it_is(session) -> None:
    with pytest.raises(InputError) as raised:
        guaranteed_areas(session, QUESTION, make_ask(spots=[degrees([(200, 20)])[0], degrees([(5000, 0)])[0]]))
    assert raised.value.code == "spot_off_network"
    assert raised.value.fields["distance_m"] == pytest.approx(2000, rel=1e-3)
    assert raised.value.fields["field"] == "at"
    assert "2000" in raised.value.message("en") or "1999" in raised.value.message("en")


@pytest.mark.parametrize(
    ("codes", "types", "code"),
    [(["P"], ["elderly_service_point"], "open_point_unknown"), ([], ["meal_point"], "no_open_points")],
)
def test_points_that_are_not_open_are_refused(session, codes, types, code) -> None:
    with pytest.raises(NotFoundError) as raised:
        guaranteed_areas(session, make_question(DAY, types=types), make_ask(codes=codes))
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("minutes", "spots", "code"),
    [
        ([0], [], "number_out_of_range"),
        ([61], [], "number_out_of_range"),
        ([], [], "number_out_of_range"),
        ([float("nan")], [], "number_out_of_range"),
        (range(1, MAX_LIMITS + 2), [], "too_many"),
        ([20], [(31.3, 121.4)], "position_swapped"),
        ([20], [(121.4, 31.3)] * 501, "too_many"),
    ],
)
def test_questions_that_make_no_sense_are_refused(minutes, spots, code) -> None:
    with pytest.raises(InputError) as raised:
        make_ask(minutes, spots=spots)
    assert raised.value.code == code


def test_more_and_longer_walks_are_looked_at_less_finely() -> None:
    assert [fineness_of(n, [1200]).cell_m for n in (1, 4, 5, 40, 84, 250, 251, 600)] == [
        0.25, 0.25, 0.5, 0.5, 1.0, 1.0, 2.0, 2.0
    ]  # fmt: skip
    assert fineness_of(4, [300, 600, 900, 1200]).cell_m == 0.5
    with pytest.raises(InputError) as raised:
        fineness_of(100, [3600])
    assert raised.value.code == "isochrones_too_large"
