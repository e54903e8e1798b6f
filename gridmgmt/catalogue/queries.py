"""Reading editions of the catalogue and of the list of matters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from gridmgmt.areas.models import Area
from gridmgmt.areas.rules import AreaKind, AreaLevel
from gridmgmt.catalogue.models import CatalogueEdition, Content, MattersEdition
from gridmgmt.db import Session, prepared_rows
from gridmgmt.editions.models import Edition

Kept = type[CatalogueEdition] | type[MattersEdition]
_KEPT: Mapping[bool, Kept] = {False: CatalogueEdition, True: MattersEdition}


@dataclass(frozen=True)
class Head:
    """What an edition is without its content; ``matters`` tells a list of matters from a catalogue."""

    matters: bool
    edition_id: int
    name: str
    valid_from: date
    content_sha256: str


@dataclass(frozen=True)
class Place:
    """An area that departments may be for."""

    level: AreaLevel
    kind: AreaKind | None
    code: str
    name: str


HEADS = """SELECT false AS matters, edition_id, name, valid_from, content_sha256 FROM catalogue_editions
UNION ALL SELECT true, edition_id, name, valid_from, content_sha256 FROM matters_editions
ORDER BY valid_from, edition_id
"""
"""Asked in every transaction that needs the catalogue, so prepared."""


def heads(session: Session) -> tuple[Head, ...]:
    """Return all editions of both sorts that ever hold, by the day they begin: of one day, only the last kept."""
    session.flush()
    found: dict[tuple[bool, date], Head] = {}
    for row in prepared_rows(session, HEADS, {}):
        head = Head(*row)
        found[head.matters, head.valid_from] = head
    return tuple(found.values())


def content_of(session: Session, head: Head) -> Content:
    """Return the tables of an edition."""
    kept = _KEPT[head.matters]
    return session.scalars(select(kept.content).where(kept.edition_id == head.edition_id)).one()


def edition_kept(session: Session, name: str, *, matters: bool) -> bool:
    """Tell whether an edition of a name was ever kept."""
    kept = _KEPT[matters]
    return session.scalar(select(select(kept.edition_id).where(kept.name == name).exists())) or False


def places(session: Session) -> list[Place]:
    """Return the districts, towns and units of all boundary editions in force or to come, each code once.

    The area of the edition that begins last tells its name: who loads departments today also loads those of areas
    that are known to be split off tomorrow.
    """
    levels = (AreaLevel.DISTRICT, AreaLevel.TOWN, AreaLevel.BASIC_MANAGEMENT_UNIT)
    statement = (
        select(Area.level, Area.kind, Area.code, Area.name)
        .join(Edition, Edition.edition_id == Area.edition_id)
        .where(Edition.state == "in_force", Area.level.in_(levels))
        .order_by(Edition.valid_from, Area.area_id)
    )
    found = {
        (row.level, row.code): Place(AreaLevel(row.level), AreaKind(row.kind) if row.kind else None, row.code, row.name)
        for row in session.execute(statement)
    }
    return sorted(found.values(), key=lambda place: place.code)
