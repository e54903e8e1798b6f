"""What holds for coverage without a database: what may be asked, how numbers are grouped, what readers must know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.status import LIMIT_TOLERANCE_S, PlaceStatus
from gridmgmt.coverage.document import STATUSES, AgeBandFigures, BandFigures, Figures
from gridmgmt.errors import InputError
from gridmgmt.service_points.rules import ELDERLY_TYPES, ServicePointType
from gridmgmt.units import AGE_BANDS, minutes_to_s

DEFAULT_MINUTES = 20.0
DEFAULT_BANDS_MIN = (5.0, 10.0, 15.0, 20.0)
DEFAULT_PROFILE = "elder"
DEFAULT_CONNECTION_LIMIT_M = 100.0
MAX_MINUTES = 240.0
MAX_CONNECTION_LIMIT_M = 2_000.0
MAX_BANDS = 12

NoteFields = tuple[str, dict[str, Any]]
"""A note's code and the fields of its words."""


@dataclass(frozen=True)
class CoverageRequest:
    """One question: within which time, in which bands, who walks, where, to which types of points."""

    limit_s: float
    bands_s: tuple[float, ...]
    profile: str
    area_code: str | None
    types: tuple[ServicePointType, ...]
    connection_limit_m: float


def make_request(
    *,
    minutes: float = DEFAULT_MINUTES,
    bands_min: Sequence[float] | None = None,
    profile: str = DEFAULT_PROFILE,
    area_code: str | None = None,
    types: Sequence[str] = (),
    connection_limit_m: float = DEFAULT_CONNECTION_LIMIT_M,
) -> CoverageRequest:
    """Return a checked question; without bands, those of 5, 10, 15 and 20 minutes up to the limit and the limit.

    Raises
    ------
    InputError
        When a number is out of its range or a type unknown.
    """
    _check_range("minutes", minutes, MAX_MINUTES)
    _check_range("connection_limit_m", connection_limit_m, MAX_CONNECTION_LIMIT_M)
    wanted = [b for b in DEFAULT_BANDS_MIN if b < minutes] if bands_min is None else list(bands_min)
    for band in wanted:
        _check_range("bands", band, MAX_MINUTES)
    bands = tuple(sorted({minutes_to_s(band) for band in (*wanted, minutes)}))
    if len(bands) > MAX_BANDS:
        raise InputError("too_many", field="bands", value=len(bands), maximum=MAX_BANDS)
    return CoverageRequest(minutes_to_s(minutes), bands, profile, area_code, _types(types), float(connection_limit_m))


def _types(names: Sequence[str]) -> tuple[ServicePointType, ...]:
    known = {str(t): t for t in ServicePointType}
    for name in names:
        if name not in known:
            raise InputError("point_type_unknown", value=name, known=", ".join(known))
    return tuple(sorted({known[name] for name in names})) or tuple(sorted(ELDERLY_TYPES))


def _check_range(field: str, value: float, maximum: float) -> None:
    if not 0 < value <= maximum:
        raise InputError("number_out_of_range", field=field, value=value, minimum=0, maximum=maximum)


def result_form(
    setting: Literal["exact", "public", "auto"], *, synthetic: bool | None, exact_reader: bool = False
) -> Literal["exact", "public"]:
    """Return the form of small-place numbers that a reader gets.

    ``auto`` is exact for synthetic data and for a reader who may see exact results.

    >>> result_form("auto", synthetic=True), result_form("auto", synthetic=False)
    ('exact', 'public')
    >>> [result_form(setting, synthetic=False, exact_reader=True) for setting in ("auto", "public")]
    ['exact', 'public']
    """
    if setting == "auto":
        return "exact" if synthetic or exact_reader else "public"
    return setting


@dataclass(frozen=True)
class PlaceTable:
    """What a run knows of its places, each array of shape ``(n,)``.

    ``weight`` is the residents of a place, or 1 where places are counted; ``age_weight`` is ``(n, 5)`` or None.
    """

    status: NDArray[np.int8]
    time_s: NDArray[np.float64]
    weight: NDArray[np.float64]
    age_weight: NDArray[np.float64] | None


