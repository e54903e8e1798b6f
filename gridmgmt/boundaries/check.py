"""The check of a boundary edition: read it as it would be in force, find what is wrong, keep what was found."""

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import delete

from gridmgmt.analysis.findings import AreaArrays, Finding, Objects, Tolerances
from gridmgmt.analysis.topology import check
from gridmgmt.areas.queries import area_frame
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.boundaries.findings import LEVEL_RULES
from gridmgmt.boundaries.models import TopologyFinding
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.rules import Extent
from gridmgmt.editions.service import metric_crs
from gridmgmt.frames import copy_rows

if TYPE_CHECKING:
    import geopandas as gpd

DEFAULT_TOLERANCES = Tolerances()
_COLUMNS = (
    "edition_id", "finding_no", "type", "severity", "level", "codes",
    "area_m2", "width_m", "location", "geom", "details",
)  # fmt: skip


def check_edition(session: Session, edition: Edition, tolerances: Tolerances = DEFAULT_TOLERANCES) -> list[Finding]:
    """Return what is wrong when a boundary edition comes into force beside what is, and keep it as the last check.

    A draft is seen on the day for which it is planned, an edition in force on the day from which it is.
    """
    on = edition.valid_from or edition.planned_from
    if on is None:  # a check constraint of the table forbids it
        raise ValueError(f"edition {edition.name} has no day")
    draft = None if edition.valid_from else edition.edition_id
    findings = check_day(session, on, draft=draft, tolerances=tolerances)
    session.execute(delete(TopologyFinding).where(TopologyFinding.edition_id == edition.edition_id))
    copy_rows(session, TopologyFinding.__tablename__, _COLUMNS, _rows(edition.edition_id, findings))
    return findings


def check_day(
    session: Session, on: date, *, draft: int | None = None, tolerances: Tolerances = DEFAULT_TOLERANCES
) -> list[Finding]:
    """Return what is wrong with the areas in force on a day, with a draft as if it were in force too.

    Nothing is kept.
    """
    frame = area_frame(session, on, draft=draft)
    if frame.empty:
        return []
    return check(area_arrays(frame), LEVEL_RULES, tolerances, metric_crs(session))


def check_around(
    session: Session, on: date, box: Extent, *, draft: int | None = None, tolerances: Tolerances = DEFAULT_TOLERANCES
) -> list[Finding]:
    """Return what is wrong in a box (west, south, east, north), as :func:`check_day` finds it; nothing is kept.

    Of the deepest level only what is near is read, for an edit is answered while its author waits.
    """
    place = shapely.box(*box)
    frame = _around(session, on, place, draft)
    if frame.empty:
        return []
    changed = shapely.intersects(frame.geometry.to_numpy(), place)
    found = check(area_arrays(frame), LEVEL_RULES, tolerances, metric_crs(session), changed)
    return [finding for finding in found if shapely.intersects(finding.geometry, place)]


def _around(session: Session, on: date, place: shapely.Polygon, draft: int | None) -> "gpd.GeoDataFrame":
    """Return all areas but for those of the deepest level that lie in nothing which touches a place."""
    import pandas as pd  # noqa: PLC0415 -- takes seconds, and a server starts without

    *levels, deepest = LEVEL_RULES
    upper = area_frame(session, on, draft=draft, levels=[AreaLevel(rule.level) for rule in levels])
    holding = next((level for level in deepest.parents if (upper["level"] == level).any()), None)
    if holding is None:
        return area_frame(session, on, draft=draft)
    holders = upper.geometry[(upper["level"] == holding) & upper.intersects(place)]
    west, south, east, north = (float(edge) for edge in shapely.total_bounds([place, *holders]))
    below = area_frame(session, on, draft=draft, levels=[AreaLevel(deepest.level)], near=(west, south, east, north))
    return pd.concat([upper, below], ignore_index=True)


def area_arrays(frame: "gpd.GeoDataFrame") -> AreaArrays:
    """Return the columns of a frame of areas as the check takes them."""
    level, code, parent_level, parent_code = (
        _texts(frame[name]) for name in ("level", "code", "parent_level", "parent_code")
    )
    return AreaArrays(level, code, parent_level, parent_code, np.asarray(frame.geometry.values, dtype=object))


def _texts(column: "gpd.pd.Series[str]") -> Objects:
    values: NDArray[np.object_] = column.to_numpy(dtype=object, copy=True)
    values[column.isna().to_numpy()] = None
    return values


def _rows(edition_id: int, findings: list[Finding]) -> list[tuple[object, ...]]:
    return [
        (
            edition_id, number, f.type.value, f.severity.value, f.level, list(f.codes),
            f.area_m2, f.width_m, shapely.Point(f.lon, f.lat), f.geometry, f.details,
        )
        for number, f in enumerate(findings, start=1)
    ]  # fmt: skip
