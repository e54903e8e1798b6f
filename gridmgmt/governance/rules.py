"""What holds for the government of towns without a database: the rule of the unit mode, organs, tags, centres."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum

import shapely

from gridmgmt.areas.rules import AreaKind, AreaLevel, TownMode
from gridmgmt.errors import InputError, RuleViolationError
from gridmgmt.units import M2_PER_KM2


class TagKind(StrEnum):
    """What a tag says of an area; ``x`` is the X of 3+X, a practice of a town's own beside its main mode."""

    X = "x"
    VILLAGE_TYPE = "village_type"
    COURTYARD = "courtyard"
    SECTOR_TYPE = "sector_type"


class VillageType(StrEnum):
    """What has become of a village that the city has reached."""

    URBAN_VILLAGE = "urban_village"
    EMPTY_SHELL_VILLAGE = "empty_shell_village"
    HOLLOW_VILLAGE = "hollow_village"


class SectorType(StrEnum):
    """The housing that the quarters of a sector share."""

    OLD_ESTATE = "old_estate"
    COMMERCIAL = "commercial"
    RESETTLEMENT = "resettlement"
    MIXED = "mixed"


class Organ(StrEnum):
    """A body, or a post, of a unit or a sector; who holds it is never stored."""

    PARTY_COMMITTEE = "party_committee"
    COMMUNITY_COMMITTEE = "community_committee"
    COMMUNITY_CENTRE = "community_centre"
    PARTY_BRANCH = "party_branch"
    JOINT_MEETING = "joint_meeting"
    CONVENOR = "convenor"


class CentreType(StrEnum):
    """The service centres of towns and subdistricts; each but the last opens a branch in every unit."""

    COMMUNITY_AFFAIRS = "community_affairs"
    HEALTH = "health"
    CULTURE = "culture"
    PARTY_BUILDING = "party_building"
    PUBLIC_SECURITY = "public_security"
    GRID_MANAGEMENT = "grid_management"
    SOCIAL_ORGANISATIONS = "social_organisations"


SIX_CENTRES: tuple[CentreType, ...] = tuple(CentreType)[:6]
"""The centres of a town, and the branches of a unit."""
SEVEN_CENTRES: tuple[CentreType, ...] = tuple(CentreType)
"""The centres of a subdistrict."""

ORGANS: Mapping[AreaLevel, tuple[Organ, ...]] = {
    AreaLevel.BASIC_MANAGEMENT_UNIT: (Organ.PARTY_COMMITTEE, Organ.COMMUNITY_COMMITTEE, Organ.COMMUNITY_CENTRE),
    AreaLevel.SECTOR: (Organ.PARTY_BRANCH, Organ.JOINT_MEETING, Organ.CONVENOR),
}
"""What every unit and every sector has to have."""

TAGGED_LEVEL: Mapping[TagKind, AreaLevel] = {
    TagKind.X: AreaLevel.TOWN,
    TagKind.VILLAGE_TYPE: AreaLevel.RESIDENTIAL_QUARTER,
    TagKind.COURTYARD: AreaLevel.RESIDENTIAL_QUARTER,
    TagKind.SECTOR_TYPE: AreaLevel.SECTOR,
}
"""The level of the areas that each kind of tag belongs to; a village is an area of the quarters' level."""

TAG_VALUES: Mapping[TagKind, type[StrEnum]] = {TagKind.VILLAGE_TYPE: VillageType, TagKind.SECTOR_TYPE: SectorType}
"""The kinds with a fixed list of values; an area has one of them at most on a day."""

MIN_POSTS, MAX_POSTS = 3, 5
"""Administrative posts of a unit's party committee, both ends included (宝山区, 2015: 3—5名行政编制)."""


@dataclass(frozen=True)
class ModeRule:
    """One edition of the rule that advises on the unit mode; ``strict``: a town must exceed the limits."""

    name: str
    valid_from: date
    min_residents: int
    min_area_m2: float
    strict: bool
    source: str


@dataclass(frozen=True)
class TownFacts:
    """What the rule asks of a town: residents, surface on the ellipsoid, whether a unit can be delineated in it."""

    residents: int
    area_m2: float
    delineable: bool


@dataclass(frozen=True)
class Verdict:
    """Which of the rule's three conditions a town meets."""

    residents: bool
    area: bool
    delineable: bool

    @property
    def passed(self) -> bool:
        """Tell whether all three are met."""
        return self.residents and self.area and self.delineable


@dataclass(frozen=True)
class Residents:
    """A town's residents, counted on a day by somebody."""

    number: int
    counted_on: date
    source: str


@dataclass(frozen=True)
class Override:
    """The order by which a town has the unit mode although the rule advises against it."""

    by: str
    document: str
    reason: str
    dated: date


@dataclass(frozen=True)
class NewCentre:
    """A centre of a town or subdistrict to be opened, or, in a unit, a branch of ``parent_code``; WGS 84 degrees."""

    code: str
    type: CentreType
    name: str
    area_code: str
    valid_from: date
    parent_code: str | None = None
    address: str | None = None
    lonlat: tuple[float, float] | None = None