def figures_by_group(
    table: PlaceTable, group: NDArray[np.int64], n_groups: int, bands_s: Sequence[float]
) -> list[Figures]:
    """Return the figures of every group; ``group`` is ``(n,)`` with numbers 0 … n_groups-1, or -1 for none.

    A band's ``covered`` counts places that are connectable and reached within it.
    """
    inside = group >= 0
    key = group[inside] * len(PlaceStatus) + table.status[inside]
    connectable = inside & (table.status <= PlaceStatus.UNCOVERED)
    in_band = [connectable & (table.time_s <= band + LIMIT_TOLERANCE_S) for band in bands_s]

    def tally(weight: NDArray[np.float64]) -> list[dict[str, Any]]:
        by_status = np.bincount(key, weight[inside], n_groups * len(PlaceStatus)).reshape(n_groups, -1)
        by_band = [np.bincount(group[mask], weight[mask], n_groups) for mask in in_band]
        return [_counts(by_status[i], [b[i] for b in by_band], bands_s) for i in range(n_groups)]

    places = np.bincount(group[inside], minlength=n_groups)
    totals = tally(table.weight)
    ages: list[tuple[AgeBandFigures, ...]] = [()] * n_groups
    if table.age_weight is not None:
        per_band = [tally(table.age_weight[:, column]) for column in range(len(AGE_BANDS))]
        ages = [
            tuple(AgeBandFigures(band=band, **counts[i]) for band, counts in zip(AGE_BANDS, per_band, strict=True))
            for i in range(n_groups)
        ]
    return [Figures(places=int(places[i]), age_bands=ages[i], **totals[i]) for i in range(n_groups)]


def _counts(by_status: NDArray[np.float64], by_band: Sequence[float], bands_s: Sequence[float]) -> dict[str, Any]:
    parts = {name: float(value) for name, value in zip(STATUSES, by_status, strict=True)}
    residents = sum(parts.values())
    bands = tuple(
        BandFigures(limit_s=limit, covered=float(covered), ratio=_ratio(float(covered), residents))
        for limit, covered in zip(bands_s, by_band, strict=True)
    )
    return {"residents": residents, **parts, "ratio": _ratio(parts["covered"], residents), "bands": bands}


def _ratio(part: float, whole: float) -> float | None:
    return min(part / whole, 1.0) if whole > 0 else None


def notes(facts: Mapping[str, Any]) -> list[NoteFields]:
    """Return what a reader must know before the numbers, the most important first, as (code, fields).

    ``facts`` holds ``counting``, ``synthetic``, ``hull_area``, ``known_area_levels``, ``places``,
    ``places_in_known_area``, ``points_by_type`` ({type: (connectable, total)}), ``not_connectable`` and ``outside``
    (counts of places).
    """
    found: list[NoteFields] = []
    if facts["counting"] == "places_only":
        found.append(("places_only", {"places": facts["places"]}))
    if facts["synthetic"]:
        found.append(("synthetic", {}))
    if facts["counting"] == "modelled":
        found.append(("modelled", {}))
    found += _area_notes(facts) + _point_notes(facts["points_by_type"])
    for name in ("not_connectable", "outside"):
        if facts[name]:
            found.append((f"places_{name}", {"places": facts[name], "total": facts["places"]}))
    return found


def _area_notes(facts: Mapping[str, Any]) -> list[NoteFields]:
    places, known = facts["places"], facts["places_in_known_area"]
    if facts["hull_area"]:
        return [("hull_stands_in", {})]
    if places and not known:
        return [("no_place_in_known_area", {"places": places})]
    if known < places:
        return [("places_in_no_known_area", {"places": places - known, "total": places})]
    return []


def _point_notes(points_by_type: Mapping[str, tuple[int, int]]) -> list[NoteFields]:
    found: list[NoteFields] = []
    for type_, (connectable, total) in sorted(points_by_type.items()):
        if connectable == 0:
            found.append(("no_point_connectable", {"type": type_, "total": total}))
        elif connectable < total:
            found.append(("points_not_connectable", {"type": type_, "count": total - connectable, "total": total}))
    return found
