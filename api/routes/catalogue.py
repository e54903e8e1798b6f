"""The catalogue of cases, departments, and lists of matters."""

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
    HandlingDepartmentDetail,
    HandlingDepartmentList,
    HandlingDepartmentOut,
    MatterChangesOut,
    MatterFateOut,
    MatterOut,
    MattersListOut,
    MattersLists,
    MattersOut,
)
from api.context import Context, OnDate, RequestSession
from api.language import Lang
from api.routes import PREFIX
from gridmgmt.access.rules import Permission
from gridmgmt.catalogue import service
from gridmgmt.catalogue.rows import Tables
from gridmgmt.errors import NotFoundError
from gridmgmt.texts import Language

router = APIRouter(prefix=PREFIX, tags=["catalogue"], dependencies=[asks(Permission.READ)])

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_Body = Annotated[str | None, Query(max_length=64, description="Only those of this body.")]
_Area = Annotated[str | None, Query(max_length=64, description="Only those of the area of this code.")]
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
) -> MattersOut:
    """List the matters with the bodies that hold them."""
    found = service.catalogue_on(session, on)
    list_ = found.list_on(on)
    if list_ is None:
        raise NotFoundError("matters_missing", on=on)
    body = None if department is None else found.department(department).body
    items = [MatterOut.of(each, found, lang) for each in list_.matters if body in (None, each.body)]
    return MattersOut(name=list_.name, valid_from=list_.valid_from, items=items)


@router.get("/matters.xlsx", summary="The list of matters as a workbook", response_class=Response, responses=_AS_XLSX)
def download_matters(session: RequestSession, on: OnDate, lang: Lang) -> Response:
    """Return the matters and what became of those of the list before."""
    return _workbook(service.matters_tables_on(session, on), "matters", lang)


@router.get("/matters/lists", summary="All lists of matters")
def list_lists(session: RequestSession) -> MattersLists:
    """List the editions by the day they begin."""
    return MattersLists(items=[MattersListOut.of(each) for each in service.matter_lists(session)])


@router.get("/matters/changes", summary="What became of matters between two days")
def read_changes(
    session: RequestSession,
    context: Context,
    lang: Lang,
    start: Annotated[
        date, Query(alias="from", description="The earlier day.", openapi_examples={"2015": {"value": "2015-06-30"}})
    ],
    end: Annotated[date | None, Query(alias="to", description="The later day; today without it.")] = None,
) -> MatterChangesOut:
    """Return the fate of each matter in force on the earlier day, through all lists until the later, and the sums."""
    day = end or context.today()
    changes, catalogue = service.matter_changes(session, start, day), service.catalogue_on(session, day)
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
