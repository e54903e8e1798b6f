"""Counts and figures on boundaries of any day, with numbers worked out on paper.

Edition 1, from 2015, has two towns of 4 by 2 cells each, west W (columns 0–4) and east E (columns 4–8). Edition 2, from
2030, takes columns 2–4 from W as N; E stays as it is.
"""

from datetime import date

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from gridmgmt.access.rules import Actor, Grant, Permission, Role
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.db import Session
from gridmgmt.editions.rules import Counting
from gridmgmt.errors import FileRefusedError, ForbiddenError, InputError, NotFoundError, Problem
from gridmgmt.ingest.figures import FigureRows
from gridmgmt.statistics.apportionment import apportion
from gridmgmt.statistics.counting import counts
from gridmgmt.statistics.queries import figure_of, surfaces
from gridmgmt.statistics.rules import Amount, Boundaries, CountedSubject, Period, Weighting
from gridmgmt.statistics.service import FigureLabels, record_figures
from tests.support.actors import TESTER
from tests.support.division import add_cases, add_residents, add_service_points, block, draw, spot
from tests.support.drafts import take_into_force

FIRST, SECOND, THIRD = date(2015, 1, 1), date(2030, 1, 1), date(2040, 1, 1)
TOWN = AreaLevel.TOWN
OLD = {"310W": block(0, 0, 4, 2), "310E": block(4, 0, 8, 2)}
NEW = {"310W": block(0, 0, 2, 2), "310N": block(2, 0, 4, 2), "310E": block(4, 0, 8, 2)}
HALF = {"60_64": 1.5, "80_plus": 0.25}


@pytest.fixture
def district(session: Session) -> Session:
    """Both editions, the second not yet in force before 2030."""
    for name, day, areas in (("2015", FIRST, OLD), ("2030", SECOND, NEW)):
        draw(session, name, day, areas)
        take_into_force(session, name)
    return session


def rows(values: dict[str, float], *, problems: tuple[Problem, ...] = ()) -> FigureRows:
    """A file with a header and a line for each code."""
    codes = np.array(list(values), dtype=object)
    numbers = np.array(list(values.values()), dtype=np.float64)
    return FigureRows(np.arange(2, 2 + len(codes)), codes, numbers, problems, len(codes) + len(problems))


def labels(**changes: object) -> FigureLabels:
    said = {"figure": "residents", "level": TOWN, "counted_on": FIRST, "areas_on": FIRST, "source": "census"}
    return FigureLabels(**{**said, **changes})


def amounts(found, *codes: str) -> list[tuple[float, float, float]]:
    by_code = {area.code: area.amount for area in found.areas}
    return [(by_code[c].low, round(by_code[c].estimate, 6), by_code[c].high) for c in codes]


def totals(found) -> dict[str, float]:
    return {area.code: area.tally.total for area in found.areas} | {"outside": found.outside.total}


def test_service_points_by_type_and_status_on_two_editions_and_a_draft(district) -> None:
    add_service_points(
        district,
        FIRST,
        [
            (spot(1, 1), "meal_point", "open"),
            (spot(3, 1), "meal_point", "open"),
            (spot(3, 0.5), "meal_point", "planned"),
            (spot(5, 1), "medical", "open"),
            (spot(4, 1), "medical", "open"),  # on the border of W or N with E
            (spot(9, 1), "medical", "closed"),
        ],
    )
    third = draw(district, "2040", THIRD, {"310A": block(0, 0, 8, 2)})
    ask = {"subject": CountedSubject.SERVICE_POINTS, "data_on": FIRST}
    before, after = counts(district, FIRST, TOWN, **ask), counts(district, SECOND, TOWN, **ask)
    drafted = counts(district, THIRD, TOWN, draft=third.edition_id, **ask)
    assert totals(before) == {"310E": 2, "310W": 3, "outside": 1}
    assert totals(after) == {"310E": 2, "310N": 2, "310W": 1, "outside": 1}
    assert totals(drafted) == {"310A": 5, "outside": 1}
    assert totals(counts(district, THIRD, TOWN, **ask)) == totals(after)
    north = next(area.tally for area in after.areas if area.code == "310N")
    assert (north.of(type="meal_point"), north.of(type="meal_point", status="open"), north.of(status="closed")) == (
        2, 1, 0,
    )  # fmt: skip
    assert before.total.of(type="medical") == 3
    assert [e.name for e in after.area_editions] == ["2015", "2030"]
    assert [(e.name, e.valid_from) for e in drafted.area_editions] == [("2040", None)]
    assert drafted.draft == "2040"
    assert [e.name for e in before.data_editions] == ["service_points"]


