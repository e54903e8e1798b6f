"""What a boundary edition changes: areas, land, and who and what lies on that land."""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon
from sqlalchemy import ColumnElement, func, select

from gridmgmt.analysis.boundaries import Movement, moved_land, movements, shares
from gridmgmt.analysis.ellipsoid import area_m2, areas_m2
from gridmgmt.analysis.location import area_of_points
from gridmgmt.areas.queries import area_frame
from gridmgmt.areas.rules import RANK, AreaLevel
from gridmgmt.boundaries.queries import changed_box
from gridmgmt.boundaries.rules import ChangeKind
from gridmgmt.cases.models import Case
from gridmgmt.cases.rules import ENDED
from gridmgmt.clock import end_of_day
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import edition_ids_in_force
from gridmgmt.editions.rules import EditionState, Subject
from gridmgmt.errors import ConflictError
from gridmgmt.frames import lonlat, read_table
from gridmgmt.population.models import PopulationPlace
from gridmgmt.service_points.models import ServicePoint
from gridmgmt.service_points.rules import PointStatus

if TYPE_CHECKING:
    import geopandas as gpd

_DECIMALS = 7
"""Of degrees in GeoJSON: about 1 cm."""


@dataclass(frozen=True, eq=False)
class AreaChange:
    """One area that an edition adds, ends or changes; ``was_code`` is the code it had where it gets another.

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

    ``residents_60_plus`` is None where no residents are known.
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
    """What an edition changes on its first day, by level from the highest down.

    ``affected`` counts each resident, point and case once that comes to another area at any level, by the data of
    ``data_on``: the first day, or today where that lies ahead.
    """

    edition: str
    on: date
    data_on: date
    levels: tuple[LevelDiff, ...]
    affected: Affected


def diff(session: Session, edition: Edition, today: date) -> Diff:
    """Return what a boundary edition changes, whether drafted, scheduled, in force or superseded.

    Before are the boundaries of its first day (the planned one of a draft) without it, after are those with it.

    Raises
    ------
    ConflictError
        When the edition is withdrawn: it changes nothing.
    """
    on = edition.valid_from or edition.planned_from
    if on is None or edition.state == EditionState.WITHDRAWN:
        raise ConflictError("edition_withdrawn", name=edition.name)
    data_on = min(on, today)
    box = changed_box(session, edition.edition_id)
    if box is None:
        return Diff(edition.name, on, data_on, (), Affected(0, None, {}, 0))
    before = area_frame(session, on, near=box, without=edition.edition_id)
    after = area_frame(session, on, near=box, draft=edition.edition_id)
    points = _Points.read(session, data_on, func.ST_MakeEnvelope(*box, STORAGE_SRID))
    levels, touched = [], np.zeros(len(points.lonlat), dtype=bool)
    for level in sorted({*before["level"], *after["level"]}, key=lambda name: (RANK[AreaLevel(name)], name)):
        sides = _Sides.of(before[before["level"] == level], after[after["level"] == level])
        movement = sides.movements()
        changes = sides.changes(AreaLevel(level), movement)
        if not changes:
            continue
        moved = moved_land(movement)
        elsewhere = sides.elsewhere(points.lonlat)
        touched |= elsewhere
        levels.append(LevelDiff(AreaLevel(level), changes, area_m2(moved), moved, points.affected(elsewhere)))
    return Diff(edition.name, on, data_on, tuple(levels), points.affected(touched))


def diff_json(found: Diff) -> dict[str, Any]:
    """Return a diff without its surfaces, for JSON."""
    return {
        "edition": found.edition,
        "on": found.on,
        "data_on": found.data_on,
        "affected": _affected_json(found.affected),
        "levels": [
            {
                "level": each.level,
                "moved_m2": each.moved_m2,
                "affected": _affected_json(each.affected),
                "changes": [_change_json(change) for change in each.changes],
            }
            for each in found.levels
        ],
    }


def diff_geojson(found: Diff) -> dict[str, Any]:
    """Return the surfaces of a diff as GeoJSON: each area before and after, and the land that moves at each level."""
    features = []
    for each in found.levels:
        for change in each.changes:
            features += [
                _feature(surface, {**_change_json(change), "side": side})
                for side, surface in (("before", change.before), ("after", change.after))
                if surface is not None
            ]
        features.append(_feature(each.moved, {"level": each.level, "side": "moved", "area_m2": each.moved_m2}))
    return {"type": "FeatureCollection", "features": features}


def _affected_json(affected: Affected) -> dict[str, Any]:
    names = ("places", "residents_60_plus", "service_points", "open_cases")
    return {name: getattr(affected, name) for name in names}


def _change_json(change: AreaChange) -> dict[str, Any]:
    names = ("level", "code", "name", "kinds", "was_code", "was_name", "before_m2", "after_m2")
    return {name: getattr(change, name) for name in names}


def _feature(surface: shapely.MultiPolygon, properties: Mapping[str, Any]) -> dict[str, Any]:
    rounded = shapely.transform(surface, lambda lonlat: lonlat.round(_DECIMALS))
    return {"type": "Feature", "properties": dict(properties), "geometry": json.loads(shapely.to_geojson(rounded))}


class _Sides(NamedTuple):
    """The areas of one level around a change by code, before and after; codes that only changed map to the old."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    was: Mapping[str, str]

    @classmethod
    def of(cls, before: "gpd.GeoDataFrame", after: "gpd.GeoDataFrame") -> "_Sides":
        old, new = ({row["code"]: row for row in side.to_dict("records")} for side in (before, after))
        gone, come = [code for code in old if code not in new], [code for code in new if code not in old]
        common = shares([old[code]["geometry"] for code in gone], [new[code]["geometry"] for code in come])
        return cls(old, new, {come[s.after]: gone[s.before] for s in common if s.is_whole})

    def movements(self) -> dict[str, Movement]:
        """Return what each code wins and loses, a code that only changed taken for the old one."""
        touched = self._changed_codes()
        old = {code: self.before[code]["geometry"] for code in touched if code in self.before}
        new = {self.was.get(code, code): self.after[code]["geometry"] for code in touched if code in self.after}
        return movements(old, new)

    def changes(self, level: AreaLevel, moved: Collection[str]) -> tuple[AreaChange, ...]:
        """Return the areas that change, by code; ``moved`` are the codes that win or lose land."""
        renumbered = set(self.was.values())
        codes = [code for code in self._changed_codes() if code not in renumbered]
        before_m2 = _surfaces_m2(self.before, [self.was.get(code, code) for code in codes])
        surfaces_m2 = zip(before_m2, _surfaces_m2(self.after, codes), strict=True)
        found = (self._change(level, code, moved, *m2) for code, m2 in zip(codes, surfaces_m2, strict=True))
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

    def _change(
        self, level: AreaLevel, code: str, moved: Collection[str], before_m2: float | None, after_m2: float | None
    ) -> AreaChange:
        was = self.was.get(code, code)
        old, new = self.before.get(was), self.after.get(code)
        name = (new or old or {})["name"]
        return AreaChange(
            level=level,
            code=code,
            name=name,
            kinds=_kinds(old, new, {ChangeKind.CODE: was != code, ChangeKind.BORDER: was in moved}),
            was_code=was if was != code else None,
            was_name=old["name"] if old and old["name"] != name else None,
            before_m2=before_m2,
            after_m2=after_m2,
            before=old and old["geometry"],
            after=new and new["geometry"],
        )


