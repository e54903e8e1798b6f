"""The areas of many points: the same as one by one, on borders too, on every day and in drafts."""

from datetime import date

import numpy as np
import pytest
from sqlalchemy.orm import Session

from gridmgmt.areas import placing
from gridmgmt.areas.placing import codes_of_points
from gridmgmt.areas.queries import areas_at
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.boundaries import service
from gridmgmt.errors import InputError
from tests.support.actors import TESTER
from tests.support.division import spot
from tests.support.drafts import take_into_force
from tests.support.paper_district import DACHANG, FIRST, GUCUN, load_district

TODAY, LATER = date(2026, 1, 1), date(2031, 1, 1)


def lattice() -> np.ndarray:
    """Points on every half square of the paper and around it: corners and borders among them."""
    at = [spot(x / 2, y / 2) for x in range(-2, 19) for y in range(-2, 19)]
    return np.array([(point.x, point.y) if hasattr(point, "x") else point for point in at], dtype=np.float64)


def one_by_one(session: Session, xy: np.ndarray, on: date, draft: int | None = None) -> list[dict[str, str]]:
    return [{area.level: area.code for area in areas_at(session, x, y, on, draft=draft)} for x, y in xy.tolist()]


def test_every_point_is_placed_as_if_it_were_asked_alone(session: Session) -> None:
    load_district(session)
    xy = lattice()
    alone = one_by_one(session, xy, TODAY)
    for level in AreaLevel:
        found = codes_of_points(session, *xy.T, TODAY, level).tolist()
        assert found == [areas.get(level) for areas in alone], level
    on_border = codes_of_points(session, *np.array([spot(5, 1)], dtype=np.float64).T, TODAY, AreaLevel.TOWN)
    assert on_border.tolist() == [DACHANG], "310113102 is lower than 310113109"


def test_boundaries_of_other_days_and_of_drafts_are_not_mixed_up(session: Session) -> None:
    load_district(session)
    xy = np.array([spot(1, 1), spot(6, 6)], dtype=np.float64)
    assert codes_of_points(session, *xy.T, TODAY, AreaLevel.TOWN).tolist() == [GUCUN, DACHANG]
    draft = service.open_draft(session, TESTER, "2030", date(2030, 1, 1), "paper")
    service.recode(session, TESTER, draft, DACHANG, "310113199")
    for level in (AreaLevel.TOWN, AreaLevel.RESIDENTIAL_QUARTER):
        would = one_by_one(session, xy, LATER, draft.edition_id)
        found = codes_of_points(session, *xy.T, LATER, level, draft=draft.edition_id).tolist()
        assert found == [areas[level] for areas in would]
    assert codes_of_points(session, *xy.T, LATER, AreaLevel.TOWN).tolist() == [GUCUN, DACHANG], "still a draft"
    take_into_force(session, "2030")
    assert codes_of_points(session, *xy.T, LATER, AreaLevel.TOWN).tolist() == [GUCUN, "310113199"]
    assert codes_of_points(session, *xy.T, TODAY, AreaLevel.TOWN).tolist() == [GUCUN, DACHANG]
    assert len(placing._kept) <= placing.KEPT_LEVELS


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [
        ([121.0, 200.0], [31.0, 31.0], "position_out_of_range"),
        ([121.0, float("nan")], [31.0, 31.0], "position_out_of_range"),
        ([121.0, 31.0], [31.0, 121.0], "position_swapped"),
        ([121.0, 121.0], [31.0], "points_uneven"),
    ],
)
def test_what_is_no_position_is_refused(session: Session, lon: list[float], lat: list[float], code: str) -> None:
    with pytest.raises(InputError) as refusal:
        codes_of_points(session, np.array(lon), np.array(lat), TODAY, AreaLevel.TOWN)
    assert refusal.value.code == code


def test_no_areas_hold_no_points(session: Session) -> None:
    assert codes_of_points(session, np.array([121.0]), np.array([31.0]), FIRST, AreaLevel.GRID_CELL).tolist() == [None]
