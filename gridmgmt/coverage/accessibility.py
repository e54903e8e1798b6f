"""How much of the service points' capacity falls to each resident, and how evenly, by area, mode and land use.

Everybody on the network takes part, whoever is reported on: those who live beyond the border of an area use its points
too, and its residents use points beyond it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray
from pydantic import TypeAdapter

from gridmgmt.analysis import accessibility as kernel
from gridmgmt.analysis.accessibility import Decay, Method
from gridmgmt.analysis.walking.matrix import SparseTimes, times_to_places
from gridmgmt.analysis.walking.model import Trip, to_cs
from gridmgmt.analysis.walking.tally import from_fixed
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cells.queries import land_use
from gridmgmt.coverage import queries
from gridmgmt.coverage.access_document import AccessDocument, AccessParameters, EquityGroup, EquityRow, SuppliedPoints
from gridmgmt.coverage.compute import code_version, lonlat_of, within
from gridmgmt.coverage.document import Note
from gridmgmt.coverage.models import CoverageRun
from gridmgmt.coverage.rules import CoverageRequest
from gridmgmt.db import Session
from gridmgmt.editions.rules import Counting
from gridmgmt.errors import InputError
from gridmgmt.governance.queries import decisions
from gridmgmt.service_points import queries as point_queries
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.units import SECONDS_PER_MINUTE
from gridmgmt.walking.service import walk_state
from gridmgmt.walking.state import WalkState

if TYPE_CHECKING:
    import geopandas as gpd

DEFAULT_EXPONENTS: Mapping[Method, float] = {Method.GRAVITY_POWER: 1.5, Method.GRAVITY_EXPONENTIAL: 0.1}
MAX_EXPONENT = 10.0
MAX_MINUTES = 60.0
"""A catchment of more than an hour's walk is none; its pairs would fill the memory of a city's server."""
MAX_CAPACITY = 1e6

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class AccessAsk:
    """A question: as a coverage run, with how a walk is weighted and what points of unknown capacity have.

    ``capacities`` gives a capacity to the points of a type that have none of their own; without one they are left out.
    """

    request: CoverageRequest
    decay: Decay
    capacities: tuple[tuple[ServicePointType, float], ...] = ()


def make_ask(
    request: CoverageRequest,
    *,
    method: str = Method.TWO_STEP,
    exponent: float | None = None,
    capacities: Mapping[str, float] | None = None,
) -> AccessAsk:
    """Return a checked question; the zones of the enhanced method are the bands of the coverage question.

    Raises
    ------
    InputError
        When the method or a type is unknown, or a number out of its range.
    """
    if method not in set(Method):
        raise InputError("value_unknown", field="method", value=method, known=", ".join(Method))
    _check_range("minutes", request.limit_s / SECONDS_PER_MINUTE, MAX_MINUTES)
    given = []
    known = {str(type_): type_ for type_ in ServicePointType}
    for name, value in sorted((capacities or {}).items()):
        if name not in known:
            raise InputError("point_type_unknown", value=name, known=", ".join(known))
        _check_range("capacity", value, MAX_CAPACITY)
        given.append((known[name], float(value)))
    return AccessAsk(request, _decay(request, Method(method), exponent), tuple(given))


def _decay(request: CoverageRequest, method: Method, exponent: float | None) -> Decay:
    if method is Method.TWO_STEP:
        return kernel.two_step(request.limit_s)
    if method is Method.ENHANCED_TWO_STEP:
        return kernel.enhanced_two_step([band for band in request.bands_s if band <= request.limit_s])
    chosen = DEFAULT_EXPONENTS[method] if exponent is None else exponent
    _check_range("exponent", chosen, MAX_EXPONENT)
    return kernel.gravity(method, chosen, request.limit_s)


def _check_range(field: str, value: float, maximum: float) -> None:
    if not 0 < value <= maximum:
        raise InputError("number_out_of_range", field=field, value=value, minimum=0, maximum=maximum)


def question_of(run: CoverageRun) -> tuple[CoverageRequest, date]:
    """Return the question of a coverage run, and the day it was asked for."""
    parameters = dict(run.parameters)
    on = date.fromisoformat(parameters.pop("on"))
    return TypeAdapter(CoverageRequest).validate_python(parameters), on


def accessibility(session: Session, ask: AccessAsk, *, on: date) -> AccessDocument:
    """Return the accessibility of everybody in the asked area.

    Raises
    ------
    NotFoundError
        When the area, the profile or the scenario is unknown, or no network or population is in force on the day.
    """
    request = ask.request
    areas = queries.areas_reported(session, on, request.area_code)
    state = walk_state(session, request.walk_on(on))
    residents = from_fixed(state.weights[:, 0])
    capacity, points = _supply(session, state, ask)
    pairs = _pairs(state, int(to_cs(ask.decay.limit_s)))
    found = kernel.accessibility(
        (pairs.indptr, pairs.place, pairs.cs), ask.decay, residents=residents, capacity=capacity
    )  # fmt: skip
    chosen = np.ones(len(residents), dtype=bool)
    if request.area_code is not None:
        asked = areas.geometry[areas["code"] == request.area_code].iloc[0]
        chosen = within(asked, lonlat_of(state.places))
    reached_by_nobody = int(((found.demand <= 0) & (capacity > 0) & (state.point_snap.edge >= 0)).sum())
    sheet = _Sheet(found.place, np.where(chosen, residents, 0.0), chosen)
    editions = tuple(queries.input_editions(session, on, request.types, request.barriers))
    return AccessDocument(
        on=on,
        synthetic=any(edition.synthetic for edition in editions),
        parameters=_parameters(ask, state),
        inputs=editions,
        counts="places" if state.ground.counting is Counting.PLACES_ONLY else "residents",
        points=points.model_copy(update={"reached_by_nobody": reached_by_nobody, "shared": found.shared}),
        everybody=sheet.everybody(),
        groups=tuple(_groups(session, state, sheet, areas, on)),
        notes=tuple(_notes(state, points)),
        code_version=code_version(),
    )


def _supply(session: Session, state: WalkState, ask: AccessAsk) -> tuple[Numbers, SuppliedPoints]:
    """Return the capacity of each point that takes part, nought for the others, and how many there are of each."""
    ids, types = state.points["point_id"].to_pylist(), state.points["type"].to_pylist()
    own, given = point_queries.capacities(session, ids), {str(type_): value for type_, value in ask.capacities}
    known = [own.get(point_id, given.get(type_)) for point_id, type_ in zip(ids, types, strict=True)]
    joined = state.point_snap.edge >= 0
    capacity = np.array([0.0 if value is None else float(value) for value in known]) * joined
    has = np.array([value is not None for value in known], dtype=bool)
    by_type = [point_id not in own and type_ in given for point_id, type_ in zip(ids, types, strict=True)]
    return capacity, SuppliedPoints(
        total=len(ids),
        taking_part=int((has & joined).sum()),
        capacity_unknown=int((~has).sum()),
        capacity_given=sum(by_type),
        not_connectable=int((~joined).sum()),
        reached_by_nobody=0,
        capacity=float(capacity.sum()),
        shared=0.0,
    )


def _pairs(state: WalkState, limit_cs: int) -> SparseTimes:
    """Return the walks between points and places within a limit, each the way that was asked for."""
    trip = state.question.trip
    return times_to_places(
        state.network.graph,
        state.back_costs if trip is Trip.FROM_POINT else state.costs,
        points=state.point_snap,
        places=state.place_snap,
        trip=trip,
        limit_cs=limit_cs,
        back=state.back_costs,
    )


@dataclass(frozen=True, eq=False)
class _Sheet:
    """What each place has, how many live there, and which of them are asked about."""

    value: Numbers
    residents: Numbers
    chosen: NDArray[np.bool_]

    def everybody(self) -> EquityRow:
        """Return the row of all who are asked about."""
        (row,) = self.rows(np.zeros(len(self.value), dtype=np.int64), [("", "", None)])
        return row

    def rows(
        self, group: NDArray[np.int64], names: Iterable[tuple[str, str, str | None]], *, empty: bool = True
    ) -> list[EquityRow]:
        """Return a row for each group by its (code, name, parent), those without a place where ``empty``."""
        named = list(names)
        found = kernel.equity(self.value, self.residents, np.where(self.chosen, group, -1), len(named))
        rows = []
        for i, (code, name, parent) in enumerate(named):
            if found.places[i] or empty:
                numbers = {key: _known(getattr(found, key)[i]) for key in ("mean", "least", "gini")}
                amounts = {key: float(getattr(found, key)[i]) for key in ("residents", "without")}
                places = int(found.places[i])
                rows.append(EquityRow(code=code, name=name, parent_code=parent, places=places, **numbers, **amounts))
        return rows


def _known(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)


def _groups(
    session: Session, state: WalkState, sheet: _Sheet, areas: "gpd.GeoDataFrame", on: date
) -> Iterable[EquityGroup]:
    """Return the groups by level from the district down, by mode of the town, and by land use."""
    for level, grouping in state.place_area.items():
        of_level = areas[areas["level"] == level]
        if len(of_level):
            number = {code: i for i, code in enumerate(of_level["code"])}
            of_code = np.array([number.get(code, -1) for code in grouping.codes] or [-1])
            group = np.where(grouping.index >= 0, of_code[grouping.index], -1)
            parents = (parent if isinstance(parent, str) else None for parent in of_level["parent_code"])
            named = zip(of_level["code"], of_level["name"], parents, strict=True)
            yield EquityGroup(by=level, assessed=True, rows=tuple(sheet.rows(group, named)))
    yield _by_mode(session, state, sheet, on)
    yield _by_land_use(session, state, sheet, on)


def _by_mode(session: Session, state: WalkState, sheet: _Sheet, on: date) -> EquityGroup:
    """Return the groups by the mode of the place's town; towns without a mode are one group."""
    decided = {code: str(decision.mode) for code, decision in decisions(session, on).items()}
    grouping = state.place_area.get(AreaLevel.TOWN)
    if grouping is None or not decided:
        return EquityGroup(by="town_mode", assessed=False, rows=())
    modes = [*sorted(set(decided.values())), "undecided"]
    of_town = np.array([modes.index(decided.get(code, "undecided")) for code in grouping.codes])
    group = np.where(grouping.index >= 0, of_town[grouping.index], -1)
    rows = sheet.rows(group, ((mode, mode, None) for mode in modes), empty=False)
    return EquityGroup(by="town_mode", assessed=True, rows=tuple(rows))


