"""The register of managed components."""

from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query

from api.access import Caller, asks
from api.case_filters import box_of
from api.component_schemas import (
    ComponentCaseOut,
    ComponentChangeAsk,
    ComponentCountOut,
    ComponentCounts,
    ComponentDetail,
    ComponentOut,
    ComponentVersion,
)
from api.context import Context, OnDate, RequestSession
from api.language import Lang
from api.paging import Page, Pages
from api.routes import PREFIX
from gridmgmt.access.rules import Permission
from gridmgmt.areas.queries import area_id_of
from gridmgmt.components import queries, service
from gridmgmt.components.queries import ComponentFilter, ComponentSummary
from gridmgmt.components.rules import FACTS, ComponentState
from gridmgmt.components.service import ComponentChange
from gridmgmt.errors import InputError

router = APIRouter(prefix=f"{PREFIX}/components", tags=["components"], dependencies=[asks(Permission.READ)])
writes = [asks(Permission.COMPONENTS_WRITE)]

PathCode = Annotated[
    str,
    Path(max_length=64, description="Identifier.", openapi_examples={"井盖": {"value": "3101130102000042"}}),
]


def _filter(  # noqa: PLR0913, PLR0917  each is a parameter of the address
    session: RequestSession,
    on: OnDate,
    type: Annotated[  # noqa: A002 -- its name outside
        str | None, Query(max_length=4, description="A type (four digits), or a class (two).")
    ] = None,
    area: Annotated[str | None, Query(max_length=64, description="Only what the area of this code holds.")] = None,
    cell: Annotated[str | None, Query(max_length=64, description="Only what was registered in this cell.")] = None,
    state: Annotated[ComponentState | None, Query(description="Only in this state.")] = None,
    maintainer: Annotated[
        str | None, Query(max_length=64, description="Only what this department keeps in order.")
    ] = None,
    bbox: Annotated[
        str | None, Query(max_length=200, description="Only inside this box: west,south,east,north in degrees.")
    ] = None,
    q: Annotated[
        str | None, Query(min_length=1, max_length=100, description="Part of the name, or beginning of the identifier.")
    ] = None,
) -> ComponentFilter:
    if type is not None and not (type.isascii() and type.isdigit()):
        raise InputError("component_type_malformed", field="type", value=type)
    return ComponentFilter(
        type_code=type,
        area_id=area_id_of(session, area, on),
        cell_code=cell,
        state=state,
        maintainer_code=maintainer,
        box=box_of(bbox),
        q=q,
    )


Wanted = Annotated[ComponentFilter, Depends(_filter)]


@router.get("", summary="Components, by identifier")
def list_components(
    session: RequestSession, on: OnDate, wanted: Wanted, pages: Pages, lang: Lang
) -> Page[ComponentOut]:
    """List managed components of a day by any filter."""
    after = pages.after(str)
    rows = queries.component_summaries(session, on, wanted, after=after[0] if after else None, limit=pages.limit + 1)
    names = service.type_names(session, on, lang)
    return pages.page(rows, lambda row: _component(row, names), lambda row: (row.code,))


@router.get("/counts", summary="How many components there are, by cell and type")
def count_components(session: RequestSession, on: OnDate, wanted: Wanted) -> ComponentCounts:
    """Count managed components of a day by cell, type and state, and in all by class."""
    found = queries.component_counts(session, on, wanted)
    by_class: Counter[str] = Counter()
    for each in found:
        by_class[each.type_code[:2]] += each.components
    return ComponentCounts(
        on=on,
        total=by_class.total(),
        by_class=dict(sorted(by_class.items())),
        items=[ComponentCountOut.model_validate(each) for each in found],
    )


@router.get("/{code}", summary="One component with its history and its cases")
def read_component(session: RequestSession, on: OnDate, code: PathCode, lang: Lang) -> ComponentDetail:
    """Return a component of a day: where it stands, all that was ever said of it, and the cases about it."""
    found = queries.component_on(session, code, on)
    names = service.type_names(session, on, lang)
    return ComponentDetail(
        **_component(found, names).model_dump(),
        geometry=queries.component_geojson(session, code, on),
        history=[ComponentVersion(**_shown(each, names)) for each in queries.history(session, code)],
        cases=[ComponentCaseOut.model_validate(each) for each in queries.cases_of(session, code)],
    )


@router.patch("/{code}", summary="Change what the register says of a component", dependencies=writes)
def change_component(
    session: RequestSession, context: Context, actor: Caller, code: PathCode, ask: ComponentChangeAsk, lang: Lang
) -> ComponentOut:
    """Change a component from a day on; what the register has said until then is kept."""
    facts = {name: getattr(ask, name) for name in FACTS if name in ask.model_fields_set}
    on = ask.on or context.today()
    service.change(session, actor, code, ComponentChange(facts, on, ask.reason))
    return _component(queries.component_on(session, code, on), service.type_names(session, on, lang))


def _component(row: ComponentSummary, names: dict[str, str]) -> ComponentOut:
    return ComponentOut(**_shown(row, names))


def _shown(row: ComponentSummary, names: dict[str, str]) -> dict[str, Any]:
    return {**vars(row), "type_name": names.get(row.type_code)}