@dataclass(frozen=True)
class NewJointCentre:
    """A joint centre with its service area (polygon or multipolygon, WGS 84 degrees), which is no level of its own.

    ``partner_agreements`` is a number alone; where the source does not say with whom, ``note`` says so.
    """

    code: str
    name: str
    town_code: str
    valid_from: date
    geometry: shapely.Polygon | shapely.MultiPolygon
    source: str
    party_branch: str | None = None
    joint_service_centre: str | None = None
    partner_agreements: int | None = None
    note: str | None = None


def judge(rule: ModeRule, facts: TownFacts) -> Verdict:
    """Return what the rule says of a town.

    >>> rule = ModeRule("2015", date(2015, 1, 1), 200_000, 40e6, True, "")
    >>> judge(rule, TownFacts(200_000, 40.00e6, True)).passed, judge(rule, TownFacts(200_001, 40.01e6, True)).passed
    (False, True)
    """
    if rule.strict:
        return Verdict(facts.residents > rule.min_residents, facts.area_m2 > rule.min_area_m2, facts.delineable)
    return Verdict(facts.residents >= rule.min_residents, facts.area_m2 >= rule.min_area_m2, facts.delineable)


def require_unit_mode(rule: ModeRule, town_code: str, facts: TownFacts, override: Override | None) -> Verdict:
    """Return the verdict on a town that is to have the unit mode.

    Raises
    ------
    RuleViolationError
        ``unit_mode_advised_against`` when a condition is not met and there is no override.
    """
    verdict = judge(rule, facts)
    if not verdict.passed and override is None:
        raise RuleViolationError(
            "unit_mode_advised_against",
            code=town_code,
            rule=rule.name,
            residents=facts.residents,
            min_residents=rule.min_residents,
            area_km2=facts.area_m2 / M2_PER_KM2,
            min_area_km2=rule.min_area_m2 / M2_PER_KM2,
            delineable=facts.delineable,
        )
    return verdict


def check_override(override: Override, on: date) -> None:
    """Refuse an override that does not say who, by which document, why, or is dated after the mode begins.

    Raises
    ------
    InputError
        ``value_needed``, ``override_dated_later``.
    """
    for field in fields(override):
        require_text(f"override.{field.name}", str(getattr(override, field.name)))
    if override.dated > on:
        raise InputError("override_dated_later", field="override.dated", value=override.dated, on=on)


def require_text(field: str, value: str) -> str:
    """Return a text without blanks at its ends.

    Raises
    ------
    InputError
        ``value_needed`` when nothing is left of it.
    """
    if not (trimmed := value.strip()):
        raise InputError("value_needed", field=field)
    return trimmed


def require_tag_value(kind: TagKind, value: str) -> str:
    """Return the value of a tag.

    Raises
    ------
    InputError
        ``tag_value_unknown`` when the kind has a list and the value is not on it, ``value_needed``.
    """
    known = TAG_VALUES.get(kind)
    if known is not None and value not in {str(member) for member in known}:
        raise InputError("tag_value_unknown", kind=kind, value=value, known=", ".join(known))
    return require_text("value", value)


def organ_level(organ: Organ) -> AreaLevel:
    """Return the level of the areas that have an organ."""
    return next(level for level, organs in ORGANS.items() if organ in organs)


def expected_centres(level: AreaLevel, kind: AreaKind | None) -> tuple[CentreType, ...]:
    """Return the types of which an area has to have a centre (a unit: a branch).

    >>> [len(expected_centres(AreaLevel.TOWN, kind)) for kind in (AreaKind.TOWN, AreaKind.SUBDISTRICT)]
    [6, 7]
    """
    if level == AreaLevel.TOWN:
        return SEVEN_CENTRES if kind == AreaKind.SUBDISTRICT else SIX_CENTRES
    return SIX_CENTRES if level == AreaLevel.BASIC_MANAGEMENT_UNIT else ()


def posts_plausible(posts: int) -> bool:
    """Tell whether a unit's staffing is what is laid down for it.

    >>> [posts_plausible(posts) for posts in (2, 3, 5, 6)]
    [False, True, True, False]
    """
    return MIN_POSTS <= posts <= MAX_POSTS


def mode_conflicts(mode: TownMode | None, *, units: int, sectors: int) -> tuple[str, ...]:
    """Return what a town's middle level has against its mode, as codes of the catalogue (``mode_conflict.<code>``).

    >>> mode_conflicts(TownMode.DIRECT, units=0, sectors=1), mode_conflicts(TownMode.SECTOR, units=0, sectors=4)
    (('direct_with_sector',), ())
    """
    found = {
        "direct_with_unit": mode == TownMode.DIRECT and units > 0,
        "direct_with_sector": mode == TownMode.DIRECT and sectors > 0,
        "unit_mode_without_unit": mode == TownMode.BASIC_MANAGEMENT_UNIT and units == 0,
        "sector_mode_without_sector": mode == TownMode.SECTOR and sectors == 0,
    }
    return tuple(code for code, holds in found.items() if holds)
