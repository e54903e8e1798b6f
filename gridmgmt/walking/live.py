"""A warm state as a coverage that can be asked what if: what one edit touches is computed, and nothing else."""

import weakref
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.walking.edits import SetCosts
from gridmgmt.analysis.walking.gates import Gate
from gridmgmt.analysis.walking.incremental import LiveCoverage
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts, Trip
from gridmgmt.analysis.walking.rounds import mirrored, nearest_trip
from gridmgmt.walking.cache import WARM
from gridmgmt.walking.state import WalkState

Int32s = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Changed:
    """The places whose walk takes another time, rising, with times and nearest points before and after."""

    place: NDArray[np.integer]
    before_cs: Int32s
    after_cs: Int32s
    before_point: Int32s
    after_point: Int32s

    def some(self, chosen: NDArray[np.bool_]) -> "Changed":
        """Return those of some of the places."""
        return Changed(
            self.place[chosen], self.before_cs[chosen], self.after_cs[chosen],
            self.before_point[chosen], self.after_point[chosen],
        )  # fmt: skip


def live_coverage(state: WalkState, limit_cs: int = NO_WAY) -> LiveCoverage:
    """Return the nearest points of a state within a limit, to be asked what if.

    Round trips must cost the same there and back (see :func:`gridmgmt.analysis.walking.rounds.mirrored`).
    """
    trip = state.question.trip
    return LiveCoverage(
        state.network.graph,
        state.back_costs if trip is Trip.FROM_POINT else state.costs,
        points=state.point_snap,
        places=state.place_snap,
        trip=trip,
        mirrored=trip is Trip.ROUND,
        limit_cs=limit_cs,
    )


def changed_by_gates(state: WalkState, gates: dict[int, Gate]) -> Changed:
    """Return what other access or hours of gates, by index, change at the question's time of the week."""
    edges = np.flatnonzero(np.isin(state.network.gate, list(gates)))
    there, back = (
        state.network.costs(state.profile, at=state.question.minute, leg=leg, gates=gates, edges=edges)
        for leg in (Trip.TO_POINT, Trip.FROM_POINT)
    )
    found = _searched(state, gates) if _needs_pairs(state, there, back) else _repaired(state, edges, there, back)
    return found.some(found.before_cs != found.after_cs)


def _needs_pairs(state: WalkState, there: EdgeCosts, back: EdgeCosts) -> bool:
    """Tell whether the least sum of both ways cannot be had from the ways of one direction."""
    round_trip = state.question.trip is Trip.ROUND
    return round_trip and not (mirrored(state.costs, state.back_costs) and mirrored(there, back))


def _repaired(state: WalkState, edges: NDArray[np.intp], there: EdgeCosts, back: EdgeCosts) -> Changed:
    live = WARM.get(("live coverage", weakref.ref(state)), lambda: live_coverage(state))
    costs = back if state.question.trip is Trip.FROM_POINT else there
    with live.what_if(SetCosts(edges, costs.out_cs, costs.back_cs)) as change:
        return Changed(change.place, change.before_cs, change.after_cs, change.before_point, change.after_point)


def _searched(state: WalkState, gates: dict[int, Gate]) -> Changed:
    there, back = (
        state.network.costs(state.profile, at=state.question.minute, leg=leg, gates=gates)
        for leg in (Trip.TO_POINT, Trip.FROM_POINT)
    )
    before, trip = state.nearest, state.question.trip
    after = nearest_trip(
        state.network.graph, there, back, points=state.point_snap, places=state.place_snap, trip=trip
    )  # fmt: skip
    place = np.arange(len(after.place_cs))
    return Changed(place, before.place_cs, after.place_cs, before.place_point, after.place_point)