def test_a_past_month_of_cases_is_counted_on_later_boundaries(district) -> None:
    """March in Shanghai begins at 16:00 UTC on the last day of February and ends at 16:00 UTC on March 31."""
    add_cases(
        district,
        FIRST,
        [
            (spot(3, 1), "waste", "closed", "2015-02-28T15:59:59Z"),
            (spot(3, 1), "waste", "closed", "2015-02-28T16:00:00Z"),
            (spot(1, 1), "noise", "handling", "2015-03-15T00:00:00Z"),
            (spot(3, 1), "noise", "closed", "2015-03-31T15:59:59Z"),
            (spot(5, 1), "noise", "closed", "2015-03-31T16:00:00Z"),
            (spot(3, 1), "noise", "duplicate", "2015-03-15T00:00:00Z"),
        ],
    )
    march = Period(date(2015, 3, 1), date(2015, 4, 1))
    ask = {"subject": CountedSubject.CASES, "period": march, "data_on": FIRST}
    assert totals(counts(district, FIRST, TOWN, **ask)) == {"310E": 0, "310W": 3, "outside": 0}
    later = counts(district, SECOND, TOWN, **ask)
    assert totals(later) == {"310E": 0, "310N": 2, "310W": 1, "outside": 0}
    assert later.total.of(type="noise", state="closed") == 1
    whole = counts(district, SECOND, TOWN, subject=CountedSubject.CASES)
    assert whole.total.total == 5


def test_a_period_without_a_day_is_refused() -> None:
    with pytest.raises(InputError, match="2015-03-01"):
        Period(date(2015, 3, 1), date(2015, 3, 1))


def test_residents_by_age_band_are_never_rounded(district) -> None:
    add_residents(district, FIRST, [(spot(1, 1), (1.5, 0, 0, 0, 0.25)), (spot(3, 1), (0, 0, 2.125, 0, 0))])
    found = counts(district, SECOND, TOWN, subject=CountedSubject.RESIDENTS)
    assert totals(found) == {"310E": 0, "310N": 2.125, "310W": 1.75, "outside": 0}
    west = next(area.tally for area in found.areas if area.code == "310W")
    assert {count.by["age_band"]: count.value for count in west.counts} == HALF


def test_residents_known_only_as_60_and_over_and_places_without_counts(session) -> None:
    draw(session, "2015", FIRST, OLD)
    take_into_force(session, "2015")
    add_residents(session, FIRST, [(spot(1, 1), [2.5]), (spot(5, 1), [4])])
    found = counts(session, FIRST, TOWN, subject=CountedSubject.RESIDENTS)
    assert totals(found) == {"310E": 4, "310W": 2.5, "outside": 0}
    assert found.total.of(age_band="60_plus") == 6.5


def test_places_without_counts_count_one_each(session) -> None:
    draw(session, "2015", FIRST, OLD)
    take_into_force(session, "2015")
    add_residents(session, FIRST, [(spot(1, 1), ()), (spot(1, 0.5), ()), (spot(9, 9), ())], Counting.PLACES_ONLY)
    found = counts(session, FIRST, TOWN, subject=CountedSubject.RESIDENTS)
    assert totals(found) == {"310E": 0, "310W": 2, "outside": 1}
    assert found.data_editions[0].counting == "places_only"


def test_without_areas_or_points_nothing_is_lost(session) -> None:
    add_service_points(session, FIRST, [(spot(1, 1), "medical", "open")])
    assert totals(counts(session, FIRST, TOWN, subject=CountedSubject.SERVICE_POINTS)) == {"outside": 1}
    assert totals(counts(session, FIRST, TOWN, subject=CountedSubject.CASES)) == {"outside": 0}
    assert totals(counts(session, FIRST, TOWN, subject=CountedSubject.RESIDENTS)) == {"outside": 0}
    with pytest.raises(NotFoundError, match="999"):
        counts(session, FIRST, TOWN, subject=CountedSubject.CASES, draft=999)


