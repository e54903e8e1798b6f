"""Accessibility: how much of the points' capacity falls to each resident, and how evenly it is spread.

All methods are floating catchments and differ only in the weight of a walk. A point shares its capacity among the
residents in its catchment, each counted by the weight of the walk; a place adds up the shares of the points that it
reaches, by the same weights (Luo and Wang 2003, Environment and Planning B 30.6; with zones Luo and Qi 2009, Health &
Place 15.4; with a decay of demand and supply Joseph and Bantock 1982, Social Science & Medicine 16.1). Therefore the
residents' accessibility adds up to the capacity of all points that anybody reaches.

Both steps use one time of each pair, that of the trip the table of times was made for: where out and back differ, no
direction is taken for the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.compiled import compiled
from gridmgmt.analysis.walking.model import CS_PER_S, NO_WAY, to_cs
from gridmgmt.errors import InputError

Numbers = NDArray[np.float64]
Weights = NDArray[np.float64] | NDArray[np.bool_]

ZONE_DECAY = 264 / 900
"""The β of Luo and Qi's slow decay: their zones of 10, 20 and 30 minutes weigh 1.00, 0.68 and 0.22."""
QUICK_ZONE_DECAY = 115 / 900
"""The β of their quick decay: 1.00, 0.42 and 0.03."""
LEAST_WALK_S = 60.0
"""Shorter walks weigh as this one in the power decay, which has no bound at nought."""


class Method(StrEnum):
    """How a walk is weighted."""

    TWO_STEP = "2sfca"
    """1 within the limit, 0 beyond."""
    ENHANCED_TWO_STEP = "e2sfca"
    """One weight for each zone of time, falling by a Gaussian."""
    GRAVITY_POWER = "gravity_power"
    """The walk in minutes to a negative power."""
    GRAVITY_EXPONENTIAL = "gravity_exponential"
    """Falling by the same share with each minute."""


@dataclass(frozen=True)
class Decay:
    """The weight of a walk: by method, nothing beyond ``limit_s`` (≤ is inside).

    Parameters
    ----------
    zones_s
        Ends of the zones of the enhanced method in seconds, rising, the last one the limit.
    zone_weights
        Their weights, each 0 … 1.
    exponent
        Of the power decay, ``(minutes)^-exponent``, or the share per minute of the exponential one,
        ``e^(-exponent · minutes)``.
    """

    method: Method
    limit_s: float
    zones_s: tuple[float, ...] = ()
    zone_weights: tuple[float, ...] = ()
    exponent: float = 0.0

    def of(self, cs: NDArray[np.int32]) -> Weights:
        """Return the weight of walks in hundredths of a second, of the same shape; of 0 and 1 alone a byte each."""
        limit_cs = int(to_cs(self.limit_s))
        if self.method is Method.TWO_STEP:
            return cs <= limit_cs
        if self.method is Method.ENHANCED_TWO_STEP:
            weights = np.array([*self.zone_weights, 0.0])
            return weights[np.searchsorted(to_cs(self.zones_s), cs, side="left")]
        minutes = cs / (CS_PER_S * 60.0)
        if self.method is Method.GRAVITY_POWER:
            found = np.maximum(minutes, LEAST_WALK_S / 60.0) ** -self.exponent
        else:
            found = np.exp(-self.exponent * minutes)
        return np.where(cs <= limit_cs, found, 0.0)


def two_step(limit_s: float) -> Decay:
    """Return the decay of the plain two-step method."""
    return Decay(Method.TWO_STEP, _limit(limit_s))


def enhanced_two_step(zones_s: Sequence[float], decay: float = ZONE_DECAY) -> Decay:
    """Return the zones of the enhanced method; each weighs ``exp(-(its beginning over the last end)² / decay)``.

    >>> [round(weight, 2) for weight in enhanced_two_step((600, 1200, 1800)).zone_weights]
    [1.0, 0.68, 0.22]

    Raises
    ------
    InputError
        When the ends do not rise from above nought, or the decay is not positive.
    """
    ends = tuple(float(end) for end in zones_s)
    if not ends or ends[0] <= 0 or any(a >= b for a, b in pairwise(ends)):
        raise InputError("zones_not_rising", field="zones", value=", ".join(f"{end:g}" for end in ends) or "-")
    if not decay > 0:
        raise InputError("number_not_positive", field="decay", value=decay)
    begins = np.array([0.0, *ends[:-1]]) / ends[-1]
    weights = tuple(np.exp(-(begins**2) / decay).tolist())
    return Decay(Method.ENHANCED_TWO_STEP, _limit(ends[-1]), ends, weights)


def gravity(method: Method, exponent: float, limit_s: float) -> Decay:
    """Return a decay without zones.

    Raises
    ------
    InputError
        When the exponent or the limit is not positive.
    """
    if not (np.isfinite(exponent) and exponent > 0):
        raise InputError("number_not_positive", field="exponent", value=exponent)
    return Decay(method, _limit(limit_s), exponent=exponent)


@dataclass(frozen=True, eq=False)
class Accessibility:
    """What each place and each point has of one another.

    Parameters
    ----------
    place
        Capacity that falls to one resident of each place, ``(n_places,)``.
    demand
        Weighted residents in the catchment of each point, ``(n_points,)``; nought where nobody reaches it.
    ratio
        Capacity of each point over its demand, ``(n_points,)``; nought where there is no demand.
    shared
        Capacity of all points that have demand: what ``place × residents`` adds up to.
    """

    place: Numbers
    demand: Numbers
    ratio: Numbers
    shared: float


