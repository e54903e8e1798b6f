"""What a run knows of the places it was asked about: walks, statuses, residents, and the areas they lie in."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from gridmgmt import __version__
from gridmgmt.analysis.spreading import range_by_group, sums
from gridmgmt.analysis.status import PlaceStatus
from gridmgmt.analysis.walking.model import CS_PER_S, NO_WAY, to_cs
from gridmgmt.analysis.walking.tally import from_fixed, tally
from gridmgmt.coverage.document import STATUSES, AgeBandFigures, BandFigures, CountRange, Figures
from gridmgmt.population.models import RESIDENT_COLUMNS
from gridmgmt.units import AGE_BANDS
from gridmgmt.walking.state import WalkState

S = TypeVar("S", bound=np.generic)

_CODE = ("gridmgmt.analysis", "gridmgmt.analysis.walking", "gridmgmt.walking", "gridmgmt.coverage")
"""The packages that decide the numbers."""


@dataclass(frozen=True, eq=False)
class Spread:
    """From which area each place's residents were spread, ``(n,)``, and how many each of those areas has in all."""

    source: NDArray[np.intp]
    whole: NDArray[np.int64]

    @classmethod
    def of(cls, codes: NDArray[np.object_], residents: NDArray[np.int64]) -> "Spread":
        """Return what is known by the code of each place's area; a place without one is an area of its own."""
        alone = np.array([code is None for code in codes], dtype=bool)
        source = np.empty(len(codes), dtype=np.intp)
        names, source[~alone] = np.unique(codes[~alone].astype(str), return_inverse=True)
        source[alone] = len(names) + np.arange(int(alone.sum()))
        return cls(source, sums(residents, source, len(names) + int(alone.sum())))


@dataclass(frozen=True, eq=False)
class PlaceTable:
    """What a run knows of its places, each array of shape ``(n,)``.

    ``time_cs`` is the walk in hundredths of a second. ``weight`` is ``(n, 1)`` or ``(n, 6)``: the residents of a place
    (or 1 where places are counted) and those of each age band, in the fixed point of
    :mod:`gridmgmt.analysis.walking.tally`. ``spread`` is there where residents were spread from whole areas.
    """

    status: NDArray[np.int8]
    time_cs: NDArray[np.int32]
    weight: NDArray[np.int64]
    spread: Spread | None = None


def figures_by_group(
    table: PlaceTable, group: NDArray[np.integer], n_groups: int, bands_s: Sequence[float]
) -> list[Figures]:
    """Return the figures of every group; ``group`` is ``(n,)`` with numbers 0 … n_groups-1, or -1 for none.

    A band's ``covered`` counts places that are connectable and reached within it.
    """
    walked = np.where(table.status <= PlaceStatus.UNCOVERED, table.time_cs, NO_WAY).astype(np.int32)
    counted = tally(walked, table.status, group.astype(np.int32), n_groups, table.weight, to_cs(bands_s))
    by_status, by_band = from_fixed(counted.by_status), from_fixed(counted.by_band)
    ranges = _ranges(table, walked, group, n_groups, bands_s)
    return [
        Figures(
            places=int(counted.places[i].sum()),
            age_bands=tuple(
                AgeBandFigures(band=band, **_counts(by_status[i, :, column], by_band[i, :, column], bands_s))
                for column, band in enumerate(AGE_BANDS[: table.weight.shape[1] - 1], 1)
            ),
            ranges=ranges[i],
            **_counts(by_status[i, :, 0], by_band[i, :, 0], bands_s),
        )
        for i in range(n_groups)
    ]


def _ranges(
    table: PlaceTable,
    walked: NDArray[np.int32],
    group: NDArray[np.integer],
    n_groups: int,
    bands_s: Sequence[float],
) -> list[tuple[CountRange, ...]]:
    """Return between which numbers each count of every group lies; nothing where no residents were spread."""
    if table.spread is None:
        return [()] * n_groups
    known = group >= 0
    counted = {"residents": known}
    counted |= {name: known & (table.status == index) for index, name in enumerate(STATUSES)}
    counted |= {
        BandFigures(limit_s=limit, covered=None, ratio=None).name: known & (walked <= to_cs(limit)) for limit in bands_s
    }
    found: list[list[CountRange]] = [[] for _ in range(n_groups)]
    for name, mask in counted.items():
        spread, weight = table.spread, table.weight[mask, 0]
        bounds = range_by_group(weight, group[mask], n_groups, spread.source[mask], spread.whole)
        for i, (least, most) in enumerate(zip(*(from_fixed(each) / 2 for each in bounds), strict=True)):
            found[i].append(CountRange(name=name, least=float(least), most=float(most)))
    return [tuple(each) for each in found]