def test_figures_are_recorded_once_and_corrected_by_a_later_row(district) -> None:
    first = record_figures(district, TESTER, rows({"310W": 100, "310E": 40}), labels())
    again = record_figures(district, TESTER, rows({"310W": 100, "310E": 40}), labels())
    assert (first.added, first.unchanged, again.added, again.unchanged) == (2, 0, 0, 2)
    corrected = record_figures(district, TESTER, rows({"310W": 101, "310E": 40}), labels())
    assert (corrected.added, corrected.unchanged) == (1, 1)
    record_figures(district, TESTER, rows({"310W": 120}), labels(counted_on=date(2020, 11, 1)))

    def value(on: date) -> float | None:
        found = figure_of(district, TOWN, "310W", "residents", on)
        return found and found.value

    days = (date(2014, 12, 31), FIRST, date(2020, 10, 31), date(2020, 11, 1), THIRD)
    assert [value(day) for day in days] == [None, 101, 101, 120, 120]
    assert figure_of(district, TOWN, "310W", "households", THIRD) is None
    assert figure_of(district, AreaLevel.SECTOR, "310W", "residents", THIRD) is None
    logged = district.execute(text("SELECT action, object, after->>'areas' FROM changes ORDER BY change_id")).all()
    assert [tuple(row) for row in logged] == [
        ("figures.record", "figure:residents", "2"),
        ("figures.record", "figure:residents", "1"),
        ("figures.record", "figure:residents", "1"),
    ]


@pytest.mark.parametrize(
    "change", ["UPDATE area_figures SET value = 0", "DELETE FROM area_figures", "TRUNCATE area_figures"]
)
def test_the_database_changes_no_figure(district, change) -> None:
    record_figures(district, TESTER, rows({"310W": 100}), labels())
    with pytest.raises(IntegrityError, match="only grows"), district.begin_nested():
        district.execute(text(change))
    assert figure_of(district, TOWN, "310W", "residents", FIRST).value == 100


def test_an_unknown_code_or_a_bad_row_refuses_the_whole_file(district) -> None:
    with pytest.raises(FileRefusedError) as unknown:
        record_figures(district, TESTER, rows({"310W": 1, "310N": 2}), labels())
    assert [(p.row, p.code) for p in unknown.value.problems] == [(3, "area_unknown")]
    assert "310N" in unknown.value.problems[0].message()
    with pytest.raises(FileRefusedError) as bad:
        record_figures(
            district, TESTER, rows({"310W": 1}, problems=(Problem(7, "value_missing", {"field": "v"}),)), labels()
        )
    assert [p.row for p in bad.value.problems] == [7]
    assert figure_of(district, TOWN, "310W", "residents", THIRD) is None
    assert record_figures(district, TESTER, rows({"310N": 2}), labels(areas_on=SECOND)).added == 1


@pytest.mark.parametrize("changes", [{"figure": "Residents"}, {"figure": "2020"}, {"figure": ""}, {"source": " "}])
def test_labels_that_say_nothing_usable_are_refused(changes) -> None:
    with pytest.raises(InputError):
        labels(**changes)


def test_who_may_write_for_one_town_writes_for_that_one(district) -> None:
    grant = Grant(Role.PLANNER, frozenset({Permission.FIGURES_WRITE}), "town", "310W")
    planner = Actor("account", "planner", grants=(grant,))
    assert record_figures(district, planner, rows({"310W": 5}), labels()).added == 1
    with pytest.raises(ForbiddenError, match="310E"):
        record_figures(district, planner, rows({"310W": 6, "310E": 5}), labels())
    assert figure_of(district, TOWN, "310W", "residents", FIRST).value == 5


def test_a_figure_is_carried_over_a_split_with_its_bounds(district) -> None:
    """W has 100 people on four columns and loses two: 50 each, between none and all; E is certain."""
    record_figures(district, TESTER, rows({"310W": 100, "310E": 40}), labels())
    found = apportion(district, "residents", Boundaries(TOWN, FIRST), Boundaries(TOWN, SECOND))
    assert amounts(found, "310W", "310N", "310E") == [(0, 50, 100), (0, 50, 100), (40, 40, 40)]
    assert found.outside == Amount(0, 0, 0)
    assert found.total == 140
    assert (found.sources, found.counted_on) == (("census",), (FIRST, FIRST))
    assert found.method == "statistics.apportioned_by_area"
    assert [e.name for e in found.editions_from] == ["2015"]
    assert [e.name for e in found.editions_to] == ["2015", "2030"]
    whole = apportion(district, "residents", Boundaries(TOWN, FIRST), Boundaries(TOWN, FIRST))
    assert amounts(whole, "310W", "310E") == [(100, 100, 100), (40, 40, 40)]


