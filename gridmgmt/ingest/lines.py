"""Lines of a vector file as chains: they join at vertices that they share, as the ways of a map do."""

from collections import Counter

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.crs import Datum
from gridmgmt.ingest.chains import Chains, Ints
from gridmgmt.ingest.files import Rows
from gridmgmt.ingest.geometry import LINES, reviewed_geometry
from gridmgmt.ingest.intake import Mask, Review
from gridmgmt.ingest.values import texts
from gridmgmt.ingest.walk_access import KEPT_TAGS, WAY_KEYS, main_highway
from gridmgmt.ingest.walk_traits import judge, slope_of

_JOIN_DECIMALS = 7
_UNITS_PER_DEG = 10**_JOIN_DECIMALS
_YES_OR_NO = frozenset({"bridge", "crossing", "tunnel", "lit"})
_KIND_COLUMNS = ("highway", "fclass")
"""Columns of the kind of a way: the map's own, and that of the shapefiles which Geofabrik makes of it."""
_TRUTH = {"true": "yes", "t": "yes", "1": "yes", "false": "no", "f": "no", "0": "no"}


def chains_from_rows(rows: Rows, review: Review, datum: Datum | None) -> Chains:
    """Take the lines of a file, each part of a multi-line by itself, cut where they share a vertex; that is one node.

    Where they merely cross, without a vertex that both have, one passes above the other.
    """
    geometry = reviewed_geometry(rows, review, LINES, datum)
    tags = _line_tags(rows)
    judged = [judge(row) for row in tags]
    # A file without a column of highways is taken to hold walk ways only.
    by_rule = Counter(each.rule.name for each in judged) if _kind_column(rows) else Counter()
    walked: Mask = np.array([each.rule.passable for each in judged], dtype=bool) | (not by_rule)
    kept = np.flatnonzero(review.good & walked)
    parts, row_of_part = shapely.get_parts(geometry[kept], return_index=True)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    keys = _place_keys(xy)
    first, last = _stretches(keys, part)
    source_key, target_key = keys[first], keys[last]
    none = np.full(len(first), -1, dtype=np.int64)
    return Chains(
        xy=xy, first=first, last=last, source_key=source_key, target_key=target_key, source_osm_id=none,
        target_osm_id=none.copy(), way=kept[row_of_part[part[first]]].astype(np.int64), way_id=rows.row,
        highway=np.array([row["highway"] for row in tags], dtype=object),
        way_traits=np.array([each.traits for each in judged], dtype=np.int32),
        way_slope=np.array([slope_of(row.get("incline")) for row in tags], dtype=np.float32),
        way_tags=[{key: row[key] for key in KEPT_TAGS if key in row} for row in tags], barriers={}, gates={},
        from_osm=False,
        details={"ways_by_rule": dict(by_rule.most_common())},
    )  # fmt: skip


def _place_keys(xy: NDArray[np.float64]) -> Ints:
    """Return one number per place on a lattice of 1e-7°."""
    lon, lat = np.round((xy + np.array([180.0, 90.0])) * _UNITS_PER_DEG).astype(np.int64).T
    keys: Ints = lon * (180 * _UNITS_PER_DEG + 1) + lat
    return keys


def _stretches(keys: Ints, part: Ints) -> tuple[Ints, Ints]:
    """Return the first and the last vertex of each stretch between ends and shared places.

    Vertices in a row at one place, as dense lines have them, are one visit of it.
    """
    new = np.ones(len(keys), dtype=bool)
    new[1:] = part[1:] != part[:-1]
    end = np.roll(new, -1)
    visit = new.copy()
    visit[1:] |= keys[1:] != keys[:-1]
    last_visit = np.cumsum(visit)
    _, place, count = np.unique(keys[visit], return_inverse=True, return_counts=True)
    cut = np.zeros(len(keys), dtype=bool)
    cut[visit] = count[place] > 1
    cut &= ~np.isin(last_visit, last_visit[end])
    at = np.flatnonzero(cut | new | end)
    joined = part[at[:-1]] == part[at[1:]]
    return at[:-1][joined], at[1:][joined]


def _kind_column(rows: Rows) -> str | None:
    return next((column for column in _KIND_COLUMNS if column in rows.columns), None)


def _line_tags(rows: Rows) -> list[dict[str, str]]:
    """Return each row's tags; a line of an unknown kind is a road."""
    keys = [key for key in rows.columns if key in (*KEPT_TAGS, *WAY_KEYS)]
    columns = {key: texts(rows.columns[key]) for key in keys}
    if (kind := _kind_column(rows)) is not None:
        columns["highway"] = texts(rows.columns[kind])
    tags = [
        {key: _word(key, str(value)) for key, value in zip(columns, values, strict=True) if value is not None}
        for values in zip(*columns.values(), strict=True)
    ] or [{} for _ in rows.row]
    return [{**row, "highway": main_highway(row.get("highway", "road"))} for row in tags]


def _word(key: str, value: str) -> str:
    """Return a tag's value, with yes and no for what a file that knows truth values has instead."""
    return _TRUTH.get(value.lower(), value) if key in _YES_OR_NO else value
