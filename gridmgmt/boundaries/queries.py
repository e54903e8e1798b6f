"""Reading boundary editions: how far each is, what its check found, and what became of a code."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import shapely
from geoalchemy2.shape import to_shape
from sqlalchemy import CTE, Label, Select, and_, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from gridmgmt.analysis.boundaries import shares, surface_of
from gridmgmt.areas.models import Area, AreaEnding, AreaLineage
from gridmgmt.areas.queries import AreaSummary, area_frame, in_force_on, last_of_code
from gridmgmt.areas.rules import RANK, AreaLevel
from gridmgmt.boundaries.models import TopologyFinding
from gridmgmt.boundaries.rules import Direction, EditionStatus, status_of
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition, EditionStep
from gridmgmt.editions.queries import boundary_edition
from gridmgmt.editions.rules import EditionState, Subject
from gridmgmt.errors import NotFoundError


@dataclass(frozen=True)
class Step:
    """One step in the life of a boundary edition: who did what and when, by which document and for what reason."""

    step: str
    at: datetime
    actor: str
    document: str | None
    dated: date | None
    reason: str | None
    details: dict[str, Any]


@dataclass(frozen=True)
class EditionOverview:
    """One boundary edition; ``areas`` counts what it brings in, ``ended`` what it ends, both by level."""

    name: str
    status: EditionStatus
    planned_from: date | None
    valid_from: date | None
    source: str
    synthetic: bool
    areas: dict[str, int]
    ended: dict[str, int]
    errors: int
    warnings: int
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Passage:
    """Land that passed from one code to another when an edition came into force; shares of both areas, 0–1."""

    edition: str
    valid_from: date
    from_level: str
    from_code: str
    from_name: str
    to_level: str
    to_code: str
    to_name: str
    area_m2: float
    share_of_from: float
    share_of_to: float


@dataclass(frozen=True)
class Successor:
    """An area in force that holds land of one that has ended; m² in common and its share of both, 0–1."""

    level: str
    code: str
    name: str
    area_m2: float
    share_of_from: float
    share_of_to: float


@dataclass(frozen=True)
class Fate:
    """What became of a code: its last area, the day it ended and by which edition, and who holds the land now."""

    last: AreaSummary
    ended_on: date
    ended_by: str
    successors: tuple[Successor, ...]


def draft_named(session: Session, name: str) -> Edition:
    """Return the boundary edition of a name, in whatever state.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    found = boundary_edition(session, name)
    if found is None:
        raise NotFoundError("boundary_edition_unknown", name=name)
    return found


def statuses(session: Session, on: date) -> list[EditionOverview]:
    """Return every boundary edition with how far it is on a day: those in force by date, then the others by id."""
    statement = (
        select(Edition)
        .where(Edition.subject == Subject.AREAS)
        .order_by(Edition.valid_from.asc().nulls_last(), Edition.edition_id)
    )
    found = session.scalars(statement).all()
    brought, left = _counts(session, _brought()), _counts(session, _brought().where(in_force_on(on)))
    ended = _counts(session, _ended())
    findings = {edition: _severities(session, edition) for edition in _checked(session)}
    steps = _steps(session)
    return [
        EditionOverview(
            name=edition.name,
            status=status_of(
                edition.state,
                edition.valid_from,
                on,
                brought=sum(brought.get(edition.edition_id, {}).values()),
                left=sum(left.get(edition.edition_id, {}).values()),
            ),
            planned_from=edition.planned_from,
            valid_from=edition.valid_from,
            source=edition.source,
            synthetic=edition.synthetic,
            areas=brought.get(edition.edition_id, {}),
            ended=ended.get(edition.edition_id, {}),
            errors=findings.get(edition.edition_id, Counter())["error"],
            warnings=findings.get(edition.edition_id, Counter())["warning"],
            steps=tuple(steps.get(edition.edition_id, [])),
        )
        for edition in found
    ]


