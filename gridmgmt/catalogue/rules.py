"""What a catalogue of cases says: types, filing conditions, who answers for what where; no database."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property

from gridmgmt.areas.rules import RANK, AreaLevel
from gridmgmt.calendars.rules import TimeLimit
from gridmgmt.cases.rules import CaseKind
from gridmgmt.catalogue.matters import Matter, MattersList, Words
from gridmgmt.clock import local_date
from gridmgmt.errors import NotFoundError

DUPLICATE_RADIUS_M = 50.0
DUPLICATE_WINDOW_H = 168
"""A report may repeat another of up to a week before, where its type says nothing else."""
EXTENSION_FROM = 21
"""Classes from this number on are the district's own, where the catalogue says nothing else."""
CLASS_DIGITS, TYPE_DIGITS = 2, 4

LEVELS = tuple(sorted((level for level in AreaLevel if level is not AreaLevel.GRID_CELL), key=RANK.__getitem__))
"""The levels at which a body can answer for cases, from the district down."""


class BodyKind(StrEnum):
    """What sort of body handles cases."""

    DISTRICT_DEPARTMENT = "district_department"
    TOWN_BODY = "town_body"
    UNIT_BODY = "unit_body"
    COMPANY = "company"


class FieldType(StrEnum):
    """The types of further fields of a report, as Open311 GeoReport v2 has them."""

    STRING = "string"
    NUMBER = "number"
    DATETIME = "datetime"
    TEXT = "text"
    SINGLE_VALUE_LIST = "singlevaluelist"
    MULTI_VALUE_LIST = "multivaluelist"


class HoldingReason(StrEnum):
    """Why a department is the one for a case."""

    RESPONSIBLE = "responsible"
    """The catalogue names it for the type, and no list of matters says otherwise."""
    LISTED = "listed"
    """The list of matters in force gives the matter to it, and to none that the catalogue names."""


@dataclass(frozen=True)
class CaseClass:
    """A class of types, the first two digits of their codes; ``extension`` ones are the district's own."""

    code: str
    kind: CaseKind
    name: Words
    extension: bool


@dataclass(frozen=True)
class FilingCondition:
    """What must be found for a case to be registered, how long handling may take, and what must be seen to close it."""

    no: int
    text: Words
    limit: TimeLimit
    closing: Words


@dataclass(frozen=True)
class FieldSpec:
    """A further field of a report; ``variable`` is False for a mere notice, ``values`` are empty but for lists."""

    code: str
    type: FieldType
    description: Words
    required: bool
    variable: bool
    order: int
    values: tuple[tuple[str, Words], ...] = ()


@dataclass(frozen=True, eq=False)
class CaseType:
    """A type of cases, its code two digits of the class and two of its own."""

    code: str
    kind: CaseKind
    name: Words
    class_code: str
    conditions: tuple[FilingCondition, ...]
    responsible: Mapping[AreaLevel, str]
    """The body that answers for it at each level: a code of :attr:`Catalogue.bodies`, of which
    :meth:`Catalogue.holder` finds the department that serves the place."""
    supervising: str | None
    """The body that watches over how it is handled."""
    legal_basis: str
    collection: Words
    """What whoever records it on the spot has to record."""
    fields: tuple[FieldSpec, ...]
    siblings: frozenset[str]
    """Types that people take for this one; looked at for duplicates too. It is none of them itself."""
    duplicate_radius_m: float = DUPLICATE_RADIUS_M
    duplicate_window_h: int = DUPLICATE_WINDOW_H

    def condition(self, no: int) -> FilingCondition:
        """Return the filing condition of a number.

        Raises
        ------
        NotFoundError
            ``filing_condition_unknown``, naming those that there are.
        """
        for each in self.conditions:
            if each.no == no:
                return each
        known = ", ".join(str(each.no) for each in self.conditions)
        raise NotFoundError("filing_condition_unknown", field="condition_no", value=no, type=self.code, known=known)


@dataclass(frozen=True)
class Body:
    """What departments are by their task, in whichever area: the water authority, a town's grid centre."""

    code: str
    kind: BodyKind
    name: Words


@dataclass(frozen=True)
class Department:
    """A body in one area, or everywhere where it has none; never a person."""

    code: str
    name: Words
    body: str
    level: AreaLevel | None
    area_code: str | None
    parent_code: str | None


