"""What closes edges: barriers on the land, and streets that a plan closes."""

from collections.abc import Sequence

import numpy as np
import shapely

from gridmgmt.analysis.walking.draft import Draft, Floats
from gridmgmt.analysis.walking.model import Trait
from gridmgmt.analysis.walking.zones import AT_WALL_M


def closed_by_barriers(draft: Draft, shapes: Sequence[shapely.Geometry], gate_xy: Floats | None = None) -> set[int]:
    """Return the living edges that cross a shape or lie in it, without bridges and tunnels; all in metres.

    What only touches a shape, as a street that ends at a wall, does not cross it.

    Parameters
    ----------
    gate_xy
        Positions of gates ``(n, 2)``: what crosses within 10 m of one passes by it.
    """
    closed = set()
    gates = None if gate_xy is None or not len(gate_xy) else shapely.multipoints(gate_xy)
    for shape in shapes:
        for edge in draft.meeting(shape):
            line = draft.line(edge)
            if draft.traits(edge) & (Trait.BRIDGE | Trait.TUNNEL) or line.touches(shape):
                continue
            if gates is None or line.intersection(shape).distance(gates) > AT_WALL_M:
                closed.add(edge)
    return closed


def closed_streets(draft: Draft, edges: Sequence[int], lines: Sequence[shapely.Geometry]) -> set[int]:
    """Return the living edges that are, or are parts of, edges of the edition, or that cross lines in metres."""
    wanted = set(edges)
    closed = {edge for edge in wanted if edge < draft.n_base and draft.is_alive(edge)}
    closed |= {draft.n_base + i for i, new in enumerate(draft.new) if new.is_way and new.base_edge in wanted}
    for line in lines:
        closed |= {edge for edge in draft.meeting(line) if np.isfinite(draft.line(edge).length)}
    return closed
