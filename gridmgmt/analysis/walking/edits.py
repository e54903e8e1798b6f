"""What may be edited in a live coverage, and what an edit has changed.

Every edit of a plan is made of these: a gate that opens or closes changes costs; a path adds edges; a gate in a new
place closes the edge that it splits, adds the two parts and moves what stood on it; a point is added or moved, and
closed by moving it off the network.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.spots import TIME_SHIFT


@dataclass(frozen=True, eq=False)
class SetCosts:
    """Edges ``(k,)`` whose costs change, in hundredths of a second or NO_WAY."""

    edge: ArrayLike
    out_cs: ArrayLike
    back_cs: ArrayLike


@dataclass(frozen=True, eq=False)
class AddEdges:
    """New edges ``(k,)``; node numbers from the present number of nodes on are new nodes."""

    source: ArrayLike
    target: ArrayLike
    length_m: ArrayLike
    out_cs: ArrayLike
    back_cs: ArrayLike


@dataclass(frozen=True, eq=False)
class AddPoints:
    """New points; their indices follow the present ones."""

    points: Snap


@dataclass(frozen=True, eq=False)
class MovePoints:
    """Points ``(k,)`` that stand elsewhere from now on; with edge -1 they are closed."""

    point: ArrayLike
    points: Snap


@dataclass(frozen=True, eq=False)
class SnapPlaces:
    """Places ``(k,)`` that join the network elsewhere from now on; with edge -1 nowhere."""

    place: ArrayLike
    places: Snap


Edit = SetCosts | AddEdges | AddPoints | MovePoints | SnapPlaces


def close_points(point: ArrayLike) -> MovePoints:
    """Return the edit that closes points."""
    return MovePoints(point, nowhere(np.size(point)))


def nowhere(n: int) -> Snap:
    """Return ``n`` snaps to no edge."""
    return Snap(np.full(n, -1, dtype=np.int32), np.zeros(n), np.full(n, np.inf))


@dataclass(frozen=True, eq=False)
class Change:
    """What an edit has changed, and nothing that it has not.

    ``place`` lists the places, rising, that have another time or point or are counted elsewhere, ``place_before`` and
    ``place_after`` their labels (see :mod:`gridmgmt.analysis.walking.spots`); ``node`` lists the nodes that have other
    labels. ``full`` tells that everything was computed anew, as round trips under directed costs have no labels that
    could be repaired.
    """

    place: NDArray[np.int32]
    place_before: NDArray[np.int64]
    place_after: NDArray[np.int64]
    node: NDArray[np.int32]
    full: bool

    @property
    def before_cs(self) -> NDArray[np.int32]:
        """Return the times of the places before, in hundredths of a second."""
        return (self.place_before >> TIME_SHIFT).astype(np.int32)

    @property
    def after_cs(self) -> NDArray[np.int32]:
        """Return the times of the places after."""
        return (self.place_after >> TIME_SHIFT).astype(np.int32)

    @property
    def before_point(self) -> NDArray[np.int32]:
        """Return the nearest points of the places before, -1 for none."""
        return self.place_before.astype(np.int32)

    @property
    def after_point(self) -> NDArray[np.int32]:
        """Return the nearest points of the places after."""
        return self.place_after.astype(np.int32)