@dataclass(frozen=True)
class Holding:
    """The department for a case; ``passed_over`` are those named before it that do not hold the matter."""

    department_code: str
    matter_code: str | None
    """The matter of the list in force; None where no list speaks of the type."""
    why: HoldingReason
    level: AreaLevel | None
    """The level of the department's area; None for one that serves everywhere."""
    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Catalogue:
    """One edition of the catalogue and all lists of matters; never changed, so that it may be kept and shared."""

    name: str
    valid_from: date
    classes: Mapping[str, CaseClass]
    types: Mapping[str, CaseType]
    bodies: Mapping[str, Body]
    departments: Mapping[str, Department]
    extension_from: int = EXTENSION_FROM
    lists: tuple[MattersList, ...] = field(default=())
    """By the day they begin."""

    def type(self, code: str) -> CaseType:
        """Return the type of a code.

        Raises
        ------
        NotFoundError
            ``case_type_unknown``.
        """
        found = self.types.get(code)
        if found is None:
            raise NotFoundError("case_type_unknown", field="type", value=code, edition=self.name)
        return found

    def types_of(self, class_code: str) -> list[CaseType]:
        """Return the types of a class in their order."""
        return [each for each in self.types.values() if each.class_code == class_code]

    def types_for(self, department: Department) -> list[CaseType]:
        """Return the types for which the catalogue names a department's body at the level of its area."""
        level = department.level
        return [
            each
            for each in self.types.values()
            if department.body in (each.responsible.values() if level is None else (each.responsible.get(level),))
        ]

    def types_with(self, words: str) -> list[CaseType]:
        """Return the types whose name in either language has some words in it, or whose code begins with them."""
        wanted = words.strip().casefold()
        return [
            each
            for each in self.types.values()
            if each.code.startswith(wanted) or wanted in each.name.zh.casefold() or wanted in each.name.en.casefold()
        ]

    def body_name(self, code: str) -> Words:
        """Return what a body is called; the code itself of one that the catalogue of the day has no more."""
        body = self.bodies.get(code)
        return Words(code) if body is None else body.name

    def department(self, code: str) -> Department:
        """Return the department of a code.

        Raises
        ------
        NotFoundError
            ``department_unknown``.
        """
        found = self.departments.get(code)
        if found is None:
            raise NotFoundError("department_unknown", field="department", value=code, edition=self.name)
        return found

    def list_on(self, day: date) -> MattersList | None:
        """Return the list of matters in force on a day."""
        return next((each for each in reversed(self.lists) if each.valid_from <= day), None)

    def matters_of(self, type_code: str, at: datetime | date) -> tuple[Matter, ...] | None:
        """Return the matters that name a type in the list in force; None where no list up to then has ever named it.

        A type that an earlier list named and this one does not has been dropped: nobody holds it.
        """
        day = local_date(at) if isinstance(at, datetime) else at
        begun = [each for each in self.lists if each.valid_from <= day]
        if not any(type_code in each.by_type for each in begun):
            return None
        return begun[-1].by_type.get(type_code, ())

    def holds(self, department_code: str, type_code: str, at: datetime | date) -> bool:
        """Tell whether a department may handle a type of cases that is reported at a moment.

        Raises
        ------
        NotFoundError
            ``department_unknown``.
        """
        body = self.department(department_code).body
        matters = self.matters_of(type_code, at)
        return matters is None or any(matter.body == body for matter in matters)

    def holder(self, type_code: str, areas: Mapping[AreaLevel, str], at: datetime | date) -> Holding | None:
        """Return the department for a case of a type at a place, None where there is none.

        First come the bodies that the catalogue names for the type, that of the lowest level first; one that does not
        hold the matter is passed over. Then come those to which the list of matters in force gives it.

        Parameters
        ----------
        areas
            The code of the area of each level that holds the place.
        at
            When the case was reported; a date is one of the district's own time zone.

        Raises
        ------
        NotFoundError
            ``case_type_unknown``.
        """
        matters = self.matters_of(type_code, at)
        passed: list[str] = []
        for department in self._responsible(self.type(type_code), areas):
            if matters is None:
                return _holding(department, None, HoldingReason.RESPONSIBLE, passed)
            for matter in matters:
                if matter.body == department.body:
                    return _holding(department, matter, HoldingReason.RESPONSIBLE, passed)
            passed.append(department.code)
        for matter in matters or ():
            if (found := self.serving(matter.body, areas)) is not None:
                return _holding(found, matter, HoldingReason.LISTED, passed)
        return None

    def _responsible(self, type_: CaseType, areas: Mapping[AreaLevel, str]) -> Iterator[Department]:
        for level in reversed(LEVELS):
            body = type_.responsible.get(level)
            found = self._by_place.get((body, areas.get(level))) or self._by_place.get((body, None)) if body else None
            if found is not None:
                yield found

    def serving(self, body: str, areas: Mapping[AreaLevel, str]) -> Department | None:
        """Return the department of a body at a place: that of the lowest area that has one, else that of everywhere."""
        codes = (*(areas[level] for level in reversed(LEVELS) if level in areas), None)
        return next((found for code in codes if (found := self._by_place.get((body, code))) is not None), None)

    @cached_property
    def _by_place(self) -> Mapping[tuple[str | None, str | None], Department]:
        return {(each.body, each.area_code): each for each in self.departments.values()}


def _holding(department: Department, matter: Matter | None, why: HoldingReason, passed: list[str]) -> Holding:
    code = None if matter is None else matter.code
    return Holding(department.code, code, why, department.level, tuple(passed))
