"""Kinds of responsibility grids, officer posts, grids and their cells; each but the kinds with its history.

Rows are only ever added, and ended once by ``valid_to`` (the first day on which they no longer hold), which the
database holds true. Cells are named by code, so that a grid outlives a boundary edition.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.areas.models import Dated, begins_before_end, once_a_day
from gridmgmt.db import Base


class GridKind(Base):
    """A kind of responsibility grids, see :class:`gridmgmt.responsibility.rules.NewKind`."""

    __tablename__ = "grid_kinds"

    code: Mapped[str] = mapped_column(primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    required_hours: Mapped[Mapping[str, Sequence[str]] | None] = mapped_column(JSONB(none_as_null=True))


class OfficerPost(Dated, Base):
    """A post of a body by its office; who fills it is never stored."""

    __tablename__ = "officer_posts"
    __table_args__ = (begins_before_end(), once_a_day("ex_officer_posts_once", "code"))

    post_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(ForeignKey("grid_kinds.code"))
    body: Mapped[str]


class ResponsibilityGrid(Dated, Base):
    """What a responsibility grid is called, who answers for it and when; its cells are :class:`GridMember`."""

    __tablename__ = "responsibility_grids"
    __table_args__ = (
        CheckConstraint("post_code <> backup_code", name="backup_is_another"),
        begins_before_end(),
        once_a_day("ex_responsibility_grids_once", "code"),
    )

    grid_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(ForeignKey("grid_kinds.code"))
    post_code: Mapped[str | None]
    backup_code: Mapped[str | None]
    hours: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))


class GridMember(Dated, Base):
    """A cell in a grid; in exactly one of each kind on a day."""

    __tablename__ = "grid_members"
    __table_args__ = (
        begins_before_end(),
        once_a_day("ex_grid_members_once", "kind", "cell_code"),
        Index("ix_grid_members_grid_code", "grid_code"),
    )

    member_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[str] = mapped_column(ForeignKey("grid_kinds.code"))
    grid_code: Mapped[str]
    cell_code: Mapped[str]
