"""Candidates: where they come from, and which of them may take part."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.network import WalkNetwork
from gridmgmt.coverage.compute import lonlat_of, within
from gridmgmt.db import Session
from gridmgmt.errors import GeometryError, InputError, NotFoundError
from gridmgmt.frames import geometries
from gridmgmt.land.queries import features
from gridmgmt.land.rules import LandKind
from gridmgmt.service_points import queries as point_queries
from gridmgmt.service_points.rules import PointStatus, ServicePointType
from gridmgmt.siting.rules import (
    MAX_CANDIDATES,
    PLANNED_LAYER,
    POINTS_LAYER,
    CandidateSource,
    SiteCandidate,
    SitingTerms,
    SourceKind,
    shape_of_zone,
)
from gridmgmt.walking.state import WalkState

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_STEPS_M: Final = (
    25, 50, 75, 100, 125, 150, 200, 250, 300, 400, 500, 600, 800, 1_000, 1_250, 1_500, 2_000, 3_000, 5_000, 10_000,
)  # fmt: skip
"""How far apart corners are taken where nobody says: the first of these that leaves few enough."""
MAX_CONFLICTS = 1_000_000
"""With more pairs of candidates that stand too near to each other the models look at nothing else."""
_NEAR_DEG = 1.0
"""A forbidden zone farther than this from all streets is no zone of this city."""
_TWIN_DIGITS = 7
"""Positions that agree to so many digits of a degree (some centimetres) are one."""


@dataclass(frozen=True, eq=False)
class Field:
    """Candidates as they came, where each joins the network, and why those are out that are.

    Arrays of shape ``(n,)``; ``xy_m`` ``(n, 2)`` metric, ``reason`` is None for those that take part.
    """

    given: tuple[SiteCandidate, ...]
    lonlat: Floats
    xy_m: Floats
    snap: Snap
    reason: tuple[str | None, ...]
    every_m: float | None = None

    @property
    def eligible(self) -> NDArray[np.intp]:
        """The indices of those that take part, rising."""
        return np.flatnonzero([reason is None for reason in self.reason])

    def without(self, reasons: dict[int, str]) -> "Field":
        """Return the field with more candidates out, by their index."""
        return replace(self, reason=tuple(reasons.get(i, known) for i, known in enumerate(self.reason)))

    def snap_of(self, index: NDArray[np.integer]) -> Snap:
        """Return where some of them join the network."""
        return Snap(self.snap.edge[index], self.snap.fraction[index], self.snap.distance_m[index])


def field_of(session: Session, terms: SitingTerms, state: WalkState, area: shapely.Geometry | None) -> Field:
    """Return the candidates of a question, sorted out by all but their placeability cards.

    Parameters
    ----------
    area
        The area that is asked about, in degrees; new points lie in it.

    Raises
    ------
    InputError
        When the source gives more candidates than may be, with what to ask for.
    NotFoundError
        When it gives none.
    """
    every_m = None
    source = terms.candidates
    if source.kind is SourceKind.LIST:
        given = source.items
    elif source.kind is SourceKind.LAYER:
        given = _of_layer(session, terms, area)
    else:
        given, every_m = _corners(state.network, source, area)
    if not given:
        raise NotFoundError("siting_no_candidates", source=str(source.kind), layer=source.layer or "-")
    lonlat = np.array([(each.lon, each.lat) for each in given])
    xy_m = state.network.project(lonlat)
    snap = state.network.snap_points(lonlat, terms.walk.connection_limit_m)
    found = Field(tuple(given), lonlat, xy_m, snap, (None,) * len(given), every_m)
    for reason, out in _tests(session, terms, state, area, found):
        found = found.without({int(i): reason for i in np.flatnonzero(out) if found.reason[i] is None})
    return found


def conflicts(xy_m: Floats, spacing_m: float) -> NDArray[np.int32]:
    """Return the pairs of spots ``(n, 2)`` that are nearer to each other than a distance, the lower index first.

    Raises
    ------
    InputError
        When there are more than :data:`MAX_CONFLICTS`.
    """
    if spacing_m <= 0 or len(xy_m) < 2:
        return np.empty((0, 2), dtype=np.int32)
    tree, nearer_m = cKDTree(xy_m), np.nextafter(spacing_m, 0)
    count = (int(tree.count_neighbors(tree, nearer_m)) - len(xy_m)) // 2
    if count > MAX_CONFLICTS:
        raise InputError(
            "siting_conflicts_too_many",
            field="spacing_m", value=spacing_m, candidates=len(xy_m), pairs=count, maximum=MAX_CONFLICTS,
        )  # fmt: skip
    pairs = tree.query_pairs(nearer_m, output_type="ndarray")
    return np.ascontiguousarray(pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))], dtype=np.int32)


def _tests(
    session: Session, terms: SitingTerms, state: WalkState, area: shapely.Geometry | None, field: Field
) -> Iterable[tuple[str, Mask]]:
    """Yield each reason for which candidates are out, with those that it puts out."""
    if area is not None:
        yield "outside", ~within(area, field.lonlat)
    yield "forbidden_zone", _on_any(_zones(terms, state), field.lonlat)
    if terms.forbidden_land:
        land = features(session, terms.walk.on, terms.forbidden_land)
        yield "forbidden_land", _on_any(list(geometries(land["geom"])), field.lonlat)
    yield "off_network", field.snap.edge < 0
    yield "twin", _twins(field)
    if terms.spacing_m > 0:
        same = point_queries.open_points(session, terms.walk.on, (terms.type,))
        yield "too_near", _near(field.xy_m, state.network.project(lonlat_of(same)), terms.spacing_m)


def _zones(terms: SitingTerms, state: WalkState) -> list[shapely.Geometry]:
    """Return the forbidden zones.

    Raises
    ------
    GeometryError
        When one is nowhere near the streets: it forbids nothing, most often because latitude comes first.
    """
    zones = [shape_of_zone(zone, number) for number, zone in enumerate(terms.forbidden, start=1)]
    if len(state.network.node_lonlat):
        streets = shapely.box(*state.network.node_lonlat.min(axis=0), *state.network.node_lonlat.max(axis=0))
        for number, zone in enumerate(zones, start=1):
            if shapely.distance(zone, streets) > _NEAR_DEG:
                west, south, east, north = shapely.bounds(zone).tolist()
                box = f"{west:.5f}, {south:.5f}, {east:.5f}, {north:.5f}"
                raise GeometryError("siting_zone_elsewhere", number=number, box=box)
    return zones


def _on_any(shapes: Sequence[shapely.Geometry], lonlat: Floats) -> Mask:
    """Tell which positions lie in one of some shapes, or on its border."""
    hit = np.zeros(len(lonlat), dtype=np.bool_)
    if shapes:
        hit[shapely.STRtree(shapes).query(shapely.points(lonlat), predicate="intersects")[0]] = True
    return hit


def _twins(field: Field) -> Mask:
    """Tell which of those still in stand where an earlier one of them does."""
    alive = field.eligible
    twin = np.zeros(len(field.given), dtype=np.bool_)
    _, first = np.unique(np.round(field.lonlat[alive], _TWIN_DIGITS), axis=0, return_index=True)
    twin[np.delete(alive, first)] = True
    return twin


def _near(xy_m: Floats, others_m: Floats, spacing_m: float) -> Mask:
    if not len(others_m):
        return np.zeros(len(xy_m), dtype=np.bool_)
    distance_m, _ = cKDTree(others_m).query(xy_m)
    near: Mask = distance_m < spacing_m
    return near


def _of_layer(session: Session, terms: SitingTerms, area: shapely.Geometry | None) -> tuple[SiteCandidate, ...]:
    """Return what is loaded as candidates, only those in the area."""
    layer, _, part = (terms.candidates.layer or "").partition(":")
    if layer == POINTS_LAYER:
        found = _points(session, terms)
    elif layer == PLANNED_LAYER:
        found = [
            SiteCandidate(each.lon, each.lat, each.code, each.name)
            for each in point_queries.point_summaries(
                session, terms.walk.on, type_=terms.type, status=PointStatus.PLANNED, limit=MAX_CANDIDATES + 1
            )
        ]
    else:
        found = _land(session, terms, LandKind(layer), part)
    if area is not None and found:
        inside = within(area, np.array([(each.lon, each.lat) for each in found]))
        found = [each for each, is_in in zip(found, inside.tolist(), strict=True) if is_in]
    if len(found) > terms.candidates.limit:
        raise InputError("siting_layer_too_large", field="candidates", value=len(found), maximum=terms.candidates.limit)
    return tuple(found)


def _points(session: Session, terms: SitingTerms) -> list[SiteCandidate]:
    others = [type_ for type_ in ServicePointType if type_ not in terms.walk.types]
    table = point_queries.open_points(session, terms.walk.on, others)
    rows = table.select(["lon", "lat", "code", "name"]).to_pylist()
    return [SiteCandidate(**row) for row in rows]


def _land(session: Session, terms: SitingTerms, kind: LandKind, part: str) -> list[SiteCandidate]:
    """Return a point on each land feature of a kind whose name has a part."""
    table = features(session, terms.walk.on, (kind,))
    names = table["name"].to_pylist()
    wanted = [i for i, name in enumerate(names) if part.casefold() in (name or "").casefold()]
    spots = shapely.get_coordinates(shapely.point_on_surface(geometries(table["geom"])[wanted]))
    return [
        SiteCandidate(lon, lat, None, names[i] or None) for i, (lon, lat) in zip(wanted, spots.tolist(), strict=True)
    ]


def _corners(
    network: WalkNetwork, source: CandidateSource, area: shapely.Geometry | None
) -> tuple[tuple[SiteCandidate, ...], float]:
    """Return corners of public streets, one of each square, and the squares' side in metres."""
    edges = np.unique(network.public.segment_edge)
    nodes = np.unique(np.concatenate([network.graph.source[edges], network.graph.target[edges]]))
    if area is not None:
        nodes = nodes[within(area, network.node_lonlat[nodes])]
    xy_m = network.project(network.node_lonlat[nodes])
    for every_m in (source.every_m,) if source.every_m is not None else _STEPS_M:
        chosen = nodes[_one_a_square(xy_m, every_m)]
        if len(chosen) <= source.limit:
            return tuple(SiteCandidate(lon, lat) for lon, lat in network.node_lonlat[chosen].tolist()), float(every_m)
    raise InputError(
        "siting_corners_too_many", field="every_m", value=len(chosen), maximum=source.limit, every_m=every_m
    )


def _one_a_square(xy_m: Floats, side_m: float) -> NDArray[np.intp]:
    """Return the position nearest to the middle of each square that holds any, rising; the first of equal ones."""
    square = np.floor(xy_m / side_m)
    off = ((xy_m - (square + 0.5) * side_m) ** 2).sum(axis=1)
    order = np.lexsort((np.arange(len(xy_m)), off, square[:, 1], square[:, 0]))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (square[order[1:]] != square[order[:-1]]).any(axis=1)
    return np.sort(order[first])