def _by_land_use(session: Session, state: WalkState, sheet: _Sheet, on: date) -> EquityGroup:
    """Return the groups by the use of the land that a place stands on; the first surface of several counts."""
    lonlat = lonlat_of(state.places)
    if not len(lonlat):
        return EquityGroup(by="land_use", assessed=False, rows=())
    (west, south), (east, north) = lonlat.min(axis=0).tolist(), lonlat.max(axis=0).tolist()
    ground = land_use(session, on, (west, south, east, north))
    if ground.empty:
        return EquityGroup(by="land_use", assessed=False, rows=())
    use, of_surface = np.unique(ground["code"].to_numpy(dtype=str), return_inverse=True)
    place, surface = shapely.STRtree(ground.geometry.to_numpy()).query(shapely.points(lonlat), predicate="intersects")
    first = np.full(len(lonlat), len(ground), dtype=np.int64)
    np.minimum.at(first, place, surface)
    group = np.append(of_surface, -1)[first]
    rows = sheet.rows(group, ((name, name, None) for name in use.tolist()), empty=False)
    return EquityGroup(by="land_use", assessed=True, rows=tuple(rows))


def _parameters(ask: AccessAsk, state: WalkState) -> AccessParameters:
    request, decay, profile = ask.request, ask.decay, state.profile
    return AccessParameters(
        method=decay.method.value,
        limit_s=decay.limit_s,
        zones_s=decay.zones_s,
        zone_weights=decay.zone_weights,
        exponent=decay.exponent or None,
        profile=profile.name,
        profile_edition=profile.edition,
        speed_m_per_s=profile.speed_m_per_s,
        evidence=profile.evidence,
        at=request.at,
        trip=request.trip,
        barriers=request.barriers,
        scenario=request.scenario,
        area_code=request.area_code,
        types=request.types,
        connection_limit_m=request.connection_limit_m,
        capacities=dict(ask.capacities),
    )


def _notes(state: WalkState, points: SuppliedPoints) -> Iterable[Note]:
    """Return what a reader must know before the numbers."""
    if state.ground.counting is Counting.PLACES_ONLY:
        yield Note(code="places_only", fields={"places": state.places.num_rows})
    if state.ground.counting is Counting.SPREAD:
        yield Note(code="spread", fields={})
    if points.capacity_unknown:
        yield Note(code="capacity_unknown", fields={"points": points.capacity_unknown, "total": points.total})
    if points.capacity_given:
        yield Note(code="capacity_given", fields={"points": points.capacity_given, "total": points.total})
    symmetric = state.costs.symmetric and state.costs is state.back_costs
    if not symmetric:
        yield Note(code="ways_differ", fields={})
