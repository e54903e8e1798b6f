"""What stands inside the blocks: compounds with walls, gates and lanes, villages, parks, and the homes in them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.random import Generator
from numpy.typing import NDArray

from gridmgmt.demo.arrangement import Arrangement, Edge, Gate, Line, Point, along_axes
from gridmgmt.demo.blocks import Block, Use
from gridmgmt.demo.subdivision import subdivide
from gridmgmt.demo.towns import Zone

LANE_M = 7.0
"""From the wall to the lane inside it."""
SMALLEST_M2 = 2500.0
"""Grounds smaller than this stay empty."""
ENTRANCE_EDGE_M, ENTRANCE_EDGE_AT_BANK_M = 36.0, 130.0
"""Shortest stretch of street that can take an entrance; longer where the street ends at a bank."""
CORNER_M = 6.0
"""An entrance's lane this near to a corner of the ring lane joins it at the corner."""
OPENING_M = 3.5
"""Half the width of a wall's opening at a gate."""
TIDY_M = 2.5
CLOSED_GATE_SHARE = 0.3
"""Share of compounds with one more gate that is kept shut."""
FROM_LANE_M = 7.0
"""Least distance from a home to a lane."""
VILLAGE_M2 = (22_000.0, 52_000.0)
HOME_GRID_M: dict[Zone, tuple[float, float]] = {"dense": (58.0, 38.0), "suburban": (68.0, 44.0), "rural": (48.0, 40.0)}
"""Distance between homes along and across their rows."""


@dataclass(frozen=True)
class Pattern:
    """How the inside of a block is laid out."""

    setback_m: float
    walled: bool
    cell_m2: float
    entrances: tuple[int, int]
    lane: str
    homes: bool


PATTERNS: dict[Use, Pattern] = {
    "residential": Pattern(13.0, walled=True, cell_m2=8_500.0, entrances=(2, 4), lane="living_street", homes=True),
    "village": Pattern(30.0, walled=False, cell_m2=9_000.0, entrances=(2, 3), lane="living_street", homes=True),
    "industrial": Pattern(10.0, walled=True, cell_m2=16_000.0, entrances=(1, 2), lane="service", homes=False),
    "commercial": Pattern(14.0, walled=False, cell_m2=11_000.0, entrances=(2, 4), lane="service", homes=False),
    "park": Pattern(8.0, walled=False, cell_m2=9_000.0, entrances=(2, 4), lane="footway", homes=False),
}


@dataclass(frozen=True)
class Entrance:
    """Where a lane leaves the street (point number) and meets the ring lane; the gate is None without a wall."""

    street: int
    ring: int
    gate: Gate | None


@dataclass(frozen=True)
class Compound:
    """A laid-out block in m: its ground, its wall (None when open), entrances, and homes (n, 2)."""

    block: Block
    yard: shapely.Polygon
    wall: shapely.Geometry | None
    entrances: tuple[Entrance, ...]
    homes: NDArray[np.float64]


@dataclass(frozen=True)
class _Site:
    """What every block is laid out on: the arrangement, the ground of the barriers and the points at them."""

    arrangement: Arrangement
    barriers: shapely.Geometry
    banks: frozenset[int]


def settle(
    arrangement: Arrangement, blocks: Sequence[Block], barriers: shapely.Geometry, rng: Generator
) -> list[Compound]:
    """Lay out every block that takes something, adding its lanes to the arrangement."""
    site = _Site(arrangement, barriers, frozenset(arrangement.at_barrier()))
    compounds = (_compound(site, block, rng) for block in blocks if block.use in PATTERNS)
    return [compound for compound in compounds if compound is not None]


def farmsteads(arrangement: Arrangement, blocks: Sequence[Block], rng: Generator) -> NDArray[np.float64]:
    """Return lone homes in the fields, most of them far from any street: (n, 2) in metres."""
    found = [
        (1 - share) * block.centre + share * corner
        for block in blocks
        if block.use == "farmland"
        for share in rng.uniform(0.0, 0.8, 3)
        for corner in [arrangement.ring_m(block.face)[int(rng.integers(len(arrangement.faces[block.face])))]]
    ]
    return np.array(found).reshape(-1, 2)