def _brought() -> Select[int, str, int]:
    return select(Area.edition_id, Area.level, func.count()).group_by(Area.edition_id, Area.level)


def _ended() -> Select[int, str, int]:
    return (
        select(AreaEnding.edition_id, Area.level, func.count())
        .join(Area, Area.area_id == AreaEnding.area_id)
        .group_by(AreaEnding.edition_id, Area.level)
    )


def _counts(session: Session, statement: Select[int, str, int]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    for edition_id, level, count in sorted(
        session.execute(statement), key=lambda row: (row[0], RANK[AreaLevel(row[1])])
    ):
        found.setdefault(edition_id, {})[level] = count
    return found


def _checked(session: Session) -> Sequence[int]:
    return session.scalars(select(TopologyFinding.edition_id).distinct()).all()


def _severities(session: Session, edition_id: int) -> Counter[str]:
    counted = select(TopologyFinding.severity, func.count()).where(TopologyFinding.edition_id == edition_id)
    return Counter(dict(session.execute(counted.group_by(TopologyFinding.severity)).all()))


def _steps(session: Session) -> dict[int, list[Step]]:
    found: dict[int, list[Step]] = {}
    for row in session.scalars(select(EditionStep).order_by(EditionStep.step_id)):
        step = Step(row.step, row.at, row.actor, row.document, row.dated, row.reason, row.details)
        found.setdefault(row.edition_id, []).append(step)
    return found


def finding_types(session: Session, edition_id: int, severity: Literal["error", "warning"]) -> dict[str, int]:
    """Return how many findings of one severity the last check of an edition has, by type."""
    statement = (
        select(TopologyFinding.type, func.count())
        .where(TopologyFinding.edition_id == edition_id, TopologyFinding.severity == severity)
        .group_by(TopologyFinding.type)
    )
    return dict(session.execute(statement).all())


def base_of(session: Session, on: date) -> list[int]:
    """Return the ids of the boundary editions in force on a day: what a draft for that day is built on."""
    statement = (
        select(Edition.edition_id)
        .where(Edition.subject == Subject.AREAS, Edition.state == EditionState.IN_FORCE, Edition.valid_from <= on)
        .order_by(Edition.edition_id)
    )
    return list(session.scalars(statement))


def lineage(session: Session, level: str, code: str, direction: Direction) -> list[Passage]:
    """Return what became of a code, or where it came from, through all editions in force or scheduled, in time.

    A passage follows another only from a later edition on, so that a code that goes on existing is followed too.
    """
    walk = _walk(level, code, direction)
    statement = select(walk, *_names(walk)).order_by(
        walk.c.valid_from, walk.c.edition_id, walk.c.from_level, walk.c.from_code, walk.c.to_level, walk.c.to_code
    )
    names = tuple(Passage.__dataclass_fields__)
    return [Passage(**{name: row[name] for name in names}) for row in session.execute(statement).mappings()]


def _names(walk: CTE) -> tuple[Label[str], Label[str]]:
    """Return the names of both ends of a passage: of the area its edition ends, and of the one it brings in."""
    old, new = aliased(Area), aliased(Area)
    ended = select(old.name).join(AreaEnding, AreaEnding.area_id == old.area_id)
    from_name = ended.where(
        AreaEnding.edition_id == walk.c.edition_id, old.level == walk.c.from_level, old.code == walk.c.from_code
    )
    to_name = select(new.name).where(
        new.edition_id == walk.c.edition_id, new.level == walk.c.to_level, new.code == walk.c.to_code
    )
    return from_name.scalar_subquery().label("from_name"), to_name.scalar_subquery().label("to_name")


def _walk(level: str, code: str, direction: Direction) -> CTE:
    forward = direction is Direction.FORWARD
    here, there = ("from", "to") if forward else ("to", "from")
    first = _passages(AreaLineage, Edition).where(
        getattr(AreaLineage, f"{here}_level") == level, getattr(AreaLineage, f"{here}_code") == code
    )
    walk = first.cte("walk", recursive=True)
    line, edition = aliased(AreaLineage), aliased(Edition)
    when, before = tuple_(edition.valid_from, edition.edition_id), tuple_(walk.c.valid_from, walk.c.edition_id)
    following = _passages(line, edition).join(
        walk,
        and_(
            getattr(line, f"{here}_level") == walk.c[f"{there}_level"],
            getattr(line, f"{here}_code") == walk.c[f"{there}_code"],
            when > before if forward else when < before,
        ),
    )
    return walk.union(following)


def _passages(line: type[AreaLineage], edition: type[Edition]) -> Select[*tuple[Any, ...]]:
    columns = ("from_level", "from_code", "to_level", "to_code", "area_m2", "share_of_from", "share_of_to")
    return (
        select(
            edition.edition_id,
            edition.name.label("edition"),
            edition.valid_from,
            *(getattr(line, name) for name in columns),
        )
        .join(edition, edition.edition_id == line.edition_id)
        .where(edition.state == EditionState.IN_FORCE)
    )


def what_became_of(session: Session, code: str, on: date) -> Fate:
    """Return what became of a code that is not in force on a day any more.

    Its successors are found on the map, not by multiplying shares: the areas in force on that day of its own level,
    and of every level its lineage leads to, that hold land of its last boundary.

    Raises
    ------
    NotFoundError
        When no area of that code was in force before that day.
    """
    last = last_of_code(session, code, on)
    if last is None or last.valid_to is None:
        raise NotFoundError("area_unknown", code=code, on=on)
    passages = lineage(session, last.level, code, Direction.FORWARD)
    levels = {last.level, *(AreaLevel(p.to_level) for p in passages if p.valid_from <= on)}
    geom = session.scalars(select(Area.geom).where(Area.area_id == last.area_id)).one()
    frame = area_frame(session, on, levels=sorted(levels), near=last.bbox)
    found = shares([surface_of(to_shape(geom))], list(frame["geometry"]))
    successors = sorted(
        (
            Successor(row["level"], row["code"], row["name"], s.area_m2, s.share_of_before, s.share_of_after)
            for s in found
            for row in (frame.iloc[s.after],)
        ),
        key=lambda successor: (RANK[AreaLevel(successor.level)], -successor.area_m2, successor.code),
    )
    return Fate(last, last.valid_to, _ended_by(session, last.area_id), tuple(successors))


def _ended_by(session: Session, area_id: int) -> str:
    statement = (
        select(Edition.name)
        .join(AreaEnding, AreaEnding.edition_id == Edition.edition_id)
        .where(AreaEnding.area_id == area_id, Edition.state == EditionState.IN_FORCE)
        .order_by(Edition.valid_from)
        .limit(1)
    )
    return session.scalars(statement).one()


def changed_box(session: Session, edition_id: int) -> tuple[float, float, float, float] | None:
    """Return (west, south, east, north) of all areas that an edition brings in or ends; None for one without any."""
    ends = select(AreaEnding.area_id).where(AreaEnding.edition_id == edition_id)
    box = func.ST_Extent(Area.geom)
    edges = (func.ST_XMin(box), func.ST_YMin(box), func.ST_XMax(box), func.ST_YMax(box))
    row = session.execute(select(*edges).where(or_(Area.edition_id == edition_id, Area.area_id.in_(ends)))).one()
    return None if row[0] is None else (row[0], row[1], row[2], row[3])


def changes_meet(session: Session, edition_id: int, others: Collection[int]) -> bool:
    """Tell whether an edition changes anything in the box of what one of others does, borders included."""
    own, theirs = changed_box(session, edition_id), [changed_box(session, other) for other in others]
    boxes = [shapely.box(*box) for box in theirs if box is not None]
    return own is not None and bool(shapely.intersects(shapely.box(*own), boxes).any())
