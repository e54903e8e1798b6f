"""Bodies, their posts, links, services and agreements, and facts of areas; each with its history.

Rows that are dated are only ever added, and ended once by ``valid_to``. Areas are named by level and code, bodies by
code, so that what is said of them outlives a boundary edition. No column holds a person.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.areas.models import Dated, begins_before_end, once_a_day, one_of
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.bodies.rules import AgreementKind, FactBound, FactUnit, Office, OrganisationKind
from gridmgmt.db import Base

OFFICE_OF_KIND = f"(kind = '{OrganisationKind.SUBDISTRICT_OFFICE}') = (office IS NOT NULL)"


class Body(Dated, Base):
    """What is said of a body of an area from a day on."""

    __tablename__ = "bodies"
    __table_args__ = (
        CheckConstraint(one_of("kind", OrganisationKind), name="kind_known"),
        CheckConstraint(one_of("level", AreaLevel), name="level_known"),
        CheckConstraint(one_of("office", Office), name="office_known"),
        CheckConstraint(OFFICE_OF_KIND, name="office_of_kind"),
        begins_before_end(),
        once_a_day("ex_bodies_once", "code"),
        Index("ix_bodies_area_code", "area_code", "level"),
        Index("ix_bodies_parent_code", "parent_code"),
    )

    body_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    code: Mapped[str]
    kind: Mapped[str]
    office: Mapped[str | None]
    name: Mapped[str]
    level: Mapped[str]
    area_code: Mapped[str]
    parent_code: Mapped[str | None]
    source: Mapped[str]


class BodyPost(Dated, Base):
    """So many posts of a body under one name from a day on."""

    __tablename__ = "body_posts"
    __table_args__ = (
        CheckConstraint("count > 0", name="count_positive"),
        begins_before_end(),
        once_a_day("ex_body_posts_once", "body_code", "code"),
    )

    post_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    body_code: Mapped[str]
    code: Mapped[str]
    name: Mapped[str]
    count: Mapped[int]


class PostLink(Dated, Base):
    """So many of a body's posts serve in another body too, from a day on."""

    __tablename__ = "post_links"
    __table_args__ = (
        CheckConstraint("count > 0", name="count_positive"),
        CheckConstraint("body_code <> serves_code", name="of_two_bodies"),
        begins_before_end(),
        once_a_day("ex_post_links_once", "body_code", "post_code", "serves_code"),
        Index("ix_post_links_serves_code", "serves_code"),
    )

    link_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    body_code: Mapped[str]
    post_code: Mapped[str]
    serves_code: Mapped[str]
    count: Mapped[int]


class PurchasedService(Base):
    """A service that a body has bought of a social organisation for a year."""

    __tablename__ = "purchased_services"
    __table_args__ = (
        CheckConstraint("amount_yuan >= 0", name="amount_non_negative"),
        CheckConstraint("delivered >= 0", name="delivered_non_negative"),
        UniqueConstraint("code"),
        Index("ix_purchased_services_organisation_code", "organisation_code"),
        Index("ix_purchased_services_buyer_code", "buyer_code"),
    )

    service_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    code: Mapped[str]
    organisation_code: Mapped[str]
    buyer_code: Mapped[str]
    name: Mapped[str]
    year: Mapped[int] = mapped_column(SmallInteger)
    amount_yuan: Mapped[float | None]
    delivered: Mapped[int | None]
    source: Mapped[str]


class PurchasedServiceArea(Base):
    """An area that a bought service is delivered in."""

    __tablename__ = "purchased_service_areas"
    __table_args__ = (Index("ix_purchased_service_areas_area_code", "area_code"),)

    service_id: Mapped[int] = mapped_column(ForeignKey("purchased_services.service_id"), primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    area_code: Mapped[str] = mapped_column(primary_key=True)


class BodyAgreement(Dated, Base):
    """An agreement of a body with a partner unit from a day on."""

    __tablename__ = "body_agreements"
    __table_args__ = (
        CheckConstraint(one_of("kind", AgreementKind), name="kind_known"),
        CheckConstraint("body_code <> partner_code", name="of_two_bodies"),
        begins_before_end(),
        once_a_day("ex_body_agreements_once", "code"),
        Index("ix_body_agreements_body_code", "body_code"),
        Index("ix_body_agreements_partner_code", "partner_code"),
    )

    agreement_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    code: Mapped[str]
    body_code: Mapped[str]
    partner_code: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]


class FactKind(Base):
    """A kind of facts with its unit, see :class:`gridmgmt.bodies.rules.NewFactKind`."""

    __tablename__ = "fact_kinds"
    __table_args__ = (CheckConstraint(one_of("unit", FactUnit), name="unit_known"),)

    code: Mapped[str] = mapped_column(primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    unit: Mapped[str]
    additive: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))


class AreaFact(Dated, Base):
    """A number that a source states of an area, until the same source states another or it is withdrawn."""

    __tablename__ = "area_facts"
    __table_args__ = (
        CheckConstraint(one_of("bound", FactBound), name="bound_known"),
        CheckConstraint("value >= 0", name="value_non_negative"),
        CheckConstraint("year IS NULL OR valid_from = make_date(year, 1, 1)", name="year_from_its_first_day"),
        begins_before_end(),
        once_a_day("ex_area_facts_once", "level", "area_code", "kind", "source"),
        Index("ix_area_facts_area_code", "area_code", "level"),
        Index("ix_area_facts_kind", "kind"),
    )

    fact_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    level: Mapped[str]
    area_code: Mapped[str]
    kind: Mapped[str] = mapped_column(ForeignKey("fact_kinds.code"))
    value: Mapped[float]
    bound: Mapped[str]
    year: Mapped[int | None]
    """Where the source names no more than a year."""
    source: Mapped[str]
    note: Mapped[str | None]
