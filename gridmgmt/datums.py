"""Is a file in the datum that it is said to be in: compared with the real data that is there already.

Two witnesses are heard. Where rows state the area that they lie in, points are compared with that area; where these do
not tell, or nothing is stated, the file is compared with real outlines and streets nearby.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.areas.reference import areas_called, reference_outlines
from gridmgmt.crs import Datum, wgs84_to_bd09, wgs84_to_gcj02
from gridmgmt.db import Session
from gridmgmt.editions.rules import Extent
from gridmgmt.editions.service import metric_crs
from gridmgmt.errors import CrsError
from gridmgmt.ingest.intake import Objects
from gridmgmt.ingest.registration import Verdict, assess, sample_points
from gridmgmt.ingest.stated_areas import StatedFit, assess_stated
from gridmgmt.network.queries import reference_streets

Floats = NDArray[np.float64]
Warnings = tuple[tuple[str, dict[str, Any]], ...]

MIN_KNOWN_SHARE = 0.5
"""Of the filled cells of a column, so many must name known areas, or it is not about them."""


def check_datum(
    session: Session,
    geometry: Objects,
    datum: Datum | None,
    *,
    declared: bool,
    stated: Mapping[str, Objects] | None = None,
) -> Warnings:
    """Return what is to be said of a file's datum, and refuse a file that is clearly in another than WGS 84.

    Only a file whose own CRS proves nothing is refused; what was declared is believed, with a warning where the
    reference speaks against it.

    Parameters
    ----------
    geometry
        As it was read, in WGS 84 if the declared datum is right.
    datum
        The one declared; None for none.
    declared
        The file's own CRS is other than plain longitude and latitude.
    stated
        Columns that state the area of each geometry, the smaller areas first.

    Raises
    ------
    CrsError
        When nothing was declared and another datum clearly fits better than none.
    """
    if not len(geometry) or (declared and datum is None):
        return ()
    column, fit = _by_stated_areas(session, geometry, datum, stated or {})
    if fit is not None and fit.verdict is not Verdict.INCONCLUSIVE:
        return _judged(column, fit, datum)
    if datum is Datum.BD09:
        return ()
    found = _by_outlines(session, geometry, datum)
    if found is None and fit is not None and datum is None:
        return (("stated_areas_inconclusive", _facts(column, fit)),)
    return found or ()


def _by_stated_areas(
    session: Session, geometry: Objects, datum: Datum | None, stated: Mapping[str, Objects]
) -> tuple[str, StatedFit | None]:
    """Compare points with the areas that the first telling column states; None where no column names known areas."""
    if not np.all(shapely.get_type_id(geometry) == shapely.GeometryType.POINT):
        return "", None
    for column, cells in stated.items():
        filled = [cell for cell in cells if cell is not None]
        known = areas_called(session, set(filled)) if filled else {}
        place = {name: i for i, name in enumerate(known)}
        own = np.array([place.get(cell, -1) for cell in cells], dtype=np.intp)
        if known and (own >= 0).sum() >= MIN_KNOWN_SHARE * len(filled):
            areas = np.array(list(known.values()), dtype=object)
            return column, assess_stated(_as_in_file(shapely.get_coordinates(geometry), datum), own, areas)
    return "", None


def _judged(column: str, fit: StatedFit, datum: Datum | None) -> Warnings:
    """Return what follows from a verdict by stated areas."""
    if fit.verdict is _EXPECTED[datum]:
        return ()
    if datum is None:
        raise CrsError("looks_like_other_datum", datum=str(fit.verdict), **_facts(column, fit))
    fits = "wgs84" if fit.verdict is Verdict.UNSHIFTED else str(fit.verdict)
    facts = {"declared": str(datum), "fits": fits, "share_declared": fit.shares[_EXPECTED[datum]]}
    return (("declared_datum_contradicted", {**_facts(column, fit), **facts}),)


def _facts(column: str, fit: StatedFit) -> dict[str, Any]:
    best = max(fit.shares.values())
    return {
        "column": column,
        "points": fit.points,
        "share_best": best,
        "share_unshifted": fit.shares[Verdict.UNSHIFTED],
        "share_gcj02": fit.shares[Verdict.GCJ02],
    }


def _by_outlines(session: Session, geometry: Objects, datum: Datum | None) -> Warnings | None:
    """Compare with outlines and streets; None where there are none nearby."""
    points = _as_in_file(sample_points(geometry), datum)
    box = extent_of(points)
    reference = np.concatenate([reference_outlines(session, box), reference_streets(session, box)])
    if not len(reference):
        return None
    found = assess(points, reference, metric_crs(session))
    facts = {"share_unshifted": found.unshifted_share, "share_gcj02": found.gcj02_share}
    if datum is None and found.verdict is Verdict.GCJ02:
        raise CrsError("looks_like_gcj02", **facts)
    if not found.points:
        return None
    warning = _BY_OUTLINES.get((datum, found.verdict))
    return () if warning is None else ((warning, facts),)


def _as_in_file(lonlat: Floats, datum: Datum | None) -> Floats:
    """Return points in degrees as the file has them."""
    if datum is Datum.GCJ02:
        return np.column_stack(wgs84_to_gcj02(lonlat[:, 0], lonlat[:, 1]))
    if datum is Datum.BD09:
        return np.column_stack(wgs84_to_bd09(lonlat[:, 0], lonlat[:, 1]))
    return lonlat


def extent_of(lonlat: Floats) -> Extent:
    """Return the box (west, south, east, north) of points, of which there is one at least."""
    west, south = lonlat.min(axis=0)
    east, north = lonlat.max(axis=0)
    return float(west), float(south), float(east), float(north)


_EXPECTED: Mapping[Datum | None, Verdict] = {
    None: Verdict.UNSHIFTED,
    Datum.WGS84: Verdict.UNSHIFTED,
    Datum.CGCS2000: Verdict.UNSHIFTED,
    Datum.GCJ02: Verdict.GCJ02,
    Datum.BD09: Verdict.BD09,
}
"""The verdict that goes with what was declared."""

_BY_OUTLINES: Mapping[tuple[Datum | None, Verdict], str] = {
    (None, Verdict.INCONCLUSIVE): "datum_inconclusive",
    (Datum.GCJ02, Verdict.UNSHIFTED): "declared_gcj02_fits_unshifted",
    (Datum.WGS84, Verdict.GCJ02): "declared_wgs84_fits_gcj02",
    (Datum.CGCS2000, Verdict.GCJ02): "declared_wgs84_fits_gcj02",
}
"""What is said when the file and the reference disagree with what was declared, or tell nothing."""
