"""What bodies, posts and facts of areas are, without a database; never who fills a post."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.codes import is_code
from gridmgmt.errors import CodeFormatError, InputError

MAX_COUNT = 100_000
"""No body has more posts of one name, and no service is delivered more often in a year than a thousand times this."""
MAX_DELIVERED = 1000 * MAX_COUNT
MAX_VALUE = 1e15
"""Beyond this a number is a slip; people, square metres and yuan of a district stay far below."""

_PERSONAL_NUMBER = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|\d{17}[\dXx])(?!\d)", re.ASCII)
"""A mobile number, or the number of an identity card."""


class OrganisationKind(StrEnum):
    """What a body is."""

    RESIDENTS_COMMITTEE = "residents_committee"
    VILLAGE_COMMITTEE = "village_committee"
    PARTY_ORGANISATION = "party_organisation"
    OWNERS_COMMITTEE = "owners_committee"
    PROPERTY_FIRM = "property_firm"
    SUBDISTRICT_OFFICE = "subdistrict_office"
    """An office inside a subdistrict; which one is its :class:`Office`."""
    VILLAGE_SUPERVISION_COMMITTEE = "village_supervision_committee"
    AUTONOMY_GUIDANCE_CENTRE = "autonomy_guidance_centre"
    SOCIAL_ORGANISATION = "social_organisation"
    UNIT_COMMITTEE = "unit_committee"
    MANAGEMENT_COMMITTEE = "management_committee"
    POLICE_STATION = "police_station"
    PARTNER_UNIT = "partner_unit"
    OTHER = "other"


class Office(StrEnum):
    """The offices inside a subdistrict: six laid down by the city and the two that the district chose."""

    PARTY_AND_GOVERNMENT = "party_and_government_office"
    PARTY_BUILDING = "party_building_office"
    MANAGEMENT = "management_office"
    SERVICES = "services_office"
    SAFETY = "safety_office"
    AUTONOMY = "autonomy_office"
    JOINT_BUILDING = "joint_building_office"
    DEVELOPMENT = "development_office"


CHOSEN_OFFICES = (Office.JOINT_BUILDING, Office.DEVELOPMENT)
LAID_DOWN_OFFICES = tuple(office for office in Office if office not in CHOSEN_OFFICES)


class AgreementKind(StrEnum):
    """What a body and a partner unit have agreed on."""

    JOINT_BUILDING = "joint_building"
    SHARED_PREMISES = "shared_premises"
    VOLUNTEERING = "volunteering"
    OTHER = "other"


class FactBound(StrEnum):
    """How a stated number is meant; what its source gives as a bound is never shown as an equality."""

    EXACT = "exact"
    AT_LEAST = "at_least"
    MORE_THAN = "more_than"
    ABOUT = "about"

    @property
    def sign(self) -> str:
        """The sign before the number; nothing before an exact one."""
        return _SIGNS[self]


_SIGNS: Mapping[FactBound, str] = {
    FactBound.EXACT: "",
    FactBound.AT_LEAST: "≥",
    FactBound.MORE_THAN: ">",
    FactBound.ABOUT: "≈",
}


class FactUnit(StrEnum):
    """The unit of a kind of facts."""

    YUAN = "yuan"
    SQUARE_METRES = "m2"
    PEOPLE = "people"
    POSTS = "posts"
    COUNT = "count"
    RATIO = "ratio"


WHOLE_UNITS = frozenset({FactUnit.PEOPLE, FactUnit.POSTS, FactUnit.COUNT})


@dataclass(frozen=True)
class NewBody:
    """A body of an area by its name; never the name of a person.

    Parameters
    ----------
    area_code, level
        The area that it belongs to; without a level the highest of that code.
    parent_code
        The body that it belongs to.
    office
        Which office it is, of a subdistrict's office and of nothing else.
    """

    code: str
    kind: OrganisationKind
    name: str
    area_code: str
    valid_from: date
    source: str
    level: AreaLevel | None = None
    parent_code: str | None = None
    office: Office | None = None


BODY_FACTS = ("name", "area_code", "level", "parent_code", "office", "source")
"""What can be said anew of a body; its code and its kind stay for all time."""


@dataclass(frozen=True)
class NewPost:
    """So many posts of a body under one name: an office, never a person."""

    body_code: str
    code: str
    name: str
    count: int
    valid_from: date


@dataclass(frozen=True)
class NewLink:
    """So many of a body's posts serve in another body too (交叉任职)."""

    body_code: str
    post_code: str
    serves_code: str
    count: int
    valid_from: date


@dataclass(frozen=True)
class NewService:
    """A service that a body has bought of a social organisation for a year, and where it is delivered.

    ``delivered`` is None where nobody has counted; ``amount_yuan`` where the price is not known.
    """

    code: str
    organisation_code: str
    buyer_code: str
    name: str
    year: int
    source: str
    area_codes: tuple[str, ...] = ()
    amount_yuan: float | None = None
    delivered: int | None = None


@dataclass(frozen=True)
class NewAgreement:
    """An agreement of a body with a partner unit from a day on."""

    code: str
    body_code: str
    partner_code: str
    kind: AgreementKind
    name: str
    valid_from: date


@dataclass(frozen=True)
class NewFactKind:
    """A kind of facts with its unit; numbers of an additive one may be added up over areas."""

    code: str
    name_zh: str
    name_en: str
    unit: FactUnit
    additive: bool = False


