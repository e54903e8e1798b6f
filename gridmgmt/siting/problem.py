"""From the warm state of walking and the candidates to what the models are asked with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.siting.model import Candidates, Demand, SitingModel
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.matrix import SparseTimes, times_to_places
from gridmgmt.analysis.walking.model import NO_WAY, WalkProfile, to_cs
from gridmgmt.analysis.walking.tally import to_fixed
from gridmgmt.areas.rules import RANK, AreaLevel
from gridmgmt.coverage.assemble import AreasOfLevel, levels_of
from gridmgmt.coverage.compute import Reach, has_ages, lonlat_of, reach, within
from gridmgmt.coverage.document import InputEdition
from gridmgmt.errors import InputError
from gridmgmt.frames import geometries
from gridmgmt.siting.candidates import Field, conflicts
from gridmgmt.siting.rules import ALL_AGES, SitingTerms
from gridmgmt.walking.state import WalkState

_NAMED = 3
FAR_MODELS = (SitingModel.P_MEDIAN, SitingModel.P_CENTER)
"""They look at walks beyond the limit too."""
MAX_WALKS = 50_000_000
"""Walks between candidates and places within the horizon; a search takes some 60 bytes for each."""
_WALKS_AT_ONCE = 20_000_000
"""So many candidates are looked at together that they have no more walks than this."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """Everything that a run reads from the database before its candidates.

    ``norms`` are the norm sets by which candidates are judged, ``areas`` those that figures are told of, ``area`` the
    shape of the one that is asked about, ``profiles`` all in force.
    """

    terms: SitingTerms
    state: WalkState
    editions: tuple[InputEdition, ...]
    norms: tuple[str, ...]
    areas: pa.Table
    area: shapely.Geometry | None
    profiles: Sequence[WalkProfile]


@dataclass(frozen=True, eq=False)
class Problem:
    """What the models are asked with, and what its indices stand for.

    Demand ``i`` is place ``reach.place[i]`` of the state, candidate ``j`` is ``eligible[j]`` of the field. ``weights``
    is ``(n, 6)`` as the state's, ``levels`` the areas that places lie in, the highest level first; ``quarters`` the
    lowest of them, whose areas are the groups of the demand.
    """

    reach: Reach
    weights: NDArray[np.int64]
    levels: Sequence[AreasOfLevel]
    eligible: NDArray[np.intp]
    demand: Demand
    candidates: Candidates
    limit_cs: int
    horizon_cs: int

    @property
    def quarters(self) -> AreasOfLevel | None:
        """The areas of the lowest level, None where none is loaded."""
        return self.levels[-1] if self.levels else None

    @property
    def model_cs(self) -> int:
        """The limit that the model is asked with."""
        return self.horizon_cs

    def row(self, candidate: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the demand within the horizon of a candidate, and the walks."""
        times = self.candidates.times
        here = slice(int(times.indptr[candidate]), int(times.indptr[candidate + 1]))
        return times.place[here], times.cs[here]


def area_of(areas: pa.Table, code: str) -> shapely.Geometry:
    """Return the shape of an area by its code, of several levels with one code the highest's."""
    same = areas.filter(pc.equal(areas["code"], code))
    ranks = [RANK[AreaLevel(level)] for level in same["level"].to_pylist()]
    shape: shapely.Geometry = geometries(same["geom"])[int(np.argmin(ranks))]
    return shape


