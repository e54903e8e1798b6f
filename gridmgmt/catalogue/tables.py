"""The tables that a catalogue and a list of matters are written as, in files and in the database, and reading them."""

import re
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import TypeVar

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.calendars.rules import MAX_AMOUNT, TimeLimit, TimeUnit
from gridmgmt.cases.rules import CaseKind
from gridmgmt.catalogue.matters import Fate, Matter, MatterFate, MattersList, Words, fate_problems
from gridmgmt.catalogue.rules import (
    CLASS_DIGITS,
    DUPLICATE_RADIUS_M,
    DUPLICATE_WINDOW_H,
    EXTENSION_FROM,
    LEVELS,
    TYPE_DIGITS,
    Body,
    BodyKind,
    CaseClass,
    CaseType,
    Catalogue,
    Department,
    FieldSpec,
    FieldType,
    FilingCondition,
)
from gridmgmt.errors import Problem
from gridmgmt.texts import catalogue as texts

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "settings": ("key", "value"),
    "classes": ("code", "kind", "name_zh", "name_en"),
    "types": (
        "code", "name_zh", "name_en", *(f"body_{level}" for level in LEVELS), "supervising", "legal_basis",
        "collection_zh", "collection_en", "siblings", "duplicate_radius_m", "duplicate_window_h",
    ),
    "conditions": ("type", "no", "text_zh", "text_en", "amount", "unit", "closing_zh", "closing_en"),
    "fields": (
        "type", "code", "order", "datatype", "required", "variable", "description_zh", "description_en", "values",
    ),
    "bodies": ("code", "kind", "name_zh", "name_en"),
    "departments": ("code", "body", "name_zh", "name_en", "area_level", "area_code", "parent"),
}  # fmt: skip
"""The columns of each table of a catalogue."""
MATTER_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "matters": ("code", "name_zh", "name_en", "body", "types"),
    "fates": ("code", "fate", "into"),
}
"""The columns of a list of matters, and of the fates of those of the list before."""
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "settings": ("key", "value"),
    "classes": ("code", "kind", "name_zh"),
    "types": ("code", "name_zh"),
    "conditions": ("type", "no", "text_zh", "amount", "unit"),
    "fields": ("code", "datatype", "description_zh"),
    "bodies": ("code", "kind", "name_zh"),
    "departments": ("code", "body", "name_zh"),
    "matters": ("code", "name_zh", "body"),
    "fates": ("code", "fate"),
}
"""The columns that no row may leave blank."""

MAX_RADIUS_M = 5_000
MAX_WINDOW_H = 24 * 366

_CODE = re.compile(r"[\w.-]{1,64}")
_PARTED = re.compile(r"[\s,;，；、]+")
_YES = {"1", "true", "yes", "y", "是"}
_NO = {"0", "false", "no", "n", "否"}
_Member = TypeVar("_Member", bound=StrEnum)
_Built = TypeVar("_Built")


@dataclass(frozen=True)
class Record:
    """One row of a table: its number in the file, and its cells as text without the blank ones."""

    row: int
    cells: Mapping[str, str]


class _Anything:
    """Holds whatever it is asked for."""

    def __contains__(self, _: object) -> bool:
        return True


_ANY = _Anything()

Tables = Mapping[str, Sequence[Record]]
"""The rows of each table by its name; a table that is not there has none."""


def read_catalogue(tables: Tables, *, name: str, valid_from: date) -> tuple[Catalogue, tuple[Problem, ...]]:
    """Return the catalogue that tables tell of, and everything that is wrong with them, by table and row.

    Where there are problems, the catalogue is not to be used.
    """
    reader = _Reader(tables)
    extension_from = reader.setting("extension_from", EXTENSION_FROM)
    classes = reader.by_code("classes", lambda row: _class(row, extension_from))
    bodies = reader.by_code("bodies", _body)
    departments = reader.by_code("departments", lambda row: _department(row, bodies))
    _check_departments(reader, departments)
    codes = frozenset(record.cells.get("code", "").zfill(TYPE_DIGITS) for record in tables.get("types", ()))
    conditions = _grouped(reader, "conditions", lambda row: _condition(row, codes))
    fields = _grouped(reader, "fields", lambda row: _field(row, codes | classes.keys()))
    types = reader.by_code("types", lambda row: _type(row, _Known(classes, bodies, codes, conditions, fields)))
    for table in ("classes", "types"):
        if not tables.get(table):
            reader.problems.append(Problem(None, "table_empty", {"table": table}))
    for code in sorted(types.keys() - conditions.keys()):
        reader.problems.append(Problem(None, "type_without_condition", {"value": code}))
    return Catalogue(name, valid_from, classes, _with_siblings(types), bodies, departments, extension_from), tuple(
        reader.problems
    )


