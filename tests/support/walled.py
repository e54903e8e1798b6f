"""Networks drawn in metres on paper, put together as walkable networks, and who is nearest to what on them."""

from collections.abc import Sequence

import numpy as np
import pyproj
import shapely

from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.assembly import Edges, WalkNetwork
from gridmgmt.analysis.walking.gates import Access, Gate, Span
from gridmgmt.analysis.walking.model import NO_WAY, Trip, WalkProfile
from gridmgmt.analysis.walking.rounds import nearest_trip
from gridmgmt.hours import minute_of_week
from tests.support.paper_town import EAST_M, NORTH_M, TO_DEGREES

CRS = pyproj.CRS.from_epsg(4549)
ONE_M_PER_S = WalkProfile(
    "even", "1", 1.0, None, None, 0.0, 1.0, 1.0, slope=False, most_slope=None, wheelchair=False,
    evidence="R", source="made by a test",
)  # fmt: skip
Line = Sequence[tuple[float, float]]


def lonlat(points: Line) -> np.ndarray:
    """Return degrees ``(n, 2)`` of metres from the corner."""
    return np.array([TO_DEGREES.transform(EAST_M + x, NORTH_M + y) for x, y in points])


def streets(lines: Sequence[Line], traits: Sequence[int] | None = None) -> Edges:
    """Return edges that meet where the ends of lines do."""
    nodes = {end: i for i, end in enumerate(dict.fromkeys(end for line in lines for end in (line[0], line[-1])))}
    shapes = [lonlat(line) for line in lines]
    geod = pyproj.Geod(ellps="WGS84")
    return Edges(
        n_nodes=len(nodes),
        source=np.array([nodes[line[0]] for line in lines], dtype=np.int32),
        target=np.array([nodes[line[-1]] for line in lines], dtype=np.int32),
        length_m=np.array([geod.line_length(*shape.T) for shape in shapes]),
        traits=np.array(traits if traits is not None else [0] * len(lines), dtype=np.int32),
        slope=np.full(len(lines), np.nan, dtype=np.float32),
        vertices=np.vstack(shapes),
        offsets=np.concatenate([[0], np.cumsum([len(shape) for shape in shapes])]),
    )


def gate(code: str, x: float, y: float, access: str = "public", spans: tuple[Span, ...] | None = None) -> Gate:
    """Return a gate at a position in metres."""
    ((lon, lat),) = lonlat([(x, y)]).tolist()
    return Gate(None, code, code, Access(access), spans, lon, lat)


def outline(corners: Line) -> shapely.Polygon:
    """Return an outline in degrees."""
    return shapely.Polygon(lonlat(corners))


def walks(
    network: WalkNetwork,
    places: Line,
    points: Line,
    *,
    at: str = "wed 10:00",
    trip: Trip = Trip.TO_POINT,
    profile: WalkProfile = ONE_M_PER_S,
    gates: dict[int, Gate] | None = None,
) -> list[float]:
    """Return the seconds from each place to the nearest point, infinite where there is none."""
    there, back = (
        network.costs(profile, at=minute_of_week(at), leg=leg, gates=gates)
        for leg in (Trip.TO_POINT, Trip.FROM_POINT)
    )  # fmt: skip
    found = nearest_trip(
        network.graph, there, back, trip=trip, points=point_snap(network, points), places=place_snap(network, places)
    )
    return [cs / 100 if cs < NO_WAY else np.inf for cs in found.place_cs.tolist()]


def place_snap(network: WalkNetwork, places: Line) -> Snap:
    """Return where places in metres join the network, within 100 m."""
    return network.snap_places(lonlat(places), 0.0, 100.0)


def point_snap(network: WalkNetwork, points: Line) -> Snap:
    """Return where points in metres join the network, within 100 m."""
    return network.snap_points(lonlat(points), 100.0)
