"""Modes of towns, tags, organs and staffing of areas, joint centres, centres and branches; each with its history.

Rows are only ever added, and ended once by ``valid_to`` (the first day on which they no longer hold), which the
database holds true. Areas are named by level and code, so that what is said of them outlives a boundary edition.
"""

from collections.abc import Iterable
from datetime import date, datetime

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    UniqueConstraint,
    func,
    literal_column,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.areas.rules import TownMode
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Base
from gridmgmt.governance.rules import ORGANS, TAGGED_LEVEL, CentreType, SectorType, TagKind, VillageType


def _one_of(column: str, values: Iterable[str]) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"


def _begins_before_end() -> CheckConstraint:
    return CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="valid_range")


def _once_a_day(name: str, *columns: str) -> ExcludeConstraint:
    """Return the constraint that no two rows with the same values in some columns hold on one day."""
    days = func.daterange(literal_column("valid_from"), literal_column("valid_to"))
    return ExcludeConstraint(*((column, "=") for column in columns), (days, "&&"), using="gist", name=name)


class Dated:
    """What holds from ``valid_from`` until before ``valid_to``."""

    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class ModeRule(Base):
    """One edition of the rule that advises on the unit mode, see :class:`gridmgmt.governance.rules.ModeRule`."""

    __tablename__ = "mode_rules"
    __table_args__ = (UniqueConstraint("valid_from"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[date]
    min_residents: Mapped[int]
    min_area_m2: Mapped[float]
    strict: Mapped[bool]
    source: Mapped[str]


class TownModeDecision(Dated, Base):
    """The main mode of a town, with the facts it was decided on and the override where the rule advised against it."""

    __tablename__ = "town_modes"
    __table_args__ = (
        CheckConstraint(_one_of("mode", TownMode), name="mode_known"),
        _begins_before_end(),
        CheckConstraint(
            "num_nonnulls(override_by, override_document, override_reason, override_dated) IN (0, 4)",
            name="override_complete",
        ),
        CheckConstraint(
            "mode <> 'basic_management_unit' OR passed IS NOT FALSE OR override_by IS NOT NULL",
            name="rule_or_override",
        ),
        CheckConstraint(
            "passed IS NULL OR num_nonnulls(delineable, residents, area_id, rule) = 4",
            name="verdict_with_facts",
        ),
        CheckConstraint("residents >= 0", name="residents_non_negative"),
        CheckConstraint(
            "num_nonnulls(residents, residents_on, residents_source) IN (0, 3)", name="residents_with_source"
        ),
        _once_a_day("ex_town_modes_one_a_day", "town_code"),
    )

    decision_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    town_code: Mapped[str]
    mode: Mapped[str]
    delineable: Mapped[bool | None]
    residents: Mapped[int | None]
    residents_on: Mapped[date | None]
    residents_source: Mapped[str | None]
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.area_id"))
    """The town in the boundary edition that it was decided on; its surface is that row's own, never given."""
    rule: Mapped[str | None] = mapped_column(ForeignKey("mode_rules.name"))
    passed: Mapped[bool | None]
    """What the rule said; None where it was not asked: for other modes, and for modes taken over from before."""
    override_by: Mapped[str | None]
    override_document: Mapped[str | None]
    override_reason: Mapped[str | None]
    override_dated: Mapped[date | None]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class AreaTag(Dated, Base):
    """Something said of an area beside its place in the hierarchy, see :class:`gridmgmt.governance.rules.TagKind`."""

    __tablename__ = "area_tags"
    __table_args__ = (
        CheckConstraint(
            " OR ".join(f"(kind = '{kind}' AND level = '{level}')" for kind, level in TAGGED_LEVEL.items()),
            name="kind_of_level",
        ),
        CheckConstraint(
            f"kind <> '{TagKind.VILLAGE_TYPE}' OR {_one_of('value', VillageType)}", name="village_type_known"
        ),
        CheckConstraint(f"kind <> '{TagKind.SECTOR_TYPE}' OR {_one_of('value', SectorType)}", name="sector_type_known"),
        _begins_before_end(),
        _once_a_day("ex_area_tags_once", "area_code", "kind", "value"),
        ExcludeConstraint(
            ("area_code", "="),
            ("kind", "="),
            (func.daterange(literal_column("valid_from"), literal_column("valid_to")), "&&"),
            where=literal_column("kind IN ('village_type', 'sector_type')"),
            using="gist",
            name="ex_area_tags_one_type",
        ),
    )

    tag_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    level: Mapped[str]
    area_code: Mapped[str]
    kind: Mapped[str]
    value: Mapped[str]


class AreaOrgan(Dated, Base):
    """A body of a unit or sector by its name, or a post by the office that fills it; never the name of a person."""

    __tablename__ = "area_organs"
    __table_args__ = (
        CheckConstraint(
            " OR ".join(f"(level = '{level}' AND {_one_of('organ', organs)})" for level, organs in ORGANS.items()),
            name="organ_of_level",
        ),
        _begins_before_end(),
        _once_a_day("ex_area_organs_once", "area_code", "organ"),
    )

    organ_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    level: Mapped[str]
    area_code: Mapped[str]
    organ: Mapped[str]
    name: Mapped[str]


class Staffing(Dated, Base):
    """How many administrative posts the party committee of a unit has."""

    __tablename__ = "staffing"
    __table_args__ = (
        CheckConstraint("posts >= 0", name="posts_non_negative"),
        _begins_before_end(),
        _once_a_day("ex_staffing_once", "unit_code"),
    )

    staffing_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    unit_code: Mapped[str]
    posts: Mapped[int]


class JointCentre(Dated, Base):
    """A middle layer over many quarters without being a level: a party branch and a joint service centre.

    ``partner_agreements`` is a bare number where the source does not say with whom; ``note`` says so then.
    """

    __tablename__ = "joint_centres"
    __table_args__ = (
        CheckConstraint("partner_agreements >= 0", name="partner_agreements_non_negative"),
        CheckConstraint("ST_IsValid(geom) AND NOT ST_IsEmpty(geom)", name="geom_valid"),
        _begins_before_end(),
        _once_a_day("ex_joint_centres_once", "code"),
        Index("ix_joint_centres_geom", "geom", postgresql_using="gist"),
    )

    joint_centre_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    code: Mapped[str]
    name: Mapped[str]
    town_code: Mapped[str]
    party_branch: Mapped[str | None]
    joint_service_centre: Mapped[str | None]
    partner_agreements: Mapped[int | None]
    note: Mapped[str | None]
    source: Mapped[str]
    area_m2: Mapped[float] = mapped_column(Computed("ST_Area(geom::geography)", persisted=True))
    """Surface of the service area on the ellipsoid."""
    geom: Mapped[WKBElement] = mapped_column(Geometry("MULTIPOLYGON", srid=STORAGE_SRID, spatial_index=False))


class Centre(Dated, Base):
    """A service centre of a town or subdistrict, or a branch of one in a unit.

    A code is used once for all time; who moves gets a new one. That a branch's parent has its type and its town is a
    foreign key.
    """

    __tablename__ = "centres"
    __table_args__ = (
        UniqueConstraint("code"),
        UniqueConstraint("code", "type", "town_code"),
        ForeignKeyConstraint(
            ["parent_code", "type", "town_code"],
            ["centres.code", "centres.type", "centres.town_code"],
            name="fk_centres_parent_of_type_and_town",
        ),
        CheckConstraint(_one_of("type", CentreType), name="type_known"),
        CheckConstraint(
            "(level = 'town' AND area_code = town_code AND parent_code IS NULL)"
            " OR (level = 'basic_management_unit' AND parent_code IS NOT NULL)",
            name="centre_or_branch",
        ),
        _begins_before_end(),
        Index("ix_centres_area_code", "area_code"),
        Index("ix_centres_parent_code", "parent_code"),
    )

    centre_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    code: Mapped[str]
    type: Mapped[str]
    name: Mapped[str]
    level: Mapped[str]
    area_code: Mapped[str]
    town_code: Mapped[str]
    """The town or subdistrict that the centre, or the branch's unit, lay in when it opened."""
    parent_code: Mapped[str | None]
    address: Mapped[str | None]
    geom: Mapped[WKBElement | None] = mapped_column(Geometry("POINT", srid=STORAGE_SRID, spatial_index=False))
