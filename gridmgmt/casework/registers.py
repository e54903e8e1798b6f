"""Taking a register of cases: its rows by COPY, then every case and its first entry of the log in one statement."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from sqlalchemy import ARRAY, CursorResult, String, any_, literal, select, text

from gridmgmt.access.rules import Actor
from gridmgmt.analysis.location import area_of_points
from gridmgmt.areas.queries import area_frame
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.calendars.rules import WARNING_SHARE
from gridmgmt.cases.models import Case
from gridmgmt.cases.rules import ENDED, CaseSource
from gridmgmt.casework.asking import MOST_CHARACTERS, plain_text
from gridmgmt.casework.routing import INSPECTION
from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.rules import EditionState, Subject
from gridmgmt.frames import copy_columns

if TYPE_CHECKING:
    import geopandas as gpd

REGISTER = "register"
"""Under this name an edition's details hold whose numbers its cases bear."""

_HELD: Mapping[str, tuple[AreaLevel, ...]] = {
    "district_code": (AreaLevel.DISTRICT,),
    "town_code": (AreaLevel.TOWN,),
    "middle_code": (AreaLevel.BASIC_MANAGEMENT_UNIT, AreaLevel.SECTOR),
    "quarter_code": (AreaLevel.RESIDENTIAL_QUARTER,),
    "cell_code": (AreaLevel.GRID_CELL,),
}
_MOMENTS = ("reported_at", "due_at", "closed_at")
_TEXTS = ("case_no", "kind", "type", "state")
_MISSING: Mapping[str, object] = {
    "source": str(CaseSource.OTHER), "description": None, "address": None, "reason": None, "department_code": None,
    "flags": "{}",
}  # fmt: skip
"""What a register need not say, and what holds then."""

_WORDS = ("description", "address", "reason")
_ODD = re.compile("[<\r\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""What a text has that is not kept as it came; most have nothing of it, and looking is quicker than taking apart."""


def numbers_taken(session: Session, numbers: list[str], register: str) -> tuple[set[str], set[str]]:
    """Return which case numbers this register has brought already, and which stand for cases of others."""
    own = Edition.details[REGISTER].astext
    held = select(Case.case_no, own).outerjoin(Edition, Edition.edition_id == Case.edition_id)
    rows = session.execute(held.where(Case.case_no == any_(literal(numbers, ARRAY(String))))).all()
    return {no for no, of in rows if of == register}, {no for no, of in rows if of != register}


def store(session: Session, actor: Actor, edition: Edition, frame: "gpd.GeoDataFrame") -> int:
    """Store cases under an edition, each with the areas that held it on the day of its report; return how many.

    Parameters
    ----------
    frame
        EPSG:4326, geometry POINT, columns ``case_no``, ``kind``, ``type``, ``state``, and aware or missing
        ``reported_at``, ``due_at``, ``closed_at``; it may have ``source``, ``description``, ``address``, ``reason``
        (of the closing), ``department_code``, and ``flags`` (PostgreSQL's spelling of an array).
    """
    columns: dict[str, Any] = {name: _texts(frame[name].tolist()) for name in _TEXTS}
    columns |= {name: _moments(frame[name]) for name in _MOMENTS}
    columns |= {name: _texts(frame[name].tolist()) if name in frame else each for name, each in _MISSING.items()}
    columns |= {name: _texts([_plain(name, cell) for cell in frame[name]]) for name in _WORDS if name in frame}
    points = frame.geometry.to_numpy()
    days = frame["reported_at"].dt.tz_convert(LOCAL_ZONE).dt.date.tolist()
    columns |= areas_held(session, shapely.get_coordinates(points), days)
    columns["post_code"] = posts_held(session, columns["cell_code"], days)
    columns["geom"] = points
    session.execute(text(_statement("stage_register.sql")))
    copy_columns(session, "staged_cases", columns)
    said = {"edition_id": edition.edition_id, "actor": actor.name}
    rule = {"ended": sorted(ENDED), "warning_share": WARNING_SHARE}
    taken = session.execute(text(_statement("take_register.sql")), said | rule)
    session.execute(text("DROP TABLE staged_cases"))
    return cast("CursorResult[Any]", taken).rowcount


def areas_held(session: Session, lonlat: NDArray[np.float64], days: Sequence[date]) -> dict[str, pa.Array]:
    """Return the codes of the areas that held points ``(n, 2)`` on the days of their reports, by column."""
    held = {name: np.full(len(lonlat), None, dtype=object) for name in _HELD}
    if not len(lonlat):
        return {name: pa.array(codes, pa.string()) for name, codes in held.items()}
    day = np.array(days, dtype="datetime64[D]")
    changes = _days_of_change(session)
    west, south, east, north = (float(v) for v in (*lonlat.min(axis=0), *lonlat.max(axis=0)))
    for begins, ends in pairwise([*changes, date.max]):
        chosen = np.flatnonzero((day >= np.datetime64(begins)) & (day < np.datetime64(ends)))
        if not len(chosen):
            continue
        frame = area_frame(session, begins, near=(west, south, east, north))
        for name, levels in _HELD.items():
            for level in levels:
                areas = frame[frame["level"] == level]
                found = area_of_points(areas.geometry.to_numpy(), lonlat[chosen])
                codes = areas["code"].to_numpy(dtype=object)
                held[name][chosen[found >= 0]] = codes[found[found >= 0]]
    return {name: pa.array(codes, pa.string()) for name, codes in held.items()}


def posts_held(session: Session, cells: pa.Array, days: Sequence[date]) -> pa.Array:
    """Return the officer posts that answered for cells on the days of their reports, None where there is none."""
    asked = sorted({pair for pair in zip(cells.to_pylist(), days, strict=True) if pair[0] is not None})
    values = {"cells": [cell for cell, _ in asked], "days": [day for _, day in asked], "inspection": INSPECTION}
    posts = {asked[number - 1]: post for number, post in session.execute(text(_statement("posts_held.sql")), values)}
    return pa.array([posts.get(pair) for pair in zip(cells.to_pylist(), days, strict=True)], pa.string())


def _days_of_change(session: Session) -> list[date]:
    """Return the days from which boundary editions are in force."""
    in_force = Edition.state == EditionState.IN_FORCE
    statement = select(Edition.valid_from).where(Edition.subject == Subject.AREAS, in_force).distinct()
    return sorted(day for day in session.scalars(statement) if day is not None)


def _texts(values: list[Any]) -> pa.Array:
    return pa.array([value if isinstance(value, str) else None for value in values], pa.string())


def _plain(name: str, cell: Any) -> Any:
    """Return a text without tags and control characters, as that of a report."""
    if not isinstance(cell, str) or _ODD.search(cell) is None:
        return cell
    kept = plain_text(name, cell, 2 * MOST_CHARACTERS)
    return kept and kept[:MOST_CHARACTERS]


def _moments(values: Any) -> pa.Array:
    """Return a column of moments, in microseconds as the database has them."""
    return pa.array(values, pa.timestamp("us", "UTC"), from_pandas=True)


@cache
def _statement(name: str) -> str:
    return resources.files("gridmgmt.casework").joinpath("sql", name).read_text(encoding="utf-8")
