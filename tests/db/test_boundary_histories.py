"""Random histories of editions against a scan of every square, and what no edit may change."""

from collections import Counter
from datetime import date, timedelta

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from gridmgmt.analysis.location import area_of_points
from gridmgmt.areas.queries import area_frame, areas_at
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.boundaries import edits
from gridmgmt.boundaries.rules import Named
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.editions.service import open_draft
from tests.support.actors import TESTER
from tests.support.division import block, spot
from tests.support.drafts import take_into_force
from tests.support.paper_district import FIRST, described, load_district

SIDE = 6
TOWN = "310113001"
QUARTER = AreaLevel.RESIDENTIAL_QUARTER
Owners = dict[tuple[int, int], str]
"""Which quarter each square belongs to: the history as a table, without any geometry."""


@pytest.fixture(scope="module")
def sessions(test_cluster, database_url):
    engine = make_engine(database_url)
    yield make_sessions(engine)
    engine.dispose()


def start(session: Session) -> Owners:
    """A town of three columns of quarters, each two squares wide."""
    quarters = {f"{TOWN}{n:03d}": (f"{n}", block(2 * n - 2, 0, 2 * n, SIDE)) for n in (1, 2, 3)}
    load_district(session, {AreaLevel.TOWN: {TOWN: ("镇", block(0, 0, SIDE, SIDE))}, QUARTER: quarters})
    return {(x, y): f"{TOWN}{x // 2 + 1:03d}" for x in range(SIDE) for y in range(SIDE)}


def edited(session: Session, draft, owners: Owners, data, fresh) -> Owners:
    """Edit the draft by one random verb and the table likewise."""
    code = data.draw(st.sampled_from(sorted(set(owners.values()))), label="area")
    verb = data.draw(st.sampled_from([split, merge, give, recode, rename]), label="verb")
    mine = sorted(square for square, owner in owners.items() if owner == code)
    return verb(session, draft, owners, code, mine, data, fresh)


def merge(session: Session, draft, owners: Owners, code: str, mine, data, fresh) -> Owners:
    others = sorted({owners[s] for square in mine for s in near(square) if s in owners} - {code})
    if not others:
        return owners
    other = data.draw(st.sampled_from(others), label="other")
    into = data.draw(st.sampled_from([code, other, next(fresh)]), label="into")
    edits.merge(session, TESTER, draft, [code, other], Named(into, "合"))
    return {square: into if owner in (code, other) else owner for square, owner in owners.items()}


def give(session: Session, draft, owners: Owners, code: str, mine, data, fresh) -> Owners:
    """Give one square to a neighbour."""
    edge = sorted({s for s in mine for n in near(s) if owners.get(n, code) != code})
    if not edge or len(mine) == 1:
        return owners
    x, y = data.draw(st.sampled_from(edge), label="square")
    taker = next(owners[n] for n in near((x, y)) if owners.get(n, code) != code)
    edits.move_border(session, TESTER, draft, code, taker, piece=block(x, y, x + 1, y + 1))
    return owners | {(x, y): taker}


def recode(session: Session, draft, owners: Owners, code: str, mine, data, fresh) -> Owners:
    new = next(fresh)
    edits.recode(session, TESTER, draft, code, new)
    return {square: new if owner == code else owner for square, owner in owners.items()}


def rename(session: Session, draft, owners: Owners, code: str, mine, data, fresh) -> Owners:
    edits.rename(session, TESTER, draft, code, "新")
    return owners


def split(session: Session, draft, owners: Owners, code: str, mine, data, fresh) -> Owners:
    """Split along a column of squares where that makes two pieces."""
    columns = sorted({x for x, _ in mine})
    cut = [x for x in columns[1:] if x - 1 in columns]
    if not cut:
        return owners
    at = data.draw(st.sampled_from(cut), label="column")
    surface = area_frame(session, draft.planned_from, draft=draft.edition_id).set_index("code").geometry[code]
    line = shapely.LineString([spot(at, -1), spot(at, SIDE + 1)])
    west, east = ([s for s in mine if (s[0] < at) == is_west] for is_west in (True, False))
    if len(surface.geoms) > 1 or pieces(west) + pieces(east) != 2:
        return owners
    new = next(fresh)
    edits.split(session, TESTER, draft, code, line, [Named(code, "西"), Named(new, "东")])
    return owners | dict.fromkeys(east, new)


