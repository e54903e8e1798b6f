"""What a spot is, whoever lives around it: areas, land, street, compound; looked up without searching the network."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.gates import Gate
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.hours import MINUTES_PER_WEEK
from gridmgmt.land.rules import LandKind
from gridmgmt.placeability.card import AreaHere, Facts, GateHere, LandHere, Street
from gridmgmt.placeability.warm import DIVISIONS, Prepared
from gridmgmt.walking.state import WalkState

_LAND_WITHIN_M = 500.0


@dataclass(frozen=True, eq=False)
class Spot:
    """Where a candidate stands: degrees and metres ``(1, 2)``, where it joins the network, and its zone (-1: none)."""

    lonlat: NDArray[np.float64]
    xy_m: NDArray[np.float64]
    snap: Snap
    zone: int
    street: Street


def standing_facts(state: WalkState, prepared: Prepared, spot: Spot) -> Facts:
    """Return the facts that need no search; gates are those of the spot's own compound."""
    areas = areas_here(prepared, spot)
    own = (state.network.gates[i] for i in prepared.gates_of_zone.get(spot.zone, ()))
    return Facts(
        levels=levels_here(prepared, areas),
        areas=areas,
        land_kinds=tuple(prepared.land),
        land=land_here(prepared, spot),
        street=spot.street,
        inside_compound=inside_compound(state, prepared, spot),
        gates=tuple(gate_here(gate, state.question.minute, of_compound=True, walk_time_s=None) for gate in own),
        gates_known=len(state.network.gates),
        gain=None,
        nearest=(),
        nearest_of_type=None,
        combined=None,
        types_open=(),
        load=None,
        equity=None,
        stresses=(),
    )


def inside_compound(state: WalkState, prepared: Prepared, spot: Spot) -> bool | None:
    """Tell whether a spot lies behind gates; None where no compound is known."""
    known = state.network.compounds or LandKind.COMPOUND in prepared.land
    return spot.zone >= 0 if known else None


def gate_here(gate: Gate, minute: int, *, of_compound: bool, walk_time_s: float | None) -> GateHere:
    """Return a gate as cards show it."""
    spans = gate.spans
    return GateHere(
        code=gate.code, name=gate.name, access=str(gate.access), open_at_time=gate.open_at(minute),
        always_open=spans is None or sum(end - begin for begin, end in spans) >= MINUTES_PER_WEEK,
        of_compound=of_compound, walk_time_s=walk_time_s, lon=gate.lon, lat=gate.lat,
    )  # fmt: skip


def areas_here(prepared: Prepared, spot: Spot) -> tuple[AreaHere, ...]:
    """Return the areas that cover the spot, from the highest level down."""
    here = prepared.areas.tree.query(shapely.points(spot.lonlat[0]), predicate="intersects")
    found = (prepared.areas.labels[i] for i in sorted(here.tolist()))
    return tuple(AreaHere(level=AreaLevel(level), code=code, name=name) for level, code, name in found)


def levels_here(prepared: Prepared, here: Sequence[AreaHere]) -> tuple[AreaLevel, ...]:
    """Return the levels that a spot has to lie in: the loaded ones, without those that its town is not divided into."""
    undivided = any(area.level is AreaLevel.TOWN and area.code in prepared.undivided for area in here)
    return tuple(level for level in prepared.levels if not (undivided and level in DIVISIONS))


def land_here(prepared: Prepared, spot: Spot) -> tuple[LandHere, ...]:
    """Return the nearest feature of each kind of land; the first of several that hold the spot."""
    point, found = shapely.points(spot.xy_m[0]), []
    for kind, shapes in prepared.land.items():
        index, distance_m = shapes.tree.query_nearest(point, max_distance=_LAND_WITHIN_M, return_distance=True)
        if len(index):
            (name,) = shapes.labels[int(index.min())]
            found.append(LandHere(kind=kind, name=name or None, distance_m=float(distance_m[0])))
    return tuple(found)
