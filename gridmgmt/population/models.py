"""Places where people live, with residents as decimals that are never rounded."""

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Base
from gridmgmt.units import AGE_BANDS

RESIDENT_COLUMNS: tuple[str, ...] = tuple(f"residents_{band}" for band in AGE_BANDS)

BOUND_COLUMNS = ("residents_60_plus_low", "residents_60_plus_high")


def _count_check(column: str) -> CheckConstraint:
    # NaN sorts above infinity in PostgreSQL, so the upper bound refuses it too.
    return CheckConstraint(f"{column} >= 0 AND {column} < 'Infinity'", name=f"{column}_non_negative")


class PopulationPlace(Base):
    """One place: a building, an address, or the centre of a raster cell.

    All resident columns are NULL in an edition of places without counts; the bands alone are NULL where a
    source gives only the total of 60 and over.
    """

    __tablename__ = "population_places"
    __table_args__ = (
        *(_count_check(column) for column in (*RESIDENT_COLUMNS, "residents_60_plus")),
        CheckConstraint(
            "(spread_from IS NULL AND residents_60_plus_low IS NULL AND residents_60_plus_high IS NULL)"
            " OR (spread_from IS NOT NULL AND residents_60_plus_low >= 0"
            " AND residents_60_plus_low <= residents_60_plus AND residents_60_plus <= residents_60_plus_high"
            " AND residents_60_plus_high < 'Infinity')",
            name="spread_has_a_range",
        ),
        CheckConstraint("connect_extra_m >= 0 AND connect_extra_m < 'Infinity'", name="connect_extra_m_non_negative"),
        UniqueConstraint("edition_id", "place_no"),
        Index("ix_population_places_geom", "geom", postgresql_using="gist"),
    )

    place_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.edition_id"))
    place_no: Mapped[int] = mapped_column(BigInteger)
    """The place's number in its file: row, cell or building, stable across imports of the same file."""
    residents_60_64: Mapped[float | None]
    residents_65_69: Mapped[float | None]
    residents_70_74: Mapped[float | None]
    residents_75_79: Mapped[float | None]
    residents_80_plus: Mapped[float | None]
    residents_60_plus: Mapped[float | None]
    connect_extra_m: Mapped[float] = mapped_column(server_default=text("0"))
    """Added to the connection limit: half the diagonal of a raster's cell, 0 for a point."""
    spread_from: Mapped[str | None]
    """The code of the area whose residents were spread over its places; NULL where the place has its own count."""
    residents_60_plus_low: Mapped[float | None]
    residents_60_plus_high: Mapped[float | None]
    """How few and how many of them may live here, see :func:`gridmgmt.analysis.spreading.place_bounds`."""
    geom: Mapped[WKBElement] = mapped_column(Geometry("POINT", srid=STORAGE_SRID, spatial_index=False))
