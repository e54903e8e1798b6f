"""Activating an edition of 600 areas and 27,000 cells that ends as many, while others read and wait to write.

Readers ask for all codes of the day over and over: every answer must be the old edition or the new one, whole. A
writer tries to open a draft over and over: its longest wait is how long the activation kept other writers out.
"""

import tempfile
import threading
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import geopandas as gpd
import shapely
from harness import publish, require
from sqlalchemy import select
from sqlalchemy.orm import sessionmaker

from gridmgmt.access.rules import system_actor
from gridmgmt.areas import service as areas
from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import in_force_on
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.boundaries import service
from gridmgmt.cluster import Cluster
from gridmgmt.db import Session, make_engine, make_sessions, migrate, transaction
from gridmgmt.editions.models import Edition
from gridmgmt.editions.rules import EditionDraft, EditionState, Subject
from gridmgmt.editions.service import open_draft, put_in_state

ACTOR = system_actor("benchmark")
FIRST, SECOND = date(2015, 1, 1), date(2020, 1, 1)
WEST, SOUTH, CELL_DEG = 121.3, 31.2, 0.001
TOWNS, QUARTERS, CELLS = (4, 3), (28, 21), (6, 8)  # columns and rows; cells in each quarter
BAR_S = 1.0


def grid(level: AreaLevel, columns: int, rows: int, prefix: str) -> tuple[AreaLevel, gpd.GeoDataFrame]:
    """Return the district cut into so many columns and rows."""
    width, height = QUARTERS[0] * CELLS[0] * CELL_DEG / columns, QUARTERS[1] * CELLS[1] * CELL_DEG / rows
    places = [(x, y) for x in range(columns) for y in range(rows)]
    boxes = [
        shapely.box(WEST + x * width, SOUTH + y * height, WEST + (x + 1) * width, SOUTH + (y + 1) * height)
        for x, y in places
    ]
    codes = [f"{prefix}{x:03d}{y:03d}" for x, y in places]
    frame = gpd.GeoDataFrame({"code": codes}, geometry=[shapely.MultiPolygon([box]) for box in boxes], crs=4326)
    return level, frame.assign(attributes=[{} for _ in codes])


def drawn(sessions: sessionmaker[Session], name: str, on: date) -> int:
    """Store an approved edition whose areas all have the edition's name, and return its id."""
    levels = (
        grid(AreaLevel.TOWN, *TOWNS, "T"),
        grid(AreaLevel.RESIDENTIAL_QUARTER, *QUARTERS, "Q"),
        grid(AreaLevel.GRID_CELL, QUARTERS[0] * CELLS[0], QUARTERS[1] * CELLS[1], "C"),
    )
    described = EditionDraft(
        subject=Subject.AREAS,
        name=name,
        source="made up",
        synthetic=True,
        datum="wgs84",
        content_sha256=name,
        valid_from=on,
        extent=(121.2, 31.1, 121.6, 31.5),
    )
    with transaction(sessions) as session:
        draft = open_draft(session, described)
        for level, frame in levels:
            areas.store(session, draft, frame.assign(name=name), level)
        for state in (EditionState.CHECKED, EditionState.APPROVED):
            put_in_state(session, draft, state, actor=ACTOR.name)
        return draft.edition_id


def activate(sessions: sessionmaker[Session], edition_id: int) -> float:
    """Put an edition in force and return the seconds it took."""
    began = time.perf_counter()
    with transaction(sessions) as session:
        service.activate(session, ACTOR, session.get_one(Edition, edition_id))
    return time.perf_counter() - began


def repeated(task: Callable[[], None], done: threading.Event, longest: list[float]) -> threading.Thread:
    """Start to do a task over and over until it is done, once more at the end, keeping the longest time."""

    def run() -> None:
        last = False
        while not last:
            last = done.is_set()
            began = time.perf_counter()
            task()
            longest[0] = max(longest[0], time.perf_counter() - began)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def measure(sessions: sessionmaker[Session]) -> None:
    """Activate a second edition beside readers and a writer, and publish how long each waited."""
    activate(sessions, drawn(sessions, "first", FIRST))
    second = drawn(sessions, "second", SECOND)
    names: set[frozenset[str]] = set()
    counts: set[int] = set()

    def read() -> None:
        with transaction(sessions) as session:
            found = session.scalars(select(Area.name).where(in_force_on(SECOND))).all()
        names.add(frozenset(found))
        counts.add(len(found))

    def write() -> None:
        with sessions() as session:
            service.open_draft(session, ACTOR, "never kept", SECOND, "made up")
            session.rollback()

    read_s, write_s, done = [0.0], [0.0], threading.Event()
    threads = [repeated(read, done, read_s), repeated(write, done, write_s)]
    total_s = activate(sessions, second)
    done.set()
    for thread in threads:
        thread.join()
    require(names <= {frozenset({"first"}), frozenset({"second"})}, f"half an edition was seen: {names}")
    require(frozenset({"second"}) in names and len(counts) == 1, f"{names} {counts}")
    figures = {
        "areas": next(iter(counts)),
        "activation_s": total_s,
        "longest_wait_to_write_s": write_s[0],
        "longest_read_s": read_s[0],
    }
    publish("activation", figures, {"writers kept out, s": (write_s[0], BAR_S)})


def main() -> None:
    """Run it on an embedded database of its own."""
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder)).using() as url:
        migrate(url)
        engine = make_engine(url)
        measure(make_sessions(engine))
        engine.dispose()


if __name__ == "__main__":
    main()
