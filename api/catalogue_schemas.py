"""What the interface says of the catalogue of cases, of departments and of lists of matters; names in one language."""

from datetime import date
from typing import Self

from pydantic import Field

from api.schemas import Shape
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.calendars.rules import TimeUnit
from gridmgmt.cases.rules import CaseKind
from gridmgmt.catalogue.matters import Changes, Fate, Forerunner, ListKind, Matter, MatterFate, MattersList
from gridmgmt.catalogue.rules import (
    BodyKind,
    CaseClass,
    CaseType,
    Catalogue,
    Department,
    FieldSpec,
    FieldType,
    FilingCondition,
)
from gridmgmt.texts import Language


class Coded(Shape):
    """A code and what it is called."""

    code: str
    name: str


class ConditionOut(Shape):
    """What must be found for a case to be filed, how long it may take, and what must be seen to close it."""

    no: int
    text: str = Field(examples=["现场未围护"])
    amount: float = Field(examples=[3])
    unit: TimeUnit
    closing: str | None = Field(examples=["现场已围护"])

    @classmethod
    def of(cls, found: FilingCondition, lang: Language) -> Self:
        """Return it in a language."""
        closing = found.closing.said(lang) or None
        limit = found.limit
        return cls(no=found.no, text=found.text.said(lang), amount=limit.amount, unit=limit.unit, closing=closing)


class FieldValue(Shape):
    """One value of a list."""

    key: str
    name: str


class FieldOut(Shape):
    """A further field of a report, as an attribute of Open311."""

    code: str
    datatype: FieldType
    description: str
    required: bool
    variable: bool = Field(description="False for a notice that asks for nothing.")
    order: int
    values: list[FieldValue] = Field(description="Of lists; else empty.")

    @classmethod
    def of(cls, found: FieldSpec, lang: Language) -> Self:
        """Return it in a language."""
        values = [FieldValue(key=key, name=name.said(lang)) for key, name in found.values]
        return cls(
            code=found.code, datatype=found.type, description=found.description.said(lang), required=found.required,
            variable=found.variable, order=found.order, values=values,
        )  # fmt: skip


class CaseTypeRow(Shape):
    """A type of cases with its filing conditions."""

    code: str = Field(examples=["1501"])
    name: str = Field(examples=["自来水管破裂"])
    kind: CaseKind
    class_code: str = Field(examples=["15"])
    class_name: str = Field(examples=["突发事件"])
    conditions: list[ConditionOut]

    @classmethod
    def of(cls, found: CaseType, catalogue: Catalogue, lang: Language) -> Self:
        """Return it in a language."""
        return cls(
            code=found.code,
            name=found.name.said(lang),
            kind=found.kind,
            class_code=found.class_code,
            class_name=catalogue.classes[found.class_code].name.said(lang),
            conditions=[ConditionOut.of(each, lang) for each in found.conditions],
        )


class CaseTypeList(Shape):
    """Types by code."""

    items: list[CaseTypeRow]


class ResponsibleOut(Shape):
    """The body that answers for a type at a level."""

    level: AreaLevel
    body: str
    body_name: str


class CaseTypeOut(CaseTypeRow):
    """All that the catalogue says of a type."""

    responsible: list[ResponsibleOut] = Field(description="From the district down.")
    supervising: Coded | None = Field(description="The body that watches over how it is handled.")
    legal_basis: str
    collection: str = Field(description="What whoever records it on the spot has to record.")
    fields: list[FieldOut]
    siblings: list[Coded] = Field(description="Types that people take for this one.")
    duplicate_radius_m: float
    duplicate_window_h: int

    @classmethod
    def of(cls, found: CaseType, catalogue: Catalogue, lang: Language) -> Self:
        """Return it in a language."""
        row = CaseTypeRow.of(found, catalogue, lang)
        body = found.supervising
        return cls(
            **dict(row),
            responsible=[
                ResponsibleOut(level=level, body=code, body_name=catalogue.body_name(code).said(lang))
                for level, code in found.responsible.items()
            ],
            supervising=None if body is None else Coded(code=body, name=catalogue.body_name(body).said(lang)),
            legal_basis=found.legal_basis,
            collection=found.collection.said(lang),
            fields=[FieldOut.of(each, lang) for each in found.fields],
            siblings=[Coded(code=code, name=catalogue.type(code).name.said(lang)) for code in sorted(found.siblings)],
            duplicate_radius_m=found.duplicate_radius_m,
            duplicate_window_h=found.duplicate_window_h,
        )


class CaseClassOut(Shape):
    """A class with its types."""

    code: str = Field(examples=["15"])
    name: str = Field(examples=["突发事件"])
    kind: CaseKind
    extension: bool = Field(description="Whether it is the district's own.")
    types: list[CaseTypeRow]

    @classmethod
    def of(cls, found: CaseClass, catalogue: Catalogue, lang: Language) -> Self:
        """Return it in a language."""
        types = [CaseTypeRow.of(each, catalogue, lang) for each in catalogue.types_of(found.code)]
        return cls(code=found.code, name=found.name.said(lang), kind=found.kind, extension=found.extension, types=types)


