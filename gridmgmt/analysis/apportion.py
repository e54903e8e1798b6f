"""A number known for whole areas only, carried to other areas: an estimate, and between which bounds it must lie.

Of an area that lies wholly inside one of the new areas all of its number goes there. Of one that is cut each piece
takes the share of its weight (its surface, or the people who live on it), which is a guess; what is certain is only
that the piece holds something between nothing and all of it. So the least a new area can hold is the sum over the areas
wholly inside it, and the most the sum over those that touch it at all. This is areal interpolation by polygon overlay
(M. F. Goodchild and N. S. Lam, Geo-Processing 1, 1980) with the bounds that it leaves open.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.ellipsoid import areas_m2
from gridmgmt.analysis.location import Geometries

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

TOLERANCE_M2 = 1.0
"""Pieces of so little surface, in m², are the noise of two drawings of one border, and no land."""
TOLERANCE_RATIO = 1e-3
"""No piece above this share of an area is ever taken for noise, however small the area is."""


@dataclass(frozen=True)
class Overlay:
    """The pieces into which target areas cut source areas; every source has at least one.

    Sources and targets are numbered from 0; target ``n_targets`` stands for the land outside all of them.
    """

    source: Indices
    target: Indices
    piece_m2: Floats
    """Surface of each piece on the ellipsoid; the arrays have one length."""
    n_sources: int
    n_targets: int

    @property
    def whole(self) -> NDArray[np.bool_]:
        """Tell for each piece whether it is all of its source."""
        alone: NDArray[np.bool_] = np.bincount(self.source, minlength=self.n_sources)[self.source] == 1
        return alone


@dataclass(frozen=True)
class Apportioned:
    """What each target holds, ``(n_targets + 1,)``, the land outside all of them last; ``low ≤ estimate ≤ high``."""

    estimate: Floats
    low: Floats
    high: Floats


def overlay(sources: Geometries, targets: Geometries, *, tolerance_m2: float = TOLERANCE_M2) -> Overlay:
    """Return the pieces of sources inside targets, in degrees (EPSG:4326), measured on the ellipsoid.

    The targets must not overlap each other. A piece of at most ``tolerance_m2``, and of at most
    :data:`TOLERANCE_RATIO` of its source, is none: its land goes with the source's other pieces.
    """
    old, new = np.asarray(sources, dtype=object), np.asarray(targets, dtype=object)
    source, target = _touching(old, new)
    piece_m2 = np.zeros(len(source))
    same = shapely.equals_exact(old[source], new[target])
    piece_m2[~same] = areas_m2(shapely.intersection(old[source[~same]], new[target[~same]]))
    source_m2 = areas_m2(old)
    piece_m2[same] = source_m2[source[same]]
    noise_m2 = np.minimum(tolerance_m2, TOLERANCE_RATIO * source_m2)
    land = piece_m2 > noise_m2[source]
    source, target, piece_m2 = source[land], target[land], piece_m2[land]
    outside_m2 = source_m2 - np.bincount(source, piece_m2, len(old))
    beyond = np.flatnonzero(outside_m2 > noise_m2)
    return Overlay(
        source=np.concatenate([source, beyond]),
        target=np.concatenate([target, np.full(len(beyond), len(new), dtype=np.int64)]),
        piece_m2=np.concatenate([piece_m2, outside_m2[beyond]]),
        n_sources=len(old),
        n_targets=len(new),
    )


def apportion(values: Floats, pieces: Overlay, weights: Floats | None = None) -> Apportioned:
    """Return what each target holds of the sources' values; the estimates sum to the values.

    Parameters
    ----------
    values
        A sum over each source, ``(n_sources,)``, not negative.
    weights
        By which a source that is cut is shared, one for each piece, not negative; the surface of the pieces without
        them, and wherever all pieces of a source weigh nothing (see :func:`weightless`).
    """
    weight = pieces.piece_m2 if weights is None else np.where(weightless(pieces, weights), pieces.piece_m2, weights)
    share = weight / np.bincount(pieces.source, weight, pieces.n_sources)[pieces.source]
    value, whole = values[pieces.source], pieces.whole

    def by_target(parts: Floats) -> Floats:
        return np.bincount(pieces.target, parts, pieces.n_targets + 1).astype(np.float64)

    low, high = by_target(np.where(whole, value, 0.0)), by_target(value)
    # Rounding of the shares must not lift an estimate above what is certain.
    return Apportioned(np.clip(by_target(value * share), low, high), low, high)


def weightless(pieces: Overlay, weights: Floats) -> NDArray[np.bool_]:
    """Tell for each piece whether its source has no weight at all, so that it is shared by surface."""
    none: NDArray[np.bool_] = np.bincount(pieces.source, weights, pieces.n_sources)[pieces.source] == 0
    return none


def weights_of_points(pieces: Overlay, source: Indices, target: Indices, weight: Floats) -> Floats:
    """Return the weight on each piece of points, each in one source and one target by number, -1 for none.

    A point on land that was too little to be a piece weighs nowhere.
    """
    columns = pieces.n_targets + 1
    inside = source >= 0
    column = np.where(target < 0, pieces.n_targets, target)
    key = source[inside] * columns + column[inside]
    piece_key = pieces.source * columns + pieces.target
    order = np.argsort(piece_key)
    at = np.searchsorted(piece_key[order], key)
    known = at < len(order)
    known[known] = piece_key[order][at[known]] == key[known]
    return np.bincount(order[at[known]], weight[inside][known], len(piece_key)).astype(np.float64)


def _touching(old: NDArray[np.object_], new: NDArray[np.object_]) -> tuple[Indices, Indices]:
    """Return the pairs of old and new areas that may share land; a boundary that did not change needs no others."""
    source, target = shapely.STRtree(new).query(old)
    same = shapely.equals_exact(old[source], new[target])
    unchanged = np.zeros(len(old), dtype=bool)
    unchanged[source[same]] = True
    needed = same | ~unchanged[source]
    return source[needed].astype(np.int64), target[needed].astype(np.int64)
