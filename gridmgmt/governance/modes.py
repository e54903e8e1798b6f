"""The mode report: each town's main mode or gap, its X, its units and sectors, and what does not fit together."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from gridmgmt.areas.rules import AreaKind, AreaLevel, TownMode
from gridmgmt.governance.rules import (
    ORGANS,
    CentreType,
    ModeRule,
    Organ,
    Override,
    Residents,
    TagKind,
    mode_conflicts,
    posts_plausible,
)

Key = tuple[AreaLevel, str]
"""Level and code of an area."""


@dataclass(frozen=True)
class Place:
    """An area in force without its boundary; ``area_m2`` on the ellipsoid."""

    level: AreaLevel
    code: str
    name: str
    kind: AreaKind | None
    parent_level: AreaLevel | None
    parent_code: str | None
    area_m2: float


@dataclass(frozen=True)
class Decision:
    """A town's mode and what it was decided on; ``passed`` is None where the rule was not asked."""

    mode: TownMode
    valid_from: date
    decided_by: str
    residents: Residents | None = None
    area_m2: float | None = None
    area_edition: str | None = None
    delineable: bool | None = None
    rule: str | None = None
    passed: bool | None = None
    override: Override | None = None


@dataclass(frozen=True)
class Tag:
    """A tag that an area has."""

    level: AreaLevel
    code: str
    kind: TagKind
    value: str


@dataclass(frozen=True)
class JointCentreFacts:
    """A joint centre; ``area_m2`` of its service area, on the ellipsoid, ``partner_agreements`` a bare number."""

    code: str
    name: str
    town_code: str
    area_m2: float
    party_branch: str | None
    joint_service_centre: str | None
    partner_agreements: int | None
    note: str | None
    source: str


@dataclass(frozen=True)
class JointCentreOnMap(JointCentreFacts):
    """A joint centre with its service area as a GeoJSON geometry, degrees with 7 decimals (about 1 cm)."""

    geometry: Mapping[str, Any]


@dataclass(frozen=True)
class Said:
    """All that is said on a day of the areas in force, by level and code or by the code of a unit, sector or town."""

    decisions: Mapping[str, Decision] = field(default_factory=dict)
    tags: Sequence[Tag] = ()
    organs: Mapping[str, Mapping[Organ, str]] = field(default_factory=dict)
    posts: Mapping[str, int] = field(default_factory=dict)
    branches_missing: Mapping[str, tuple[CentreType, ...]] = field(default_factory=dict)
    service_points: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    joint_centres: Sequence[JointCentreFacts] = ()


@dataclass(frozen=True)
class UnitReport:
    """A basic management unit; ``posts_plausible`` is None where its staffing is not known."""

    code: str
    name: str
    area_m2: float
    quarters: int
    organs: Mapping[Organ, str]
    organs_missing: tuple[Organ, ...]
    posts: int | None
    posts_plausible: bool | None
    branches_missing: tuple[CentreType, ...]


@dataclass(frozen=True)
class SectorReport:
    """A sector; ``service_points`` are the open ones by type."""

    code: str
    name: str
    area_m2: float
    quarters: int
    type: str | None
    organs: Mapping[Organ, str]
    organs_missing: tuple[Organ, ...]
    service_points: Mapping[str, int]


@dataclass(frozen=True)
class TownReport:
    """A town-level area; modes do not apply to subdistricts.

    ``quarters`` are all of its residential quarters, ``direct_quarters`` those in no unit or sector.
    """

    code: str
    name: str
    kind: AreaKind | None
    area_m2: float
    applicable: bool
    decision: Decision | None
    x: tuple[str, ...]
    units: tuple[UnitReport, ...]
    sectors: tuple[SectorReport, ...]
    quarters: int
    direct_quarters: int
    conflicts: tuple[str, ...]

    @property
    def undecided(self) -> bool:
        """Whether a mode applies and none is decided: a gap."""
        return self.applicable and self.decision is None


@dataclass(frozen=True)
class ModeReport:
    """All towns by code, on the boundary editions named, with the rule in force (None before the first one)."""

    on: date
    editions: tuple[str, ...]
    rule: ModeRule | None
    towns: tuple[TownReport, ...]
    villages: tuple[tuple[Tag, str], ...]
    """Tags of villages and courtyards, each with its area's name."""
    joint_centres: tuple[JointCentreFacts, ...]

    @property
    def gaps(self) -> tuple[str, ...]:
        """Codes of the towns without a mode."""
        return tuple(town.code for town in self.towns if town.undecided)