def read_matters(
    tables: Tables, *, name: str, valid_from: date, before: MattersList | None, catalogue: Catalogue | None = None
) -> tuple[MattersList, tuple[Problem, ...]]:
    """Return the list of matters that tables tell of, and everything that is wrong with it.

    Parameters
    ----------
    before
        The list in force until this one begins, of which each matter needs its fate.
    catalogue
        The one that holds on the list's first day, whose bodies and types matters may name; None for a list that was
        checked when it was taken.
    """
    reader = _Reader(tables)
    bodies, types = (_ANY, _ANY) if catalogue is None else (catalogue.bodies, catalogue.types)
    matters = reader.by_code("matters", lambda row: _matter(row, bodies, types))
    if not matters:
        reader.problems.append(Problem(None, "table_empty", {"table": "matters"}))
    fates = list(reader.read("fates", lambda row: (row.number, _fate(row))))
    if not reader.problems:
        reader.problems += fate_problems(before.by_code if before else {}, matters, fates)
    return MattersList(name, valid_from, tuple(matters.values()), tuple(f for _, f in fates)), tuple(reader.problems)


def kept(tables: Tables) -> dict[str, list[dict[str, str]]]:
    """Return tables as the database keeps them."""
    return {name: [dict(record.cells) for record in records] for name, records in tables.items()}


def tables_of(content: Mapping[str, Sequence[Mapping[str, str]]]) -> Tables:
    """Return tables from how the database keeps them, numbered as in a file with a header."""
    return {
        name: tuple(Record(number, cells) for number, cells in enumerate(rows, start=2))
        for name, rows in content.items()
    }


class _Row:
    """One row being read; what is wrong with it is noted, and a stand-in goes on."""

    def __init__(self, table: str, record: Record) -> None:
        self.number = record.row
        self.problems: list[Problem] = []
        self._table, self._cells = table, record.cells
        for column in REQUIRED[table]:
            if not record.cells.get(column):
                self.refuse("value_missing", column)

    def refuse(self, code: str, column: str, **fields: object) -> None:
        """Note a problem of a cell."""
        self.problems.append(Problem(self.number, code, {"field": f"{self._table}.{column}", **fields}))

    def said(self, column: str, default: str = "") -> str:
        """Return the text of a cell."""
        return self._cells.get(column, default)

    def words(self, column: str) -> Words:
        """Return the texts of a column in both languages."""
        return Words(self.said(f"{column}_zh"), self.said(f"{column}_en"))

    def code(self, column: str, digits: int = 0) -> str:
        """Return a code; one of digits gets back the zeros that a spreadsheet has taken from it."""
        found = self.said(column)
        if digits and found:
            found = found.zfill(digits)
            if not (found.isascii() and found.isdigit() and len(found) == digits):
                self.refuse("code_not_of_digits", column, value=found, expected=digits)
        elif found and _CODE.fullmatch(found) is None:
            self.refuse("code_not_plain", column, value=found)
        return found

    def number_in(self, column: str, default: float, least: float, most: float) -> float:
        """Return a number within bounds."""
        written = self.said(column)
        if not written:
            return default
        try:
            found = float(written)
        except ValueError:
            found = float("nan")
        if not least <= found <= most:
            self.refuse("number_out_of_bounds", column, value=written, least=least, most=most)
            return default
        return found

    def whole(self, column: str, default: int, least: int, most: int) -> int:
        """Return a whole number within bounds."""
        found = self.number_in(column, default, least, most)
        if found != int(found):
            self.refuse("number_not_whole", column, value=self.said(column))
        return int(found)

    def truth(self, column: str, *, default: bool) -> bool:
        """Return yes or no."""
        written = self.said(column).casefold()
        if written and written not in _YES | _NO:
            self.refuse("choice_of_known", column, value=written, known="true, false")
        return written in _YES or (default and not written)

    def member(self, column: str, members: type[_Member], prefix: str, default: _Member) -> _Member:
        """Return a member of an enumeration by its identifier or by its name in either language."""
        written = self.said(column).casefold()
        for member in members:
            names = texts().get(f"{prefix}.{member}", {}).values()
            if written == member or written in (name.casefold() for name in names):
                return member
        if written:
            self.refuse("choice_of_known", column, value=written, known=", ".join(members))
        return default

    def known(self, column: str, codes: Container[str], digits: int = 0) -> str | None:
        """Return a code that must be among some, None for a blank one."""
        found = self.said(column)
        if not found:
            return None
        return self._among(column, found.zfill(digits), codes)

    def several(self, column: str, codes: Container[str], digits: int = 0) -> frozenset[str]:
        """Return codes parted by spaces or commas, which must be among some."""
        found = (each.zfill(digits) for each in _PARTED.split(self.said(column)) if each)
        return frozenset(code for each in found if (code := self._among(column, each, codes)) is not None)

    def _among(self, column: str, code: str, codes: Container[str]) -> str | None:
        if code in codes:
            return code
        self.refuse("code_not_in_catalogue", column, value=code)
        return None


