"""Service desks, each with its history, and how many visits they had in a month: counts alone, of nobody."""

from collections.abc import Mapping, Sequence
from datetime import date

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.areas.models import Dated, begins_before_end, once_a_day, one_of
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Base
from gridmgmt.desks.rules import DeskKind
from gridmgmt.governance.rules import CentreType


class Desk(Dated, Base):
    """What is said of a desk from a day on; rows are only added, and ended once."""

    __tablename__ = "desks"
    __table_args__ = (
        CheckConstraint(one_of("kind", DeskKind), name="kind_known"),
        CheckConstraint(one_of("type", CentreType), name="type_known"),
        CheckConstraint("site_code IS NOT NULL OR kind = 'extension_desk'", name="site_of_kind"),
        CheckConstraint("jsonb_typeof(matters) = 'array'", name="matters_listed"),
        begins_before_end(),
        once_a_day("ex_desks_once", "code"),
        Index("ix_desks_geom", "geom", postgresql_using="gist"),
        Index("ix_desks_area_code", "area_code"),
    )

    desk_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    code: Mapped[str]
    kind: Mapped[str]
    type: Mapped[str | None]
    """The type of centre whose matters it takes; None of a joint service centre, which takes those of several."""
    name: Mapped[str]
    level: Mapped[str]
    area_code: Mapped[str]
    """The town, unit or quarter that runs it."""
    site_code: Mapped[str | None]
    """What it stands on: a centre, a joint centre or a service point, as its kind tells."""
    address: Mapped[str | None]
    matters: Mapped[Sequence[str]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """Codes of the lists of matters and powers, or names of what no list has."""
    hours: Mapped[Mapping[str, Sequence[str]] | None] = mapped_column(JSONB(none_as_null=True))
    """Weekly opening rules, see :mod:`gridmgmt.hours`; None where nobody has told them."""
    geom: Mapped[WKBElement] = mapped_column(Geometry("POINT", srid=STORAGE_SRID, spatial_index=False))


class DeskVisits(Base):
    """How many visits a desk had in a month; a count that is told again takes the place of the one before."""

    __tablename__ = "desk_visits"
    __table_args__ = (
        CheckConstraint("visits >= 0", name="visits_non_negative"),
        CheckConstraint("extract(day FROM month) = 1", name="month_begins"),
    )

    desk_code: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    """Its first day."""
    visits: Mapped[int]
    source: Mapped[str]