def _compound(site: _Site, block: Block, rng: Generator) -> Compound | None:
    arrangement, pattern = site.arrangement, PATTERNS[block.use]
    ground = _dry_ground(site, block)
    yard = _village_yard(ground, rng) if block.use == "village" else _shrunk(ground, pattern.setback_m)
    inner = None if yard is None else _shrunk(yard, LANE_M)
    if yard is None or inner is None:
        return None
    spots = _entrance_spots(site, block, ground, inner, rng)
    if not spots:
        return None
    lane = Line("service" if block.use != "park" else "footway")
    face = _add_ring(arrangement, inner, lane)
    gates: list[Gate | None] = ["open" if pattern.walled else None] * len(spots)
    if pattern.walled and len(spots) > 1 and rng.random() < CLOSED_GATE_SHARE:
        gates[-1] = "closed"
    entrances = tuple(
        _enter(arrangement, face, edge, point, gate) for (edge, point), gate in zip(spots, gates, strict=True)
    )
    cells = subdivide(arrangement, face, pattern.cell_m2, lambda _depth: Line(pattern.lane), rng)
    homes = _homes(arrangement, cells, yard, block.zone) if pattern.homes else np.empty((0, 2))
    return Compound(block, yard, _wall(arrangement, yard, entrances) if pattern.walled else None, entrances, homes)


def _dry_ground(site: _Site, block: Block) -> shapely.Polygon:
    ground = site.arrangement.polygon(block.face)
    if site.banks.isdisjoint(site.arrangement.faces[block.face]):
        return ground
    return _largest(ground.difference(site.barriers))


def _largest(geometry: shapely.Geometry) -> shapely.Polygon:
    return max(shapely.get_parts(geometry), key=lambda part: part.area, default=shapely.Polygon())


def _shrunk(polygon: shapely.Polygon, by_m: float) -> shapely.Polygon | None:
    shrunk = _largest(polygon.buffer(-by_m, join_style="mitre", mitre_limit=2.0)).simplify(TIDY_M)
    if not isinstance(shrunk, shapely.Polygon) or shrunk.area < SMALLEST_M2:
        return None
    return shapely.Polygon(shrunk.exterior)


def _village_yard(ground: shapely.Polygon, rng: Generator) -> shapely.Polygon | None:
    centre = np.array([ground.centroid.x, ground.centroid.y])
    share = min(0.8, (rng.uniform(*VILLAGE_M2) / ground.area) ** 0.5)
    corners = np.asarray(ground.exterior.coords)[:-1] - centre
    corners *= share * rng.uniform(0.85, 1.15, (len(corners), 1))
    yard = shapely.Polygon(corners + centre)
    return yard if yard.is_valid and ground.contains(yard) else None


def _entrance_spots(
    site: _Site, block: Block, ground: shapely.Polygon, inner: shapely.Polygon, rng: Generator
) -> list[tuple[Edge, Point]]:
    """Return the street edges that take an entrance and the point in each, from which a lane reaches the ring."""
    arrangement, pattern = site.arrangement, PATTERNS[block.use]
    edges = [edge for edge in arrangement.edges(block.face) if _takes_entrance(site, edge)]
    if not edges:
        return []
    lengths = np.array([arrangement.length_m(edge) for edge in edges])
    wanted = min(len(edges), int(rng.integers(pattern.entrances[0], pattern.entrances[1], endpoint=True)))
    chosen = rng.choice(len(edges), size=wanted, replace=False, p=lengths / lengths.sum())
    spots: list[tuple[Edge, Point]] = []
    for k in chosen:
        spot = arrangement.segment(edges[k]).interpolate(rng.uniform(0.38, 0.62), normalized=True)
        lane = shapely.shortest_line(spot, inner)
        inside = shapely.LineString([lane.interpolate(0.02, normalized=True).coords[0], lane.coords[1]])
        if ground.contains(inside):
            spots.append((edges[k], (float(spot.x), float(spot.y))))
    return spots


