"""An edition comes into force at one moment: real connections read, write and activate at the same time.

The first edition has one town with one quarter and sixteen cells; the second gives all of them other codes. Readers
wait for no lock longer than a millisecond, or they fail.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from gridmgmt.areas import service as areas
from gridmgmt.areas.queries import area_frame, area_summaries, areas_at
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.areas.service import planned
from gridmgmt.boundaries.edits import rename
from gridmgmt.boundaries.queries import base_of
from gridmgmt.boundaries.service import activate, open_draft
from gridmgmt.db import make_engine, make_sessions, transaction
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import boundary_edition
from gridmgmt.editions.rules import EditionState
from gridmgmt.editions.service import hold, put_in_state
from gridmgmt.errors import ConflictError
from tests.support.actors import TESTER
from tests.support.division import block, draw, spot
from tests.support.drafts import take_into_force

FIRST, SECOND, SEEN_ON = date(2015, 1, 1), date(2026, 1, 1), date(2026, 6, 1)
SIDE = 4
READERS = 4
Sessions = sessionmaker[Session]
Codes = frozenset[str]
Look = Callable[[Session], Codes]


def hierarchy(prefix: str) -> dict[AreaLevel, dict[str, shapely.Geometry]]:
    whole = block(0, 0, SIDE, SIDE)
    cells = {
        f"{prefix}-{row}{column}": block(column, row, column + 1, row + 1)
        for row in range(SIDE)
        for column in range(SIDE)
    }
    return {
        AreaLevel.TOWN: {prefix: whole},
        AreaLevel.RESIDENTIAL_QUARTER: {f"{prefix}-q": whole},
        AreaLevel.GRID_CELL: cells,
    }


def codes(prefix: str) -> Codes:
    return frozenset(code for level in hierarchy(prefix).values() for code in level)


def draft_of(session: Session, name: str, on: date, prefix: str) -> Edition:
    """A draft of all three levels, in which nothing else is left."""
    levels = hierarchy(prefix)
    draft = draw(session, name, on, levels[AreaLevel.TOWN])
    for level in (AreaLevel.RESIDENTIAL_QUARTER, AreaLevel.GRID_CELL):
        seen = area_frame(session, on, levels=[level], draft=draft.edition_id)
        areas.end(session, draft, seen["area_id"].astype(int).tolist())
        areas.store(session, draft, frame_of(levels[level]), level)
    return draft


def frame_of(surfaces: dict[str, shapely.Geometry]) -> gpd.GeoDataFrame:
    rows = {"code": list(surfaces), "name": list(surfaces), "attributes": [{} for _ in surfaces]}
    return gpd.GeoDataFrame(rows, geometry=[shapely.MultiPolygon([s]) for s in surfaces.values()], crs=4326)


def approve(session: Session, draft: Edition) -> None:
    facts = {"base": base_of(session, planned(draft))}
    put_in_state(session, draft, EditionState.CHECKED, actor=TESTER.name, details=facts)
    put_in_state(session, draft, EditionState.APPROVED, actor=TESTER.name)


@pytest.fixture
def engine(fresh_database_url: str) -> Iterator[Engine]:
    """Enough connections for all that happens at once."""
    engine = make_engine(fresh_database_url, pool_size=2 * READERS)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> Sessions:
    """The first edition in force, the second approved."""
    sessions = make_sessions(engine)
    with transaction(sessions) as session:
        draft_of(session, "first", FIRST, "old")
        take_into_force(session, "first")
        approve(session, draft_of(session, "second", SECOND, "new"))
    return sessions


def listed(session: Session) -> Codes:
    return frozenset(area.code for area in area_summaries(session, SEEN_ON, limit=1000))


def framed(session: Session) -> Codes:
    return frozenset(area_frame(session, SEEN_ON)["code"])


def at_a_corner(session: Session) -> Codes:
    """A corner of four cells: town, quarter and the cell with the lowest code."""
    return frozenset(area.code for area in areas_at(session, *spot(2, 2), SEEN_ON))


LOOKS: dict[Look, tuple[Codes, Codes]] = {
    listed: (codes("old"), codes("new")),
    framed: (codes("old"), codes("new")),
    at_a_corner: (frozenset({"old", "old-q", "old-11"}), frozenset({"new", "new-q", "new-11"})),
}


def look(sessions: Sessions, how: Look) -> Codes:
    with transaction(sessions) as session:
        session.execute(text("SET LOCAL lock_timeout = '1ms'"))
        return how(session)


def named(session: Session, name: str) -> Edition:
    found = boundary_edition(session, name)
    assert found is not None
    return found


def test_until_the_commit_everybody_sees_the_old_and_then_the_new(sessions: Sessions) -> None:
    with transaction(sessions) as session:
        activate(session, TESTER, named(session, "second"))
        session.flush()
        for how, (old, new) in LOOKS.items():
            assert how(session) == new
            assert look(sessions, how) == old
    for how, (_, new) in LOOKS.items():
        assert look(sessions, how) == new


def test_readers_at_the_same_time_never_see_half_an_edition(sessions: Sessions) -> None:
    reading, done = threading.Barrier(READERS + 1), threading.Event()

    def read(how: Look) -> list[Codes]:
        seen = [look(sessions, how)]
        reading.wait()
        while not done.is_set():
            seen.append(look(sessions, how))
        return [*seen, look(sessions, how)]

    looks = [*LOOKS, listed][:READERS]
    with ThreadPoolExecutor(READERS) as pool:
        readers = [pool.submit(read, how) for how in looks]
        reading.wait()
        try:
            with transaction(sessions) as session:
                activate(session, TESTER, named(session, "second"))
        finally:
            done.set()
    for how, reader in zip(looks, readers, strict=True):
        old, new = LOOKS[how]
        seen = reader.result()
        assert seen[0] == old
        assert seen[-1] == new
        assert seen == [old] * seen.count(old) + [new] * seen.count(new)


def test_of_two_editions_that_end_the_same_areas_one_comes_into_force(sessions: Sessions) -> None:
    with transaction(sessions) as session:
        approve(session, draft_of(session, "third", SECOND, "other"))
    together = threading.Barrier(2)

    def attempt(name: str) -> str:
        with transaction(sessions) as session:
            draft = named(session, name)
            together.wait()
            try:
                activate(session, TESTER, draft)
            except ConflictError as error:
                session.rollback()
                return error.code
        return "in force"

    with ThreadPoolExecutor(2) as pool:
        came = dict(zip(("second", "third"), pool.map(attempt, ("second", "third")), strict=True))
    assert sorted(came.values()) == ["ex_areas_base_in_force", "in force"]
    winner = "new" if came["second"] == "in force" else "other"
    assert look(sessions, listed) == codes(winner)


@pytest.mark.parametrize("on", [date(2025, 1, 1), SECOND, date(2027, 1, 1)])
def test_an_area_is_ended_once_whenever_the_other_edition_begins(sessions: Sessions, on: date) -> None:
    with transaction(sessions) as session:
        approve(session, draft_of(session, "third", on, "other"))
        activate(session, TESTER, named(session, "second"))
    with pytest.raises(ConflictError, match="old"), transaction(sessions) as session:
        activate(session, TESTER, named(session, "third"))


def test_whoever_still_changes_the_draft_waits_and_is_refused(sessions: Sessions, engine: Engine) -> None:
    """The change is sent while the activation is not yet committed; it may not slip in after it."""
    change = "UPDATE areas SET name = 'late' WHERE code = 'new'"

    def change_late() -> str:
        with engine.connect() as connection, pytest.raises(DBAPIError) as refused:
            connection.execute(text(change))
        return str(refused.value.orig)

    with ThreadPoolExecutor(1) as pool, transaction(sessions) as session:
        activate(session, TESTER, named(session, "second"))
        late = pool.submit(change_late)
        with engine.connect() as connection:
            waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query = :change")
            while not connection.scalar(waits, {"change": change}):
                assert not late.done(), late.result()
                connection.rollback()
        session.commit()
        assert "only drafts of boundary editions can be changed" in late.result()
    with transaction(sessions) as session:
        assert session.scalar(text("SELECT name FROM areas WHERE code = 'new'")) == "new镇"


def test_an_edit_that_comes_while_lineage_is_worked_out_waits_and_is_refused(
    sessions: Sessions, engine: Engine
) -> None:
    """The draft is held first, the lock of all editions last: whoever waits for the draft must not have that lock."""

    def edit() -> str:
        with transaction(sessions) as session, pytest.raises(ConflictError) as refused:
            rename(session, TESTER, named(session, "second"), "new", "晚镇")
        return refused.value.code

    with ThreadPoolExecutor(1) as pool, transaction(sessions) as session:
        draft = named(session, "second")
        hold(session, draft)
        late = pool.submit(edit)
        with engine.connect() as connection:
            waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            while not connection.scalar(waits):
                assert not late.done(), late.result()
                connection.rollback()
        activate(session, TESTER, draft)
        session.commit()
        assert late.result() == "edition_no_draft"


def test_who_holds_one_draft_keeps_nobody_from_another(sessions: Sessions) -> None:
    with transaction(sessions) as session:
        open_draft(session, TESTER, "third", SECOND, "paper")
    with transaction(sessions) as busy, transaction(sessions) as session:
        hold(busy, named(busy, "second"))
        session.execute(text("SET LOCAL lock_timeout = '1ms'"))
        rename(session, TESTER, named(session, "third"), "old", "旧镇")
        open_draft(session, TESTER, "fourth", SECOND, "paper")
