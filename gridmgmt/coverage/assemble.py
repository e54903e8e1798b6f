"""From what the search found to the document that everything is made from."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyproj
from numpy.typing import NDArray

from gridmgmt.analysis.location import area_of_points
from gridmgmt.analysis.status import PlaceStatus
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts, Trip, WalkProfile, to_cs
from gridmgmt.analysis.walking.rounds import nearest_trip
from gridmgmt.analysis.walking.search import Nearest
from gridmgmt.analysis.walking.spots import towards
from gridmgmt.analysis.walking.tally import from_fixed
from gridmgmt.areas.rules import RANK, AreaLevel
from gridmgmt.coverage.compute import (
    Reach,
    Spread,
    code_version,
    figures_by_group,
    lonlat_of,
    of_places,
    point_reasons,
    seconds_of,
)
from gridmgmt.coverage.document import (
    NETWORK_HULL,
    AreaFigures,
    CoverageDocument,
    Figures,
    InputEdition,
    Level,
    LevelFigures,
    Note,
    Parameters,
    PointRecord,
    Provenance,
    SensitivityRow,
    ServicePoints,
    UncoveredPlace,
    UncoveredPlaces,
)
from gridmgmt.coverage.flows import FlowPoints, flows
from gridmgmt.coverage.gaps import GapAreas, gaps
from gridmgmt.coverage.rules import CoverageRequest, notes
from gridmgmt.coverage.sensitivity import sensitivity, speeds_of, trips_of
from gridmgmt.coverage.ways import FirstGates
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.editions.rules import Counting
from gridmgmt.frames import geometries
from gridmgmt.walking.state import WalkState

LISTED_PLACES = 1_000
"""How many uncovered places the document lists; the number and residents of all of them stand beside the list."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """Everything a run reads from the database: the warm state, and what only the answer needs.

    ``areas`` are those that figures are told of (see :func:`gridmgmt.coverage.queries.area_table`), ``profiles`` all in
    force.
    """

    request: CoverageRequest
    state: WalkState
    editions: tuple[InputEdition, ...]
    areas: pa.Table
    profiles: Sequence[WalkProfile]
    spread: Spread | None = None
    """Where residents were spread from whole areas."""


@dataclass(frozen=True, eq=False)
class AreasOfLevel:
    """The areas of one level in order of code, and the index of each place's, -1 where it lies in none."""

    level: Level
    codes: Sequence[str]
    names: Sequence[str]
    parent_codes: Sequence[str | None]
    area_m2: Sequence[float]
    of_place: NDArray[np.int64]


def assemble(inputs: Inputs, reach: Reach) -> CoverageDocument:
    """Return the document of a run."""
    state, bands_s = inputs.state, inputs.request.bands_s
    levels = levels_of(inputs.areas, reach.lonlat) or [_hull_level(state, reach)]
    everything = np.zeros(len(reach), dtype=np.int64)
    parameters = _parameters(inputs)
    points = state.points
    codes, names, point_lonlat = points["code"].to_pylist(), points["name"].to_pylist(), lonlat_of(points)
    reasons = point_reasons(state, point_lonlat)
    lowest = levels[-1]
    of_lowest = GapAreas(lowest.level, lowest.codes, lowest.names, lowest.parent_codes, lowest.of_place)
    return CoverageDocument(
        form="exact",
        suppression_threshold=None,
        synthetic=any(edition.synthetic for edition in inputs.editions),
        parameters=parameters,
        inputs=inputs.editions,
        counts="places" if state.ground.counting is Counting.PLACES_ONLY else "residents",
        counting=state.ground.counting,
        hull_area=not inputs.areas.num_rows,
        totals=figures_by_group(reach.table, everything, 1, bands_s)[0],
        levels=tuple(_level_figures(level, reach, bands_s) for level in levels),
        service_points=_service_points(inputs, reasons),
        uncovered_places=_uncovered(inputs, reach, levels),
        sensitivity=tuple(_sensitivity(inputs, reach)),
        gaps=gaps(reach, of_lowest, (codes, names), _gates(inputs, reach)),
        flows=flows(reach, lowest.level, lowest.codes, lowest.of_place, FlowPoints(codes, point_lonlat)),
        notes=notes_of(state, inputs.editions, reach, reasons, levels),
        provenance=Provenance(code_version=code_version(), input_sha256=_input_sha256(inputs.editions, parameters)),
    )


