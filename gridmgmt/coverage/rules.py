"""What holds for coverage without a database: what may be asked, how numbers are grouped, what readers must know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypedDict, Unpack

from gridmgmt.analysis.walking.model import Trip
from gridmgmt.errors import InputError
from gridmgmt.land.rules import LandKind
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.units import minutes_to_s
from gridmgmt.walking.rules import DEFAULT_AT, DEFAULT_CONNECTION_LIMIT_M, DEFAULT_PROFILE, WalkQuestion, make_question

DEFAULT_MINUTES = 20.0
DEFAULT_BANDS_MIN = (5.0, 10.0, 15.0, 20.0)
MAX_MINUTES = 240.0
MAX_BANDS = 12

__all__ = [
    "DEFAULT_AT",
    "DEFAULT_CONNECTION_LIMIT_M",
    "DEFAULT_MINUTES",
    "DEFAULT_PROFILE",
    "CoverageRequest",
    "make_request",
]

NoteFields = tuple[str, dict[str, Any]]
"""A note's code and the fields of its words."""


@dataclass(frozen=True)
class CoverageRequest:
    """One question: within which time, in which bands, who walks, where, to which types of points.

    ``at`` is the time of the week at which gates are looked at, ``scenario`` the name of edits of the network.
    """

    limit_s: float
    bands_s: tuple[float, ...]
    profile: str
    area_code: str | None
    types: tuple[ServicePointType, ...]
    connection_limit_m: float
    at: str = DEFAULT_AT
    trip: Trip = Trip.TO_POINT
    barriers: tuple[LandKind, ...] = ()
    scenario: str | None = None

    def walk_on(self, on: date) -> WalkQuestion:
        """Return what it asks of walking on a day."""
        return WalkQuestion(
            on, self.profile, self.at, self.trip, self.barriers, self.scenario, self.types, self.connection_limit_m
        )


class WalkParts(TypedDict, total=False):
    """What may be asked of walking, as :func:`gridmgmt.walking.rules.make_question`."""

    profile: str
    at: str
    trip: str
    barriers: Sequence[str]
    scenario: str | None
    types: Sequence[str]
    connection_limit_m: float


def make_request(
    *,
    minutes: float = DEFAULT_MINUTES,
    bands_min: Sequence[float] | None = None,
    area_code: str | None = None,
    **walk: Unpack[WalkParts],
) -> CoverageRequest:
    """Return a checked question; without bands, those of 5, 10, 15 and 20 minutes up to the limit and the limit.

    Raises
    ------
    InputError
        When a number is out of its range, a type, trip or barrier unknown, or the time of the week malformed.
    """
    _check_range("minutes", minutes, MAX_MINUTES)
    question = make_question(date.min, **walk)  # which day it is changes nothing in what may be asked
    wanted = [b for b in DEFAULT_BANDS_MIN if b < minutes] if bands_min is None else list(bands_min)
    for band in wanted:
        _check_range("bands", band, MAX_MINUTES)
    bands = tuple(sorted({minutes_to_s(band) for band in (*wanted, minutes)}))
    if len(bands) > MAX_BANDS:
        raise InputError("too_many", field="bands", value=len(bands), maximum=MAX_BANDS)
    return CoverageRequest(
        limit_s=minutes_to_s(minutes),
        bands_s=bands,
        profile=question.profile,
        area_code=area_code,
        types=question.types,
        connection_limit_m=question.connection_limit_m,
        at=question.at,
        trip=question.trip,
        barriers=question.barriers,
        scenario=question.scenario,
    )


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


def notes(facts: Mapping[str, Any]) -> list[NoteFields]:
    """Return what a reader must know before the numbers, the most important first, as (code, fields).

    ``facts`` holds ``counting``, ``synthetic``, ``hull_area``, ``known_area_levels``, ``places``,
    ``places_in_known_area``, ``points_by_type`` ({type: (connectable, total)}), ``not_connectable`` and ``outside``
    (counts of places), ``edges`` and ``edges_apart`` (of the network, and those not in its largest part).
    """
    found: list[NoteFields] = []
    if facts["counting"] == "places_only":
        found.append(("places_only", {"places": facts["places"]}))
    if facts["synthetic"]:
        found.append(("synthetic", {}))
    if facts["counting"] == "modelled":
        found.append(("modelled", {}))
    if facts["counting"] == "spread":
        found.append(("spread", {}))
    found += _area_notes(facts) + _point_notes(facts["points_by_type"])
    if facts["edges_apart"]:
        found.append(("network_in_pieces", {"edges": facts["edges_apart"], "total": facts["edges"]}))
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
