"""The catalogue of cases, departments, and lists of matters."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from api.access import asks
from api.catalogue_schemas import (
    CaseTypeList,
    CaseTypeOut,
    CaseTypeRow,
    CatalogueOut,
    Coded,
    FateSumsOut,
    ForerunnerOut,
    HandlingDepartmentDetail,
    HandlingDepartmentList,
    HandlingDepartmentOut,
    MatterChangesOut,
    MatterFateOut,
    MatterHolders,
    MatterOut,
    MatterSearch,
    MattersListOut,
    MattersLists,
    MattersOut,
)
from api.context import Context, OnDate, RequestSession
from api.language import Lang
from api.routes import PREFIX
from gridmgmt.access.rules import Permission
from gridmgmt.catalogue import service
from gridmgmt.catalogue.matters import ListKind, Matter, MattersList, forerunners
from gridmgmt.catalogue.rows import Tables
from gridmgmt.catalogue.rules import Catalogue
from gridmgmt.texts import Language

router = APIRouter(prefix=PREFIX, tags=["catalogue"], dependencies=[asks(Permission.READ)])

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_Body = Annotated[str | None, Query(max_length=64, description="Only those of this body.")]
_Area = Annotated[str | None, Query(max_length=64, description="Only those of the area of this code.")]
_List = Annotated[ListKind, Query(alias="list", description="Which of the two lists: matters, or powers.")]
_AS_XLSX: dict[int | str, dict[str, Any]] = {200: {"description": "A sheet for each table.", "content": {XLSX: {}}}}


@router.get("/catalogue", summary="Classes and types of cases with their filing conditions")
def read_catalogue(session: RequestSession, on: OnDate, lang: Lang) -> CatalogueOut:
    """Return the edition of the catalogue that holds on the day."""
    return CatalogueOut.of(service.catalogue_on(session, on), lang)


@router.get("/catalogue.xlsx", summary="The catalogue as a workbook", response_class=Response, responses=_AS_XLSX)
def download_catalogue(session: RequestSession, on: OnDate, lang: Lang) -> Response:
    """Return all tables of the catalogue; changed, they can be given as a new edition, see `/imports`."""
    return _workbook(service.tables_on(session, on), "catalogue", lang)


@router.get("/catalogue/types", summary="Types of cases")
def list_types(
    session: RequestSession,
    on: OnDate,
    lang: Lang,
    q: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=100,
            description="Part of the name, or beginning of the code.",
            openapi_examples={"井盖": {"value": "井盖"}},
        ),
    ] = None,
) -> CaseTypeList:
    """List the types by code."""
    found = service.catalogue_on(session, on)
    types = found.types.values() if q is None else found.types_with(q)
    return CaseTypeList(items=[CaseTypeRow.of(each, found, lang) for each in types])


@router.get("/catalogue/types/{code}", summary="One type of cases")
def read_type(
    session: RequestSession,
    on: OnDate,
    lang: Lang,
    code: Annotated[
        str, Path(max_length=64, description="Code.", openapi_examples={"自来水管破裂": {"value": "1501"}})
    ],
) -> CaseTypeOut:
    """Return who answers for it, its filing conditions, its fields, and what is looked at for duplicates."""
    found = service.catalogue_on(session, on)
    return CaseTypeOut.of(found.type(code), found, lang)


@router.get("/departments", summary="Departments that handle cases")
def list_departments(
    session: RequestSession, on: OnDate, lang: Lang, area: _Area = None, body: _Body = None
) -> HandlingDepartmentList:
    """List the departments, each a body in an area or everywhere."""
    found = service.catalogue_on(session, on)
    wanted = [
        each for each in found.departments.values() if area in (None, each.area_code) and body in (None, each.body)
    ]
    return HandlingDepartmentList(items=[HandlingDepartmentOut.of(each, found, lang) for each in wanted])


@router.get("/departments/{code}", summary="One department with what it answers for")
def read_department(
    session: RequestSession, on: OnDate, lang: Lang, code: Annotated[str, Path(max_length=64, description="Code.")]
) -> HandlingDepartmentDetail:
    """Return the types for which the catalogue names it, and the matters that it holds."""
    found = service.catalogue_on(session, on)
    department = found.department(code)
    list_ = found.list_on(on)
    matters = [each for each in (list_.matters if list_ else ()) if each.body == department.body]
    return HandlingDepartmentDetail(
        **dict(HandlingDepartmentOut.of(department, found, lang)),
        types=[Coded(code=each.code, name=each.name.said(lang)) for each in found.types_for(department)],
        matters=[MatterOut.of(each, found, lang) for each in matters],
    )


@router.get("/matters", summary="The list of matters in force")
def list_matters(
    session: RequestSession,
    on: OnDate,
    lang: Lang,
    department: Annotated[str | None, Query(max_length=64, description="Only those that it holds.")] = None,
    kind: _List = ListKind.MATTERS,
) -> MattersOut:
    """List the matters, or the powers, with the bodies that hold them."""
    found, list_ = service.catalogue_on(session, on), service.matters_on(session, on, kind)
    body = None if department is None else found.department(department).body
    items = [MatterOut.of(each, found, lang) for each in list_.matters if body in (None, each.body)]
    return MattersOut(kind=kind, name=list_.name, valid_from=list_.valid_from, items=items)


@router.get("/matters.xlsx", summary="The list of matters as a workbook", response_class=Response, responses=_AS_XLSX)
def download_matters(session: RequestSession, on: OnDate, lang: Lang, kind: _List = ListKind.MATTERS) -> Response:
    """Return the matters, or powers, and what became of those of the list before."""
    return _workbook(service.matters_tables_on(session, on, kind), str(kind), lang)


@router.get("/matters/lists", summary="All lists of matters")
def list_lists(session: RequestSession, kind: _List = ListKind.MATTERS) -> MattersLists:
    """List the editions of one of the two lists by the day they begin."""
    return MattersLists(items=[MattersListOut.of(each) for each in service.matter_lists(session, kind)])


@router.get("/matters/search", summary="Who does what, and where")
def search_matters(
    session: RequestSession,
    on: OnDate,
    lang: Lang,
    q: Annotated[str, Query(min_length=1, max_length=100, description="Part of the name, or the code.")],
    area: Annotated[str | None, Query(max_length=64, description="Only departments of this area.")] = None,
) -> MatterSearch:
    """Find items of both lists in force, with the departments that hold them and what they were before."""
    catalogue, items = service.catalogue_on(session, on), []
    for kind in (ListKind.MATTERS, ListKind.POWERS):
        begun = [each for each in service.matter_lists(session, kind) if each.valid_from <= on]
        found = begun[-1].matters_with(q) if begun else []
        items += [_holders(begun, matter, area, catalogue, lang) for matter in found]
    return MatterSearch(items=items)


@router.get("/matters/changes", summary="What became of matters between two days")
def read_changes(
    session: RequestSession,
    context: Context,
    lang: Lang,
    start: Annotated[
        date, Query(alias="from", description="The earlier day.", openapi_examples={"2015": {"value": "2015-06-30"}})
    ],
    end: Annotated[date | None, Query(alias="to", description="The later day; today without it.")] = None,
    kind: _List = ListKind.MATTERS,
) -> MatterChangesOut:
    """Return the fate of each matter in force on the earlier day, through all lists until the later, and the sums."""
    day = end or context.today()
    changes, catalogue = service.matter_changes(session, start, day, kind), service.catalogue_on(session, day)
    return MatterChangesOut(
        before=MattersListOut.of(changes.before) if changes.before else None,
        after=MattersListOut.of(changes.after),
        sums=FateSumsOut(**asdict(changes.sums)),
        items=[MatterFateOut.of(each, changes, catalogue, lang) for each in changes.fates],
    )


def _workbook(tables: Tables, name: str, lang: Language) -> Response:
    from gridmgmt.catalogue.files import workbook  # noqa: PLC0415 -- brings the readers, which take seconds to load

    headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"'}
    return Response(workbook(tables, lang), media_type=XLSX, headers=headers)


def _holders(
    begun: Sequence[MattersList], matter: Matter, area: str | None, catalogue: Catalogue, lang: Language
) -> MatterHolders:
    """Return who holds an item of the last of some lists."""
    holders = (each for each in catalogue.departments.values() if each.body == matter.body)
    return MatterHolders(
        kind=begun[-1].kind,
        list_name=begun[-1].name,
        matter=MatterOut.of(matter, catalogue, lang),
        departments=[
            HandlingDepartmentOut.of(each, catalogue, lang) for each in holders if area in (None, each.area_code)
        ],
        forerunners=[ForerunnerOut.of(each, catalogue, lang) for each in forerunners(begun, matter.code)],
    )
