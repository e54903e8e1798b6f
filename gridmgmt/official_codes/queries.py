"""Reading official codes; where several editions in force have a code, the newest one's row counts."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, String, Subquery, any_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from gridmgmt.areas.queries import area_frame
from gridmgmt.areas.rules import RANK, AreaLevel
from gridmgmt.codes import OFFICIAL_LENGTHS, shortest
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import in_force_on
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import InputError, NotFoundError
from gridmgmt.frames import read_table
from gridmgmt.official_codes.models import OfficialCode
from gridmgmt.official_codes.rules import DIGITS, Compared, Unit, compare

if TYPE_CHECKING:
    import pandas as pd

_COMMITTEE_DIGITS = 12
_COUNTY_DIGITS = 6


@dataclass(frozen=True)
class CodeSummary:
    """One unit of the table; ``parent_name`` is None where the parent has no row."""

    code: str
    name: str
    parent_code: str | None
    parent_name: str | None
    edition: str


@dataclass(frozen=True)
class CodeEntry:
    """One unit with all above it, from the province down, and how many lie directly below it."""

    unit: CodeSummary
    above: tuple[CodeSummary, ...]
    children: int


@dataclass(frozen=True)
class Comparison:
    """The areas of a level on a day beside the table; ``counties`` are those whose rows were looked at."""

    level: AreaLevel
    on: date
    counties: tuple[str, ...]
    editions: tuple[str, ...]
    compared: tuple[Compared, ...]
    names: dict[str, str]
    """The names of the parents by code, as far as the table has them."""


def summaries(
    session: Session,
    on: date,
    *,
    parent: str | None = None,
    text: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> list[CodeSummary]:
    """Return units in force on a day by code, at most ``limit``.

    Parameters
    ----------
    parent
        Only the units directly below the one with this code.
    text
        Only units whose name holds this text; of digits, whose code begins with it.
    after
        The last code of the page before.
    """
    conditions: list[ColumnElement[bool]] = []
    if parent is not None:
        conditions.append(OfficialCode.parent_code == shortest(parent))
    if after is not None:
        conditions.append(OfficialCode.code > after)
    if text is not None:
        # An older edition may have another name; what counts is the newest row, judged below.
        candidates = select(OfficialCode.code).where(_holds(OfficialCode, text))
        conditions.append(OfficialCode.code.in_(candidates))
    newest = _newest(on, *conditions).subquery()
    statement = _with_parents(newest, on).order_by(newest.c.code).limit(limit)
    if text is not None:
        statement = statement.where(_holds(newest.c, text))
    return [CodeSummary(**row) for row in session.execute(statement).mappings()]


def entry(session: Session, code: str, on: date) -> CodeEntry:
    """Return the unit of a code in force on a day.

    Raises
    ------
    NotFoundError
        When the table has none, or there is no table.
    """
    wanted = shortest(code)
    beginnings = [wanted[:digits] for digits in OFFICIAL_LENGTHS if digits < len(wanted)]
    newest = _newest(on, OfficialCode.code.in_([*beginnings, wanted])).subquery()
    found = [CodeSummary(**row) for row in session.execute(_with_parents(newest, on)).mappings()]
    found.sort(key=lambda unit: len(unit.code))
    if not found or found[-1].code != wanted:
        raise NotFoundError("official_code_unknown", value=code, on=on)
    below = _newest(on, OfficialCode.parent_code == wanted).subquery()
    children = session.scalars(select(func.count()).select_from(below)).one()
    return CodeEntry(found[-1], tuple(found[:-1]), children)


def committees(session: Session, county_code: str, on: date) -> "pd.DataFrame":
    """Return the residents' and villagers' committees of a county or district on a day, by code.

    Columns ``code`` (12 digits), ``name``, ``parent_code`` (9 digits), ``parent_name`` (None where the table has no
    row of the town). ``county_code`` may be any beginning of the codes: of a town, a county, a city.
    """
    committee = func.length(OfficialCode.code) == _COMMITTEE_DIGITS
    newest = _newest(on, _begins(OfficialCode, county_code), committee).subquery()
    statement = _with_parents(newest, on).order_by(newest.c.code)
    table = read_table(session, statement).drop_columns(["edition"])
    frame: pd.DataFrame = table.to_pandas().astype(object)
    return frame.where(frame.notna(), None)


def known(session: Session, codes: Collection[str], on: date) -> set[str]:
    """Return those of some codes that the table has on a day."""
    return set(session.scalars(_newest(on, OfficialCode.code == any_(literal(list(codes), ARRAY(String))))))


def comparison(session: Session, level: AreaLevel, on: date, *, draft: int | None = None) -> Comparison:
    """Put the areas of a level on a day beside the table, within the counties and districts that have areas.

    Parameters
    ----------
    level
        ``district``, ``town`` or ``residential_quarter``; the others have no rows in the table.
    draft
        Look as if this draft of a boundary edition were in force too.

    Raises
    ------
    InputError
        When the level has no rows in the table.
    NotFoundError
        When no table is in force on that day.
    """
    if level not in DIGITS:
        raise InputError("level_without_official_codes", field="level", value=level, known=", ".join(DIGITS))
    editions = session.scalars(
        select(Edition.name)
        .where(Edition.subject == Subject.OFFICIAL_CODES, in_force_on(on))
        .order_by(Edition.valid_from, Edition.edition_id)
    ).all()
    if not editions:
        raise NotFoundError("official_codes_missing", on=on)
    areas, counties = _areas(session, level, on, draft)
    rows, names = _rows(session, level, counties, on)
    return Comparison(level, on, counties, tuple(editions), tuple(compare(areas, rows)), names)


def _areas(session: Session, level: AreaLevel, on: date, draft: int | None) -> tuple[list[Unit], tuple[str, ...]]:
    """Return the areas of a level beside the area of the official level above, and the counties of all of them."""
    levels = [each for each in AreaLevel if RANK[each] <= RANK[level]]
    frame = area_frame(session, on, levels=levels, draft=draft)
    names = list(zip(frame["level"], frame["code"], strict=True))
    above = dict(zip(names, zip(frame["parent_level"], frame["parent_code"], strict=True), strict=True))
    official = [each for each in DIGITS if RANK[each] < RANK[level]]
    upper = official[-1] if official else None

    def parent(name: tuple[str, str]) -> str | None:
        found: tuple[str, str] | None = above.get(name)
        while found in above and found[0] != upper:
            found = above[found]
        return found[1] if found in above else None

    areas = [
        Unit(code, name, parent((each, code)))
        for each, code, name in zip(frame["level"], frame["code"], frame["name"], strict=True)
        if each == level
    ]
    written = [code for each, code in names if each in DIGITS and code.isdigit() and len(code) == DIGITS[each]]
    return areas, tuple(sorted({code[:_COUNTY_DIGITS] for code in written}))


def _rows(session: Session, level: AreaLevel, counties: Collection[str], on: date) -> tuple[list[Unit], dict[str, str]]:
    digits = func.length(OfficialCode.code) == DIGITS[level]
    within = or_(*(_begins(OfficialCode, code) for code in counties)) if counties else literal(value=False)
    newest = _newest(on, within, digits).subquery()
    found = session.execute(_with_parents(newest, on).order_by(newest.c.code)).mappings().all()
    names = {row["parent_code"]: row["parent_name"] for row in found if row["parent_name"] is not None}
    return [Unit(row["code"], row["name"], row["parent_code"]) for row in found], names


def _newest(on: date, *conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Select code, name, parent_code and edition of the rows in force on a day, one for each code."""
    newest_first = (Edition.valid_from.desc(), Edition.edition_id.desc())
    ranked = (
        select(
            OfficialCode.code,
            OfficialCode.name,
            OfficialCode.parent_code,
            Edition.name.label("edition"),
            func.row_number().over(partition_by=OfficialCode.code, order_by=newest_first).label("place"),
        )
        .join(Edition, Edition.edition_id == OfficialCode.edition_id)
        .where(Edition.subject == Subject.OFFICIAL_CODES, in_force_on(on), *conditions)
        .subquery()
    )
    columns = (ranked.c.code, ranked.c.name, ranked.c.parent_code, ranked.c.edition)
    return select(*columns).where(ranked.c.place == 1)


def _with_parents(units: Subquery, on: date) -> Select[*tuple[Any, ...]]:
    """Select what :class:`CodeSummary` holds of units."""
    parents = _newest(on, OfficialCode.code.in_(select(units.c.parent_code))).subquery()
    parent = aliased(parents)
    return select(
        units.c.code, units.c.name, units.c.parent_code, parent.c.name.label("parent_name"), units.c.edition
    ).outerjoin(parent, parent.c.code == units.c.parent_code)


def _begins(columns: Any, code: str) -> ColumnElement[bool]:  # Any: a model or the columns of a subquery
    """Return the condition that a code begins with another; digits sort alike in every collation."""
    begins: ColumnElement[bool] = columns.code.between(code, code + "9" * (_COMMITTEE_DIGITS - len(code)))
    return begins


def _holds(columns: Any, text: str) -> ColumnElement[bool]:  # Any: as above
    """Return the condition that a name holds a text; of digits, that a code begins with them."""
    if text.isascii() and text.isdigit():
        return _begins(columns, text)
    held: ColumnElement[bool] = columns.name.icontains(text, autoescape=True)
    return held