def accessibility(
    pairs: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]],
    decay: Decay,
    *,
    residents: Numbers,
    capacity: Numbers,
) -> Accessibility:
    """Return the accessibility of every place by two sparse products.

    Parameters
    ----------
    pairs
        ``(indptr, place, cs)``: the places that each point reaches and the walks in hundredths of a second, a row for
        each point; pairs that are not there are out of reach.
    residents
        ``(n_places,)``, none negative.
    capacity
        ``(n_points,)``, none negative; nought for a point that is left out.

    Raises
    ------
    InputError
        When residents or a capacity are negative or not a number, or the shapes do not fit.
    """
    indptr, place, cs = pairs
    _check_amounts("residents", residents)
    _check_amounts("capacity", capacity)
    if len(indptr) != len(capacity) + 1 or (len(place) and not 0 <= place.min() <= place.max() < len(residents)):
        raise InputError("array_shape_invalid", field="pairs", value=indptr.shape, expected=(len(capacity) + 1,))
    # Checked above, so that the kernel need not look for indices below nought.
    rows, columns = indptr.astype(np.uint64), place.astype(np.int32, copy=False).view(np.uint32)
    at_place, demand, ratio = _share(rows, columns, decay.of(cs), residents, capacity)
    return Accessibility(at_place, demand, ratio, float(capacity[demand > 0].sum()))


@compiled
def _share(
    indptr: NDArray[np.uint64], place: NDArray[np.uint32], weight: Weights, residents: Numbers, capacity: Numbers
) -> tuple[Numbers, Numbers, Numbers]:
    """Return what falls to each place, the demand of each point and its capacity over it: two sparse products."""
    at_place, demand, ratio = np.zeros(len(residents)), np.zeros(len(capacity)), np.zeros(len(capacity))
    for point in range(len(capacity)):
        total = 0.0
        for k in range(indptr[point], indptr[point + 1]):
            total += weight[k] * residents[place[k]]
        demand[point] = total
        if total > 0:
            ratio[point] = capacity[point] / total
    for point in range(len(capacity)):
        share = ratio[point]
        for k in range(indptr[point], indptr[point + 1]):
            at_place[place[k]] += weight[k] * share
    return at_place, demand, ratio


def weighted_gini(values: Numbers, weights: Numbers, group: NDArray[np.int64], n_groups: int) -> Numbers:
    """Return the Gini coefficient of each group ``(n_groups,)``: 0 all have the same, towards 1 one has everything.

    The mean difference of all pairs of residents over twice the mean, of values each held by so many residents; equal
    values are one step of the curve, so their order changes nothing. NaN where a group has no residents or nothing.

    Parameters
    ----------
    values
        ``(n,)``, none negative.
    weights
        ``(n,)``, the residents that have each value.
    group
        ``(n,)``, 0 … n_groups-1, -1 for none.
    """
    used = (group >= 0) & (weights > 0)
    value, weight, of = values[used], weights[used], group[used]
    order = np.lexsort((value, of))
    value, weight, of = value[order], weight[order], of[order]
    begins = np.ones(len(of), dtype=bool)
    begins[1:] = (of[1:] != of[:-1]) | (value[1:] != value[:-1])
    first = np.flatnonzero(begins)
    weight = np.add.reduceat(weight, first) if len(first) else weight
    value, of = value[first], of[first]
    total = np.bincount(of, weight, n_groups)
    mass = np.bincount(of, weight * value, n_groups)
    before = np.cumsum(weight) - weight
    below = before - before[np.searchsorted(of, of, side="left")] if len(of) else before
    above = total[of] - below - weight
    spread = np.bincount(of, weight * value * (below - above), n_groups)
    found: Numbers = np.divide(spread, total * mass, out=np.full(n_groups, np.nan), where=total * mass > 0)
    return found


@dataclass(frozen=True, eq=False)
class Equity:
    """How accessibility is spread in each group, each ``(n_groups,)``; NaN where a group has no residents.

    ``mean`` is of residents, ``least`` of places with residents, ``without`` the residents who have nothing.
    """

    places: NDArray[np.int64]
    residents: Numbers
    mean: Numbers
    least: Numbers
    without: Numbers
    gini: Numbers


def equity(values: Numbers, weights: Numbers, group: NDArray[np.int64], n_groups: int) -> Equity:
    """Return mean, least and Gini of the values of each group (see :func:`weighted_gini`)."""
    used = (group >= 0) & (weights > 0)
    value, weight, of = values[used], weights[used], group[used]
    residents: Numbers = np.bincount(of, weight, n_groups).astype(np.float64)
    mass = np.bincount(of, weight * value, n_groups)
    least = np.full(n_groups, np.inf)
    np.minimum.at(least, of, value)
    some = residents > 0
    return Equity(
        places=np.bincount(group[group >= 0], minlength=n_groups),
        residents=residents,
        mean=np.divide(mass, residents, out=np.full(n_groups, np.nan), where=some),
        least=np.where(some, least, np.nan),
        without=np.bincount(of, weight * (value == 0), n_groups).astype(np.float64),
        gini=weighted_gini(values, weights, group, n_groups),
    )


def _limit(limit_s: float) -> float:
    if not (limit_s > 0 and limit_s * CS_PER_S < NO_WAY):
        raise InputError("number_not_positive", field="limit_s", value=limit_s)
    return float(limit_s)


def _check_amounts(field: str, amounts: Numbers) -> None:
    if (bad := amounts[~((amounts >= 0) & np.isfinite(amounts))]).size:
        raise InputError("amount_negative", field=field, value=float(bad[0]))