def _parameters(inputs: Inputs) -> Parameters:
    profile = inputs.state.profile
    return Parameters(
        **asdict(inputs.request),
        speed_m_per_s=profile.speed_m_per_s,
        profile_edition=profile.edition,
        evidence=profile.evidence,
        sd_m_per_s=profile.sd_m_per_s,
    )


def _input_sha256(editions: Sequence[InputEdition], parameters: Parameters) -> str:
    content = {
        "editions": [edition.model_dump(mode="json") for edition in editions],
        "parameters": parameters.model_dump(mode="json"),
        "code_version": code_version(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def levels_of(areas: pa.Table, lonlat: NDArray[np.float64]) -> list[AreasOfLevel]:
    """Return every level that is present, from the district down."""
    found = []
    of_level = np.array(areas["level"].to_pylist(), dtype=object)
    for level in sorted(set(of_level), key=lambda level: (RANK[AreaLevel(level)], level)):
        rows = areas.filter(pa.array(of_level == level)).sort_by("code")
        codes, names, parents, area_m2 = (rows[name].to_pylist() for name in ("code", "name", "parent_code", "area_m2"))
        of_place = area_of_points(geometries(rows["geom"]), lonlat)
        found.append(AreasOfLevel(AreaLevel(level), codes, names, parents, area_m2, of_place))
    return found


def _hull_level(state: WalkState, reach: Reach) -> AreasOfLevel:
    """Return the network's hull as the one area, with all places that are not outside the network.

    A place just beyond the hull may join a street; of a single straight street the hull is a mere line.
    """
    geod = pyproj.CRS.from_epsg(STORAGE_SRID).get_geod()
    area_m2 = abs(geod.geometry_area_perimeter(state.network.hull)[0]) if geod else 0.0
    of_place = np.where(reach.table.status == PlaceStatus.OUTSIDE, -1, 0)
    return AreasOfLevel(NETWORK_HULL, [NETWORK_HULL], [NETWORK_HULL], [None], [area_m2], of_place)


def _level_figures(level: AreasOfLevel, reach: Reach, bands_s: Sequence[float]) -> LevelFigures:
    n_areas = len(level.codes)
    in_none = level.of_place < 0
    group = np.where(in_none, n_areas, level.of_place)
    figures: list[Figures] = figures_by_group(reach.table, group, n_areas + 1, bands_s)
    rows = zip(level.codes, level.names, level.parent_codes, level.area_m2, figures[:-1], strict=True)
    return LevelFigures(
        level=level.level,
        areas=tuple(
            AreaFigures(code=code, name=name, parent_code=parent, area_m2=area_m2, figures=of_area)
            for code, name, parent, area_m2, of_area in rows
        ),
        remainder=figures[-1] if in_none.any() else None,
    )


def _service_points(inputs: Inputs, reasons: Sequence[str | None]) -> ServicePoints:
    columns = (inputs.state.points[name].to_pylist() for name in ("code", "name", "type", "status"))
    listed = tuple(
        PointRecord(code=code, name=name, type=type_, status=status, connectable=reason is None, reason=reason)
        for code, name, type_, status, reason in zip(*columns, reasons, strict=True)
    )
    return ServicePoints(total=len(listed), connectable=sum(p.connectable for p in listed), listed=listed)


def _uncovered(inputs: Inputs, reach: Reach, levels: Sequence[AreasOfLevel]) -> UncoveredPlaces:
    """List the places that are not covered, most residents first, ties in order of their number."""
    table, points = reach.table, inputs.state.points
    not_covered = np.flatnonzero(table.status != PlaceStatus.COVERED)
    numbers = of_places(inputs.state.places["place_no"].to_numpy(), reach.place)
    weight = table.weight[:, 0]
    order = not_covered[np.lexsort((numbers[not_covered], -weight[not_covered]))][:LISTED_PLACES]
    known = [level for level in levels if level.level != NETWORK_HULL]
    codes, names = points["code"].to_pylist(), points["name"].to_pylist()
    listed = []
    for i in order.tolist():
        nearest = int(reach.point[i])
        listed.append(
            UncoveredPlace(
                place_no=int(numbers[i]),
                lon=float(reach.lonlat[i, 0]),
                lat=float(reach.lonlat[i, 1]),
                residents=float(from_fixed(weight[i])),
                status=PlaceStatus(int(table.status[i])).name.lower(),
                walk_time_s=seconds_of(int(table.time_cs[i])),
                nearest_point_code=codes[nearest] if nearest >= 0 else None,
                nearest_point_name=names[nearest] if nearest >= 0 else None,
                area_codes={
                    AreaLevel(level.level): level.codes[level.of_place[i]] for level in known if level.of_place[i] >= 0
                },
            )
        )
    residents = float(from_fixed(weight[not_covered].sum()))
    return UncoveredPlaces(count=len(not_covered), residents=residents, listed=tuple(listed))


def _sensitivity(inputs: Inputs, reach: Reach) -> Iterator[SensitivityRow]:
    """Yield everybody's figures at the speeds of all profiles, one way and there and back."""
    state, request = inputs.state, inputs.request
    limit_cs = int(to_cs(max(request.bands_s)))

    def walks(speed_m_per_s: float, trip: Trip) -> NDArray[np.int32]:
        if (speed_m_per_s, trip) == (state.profile.speed_m_per_s, request.trip):
            return reach.table.time_cs
        profile = replace(state.profile, speed_m_per_s=speed_m_per_s)
        return of_places(search(state, profile, trip, limit_cs).place_cs, reach.place)

    cases = [(speed, trip) for trip in trips_of(request.trip) for speed in speeds_of(state.profile, inputs.profiles)]
    return sensitivity(walks, cases, np.ascontiguousarray(reach.table.weight[:, 0]), request.bands_s)


def search(state: WalkState, profile: WalkProfile, trip: Trip, limit_cs: int) -> Nearest:
    """Return who is nearest to what in a state with another profile or for another trip, within a limit."""
    there, back = _costs(state, profile)
    return nearest_trip(
        state.network.graph,
        there,
        back,
        points=state.point_snap,
        places=state.place_snap,
        trip=trip,
        limit_cs=limit_cs,
    )


def _costs(state: WalkState, profile: WalkProfile) -> tuple[EdgeCosts, EdgeCosts]:
    there = state.network.costs(profile, at=state.question.minute, leg=Trip.TO_POINT)
    if not state.network.has_cards:
        return there, there
    return there, state.network.costs(profile, at=state.question.minute, leg=Trip.FROM_POINT)


def _gates(inputs: Inputs, reach: Reach) -> Callable[[int], str | None]:
    """Return what names the first gate on the way of each asked place; of a round trip that on the way there."""
    state = inputs.state
    if not state.network.gates:
        return lambda _place: None
    if state.question.trip is Trip.ROUND:
        found = FirstGates(
            state.network, state.costs, search(state, state.profile, Trip.TO_POINT, NO_WAY), state.place_snap
        )
    else:
        costs = state.costs if state.question.trip is Trip.TO_POINT else state.back_costs
        found = FirstGates(state.network, towards(costs, state.question.trip), state.nearest, state.place_snap)
    return lambda place: found(int(reach.place[place]))


def notes_of(
    state: WalkState,
    editions: Sequence[InputEdition],
    reach: Reach,
    reasons: Sequence[str | None],
    levels: Sequence[AreasOfLevel],
) -> tuple[Note, ...]:
    """Return what a reader of numbers of some places must know; ``reasons`` are why points join no street."""
    by_type = dict[str, tuple[int, int]]()
    for type_, reason in zip(state.points["type"].to_pylist(), reasons, strict=True):
        connectable, total = by_type.get(type_, (0, 0))
        by_type[type_] = (connectable + (reason is None), total + 1)
    known = np.zeros(len(reach), dtype=bool)
    for level in levels:
        known |= level.of_place >= 0
    facts: Mapping[str, Any] = {
        "counting": state.ground.counting,
        "synthetic": any(edition.synthetic for edition in editions),
        "hull_area": all(level.level == NETWORK_HULL for level in levels),
        "places": len(reach),
        "places_in_known_area": int(known.sum()),
        "points_by_type": by_type,
        "not_connectable": int((reach.table.status == PlaceStatus.NOT_CONNECTABLE).sum()),
        "outside": int((reach.table.status == PlaceStatus.OUTSIDE).sum()),
        "edges": state.network.graph.n_edges,
        "edges_apart": int((state.network.graph.edge_component > 0).sum()),
    }
    of_inputs = [(code, {name: _plain(value) for name, value in fields.items()}) for code, fields in state.ground.notes]
    return tuple(Note(code=code, fields=fields) for code, fields in (*notes(facts), *of_inputs))


def _plain(value: object) -> str | bool | int | float:
    return value if isinstance(value, str | bool | int | float) else str(value)
