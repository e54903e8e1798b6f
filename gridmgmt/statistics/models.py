"""Figures known only for whole areas."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.db import Base


class AreaFigure(Base):
    """One number that somebody counted or published for one whole area.

    Rows are only ever added, which the database holds true: a correction is a later row of the same area, figure and
    day. The unit stands in the figure's name (``published_area_m2``); the number is a sum over the surface, never a
    ratio, so that parts of an area can have parts of it.
    """

    __tablename__ = "area_figures"
    __table_args__ = (
        CheckConstraint("figure ~ '^[a-z][a-z0-9_]{0,62}$'", name="figure_slug"),
        # NaN sorts above infinity in PostgreSQL, so the upper bound refuses it too.
        CheckConstraint("value >= 0 AND value < 'Infinity'", name="value_non_negative"),
        Index("ix_area_figures_figure_level_area_code", "figure", "level", "area_code", "counted_on"),
    )

    figure_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    level: Mapped[str]
    area_code: Mapped[str]
    figure: Mapped[str]
    value: Mapped[float]
    counted_on: Mapped[date]
    """The day the number describes."""
    areas_on: Mapped[date]
    """The day whose boundaries the number was counted within."""
    source: Mapped[str]
    """Who says so, as it must be shown beside the number."""
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
