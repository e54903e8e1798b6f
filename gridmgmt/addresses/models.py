"""The gazetteer's tables: names and how they are spelt, the addresses that bear them, and other names with their days.

A million doors share some thousand names of roads and compounds. Names are looked for among those; a door is then found
by its name and number.
"""

from datetime import date

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.addresses.rules import AddressKind, OtherName
from gridmgmt.areas.models import one_of
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Base


class AddressName(Base):
    """A normalised name, once for all editions; a name by itself says nothing of what bears it."""

    __tablename__ = "address_names"
    __table_args__ = (UniqueConstraint("name"),)

    name_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str]
    pinyin: Mapped[list[str]] = mapped_column(ARRAY(String))
    """Its readings, see :func:`gridmgmt.addresses.spelling.pinyin_spellings`."""
    initials: Mapped[list[str]] = mapped_column(ARRAY(String))


class Address(Base):
    """A place of the gazetteer as an edition has it; the areas it lies in follow from its point and a day.

    ``name_id`` is its own name (a road's, a compound's, a school's), ``base_id`` what its numbers count on.
    """

    __tablename__ = "addresses"
    __table_args__ = (
        CheckConstraint(one_of("kind", AddressKind), name="kind_known"),
        CheckConstraint("num_nonnulls(name_id, base_id) > 0", name="named_or_based"),
        CheckConstraint("number_to IS NULL OR number_to > number", name="number_range"),
        Index("ix_addresses_base_id", "base_id", "lane", "number"),
        Index("ix_addresses_name_id", "name_id", postgresql_where=text("name_id IS NOT NULL")),
        Index("ix_addresses_lane_number", "lane", "number"),
        Index("ix_addresses_code", "code", postgresql_where=text("code IS NOT NULL")),
        Index("ix_addresses_geom", "geom", postgresql_using="gist"),
    )

    address_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.edition_id"))
    kind: Mapped[str]
    code: Mapped[str | None] = mapped_column(String(collation="C"))
    name: Mapped[str | None]
    """The name as given."""
    address: Mapped[str]
    """The address as it is shown, without a room."""
    district: Mapped[str | None]
    town: Mapped[str | None]
    name_id: Mapped[int | None] = mapped_column(ForeignKey("address_names.name_id"))
    base_id: Mapped[int | None] = mapped_column(ForeignKey("address_names.name_id"))
    lane: Mapped[int | None]
    sublane: Mapped[int | None]
    number: Mapped[int | None]
    """The number of the door; that of the building where there is no other."""
    number_to: Mapped[int | None]
    suffix: Mapped[str | None]
    building: Mapped[int | None]
    geom: Mapped[WKBElement | None] = mapped_column(Geometry("POINT", srid=STORAGE_SRID, spatial_index=False))


class AddressOtherName(Base):
    """Another name of what bears a name: an alias, or what it was called before, from when until before when."""

    __tablename__ = "address_other_names"
    __table_args__ = (
        CheckConstraint(one_of("kind", OtherName), name="kind_known"),
        CheckConstraint("called_to > called_from", name="called_range"),
        Index("ix_address_other_names_other_id", "other_id"),
        Index("ix_address_other_names_name_id", "name_id"),
    )

    other_name_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.edition_id"))
    name_id: Mapped[int] = mapped_column(ForeignKey("address_names.name_id"))
    other_id: Mapped[int] = mapped_column(ForeignKey("address_names.name_id"))
    kind: Mapped[str]
    called_from: Mapped[date | None]
    called_to: Mapped[date | None]
