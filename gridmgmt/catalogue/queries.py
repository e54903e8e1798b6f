"""Reading editions of the catalogue and of the list of matters."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from gridmgmt.areas.models import Area
from gridmgmt.areas.rules import AreaKind, AreaLevel
from gridmgmt.catalogue.matters import ListKind
from gridmgmt.catalogue.models import CatalogueEdition, Content, MattersEdition
from gridmgmt.db import Session, prepared_rows
from gridmgmt.editions.models import Edition


@dataclass(frozen=True)
class Head:
    """What an edition is without its content; ``kind`` is that of a list, None of a catalogue."""

    kind: ListKind | None
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


HEADS = """SELECT NULL AS kind, edition_id, name, valid_from, content_sha256 FROM catalogue_editions
UNION ALL SELECT kind, edition_id, name, valid_from, content_sha256 FROM matters_editions
ORDER BY valid_from, edition_id
"""
"""Asked in every transaction that needs the catalogue, so prepared."""


def heads(session: Session) -> tuple[Head, ...]:
    """Return all editions of every sort that ever hold, by the day they begin: of one day, only the last kept."""
    session.flush()
    found: dict[tuple[ListKind | None, date], Head] = {}
    for kind, *rest in prepared_rows(session, HEADS, {}):
        head = Head(None if kind is None else ListKind(kind), *rest)
        found[head.kind, head.valid_from] = head
    return tuple(found.values())


def content_of(session: Session, head: Head) -> Content:
    """Return the tables of an edition."""
    kept = CatalogueEdition if head.kind is None else MattersEdition
    return session.scalars(select(kept.content).where(kept.edition_id == head.edition_id)).one()


def edition_kept(session: Session, name: str, kind: ListKind | None) -> bool:
    """Tell whether an edition of a name was ever kept: of a list of a kind, or of the catalogue for None."""
    if kind is None:
        found = select(CatalogueEdition.edition_id).where(CatalogueEdition.name == name)
    else:
        found = select(MattersEdition.edition_id).where(MattersEdition.name == name, MattersEdition.kind == kind)
    return session.scalar(select(found.exists())) or False


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
