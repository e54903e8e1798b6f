"""What a plan is worth under other circumstances: slower walkers, a gate that is shut, the residents of before."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts, Trip, WalkProfile
from gridmgmt.analysis.walking.rounds import nearest_trip
from gridmgmt.analysis.walking.search import Nearest
from gridmgmt.analysis.walking.spots import towards
from gridmgmt.analysis.walking.tally import from_fixed, to_fixed
from gridmgmt.coverage.compute import lonlat_of, of_places, within
from gridmgmt.coverage.ways import FirstGates
from gridmgmt.db import Session
from gridmgmt.editions.queries import editions
from gridmgmt.editions.rules import Counting, Subject
from gridmgmt.placeability.rules import slow_pace
from gridmgmt.population.models import RESIDENT_COLUMNS
from gridmgmt.population.queries import places
from gridmgmt.siting.document import PlanStress
from gridmgmt.siting.problem import Inputs, Problem
from gridmgmt.walking.state import WalkState

MOST_SPEEDS = 4

Fixed = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Former:
    """The places of the population edition before, those asked about alone: where they join, and their residents."""

    edition: str
    snap: Snap
    weight: Fixed


def former_population(session: Session, inputs: Inputs) -> Former | None:
    """Return the places of the population edition before the one in force; None where there is none."""
    on, state = inputs.terms.walk.on, inputs.state
    before = _day_before(session, on)
    if before is None:
        return None
    day, name, counting = before
    table = places(session, day)
    lonlat = lonlat_of(table)
    asked = np.ones(len(lonlat), dtype=np.bool_) if inputs.area is None else within(inputs.area, lonlat)
    column = ("residents_60_plus", *RESIDENT_COLUMNS)[inputs.terms.column]
    residents = 1.0 if counting is Counting.PLACES_ONLY else np.nan_to_num(table[column].to_numpy())
    weight = np.broadcast_to(to_fixed(column, residents), len(lonlat))
    extra_m = table["connect_extra_m"].to_numpy()
    snap = state.network.snap_places(lonlat[asked], extra_m[asked], inputs.terms.walk.connection_limit_m)
    return Former(name, snap, weight[asked])


def _day_before(session: Session, on: date) -> tuple[date, str, Counting] | None:
    """Return the last day of the population edition before, its name, and how it was counted."""
    found: tuple[date, str, Counting] | None = None
    present = [
        each for each in editions(session, subject=Subject.POPULATION) if each.valid_from and each.valid_from <= on
    ]
    for each in present[:-1]:
        begun, ended = each.valid_from, each.valid_to
        if begun and ended and begun < ended and ended <= (present[-1].valid_from or on):
            found = ended - timedelta(days=1), each.name, Counting(each.counting or Counting.COUNTED)
    return found


def stresses(inputs: Inputs, problem: Problem, chosen: Snap, former: Former | None) -> tuple[PlanStress, ...]:
    """Return what the plan is worth otherwise; ``chosen`` is where its points join the network."""
    state = inputs.state
    asked = _Asked(state, _part(state.place_snap, problem.reach.place), problem.demand.weight, problem.limit_cs, chosen)
    return (*_slower(inputs, asked), *_gate_shut(problem, asked), *_residents_before(asked, former))


@dataclass(frozen=True, eq=False)
class _Asked:
    """Places with their residents, and the points that a plan adds."""

    state: WalkState
    places: Snap
    weight: Fixed
    limit_cs: int
    chosen: Snap

    def nearest(self, points: Snap, there: EdgeCosts, back: EdgeCosts) -> Nearest:
        state = self.state
        return nearest_trip(
            state.network.graph, there, back,
            points=points, places=self.places, trip=state.question.trip, limit_cs=self.limit_cs,
        )  # fmt: skip

    def stress(self, kind: str, words: dict[str, str | float | None], there: EdgeCosts, back: EdgeCosts) -> PlanStress:
        """Return whom open points, and these with the plan's, cover under some costs."""
        before = self.nearest(self.state.point_snap, there, back).place_cs <= self.limit_cs
        after = before | (self.nearest(self.chosen, there, back).place_cs <= self.limit_cs)
        return PlanStress(
            kind=kind,
            words=words,
            residents=_sum(self.weight),
            covered_before=_sum(self.weight[before]),
            covered_after=_sum(self.weight[after]),
        )


