"""Residents counted by group, status, time band and age, exactly: in whole 2⁻³⁴ parts of a resident.

Sums of whole numbers do not depend on their order, so what is counted at once and what is counted by subtracting and
adding places one by one agree to the bit. Whole residents stay whole; a fraction is off by at most 2⁻³⁵.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridmgmt.analysis import compiled as compiler
from gridmgmt.analysis.compiled import compiled
from gridmgmt.analysis.status import PlaceStatus
from gridmgmt.analysis.walking.model import NO_WAY
from gridmgmt.errors import InputError

FIXED_SHIFT = 34
MOST_RESIDENTS = 1 << (63 - FIXED_SHIFT)
"""As many residents do not fit any more (some 537 million)."""

_N_STATUSES = len(PlaceStatus)


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """What has been counted in each group; sums in 2⁻³⁴ residents, see :func:`from_fixed`.

    ``places`` is ``(n_groups, n_statuses)``, ``by_status`` ``(n_groups, n_statuses, n_columns)`` and ``by_band``
    ``(n_groups, n_bands, n_columns)``, all int64. Statuses are those of :class:`PlaceStatus`, in their order; a band
    counts the connectable places within its upper end, so it holds the bands before it.
    """

    places: NDArray[np.int64]
    by_status: NDArray[np.int64]
    by_band: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The counts behind tallies: of each row (a group of some level) and slot (status and band of a place).

    ``places`` is ``(n_rows, n_slots)``, ``sums`` ``(n_rows, n_slots, n_columns)``, both int64. The slot of a place is
    ``status · (n_bands + 1) + band``, where a band of ``n_bands`` is beyond the last.
    """

    places: NDArray[np.int64]
    sums: NDArray[np.int64]

    @classmethod
    def none(cls, n_rows: int, n_bands: int, n_columns: int) -> "Cells":
        """Return cells in which nothing is counted yet."""
        n_slots = _N_STATUSES * (n_bands + 1)
        return cls(np.zeros((n_rows, n_slots), dtype=np.int64), np.zeros((n_rows, n_slots, n_columns), dtype=np.int64))

    def tally(self, first_row: int, n_groups: int) -> Tally:
        """Return the tally of the rows ``first_row … first_row + n_groups - 1``."""
        rows = slice(first_row, first_row + n_groups)
        n_bands, n_columns = self.sums.shape[1] // _N_STATUSES - 1, self.sums.shape[2]
        sums = self.sums[rows].reshape(n_groups, _N_STATUSES, n_bands + 1, n_columns)
        connectable = sums[:, : PlaceStatus.UNCOVERED + 1].sum(axis=1)
        return Tally(
            self.places[rows].reshape(n_groups, _N_STATUSES, n_bands + 1).sum(axis=2),
            sums.sum(axis=2),
            connectable[:, :n_bands].cumsum(axis=1),
        )


def to_fixed(field: str, residents: ArrayLike) -> NDArray[np.int64]:
    """Return numbers of residents in 2⁻³⁴ parts, of the same shape, rounded half to even.

    Raises
    ------
    InputError
        When a number is negative or not finite (its row is named, from 0), or their sum is too large to be kept.
    """
    numbers = np.asarray(residents, dtype=np.float64)
    invalid = ~(np.isfinite(numbers) & (numbers >= 0))
    if invalid.any():
        where = tuple(np.argwhere(invalid)[0])
        raise InputError("count_invalid", field=field, row=int(where[0]) if where else 0, value=float(numbers[where]))
    if (most := float(np.max(numbers.sum(axis=0), initial=0.0))) >= MOST_RESIDENTS:
        raise InputError("number_out_of_range", field=field, value=most, minimum=0, maximum=MOST_RESIDENTS)
    return np.rint(np.ldexp(numbers, FIXED_SHIFT)).astype(np.int64)


def from_fixed(sums: ArrayLike) -> NDArray[np.float64]:
    """Return residents from 2⁻³⁴ parts: whole residents exactly, others to within 2⁻²⁵ of one."""
    return np.ldexp(np.asarray(sums, dtype=np.int64).astype(np.float64), -FIXED_SHIFT)


