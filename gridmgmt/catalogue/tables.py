"""The tables that a catalogue and a list of matters are written as, in files and in the database, and reading them."""

import re
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.calendars.rules import MAX_AMOUNT, TimeLimit, TimeUnit
from gridmgmt.cases.rules import CaseKind
from gridmgmt.catalogue.matters import Fate, Matter, MatterFate, MattersList, Words, fate_problems
from gridmgmt.catalogue.rows import ANYTHING, Reader, Record, Row, Tables
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

_Item = TypeVar("_Item")


def read_catalogue(tables: Tables, *, name: str, valid_from: date) -> tuple[Catalogue, tuple[Problem, ...]]:
    """Return the catalogue that tables tell of, and everything that is wrong with them, by table and row.

    Where there are problems, the catalogue is not to be used.
    """
    reader = Reader(tables, REQUIRED)
    extension_from = reader.setting("extension_from", EXTENSION_FROM)
    classes = reader.by_code("classes", lambda row: _class(row, extension_from))
    bodies = reader.by_code("bodies", _body)
    departments = reader.by_code("departments", lambda row: _department(row, bodies))
    _check_departments(reader, departments)
    codes = frozenset(record.cells.get("code", "").zfill(TYPE_DIGITS) for record in tables.get("types", ()))
    conditions = reader.by_owner("conditions", "no", lambda row: _condition(row, codes))
    fields = reader.by_owner("fields", "code", lambda row: _field(row, codes | classes.keys()))
    types = reader.by_code("types", lambda row: _type(row, _Known(classes, bodies, codes, conditions, fields)))
    for table in ("classes", "types"):
        if not tables.get(table):
            reader.problems.append(Problem(None, "table_empty", {"table": table}))
    for code in sorted(types.keys() - conditions.keys()):
        reader.problems.append(Problem(None, "type_without_condition", {"value": code}))
    found = Catalogue(
        name, valid_from, _sorted(classes), _with_siblings(_sorted(types)), bodies, departments, extension_from
    )
    return found, tuple(reader.problems)


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
    reader = Reader(tables, REQUIRED)
    bodies, types = (ANYTHING, ANYTHING) if catalogue is None else (catalogue.bodies, catalogue.types)
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


@dataclass(frozen=True)
class _Known:
    """What a type may refer to; fields by their type, class, or nothing for all."""

    classes: Mapping[str, CaseClass]
    bodies: Mapping[str, Body]
    types: frozenset[str]
    conditions: Mapping[str, Sequence[FilingCondition]]
    fields: Mapping[str, Sequence[FieldSpec]]


def _class(row: Row, extension_from: int) -> CaseClass:
    code = row.code("code", CLASS_DIGITS)
    kind = row.member("kind", CaseKind, "case_kind", CaseKind.EVENT)
    return CaseClass(code, kind, row.words("name"), code.isdigit() and int(code) >= extension_from)


def _body(row: Row) -> Body:
    kind = row.member("kind", BodyKind, "body_kind", BodyKind.DISTRICT_DEPARTMENT)
    return Body(row.code("code"), kind, row.words("name"))


def _department(row: Row, bodies: Mapping[str, Body]) -> Department:
    area_code = row.said("area_code") or None
    level = row.member("area_level", AreaLevel, "level", AreaLevel.DISTRICT) if row.said("area_level") else None
    if (level is None) != (area_code is None):
        row.refuse("area_by_level_and_code", "area_code", value=area_code or str(level))
    body = row.known("body", bodies) or ""
    return Department(row.code("code"), row.words("name"), body, level, area_code, row.said("parent") or None)


def _check_departments(reader: Reader, departments: Mapping[str, Department]) -> None:
    """Note parents that are none, and departments of one body in one area."""
    places = Counter((each.body, each.area_code) for each in departments.values())
    for each in departments.values():
        if each.parent_code is not None and each.parent_code not in departments:
            said = {"field": "departments.parent", "value": each.parent_code}
            reader.problems.append(Problem(None, "code_not_in_catalogue", said))
        if places[each.body, each.area_code] > 1:
            said = {"value": each.code, "body": each.body, "area": each.area_code or "-"}
            reader.problems.append(Problem(None, "department_twice", said))


def _condition(row: Row, types: Container[str]) -> tuple[str, int, FilingCondition]:
    unit = row.member("unit", TimeUnit, "time_unit", TimeUnit.WORKING_HOURS)
    amount = row.number_in("amount", 1.0, 0.1, MAX_AMOUNT)
    if round(amount, 1) != amount:
        row.refuse("number_not_of_tenths", "amount", value=row.said("amount"))
    limit = TimeLimit(round(amount, 1), unit)
    no = row.whole("no", 1, 1, 99)
    condition = FilingCondition(no, row.words("text"), limit, row.words("closing"))
    return row.known("type", types, TYPE_DIGITS) or "", no, condition


def _field(row: Row, owners: Container[str]) -> tuple[str, str, FieldSpec]:
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
    return row.known("type", owners, digits) or "", spec.code, spec


def _values(row: Row) -> Iterator[tuple[str, Words]]:
    """Yield the values of a list, written ``key=中文|English; key=…``."""
    for each in filter(None, (part.strip() for part in re.split(r"[;；]", row.said("values")))):
        key, sign, name = each.partition("=")
        if not (key.strip() and sign and name.strip()):
            row.refuse("values_malformed", "values", value=each)
            continue
        zh, _, en = name.partition("|")
        yield key.strip(), Words(zh.strip(), en.strip())


def _type(row: Row, known: _Known) -> CaseType:
    code = row.code("code", TYPE_DIGITS)
    class_ = known.classes.get(code[:CLASS_DIGITS])
    if code and class_ is None:
        row.refuse("class_unknown", "code", value=code, expected=code[:CLASS_DIGITS])
    fields = {each.code: each for owner in ("", code[:CLASS_DIGITS], code) for each in known.fields.get(owner, ())}
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
        fields=tuple(sorted(fields.values(), key=lambda each: (each.order, each.code))),
        siblings=row.several("siblings", known.types, TYPE_DIGITS) - {code},
        duplicate_radius_m=row.number_in("duplicate_radius_m", DUPLICATE_RADIUS_M, 0, MAX_RADIUS_M),
        duplicate_window_h=row.whole("duplicate_window_h", DUPLICATE_WINDOW_H, 0, MAX_WINDOW_H),
    )


def _sorted(found: Mapping[str, _Item]) -> dict[str, _Item]:
    return dict(sorted(found.items()))


def _with_siblings(types: Mapping[str, CaseType]) -> dict[str, CaseType]:
    """Return types of which each is a sibling of those that name it."""
    pairs = {(a, b) for a, each in types.items() for b in each.siblings if b in types}
    pairs |= {(b, a) for a, b in pairs}
    siblings = {code: frozenset(b for a, b in pairs if a == code) for code in types}
    return {code: replace(each, siblings=siblings[code]) for code, each in types.items()}


def _matter(row: Row, bodies: Container[str], types: Container[str]) -> Matter:
    body = row.known("body", bodies) or ""
    return Matter(row.code("code"), row.words("name"), body, row.several("types", types, TYPE_DIGITS))


def _fate(row: Row) -> MatterFate:
    return MatterFate(row.code("code"), row.member("fate", Fate, "fate", Fate.KEPT), row.said("into") or None)
