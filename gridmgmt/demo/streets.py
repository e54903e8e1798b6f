"""The arrangement's edges as streets, bridges, water and rail: what is drawn and walked."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import shapely
from shapely.ops import linemerge

from gridmgmt.demo.arrangement import Arrangement, Edge, Line, Point, edge_key

HALF_WIDTH_M = {"river": 42.0, "canal": 11.0, "rail": 9.0}


@dataclass(frozen=True)
class Street:
    """A stretch of street between two junctions, in metres."""

    line: Line
    path: tuple[Point, ...]
    bridge: bool = False


def barrier_lines(arrangement: Arrangement, kind: str) -> shapely.MultiLineString:
    """Return the centre lines of all barriers of a kind, in metres."""
    edges = sorted(edge for edge, line in arrangement.lines.items() if line.kind == kind)
    merged = linemerge([arrangement.segment(edge) for edge in edges])
    return merged if isinstance(merged, shapely.MultiLineString) else shapely.MultiLineString([merged])


def barrier_areas(arrangement: Arrangement) -> dict[str, shapely.Geometry]:
    """Return the ground that each kind of barrier takes, in metres."""
    return {
        kind: barrier_lines(arrangement, kind).buffer(width_m, cap_style="square", join_style="round")
        for kind, width_m in HALF_WIDTH_M.items()
    }


def build_streets(arrangement: Arrangement, crossings: frozenset[int], barriers: shapely.Geometry) -> list[Street]:
    """Return the streets between junctions: cut off at the bank, or carried on a bridge at a crossing."""
    at_barrier = arrangement.at_barrier()
    streets: list[Street] = []
    spans: dict[tuple[int, Line], list[tuple[Point, ...]]] = defaultdict(list)
    for chain, line in _chains(arrangement, at_barrier):
        path = tuple(arrangement.points[k] for k in chain)
        if chain[0] not in at_barrier and chain[-1] not in at_barrier:
            streets.append(Street(line, path))
            continue
        parts = _cut_at_banks(path, barriers)
        if parts is None:
            continue
        start, dry, end = parts
        streets.append(Street(line, dry))
        for vertex, wet in ((chain[0], start), (chain[-1], end)):
            if line.is_arterial and vertex in crossings and len(wet) > 1:
                spans[vertex, line].append(wet)
    return streets + [_bridge(line, wet) for (_, line), wet in spans.items()]


def _chains(arrangement: Arrangement, at_barrier: set[int]) -> Iterator[tuple[list[int], Line]]:
    """Yield the runs of street edges of one line through points where nothing else meets."""
    near: dict[int, list[int]] = defaultdict(list)
    edges = sorted(edge for edge, line in arrangement.lines.items() if line.is_street)
    for u, v in edges:
        near[u].append(v)
        near[v].append(u)

    def goes_on(vertex: int) -> bool:
        if vertex in at_barrier or len(near[vertex]) != 2:
            return False
        one, two = near[vertex]
        return arrangement.line((one, vertex)) == arrangement.line((vertex, two))

    done: set[Edge] = set()
    starts = [(u, v) for edge in edges for u, v in (edge, edge[::-1]) if not goes_on(u)]
    for start in starts + edges:
        if edge_key(*start) in done:
            continue
        chain = list(start)
        done.add(edge_key(*start))
        while goes_on(chain[-1]) and chain[-1] != chain[0]:
            one, two = near[chain[-1]]
            chain.append(two if one == chain[-2] else one)
            done.add(edge_key(chain[-2], chain[-1]))
        for part in _opened(chain):
            yield part, arrangement.line(start)


def _opened(chain: list[int]) -> list[list[int]]:
    """Return a chain, a closed one in two halves: a network has no edge from a node to itself."""
    if chain[0] != chain[-1]:
        return [chain]
    half = len(chain) // 2
    return [chain[: half + 1], chain[half:]]


def _cut_at_banks(
    path: tuple[Point, ...], barriers: shapely.Geometry
) -> tuple[tuple[Point, ...], tuple[Point, ...], tuple[Point, ...]] | None:
    """Return the parts before, on and after the longest dry stretch of a path; None when all is barrier."""
    line = shapely.LineString(path)
    dry = max(shapely.get_parts(line.difference(barriers)), key=lambda part: part.length, default=None)
    if dry is None or dry.length < 1.0:
        return None
    first, last = (float(line.project(shapely.Point(dry.coords[k]))) for k in (0, -1))
    head, rest = _split(path, first)
    middle, tail = _split(rest, last - first)
    return head, middle, tail


def _split(path: tuple[Point, ...], at_m: float) -> tuple[tuple[Point, ...], tuple[Point, ...]]:
    """Cut a path at a distance along it; both parts hold the cut's point, one may be only that."""
    line = shapely.LineString(path)
    if at_m <= 0.01:
        return path[:1], path
    if at_m >= line.length - 0.01:
        return path, path[-1:]
    cut = line.interpolate(at_m)
    point = (float(cut.x), float(cut.y))
    after = 1 + sum(line.project(shapely.Point(vertex)) < at_m for vertex in path[1:-1])
    return (*path[:after], point), (point, *path[after:])


def _bridge(line: Line, spans: list[tuple[Point, ...]]) -> Street:
    merged = linemerge([shapely.LineString(span) for span in spans]) if len(spans) > 1 else shapely.LineString(spans[0])
    return Street(line, tuple((float(x), float(y)) for x, y in merged.coords), bridge=True)
