"""What each edge costs a walker: vectors over edges, so that another profile needs no other graph."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts, Trait, WalkProfile, to_cs
from gridmgmt.errors import InputError

_BY_WHEELS = Trait.RAMP | Trait.LIFT

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def edge_costs(
    length_m: ArrayLike,
    traits: ArrayLike,
    slope: ArrayLike,
    profile: WalkProfile,
    *,
    closed_out: ArrayLike | None = None,
    closed_back: ArrayLike | None = None,
) -> EdgeCosts:
    """Return what every edge costs both ways; all arrays are of shape ``(n_edges,)``.

    The time on an edge is its length over the profile's speed, times the larger factor of its surface, times the factor
    of steps or of the slope, plus the wait at a crossing. The speed on a slope ``s`` follows Tobler's hiking function,
    ``exp(-3.5 |s + 0.05|)`` (W. Tobler, Three presentations on geographical analysis and modeling, NCGIA 93-1, 1993),
    over its value on the flat. Steps have a factor of their own, so that slope neither slows nor forbids them; where
    the profile forbids steps, those with a ramp or a lift are walked as on the flat.

    Parameters
    ----------
    length_m
        Metres.
    traits
        Sums of :class:`~gridmgmt.analysis.walking.model.Trait`.
    slope
        Rise over run from source to target; NaN where it is not known, which costs as the flat.
    closed_out, closed_back
        Edges that cannot be walked from source to target, and from target to source; None for none.

    Raises
    ------
    InputError
        When the arrays differ in length, the speed is not positive, or a length is negative or not a number.
    """
    if not (np.isfinite(profile.speed_m_per_s) and profile.speed_m_per_s > 0):
        raise InputError("number_not_positive", field="speed_m_per_s", value=profile.speed_m_per_s)
    lengths = np.asarray(length_m, dtype=np.float64)
    kinds = _vector("traits", traits, lengths.shape).astype(np.int64)
    slopes = _vector("slope", slope, lengths.shape).astype(np.float64)
    flat_s = lengths / profile.speed_m_per_s * _level_factor(kinds, profile)
    wait_s = np.where(kinds & Trait.CROSSING, profile.crossing_s, 0.0)
    forbidden = _forbidden(kinds, slopes, profile)

    def cost(uphill: Floats | None, closed: ArrayLike | None) -> NDArray[np.int32]:
        time_s = flat_s + wait_s if uphill is None else flat_s * _tobler_factor(uphill) + wait_s
        shut = forbidden if closed is None else forbidden | _vector("closed", closed, lengths.shape).astype(np.bool_)
        return np.where(shut, NO_WAY, np.maximum(to_cs(time_s), 1)).astype(np.int32)

    uphill = np.where(np.isnan(slopes) | _any(kinds, Trait.STEPS), 0.0, slopes) if profile.slope else None
    out_cs = cost(uphill, closed_out)
    if uphill is None and closed_out is closed_back:
        return EdgeCosts(out_cs, out_cs, profile.speed_m_per_s)
    return EdgeCosts(out_cs, cost(None if uphill is None else -uphill, closed_back), profile.speed_m_per_s)


def _level_factor(kinds: NDArray[np.int64], profile: WalkProfile) -> Floats:
    """Return time on each edge's surface and steps over time on a paved way."""
    surface = np.where(_any(kinds, Trait.UNPAVED), profile.unpaved_factor, 1.0)
    surface = np.where(_any(kinds, Trait.ROUGH), np.maximum(surface, profile.rough_factor), surface)
    if profile.steps_factor is None:
        return surface
    return surface * np.where(_any(kinds, Trait.STEPS), profile.steps_factor, 1.0)


def _forbidden(kinds: NDArray[np.int64], slopes: Floats, profile: WalkProfile) -> Mask:
    """Return the edges that the profile never walks."""
    steps = _any(kinds, Trait.STEPS)
    forbidden = np.zeros(len(kinds), dtype=np.bool_)
    if profile.steps_factor is None:
        forbidden |= steps & ~_any(kinds, _BY_WHEELS)
    if profile.wheelchair:
        forbidden |= _any(kinds, Trait.WHEELCHAIR_NO)
    if profile.most_slope is not None:
        forbidden |= (np.abs(slopes) > profile.most_slope) & ~steps
    return forbidden


def _tobler_factor(slope: Floats) -> Floats:
    """Return time on a slope, rise over run, over time on the flat."""
    factor: Floats = np.exp(3.5 * (np.abs(slope + 0.05) - 0.05))
    return factor


def _any(kinds: NDArray[np.int64], traits: Trait) -> Mask:
    found: Mask = (kinds & int(traits)) != 0
    return found


def _vector(field: str, values: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.generic]:
    found = np.asarray(values)
    if found.shape != shape:
        raise InputError("array_shape_invalid", field=field, value=found.shape, expected=shape)
    return found