def _takes_entrance(site: _Site, edge: Edge) -> bool:
    if not site.arrangement.line(edge).is_street:
        return False
    at_bank = not site.banks.isdisjoint(edge)
    return bool(site.arrangement.length_m(edge) >= (ENTRANCE_EDGE_AT_BANK_M if at_bank else ENTRANCE_EDGE_M))


def _add_ring(arrangement: Arrangement, ground: shapely.Polygon, lane: Line) -> int:
    ring = ground.exterior.coords[:-1]
    numbers = [arrangement.add_point((x, y)) for x, y in (ring if ground.exterior.is_ccw else ring[::-1])]
    for u, v in zip(numbers, numbers[1:] + numbers[:1], strict=True):
        arrangement.add_edge(u, v, lane)
    return arrangement.add_face(numbers)


def _enter(arrangement: Arrangement, face: int, edge: Edge, point: Point, gate: Gate | None) -> Entrance:
    street = arrangement.split_edge(edge[0], edge[1], point)
    edges = arrangement.edges(face)
    segments = shapely.linestrings([[arrangement.points[u], arrangement.points[v]] for u, v in edges])
    spot = shapely.Point(point)
    nearest = int(np.argmin(shapely.distance(segments, spot)))
    meets = shapely.shortest_line(segments[nearest], spot).coords[0]
    ring = _near_corner(arrangement, face, edges[nearest], point, meets)
    if ring is None:
        ring = arrangement.split_edge(*edges[nearest], meets)
    arrangement.add_edge(street, ring, Line("service", gate=gate))
    return Entrance(street, ring, gate)


def _near_corner(arrangement: Arrangement, face: int, edge: Edge, start: Point, meets: Point) -> int | None:
    """Return the edge's corner that a lane can end at instead of ``meets`` without cutting through the face."""
    for corner in edge:
        place = arrangement.points[corner]
        lane = shapely.LineString([start, place])
        if math.dist(place, meets) < CORNER_M and arrangement.polygon(face).touches(lane):
            return corner
    return None


def _wall(arrangement: Arrangement, yard: shapely.Polygon, entrances: Sequence[Entrance]) -> shapely.Geometry:
    lanes = [arrangement.segment((e.street, e.ring)) for e in entrances if e.gate == "open"]
    openings = shapely.union_all([lane.buffer(OPENING_M, cap_style="flat") for lane in lanes])
    return shapely.line_merge(yard.exterior.difference(openings))


def _homes(arrangement: Arrangement, cells: Sequence[int], yard: shapely.Polygon, zone: Zone) -> NDArray[np.float64]:
    """Return homes in rows along the yard's long side, none on a lane: (n, 2) in metres."""
    box = shapely.get_coordinates(shapely.oriented_envelope(yard))
    sides = box[1:3] - box[0:2]
    lengths = np.hypot(sides[:, 0], sides[:, 1])
    axis = sides[int(np.argmax(lengths))] / lengths.max()
    frame = np.array([axis, (-axis[1], axis[0])])
    turned = along_axes(box, frame)
    low, high = turned.min(axis=0), turned.max(axis=0)
    steps = HOME_GRID_M[zone]
    along, across = (np.arange(low[k] + steps[k] / 2, high[k], steps[k]) for k in (0, 1))
    grid = along_axes(np.stack(np.meshgrid(along, across), axis=-1).reshape(-1, 2), frame.T)
    inside = np.zeros(len(grid), dtype=bool)
    for cell in cells:
        inside |= shapely.contains_xy(arrangement.polygon(cell).buffer(-FROM_LANE_M), grid[:, 0], grid[:, 1])
    return np.asarray(grid[inside])
