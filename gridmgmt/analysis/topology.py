"""Topology of a hierarchy of areas: whether they nest, without gap and without overlap.

Everything is overlaid in longitude and latitude as stored, an edge being straight there, so that borders that share
their vertices agree to the last bit; areas are on the WGS 84 ellipsoid, lengths in a metric CRS. Each level is told by
a :class:`~gridmgmt.analysis.findings.LevelRule`: whose part it is, whether it must cover that, whether it may lie in
pieces. A level whose parents are not there is judged by itself: what its areas enclose but do not cover is a gap, and
so is a narrow strip between two of them that is open at its ends.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from gridmgmt.analysis.borders import SAME_PLACE_DEG, Borders, open_strips, slits, unmatched
from gridmgmt.analysis.boundaries import surface_of
from gridmgmt.analysis.ellipsoid import area_m2, areas_m2
from gridmgmt.analysis.findings import AreaArrays, Finding, FindingType, LevelRule, Objects, Severity, Tolerances
from gridmgmt.errors import InputError

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]

STRIP_RATIO = 20
"""A gap that is open at its ends is at least so many times longer than wide: two outer borders that meet at more than
about 6° leave a wedge, and no gap."""


def check(
    areas: AreaArrays,
    rules: Sequence[LevelRule],
    tolerances: Tolerances,
    metric_crs: CRS,
    changed: Mask | None = None,
) -> list[Finding]:
    """Return everything found, errors first, then by type, level and codes.

    Parameters
    ----------
    rules
        One for each level, from the top.
    metric_crs
        Projected CRS in metres that fits the areas, for widths.
    changed
        Look only at what these areas can have changed: themselves, their neighbours, and what they lie in. Whoever
        takes an area away marks its neighbours or its parent.

    Raises
    ------
    InputError
        When an area is of a level without a rule.
    """
    known = {rule.level for rule in rules}
    if strange := sorted(set(areas.level) - known):
        raise InputError("level_without_rule", field="level", value=strange[0], known=", ".join(sorted(known)))
    checker = _Checker(areas, rules, tolerances, metric_crs, changed)
    return sorted(checker.findings(), key=lambda f: (f.severity, f.type, f.level, f.codes, f.lon, f.lat))


_MOST_M2_OF_DEG2 = 1.25e10
"""No square degree is larger, wherever it lies: what is too small by this need not be measured."""


class _Checker:
    """The areas with what all checks ask: valid surfaces, rows by level, what each area must lie in."""

    def __init__(
        self,
        areas: AreaArrays,
        rules: Sequence[LevelRule],
        tolerances: Tolerances,
        metric_crs: CRS,
        changed: Mask | None,
    ) -> None:
        self.areas = areas
        self.rules = {rule.level: rule for rule in rules}
        self.tolerances = tolerances
        self.to_plane = Transformer.from_crs(4326, metric_crs, always_xy=True)
        self.changed = np.ones(len(areas), dtype=bool) if changed is None else changed
        self.usable = shapely.is_valid(areas.geometry) & ~shapely.is_empty(areas.geometry)
        self.surface = _surfaces(areas.geometry, self.usable)
        shapely.prepare(self.surface)
        self.rows = {rule.level: np.flatnonzero(areas.level == rule.level) for rule in rules}
        self.trees: dict[str, shapely.STRtree] = {}
        self.smallest_m2: dict[str, float] = {}
        row_of = {key: row for row, key in enumerate(zip(areas.level, areas.code, strict=True))}
        self.parent = [row_of.get(key, -1) for key in zip(areas.parent_level, areas.parent_code, strict=True)]
        self.holder_level = {rule.level: self._first_present(rule.parents) for rule in rules}
        self.holder = np.array([self._holder(row) for row in range(len(areas))], dtype=np.int64)

    def findings(self) -> Iterator[Finding]:
        """Yield all findings, in no order."""
        yield from self._invalid_rings()
        yield from self._overlaps()
        for rule in self.rules.values():
            if not len(self.rows[rule.level]):
                continue
            yield from self._pieces(rule)
            yield from self._unmatched(rule)
            if self.holder_level[rule.level] is not None:
                yield from self._orphans(rule)
                yield from self._nesting(rule)
                yield from self._middles(rule)
            elif rule.partitions:
                yield from self._enclosed(rule)

    # Where areas stand to each other

    def _first_present(self, levels: Iterable[str]) -> str | None:
        return next((level for level in levels if len(self.rows.get(level, ()))), None)

    def _holder(self, row: int) -> int:
        """Return the area that this one must lie in, on the way up through its parents; -1 where there is none."""
        wanted = self.holder_level[self.areas.level[row]]
        above = self.parent[row]
        for _ in self.rules:
            if above < 0 or self.areas.level[above] == wanted:
                return above
            above = self.parent[above]
        return -1

    def _near(self, level: str, places: Objects) -> tuple[Rows, Rows]:
        """Return pairs: which place, and which area of a level it touches."""
        if level not in self.trees:
            self.trees[level] = shapely.STRtree(self.surface[self.rows[level]])
        place, found = self.trees[level].query(places, "dwithin", SAME_PLACE_DEG)
        return place, self.rows[level][found]

    def _neighbourhood(self, level: str) -> Rows:
        """Return the changed areas of a level and those that touch them."""
        rows = self.rows[level]
        changed = rows[self.changed[rows]]
        return rows if len(changed) == len(rows) else np.unique(self._near(level, self.surface[changed])[1])

    # What is wrong with one area

    def _invalid_rings(self) -> Iterator[Finding]:
        for row in np.flatnonzero(self.changed & ~self.usable).tolist():
            geometry = self.areas.geometry[row]
            empty = geometry is None or geometry.is_empty
            reason = "Empty geometry" if empty else shapely.is_valid_reason(geometry)
            yield self._of_area(FindingType.INVALID_RING, Severity.ERROR, row, details={"reason": reason})

    def _pieces(self, rule: LevelRule) -> Iterator[Finding]:
        rows = self.rows[rule.level]
        several = (self.changed & self.usable)[rows] & (shapely.get_num_geometries(self.surface[rows]) > 1)
        for row in rows[several].tolist():
            if rule.pieces is not None:
                parts = shapely.get_parts(self.surface[row])
                smaller = _multi(np.delete(parts, np.argmax(areas_m2(parts))))
                details = {"parts": len(parts)}
                yield self._of_area(FindingType.MULTI_PART, rule.pieces, row, smaller, details=details)

    def _orphans(self, rule: LevelRule) -> Iterator[Finding]:
        rows = self.rows[rule.level]
        for row in rows[self.changed[rows] & (self.holder[rows] < 0)].tolist():
            details = {"parent_code": self.areas.parent_code[row], "parent_level": self.holder_level[rule.level]}
            yield self._of_area(FindingType.ORPHAN, Severity.ERROR, row, details=details)

    # What is wrong between areas of one level

    def _overlaps(self) -> Iterator[Finding]:
        """Yield the common land of two areas of one rank."""
        rank = np.array([self.rules[level].rank for level in self.areas.level])
        for each in np.unique(rank):
            rows = np.flatnonzero(rank == each)
            changed = rows[self.changed[rows]]
            place, found = shapely.STRtree(self.surface[rows]).query(self.surface[changed], "intersects")
            one, other = changed[place], rows[found]
            once = (one < other) | ((one != other) & ~self.changed[other])
            one, other = np.minimum(one, other)[once], np.maximum(one, other)[once]
            inside = ~shapely.touches(self.surface[one], self.surface[other])  # quick, and true of most neighbours
            one, other = one[inside], other[inside]
            common, pair = self._land(shapely.intersection(self.surface[one], self.surface[other]))
            for k in np.unique(pair):
                codes = tuple(sorted(self.areas.code[[one[k], other[k]]]))
                land = _multi(common[pair == k])
                yield self._of_land(FindingType.OVERLAP, self.areas.level[other[k]], codes, land)

    def _unmatched(self, rule: LevelRule) -> Iterator[Finding]:
        rows = self._neighbourhood(rule.level)
        borders = Borders.of(self.surface[rows])
        for found in unmatched(borders, self._plane(borders.ends), self.tolerances.unmatched_from_m2):
            owners = rows[list(found.owners)]
            if self.changed[owners].any():
                edges = shapely.multilinestrings(list(borders.ends[found.edges]))
                lon, lat = self.to_plane.transform(*_place_in(found.opened), direction="INVERSE")
                codes = tuple(sorted(self.areas.code[owners]))
                yield Finding(
                    FindingType.UNMATCHED_EDGE, Severity.WARNING, rule.level, codes, found.opened_m2, lon, lat, edges
                )  # fmt: skip

    def _enclosed(self, rule: LevelRule) -> Iterator[Finding]:
        """Yield the gaps of a level whose parents are not there: holes and narrow strips."""
        union = shapely.union_all(self.surface[self.rows[rule.level]])
        filled = shapely.union_all([shapely.Polygon(part.exterior) for part in shapely.get_parts(union)])
        holes, _ = self._land(np.array([shapely.difference(filled, union)]))
        yield from self._gaps(rule, holes)
        rows = self._neighbourhood(rule.level)
        borders = Borders.of(self.surface[rows])
        faces = open_strips(borders, self._plane(borders.ends), self.tolerances.narrow_m)
        strips, _ = self._land(np.array([shapely.union_all(shapely.difference(faces, filled))]))
        strips = strips[[self._is_strip(rule.level, strip) for strip in strips]]
        yield from self._gaps(rule, strips)
        narrow = slits(filled, self.to_plane, self.tolerances.narrow_m)
        yield from self._slits(rule, narrow[~shapely.intersects(narrow, shapely.union_all(strips))])

    def _slits(self, rule: LevelRule, found: Objects) -> Iterator[Finding]:
        """Yield slits in the outer border of a level: warnings, since no land between areas is missing."""
        for slit in found[areas_m2(found) >= self.tolerances.slit_from_m2]:
            _, around = self._near(rule.level, np.array([slit]))
            if self.changed[around].any():
                codes = tuple(sorted(self.areas.code[around]))
                yield self._of_land(FindingType.NARROW_GAP, rule.level, codes, slit, severity=Severity.WARNING)

    def _is_strip(self, level: str, face: shapely.Polygon) -> bool:
        """Tell whether a face is narrow, long, and between two areas: no notch of an outer border."""
        width_m, length_m = self._sides_m(face)
        between = len(self._near(level, np.array([face]))[0]) > 1
        return between and width_m <= self.tolerances.narrow_m and length_m >= STRIP_RATIO * width_m

    # What is wrong between areas and what they lie in

    def _nesting(self, rule: LevelRule) -> Iterator[Finding]:
        """Yield what of the areas is outside what they must lie in, and what of that none of them covers."""
        holders = self._holders_to_ask(rule)
        if not len(holders):
            return
        rows = self.rows[rule.level]
        children = [rows[self.holder[rows] == holder] for holder in holders]
        unions = np.array([shapely.union_all(self.surface[each]) for each in children], dtype=object)
        _, wide = self._land(shapely.difference(unions, self.surface[holders]))
        for k in np.unique(wide):
            yield from self._outside(rule, children[k], int(holders[k]))
        if rule.partitions:
            bare, short = self._land(shapely.difference(self.surface[holders], unions))
            for k in np.unique(short):
                others = self.surface[self._near(rule.level, bare[short == k])[1]]
                gaps, _ = self._land(shapely.difference(bare[short == k], shapely.union_all(others)))
                yield from self._gaps(rule, gaps, int(holders[k]))

    def _holders_to_ask(self, rule: LevelRule) -> Rows:
        """Return the areas that hold some of a level and that a change can concern."""
        rows = self.rows[rule.level]
        changed = rows[self.changed[rows]]
        holders = np.unique(self.holder[rows])
        _, touched = self._near(self.holder_level[rule.level] or "", self.surface[changed])
        asked = self.changed[holders] | np.isin(holders, self.holder[changed]) | np.isin(holders, touched)
        return holders[asked & (holders >= 0)]

    def _outside(self, rule: LevelRule, children: Rows, holder: int) -> Iterator[Finding]:
        """Yield for each child what of it lies in another area than the one that holds it, and what in none."""
        outside, child = self._land(shapely.difference(self.surface[children], self.surface[holder]))
        for k in np.unique(child):
            row, land = children[k], _multi(outside[child == k])
            others = np.setdiff1d(self._near(self.holder_level[rule.level] or "", np.array([land]))[1], [holder])
            in_others = shapely.intersection(land, self.surface[others])
            codes = self.areas.code[row], self.areas.code[holder]
            shared, other = self._land(in_others)
            for o in np.unique(other):
                common = _multi(shared[other == o])
                yield self._of_land(
                    FindingType.IN_TWO_PARENTS, rule.level, (*codes, self.areas.code[others[o]]), common
                )
            left, _ = self._land(np.array([shapely.difference(land, shapely.union_all(in_others))]))
            if len(left):
                yield self._of_land(FindingType.OUTSIDE_PARENT, rule.level, codes, _multi(left))

    def _middles(self, rule: LevelRule) -> Iterator[Finding]:
        """Yield the areas that are not in exactly one of a middle level's areas and the direct land of their holder."""
        rows = self.rows[rule.level]
        rows = rows[self.holder[rows] >= 0]
        middles = np.flatnonzero(np.isin(self.areas.level, rule.middles))
        if not len(middles):
            return
        place, found = shapely.STRtree(self.surface[middles]).query(self.surface[rows], "intersects")
        row, middle = rows[place], middles[found]
        asked = np.isin(rows, row[self.changed[middle]]) | self.changed[rows] | self.changed[self.holder[rows]]
        shared_m2 = areas_m2(shapely.intersection(self.surface[row], self.surface[middle]))
        kept = (self.holder[row] == self.holder[middle]) & (shared_m2 >= self.tolerances.least_m2)
        row, middle, shared_m2 = row[kept], middle[kept], shared_m2[kept]
        whole = shared_m2 > areas_m2(self.surface[row]) - self.tolerances.least_m2
        taking_all = self._taking_all(rule)
        for area in rows[asked].tolist():
            near = middle[row == area]
            if not len(near) and self.parent[area] == self.holder[area]:
                if self.holder[area] in taking_all:
                    codes = self.areas.code[area], self.areas.code[self.holder[area]]
                    surface = self.surface[area]
                    yield self._of_land(
                        FindingType.QUARTER_WITHOUT_MIDDLE, rule.level, codes, surface, severity=Severity.ERROR
                    )
            elif len(near) != 1 or near[0] != self.parent[area] or not whole[row == area][0]:
                yield from self._in_one(rule, area, near)

    def _in_one(self, rule: LevelRule, row: int, near: Rows) -> Iterator[Finding]:
        """Yield what is wrong when an area is in two of the middle areas near it and the direct land, or in another."""
        surface = shapely.intersection(self.surface[row], self.surface[self.holder[row]])
        direct = shapely.difference(surface, shapely.union_all(self.surface[near]))
        lands = np.append(shapely.intersection(surface, self.surface[near]), [direct])
        owners = np.append(near, -1)
        holds = areas_m2(lands) >= self.tolerances.least_m2
        lands, owners = lands[holds], owners[holds]
        told = self.parent[row] if self.areas.level[self.parent[row]] in rule.middles else -1
        if len(owners) > 1:
            smaller = surface_of(shapely.union_all(np.delete(lands, np.argmax(areas_m2(lands)))))
            codes = self.areas.code[row], *sorted(self.areas.code[owners[owners >= 0]])
            yield self._of_land(FindingType.QUARTER_IN_TWO, rule.level, codes, smaller)
        elif len(owners) == 1 and told != owners[0]:
            codes = self.areas.code[row], *(self.areas.code[owner] for owner in (told, *owners) if owner >= 0)
            type_ = FindingType.QUARTER_IN_TWO if told < 0 else FindingType.OUTSIDE_PARENT
            yield self._of_land(type_, rule.level, codes, surface)

    def _taking_all(self, rule: LevelRule) -> set[int]:
        """Return the holders with areas of a middle level that must take in everything below."""
        levels = [level for level in rule.middles if self.rules[level].takes_all]
        return {int(self.holder[row]) for level in levels for row in self.rows[level]}

    # How findings are told

    def _gaps(self, rule: LevelRule, gaps: Objects, holder: int = -1) -> Iterator[Finding]:
        """Yield gaps as what they are: missing neighbours, narrow gaps, gaps; only those a change can concern."""
        held = holder >= 0
        for gap in gaps:
            _, around = self._near(rule.level, np.array([gap]))
            if not (self.changed[around].any() or (held and self.changed[holder])):
                continue
            type_ = FindingType.NARROW_GAP if self._sides_m(gap)[0] < self.tolerances.narrow_m else FindingType.GAP
            if (rule.may_lack or not held) and area_m2(gap) >= self._smallest_m2(rule.level):
                type_ = FindingType.MISSING_NEIGHBOUR
            codes = *self.areas.code[[holder] * held], *sorted(self.areas.code[around])
            yield self._of_land(type_, rule.level, codes, gap)

    def _smallest_m2(self, level: str) -> float:
        """Return the surface of the smallest area of a level."""
        if level not in self.smallest_m2:
            self.smallest_m2[level] = float(areas_m2(self.surface[self.rows[level]]).min())
        return self.smallest_m2[level]

    def _land(self, geometries: Objects) -> tuple[Objects, Rows]:
        """Return the polygons of geometries that are land and not rounding, and whose each is."""
        large = np.flatnonzero(shapely.area(geometries) * _MOST_M2_OF_DEG2 >= self.tolerances.least_m2)
        parts, owner = shapely.get_parts(geometries[large], return_index=True)
        parts, inner = shapely.get_parts(parts, return_index=True)
        kept = areas_m2(parts) >= self.tolerances.least_m2
        return parts[kept], large[owner[inner][kept]]

    def _of_area(
        self,
        type_: FindingType,
        severity: Severity,
        row: int,
        geometry: shapely.Geometry | None = None,
        details: Mapping[str, object] | None = None,
    ) -> Finding:
        geometry = self.areas.geometry[row] if geometry is None else geometry
        geometry = shapely.Point() if geometry is None else geometry
        lon, lat = _place_in(geometry)
        surface_m2 = area_m2(geometry)
        return Finding(
            type_, severity, self.areas.level[row], (self.areas.code[row],), surface_m2, lon, lat, geometry,
            details=details or {},
        )  # fmt: skip

    def _of_land(
        self,
        type_: FindingType,
        level: str,
        codes: tuple[str, ...],
        land: shapely.Geometry,
        *,
        severity: Severity | None = None,
    ) -> Finding:
        """Return a finding; where nothing else is said, its size tells how grave it is."""
        surface_m2 = area_m2(land)
        if severity is None:
            grave = surface_m2 >= self.tolerances.error_from_m2 and type_ is not FindingType.MISSING_NEIGHBOUR
            severity = Severity.ERROR if grave else Severity.WARNING
        lon, lat = _place_in(land)
        return Finding(type_, severity, level, codes, surface_m2, lon, lat, land, self._sides_m(land)[0])

    def _sides_m(self, land: shapely.Geometry) -> tuple[float, float]:
        """Return the sides of the rectangle with a surface's area and perimeter; of the square where there is none."""
        half_m = float(shapely.length(shapely.transform(land, self._plane))) / 2
        surface_m2 = area_m2(land)
        root = half_m**2 - 4 * surface_m2
        if root <= 0:
            return surface_m2**0.5, surface_m2**0.5
        long_m = (half_m + root**0.5) / 2
        return surface_m2 / long_m, long_m

    def _plane(self, lonlat: Floats) -> Floats:
        """Return degrees ``(…, 2)`` as metres."""
        return np.stack(self.to_plane.transform(lonlat[..., 0], lonlat[..., 1]), axis=-1)


def _surfaces(geometry: Objects, usable: Mask) -> Objects:
    """Return what the areas cover: as they are, what a ring that is not valid encloses, or nothing."""
    surfaces = geometry.copy()
    for row in np.flatnonzero(~usable):
        made = None if geometry[row] is None else shapely.make_valid(geometry[row], method="structure")
        polygons = [] if made is None else [part for part in shapely.get_parts(made) if part.area > 0]
        surfaces[row] = shapely.MultiPolygon(polygons)
    return surfaces


def _multi(parts: Iterable[shapely.Polygon]) -> shapely.MultiPolygon:
    return shapely.MultiPolygon(list(parts))


def _place_in(geometry: shapely.Geometry) -> tuple[float, float]:
    """Return a place in a geometry: of several pieces, in the largest; NaN where it is empty."""
    if shapely.is_empty(geometry):
        return float("nan"), float("nan")
    parts = shapely.get_parts(geometry)
    place = shapely.point_on_surface(parts[np.argmax(shapely.area(parts))])
    return float(shapely.get_x(place)), float(shapely.get_y(place))
