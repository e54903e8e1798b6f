"""Hot spots and repeated places of cases on a town of 144 cells, with every number beside its list."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmgmt.boundaries import edits
from gridmgmt.boundaries.rules import Named
from gridmgmt.boundaries.service import open_draft
from gridmgmt.cases.queries import count_cases
from gridmgmt.cases.rules import CaseKind
from gridmgmt.db import make_engine
from gridmgmt.errors import InputError
from gridmgmt.hotspots import queries
from gridmgmt.hotspots.rules import HotSpotQuestion, RepeatQuestion, Span, SpotClass, SpotLevel
from gridmgmt.hotspots.service import HotSpots, hot_spots, repeats
from tests.support.actors import TESTER
from tests.support.drafts import take_into_force
from tests.support.hot_ground import FIRST, LAST, add_cases, cell, load_ground

NOW = datetime(2027, 1, 1, tzinfo=UTC)
YEAR = Span(FIRST, LAST)
HOT = [(x, y) for x in (3, 4, 5) for y in (7, 8, 9)]
"""Columns and rows of the nine cells where cases gather."""
UNCOUNTED: Sequence[Mapping[str, Any]] = (
    {"state": "duplicate"},
    {"state": "voided"},
    {"state": "rejected"},
    {"flags": ["default_point"]},
    {"reported_at": "2025-12-31T23:59:59+08:00"},
    {"reported_at": "2027-01-01T00:00:00+08:00"},
)


def middles(cells: list[tuple[int, int]], times: int) -> list[tuple[float, float]]:
    return [(x + 0.5, y + 0.5) for x, y in cells for _ in range(times)]


@pytest.fixture(scope="module")
def session(module_database_url: str) -> Iterator[Session]:
    queries.forget()
    engine = make_engine(module_database_url)
    random = np.random.default_rng(2026)
    with Session(engine) as session:
        load_ground(session)
        around = [(float(x), float(y)) for x, y in random.uniform(0, 12, (144, 2))]
        add_cases(session, around, type="0102")
        add_cases(session, middles(HOT, 9))
        # What must not count: as many in the opposite corner.
        far = middles([(10, 1)], 60)
        for values in UNCOUNTED:
            add_cases(session, far, **values)
        add_cases(session, [(-3.0, 5.0)] * 4, kind="component", type="0202")
        session.commit()
        yield session
    engine.dispose()


@pytest.fixture(scope="module")
def found(session: Session) -> HotSpots:
    return hot_spots(session, HotSpotQuestion(YEAR))


def test_where_cases_gather_is_found(found: HotSpots) -> None:
    hot = {spot.code: spot for spot in found.spots if spot.spot is SpotClass.HOT}
    # A corner of the block has as few hot neighbours as a cell beside it; its own cases do not speak for it.
    assert {cell(4, 8), cell(3, 8), cell(5, 8), cell(4, 7), cell(4, 9)} <= set(hot)
    ring = {cell(x, y) for x in range(2, 7) for y in range(6, 11)}
    assert set(hot) <= ring
    assert len(found.spots) - len(hot) <= 1
    middle = hot[cell(4, 8)]
    assert (middle.neighbours, middle.parent_name, middle.name) == (8, "菊3", cell(4, 8))
    assert middle.p == pytest.approx(2 / 100_000)
    assert middle.z == max(spot.z for spot in found.spots) > 5
    assert [spot.z for spot in found.spots[: len(hot)]] == sorted((spot.z for spot in hot.values()), reverse=True)


def test_what_does_not_count_is_left_out_and_said(found: HotSpots) -> None:
    assert (found.areas, found.cases, found.outside, found.unknown_place) == (144, 144 + 81, 4, 60)
    assert (found.redrawn, found.areas_on, found.permutations) == (False, LAST, 99_999)
    assert cell(10, 1) not in {spot.code for spot in found.spots}


def test_densities_are_cases_on_the_ellipsoid(session: Session, found: HotSpots) -> None:
    spot = found.spots[0]
    area_m2 = session.scalar(text("SELECT ST_Area(geom::geography) FROM areas WHERE code = :code"), {"code": spot.code})
    assert spot.area_m2 == pytest.approx(area_m2, abs=0.01) == pytest.approx(10_000, rel=0.001)
    assert spot.density_per_km2 == pytest.approx(spot.count / area_m2 * 1e6)


def test_the_number_of_each_area_is_that_of_its_list(session: Session, found: HotSpots) -> None:
    assert found.spots
    for spot in found.spots:
        assert count_cases(session, replace(YEAR.wanted, area=spot.code), now=NOW).value == spot.count
        placed = replace(YEAR.wanted, area=spot.code, areas_on=LAST)
        assert count_cases(session, placed, now=NOW).value == spot.count


def test_filters_leave_what_they_say(session: Session) -> None:
    of_type = hot_spots(session, HotSpotQuestion(replace(YEAR, type="0102")), permutations=999)
    assert (of_type.cases, of_type.outside, of_type.unknown_place) == (144, 0, 0)
    of_kind = hot_spots(session, HotSpotQuestion(replace(YEAR, kind=CaseKind.COMPONENT)), permutations=999)
    assert (of_kind.cases, of_kind.outside, list(of_kind.spots)) == (0, 4, [])


def test_quarters_are_compared_too(session: Session) -> None:
    found = hot_spots(session, HotSpotQuestion(YEAR, SpotLevel.QUARTER))
    # Each of the four touches the three others, so that no arrangement is another.
    assert (found.areas, found.cases, list(found.spots)) == (4, 225, [])


def test_no_cases_at_all(session: Session) -> None:
    found = hot_spots(session, HotSpotQuestion(Span(date(2024, 1, 1), date(2024, 1, 31))))
    assert (found.areas, found.cases, list(found.spots)) == (144, 0, [])


def test_the_same_question_has_the_same_answer_and_neighbours_are_kept(session: Session, found: HotSpots) -> None:
    kept = queries.ground(session, LAST, SpotLevel.CELL.area_level)
    assert queries.ground(session, FIRST, SpotLevel.CELL.area_level) is kept
    assert hot_spots(session, HotSpotQuestion(YEAR)) == found
    queries.forget()
    assert hot_spots(session, HotSpotQuestion(YEAR)) == found


def test_a_day_before_all_boundaries_is_refused(session: Session) -> None:
    with pytest.raises(InputError) as refused:
        hot_spots(session, HotSpotQuestion(Span(date(2019, 1, 1), date(2019, 12, 31))))
    assert refused.value.code == "period_before_editions"
    assert refused.value.fields["first"] == date(2020, 1, 1)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (lambda: Span(LAST, FIRST), "period_backwards"),
        (lambda: Span(FIRST, FIRST + timedelta(days=1098)), "period_too_long"),
        (lambda: HotSpotQuestion(YEAR, false_discovery=0.0), "false_discovery_no_share"),
        (lambda: HotSpotQuestion(YEAR, false_discovery=float("nan")), "false_discovery_no_share"),
        (lambda: RepeatQuestion(YEAR, within_m=0.5), "repeats_out_of_range"),
        (lambda: RepeatQuestion(YEAR, least=1), "repeats_out_of_range"),
        (lambda: RepeatQuestion(YEAR, most=0), "repeats_out_of_range"),
    ],
)
def test_what_cannot_be_asked(asked, code: str) -> None:
    with pytest.raises(InputError) as refused:
        asked()
    assert refused.value.code == code


def test_the_longest_period_can_be_asked() -> None:
    assert Span(FIRST, FIRST + timedelta(days=1097)).wanted.counted_from == FIRST


def test_places_to_which_cases_come_again(session: Session) -> None:
    found = repeats(session, RepeatQuestion(YEAR, least=4))
    assert (found.cases, found.unknown_place) == (144 + 81 + 4, 60)
    assert [place.count for place in found.places] == [9] * 9 + [4]
    assert found.places_found == 10
    outside = found.places[-1]
    assert (outside.types, outside.town_code) == ([("0202", 4)], None)
    assert outside.first_at == outside.last_at == datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize("same_type", [True, False])
def test_the_number_of_each_place_is_that_of_its_list(session: Session, same_type: bool) -> None:
    found = repeats(session, RepeatQuestion(YEAR, within_m=60.0, least=2, same_type=same_type))
    assert len({place.count for place in found.places}) > 3
    for place in found.places:
        near = replace(YEAR.wanted, near=(place.lon, place.lat, 60.0))
        asked = replace(near, type=place.types[0][0]) if same_type else near
        assert count_cases(session, asked, now=NOW).value == place.count == sum(number for _, number in place.types)


def test_a_place_tells_its_last_case(session: Session) -> None:
    with session.begin_nested() as rolled_back:
        add_cases(session, [(11.5, 11.5)] * 2, type="0909", address="旧路1号")
        add_cases(session, [(11.55, 11.5)], type="0909", address="新路2号", reported_at="2026-07-01T00:00:00+08:00")
        add_cases(session, [(11.76, 11.5)], type="0909")  # 21 m from the nearest
        (place,) = repeats(session, RepeatQuestion(replace(YEAR, type="0909"))).places
        rolled_back.rollback()
    assert (place.count, place.address, place.types) == (3, "新路2号", [("0909", 3)])
    assert place.last_at - place.first_at == timedelta(days=30) - timedelta(hours=8)


def test_after_a_change_of_boundaries_earlier_cases_are_placed_anew(session: Session, found: HotSpots) -> None:
    old, new = [cell(4, 8), cell(4, 9)], f"{cell(4, 8)[:12]}0999"
    with session.begin_nested() as rolled_back:
        draft = open_draft(session, TESTER, "2026", date(2026, 7, 1), "paper")
        edits.merge(session, TESTER, draft, old, Named(new, "菊合"))
        take_into_force(session, "2026")
        add_cases(session, [(4.5, 9.5)], cell=new, reported_at="2026-08-01T08:00:00+08:00")
        after = hot_spots(session, HotSpotQuestion(YEAR))
        lists = {
            spot.code: count_cases(session, replace(YEAR.wanted, area=spot.code, areas_on=LAST), now=NOW).value
            for spot in after.spots
        }
        rolled_back.rollback()
    assert (after.redrawn, after.areas, after.cases) == (True, 143, found.cases + 1)
    before = {spot.code: spot.count for spot in found.spots}
    merged = next(spot for spot in after.spots if spot.code == new)
    assert (merged.count, merged.spot) == (sum(before[code] for code in old) + 1, SpotClass.HOT)
    assert lists == {spot.code: spot.count for spot in after.spots}


def test_no_cases_make_no_places(session: Session) -> None:
    found = repeats(session, RepeatQuestion(Span(date(2024, 1, 1), date(2024, 1, 31))))
    assert (found.cases, found.places_found, list(found.places)) == (0, 0, [])


def test_an_empty_folder(fresh_database_url: str) -> None:
    engine = make_engine(fresh_database_url)
    with Session(engine) as empty:
        assert repeats(empty, RepeatQuestion(YEAR)).places_found == 0
        with pytest.raises(InputError) as refused:
            hot_spots(empty, HotSpotQuestion(YEAR))
    assert (refused.value.code, refused.value.fields["first"]) == ("period_before_editions", "—")
    engine.dispose()