def build(inputs: Inputs, field: Field) -> Problem:
    """Return the problem of a run.

    Raises
    ------
    InputError
        When no residents of the asked age are known, no candidate is left, fewer are left than points are asked for,
        the capacity of one is not known to a model that needs it, or there are too many walks to keep.
    """
    terms, state = inputs.terms, inputs.state
    lonlat = lonlat_of(state.places)
    asked = np.arange(len(lonlat)) if inputs.area is None else np.flatnonzero(within(inputs.area, lonlat))
    found = reach(state, asked, terms.limit_s)
    if terms.residents != ALL_AGES and not has_ages(state):
        raise InputError("siting_ages_unknown", field="residents", value=terms.residents)
    eligible = field.eligible
    _check_enough(terms, field, len(eligible))
    limit_cs = int(to_cs(terms.limit_s))
    horizon_cs = int(to_cs(terms.horizon_s)) if terms.model in FAR_MODELS else limit_cs
    levels = levels_of(inputs.areas, found.lonlat)
    weights = state.weights[asked]
    return Problem(
        reach=found,
        weights=weights,
        levels=levels,
        eligible=eligible,
        demand=_demand(weights[:, terms.column], found, levels),
        candidates=Candidates(
            walks(state, field.snap_of(eligible), asked, horizon_cs),
            conflicts(field.xy_m[eligible], terms.spacing_m),
            _capacity(terms, field, eligible),
        ),
        limit_cs=limit_cs,
        horizon_cs=horizon_cs,
    )


def walks(state: WalkState, points: Snap, place: NDArray[np.intp], limit_cs: int) -> SparseTimes:
    """Return the walks between spots and some places of a state, by the trip of its question.

    Raises
    ------
    InputError
        When there are more than :data:`MAX_WALKS`.
    """
    every = state.place_snap
    places = Snap(every.edge[place], every.fraction[place], every.distance_m[place])
    at_once = max(1, _WALKS_AT_ONCE // max(1, len(place)))
    found: list[SparseTimes] = []
    for first in range(0, max(1, len(points.edge)), at_once):
        some = slice(first, first + at_once)
        found.append(
            times_to_places(
                state.network.graph,
                state.costs,
                points=Snap(points.edge[some], points.fraction[some], points.distance_m[some]),
                places=places,
                trip=state.question.trip,
                limit_cs=min(limit_cs, NO_WAY - 1),
                back=state.back_costs,
            )
        )
        count = sum(len(each.place) for each in found)
        if count > MAX_WALKS:
            raise InputError(
                "siting_walks_too_many",
                field="candidates", value=len(points.edge), places=len(place), minutes=round(limit_cs / 6_000, 1),
                maximum=MAX_WALKS,
            )  # fmt: skip
    return _joined(found)


def _joined(parts: Sequence[SparseTimes]) -> SparseTimes:
    """Return the rows of all parts as one."""
    if len(parts) == 1:
        return parts[0]
    counts = np.concatenate([np.diff(each.indptr) for each in parts])
    return SparseTimes(
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        np.concatenate([each.place for each in parts]),
        np.concatenate([each.cs for each in parts]),
    )


def _demand(weight: NDArray[np.int64], found: Reach, levels: Sequence[AreasOfLevel]) -> Demand:
    before_cs = np.ascontiguousarray(found.table.time_cs, dtype=np.int32)
    group = levels[-1].of_place.astype(np.int32) if levels else np.full(len(weight), -1, dtype=np.int32)
    return Demand(np.ascontiguousarray(weight), before_cs, group, len(levels[-1].codes) if levels else 0)


def _check_enough(terms: SitingTerms, field: Field, eligible: int) -> None:
    if eligible >= (terms.points or 1):
        return
    out: dict[str, list[str]] = {}
    for given, reason in zip(field.given, field.reason, strict=True):
        if reason is not None:
            out.setdefault(reason, []).append(given.called)
    raise InputError(
        "siting_too_few_eligible",
        field="points", value=terms.points or 1, given=len(field.given), eligible=eligible,
        reasons="; ".join(f"{reason} {len(names)} ({_named(names)})" for reason, names in sorted(out.items())) or "-",
    )  # fmt: skip


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")


def _capacity(terms: SitingTerms, field: Field, eligible: NDArray[np.intp]) -> NDArray[np.int64] | None:
    if terms.model is not SitingModel.CAPACITATED:
        return None
    known = [field.given[i].attributes.capacity for i in eligible.tolist()]
    values = [terms.capacity if each is None else each for each in known]
    missing = [field.given[i].called for i, value in zip(eligible.tolist(), values, strict=True) if value is None]
    if missing:
        raise InputError("siting_capacity_unknown", field="capacity", value=len(missing), example=missing[0])
    return to_fixed("capacity", np.array(values, dtype=np.float64))
