"""Cases: one row each, as its log of moves has left it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.areas.models import one_of
from gridmgmt.cases.rules import ENDED, CaseKind, CaseSource, CaseState, Urgency
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Base

OPEN = f"state NOT IN ({', '.join(repr(str(state)) for state in sorted(ENDED))})"
"""The condition of the indexes that hold what is still to be done."""

OF_FEW = "source IN ('community_hotline', 'video', 'leader', 'other')"
"""The condition of the index of sources that bring few cases; those of the others are soon found among all."""

FLAGGED = "flags <> '{}'"
"""The condition of the index of the few cases that have a flag."""

Moment = DateTime(timezone=True)


class Case(Base):
    """One case at a point; whoever reported it is not in this table.

    The areas are those that held the point when it was reported, and are never worked out anew.
    """

    __tablename__ = "cases"
    __table_args__ = (
        CheckConstraint(one_of("kind", CaseKind), name="kind_known"),
        CheckConstraint(one_of("source", CaseSource), name="source_known"),
        CheckConstraint(one_of("state", CaseState), name="state_known"),
        CheckConstraint(one_of("urgency", Urgency), name="urgency_known"),
        CheckConstraint("length(description) <= 4000", name="description_length"),
        UniqueConstraint("case_no"),
        UniqueConstraint("client_id"),
        Index("ix_cases_geom", "geom", "reported_at", postgresql_using="gist"),
        Index("ix_cases_reported_at", "reported_at", "case_id"),
        Index("ix_cases_updated_at", "updated_at"),
        Index("ix_cases_open", "reported_at", "case_id", postgresql_where=text(OPEN)),
        Index("ix_cases_state", "state", "reported_at", "case_id", postgresql_where=text("state <> 'closed'")),
        Index("ix_cases_type", "type", "reported_at", "case_id"),
        Index("ix_cases_town_code", "town_code", "reported_at", "case_id"),
        Index("ix_cases_next_alarm_at", "next_alarm_at", postgresql_where=text("next_alarm_at IS NOT NULL")),
        Index("ix_cases_due_at", "due_at", "case_id", postgresql_where=text(OPEN)),
        Index("ix_cases_department_code", "department_code", "reported_at", "case_id"),
        Index("ix_cases_component_code", "component_code", postgresql_where=text("component_code IS NOT NULL")),
        Index("ix_cases_source", "source", "reported_at", "case_id", postgresql_where=text(OF_FEW)),
        Index("ix_cases_flagged", "reported_at", "case_id", postgresql_where=text(FLAGGED)),
        Index("ix_cases_supervised", "reported_at", "case_id", postgresql_where=text("supervised")),
        Index("ix_cases_internal", "case_id", postgresql_where=text("internal")),
        Index("ix_cases_requests", "due_at", postgresql_where=text("requests <> '[]'::jsonb")),
        Index("ix_cases_duplicate_of", "duplicate_of", postgresql_where=text("duplicate_of IS NOT NULL")),
    )

    case_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    edition_id: Mapped[int | None] = mapped_column(ForeignKey("editions.edition_id"))
    """The import that brought it; None for one that was reported here."""
    case_no: Mapped[str]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    client_id: Mapped[UUID | None]
    """What the reporting device called it, so that a report sent twice is one case."""

    kind: Mapped[str]
    type: Mapped[str]
    """Code of the catalogue's type; an imported register may name its own."""
    source: Mapped[str] = mapped_column(server_default=CaseSource.OTHER)
    state: Mapped[str]
    description: Mapped[str | None]
    address: Mapped[str | None]
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    flags: Mapped[Sequence[str]] = mapped_column(ARRAY(String), server_default=text("'{}'"))
    """What is doubtful about it, such as a point that stands for many."""
    component_code: Mapped[str | None]

    reported_at: Mapped[datetime] = mapped_column(Moment)
    updated_at: Mapped[datetime] = mapped_column(Moment, server_default=text("now()"))
    accepted_at: Mapped[datetime | None] = mapped_column(Moment)
    """When it was first taken on."""
    registered_at: Mapped[datetime | None] = mapped_column(Moment)
    dispatched_at: Mapped[datetime | None] = mapped_column(Moment)
    handled_at: Mapped[datetime | None] = mapped_column(Moment)
    closed_at: Mapped[datetime | None] = mapped_column(Moment)

    cell_code: Mapped[str | None]
    quarter_code: Mapped[str | None]
    middle_code: Mapped[str | None]
    """The basic management unit or sector."""
    town_code: Mapped[str | None]
    district_code: Mapped[str | None]
    post_code: Mapped[str | None]
    """The officer post that answered for the cell when it was reported."""
    department_code: Mapped[str | None]
    """Who is to handle it, the lead of several."""
    condition_no: Mapped[int | None]
    """Which filing condition of the type it was registered under."""

    due_at: Mapped[datetime | None] = mapped_column(Moment)
    due_soon_at: Mapped[datetime | None] = mapped_column(Moment)
    due_provisional: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether the deadline passes through a year whose holidays are not known yet."""
    urgency: Mapped[str] = mapped_column(server_default=Urgency.NO_DEADLINE)
    """As last told to everybody; moved on by the watcher of deadlines."""
    next_alarm_at: Mapped[datetime | None] = mapped_column(Moment)
    """When the watcher has to move :attr:`urgency` on; None while the clock stands or nothing is left to tell."""
    paused_at: Mapped[datetime | None] = mapped_column(Moment)

    rework_count: Mapped[int] = mapped_column(server_default=text("0"))
    send_back_count: Mapped[int] = mapped_column(server_default=text("0"))
    extension_count: Mapped[int] = mapped_column(server_default=text("0"))
    reopen_count: Mapped[int] = mapped_column(server_default=text("0"))
    forced: Mapped[bool] = mapped_column(server_default=text("false"))
    """Closed by force, counted apart."""
    supervised: Mapped[bool] = mapped_column(server_default=text("false"))
    """Under a supervision order."""
    internal: Mapped[bool] = mapped_column(server_default=text("false"))
    """Listed, drawn and told only to those who work on cases, and counted nowhere."""
    satisfied: Mapped[bool | None]
    """What whoever reported it said of the outcome; None when nobody has asked."""
    duplicate_of: Mapped[int | None] = mapped_column(ForeignKey("cases.case_id"))
    requests: Mapped[Sequence[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """What bodies have asked for and nobody has decided yet."""
    progress: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """What the machine keeps beside these columns, see :mod:`gridmgmt.casework.facts`."""

    geom: Mapped[WKBElement] = mapped_column(Geometry("POINT", srid=STORAGE_SRID, spatial_index=False))