class CatalogueOut(Shape):
    """The edition of the catalogue that holds on a day."""

    name: str
    valid_from: date
    extension_from: int = Field(description="The first class that is the district's own.", examples=[21])
    classes: list[CaseClassOut]

    @classmethod
    def of(cls, found: Catalogue, lang: Language) -> Self:
        """Return it in a language."""
        return cls(
            name=found.name,
            valid_from=found.valid_from,
            extension_from=found.extension_from,
            classes=[CaseClassOut.of(each, found, lang) for each in found.classes.values()],
        )


class HandlingDepartmentOut(Shape):
    """A body in one area, or everywhere where it has none."""

    code: str = Field(examples=["310113109-grid_centre"])
    name: str = Field(examples=["顾村镇城市网格化综合管理中心"])
    body: str = Field(examples=["grid_centre"])
    kind: BodyKind
    level: AreaLevel | None
    area_code: str | None
    parent_code: str | None

    @classmethod
    def of(cls, found: Department, catalogue: Catalogue, lang: Language) -> Self:
        """Return it in a language."""
        return cls(
            code=found.code, name=found.name.said(lang), body=found.body, kind=catalogue.bodies[found.body].kind,
            level=found.level, area_code=found.area_code, parent_code=found.parent_code,
        )  # fmt: skip


class HandlingDepartmentList(Shape):
    """Departments by body and area."""

    items: list[HandlingDepartmentOut]


class MatterOut(Shape):
    """A matter and the body that holds it."""

    code: str
    name: str
    body: str
    body_name: str
    types: list[Coded] = Field(description="The types of cases that it lets the body handle.")

    @classmethod
    def of(cls, found: Matter, catalogue: Catalogue, lang: Language) -> Self:
        """Return it in a language; a type that the day's catalogue has no more goes by its code."""
        types = {code: catalogue.types.get(code) for code in sorted(found.types)}
        return cls(
            code=found.code,
            name=found.name.said(lang),
            body=found.body,
            body_name=catalogue.body_name(found.body).said(lang),
            types=[Coded(code=code, name=type_.name.said(lang) if type_ else code) for code, type_ in types.items()],
        )


class HandlingDepartmentDetail(HandlingDepartmentOut):
    """A department with what it answers for."""

    types: list[Coded] = Field(description="Types for which the catalogue names its body at the level of its area.")
    matters: list[MatterOut] = Field(description="Those that it holds in the list in force.")


class MattersOut(Shape):
    """The list of matters, or of powers, in force on a day."""

    kind: ListKind
    name: str
    valid_from: date
    items: list[MatterOut]


class MattersListOut(Shape):
    """One list of matters or of powers."""

    kind: ListKind
    name: str
    valid_from: date
    count: int

    @classmethod
    def of(cls, found: MattersList) -> Self:
        """Return it without its matters."""
        return cls(kind=found.kind, name=found.name, valid_from=found.valid_from, count=len(found.matters))


class MattersLists(Shape):
    """All lists by the day they begin."""

    items: list[MattersListOut]


class MatterFateOut(Shape):
    """What became of a matter."""

    matter: MatterOut
    fate: Fate
    into: MatterOut | None = Field(description="Null for one that was dropped.")

    @classmethod
    def of(cls, found: MatterFate, changes: Changes, catalogue: Catalogue, lang: Language) -> Self:
        """Return it in a language."""
        old = changes.before.by_code[found.code] if changes.before else changes.after.by_code[found.code]
        into = None if found.into is None else MatterOut.of(changes.after.by_code[found.into], catalogue, lang)
        return cls(matter=MatterOut.of(old, catalogue, lang), fate=found.fate, into=into)


class FateSumsOut(Shape):
    """How two lists add up: before = kept + merged + moved + dropped."""

    before: int
    kept: int
    merged: int
    moved: int
    dropped: int
    added: int = Field(description="Matters of the later list that come from none of the earlier.")
    after: int


class MatterChangesOut(Shape):
    """What became of the matters in force on one day until another."""

    before: MattersListOut | None = Field(description="Null where no list was in force yet.")
    after: MattersListOut
    sums: FateSumsOut
    items: list[MatterFateOut]


class ForerunnerOut(Shape):
    """What a matter was in an earlier list, and what became of it when the next one began."""

    list_name: str
    valid_from: date
    matter: MatterOut
    fate: Fate

    @classmethod
    def of(cls, found: Forerunner, catalogue: Catalogue, lang: Language) -> Self:
        """Return it in a language."""
        matter = MatterOut.of(found.matter, catalogue, lang)
        return cls(list_name=found.list_name, valid_from=found.valid_from, matter=matter, fate=found.fate)


class MatterHolders(Shape):
    """Who does something, and where: an item of one of the lists with the departments of its body."""

    kind: ListKind
    list_name: str
    matter: MatterOut
    departments: list[HandlingDepartmentOut]
    forerunners: list[ForerunnerOut] = Field(description="What it was in earlier lists, the newest first.")


class MatterSearch(Shape):
    """Items of both lists, those of matters first."""

    items: list[MatterHolders]