def tally(
    place_cs: NDArray[np.int32],
    status: NDArray[np.int8],
    group: NDArray[np.integer],
    n_groups: int,
    weights: NDArray[np.int64],
    bands_cs: ArrayLike,
) -> Tally:
    """Count the places of every group by status and by time band.

    Parameters
    ----------
    place_cs, status
        Walking time in hundredths of a second and :class:`PlaceStatus` of every place, ``(n,)``.
    group
        The group of every place, 0 … ``n_groups - 1``, or -1 for none, ``(n,)``.
    weights
        Residents in 2⁻³⁴ parts (:func:`to_fixed`), ``(n, n_columns)``.
    bands_cs
        Upper ends of the bands (≤ is inside) in hundredths of a second, rising.

    Raises
    ------
    InputError
        When shapes do not fit, a group is not below ``n_groups``, or the bands do not rise.
    """
    bands = checked_bands(bands_cs)
    check_weights(weights, len(place_cs))
    for field, array in (("status", status), ("group", group)):
        if array.shape != place_cs.shape:
            raise InputError("array_shape_invalid", field=field, value=array.shape, expected=place_cs.shape)
    check_groups("group", group, n_groups)
    cells = Cells.none(n_groups, len(bands), weights.shape[1])
    counted = plain(place_cs, np.int32), plain(status, np.int8), plain(group, np.int64), plain(weights, np.int64)
    if compiler.AVAILABLE:
        _count(*counted, bands, cells.places, cells.sums)
    else:
        count_by_sorting(*counted, bands, cells)
    return cells.tally(0, n_groups)


def plain(array: NDArray[Any], kind: type[np.generic]) -> NDArray[Any]:
    """Return an array as kernels are compiled for: what is read-only or has gaps would be compiled anew."""
    return np.require(array, kind, ("C", "W"))


def checked_bands(bands_cs: ArrayLike) -> NDArray[np.int32]:
    """Return the upper ends of bands in hundredths of a second, after checking that they rise."""
    bands = np.atleast_1d(np.asarray(bands_cs, dtype=np.int64))
    if bands.ndim != 1 or np.any(bands < 0) or np.any(np.diff(bands) <= 0):
        raise InputError("limit_invalid", field="bands_cs", value=bands.tolist())
    return np.minimum(bands, NO_WAY - 1).astype(np.int32)


def check_weights(weights: NDArray[np.int64], n_places: int) -> None:
    """Refuse weights that are not whole numbers of shape ``(n_places, n_columns)``."""
    if weights.ndim != 2 or len(weights) != n_places or weights.dtype != np.int64:
        found = f"{weights.dtype} {weights.shape}"
        raise InputError("array_shape_invalid", field="weights", value=found, expected=f"int64 ({n_places}, n_columns)")


def check_groups(field: str, group: NDArray[np.integer], n_groups: int) -> None:
    """Refuse groups that are not in -1 … ``n_groups - 1``."""
    if (stray := np.flatnonzero((group < -1) | (group >= n_groups))).size:
        raise InputError(
            "group_out_of_range", field=field, row=int(stray[0]), value=int(group[stray[0]]), last=n_groups - 1
        )


@compiled
def band_of_cs(place_cs: int, bands: NDArray[np.int32]) -> int:
    """Return the index of the first band that holds a time, ``len(bands)`` beyond the last."""
    band = 0
    while band < len(bands) and place_cs > bands[band]:
        band += 1
    return band


@compiled
def _count(
    place_cs: NDArray[np.int32],
    status: NDArray[np.int8],
    group: NDArray[np.integer],
    weights: NDArray[np.int64],
    bands: NDArray[np.int32],
    places: NDArray[np.int64],
    sums: NDArray[np.int64],
) -> None:
    """Add every place to the cell of its group and slot."""
    width, n_columns = len(bands) + 1, weights.shape[1]
    for i in range(len(place_cs)):
        row = group[i]
        if row < 0:
            continue
        slot = status[i] * width + band_of_cs(place_cs[i], bands)
        places[row, slot] += 1
        for column in range(n_columns):
            sums[row, slot, column] += weights[i, column]


def count_by_sorting(
    place_cs: NDArray[np.int32],
    status: NDArray[np.int8],
    group: NDArray[np.integer],
    weights: NDArray[np.int64],
    bands: NDArray[np.int32],
    cells: Cells,
) -> None:
    """Add every place to its cell without a compiler: the reference of the kernel, equal to the bit."""
    n_slots = cells.places.shape[1]
    slot = status.astype(np.int64) * (len(bands) + 1) + np.searchsorted(bands, place_cs, side="left")
    counted = np.flatnonzero(group >= 0)
    key = group[counted].astype(np.int64) * n_slots + slot[counted]
    order = np.argsort(key, kind="stable")
    found, first, number = np.unique(key[order], return_index=True, return_counts=True)
    cells.places.reshape(-1)[found] += number
    if len(found):
        cells.sums.reshape(-1, weights.shape[1])[found] += np.add.reduceat(weights[counted[order]], first, axis=0)
