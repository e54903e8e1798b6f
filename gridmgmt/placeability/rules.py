"""What holds for placeability without a database: what may be asked, what is judged, and by which words.

A spot is judged by twelve checks (``docs/placeability.md``). Each ends in one :class:`PlaceVerdict`: the worst of what
it breaks; else "not assessed" where something it needs was not given or not loaded; else "pass".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from gridmgmt.analysis.walking.model import Trip, WalkProfile
from gridmgmt.areas.rules import check_position
from gridmgmt.errors import InputError
from gridmgmt.land.rules import LandKind
from gridmgmt.service_points.rules import ELDERLY_TYPES, ServicePointType
from gridmgmt.units import minutes_to_s

DEFAULT_MINUTES = 20.0
DEFAULT_BANDS_MIN = (5.0, 10.0, 15.0, 20.0)
DEFAULT_PROFILE = "elder"
DEFAULT_TIME = "wed 10:00"
DEFAULT_CONNECTION_LIMIT_M = 100.0
MAX_MINUTES = 240.0
MAX_CONNECTION_LIMIT_M = 2_000.0
MAX_BANDS = 12
MAX_CANDIDATES = 2_000
MAX_NAME, MAX_CODE = 200, 100
"""So many characters the name and the code of a candidate may have."""
E = TypeVar("E", bound=StrEnum)
LATTICE_M = 100.0
"""A spot of those without exact results is moved to the nearest corner of squares of this size."""
ROUNDED_TO = 10
"""Residents of those without exact results are told in multiples of this."""


class PlaceVerdict(StrEnum):
    """What a check says, from best to worst; "not assessed" is neither good nor bad."""

    PASS = "pass"  # noqa: S105 -- no password
    WARN = "warn"
    FAIL = "fail"
    NOT_ASSESSED = "not_assessed"


class PlaceCheck(StrEnum):
    """The twelve checks of a spot, in their order."""

    AREA = "area"
    GROUND = "ground"
    CONNECTION = "connection"
    GAIN = "gain"
    DUPLICATION = "duplication"
    CAPACITY = "capacity"
    BUILDING = "building"
    SEVERANCE = "severance"
    TENURE = "tenure"
    COMBINATION = "combination"
    EQUITY = "equity"
    ROBUSTNESS = "robustness"


STANDING_CHECKS = (
    PlaceCheck.AREA, PlaceCheck.GROUND, PlaceCheck.CONNECTION, PlaceCheck.BUILDING, PlaceCheck.TENURE,
)  # fmt: skip
"""What a spot is, whoever lives around it and whatever else is built: area, ground, street, rooms, right to them."""


class NormItem(StrEnum):
    """What a norm bounds from below or above; units are in the names, ratios 0–1."""

    ROAD_DISTANCE_M = "road_distance_m"
    RAIL_DISTANCE_M = "rail_distance_m"
    WATER_DISTANCE_M = "water_distance_m"
    HAZARD_DISTANCE_M = "hazard_distance_m"
    CONNECTION_M = "connection_m"
    NEW_RESIDENTS = "new_residents"
    COVERED_TWICE_RATIO = "covered_twice_ratio"
    SAME_TYPE_WALK_S = "same_type_walk_s"
    RESIDENTS_PER_CAPACITY = "residents_per_capacity"
    FLOOR_AREA_M2 = "floor_area_m2"
    RADIUS_M = "radius_m"
    WALK_TIME_S = "walk_time_s"
    STOREY_WITHOUT_LIFT = "storey_without_lift"
    DAYLIGHT = "daylight"
    SEVERED_RATIO = "severed_ratio"
    COST_TO_BUDGET_RATIO = "cost_to_budget_ratio"
    LEASE_YEARS = "lease_years"
    COMBINED_WALK_S = "combined_walk_s"
    GINI_RISE = "gini_rise"
    EIGHTY_PLUS_RATIO = "eighty_plus_ratio"
    RESIDENTS_SERVED = "residents_served"
    BEDS_PER_1000 = "beds_per_1000"
    LAND_M2_PER_PERSON = "land_m2_per_person"
    POINTS_PER_TOWN = "points_per_town"


DISTRICT_ITEMS = frozenset(
    {NormItem.RESIDENTS_SERVED, NormItem.BEDS_PER_1000, NormItem.LAND_M2_PER_PERSON, NormItem.POINTS_PER_TOWN}
)
"""What bounds a whole district's provision: kept with its set and shown, not judged for one spot."""


class Tenure(StrEnum):
    """On what right the rooms of a candidate are used."""

    OWNED = "owned"
    PUBLIC = "public"
    LEASED = "leased"
    DISPUTED = "disputed"