def test_a_figure_is_carried_to_a_draft_and_to_another_level(district) -> None:
    record_figures(district, TESTER, rows({"310W": 100, "310E": 40}), labels())
    third = draw(district, "2040", THIRD, {"310A": block(0, 0, 8, 2)})
    to_draft = apportion(district, "residents", Boundaries(TOWN, FIRST), Boundaries(TOWN, THIRD, third.edition_id))
    assert amounts(to_draft, "310A") == [(140, 140, 140)]
    draw(district, "q", THIRD, {"310Q": block(3, 0, 5, 2)}, AreaLevel.RESIDENTIAL_QUARTER)
    take_into_force(district, "q")
    to_quarters = apportion(
        district, "residents", Boundaries(TOWN, FIRST), Boundaries(AreaLevel.RESIDENTIAL_QUARTER, THIRD)
    )
    assert amounts(to_quarters, "310Q") == [(0, 35, 140)]
    assert to_quarters.outside.estimate == pytest.approx(105)


def test_elders_weigh_where_they_live_and_land_where_nobody_does(district) -> None:
    """Of W's 12 elders 9 live in the part that becomes N; nobody lives in E, which a draft cuts in the middle."""
    record_figures(district, TESTER, rows({"310W": 100, "310E": 40}), labels())
    add_residents(district, FIRST, [(spot(1, 1), [3]), (spot(3, 1), [9])])
    halves = {**NEW, "310E": block(4, 0, 6, 2), "310F": block(6, 0, 8, 2)}
    third = draw(district, "2040", THIRD, halves)
    found = apportion(
        district,
        "residents",
        Boundaries(TOWN, FIRST),
        Boundaries(TOWN, THIRD, third.edition_id),
        weighting=Weighting.RESIDENTS,
    )
    assert amounts(found, "310W", "310N", "310E", "310F") == [(0, 25, 100), (0, 75, 100), (0, 20, 40), (0, 20, 40)]
    assert found.shared_by_land == ("310E",)
    assert [e.subject for e in found.data_editions] == ["population"]
    assert found.method == "statistics.apportioned_by_residents"


def test_what_cannot_be_apportioned_is_said(district) -> None:
    old, new = Boundaries(TOWN, FIRST), Boundaries(TOWN, SECOND)
    with pytest.raises(NotFoundError, match="residents"):
        apportion(district, "residents", old, new)
    with pytest.raises(InputError):
        apportion(district, "No Slug", old, new)
    record_figures(district, TESTER, rows({"310W": 100}), labels())
    with pytest.raises(NotFoundError, match="2015-01-01"):
        apportion(district, "residents", old, new, weighting=Weighting.RESIDENTS)
    found = apportion(district, "residents", old, new)
    assert (found.without_figure, found.other_boundaries, found.total) == (("310E",), (), 100)


def test_a_number_counted_within_another_boundary_is_left_out(district) -> None:
    """W of 2030 is half of W of 2015, whose number must not be spread over it; E is the same land on both days."""
    record_figures(district, TESTER, rows({"310W": 100, "310E": 40}), labels())
    found = apportion(district, "residents", Boundaries(TOWN, SECOND), Boundaries(TOWN, FIRST))
    assert (found.other_boundaries, found.without_figure) == (("310W",), ("310N",))
    assert amounts(found, "310E", "310W") == [(40, 40, 40), (0, 0, 0)]


def test_published_surfaces_stand_beside_the_one_of_the_boundary(district) -> None:
    """Two lists disagree about one town; a later edition of a list takes the place of its earlier one."""
    published = {"figure": "published_area_m2"}
    record_figures(district, TESTER, rows({"310W": 27.22e6, "310E": 7.52e6}), labels(**published, source="list A"))
    record_figures(district, TESTER, rows({"310W": 17.1e6}), labels(**published, source="list B"))
    record_figures(
        district, TESTER, rows({"310E": 7.6e6}), labels(**published, source="list A", counted_on=date(2020, 1, 1))
    )
    east, west = surfaces(district, TOWN, date(2021, 1, 1))
    assert {(p.source, p.area_m2) for p in west.published} == {("list A", 27.22e6), ("list B", 17.1e6)}
    assert [(p.area_m2, p.counted_on) for p in east.published] == [(7.6e6, date(2020, 1, 1))]
    # 0.004° by 0.002° at 31.301° N are 381 m by 222 m: the degree of longitude is 95.2 km there, of latitude 110.9 km.
    assert west.area_m2 == pytest.approx(4 * 95.20 * 2 * 110.87, rel=1e-3)
    assert [surface.published for surface in surfaces(district, TOWN, date(2014, 1, 1))] == []