class _Reader:
    """Reads tables row by row and gathers what is wrong with them."""

    def __init__(self, tables: Tables) -> None:
        self.problems: list[Problem] = []
        self._tables = tables

    def read(self, table: str, build: Callable[[_Row], _Built]) -> Iterator[_Built]:
        """Yield what the rows of a table tell; a bad one too, so that what refers to it is not blamed as well."""
        for record in self._tables.get(table, ()):
            row = _Row(table, record)
            built = build(row)
            self.problems += row.problems
            yield built

    def by_code(self, table: str, build: Callable[[_Row], _Built]) -> dict[str, _Built]:
        """Return what the rows of a table tell by their codes, of which each stands once."""
        found: dict[str, _Built] = {}
        for row, built in self.read(table, lambda row: (row, build(row))):
            code: str = built.code  # type: ignore[attr-defined]  # all that have a table of their own have a code
            if code in found:
                self.problems.append(Problem(row.number, "code_twice", {"field": f"{table}.code", "value": code}))
            found[code] = built
        return found

    def setting(self, key: str, default: int) -> int:
        """Return a whole number from 1 to 99 of the table of settings."""
        given = dict(self.read("settings", lambda row: (row.known("key", (key,)), row.whole("value", default, 1, 99))))
        return given.get(key, default)


@dataclass(frozen=True)
class _Known:
    """What a type may refer to."""

    classes: Mapping[str, CaseClass]
    bodies: Mapping[str, Body]
    types: frozenset[str]
    conditions: Mapping[str, Sequence[FilingCondition]]
    fields: Mapping[str, Sequence[FieldSpec]] = field(default_factory=dict)


def _class(row: _Row, extension_from: int) -> CaseClass:
    code = row.code("code", CLASS_DIGITS)
    kind = row.member("kind", CaseKind, "case_kind", CaseKind.EVENT)
    return CaseClass(code, kind, row.words("name"), code.isdigit() and int(code) >= extension_from)


def _body(row: _Row) -> Body:
    kind = row.member("kind", BodyKind, "body_kind", BodyKind.DISTRICT_DEPARTMENT)
    return Body(row.code("code"), kind, row.words("name"))


def _department(row: _Row, bodies: Mapping[str, Body]) -> Department:
    area_code = row.said("area_code") or None
    level = row.member("area_level", AreaLevel, "level", AreaLevel.DISTRICT) if row.said("area_level") else None
    if (level is None) != (area_code is None):
        row.refuse("area_by_level_and_code", "area_code", value=area_code or str(level))
    body = row.known("body", bodies) or ""
    return Department(row.code("code"), row.words("name"), body, level, area_code, row.said("parent") or None)


def _check_departments(reader: _Reader, departments: Mapping[str, Department]) -> None:
    """Note parents that are none, and departments of one body in one area."""
    places = Counter((each.body, each.area_code) for each in departments.values())
    for each in departments.values():
        if each.parent_code is not None and each.parent_code not in departments:
            said = {"field": "departments.parent", "value": each.parent_code}
            reader.problems.append(Problem(None, "code_not_in_catalogue", said))
        if places[each.body, each.area_code] > 1:
            said = {"value": each.code, "body": each.body, "area": each.area_code or "-"}
            reader.problems.append(Problem(None, "department_twice", said))


def _condition(row: _Row, types: frozenset[str]) -> tuple[str | None, FilingCondition]:
    unit = row.member("unit", TimeUnit, "time_unit", TimeUnit.WORKING_HOURS)
    amount = row.number_in("amount", 1.0, 0.1, MAX_AMOUNT)
    if round(amount, 1) != amount:
        row.refuse("number_not_of_tenths", "amount", value=row.said("amount"))
    limit = TimeLimit(round(amount, 1), unit)
    no = row.whole("no", 1, 1, 99)
    return row.known("type", types, TYPE_DIGITS), FilingCondition(no, row.words("text"), limit, row.words("closing"))