def _surfaces_m2(side: Mapping[str, Any], codes: Sequence[str]) -> list[float | None]:
    """Return the surface of each code on one side, None where it is not there."""
    there = [code for code in codes if code in side]
    m2 = dict(zip(there, areas_m2(np.array([side[code]["geometry"] for code in there], dtype=object)), strict=True))
    return [float(m2[code]) if code in m2 else None for code in codes]


def _kinds(old: Any, new: Any, land: Mapping[ChangeKind, bool]) -> tuple[ChangeKind, ...]:
    if old is None:
        return (ChangeKind.ADDED,)
    if new is None:
        return (ChangeKind.ENDED,)
    words = {ChangeKind.NAME: old["name"] != new["name"], ChangeKind.PARENT: _parent(old) != _parent(new)}
    return tuple(kind for kind, is_so in {**land, **words}.items() if is_so)


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
        populated = PopulationPlace.edition_id.in_(edition_ids_in_force(Subject.POPULATION, on))
        residents = _table(session, PopulationPlace, box, PopulationPlace.residents_60_plus, populated)
        offered = ServicePoint.edition_id.in_(edition_ids_in_force(Subject.SERVICE_POINTS, on))
        is_open = ServicePoint.status == PointStatus.OPEN
        points = _table(session, ServicePoint, box, ServicePoint.type, offered, is_open)
        running, known = Case.state.not_in(ENDED), Case.reported_at < end_of_day(on)
        cases = _table(session, Case, box, Case.case_id, running, known, ~Case.internal)
        positions = [np.column_stack([t["lon"].to_numpy(), t["lat"].to_numpy()]) for t in (residents, points, cases)]
        counted = residents["counted"].to_numpy(zero_copy_only=False).astype(np.float64)
        return cls(np.concatenate(positions), counted, points["counted"].to_pylist(), cases.num_rows)

    def affected(self, chosen: NDArray[np.bool_]) -> Affected:
        """Return what the chosen ones are."""
        n, m = len(self.residents), len(self.types)
        counts = self.residents[chosen[:n]]
        known = counts[~np.isnan(counts)]
        types = Counter(name for name, is_chosen in zip(self.types, chosen[n : n + m], strict=True) if is_chosen)
        uncounted = bool(np.isnan(self.residents).all())
        return Affected(
            places=len(counts),
            residents_60_plus=None if uncounted else float(known.sum()),
            service_points=dict(sorted(types.items())),
            open_cases=int(chosen[n + m :].sum()),
        )


def _table(session: Session, model: Any, box: ColumnElement[Any], column: Any, *conditions: Any) -> pa.Table:
    """Return position and one column of the rows that lie in a box and meet some conditions."""
    statement = select(*lonlat(model.geom), column.label("counted")).where(model.geom.intersects(box), *conditions)
    return read_table(session, statement)
