"""An edition of 600 areas and 27,000 cells comes into force while others read and write.

The second edition gives every area of the first another code, as when a town-level code changes: all are ended, all
are added, and each has its lineage. The third keeps the codes and gives other names. Readers ask without pause which
editions the areas of a day come from, and must always be told of one. A writer opens a draft without pause and takes
it back, and its longest wait is told too; it has to share the interpreter with all others.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from harness import Stages, publish, require
from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import sessionmaker

from gridmgmt.access.rules import system_actor
from gridmgmt.areas import service as areas
from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import area_frame, in_force_on
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.boundaries import service as boundaries
from gridmgmt.boundaries.queries import base_of
from gridmgmt.cluster import Cluster
from gridmgmt.db import Session, make_engine, make_sessions, migrate, transaction
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import boundary_edition
from gridmgmt.editions.rules import EditionDraft, EditionState, Subject
from gridmgmt.editions.service import open_draft, put_in_state

ACTOR = system_actor("benchmark")
FIRST, SECOND, THIRD, SEEN_ON = date(2015, 1, 1), date(2026, 1, 1), date(2026, 2, 1), date(2026, 6, 1)
TOWNS, QUARTERS, CELLS = 12, 588, 27_048
READERS = 2
LOCK_S = 1.0
WEST, SOUTH, CELL_DEG = 121.2, 31.2, 0.001
Sessions = sessionmaker[Session]


def grid(columns: int, rows: int, width: int, height: int, prefix: str) -> gpd.GeoDataFrame:
    """Return ``columns × rows`` boxes of ``width × height`` cells, coded by their number."""
    number = np.arange(columns * rows)
    west = WEST + CELL_DEG * width * (number % columns)
    south = SOUTH + CELL_DEG * height * (number // columns)
    boxes = shapely.box(west, south, west + CELL_DEG * width, south + CELL_DEG * height)
    codes = [f"{prefix}{n:05d}" for n in number]
    described = {"code": codes, "attributes": [{} for _ in codes]}
    return gpd.GeoDataFrame(described, geometry=[shapely.MultiPolygon([box]) for box in boxes], crs=4326)


def levels(prefix: str) -> dict[AreaLevel, gpd.GeoDataFrame]:
    """Return 12 towns of 49 quarters of 46 cells each, edge to edge."""
    return {
        AreaLevel.TOWN: grid(4, 3, 7 * 23, 7 * 2, f"{prefix}T"),
        AreaLevel.RESIDENTIAL_QUARTER: grid(28, 21, 23, 2, f"{prefix}Q"),
        AreaLevel.GRID_CELL: grid(28 * 23, 21 * 2, 1, 1, f"{prefix}C"),
    }


def draft_all(session: Session, name: str, on: date, prefix: str) -> Edition:
    """Open a draft that ends all areas and adds its own, approved."""
    draft = open_draft(
        session,
        EditionDraft(
            subject=Subject.AREAS,
            name=name,
            source="benchmark",
            synthetic=True,
            datum="wgs84",
            content_sha256=name,
            valid_from=on,
            extent=(121.0, 31.0, 122.0, 32.0),
        ),
    )
    areas.end(session, draft, [int(area_id) for area_id in area_frame(session, on)["area_id"]])
    for level, frame in levels(prefix).items():
        areas.store(session, draft, frame.assign(name=name), level)
    put_in_state(session, draft, EditionState.CHECKED, actor=ACTOR.name, details={"base": base_of(session, on)})
    put_in_state(session, draft, EditionState.APPROVED, actor=ACTOR.name)
    return draft


def activate(sessions: Sessions, name: str) -> float:
    """Bring an approved draft into force, as the command does; return for how many seconds all writers were kept out.

    That is from the moment the lock of the editions is held until the transaction has ended.
    """
    locked_at: list[float] = []
    here = threading.get_ident()

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "pg_advisory_xact_lock" in statement and threading.get_ident() == here:
            locked_at.append(time.perf_counter())

    event.listen(Engine, "after_cursor_execute", note)
    try:
        with transaction(sessions) as session:
            draft = boundary_edition(session, name)
            require(draft is not None, f"no draft {name}")
            if draft is not None:
                boundaries.activate(session, ACTOR, draft)
        return time.perf_counter() - locked_at[0]
    finally:
        event.remove(Engine, "after_cursor_execute", note)


def editions_seen(sessions: Sessions) -> dict[int, int]:
    """Return how many areas of each edition are in force, asked in one statement."""
    statement = select(Area.edition_id, func.count()).where(in_force_on(SEEN_ON)).group_by(Area.edition_id)
    with transaction(sessions) as session:
        return dict(session.execute(statement).all())  # type: ignore[arg-type]  # rows of two


def open_and_take_back(sessions: Sessions) -> None:
    """Do what any writer of boundaries does first."""
    with sessions() as session:
        boundaries.open_draft(session, ACTOR, "other", SECOND, "benchmark")
        session.rollback()


def timed(work: Callable[[], object], done: threading.Event) -> Iterator[tuple[float, object]]:
    """Yield seconds and result of a work that is done again and again."""
    while not done.is_set():
        began = time.perf_counter()
        result = work()
        yield time.perf_counter() - began, result


def race(sessions: Sessions, name: str) -> dict[str, float]:
    """Bring a draft into force while others read and write, and return what they saw and how long they waited."""
    done = threading.Event()
    with ThreadPoolExecutor(READERS + 1) as pool:
        readers = [pool.submit(lambda: list(timed(lambda: editions_seen(sessions), done))) for _ in range(READERS)]
        writer = pool.submit(lambda: list(timed(lambda: open_and_take_back(sessions), done)))
        began = time.perf_counter()
        try:
            locked_s = activate(sessions, name)
            spent = time.perf_counter() - began
            editions_seen(sessions)
        finally:
            done.set()
    seen = [(seconds, found) for reader in readers for seconds, found in reader.result()]
    waits = [seconds for seconds, _ in writer.result()]
    halves = [found for _, found in seen if not isinstance(found, dict) or list(found.values()) != [_all_areas()]]
    require(not halves, f"a reader saw half an edition: {halves[:1]}")
    return {
        "activation_s": spent,
        "writers_kept_out_s": locked_s,
        "longest_wait_of_a_writer_s": max(waits),
        "writes_meanwhile": len(waits),
        "looks_meanwhile": len(seen),
        "longest_look_s": max(seconds for seconds, _ in seen),
    }


def _all_areas() -> int:
    return TOWNS + QUARTERS + CELLS


def main() -> None:
    """Measure, print and keep the result; ends with exit code 1 when the bar is missed."""
    stages = Stages()
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder)).using() as url:
        migrate(url)
        engine = make_engine(url, pool_size=READERS + 2)
        sessions = make_sessions(engine)
        with stages("draft of the first edition"), transaction(sessions) as session:
            draft_all(session, "first", FIRST, "A")
        with stages("activation of the first edition"):
            activate(sessions, "first")
        races = {}
        for what, name, on, prefix in (("other codes", "second", SECOND, "B"), ("other names", "third", THIRD, "B")):
            with stages(f"draft of the {name} edition, {what}"), transaction(sessions) as session:
                draft_all(session, name, on, prefix)
            races[what] = race(sessions, name)
        now = editions_seen(sessions)
        engine.dispose()
    require(list(now.values()) == [_all_areas()], f"in force afterwards: {now}")
    publish(
        "activation",
        {"areas": TOWNS + QUARTERS, "cells": CELLS, "readers": READERS, "races": races, "steps": stages.figures},
        {
            f"seconds for which writers are kept out, {what}": (figures["writers_kept_out_s"], LOCK_S)
            for what, figures in races.items()
        },
    )


if __name__ == "__main__":
    main()
