"""Tell the datum of points by the areas that their rows state: town, quarter, district, by code or by name.

A shift of some hundred metres leaves most points in their area and moves those near its border out of it. So no share
is looked at alone: two hypotheses are compared by the points that are inside the stated area under one of them only.
The hypotheses are the points as the file has them, taken as GCJ-02, and taken as BD-09; as controls the shifts of the
latter two are turned by 90°, 180° and 270°, which no datum does.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.crs import bd09_to_wgs84, gcj02_to_wgs84
from gridmgmt.ingest.columns import find_column
from gridmgmt.ingest.intake import Mask, Objects
from gridmgmt.ingest.registration import MIN_SIGMAS, Verdict
from gridmgmt.ingest.values import texts

Floats = NDArray[np.float64]

_CANDIDATES = (
    "area_code", "所属区划代码", "区划代码", "居委代码", "居委会", "居委", "居村委", "街镇代码", "town_code",
    "街镇", "所属街镇", "街道", "乡镇", "所属街道", "town", "subdistrict",
    "行政区", "区县", "所属区", "district", "adname", "area_name", "所属区划",
)  # fmt: skip
"""Names of columns that state an area, those of smaller areas first."""

MAX_POINTS = 20_000
MIN_SHARE = 0.6
"""A hypothesis under which fewer of the points lie in the area that they state is not believed."""


def stated_columns(columns: Mapping[str, Objects], given: Mapping[str, str]) -> Mapping[str, Objects]:
    """Return the columns that state an area of each row, as text: the named one, or all that are known by name.

    ``given`` names it as ``area_code`` or ``area_name``. The smaller areas come first.

    Raises
    ------
    InputError
        ``column_unknown`` when the named column is not there.
    """
    for role in ("area_code", "area_name"):
        if role in given:
            column = find_column(columns, role, given[role]) or given[role]
            return {column: texts(columns[column])}
    folded = {name.casefold(): name for name in reversed(list(columns))}
    return {folded[name]: texts(columns[folded[name]]) for name in _CANDIDATES if name in folded}


@dataclass(frozen=True)
class StatedFit:
    """How well points lie in the areas that their rows state; shares are ratios of ``points``."""

    verdict: Verdict
    points: int
    """Points compared: those that lie in the stated area under one of the hypotheses or controls at least."""
    shares: Mapping[Verdict, float]
    """Of unshifted, GCJ-02 and BD-09."""
    control_share: float
    """The best share of the shifts that mean nothing."""


def assess_stated(points_lonlat: Floats, stated: NDArray[np.intp], areas: Objects) -> StatedFit:
    """Say in which datum points lie in the areas that their rows state.

    A hypothesis is the verdict when at least 0.6 of the points lie in their areas under it and it beats every other,
    and every control, by four standard errors of the points on which the two differ (McNemar 1947); that takes 16
    points or more. All else is inconclusive.

    Parameters
    ----------
    points_lonlat
        (n, 2) degrees as the file has them.
    stated
        Index of the area that each row states; -1 for none that is known.
    areas
        Polygons in WGS 84.
    """
    known = np.flatnonzero(stated >= 0)
    known = known[np.linspace(0, len(known) - 1, min(MAX_POINTS, len(known))).astype(np.intp)]
    raw, own = points_lonlat[known], areas[stated[known]]
    shapely.prepare(areas)
    shifts = {
        Verdict.UNSHIFTED: np.zeros_like(raw),
        Verdict.GCJ02: np.column_stack(gcj02_to_wgs84(*raw.T)) - raw,
        Verdict.BD09: np.column_stack(bd09_to_wgs84(*raw.T)) - raw,
    }
    inside = {verdict: _inside(own, raw + shift) for verdict, shift in shifts.items()}
    controls = [
        _inside(own, raw + turned)
        for verdict in (Verdict.GCJ02, Verdict.BD09)
        for turned in _turned(shifts[verdict], raw[:, 1])
    ]
    compared = np.logical_or.reduce([*inside.values(), *controls])
    count = int(compared.sum())
    if not count:
        return StatedFit(Verdict.INCONCLUSIVE, 0, dict.fromkeys(inside, 0.0), 0.0)
    shares = {verdict: float(each.sum() / count) for verdict, each in inside.items()}
    best = max(shares, key=lambda verdict: shares[verdict])
    others = [*(each for verdict, each in inside.items() if verdict is not best), *controls]
    sure = shares[best] >= MIN_SHARE and all(_beats(inside[best], other) for other in others)
    control_share = max(float(each.sum() / count) for each in controls)
    return StatedFit(best if sure else Verdict.INCONCLUSIVE, count, shares, control_share)


def _inside(areas: Objects, lonlat: Floats) -> Mask:
    covered: Mask = shapely.intersects_xy(areas, lonlat[:, 0], lonlat[:, 1])
    return covered


def _turned(shift: Floats, lat: Floats) -> list[Floats]:
    """Return shifts in degrees turned on the ground by 90°, 180° and 270°."""
    narrowing = np.cos(np.radians(lat))
    east, north = shift[:, 0] * narrowing, shift[:, 1]
    return [np.column_stack([x / narrowing, y]) for x, y in ((-north, east), (-east, -north), (north, -east))]


def _beats(one: Mask, other: Mask) -> bool:
    """Tell whether clearly more points are inside under one hypothesis alone than under another alone."""
    only_one, only_other = int((one & ~other).sum()), int((other & ~one).sum())
    return only_one > only_other and only_one - only_other >= MIN_SIGMAS * np.sqrt(only_one + only_other)
