"""Tell whether a file without a trustworthy datum lies where real data already is, or where GCJ-02 would put it.

The share of the file's points within 60 m of the reference is compared between hypotheses: not shifted, the inverse
GCJ-02 shift, and as controls that shift turned by 90°, 180° and 270°. Shares, not mean distances: simplified or
incomplete outlines have points that are near nothing under any hypothesis, and a mean follows those. Around each
hypothesis the best of a small lattice of offsets counts, which gives none an advantage.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from shapely import GeometryType

from gridmgmt.crs import STORAGE_SRID, gcj02_to_wgs84, in_china_box
from gridmgmt.ingest.intake import Mask, Objects

Floats = NDArray[np.float64]

NEAR_M = 60.0
MAX_POINTS = 5_000
MIN_POINTS = 30
MIN_SHARE = 0.3
"""A hypothesis that explains less of the file is not believed."""
MIN_ADVANTAGE = 0.2
"""By how much a share must exceed all others."""
MIN_SIGMAS = 4.0
"""The same in standard errors of the difference of two shares."""
_LATTICE_M = (-40.0, 0.0, 40.0)
_SURROUNDINGS_M = 1_000.0
_STRETCH_VERTICES = 2


class Verdict(StrEnum):
    """What the comparison says about the points as they stand in the file."""

    UNSHIFTED = "unshifted"
    GCJ02 = "gcj02"
    BD09 = "bd09"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Registration:
    """How well the file's points fit the reference; shares are ratios of ``points``."""

    verdict: Verdict
    points: int
    """Points compared: those of the sample that lie around the reference."""
    unshifted_share: float
    gcj02_share: float
    control_share: float
    """The best share of the shifts that mean nothing: what chance gives."""
    shift_m: tuple[float, float]
    """The best shift found (east, north) in metres that brings the file onto the reference."""


def sample_points(geometries: Objects, limit: int = MAX_POINTS) -> Floats:
    """Return at most ``limit`` points (n, 2) on the geometries, evenly spaced: points, lines, boundaries of areas."""
    types = shapely.get_type_id(geometries)
    if np.all(np.isin(types, (GeometryType.POINT, GeometryType.MULTIPOINT))):
        xy = shapely.get_coordinates(geometries)
        return xy[np.linspace(0, len(xy) - 1, min(limit, len(xy))).astype(np.intp)] if len(xy) else xy
    lines = shapely.get_parts(_outlines(geometries))
    ends = np.cumsum(shapely.length(lines))
    if not len(ends) or ends[-1] == 0:
        return np.zeros((0, 2))
    along = (np.arange(limit) + 0.5) * ends[-1] / limit
    line = np.searchsorted(ends, along)
    within = along - np.concatenate([[0.0], ends[:-1]])[line]
    return shapely.get_coordinates(shapely.line_interpolate_point(lines[line], within))


def assess(points_lonlat: Floats, reference: Objects, crs: CRS) -> Registration:
    """Say where points (n, 2) in degrees as the file gives them lie relative to real data.

    ``reference`` holds geometries in WGS 84 degrees, outlines or streets; areas count by their boundaries. ``crs`` is
    the metric CRS. GCJ-02 is the verdict only when its share is at least 0.3 and exceeds the unshifted and every
    control share by 0.2 and by four standard errors; likewise for unshifted. All else is inconclusive.
    """
    to_metric = Transformer.from_crs(STORAGE_SRID, crs, always_xy=True)
    tree, bounds = _reference(reference, to_metric)
    raw = points_lonlat[np.linspace(0, len(points_lonlat) - 1, min(MAX_POINTS, len(points_lonlat))).astype(np.intp)]
    raw = raw[in_china_box(raw[:, 0], raw[:, 1])] if len(raw) else raw
    here = np.column_stack(to_metric.transform(*raw.T)) if len(raw) else raw
    around = _within(here, bounds, _SURROUNDINGS_M)
    here, raw = here[around], raw[around]
    if len(here) < MIN_POINTS or tree is None:
        return Registration(Verdict.INCONCLUSIVE, len(here), 0.0, 0.0, 0.0, (0.0, 0.0))
    shift = np.column_stack(to_metric.transform(*gcj02_to_wgs84(*raw.T))) - here
    east, north = shift.T
    turned = [np.column_stack(turn) for turn in ((-north, east), (-east, -north), (north, -east))]
    unshifted, offset = _best_share(tree, here)
    gcj02, gcj02_offset = _best_share(tree, here + shift)
    control = max(_best_share(tree, here + turn)[0] for turn in turned)
    verdict = _verdict(unshifted, gcj02, control, len(here))
    best = gcj02_offset + shift.mean(axis=0) if gcj02 > unshifted else offset
    return Registration(verdict, len(here), unshifted, gcj02, control, (float(best[0]), float(best[1])))


