"""The rule of modes, tags, organs and staffing of areas, joint centres, centres and branches; each with its history.

Rows are only ever added, and ended once by ``valid_to`` (the first day on which they no longer hold), which the
database holds true. Areas are named by level and code, so that what is said of them outlives a boundary edition.
"""

from datetime import date

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKeyConstraint,
    Identity,
    Index,
    UniqueConstraint,
    func,
    literal_column,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.areas.models import Dated, begins_before_end, once_a_day, one_of
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Base
from gridmgmt.governance.rules import ORGANS, TAGGED_LEVEL, CentreType, SectorType, TagKind, VillageType


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


class AreaTag(Dated, Base):
    """Something said of an area beside its place in the hierarchy, see :class:`gridmgmt.governance.rules.TagKind`."""

    __tablename__ = "area_tags"
    __table_args__ = (
        CheckConstraint(
            " OR ".join(f"(kind = '{kind}' AND level = '{level}')" for kind, level in TAGGED_LEVEL.items()),
            name="kind_of_level",
        ),
        CheckConstraint(
            f"kind <> '{TagKind.VILLAGE_TYPE}' OR {one_of('value', VillageType)}", name="village_type_known"
        ),
        CheckConstraint(f"kind <> '{TagKind.SECTOR_TYPE}' OR {one_of('value', SectorType)}", name="sector_type_known"),
        begins_before_end(),
        once_a_day("ex_area_tags_once", "area_code", "kind", "value"),
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
            " OR ".join(f"(level = '{level}' AND {one_of('organ', organs)})" for level, organs in ORGANS.items()),
            name="organ_of_level",
        ),
        begins_before_end(),
        once_a_day("ex_area_organs_once", "area_code", "organ"),
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
        begins_before_end(),
        once_a_day("ex_staffing_once", "unit_code"),
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
        begins_before_end(),
        once_a_day("ex_joint_centres_once", "code"),
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
        CheckConstraint(one_of("type", CentreType), name="type_known"),
        CheckConstraint(
            "(level = 'town' AND area_code = town_code AND parent_code IS NULL)"
            " OR (level = 'basic_management_unit' AND parent_code IS NOT NULL)",
            name="centre_or_branch",
        ),
        begins_before_end(),
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