@dataclass(frozen=True)
class NewFact:
    """A number that a source states of an area, for a day or for a year.

    Parameters
    ----------
    valid_from
        The day that it holds for, or the first day of ``year``.
    year
        Where the source names no more than a year.
    unit
        As the source has it; must be that of the kind where it is given.
    """

    area_code: str
    kind: str
    value: float
    valid_from: date
    source: str
    bound: FactBound = FactBound.EXACT
    year: int | None = None
    note: str | None = None
    level: AreaLevel | None = None
    unit: FactUnit | None = None


def day_of(on: date | None, year: int | None) -> date:
    """Return the first day that a fact holds for: the day itself, or the first of the year.

    >>> day_of(None, 2015)
    datetime.date(2015, 1, 1)

    Raises
    ------
    InputError
        ``fact_day_or_year`` unless exactly one is given.
    """
    if on is not None and year is None:
        return on
    if year is not None and on is None and date.min.year <= year <= date.max.year:
        return date(year, 1, 1)
    raise InputError("fact_day_or_year", on="-" if on is None else on, year="-" if year is None else year)


def shown_value(value: float, bound: FactBound) -> str:
    """Return a number as people read it, with the sign of its bound.

    >>> shown_value(310_000_000, FactBound.AT_LEAST), shown_value(0.05, FactBound.EXACT)
    ('≥ 310,000,000', '0.05')
    """
    number = f"{value:,.0f}" if value == int(value) else f"{value:,.6f}".rstrip("0").rstrip(".")
    return f"{bound.sign} {number}".lstrip()


def total(parts: Iterable[tuple[float, FactBound]]) -> tuple[float, FactBound]:
    """Return the sum of stated numbers and what it is: no sum says more than its parts.

    With an approximate part it is approximate, with one that is exceeded it is exceeded, with a lower bound it is one.

    >>> total([(310.0, FactBound.AT_LEAST), (40.78, FactBound.EXACT)])
    (350.78, <FactBound.AT_LEAST: 'at_least'>)
    """
    listed = list(parts)
    bounds = {bound for _, bound in listed}
    found = next((each for each in (FactBound.ABOUT, FactBound.MORE_THAN, FactBound.AT_LEAST) if each in bounds), None)
    return sum(value for value, _ in listed), found or FactBound.EXACT


def check_value(value: float, unit: FactUnit) -> float:
    """Return a value of a unit.

    Raises
    ------
    InputError
        ``fact_value_range`` below 0 or beyond what can be (1 for a ratio); ``fact_value_whole`` for a part of a thing
        that is counted.
    """
    high = 1.0 if unit is FactUnit.RATIO else MAX_VALUE
    if not 0 <= value <= high:
        raise InputError("fact_value_range", field="value", value=value, low=0, high=high)
    if unit in WHOLE_UNITS and value != int(value):
        raise InputError("fact_value_whole", field="value", value=value, unit=unit)
    return value


def check_code(value: str, field_: str = "code") -> str:
    """Return a code of a body, post, service, agreement or kind of facts.

    Raises
    ------
    CodeFormatError
        ``body_code_malformed``.
    """
    if not is_code(value):
        raise CodeFormatError("body_code_malformed", field=field_, value=value)
    return value


def check_name(value: str, field_: str = "name") -> str:
    """Return a name without blanks at its ends, which must not hold the number of a phone or an identity card.

    Raises
    ------
    InputError
        ``value_needed``; ``body_personal_number``, which does not repeat the number.
    """
    trimmed = value.strip()
    if not trimmed:
        raise InputError("value_needed", field=field_)
    if _PERSONAL_NUMBER.search(trimmed):
        raise InputError("body_personal_number", field=field_)
    return trimmed


def check_count(value: int, *, field_: str = "count", low: int = 1, high: int = MAX_COUNT) -> int:
    """Return a count within its limits.

    Raises
    ------
    InputError
        ``body_count_range``.
    """
    if not low <= value <= high:
        raise InputError("body_count_range", field=field_, value=value, low=low, high=high)
    return value


def check_office(kind: OrganisationKind, office: Office | None) -> None:
    """Refuse an office of what is none, and a subdistrict's office that is not said which.

    Raises
    ------
    InputError
        ``body_office_needed``, ``body_office_not_of_kind``.
    """
    if kind is OrganisationKind.SUBDISTRICT_OFFICE and office is None:
        raise InputError("body_office_needed", field="office", known=", ".join(Office))
    if kind is not OrganisationKind.SUBDISTRICT_OFFICE and office is not None:
        raise InputError("body_office_not_of_kind", field="office", value=office, kind=kind)


@dataclass(frozen=True)
class OfficesOf:
    """The offices of one subdistrict: ``held`` and ``missing`` together are the eight, each in its order."""

    code: str
    name: str
    held: tuple[Office, ...] = ()
    missing: tuple[Office, ...] = field(default=())


def offices_of(code: str, name: str, held: Iterable[Office]) -> OfficesOf:
    """Return which of the 6 + 2 offices a subdistrict has, and which it lacks.

    >>> len(offices_of("310113003", "友谊路街道", [Office.SAFETY]).missing)
    7
    """
    known = frozenset(held)
    return OfficesOf(
        code,
        name,
        held=tuple(office for office in Office if office in known),
        missing=tuple(office for office in Office if office not in known),
    )