def _slower(inputs: Inputs, asked: _Asked) -> Iterator[PlanStress]:
    """Yield the plan at slower speeds, the slowest first."""
    state = inputs.state
    for speed in slower_speeds(state.profile, inputs.profiles):
        profile, minute = replace(state.profile, speed_m_per_s=speed), state.question.minute
        there = state.network.costs(profile, at=minute, leg=Trip.TO_POINT)
        back = state.network.costs(profile, at=minute, leg=Trip.FROM_POINT) if state.network.has_cards else there
        yield asked.stress("speed", {"speed_m_per_s": speed}, there, back)


def slower_speeds(own: WalkProfile, profiles: Sequence[WalkProfile]) -> tuple[float, ...]:
    """Return the speeds to try, rising: that of slow walkers, and those of slower profiles nearest to the asked one's.

    Speeds that agree to the centimetre a second are one.
    """
    slow = slow_pace(own, profiles)
    others = {profile.speed_m_per_s for profile in profiles if profile.speed_m_per_s < own.speed_m_per_s}
    found = [] if slow is None else [slow.speed_m_per_s]
    for speed in sorted(others, reverse=True):
        if len(found) < MOST_SPEEDS and all(abs(speed - known) >= 0.01 for known in found):
            found.append(speed)
    return tuple(sorted(found))


def _gate_shut(problem: Problem, asked: _Asked) -> Iterable[PlanStress]:
    """Return the plan with the gate shut that most of the newly covered walk through first; nothing without gates."""
    state = asked.state
    if not state.network.gates:
        return
    gate = _busiest_gate(problem, asked)
    if gate is None:
        return
    edges = np.flatnonzero(state.network.gate == gate)
    there = _closed(state.costs, edges)
    back = there if state.back_costs is state.costs else _closed(state.back_costs, edges)
    found = state.network.gates[gate]
    yield asked.stress("gate", {"gate": found.code, "name": found.name}, there, back)


def _busiest_gate(problem: Problem, asked: _Asked) -> int | None:
    """Return the index of the first gate of most residents newly covered; of a round trip that on the way there."""
    state, trip = asked.state, asked.state.question.trip
    way = Trip.TO_POINT if trip is Trip.ROUND else trip
    costs = towards(state.back_costs if way is Trip.FROM_POINT else state.costs, way)
    found = nearest_trip(
        state.network.graph, state.costs, state.back_costs, points=asked.chosen, places=asked.places, trip=way
    )  # fmt: skip
    fresh = (found.place_cs <= asked.limit_cs) & (problem.demand.before_cs > asked.limit_cs) & (asked.weight > 0)
    first, passed = FirstGates(state.network, costs, found, asked.places), np.zeros(len(state.network.gates), np.int64)
    for place in np.flatnonzero(fresh).tolist():
        if (gate := first.index(place)) >= 0:
            passed[gate] += asked.weight[place]
    return int(passed.argmax()) if passed.any() else None


def _residents_before(asked: _Asked, former: Former | None) -> Iterable[PlanStress]:
    if former is None:
        return
    then = replace(asked, places=former.snap, weight=former.weight)
    yield then.stress("population", {"edition": former.edition}, asked.state.costs, asked.state.back_costs)


def _closed(costs: EdgeCosts, edges: NDArray[np.intp]) -> EdgeCosts:
    """Return costs under which some edges cannot be walked."""
    out_cs, back_cs = costs.out_cs.copy(), costs.back_cs.copy()
    out_cs[edges] = back_cs[edges] = NO_WAY
    return EdgeCosts(out_cs, back_cs, costs.speed_m_per_s)


def _part(snap: Snap, place: NDArray[np.intp]) -> Snap:
    return Snap(of_places(snap.edge, place), of_places(snap.fraction, place), of_places(snap.distance_m, place))


def _sum(weight: Fixed) -> float:
    return float(from_fixed(weight.sum()))