def _field(row: _Row, owners: Container[str]) -> tuple[str | None, FieldSpec]:
    digits = TYPE_DIGITS if len(row.said("type")) > CLASS_DIGITS else CLASS_DIGITS
    type_ = row.member("datatype", FieldType, "field_type", FieldType.STRING)
    listed = type_ in (FieldType.SINGLE_VALUE_LIST, FieldType.MULTI_VALUE_LIST)
    values = tuple(_values(row))
    if listed != bool(values):
        row.refuse("values_of_lists", "values", value=type_)
    spec = FieldSpec(
        code=row.code("code"),
        type=type_,
        description=row.words("description"),
        required=row.truth("required", default=False),
        variable=row.truth("variable", default=True),
        order=row.whole("order", 1, 1, 999),
        values=values,
    )
    return row.known("type", owners, digits) or "", spec


def _values(row: _Row) -> Iterator[tuple[str, Words]]:
    """Yield the values of a list, written ``key=中文|English; key=…``."""
    for each in filter(None, (part.strip() for part in re.split(r"[;；]", row.said("values")))):
        key, sign, name = each.partition("=")
        if not (key.strip() and sign and name.strip()):
            row.refuse("values_malformed", "values", value=each)
            continue
        zh, _, en = name.partition("|")
        yield key.strip(), Words(zh.strip(), en.strip())


def _grouped(
    reader: _Reader, table: str, build: Callable[[_Row], tuple[str | None, _Built]]
) -> dict[str, tuple[_Built, ...]]:
    """Return what the rows of a table tell by the type that each is of; a number or code stands once in each."""
    found: dict[str, dict[object, _Built]] = {}
    for row, (owner, built) in reader.read(table, lambda row: (row, build(row))):
        own = found.setdefault(owner or "", {})
        name = getattr(built, "no", None) or getattr(built, "code", None)
        if name in own:
            said = {"field": f"{table}.{'no' if table == 'conditions' else 'code'}", "value": f"{owner} {name}"}
            reader.problems.append(Problem(row.number, "code_twice", said))
        own[name] = built
    return {owner: tuple(each.values()) for owner, each in found.items()}


def _type(row: _Row, known: _Known) -> CaseType:
    code = row.code("code", TYPE_DIGITS)
    class_ = known.classes.get(code[:CLASS_DIGITS])
    if code and class_ is None:
        row.refuse("class_unknown", "code", value=code, expected=code[:CLASS_DIGITS])
    fields = (known.fields.get(owner, ()) for owner in ("", code[:CLASS_DIGITS], code))
    responsible = {level: row.known(f"body_{level}", known.bodies) for level in LEVELS}
    return CaseType(
        code=code,
        kind=class_.kind if class_ else CaseKind.EVENT,
        name=row.words("name"),
        class_code=code[:CLASS_DIGITS],
        conditions=tuple(sorted(known.conditions.get(code, ()), key=lambda each: each.no)),
        responsible={level: body for level, body in responsible.items() if body is not None},
        supervising=row.known("supervising", known.bodies),
        legal_basis=row.said("legal_basis"),
        collection=row.words("collection"),
        fields=tuple(sorted((each for own in fields for each in own), key=lambda each: (each.order, each.code))),
        siblings=row.several("siblings", known.types, TYPE_DIGITS) - {code},
        duplicate_radius_m=row.number_in("duplicate_radius_m", DUPLICATE_RADIUS_M, 0, MAX_RADIUS_M),
        duplicate_window_h=row.whole("duplicate_window_h", DUPLICATE_WINDOW_H, 0, MAX_WINDOW_H),
    )


def _with_siblings(types: Mapping[str, CaseType]) -> dict[str, CaseType]:
    """Return types of which each is a sibling of those that name it."""
    pairs = {(a, b) for a, each in types.items() for b in each.siblings if b in types}
    pairs |= {(b, a) for a, b in pairs}
    siblings = {code: frozenset(b for a, b in pairs if a == code) for code in types}
    return {code: replace(each, siblings=siblings[code]) for code, each in types.items()}


def _matter(row: _Row, bodies: Container[str], types: Container[str]) -> Matter:
    body = row.known("body", bodies) or ""
    return Matter(row.code("code"), row.words("name"), body, row.several("types", types, TYPE_DIGITS))


def _fate(row: _Row) -> MatterFate:
    return MatterFate(row.code("code"), row.member("fate", Fate, "fate", Fate.KEPT), row.said("into") or None)
