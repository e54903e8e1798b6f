"""Taking changed cases into the tallies: what was counted of each is taken out again, what it is now is added."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    Integer,
    String,
    Values,
    any_,
    bindparam,
    column,
    delete,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
    true,
    union_all,
    values,
)
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert

from gridmgmt.cases.counting import DAYS
from gridmgmt.cases.measures import Measure
from gridmgmt.cases.models import Case
from gridmgmt.db import Session
from gridmgmt.indicators.models import BY_TOWN, COUNTED, EVERYWHERE, TALLIES, UNTALLIED
from gridmgmt.indicators.queries import BITS, NUMBERS, countable, day_of

_LOCK = 3_101_232
"""Advisory lock of this database: one folds at a time."""
_ROOM = text("SET LOCAL work_mem = '128MB'")

_KEYS = ("dimension", "by_town", "day", "district", "town", "code")


def fold(session: Session, most: int) -> int:
    """Take cases that have changed into the tallies, and return how many changes that were, at most ``most``.

    0 where nothing waits, or where somebody else is about it.
    """
    if not session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
        return 0
    return _fold(session, most)


def rebuild(session: Session, most: int) -> int:
    """Count all cases anew, ``most`` at a time, and return how many; changes made meanwhile wait."""
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    for table in (TALLIES, COUNTED, UNTALLIED):
        session.execute(delete(table))
    session.execute(_ROOM)
    done = last = 0
    some = select(Case.case_id).order_by(Case.case_id).limit(most)
    while ids := session.scalars(some.where(Case.case_id > last)).all():
        session.execute(_taking_in(), {"ids": ids})
        done, last = done + len(ids), ids[-1]
    return done


def _fold(session: Session, most: int) -> int:
    session.execute(_ROOM)
    some = select(literal_column("ctid")).select_from(UNTALLIED).limit(most).scalar_subquery()
    taken = delete(UNTALLIED).where(literal_column("untallied_cases.ctid") == any_(func.array(some)))
    ids = session.scalars(taken.returning(UNTALLIED.c.case_id)).all()
    if ids:
        session.execute(_taking_in(), {"ids": sorted(set(ids))})
    return len(ids)


@cache
def _taking_in() -> Insert:
    """Return the one statement that counts cases anew: each as one snapshot of the database has it."""
    ids = bindparam("ids", type_=ARRAY(BigInteger))
    before = select(COUNTED).where(COUNTED.c.case_id == any_(ids)).cte("before")
    after = countable().where(Case.case_id == any_(ids)).cte("after")
    kept = insert(COUNTED).from_select(list(COUNTED.c), select(after))
    named = {each.name: kept.excluded[each.name] for each in COUNTED.c if not each.primary_key}
    kept = kept.on_conflict_do_update(index_elements=["case_id"], set_=named)
    gone = delete(COUNTED).where(COUNTED.c.case_id == any_(ids), COUNTED.c.case_id.not_in(select(after.c.case_id)))
    signed = union_all(select(before, literal(-1).label("sign")), select(after, literal(1).label("sign")))
    rows = signed.subquery("signed")
    day, told = _days(rows), _told(rows)
    numbers = _numbers(rows, day)
    keys = [told.c.dimension, told.c.by_town, day.c.day, told.c.district, told.c.town, told.c.code]
    changed = (
        select(*keys, *numbers)
        .select_from(rows.join(day, true()).join(told, true()))
        .where(day.c.day.is_not(None))
        .group_by(*keys)
        .having(or_(*(number != 0 for number in numbers)))
    )
    taken = insert(TALLIES).from_select([*_KEYS, *map(str, NUMBERS)], changed)
    sums = {str(name): TALLIES.c[name] + taken.excluded[name] for name in NUMBERS}
    return (
        taken.on_conflict_do_update(index_elements=_KEYS, set_=sums).add_cte(kept.cte("kept")).add_cte(gone.cte("gone"))
    )


def _days(rows: Any) -> Values:  # Any: a subquery's columns are known by name alone
    """Return the days of a row, each with the bits of the measures that count by it."""
    masks = {day: sum(bit for measure, bit in BITS.items() if day_of(measure) == day) for day in DAYS}
    data = [(rows.c[day], rows.c.flags.bitwise_and(mask)) for day, mask in masks.items()]
    return values(column("day", Date), column("bits", Integer), name="days").data(data).lateral()


def _told(rows: Any) -> Values:  # Any: as above
    """Return the tallies that a row goes into."""
    none = literal("")
    data: list[tuple[Any, ...]] = [(str(each), False, none, none, rows.c[each]) for each in EVERYWHERE]
    data += [(str(each), True, rows.c.district, rows.c.town, rows.c[each]) for each in BY_TOWN]
    shape = (
        column("dimension", String), column("by_town", Boolean), column("district", String), column("town", String),
        column("code", String),
    )  # fmt: skip
    return values(*shape, name="told").data(data).lateral()


def _numbers(rows: Any, day: Any) -> Sequence[ColumnElement[int]]:  # Any: as above
    def counts(measure: Measure) -> ColumnElement[bool]:
        bits: ColumnElement[int] = day.c.bits
        return bits.bitwise_and(BITS[measure]) != 0

    def none_if_empty(number: ColumnElement[Any]) -> ColumnElement[int]:
        return func.coalesce(number, 0)

    handled = counts(Measure.HANDLED)
    return [
        *(none_if_empty(func.sum(rows.c.sign).filter(counts(measure))) for measure in BITS),
        none_if_empty(func.sum(rows.c.sign * rows.c.handling_s).filter(handled)),
        none_if_empty(func.sum(rows.c.sign).filter(handled, rows.c.handling_s.is_not(None))),
    ]
