"""Reading rental premises: lists, one with its history, counts of areas, and what was published."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Double, Integer, Select, case, exists, func, or_, select, union_all
from sqlalchemy.orm import aliased

from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import in_force_on
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError
from gridmgmt.premises.models import (
    Premises,
    PremisesAppeal,
    PremisesInspection,
    PremisesPublication,
    PremisesPublished,
    PremisesRubric,
)
from gridmgmt.premises.rules import Factor, PremisesAppealState, PremisesColour, Rubric
from gridmgmt.premises.suppressing import COLOURS, MEASURES, QuarterCounts

LEVEL_COLUMNS = {
    AreaLevel.DISTRICT: Premises.district_code,
    AreaLevel.TOWN: Premises.town_code,
    AreaLevel.RESIDENTIAL_QUARTER: Premises.quarter_code,
}
"""The levels that premises are counted by."""
_AREA_COLUMNS = (Premises.quarter_code, Premises.middle_code, Premises.town_code, Premises.district_code)
_PLAIN = (
    "code", "address", "quarter_code", "town_code", "district_code", "group_renting", "cooperating", "inspected_on",
    "score", "colour", "due_on", "change", "valid_from", "valid_to",
)  # fmt: skip
_AT_ONCE = 1_000


@dataclass(frozen=True)
class PremisesFilter:
    """What premises must be; None is no condition.

    ``area_codes`` are those of which one must hold them, ``within`` the same for what a reader may see; ``q`` is the
    beginning of the code or part of the address; ``due`` whether an inspection is due on the day.
    """

    colour: PremisesColour | None = None
    area_codes: Collection[str] | None = None
    within: Collection[str] | None = None
    due: bool | None = None
    group_renting: bool | None = None
    q: str | None = None


@dataclass(frozen=True)
class PremisesSummary:
    """Premises as they are on a day; ``lon`` and ``lat`` in degrees. ``appealed`` while an appeal is open."""

    code: str
    address: str
    quarter_code: str
    town_code: str
    district_code: str
    group_renting: bool
    cooperating: bool
    inspected_on: date | None
    score: float | None
    colour: str | None
    due_on: date
    change: str
    valid_from: date
    valid_to: date | None
    lon: float
    lat: float
    appealed: bool


@dataclass(frozen=True)
class AreaCounts:
    """The exact counts of an area, for who may read premises; ``counts`` by measure."""

    area_code: str
    name: str | None
    premises: int
    counts: Mapping[str, int]

    @property
    def red_share(self) -> float:
        """Which part of the premises is red."""
        return self.counts["red"] / self.premises


@dataclass(frozen=True)
class Publication:
    """The counts of a month as they were published."""

    month: date
    as_of: date
    threshold: int
    published_at: datetime


@dataclass(frozen=True)
class PublishedArea:
    """What was published of an area; None where a count is withheld."""

    area_code: str
    name: str | None
    premises: int | None
    counts: Mapping[str, int | None]

    @property
    def group_renting_share(self) -> float | None:
        """Which part of the premises is let to groups; None where that would tell what is withheld."""
        group = self.counts["group_renting"]
        return None if group is None or not self.premises else group / self.premises


def held_on(on: date, model: type[Premises] = Premises) -> ColumnElement[bool]:
    """Return the condition that a row holds on a day."""
    return (model.valid_from <= on) & or_(model.valid_to.is_(None), model.valid_to > on)


def premises_summaries(
    session: Session, on: date, wanted: PremisesFilter, *, after: str | None = None, limit: int | None = 100
) -> list[PremisesSummary]:
    """Return premises of a day by code.

    Parameters
    ----------
    after
        Code of the last of the page before.
    limit
        At most so many; None for all.
    """
    statement = _select_listed(on, wanted).limit(limit)
    if after is not None:
        statement = statement.where(Premises.code > after)
    return [PremisesSummary(**row) for row in session.execute(statement).mappings()]


def every_premises(session: Session, on: date, wanted: PremisesFilter) -> Iterator[PremisesSummary]:
    """Yield all premises of a day by code, however many, without ever holding them all."""
    statement = _select_listed(on, wanted).execution_options(yield_per=_AT_ONCE)
    for row in session.execute(statement).mappings():
        yield PremisesSummary(**row)


def premises_on(session: Session, code: str, on: date, within: Collection[str] | None = None) -> PremisesSummary:
    """Return premises as they are on a day.

    Raises
    ------
    NotFoundError
        ``premises_unknown``; so too where they lie outside what the reader may see.
    """
    conditions = _conditions(PremisesFilter(within=within), on)
    row = session.execute(_select_summaries().where(Premises.code == code, held_on(on), *conditions))
    found = row.mappings().one_or_none()
    if found is None:
        raise NotFoundError("premises_unknown", field="code", value=code, on=on)
    return PremisesSummary(**found)


def history(session: Session, code: str) -> list[PremisesSummary]:
    """Return all that was ever said of premises, the newest first; what never held is left out."""
    held = or_(Premises.valid_to.is_(None), Premises.valid_to > Premises.valid_from)
    statement = _select_summaries().where(Premises.code == code, held).order_by(Premises.valid_from.desc())
    return [PremisesSummary(**row) for row in session.execute(statement).mappings()]


def inspections_of(session: Session, code: str) -> Sequence[PremisesInspection]:
    """Return the inspections of premises, the newest first."""
    statement = select(PremisesInspection).where(PremisesInspection.premises_code == code)
    return session.scalars(statement.order_by(PremisesInspection.inspected_on.desc())).all()


def every_inspection(session: Session, first: date, last: date, wanted: PremisesFilter) -> Iterator[PremisesInspection]:
    """Yield the inspections from one day to another of premises that a filter selects on the last, by day and code."""
    codes = select(Premises.code).where(held_on(last), *_conditions(wanted, last))
    statement = select(PremisesInspection).where(
        PremisesInspection.inspected_on.between(first, last), PremisesInspection.premises_code.in_(codes)
    )
    ordered = statement.order_by(PremisesInspection.inspected_on, PremisesInspection.premises_code)
    yield from session.scalars(ordered.execution_options(yield_per=_AT_ONCE))


def appeals_of(session: Session, code: str) -> Sequence[PremisesAppeal]:
    """Return the appeals about premises, the newest first."""
    statement = select(PremisesAppeal).where(PremisesAppeal.premises_code == code)
    return session.scalars(statement.order_by(PremisesAppeal.appeal_id.desc())).all()


def standing_inspection(session: Session, code: str, on: date) -> PremisesInspection | None:
    """Return the last complete inspection of premises until a day that no appeal has set aside."""
    upheld = exists().where(
        PremisesAppeal.inspection_id == PremisesInspection.inspection_id,
        PremisesAppeal.state == PremisesAppealState.UPHELD,
    )
    statement = select(PremisesInspection).where(
        PremisesInspection.premises_code == code,
        PremisesInspection.inspected_on <= on,
        PremisesInspection.score.is_not(None),
        ~upheld,
    )
    return session.scalar(statement.order_by(PremisesInspection.inspected_on.desc()).limit(1))


def last_rows(session: Session, codes: Collection[str]) -> dict[str, Premises]:
    """Return of each of some premises the row that has no end, locked against other changes."""
    statement = select(Premises).where(Premises.code == func.any(list(codes)), Premises.valid_to.is_(None))
    return {row.code: row for row in session.scalars(statement.order_by(Premises.code).with_for_update())}


def used_codes(session: Session, codes: Collection[str]) -> set[str]:
    """Return which of some codes premises have, or ever had."""
    return set(session.scalars(select(Premises.code).where(Premises.code == func.any(list(codes)))))


def rubrics(session: Session) -> list[Rubric]:
    """Return all editions of the rubric by the day from which they hold."""
    rows = session.scalars(select(PremisesRubric).order_by(PremisesRubric.valid_from))
    return [_rubric(row) for row in rows]


def last_inspected_on(session: Session) -> date | None:
    """Return the day of the last inspection of any premises, None while there is none."""
    return session.scalar(select(func.max(PremisesInspection.inspected_on)))


def area_counts(
    session: Session, on: date, level: AreaLevel, within: Collection[str] | None = None
) -> list[AreaCounts]:
    """Return the exact counts of the areas of a level that have premises on a day, most red ones first.

    Parameters
    ----------
    level
        One of :data:`LEVEL_COLUMNS`.
    """
    counted = _counted(on, within).subquery()
    column = counted.c[LEVEL_COLUMNS[level].key]
    measures = [func.count().filter(counted.c.colour == colour).label(colour) for colour in COLOURS[:-1]]
    summed = (
        select(
            column.label("area_code"),
            func.count().label("premises"),
            *measures,
            func.count().filter(counted.c.colour.is_(None)).label(COLOURS[-1]),
            func.count().filter(counted.c.group_renting).label("group_renting"),
        )
        .group_by(column)
        .subquery()
    )
    named = select(Area.code, Area.name).where(Area.level == level, in_force_on(on)).subquery()
    statement = (
        select(summed, named.c.name)
        .join(named, named.c.code == summed.c.area_code, isouter=True)
        .order_by((summed.c.red.cast(Double) / summed.c.premises).desc(), summed.c.red.desc(), summed.c.area_code)
    )
    return [
        AreaCounts(row["area_code"], row["name"], row["premises"], {name: row[name] for name in MEASURES})
        for row in session.execute(statement).mappings()
    ]


def quarter_counts(session: Session, on: date) -> list[QuarterCounts]:
    """Return the counts of every quarter that has premises on a day, as they may be published.

    While an appeal against it is open, what is red counts as on watch.
    """
    appealed = aliased(PremisesAppeal)
    open_ = exists().where(
        appealed.inspection_id == Premises.inspection_id,
        appealed.lodged_on <= on,
        or_(appealed.decided_on.is_(None), appealed.decided_on > on),
    )
    colour = case(
        ((Premises.colour == PremisesColour.RED) & open_, PremisesColour.WATCH.value),
        (Premises.colour.is_(None), "uninspected"),
        else_=Premises.colour,
    ).label("shown")
    by = (Premises.quarter_code, Premises.town_code, Premises.district_code)
    rows = select(*by, colour, Premises.group_renting).where(held_on(on)).subquery()
    shown = [func.count().filter(rows.c.shown == name).label(name) for name in COLOURS]
    keys = [rows.c[column.key] for column in by]
    statement = select(*keys, *shown, func.sum(rows.c.group_renting.cast(Integer)).label("group_renting")).group_by(
        *keys
    )
    return [
        QuarterCounts(
            row["quarter_code"], row["town_code"], row["district_code"], {name: int(row[name]) for name in MEASURES}
        )
        for row in session.execute(statement).mappings()
    ]


def publication_of(session: Session, on: date) -> Publication | None:
    """Return the publication of the last month that was over on a day and is published; None without one."""
    statement = select(PremisesPublication).where(PremisesPublication.as_of <= on)
    row = session.scalar(statement.order_by(PremisesPublication.month.desc()).limit(1))
    return None if row is None else Publication(row.month, row.as_of, row.threshold, row.published_at)


def published_areas(session: Session, publication: Publication, level: AreaLevel) -> list[PublishedArea]:
    """Return what a publication tells of the areas of a level, by code."""
    named = select(Area.code, Area.name).where(Area.level == level, in_force_on(publication.as_of)).subquery()
    statement = (
        select(PremisesPublished, named.c.name)
        .join(named, named.c.code == PremisesPublished.area_code, isouter=True)
        .where(PremisesPublished.month == publication.month, PremisesPublished.level == level)
        .order_by(PremisesPublished.area_code)
    )
    return [
        PublishedArea(row.area_code, name, row.premises, {measure: getattr(row, measure) for measure in MEASURES})
        for row, name in session.execute(statement)
    ]


def _rubric(row: PremisesRubric) -> Rubric:
    return Rubric(
        name=row.name,
        valid_from=row.valid_from,
        weights=dict(zip(Factor, row.weights, strict=True)),
        maxima=dict(zip(Factor, row.maxima, strict=True)),
        cut=row.cut,
        cut_inclusive=row.cut_inclusive,
        green_from=row.green_from,
        full_score=row.full_score,
        due_days=dict(zip(PremisesColour, row.due_days, strict=True)),
        reinspection_type=row.reinspection_type,
        source=row.source,
    )


def _select_summaries() -> Select[*tuple[Any, ...]]:
    open_ = exists().where(
        PremisesAppeal.inspection_id == Premises.inspection_id, PremisesAppeal.state == PremisesAppealState.OPEN
    )
    return select(
        *(getattr(Premises, name) for name in _PLAIN),
        func.ST_X(Premises.geom, type_=Double).label("lon"),
        func.ST_Y(Premises.geom, type_=Double).label("lat"),
        open_.label("appealed"),
    )


def _select_listed(on: date, wanted: PremisesFilter) -> Select[*tuple[Any, ...]]:
    return _select_summaries().where(held_on(on), *_conditions(wanted, on)).order_by(Premises.code)


def _held_by(codes: Collection[str]) -> ColumnElement[bool]:
    return or_(*(column.in_(list(codes)) for column in _AREA_COLUMNS))


def _conditions(wanted: PremisesFilter, on: date) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.colour is not None:
        found.append(Premises.colour == wanted.colour)
    found += [_held_by(codes) for codes in (wanted.area_codes, wanted.within) if codes is not None]
    if wanted.due is not None:
        found.append(Premises.due_on <= on if wanted.due else Premises.due_on > on)
    if wanted.group_renting is not None:
        found.append(Premises.group_renting.is_(wanted.group_renting))
    if wanted.q:
        begins = Premises.code.startswith(wanted.q, autoescape=True)
        found.append(or_(begins, Premises.address.contains(wanted.q, autoescape=True)))
    return found


def _counted(on: date, within: Collection[str] | None) -> Select[*tuple[Any, ...]]:
    """Return what is counted on a day: what still holds and what has ended since, each from an index of its own."""
    columns = (*LEVEL_COLUMNS.values(), Premises.colour, Premises.group_renting)
    bounds = [] if within is None else [_held_by(within)]
    begun = select(*columns).where(Premises.valid_from <= on, *bounds)
    both = union_all(begun.where(Premises.valid_to.is_(None)), begun.where(Premises.valid_to > on)).subquery()
    return select(both)
