"""What a draft of a boundary edition changes: areas, land, and who and what lies on that land."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon
from sqlalchemy import ColumnElement, func, select

from gridmgmt.analysis.boundaries import Movement, moved_land, movements
from gridmgmt.analysis.ellipsoid import area_m2
from gridmgmt.analysis.location import area_of_points
from gridmgmt.areas.queries import area_frame
from gridmgmt.areas.rules import RANK, AreaLevel
from gridmgmt.boundaries.queries import changed_box
from gridmgmt.boundaries.rules import ChangeKind
from gridmgmt.cases.models import Case
from gridmgmt.cases.rules import CaseStatus
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import edition_ids_in_force
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import ConflictError
from gridmgmt.frames import lonlat, read_table
from gridmgmt.population.models import PopulationPlace
from gridmgmt.service_points.models import ServicePoint
from gridmgmt.service_points.rules import PointStatus


@dataclass(frozen=True, eq=False)
class AreaChange:
    """One area that a draft adds, ends or changes; ``was_code`` is the code it had where the draft gives another.

    Surfaces are in degrees, m² on the ellipsoid with edges straight in degrees, so that they differ by what moved;
    both are None on the side where the area is not.
    """

    level: AreaLevel
    code: str
    name: str
    kinds: tuple[ChangeKind, ...]
    was_code: str | None
    was_name: str | None
    before_m2: float | None
    after_m2: float | None
    before: MultiPolygon | None
    after: MultiPolygon | None


@dataclass(frozen=True)
class Affected:
    """Who and what comes to another area: places, their residents of 60 and over, open points by type, open cases.

    ``residents_60_plus`` is None where places are known without residents.
    """

    places: int
    residents_60_plus: float | None
    service_points: Mapping[str, int]
    open_cases: int


@dataclass(frozen=True, eq=False)
class LevelDiff:
    """What changes at one level.

    ``moved`` is the land that comes to another area, ``moved_m2`` its surface on the ellipsoid. An area that only
    gets another code moves no land and affects nobody.
    """

    level: AreaLevel
    changes: tuple[AreaChange, ...]
    moved_m2: float
    moved: MultiPolygon
    affected: Affected

    def count(self, kind: ChangeKind) -> int:
        """Return how many areas change in one way."""
        return sum(kind in change.kinds for change in self.changes)


@dataclass(frozen=True, eq=False)
class Diff:
    """What a draft changes against the boundaries of the day it is planned for, by level from the highest down.

    ``affected`` counts each resident, point and case once that comes to another area at any level.
    """

    edition: str
    on: date
    levels: tuple[LevelDiff, ...]
    affected: Affected


def diff(session: Session, draft: Edition) -> Diff:
    """Return what a draft changes.

    Raises
    ------
    ConflictError
        When the edition is in force or withdrawn: it changes nothing any more.
    """
    on = draft.planned_from
    if on is None or draft.valid_from is not None:
        raise ConflictError("edition_no_draft", name=draft.name, state=draft.state)
    box = changed_box(session, draft.edition_id)
    if box is None:
        return Diff(draft.name, on, (), Affected(0, None, {}, 0))
    before, after = (area_frame(session, on, near=box, draft=d) for d in (None, draft.edition_id))
    points = _Points.read(session, on, func.ST_MakeEnvelope(*box, STORAGE_SRID))
    levels, touched = [], np.zeros(len(points.lonlat), dtype=bool)
    for level in sorted({*before["level"], *after["level"]}, key=lambda name: (RANK[AreaLevel(name)], name)):
        sides = _Sides.of(before[before["level"] == level], after[after["level"] == level])
        changes = sides.changes(AreaLevel(level))
        if not changes:
            continue
        moved = moved_land(sides.movements())
        elsewhere = sides.elsewhere(points.lonlat)
        touched |= elsewhere
        levels.append(LevelDiff(AreaLevel(level), changes, area_m2(moved), moved, points.affected(elsewhere)))
    return Diff(draft.name, on, tuple(levels), points.affected(touched))


class _Sides(NamedTuple):
    """The areas of one level around a change by code, before and after; codes that only changed map to the old."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    was: Mapping[str, str]

    @classmethod
    def of(cls, before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> "_Sides":
        old, new = ({row["code"]: row for row in side.to_dict("records")} for side in (before, after))
        gone = {_key(row["geometry"]): code for code, row in old.items() if code not in new}
        keys = {code: _key(row["geometry"]) for code, row in new.items() if code not in old}
        return cls(old, new, {code: gone[key] for code, key in keys.items() if key in gone})

    def movements(self) -> dict[str, Movement]:
        """Return what each code wins and loses, a code that only changed taken for the old one."""
        touched = self._changed_codes()
        old = {code: self.before[code]["geometry"] for code in touched if code in self.before}
        new = {self.was.get(code, code): self.after[code]["geometry"] for code in touched if code in self.after}
        return movements(old, new)

    def changes(self, level: AreaLevel) -> tuple[AreaChange, ...]:
        """Return the areas that change, by code."""
        renumbered = set(self.was.values())
        found = (self._change(level, code) for code in self._changed_codes() if code not in renumbered)
        return tuple(change for change in found if change.kinds)

    def elsewhere(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which points ``(n, 2)`` lie in another area than before, by the rule for points on a border."""
        old = np.array([*self.before, None], dtype=object)
        new = np.array([*(self.was.get(code, code) for code in self.after), None], dtype=object)
        then, now = (area_of_points([row["geometry"] for row in s.values()], points) for s in (self.before, self.after))
        return np.asarray(old[then] != new[now], dtype=bool)

    def _changed_codes(self) -> list[str]:
        ids = [{row["area_id"] for row in side.values()} for side in (self.after, self.before)]
        sides = zip((self.before, self.after), ids, strict=True)
        return sorted({code for side, others in sides for code, row in side.items() if row["area_id"] not in others})

    def _change(self, level: AreaLevel, code: str) -> AreaChange:
        was = self.was.get(code, code)
        old, new = self.before.get(was), self.after.get(code)
        name = (new or old or {})["name"]
        return AreaChange(
            level=level,
            code=code,
            name=name,
            kinds=_kinds(old, new, recoded=was != code),
            was_code=was if was != code else None,
            was_name=old["name"] if old and old["name"] != name else None,
            before_m2=old and area_m2(old["geometry"]),
            after_m2=new and area_m2(new["geometry"]),
            before=old and old["geometry"],
            after=new and new["geometry"],
        )


def _key(geometry: shapely.Geometry) -> bytes:
    return bytes(shapely.to_wkb(shapely.normalize(geometry)))


def _kinds(old: Any, new: Any, *, recoded: bool) -> tuple[ChangeKind, ...]:
    if old is None:
        return (ChangeKind.ADDED,)
    if new is None:
        return (ChangeKind.ENDED,)
    different = {
        ChangeKind.CODE: recoded,
        ChangeKind.NAME: old["name"] != new["name"],
        ChangeKind.BORDER: _key(old["geometry"]) != _key(new["geometry"]),
        ChangeKind.PARENT: _parent(old) != _parent(new),
    }
    return tuple(kind for kind, is_so in different.items() if is_so)


def _parent(row: Any) -> tuple[str, str] | None:
    return (row["parent_level"], row["parent_code"]) if isinstance(row["parent_code"], str) else None


class _Points(NamedTuple):
    """Places, open points and open cases in a box: where each is, and what it counts as."""

    lonlat: NDArray[np.float64]
    residents: NDArray[np.float64]
    types: list[str]
    cases: int

    @classmethod
    def read(cls, session: Session, on: date, box: ColumnElement[Any]) -> "_Points":
        residents = _table(session, PopulationPlace, Subject.POPULATION, on, box, PopulationPlace.residents_60_plus)
        is_open = ServicePoint.status == PointStatus.OPEN
        points = _table(session, ServicePoint, Subject.SERVICE_POINTS, on, box, ServicePoint.type, is_open)
        running = Case.status != CaseStatus.CLOSED
        cases = _table(session, Case, Subject.CASES, on, box, Case.case_id, running)
        positions = [np.column_stack([t["lon"].to_numpy(), t["lat"].to_numpy()]) for t in (residents, points, cases)]
        counted = residents["counted"].to_numpy(zero_copy_only=False).astype(np.float64)
        return cls(np.concatenate(positions), counted, points["counted"].to_pylist(), cases.num_rows)

    def affected(self, chosen: NDArray[np.bool_]) -> Affected:
        """Return what the chosen ones are."""
        n, m = len(self.residents), len(self.types)
        counts = self.residents[chosen[:n]]
        known = counts[~np.isnan(counts)]
        types = Counter(name for name, is_chosen in zip(self.types, chosen[n : n + m], strict=True) if is_chosen)
        uncounted = bool(len(self.residents)) and bool(np.isnan(self.residents).all())
        return Affected(
            places=len(counts),
            residents_60_plus=None if uncounted else float(known.sum()),
            service_points=dict(sorted(types.items())),
            open_cases=int(chosen[n + m :].sum()),
        )


def _table(
    session: Session, model: Any, subject: Subject, on: date, box: ColumnElement[Any], column: Any, *conditions: Any
) -> pa.Table:
    """Return position and one column of the rows of a subject in force on a day that lie in a box."""
    in_force = model.edition_id.in_(edition_ids_in_force(subject, on))
    statement = select(*lonlat(model.geom), column.label("counted")).where(
        in_force, model.geom.intersects(box), *conditions
    )
    return read_table(session, statement)
