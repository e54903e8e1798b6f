"""Stating and withdrawing facts of areas, one by one or from a file; and their kinds."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import ColumnElement

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.areas.models import Area
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.bodies import fact_queries, queries
from gridmgmt.bodies.models import AreaFact, FactKind
from gridmgmt.bodies.rules import (
    FactUnit,
    NewFact,
    NewFactKind,
    check_code,
    check_name,
    check_value,
    day_of,
)
from gridmgmt.bodies.taking import Source, Taken, What, take_all
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, DuplicateCodeError, InputError, NotFoundError
from gridmgmt.governance.history import begin, ended, require_on, shown
from gridmgmt.governance.queries import held


def add_fact(session: Session, actor: Actor, new: NewFact) -> AreaFact:
    """State a number of an area as a source has it; what that source said of the kind until then ends.

    What other sources say stands beside it.

    Raises
    ------
    NotFoundError
        ``body_area_unknown``, ``fact_kind_unknown``.
    ConflictError
        ``ended_already`` when what stands on the day ends later.
    InputError
        ``fact_unit_of_kind``; ``fact_day_or_year``; ``fact_value_range``, ``fact_value_whole``.
    """
    area = _area(session, actor, new)
    return _stored(session, actor, new, area)


def end_fact(session: Session, actor: Actor, fact_id: int, on: date) -> AreaFact:
    """Withdraw a fact from a day on.

    Raises
    ------
    NotFoundError
        ``fact_unknown`` when it does not stand that day.
    """
    row = held(session, AreaFact, on, AreaFact.fact_id == fact_id)
    if row is None:
        raise NotFoundError("fact_unknown", field="fact_id", value=fact_id)
    require_on(session, actor, AreaLevel(row.level), row.area_code, on)
    return ended(session, actor, row, on, ("fact.end", f"{row.level}:{row.area_code}"))


def add_kind(session: Session, actor: Actor, new: NewFactKind) -> FactKind:
    """Add a kind of facts; who may write everywhere may.

    Raises
    ------
    DuplicateCodeError
        ``fact_kind_taken``.
    InputError, CodeFormatError
        When the code or a name cannot be such.
    """
    require(actor, Permission.GOVERNANCE_WRITE, areas=[])
    if session.get(FactKind, check_code(new.code)) is not None:
        raise DuplicateCodeError("fact_kind_taken", field="code", value=new.code)
    row = FactKind(
        code=new.code,
        name_zh=check_name(new.name_zh, "name_zh"),
        name_en=check_name(new.name_en, "name_en"),
        unit=new.unit,
        additive=new.additive,
    )
    session.add(row)
    session.flush()
    after = {"unit": str(new.unit), "name_zh": row.name_zh, "additive": row.additive}
    record(session, actor, "fact_kind.add", f"fact_kind:{new.code}", after=after)
    return row


def import_facts(session: Session, actor: Actor, rows: Iterable[tuple[int, NewFact]], *, source: str) -> Taken:
    """State all facts of a file, or none; by day, so that the order of the rows means nothing.

    Raises
    ------
    FileRefusedError
        ``rows_refused`` with a problem for each row that :func:`add_fact` would refuse.
    """
    given = sorted(rows, key=lambda row: (row[1].valid_from, row[0]))
    return take_all(session, actor, given, _take, Source("facts", source))


def _take(session: Session, actor: Actor, new: NewFact) -> What:
    """State one row of a file and tell whether it was ``added``, ``changed`` what its source said, or ``known``."""
    area = _area(session, actor, new)
    known = held(session, AreaFact, new.valid_from, *_same(area, new))
    if known is None:
        _stored(session, actor, new, area)
        return "added"
    if (known.value, known.bound, known.year, known.note) == (new.value, new.bound, new.year, new.note):
        return "known"
    if known.valid_from == new.valid_from:
        raise ConflictError("fact_known_otherwise", field="value", value=new.value, known=known.value)
    _stored(session, actor, new, area)
    return "changed"


def _area(session: Session, actor: Actor, new: NewFact) -> Area:
    """Return the area of a fact, once the actor may act on it.

    A fact of before the first boundaries is one of the area as it came to be.
    """
    on = new.valid_from
    try:
        area = queries.area_of(session, new.area_code, on, new.level)
    except NotFoundError as unknown_then:
        on = date.max
        try:
            area = queries.area_of(session, new.area_code, on, new.level)
        except NotFoundError:
            raise unknown_then from None  # which names the fact's own day
    require_on(session, actor, AreaLevel(area.level), area.code, on)
    return area


def _stored(session: Session, actor: Actor, new: NewFact, area: Area) -> AreaFact:
    unit = FactUnit(fact_queries.kind_of(session, new.kind).unit)
    if new.unit not in (None, unit):
        raise InputError("fact_unit_of_kind", field="unit", value=new.unit, kind=new.kind, unit=unit)
    if new.year is not None and new.valid_from != day_of(None, new.year):
        raise InputError("fact_day_or_year", on=new.valid_from, year=new.year)
    row = AreaFact(
        level=area.level,
        area_code=area.code,
        kind=new.kind,
        value=check_value(new.value, unit),
        bound=new.bound,
        year=new.year,
        source=check_name(new.source, "source"),
        note=None if new.note is None else check_name(new.note, "note"),
        valid_from=new.valid_from,
    )
    before = begin(session, row, *_same(area, new))
    record(session, actor, "fact.add", f"{area.level}:{area.code}", before=before, after=shown(row))
    return row


def _same(area: Area, new: NewFact) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of what one source says of a kind of an area."""
    return (
        AreaFact.level == area.level,
        AreaFact.area_code == area.code,
        AreaFact.kind == new.kind,
        AreaFact.source == new.source.strip(),
    )