def report(on: date, editions: Sequence[str], rule: ModeRule | None, places: Sequence[Place], said: Said) -> ModeReport:
    """Return the report of the areas in force on a day and what is said of them."""
    ordered = sorted(places, key=lambda place: place.code)
    children: dict[Key, list[Place]] = defaultdict(list)
    for place in ordered:
        if place.parent_level is not None and place.parent_code is not None:
            children[place.parent_level, place.parent_code].append(place)
    towns = tuple(_town(place, children, said) for place in ordered if place.level == AreaLevel.TOWN)
    names = {(place.level, place.code): place.name for place in ordered}
    villages = tuple(
        (tag, names[tag.level, tag.code])
        for tag in sorted(said.tags, key=lambda tag: (tag.kind, tag.code, tag.value))
        if tag.level == AreaLevel.RESIDENTIAL_QUARTER and (tag.level, tag.code) in names
    )
    joint = tuple(sorted(said.joint_centres, key=lambda centre: centre.code))
    return ModeReport(on, tuple(editions), rule, towns, villages, joint)


def _town(town: Place, children: Mapping[Key, Sequence[Place]], said: Said) -> TownReport:
    below = children.get((town.level, town.code), ())
    by_level = {level: [place for place in below if place.level == level] for level in AreaLevel}
    quarters_in = {place.code: _quarters(place, children) for place in below}
    units = tuple(_unit(unit, quarters_in[unit.code], said) for unit in by_level[AreaLevel.BASIC_MANAGEMENT_UNIT])
    sectors = tuple(_sector(sector, quarters_in[sector.code], said) for sector in by_level[AreaLevel.SECTOR])
    direct = len(by_level[AreaLevel.RESIDENTIAL_QUARTER])
    applicable = town.kind != AreaKind.SUBDISTRICT
    decision = said.decisions.get(town.code) if applicable else None
    mode = None if decision is None else decision.mode
    return TownReport(
        code=town.code,
        name=town.name,
        kind=town.kind,
        area_m2=town.area_m2,
        applicable=applicable,
        decision=decision,
        x=_values(said, town, TagKind.X),
        units=units,
        sectors=sectors,
        quarters=direct + sum(quarters_in.values()),
        direct_quarters=direct,
        conflicts=mode_conflicts(mode, units=len(units), sectors=len(sectors)),
    )


def _quarters(place: Place, children: Mapping[Key, Sequence[Place]]) -> int:
    below = Counter(child.level for child in children.get((place.level, place.code), ()))
    return below[AreaLevel.RESIDENTIAL_QUARTER]


def _values(said: Said, place: Place, kind: TagKind) -> tuple[str, ...]:
    same = (place.level, place.code, kind)
    return tuple(sorted(tag.value for tag in said.tags if (tag.level, tag.code, tag.kind) == same))


def _lacking(place: Place, organs: Mapping[Organ, str]) -> tuple[Organ, ...]:
    return tuple(organ for organ in ORGANS[place.level] if organ not in organs)


def _unit(unit: Place, quarters: int, said: Said) -> UnitReport:
    organs, posts = said.organs.get(unit.code, {}), said.posts.get(unit.code)
    return UnitReport(
        code=unit.code,
        name=unit.name,
        area_m2=unit.area_m2,
        quarters=quarters,
        organs=organs,
        organs_missing=_lacking(unit, organs),
        posts=posts,
        posts_plausible=None if posts is None else posts_plausible(posts),
        branches_missing=said.branches_missing.get(unit.code, ()),
    )


def _sector(sector: Place, quarters: int, said: Said) -> SectorReport:
    organs = said.organs.get(sector.code, {})
    types = _values(said, sector, TagKind.SECTOR_TYPE)
    return SectorReport(
        code=sector.code,
        name=sector.name,
        area_m2=sector.area_m2,
        quarters=quarters,
        type=types[0] if types else None,
        organs=organs,
        organs_missing=_lacking(sector, organs),
        service_points=said.service_points.get(sector.code, {}),
    )