def _verdict(unshifted: float, gcj02: float, control: float, points: int) -> Verdict:
    """Return the hypothesis that clearly beats all others."""
    if _beats(gcj02, max(unshifted, control), points):
        return Verdict.GCJ02
    if _beats(unshifted, max(gcj02, control), points):
        return Verdict.UNSHIFTED
    return Verdict.INCONCLUSIVE


def _beats(share: float, other: float, points: int) -> bool:
    """Tell whether a share is large enough, and exceeds another by margin and by significance."""
    error = np.sqrt((share * (1 - share) + other * (1 - other)) / points)
    advantage = share - other
    return bool(share >= MIN_SHARE and advantage >= MIN_ADVANTAGE and advantage >= MIN_SIGMAS * error)


def _best_share(tree: shapely.STRtree, xy_m: Floats) -> tuple[float, Floats]:
    """Return the largest share of points near the reference over a lattice of offsets, and that offset in metres."""
    best, best_offset = -1.0, np.zeros(2)
    for offset in sorted(((x, y) for x in _LATTICE_M for y in _LATTICE_M), key=lambda o: (abs(o[0]) + abs(o[1]), o)):
        near, _ = tree.query(shapely.points(xy_m + offset), predicate="dwithin", distance=NEAR_M)
        share = len(np.unique(near)) / len(xy_m)
        if share > best:
            best, best_offset = share, np.array(offset)
    return best, best_offset


def _reference(geometries: Objects, to_metric: Transformer) -> tuple[shapely.STRtree | None, Floats]:
    """Return an index over the segments of the reference in metres, and its bounds."""
    parts = shapely.get_parts(_outlines(geometries))
    xy, line = shapely.get_coordinates(parts, return_index=True)
    if len(xy) < _STRETCH_VERTICES:
        return None, np.full(4, np.nan)
    metric = np.column_stack(to_metric.transform(*xy.T))
    joined = line[1:] == line[:-1]
    ends = np.column_stack([metric[:-1][joined], metric[1:][joined]]).reshape(-1, 2, 2)
    segments: Objects = np.asarray(shapely.linestrings(ends), dtype=object)
    return shapely.STRtree(segments), shapely.total_bounds(segments)


def _outlines(geometries: Objects) -> Objects:
    """Return areas as their boundaries; lines as they are; nothing for points."""
    kept = geometries[shapely.get_dimensions(geometries) >= 1]
    areal = shapely.get_dimensions(kept) == 2
    return np.where(areal, shapely.boundary(kept), kept)


def _within(xy_m: Floats, bounds: Floats, margin_m: float) -> Mask:
    """Tell which points lie within the bounds, or in the surroundings to which a shift could have moved them."""
    if not len(xy_m) or not np.all(np.isfinite(bounds)):
        return np.zeros(len(xy_m), dtype=bool)
    west, south, east, north = bounds
    x, y = xy_m.T
    within: Mask = (x >= west - margin_m) & (x <= east + margin_m) & (y >= south - margin_m) & (y <= north + margin_m)
    return within
