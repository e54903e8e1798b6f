"""Reading figures of whole areas, the points that are counted, and the editions that a number rests on."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Select, select

from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import in_force_on
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cases.models import Case
from gridmgmt.cases.rules import CaseState
from gridmgmt.clock import end_of_day
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import edition_ids_in_force, editions
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import lonlat, read_table
from gridmgmt.population.models import RESIDENT_COLUMNS
from gridmgmt.population.queries import places
from gridmgmt.service_points.models import ServicePoint
from gridmgmt.statistics.models import AreaFigure
from gridmgmt.statistics.rules import (
    PUBLISHED_AREA,
    CountedSubject,
    Period,
    Published,
    Surface,
    UsedEdition,
    kinds_of,
)
from gridmgmt.units import AGE_BANDS


def figure_of(session: Session, level: AreaLevel, code: str, figure: str, on: date) -> AreaFigure | None:
    """Return what is known of a figure of one area on a day: the newest counted that day or before, None without one.

    Of several for one day the last recorded holds: it corrects the others.
    """
    statement = select(AreaFigure).where(*_known(figure, level, on), AreaFigure.area_code == code)
    return session.scalar(statement.order_by(AreaFigure.counted_on.desc(), AreaFigure.figure_id.desc()).limit(1))


def figures_of(session: Session, level: AreaLevel, figure: str, on: date) -> dict[str, AreaFigure]:
    """Return what is known of a figure of each area of a level on a day, by code, see :func:`figure_of`."""
    return {row.area_code: row for row in session.scalars(_select_known(figure, level, on))}


def recorded(session: Session, like: AreaFigure) -> dict[str, float]:
    """Return the last number recorded for each code with the figure, level, days and source of ``like``."""
    same = ("figure", "level", "counted_on", "areas_on", "source")
    statement = select(AreaFigure).where(*(getattr(AreaFigure, name) == getattr(like, name) for name in same))
    return {row.area_code: row.value for row in session.scalars(statement.order_by(*_OLDEST_FIRST))}


def surfaces(session: Session, level: AreaLevel, on: date) -> list[Surface]:
    """Return the surface of each area of a level on a day, beside the newest that each source has published."""
    newest = {(row.area_code, row.source): row for row in session.scalars(_select_known(PUBLISHED_AREA, level, on))}
    published = defaultdict(list)
    for (code, source), row in sorted(newest.items()):
        published[code].append(Published(row.value, source, row.counted_on))
    computed = select(Area.code, Area.name, Area.area_m2).where(Area.level == level, in_force_on(on))
    rows = session.execute(computed.order_by(Area.code))
    return [Surface(code, name, area_m2, tuple(published[code])) for code, name, area_m2 in rows]


_OLDEST_FIRST = (AreaFigure.counted_on, AreaFigure.figure_id)


def _known(figure: str, level: AreaLevel, on: date) -> tuple[ColumnElement[bool], ...]:
    return (AreaFigure.figure == figure, AreaFigure.level == level, AreaFigure.counted_on <= on)


def _select_known(figure: str, level: AreaLevel, on: date) -> Select[AreaFigure]:
    """Select all that is known, so ordered that what comes last for an area holds."""
    return select(AreaFigure).where(*_known(figure, level, on)).order_by(*_OLDEST_FIRST)


@dataclass(frozen=True, eq=False)
class CountedPoints:
    """What is counted: positions ``(n, 2)`` in degrees, and who they are as rows of (point, kind, value)."""

    lonlat: NDArray[np.float64]
    point: NDArray[np.int64]
    """The number of the point that a row is about; a place has a row for each age band."""
    kind: NDArray[np.int64]
    value: NDArray[np.float64]
    kinds: list[dict[str, str]]


def counted_points(session: Session, subject: CountedSubject, on: date, period: Period | None) -> CountedPoints:
    """Return the points of a subject in force on a day; of cases those reported within the period, else until that day.

    Of cases that are linked to another the other alone counts.
    Service points are told by type and status, cases by kind, type and state, residents by age band; an edition of
    the total of 60 and over has the one band ``60_plus``, and places without counts count 1 each.
    """
    if subject is CountedSubject.RESIDENTS:
        return _residents(places(session, on))
    statement = _select_service_points(on) if subject is CountedSubject.SERVICE_POINTS else _select_cases(on, period)
    table = read_table(session, statement)
    names = [name for name in table.column_names if name not in ("lon", "lat")]
    kind, kinds = kinds_of({name: table[name].to_pylist() for name in names})
    return CountedPoints(lonlat_of(table), np.arange(len(kind)), kind, np.ones(len(kind)), kinds)


def lonlat_of(table: pa.Table) -> NDArray[np.float64]:
    """Return the columns ``lon`` and ``lat`` as ``(n, 2)``."""
    return np.column_stack([table["lon"].to_numpy(), table["lat"].to_numpy()])


def weight_of(table: pa.Table) -> NDArray[np.float64]:
    """Return the residents of 60 and over of each place ``(n,)``; 1 each in an edition of places without counts."""
    total = table["residents_60_plus"].to_numpy()
    return np.ones(len(total)) if np.isnan(total).all() else np.nan_to_num(total)


def _residents(table: pa.Table) -> CountedPoints:
    count = table.num_rows
    bands = np.column_stack([table[name].to_numpy() for name in RESIDENT_COLUMNS]).astype(np.float64)
    kinds = [{"age_band": band} for band in AGE_BANDS]
    if np.isnan(bands).all():
        unknown = np.isnan(table["residents_60_plus"].to_numpy().astype(np.float64)).all()
        bands, kinds = weight_of(table)[:, None], [{} if unknown else {"age_band": "60_plus"}]
    width = len(kinds)
    return CountedPoints(
        lonlat=lonlat_of(table),
        point=np.repeat(np.arange(count), width),
        kind=np.tile(np.arange(width), count),
        value=np.nan_to_num(bands).ravel(),
        kinds=kinds,
    )


def _select_service_points(on: date) -> Select[*tuple[Any, ...]]:
    return (
        select(*lonlat(ServicePoint.geom), ServicePoint.type, ServicePoint.status)
        .where(ServicePoint.edition_id.in_(edition_ids_in_force(Subject.SERVICE_POINTS, on)))
        .order_by(ServicePoint.point_id)
    )


def _select_cases(on: date, period: Period | None) -> Select[*tuple[Any, ...]]:
    statement = select(*lonlat(Case.geom), Case.kind, Case.type, Case.state).order_by(Case.case_id)
    statement = statement.where(Case.state != CaseState.DUPLICATE, ~Case.internal)
    if period is None:
        return statement.where(Case.reported_at < end_of_day(on))
    begins, ends = period.moments()
    return statement.where(Case.reported_at >= begins, Case.reported_at < ends)


def used_editions(session: Session, ids: Iterable[int]) -> tuple[UsedEdition, ...]:
    """Return editions by their ids, in order of the day they begin, drafts last."""
    statement = select(Edition).where(Edition.edition_id.in_({int(edition_id) for edition_id in ids}))
    return _used(session.scalars(statement.order_by(Edition.valid_from, Edition.edition_id)).all())


def data_editions(session: Session, subject: Subject, on: date) -> tuple[UsedEdition, ...]:
    """Return the editions of a subject in force on a day; of cases, a register for all time, every import."""
    return _used(editions(session, subject=subject, on=None if subject is Subject.CASES else on))


def draft_name(session: Session, draft: int | None) -> str | None:
    """Return the name of a boundary edition, None for None.

    Raises
    ------
    NotFoundError
        When there is no boundary edition of that id.
    """
    if draft is None:
        return None
    edition = session.get(Edition, draft)
    if edition is None or edition.subject != Subject.AREAS:
        raise NotFoundError("edition_unknown", subject=Subject.AREAS, name=draft)
    return edition.name


def _used(found: Sequence[Edition]) -> tuple[UsedEdition, ...]:
    return tuple(UsedEdition(e.subject, e.name, e.valid_from, e.synthetic, e.source, e.counting) for e in found)