def near(square: tuple[int, int]) -> list[tuple[int, int]]:
    x, y = square
    return [(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)]


def pieces(squares) -> int:
    """Count the contiguous groups of squares."""
    left, groups = set(squares), 0
    while left:
        groups += 1
        front = [left.pop()]
        while front:
            found = [s for s in near(front.pop()) if s in left]
            left -= set(found)
            front += found
    return groups


@pytest.mark.long
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_look_ups_of_any_day_agree_with_the_table_of_squares(sessions, data) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1), label="points"))
    points = rng.uniform(0, SIDE, (60, 2))
    with sessions() as session:
        history = {FIRST: start(session)}
        fresh = (f"{TOWN}{n}" for n in range(100, 1000))
        for number in range(data.draw(st.integers(1, 4), label="editions")):
            day = FIRST + timedelta(days=365 * (number + 1))
            draft = open_draft(session, described(f"edition {number}", day))
            owners = history[max(history)]
            for _ in range(data.draw(st.integers(1, 3), label="edits")):
                owners = edited(session, draft, owners, data, fresh)
            take_into_force(session, draft.name)
            history[day] = owners
        for day, owners in history.items():
            for asked in (day, day + timedelta(days=364)):
                compare(session, asked, owners, points)
        assert area_frame(session, FIRST - timedelta(days=1)).empty
        session.rollback()


def compare(session: Session, on: date, owners: Owners, points: np.ndarray) -> None:
    """The database and the table agree: which quarters there are, how large each is, and where each point lies."""
    frame = area_frame(session, on, levels=[QUARTER])
    squares = Counter(owners.values())
    assert list(frame["code"]) == sorted(squares)
    square_deg2 = block(0, 0, 1, 1).area
    np.testing.assert_allclose(
        shapely.area(frame.geometry.to_numpy()) / square_deg2, [squares[c] for c in sorted(squares)], rtol=1e-9
    )
    assert abs(shapely.union_all(frame.geometry.to_numpy()).area / square_deg2 - SIDE**2) < 1e-6

    wanted = [owners[int(x), int(y)] for x, y in points]
    lonlat = np.array([spot(x, y) for x, y in points])
    found = frame["code"].to_numpy()[area_of_points(list(frame.geometry), lonlat)]
    assert list(found) == wanted
    for (lon, lat), code in list(zip(lonlat, wanted, strict=True))[:3]:
        assert [area.code for area in areas_at(session, lon, lat, on)] == [TOWN, code]


@settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(west=st.floats(0.3, 1.7), east=st.floats(0.3, 1.7))
def test_a_split_and_a_merge_restore_every_number(sessions, west, east) -> None:
    with sessions() as session:
        start(session)
        draft = open_draft(session, described("next", date(2030, 1, 1)))
        day, code, other = date(2030, 1, 1), f"{TOWN}001", f"{TOWN}009"
        before = area_frame(session, day).set_index("code")
        line = shapely.LineString([spot(west, -1), spot(east, SIDE + 1)])
        edits.split(session, TESTER, draft, code, line, [Named(code, "1"), Named(other, "9")])
        assert len(area_frame(session, day, draft=draft.edition_id)) == len(before) + 1
        edits.merge(session, TESTER, draft, [code, other], Named(code, "1"))
        after = area_frame(session, day, draft=draft.edition_id).set_index("code")
        for column in ("level", "name", "kind", "parent_code", "area_m2"):
            assert after[column].equals(before[column])
        assert shapely.equals_identical(
            shapely.normalize(after.geometry.to_numpy()), shapely.normalize(before.geometry.to_numpy())
        ).all()
        session.rollback()
