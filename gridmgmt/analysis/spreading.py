"""Residents known for whole areas, spread over the places of each, and what is certain of any part of them.

Everybody is spread in proportion to a weight: floor area, or the length of street that a place stands for. Nobody
knows that people live so evenly. So each place is said to hold between half and twice its share, while the area keeps
its total: whatever is counted of some places of an area then lies between two numbers, which are exact (a knapsack
whose things may be cut, of two kinds: those that are counted and those that are not).

Numbers of residents are whole parts of 2⁻³⁴ (see :mod:`gridmgmt.analysis.walking.tally`), so that the places of an
area sum to its total to the bit.
"""

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Wholes = NDArray[np.int64]

LEAST_SHARE, MOST_SHARE = 0.5, 2.0
"""Between these multiples of its proportional share each place holds of its area's residents."""
FRONTAGE_M = 30.0
"""A place on a street stands for at most so many metres of it."""


def shares(totals: Wholes, area: NDArray[np.integer], weight: Floats) -> Wholes:
    """Return what each place has of its area's residents, in proportion to its weight.

    Parameters
    ----------
    totals
        Residents of each area, by column, ``(n_areas, n_columns)``, in 2⁻³⁴.
    area
        The area of each place, ``(n,)``; every area with places has a positive weight among them.
    weight
        The weight of each place, ``(n,)``, not negative.

    Returns
    -------
    NDArray[np.int64]
        ``(n, n_columns)``; the places of an area sum to its total exactly. What rounding leaves goes to the next place
        in order, so that no place is more than one part of 2⁻³⁴ beside its share for each 2⁵³ of them in the area.
    """
    order = np.argsort(area, kind="stable")
    first = np.flatnonzero(np.diff(area[order], prepend=-1))
    count = np.diff(np.append(first, len(order)))
    last = first + count - 1
    summed = np.concatenate([np.empty(0), *map(np.cumsum, np.split(weight[order], first[1:]))])
    of_area = totals[area[order]]
    upto = np.rint(of_area * (summed / np.repeat(summed[last], count))[:, None]).astype(np.int64)
    upto = np.minimum(upto, of_area)
    upto[last] = of_area[last]
    own = np.diff(upto, axis=0, prepend=0)
    own[first] = upto[first]
    found: Wholes = np.empty_like(own)
    found[order] = own
    return found


def count_bounds(part: ArrayLike, whole: ArrayLike) -> tuple[Wholes, Wholes]:
    """Return how few and how many residents may live in some places of an area, doubled, in the units given.

    ``part`` is what the places have by their shares, ``whole`` what the area has. Counted places hold at least half
    their shares and at most twice; the others of the area do too, and the total is kept: least is
    ``max(part / 2, whole - 2 (whole - part))``, most ``min(2 part, whole - (whole - part) / 2)``. Doubled, both are
    whole numbers, up to 2⁶³ / 4.
    """
    some, every = np.asarray(part, dtype=np.int64), np.asarray(whole, dtype=np.int64)
    return np.maximum(some, 4 * some - 2 * every), np.minimum(4 * some, every + some)


def place_bounds(share: Wholes, area: NDArray[np.integer]) -> tuple[Wholes, Wholes]:
    """Return how few and how many residents each place ``(n,)`` may hold, doubled, see :func:`count_bounds`.

    An area's only place holds all of them.
    """
    return count_bounds(share, sums(share, area, int(area.max(initial=-1)) + 1)[area])


def sums(values: Wholes, group: NDArray[np.integer], n_groups: int) -> Wholes:
    """Return the exact sum of each group's values."""
    found = np.zeros(n_groups, dtype=np.int64)
    np.add.at(found, group, values)
    return found


def range_by_group(
    values: Wholes, group: NDArray[np.integer], n_groups: int, source: NDArray[np.integer], whole: Wholes
) -> tuple[Wholes, Wholes]:
    """Return how few and how many residents may live in the places of each group, doubled.

    Parameters
    ----------
    values
        Residents of each place that is counted, ``(n,)``.
    group
        The group that it is counted in, ``(n,)``, 0 … ``n_groups`` - 1.
    source
        The area that its residents were spread from, ``(n,)``; the places of one area may be in several groups.
    whole
        The residents of each of those areas, wherever its places are counted.
    """
    pairs, number = np.unique(group.astype(np.int64) * len(whole) + source, return_inverse=True)
    least, most = count_bounds(sums(values, number, len(pairs)), whole[pairs % max(len(whole), 1)])
    of_pair = pairs // max(len(whole), 1)
    return sums(least, of_pair, n_groups), sums(most, of_pair, n_groups)


def frontage(lines: NDArray[np.object_], length_m: Floats) -> tuple[Floats, Floats]:
    """Return places along streets, each for an equal piece of at most :data:`FRONTAGE_M` metres.

    Parameters
    ----------
    lines
        Streets in degrees, ``(n,)``.
    length_m
        Their lengths, ``(n,)``.

    Returns
    -------
    tuple
        The middles of the pieces in degrees, ``(m, 2)``, and the metres that each stands for, ``(m,)``.
    """
    pieces = np.maximum(np.ceil(length_m / FRONTAGE_M), 1).astype(np.int64)
    street = np.repeat(np.arange(len(lines)), pieces)
    number = np.arange(len(street)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    # A degree of longitude is shorter: pieces are measured on lines drawn to one scale.
    north = np.deg2rad(shapely.get_y(shapely.get_point(lines, 0)).mean()) if len(lines) else 0.0
    scale = np.array([np.cos(north), 1.0])
    scaled = shapely.transform(lines, lambda lonlat: lonlat * scale)
    middles = shapely.line_interpolate_point(scaled[street], (number + 0.5) / pieces[street], normalized=True)
    return shapely.get_coordinates(middles) / scale, (length_m / pieces)[street]
