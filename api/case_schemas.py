"""Cases as the interface answers them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from api.paging import Page
from api.schemas import Answer, AreaLite, Latitude, Longitude
from gridmgmt.cases.rules import CaseKind, CaseSource, CaseState, Urgency
from gridmgmt.catalogue.rules import Catalogue
from gridmgmt.texts import Language, text


class CaseOut(Answer):
    """One case, as a list has it."""

    case_no: str = Field(examples=["3101132026011500042"])
    version: int = Field(description="Grows by one with each move; a move is asked for with the one that was seen.")
    kind: CaseKind
    type: str = Field(description="Code of the catalogue, or what an imported register calls it.", examples=["0104"])
    type_name: str | None = Field(description="Its name; null for a type that the catalogue does not have.")
    source: CaseSource
    state: CaseState
    state_text: str = Field(examples=["处置中"])
    urgency: Urgency
    reported_at: datetime
    updated_at: datetime = Field(description="When it was moved last.")
    due_at: datetime | None
    due_provisional: bool = Field(description="The deadline passes a year whose holidays are not known yet.")
    closed_at: datetime | None
    department_code: str | None = Field(description="Who is to handle it, the lead of several.")
    department_name: str | None
    town_code: str | None = Field(description="The town that held the place when it was reported.")
    cell_code: str | None
    lon: Longitude
    lat: Latitude
    supervised: bool = Field(description="Under a supervision order.")
    forced: bool = Field(description="Closed by force.")
    flags: list[str] = Field(description="What is doubtful about it.", examples=[["default_point"]])
    duplicate_of: str | None = Field(description="Number of the master case that it repeats.")
    photos: int = Field(description="How many it has.")


class CaseDetail(CaseOut):
    """One case with the areas it falls in, from the highest level down."""

    areas: list[AreaLite]


class CountOut(Answer):
    """How many there are."""

    value: int
    exact: bool = Field(description="False when there are more than `value`, which nobody counted further.")


class CasePage(Page[CaseOut]):
    """One page of cases, and how many there are on all pages."""

    count: CountOut


class BoardRowOut(Answer):
    """What is open at one body or in one town."""

    code: str | None = Field(description="Null for cases that have none.")
    name: str | None
    open: int
    supervised: int
    by_urgency: dict[Urgency, int]
    by_state: dict[CaseState, int]
    oldest_due_at: datetime | None = Field(description="The earliest deadline among them.")


class BoardOut(Answer):
    """All open cases by body and by town, those with most overdue cases first, and the most overdue cases."""

    at: datetime = Field(description="The moment it was counted.")
    open: int
    departments: list[BoardRowOut]
    towns: list[BoardRowOut]
    most_overdue: list[CaseOut]


def case_out(row: Any, catalogue: Catalogue | None, lang: Language, photos: Mapping[int, int]) -> CaseOut:
    """Return a row of :func:`gridmgmt.cases.queries.list_cases` with its words."""
    held = row._mapping  # noqa: SLF001 -- the public name of a row's columns
    return CaseOut(
        **held,
        type_name=type_name(catalogue, held["type"], lang),
        state_text=text(f"case_state.{held['state']}", lang),
        department_name=department_name(catalogue, held["department_code"], lang),
        photos=photos.get(held["case_id"], 0),
    )


def type_name(catalogue: Catalogue | None, code: str, lang: Language) -> str | None:
    """Return the name of a type, None where the catalogue does not have it."""
    found = catalogue.types.get(code) if catalogue else None
    return found.name.said(lang) if found else None


def department_name(catalogue: Catalogue | None, code: str | None, lang: Language) -> str | None:
    """Return the name of a department, None where the catalogue does not have it."""
    found = catalogue.departments.get(code) if catalogue and code else None
    return found.name.said(lang) if found else None