class CandidateStatus(StrEnum):
    """How far a candidate has come."""

    IDEA = "idea"
    LISTED = "listed"
    AGREED = "agreed"
    REJECTED = "rejected"


@dataclass(frozen=True)
class SlowPace:
    """How fast slow walkers are: one standard deviation below the mean of a profile."""

    profile: str
    speed_m_per_s: float


def slow_pace(profile: WalkProfile, others: Iterable[WalkProfile]) -> SlowPace | None:
    """Return the pace of slow walkers: the profile's own, or where it states no deviation the slowest of the others.

    None where that is not slower than the profile's speed.
    """
    stated = [profile] if profile.sd_m_per_s is not None else others
    paces = [SlowPace(p.name, p.speed_m_per_s - p.sd_m_per_s) for p in stated if p.sd_m_per_s is not None]
    slower = [pace for pace in paces if 0 < pace.speed_m_per_s < profile.speed_m_per_s]
    return min(slower, key=lambda pace: (pace.speed_m_per_s, pace.profile), default=None)


@dataclass(frozen=True)
class Attributes:
    """What is known of a candidate beside its place; None is "not given". Money in yuan."""

    floor_area_m2: float | None = None
    storey: int | None = None
    lift: bool | None = None
    daylight: bool | None = None
    capacity: float | None = None
    tenure: Tenure | None = None
    lease_years: float | None = None
    candidate_status: CandidateStatus | None = None
    cost_yuan: float | None = None
    budget_yuan: float | None = None
    milestone_on: date | None = None

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value is not None and not (least <= value <= _MOST and (not value or abs(value) >= _LEAST_BUT_NOUGHT)):
                raise InputError("attribute_out_of_range", field=name, value=value, minimum=least, maximum=_MOST)


_MOST = 1e12
_LEAST_BUT_NOUGHT = 1e-3
"""What is nearer to nought is none of these: it would be divided by."""
_LEAST = {
    "floor_area_m2": 0, "storey": -10, "capacity": 0, "lease_years": 0, "cost_yuan": 0, "budget_yuan": 0,
}  # fmt: skip
ATTRIBUTES = tuple(field.name for field in fields(Attributes))


@dataclass(frozen=True)
class Candidate:
    """One spot to be judged: degrees in WGS 84, and what is known of it."""

    lon: float
    lat: float
    name: str | None = None
    attributes: Attributes = Attributes()
    code: str | None = None

    def __post_init__(self) -> None:
        check_position(self.lon, self.lat)


@dataclass(frozen=True)
class Terms:
    """By what a spot is judged, apart from itself: equal terms share what is kept warm.

    ``types`` are the points that count as service today; ``norms`` the names of norm sets, none for all in force.
    """

    type: ServicePointType
    types: tuple[ServicePointType, ...]
    limit_s: float
    bands_s: tuple[float, ...]
    profile: str
    at: str
    trip: Trip
    barriers: tuple[LandKind, ...]
    scenario: str | None
    connection_limit_m: float
    norms: tuple[str, ...]


def make_terms(
    type_: str,
    *,
    types: Sequence[str] = (),
    minutes: float = DEFAULT_MINUTES,
    bands_min: Sequence[float] | None = None,
    walk: Mapping[str, Any] | None = None,
    norms: Sequence[str] = (),
) -> Terms:
    """Return checked terms.

    Parameters
    ----------
    types
        Points that count as service; without any, all that elders walk to where the candidate is one of these, else
        those of its own type.
    bands_min
        Ends of the bands in minutes; without any, 5, 10, 15 and 20 up to the limit, and the limit.
    walk
        ``profile``, ``at``, ``trip``, ``barriers``, ``scenario``, ``connection_limit_m`` where they are not the usual.

    Raises
    ------
    InputError
        When a number is out of its range, or a type, trip or barrier unknown.
    """
    chosen = {"connection_limit_m": DEFAULT_CONNECTION_LIMIT_M, **(walk or {})}
    _check_range("minutes", minutes, MAX_MINUTES)
    _check_range("connection_limit_m", chosen["connection_limit_m"], MAX_CONNECTION_LIMIT_M)
    wanted = [band for band in DEFAULT_BANDS_MIN if band < minutes] if bands_min is None else list(bands_min)
    for band in wanted:
        _check_range("bands", band, minutes)
    bands = tuple(sorted({minutes_to_s(band) for band in (*wanted, minutes)}))
    if len(bands) > MAX_BANDS:
        raise InputError("too_many", field="bands", value=len(bands), maximum=MAX_BANDS)
    own = member(ServicePointType, type_, "type")
    usual = ELDERLY_TYPES if own in ELDERLY_TYPES else (own,)
    return Terms(
        type=own,
        types=tuple(sorted({member(ServicePointType, name, "types") for name in types} or usual)),
        limit_s=minutes_to_s(minutes),
        bands_s=bands,
        profile=chosen.get("profile", DEFAULT_PROFILE),
        at=chosen.get("at", DEFAULT_TIME),
        trip=member(Trip, chosen.get("trip", Trip.TO_POINT), "trip"),
        barriers=tuple(sorted({member(LandKind, name, "barriers") for name in chosen.get("barriers", ())})),
        scenario=chosen.get("scenario"),
        connection_limit_m=float(chosen["connection_limit_m"]),
        norms=tuple(sorted(set(norms))),
    )