def _counts(by_status: NDArray[np.float64], by_band: NDArray[np.float64], bands_s: Sequence[float]) -> dict[str, Any]:
    parts = {name: float(value) for name, value in zip(STATUSES, by_status, strict=True)}
    residents = sum(parts.values())
    return {
        "residents": residents,
        **parts,
        "ratio": ratio(parts["covered"], residents),
        "bands": band_figures(by_band, residents, bands_s),
    }


def band_figures(covered: NDArray[np.float64], residents: float, bands_s: Sequence[float]) -> tuple[BandFigures, ...]:
    """Return the figures of every band: who of the residents is covered within it."""
    return tuple(
        BandFigures(limit_s=limit, covered=float(count), ratio=ratio(float(count), residents))
        for limit, count in zip(bands_s, covered, strict=True)
    )


def ratio(part: float, whole: float) -> float | None:
    """Return a share, 0–1; None of nothing."""
    return min(part / whole, 1.0) if whole > 0 else None


@dataclass(frozen=True, eq=False)
class Reach:
    """The places asked about and what the search found for each, arrays ``(n,)``.

    ``place`` is their index in the warm state, ``lonlat`` ``(n, 2)`` degrees, ``table`` what figures are counted from,
    ``point`` the nearest point's index, -1 where there is no way to one.
    """

    place: NDArray[np.intp]
    lonlat: NDArray[np.float64]
    point: NDArray[np.int32]
    table: PlaceTable

    def __len__(self) -> int:
        """Return how many places there are."""
        return len(self.place)


def reach(state: WalkState, place: NDArray[np.intp], limit_s: float, spread: Spread | None = None) -> Reach:
    """Return what is true of some of a state's places, by their index; ``spread`` is of all places.

    A place that joins no street of the main component is not connectable, or outside where it lies beyond the
    network's hull.
    """
    time_cs = of_places(state.nearest.place_cs, place)
    status = np.full(len(place), PlaceStatus.OUTSIDE, dtype=np.int8)
    status[of_places(state.ground.inside, place)] = PlaceStatus.NOT_CONNECTABLE
    connected = of_places(state.place_snap.edge, place) >= 0
    status[connected] = PlaceStatus.UNCOVERED
    status[connected & (time_cs <= to_cs(limit_s))] = PlaceStatus.COVERED
    weight = of_places(state.weights, place)[:, : 1 + len(RESIDENT_COLUMNS) * has_ages(state)]
    return Reach(
        place,
        of_places(lonlat_of(state.places), place),
        of_places(state.nearest.place_point, place),
        PlaceTable(
            status,
            time_cs,
            np.ascontiguousarray(weight),
            None if spread is None else Spread(of_places(spread.source, place), spread.whole),
        ),
    )


def of_places(values: NDArray[S], place: NDArray[np.intp]) -> NDArray[S]:
    """Return the values of some places by their index; the very array where it is all of them."""
    return values if len(place) == len(values) else values[place]


def has_ages(state: WalkState) -> bool:
    """Tell whether the age of any resident is known."""
    places = state.places
    return any(places[name].null_count < places.num_rows for name in RESIDENT_COLUMNS)


def within(surface: shapely.Geometry, lonlat: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which positions ``(n, 2)`` lie in a surface or on its border."""
    shapely.prepare(surface)
    inside: NDArray[np.bool_] = shapely.intersects_xy(surface, lonlat[:, 0], lonlat[:, 1])
    return inside


def point_reasons(state: WalkState, points: NDArray[np.float64]) -> list[str | None]:
    """Return why each service point, degrees ``(n, 2)``, that does not join the main component does not."""
    network, edge = state.network, state.point_snap.edge
    reasons: list[str | None] = [None] * len(points)
    apart = np.flatnonzero(edge < 0)
    if not len(apart):
        return reasons
    inside = within(network.hull, points[apart])
    on_minor = np.zeros(len(apart), dtype=bool)
    if network.minor is not None:
        near = network.minor.nearest(network.project(points[apart]), state.question.connection_limit_m)
        on_minor = near.edge >= 0
    found = np.where(on_minor, "minor_component", np.where(inside, "too_far", "outside"))
    for index, reason in zip(apart.tolist(), found.tolist(), strict=True):
        reasons[index] = reason
    return reasons


def lonlat_of(table: pa.Table) -> NDArray[np.float64]:
    """Return the positions of a table's rows in degrees, ``(n, 2)``."""
    return np.column_stack([table["lon"].to_numpy(), table["lat"].to_numpy()])


def seconds_of(time_cs: int) -> float | None:
    """Return a walk in seconds, None where there is no way."""
    return None if time_cs >= NO_WAY else time_cs / CS_PER_S


@cache
def code_version(*more: str) -> str:
    """Return the version and a fingerprint of the code that decides the numbers, also of ``more`` packages."""
    digest = hashlib.sha256()
    for package in (*_CODE, *more):
        for file in sorted(resources.files(package).iterdir(), key=lambda f: f.name):
            if file.name.endswith(".py"):
                digest.update(file.read_bytes())
    return f"{__version__}+{digest.hexdigest()[:12]}"
