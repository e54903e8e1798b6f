"""Reading facts of areas, their kinds, and what those of an area add up to."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select, tuple_

from gridmgmt.areas.nesting import lying_in
from gridmgmt.areas.queries import area_in_force
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.bodies.models import AreaFact, FactKind
from gridmgmt.bodies.queries import area_name
from gridmgmt.bodies.rules import FactBound, FactUnit, NewFactKind, total
from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError
from gridmgmt.governance.queries import holds_on
from gridmgmt.texts import Language

FactKey = tuple[str, str, int]
"""Area, kind and id: the order of lists."""


@dataclass(frozen=True)
class FactFilter:
    """What facts must be; None is no condition. ``area`` counts with all below it unless ``below`` is False."""

    area: str | None = None
    below: bool = True
    kind: str | None = None
    q: str | None = None
    """Part of the source or the note."""


@dataclass(frozen=True)
class Fact:
    """A number that a source states of an area; ``year`` where it names no more than that."""

    fact_id: int
    level: AreaLevel
    area_code: str
    area_name: str | None
    kind: str
    kind_zh: str
    kind_en: str
    value: float
    unit: FactUnit
    bound: FactBound
    year: int | None
    source: str
    note: str | None
    valid_from: date
    valid_to: date | None

    def kind_name(self, lang: Language) -> str:
        """Return what the kind is called."""
        return self.kind_zh if lang == "zh" else self.kind_en


@dataclass(frozen=True)
class FactTotal:
    """What the facts of an additive kind add up to, with the bound of the sum.

    Of one source and one level alone, so that nothing counts twice.
    """

    level: AreaLevel
    kind: str
    kind_zh: str
    kind_en: str
    unit: FactUnit
    source: str
    areas: int
    value: float
    bound: FactBound


def facts(
    session: Session, on: date, wanted: FactFilter, *, after: FactKey | None = None, limit: int = 100
) -> list[Fact]:
    """Return the facts that stand on a day by area and kind, at most ``limit``, behind the key ``after``.

    Raises
    ------
    NotFoundError
        ``area_unknown``.
    """
    order = (AreaFact.area_code, AreaFact.kind, AreaFact.fact_id)
    statement = _select_facts(on).where(holds_on(AreaFact, on), *_conditions(session, wanted, on)).order_by(*order)
    if after is not None:
        statement = statement.where(tuple_(*order) > after)
    return [_fact(row) for row in session.execute(statement.limit(limit)).mappings()]


def fact(session: Session, fact_id: int) -> Fact:
    """Return one fact, whether it still stands or not.

    Raises
    ------
    NotFoundError
        ``fact_unknown``.
    """
    row = session.execute(_select_facts(date.max).where(AreaFact.fact_id == fact_id)).mappings().one_or_none()
    if row is None:
        raise NotFoundError("fact_unknown", field="fact_id", value=fact_id)
    return _fact(row)


def fact_kinds(session: Session) -> list[NewFactKind]:
    """Return all kinds of facts by code."""
    rows = session.scalars(select(FactKind).order_by(FactKind.code))
    return [NewFactKind(row.code, row.name_zh, row.name_en, FactUnit(row.unit), row.additive) for row in rows]


def kind_of(session: Session, code: str) -> FactKind:
    """Return a kind of facts.

    Raises
    ------
    NotFoundError
        ``fact_kind_unknown``.
    """
    row = session.get(FactKind, code)
    if row is None:
        raise NotFoundError("fact_kind_unknown", field="kind", value=code)
    return row


def totals(session: Session, on: date, area: str) -> list[FactTotal]:
    """Return what the facts of each additive kind add up to over an area and all below it, by source and level.

    Raises
    ------
    NotFoundError
        ``area_unknown``.
    """
    of_kind = FactKind.additive & (FactKind.code == AreaFact.kind)
    statement = _select_facts(on).where(
        holds_on(AreaFact, on), of_kind, *_conditions(session, FactFilter(area=area), on)
    )
    groups: dict[tuple[str, str, str], list[Fact]] = defaultdict(list)
    for row in session.execute(statement).mappings():
        each = _fact(row)
        groups[each.kind, each.source, each.level].append(each)
    return [_total(groups[key]) for key in sorted(groups)]


def _total(group: list[Fact]) -> FactTotal:
    value, bound = total((each.value, each.bound) for each in group)
    first = group[0]
    return FactTotal(
        first.level, first.kind, first.kind_zh, first.kind_en, first.unit, first.source, len(group), value, bound
    )


def _select_facts(on: date) -> Select[*tuple[Any, ...]]:
    return select(AreaFact, FactKind, area_name(AreaFact, on).label("area_name")).join(
        FactKind, FactKind.code == AreaFact.kind
    )


def _fact(row: Any) -> Fact:  # Any: a mapping of the columns of the statement above
    said: AreaFact = row["AreaFact"]
    kind: FactKind = row["FactKind"]
    return Fact(
        fact_id=said.fact_id,
        level=AreaLevel(said.level),
        area_code=said.area_code,
        area_name=row["area_name"],
        kind=kind.code,
        kind_zh=kind.name_zh,
        kind_en=kind.name_en,
        value=said.value,
        unit=FactUnit(kind.unit),
        bound=FactBound(said.bound),
        year=said.year,
        source=said.source,
        note=said.note,
        valid_from=said.valid_from,
        valid_to=said.valid_to,
    )


def _conditions(session: Session, wanted: FactFilter, on: date) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.area is not None and wanted.below:
        area_id = area_in_force(session, wanted.area, on).area_id
        found.append(tuple_(AreaFact.level, AreaFact.area_code).in_(lying_in(AreaFact, area_id, on)))
    elif wanted.area is not None:
        found.append(AreaFact.area_code == wanted.area)
    if wanted.kind is not None:
        found.append(AreaFact.kind == wanted.kind)
    if wanted.q:
        words = (AreaFact.source, AreaFact.note)
        found.append(or_(*(column.contains(wanted.q, autoescape=True) for column in words)))
    return found