def member(kind: type[E], value: str, field: str) -> E:
    """Return the member of an enumeration by its word.

    Raises
    ------
    InputError
        When there is none; the known ones are listed.
    """
    try:
        return kind(value)
    except ValueError as error:
        raise InputError("choice_unknown", field=field, value=value, known=", ".join(kind)) from error


def attributes_of(given: Mapping[str, object]) -> Attributes:
    """Return the attributes that texts or typed values tell; blank ones are not given, other names passed over.

    >>> attributes_of({"storey": "2", "lift": "no", "tenure": "", "note": "x"})
    Attributes(floor_area_m2=None, storey=2, lift=False, daylight=None, capacity=None, tenure=None, lease_years=None, \
candidate_status=None, cost_yuan=None, budget_yuan=None, milestone_on=None)

    Raises
    ------
    InputError
        When a value cannot be read, with its name and what would be right.
    """
    found = {}
    for name in ATTRIBUTES:
        value = given.get(name)
        if value is not None and (text := str(value).strip()):
            found[name] = _read(name, text)
    return Attributes(**found)


def _read(name: str, text: str) -> Any:
    if name == "tenure":
        return member(Tenure, text, name)
    if name == "candidate_status":
        return member(CandidateStatus, text, name)
    read, expected = _READERS.get(name, (float, "12.5"))
    try:
        return read(text)
    except (ValueError, KeyError) as error:
        raise InputError("attribute_unreadable", field=name, value=text, expected=expected) from error


def _truth(text: str) -> bool:
    return _TRUTHS[text.lower()]


_TRUTHS = dict.fromkeys(("yes", "true", "1", "是", "有"), True) | dict.fromkeys(("no", "false", "0", "否", "无"), False)
_READERS: Mapping[str, tuple[Any, str]] = {
    "storey": (int, "2"), "lift": (_truth, "yes, no"), "daylight": (_truth, "yes, no"),
    "milestone_on": (date.fromisoformat, "2026-01-31"),
}  # fmt: skip


def _check_range(field: str, value: float, maximum: float) -> None:
    if not 0 < value <= maximum:
        raise InputError("number_out_of_range", field=field, value=value, minimum=0, maximum=maximum)


@dataclass(frozen=True)
class Norm:
    """One bound of a norm set: ``least`` ≤ value ≤ ``most``; outside it the check ends in ``severity``.

    Without types it holds for all.
    """

    norm_set: str
    edition: str
    item: NormItem
    types: tuple[ServicePointType, ...]
    least: float | None
    most: float | None
    severity: PlaceVerdict
    evidence: str
    source: str

    def holds(self, value: float) -> bool:
        """Tell whether a value keeps the norm; the bounds themselves do."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def is_for(self, type_: ServicePointType) -> bool:
        """Tell whether the norm speaks of points of this type."""
        return not self.types or type_ in self.types


@dataclass(frozen=True)
class NormSetValue:
    """One edition of a norm set, with its norms."""

    name: str
    edition: str
    title: str
    valid_from: date
    norms: tuple[Norm, ...]


def worst(verdicts: Sequence[PlaceVerdict]) -> PlaceVerdict:
    """Return the worst of some verdicts: fail, warn, pass; "not assessed" where none is any of these.

    >>> str(worst([PlaceVerdict.PASS, PlaceVerdict.NOT_ASSESSED, PlaceVerdict.WARN])), str(worst([]))
    ('warn', 'not_assessed')
    """
    for verdict in (PlaceVerdict.FAIL, PlaceVerdict.WARN, PlaceVerdict.PASS):
        if verdict in verdicts:
            return verdict
    return PlaceVerdict.NOT_ASSESSED


def rounded_count(value: float, threshold: float) -> float | None:
    """Return residents as those without exact results read them: multiples of ten, None below the threshold.

    >>> rounded_count(0, 10), rounded_count(4, 10), rounded_count(47, 10)
    (0.0, None, 50.0)
    """
    if 0 < value < threshold:
        return None
    return float(ROUNDED_TO * round(value / ROUNDED_TO))
