"""What makes a case count for a measure, and along which column a dimension is told, as conditions on cases alone.

A list, its files, a board and the tallies all take them from here, so that a number and its list cannot differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from types import MappingProxyType

from sqlalchemy import BindParameter, ColumnElement, ScalarSelect, String, and_, case, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import in_force_on
from gridmgmt.areas.rules import RANK, AreaLevel
from gridmgmt.cases.measures import Dimension, Measure
from gridmgmt.cases.models import Case
from gridmgmt.cases.rules import CaseFilter, CaseState
from gridmgmt.clock import LOCAL_ZONE, end_of_day
from gridmgmt.errors import InputError

Moment = datetime | BindParameter[datetime]
"""A moment, or what a statement that is made once is later bound to."""

_UNCOUNTED = (CaseState.REJECTED, CaseState.DUPLICATE, CaseState.VOIDED)
"""Nothing is due of a case in these states."""


@dataclass(frozen=True)
class Definition:
    """The moment of a case whose local day is to lie in the period, and what else must hold of it; None: nothing."""

    anchor: InstrumentedAttribute[datetime | None] | InstrumentedAttribute[datetime]
    condition: ColumnElement[bool] | None = None


_closed = Case.state == CaseState.CLOSED
_due = and_(Case.state.not_in(_UNCOUNTED), Case.paused_at.is_(None))
_handled = and_(_due, Case.dispatched_at.is_not(None))
_in_time = or_(Case.handled_at <= Case.due_at, and_(Case.handled_at.is_(None), _closed, Case.closed_at <= Case.due_at))
_on_spot = and_(_closed, Case.dispatched_at.is_(None), Case.edition_id.is_(None))

DEFINITIONS: Mapping[Measure, Definition] = MappingProxyType(
    {
        Measure.REPORTED: Definition(Case.reported_at),
        Measure.REJECTED: Definition(Case.reported_at, Case.state == CaseState.REJECTED),
        Measure.VOIDED: Definition(Case.reported_at, Case.state == CaseState.VOIDED),
        Measure.DUPLICATES: Definition(Case.reported_at, Case.state == CaseState.DUPLICATE),
        Measure.ACCEPTED: Definition(Case.accepted_at),
        Measure.ACCEPTED_REGISTERED: Definition(Case.accepted_at, Case.registered_at.is_not(None)),
        Measure.REGISTERED: Definition(Case.registered_at),
        Measure.EXTENDED: Definition(Case.registered_at, Case.extension_count > 0),
        Measure.DISPATCHED: Definition(Case.dispatched_at),
        Measure.DISPATCHED_RIGHT: Definition(Case.dispatched_at, Case.send_back_count == 0),
        Measure.HANDLED: Definition(Case.handled_at),
        Measure.REWORKED: Definition(Case.handled_at, Case.rework_count > 0),
        Measure.CLOSED: Definition(Case.closed_at, _closed),
        Measure.SETTLED_ON_SPOT: Definition(Case.closed_at, _on_spot),
        Measure.FORCED: Definition(Case.closed_at, and_(_closed, Case.forced)),
        Measure.DUE: Definition(Case.due_at, _due),
        Measure.DUE_CLOSED: Definition(Case.due_at, and_(_due, _closed)),
        Measure.DUE_CLOSED_ON_TIME: Definition(Case.due_at, and_(_due, _closed, Case.closed_at <= Case.due_at)),
        Measure.DUE_HANDLED: Definition(Case.due_at, _handled),
        Measure.DUE_HANDLED_ON_TIME: Definition(Case.due_at, and_(_handled, _in_time)),
        Measure.RATED: Definition(Case.closed_at, Case.satisfied.is_not(None)),
        Measure.SATISFIED: Definition(Case.closed_at, Case.satisfied.is_(True)),
    }
)
"""What each measure counts; of what is due, only deadlines that are past."""


DAYS = tuple(
    f"{definition.anchor.key.removesuffix('_at')}_on"
    for definition in {each.anchor.key: each for each in DEFINITIONS.values()}.values()
)
"""Names of the local days of the moments that measures count by."""


def counted(measure: Measure, first: date, last: date, now: Moment) -> ColumnElement[bool]:
    """Return the condition that a case counts for a measure in a period.

    Parameters
    ----------
    first, last
        Days in the district's time zone, both included.
    now
        Deadlines after it are not due yet.
    """
    definition = DEFINITIONS[measure]
    met = [definition.anchor >= datetime.combine(first, time(), LOCAL_ZONE)]
    if last < date.max:
        met.append(definition.anchor < end_of_day(last))
    if definition.condition is not None:
        met.append(definition.condition)
    if definition.anchor is Case.due_at:
        met.append(Case.due_at <= now)
    return and_(*met)


def class_of(type_code: ColumnElement[str] | InstrumentedAttribute[str]) -> ColumnElement[str | None]:
    """Return the class of a type by the form of the catalogue's codes, NULL for a type of a register's own."""
    return case((type_code.regexp_match("^[0-9]{4}$"), func.left(type_code, 2, type_=String())))


COLUMNS: Mapping[Dimension, ColumnElement[str | None] | InstrumentedAttribute[str | None]] = MappingProxyType(
    {
        Dimension.DISTRICT: Case.district_code,
        Dimension.TOWN: Case.town_code,
        Dimension.MIDDLE: Case.middle_code,
        Dimension.QUARTER: Case.quarter_code,
        Dimension.CELL: Case.cell_code,
        Dimension.DEPARTMENT: Case.department_code,
        Dimension.MAJOR: class_of(Case.type),
        Dimension.TYPE: Case.type,
        Dimension.SOURCE: Case.source,
        Dimension.KIND: Case.kind,
        Dimension.POST: Case.post_code,
    }
)
"""What cases are told apart by; areas are those that held a case when it was reported."""

LEVELS: Mapping[Dimension, tuple[AreaLevel, ...]] = MappingProxyType(
    {
        Dimension.DISTRICT: (AreaLevel.DISTRICT,),
        Dimension.TOWN: (AreaLevel.TOWN,),
        Dimension.MIDDLE: (AreaLevel.BASIC_MANAGEMENT_UNIT, AreaLevel.SECTOR),
        Dimension.QUARTER: (AreaLevel.RESIDENTIAL_QUARTER,),
        Dimension.CELL: (AreaLevel.GRID_CELL,),
    }
)
"""The levels of areas that a dimension tells apart; a town has units or sectors."""


def of_filter(wanted: CaseFilter, now: Moment) -> list[ColumnElement[bool]]:
    """Return what a filter asks of what counts: a measure in a period, a class, a post, or the lack of something.

    Raises
    ------
    InputError
        ``counted_incomplete`` where a measure is without its period, or a period without a measure.
    """
    found = []
    period = (wanted.measure, wanted.counted_from, wanted.counted_to)
    if wanted.measure is not None and wanted.counted_from is not None and wanted.counted_to is not None:
        found.append(counted(wanted.measure, wanted.counted_from, wanted.counted_to, now))
    elif any(each is not None for each in period):
        raise InputError("counted_incomplete", field="measure", value=wanted.measure)
    if wanted.major is not None:
        found.append(COLUMNS[Dimension.MAJOR] == wanted.major)
    if wanted.post is not None:
        found.append(Case.post_code == wanted.post)
    if wanted.lacks is not None:
        found.append(lacking(wanted.lacks, wanted.areas_on))
    return found


def held_by(code: str) -> ColumnElement[bool]:
    """Return the condition that the area of a code held a case when it was reported, whatever its level.

    Where levels share codes the highest is meant, as :func:`gridmgmt.areas.queries.area_in_force` has it.
    """
    columns = {level: COLUMNS[dimension] for dimension, levels in LEVELS.items() for level in levels}
    ranked = select(Area.level).where(Area.code == code, Area.level.in_(list(RANK)))
    level = ranked.order_by(case(RANK, value=Area.level)).limit(1).scalar_subquery()
    return case(columns, value=level) == code


def lying_in(code: str, on: date, area_id: int | ScalarSelect[int] | None) -> ColumnElement[bool]:
    """Return the condition that a case lies in the area of a code in force on a day, given its id; none does in NULL.

    A case on a shared border lies in the area with the lower code, as :func:`gridmgmt.areas.queries.areas_at` has it.
    """
    area, lower = aliased(Area), aliased(Area)
    of_code = area.area_id == area_id
    surface = select(area.geom).where(of_code).scalar_subquery()
    beside = (
        lower.level == select(area.level).where(of_code).scalar_subquery(),
        lower.code < code,
        in_force_on(on, area=lower),
        lower.geom.intersects(Case.geom),
        func.ST_Covers(lower.geom, Case.geom),
    )
    return and_(
        Case.geom.intersects(surface),
        func.ST_Covers(surface, Case.geom),
        ~select(lower.area_id).where(*beside).exists(),
    )


def lacking(dimension: Dimension, on: date | None) -> ColumnElement[bool]:
    """Return the condition that a case has none of a dimension; of areas, when it was reported or on a day."""
    if on is None or dimension not in LEVELS:
        return COLUMNS[dimension].is_(None)
    held = (Area.level.in_(LEVELS[dimension]), in_force_on(on), Area.geom.intersects(Case.geom))
    return ~select(Area.area_id).where(*held, func.ST_Covers(Area.geom, Case.geom)).exists()
