"""Facts of areas with unit, bound, source and day; their kinds, and what they add up to."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from api.access import Caller, asks
from api.body_schemas import (
    AreaFactAsk,
    AreaFactOut,
    FactKindAsk,
    FactKindOut,
    FactKinds,
    FactTotalOut,
    FactTotals,
)
from api.context import Context, OnDate, RequestSession
from api.language import Lang
from api.paging import Page, Pages
from api.routes import PREFIX
from api.routes.bodies import CSV, MOST_WRITTEN, AreaQuery, csv_file
from gridmgmt.access.rules import Permission
from gridmgmt.bodies import fact_queries as queries
from gridmgmt.bodies import service
from gridmgmt.bodies.fact_queries import Fact, FactFilter, FactTotal
from gridmgmt.bodies.files import facts_csv
from gridmgmt.bodies.rules import NewFact, NewFactKind, day_of, shown_value
from gridmgmt.texts import Language, text

router = APIRouter(prefix=PREFIX, tags=["facts"], dependencies=[asks(Permission.READ)])
writes = [asks(Permission.GOVERNANCE_WRITE)]


def _filter(
    area: AreaQuery = None,
    below: Annotated[bool, Query(description="And of all areas below it.")] = True,
    kind: Annotated[str | None, Query(max_length=64, description="Only of this kind.")] = None,
    q: Annotated[str | None, Query(min_length=1, max_length=100, description="Part of the source or the note.")] = None,
) -> FactFilter:
    return FactFilter(area=area, below=below, kind=kind, q=q)


Wanted = Annotated[FactFilter, Depends(_filter)]


@router.get("/facts", summary="Facts of areas, by area and kind")
def list_facts(session: RequestSession, on: OnDate, wanted: Wanted, pages: Pages, lang: Lang) -> Page[AreaFactOut]:
    """List the facts that stand on a day; what several sources state of one thing stands side by side."""
    after = pages.after(str, str, int)
    key = None if after is None else (after[0], after[1], after[2])
    rows = queries.facts(session, on, wanted, after=key, limit=pages.limit + 1)
    return pages.page(rows, lambda row: _fact(row, lang), lambda row: (row.area_code, row.kind, row.fact_id))


@router.get("/facts.csv", summary="The same facts as CSV", **CSV)
def facts_as_csv(session: RequestSession, on: OnDate, wanted: Wanted, lang: Lang) -> Response:
    """Write all facts of a filter, the bound of each in a column of its own."""
    return csv_file(facts_csv(queries.facts(session, on, wanted, limit=MOST_WRITTEN), lang), "facts")


@router.get("/facts/totals", summary="What facts add up to")
def read_totals(
    session: RequestSession,
    on: OnDate,
    area: Annotated[str, Query(max_length=64, description="Over the area of this code and all below it.")],
    lang: Lang,
) -> FactTotals:
    """Add up the facts of additive kinds, each source and level by itself; a sum is no more exact than its parts."""
    return FactTotals(items=[_total(each, lang) for each in queries.totals(session, on, area)])


@router.post("/facts", status_code=201, summary="State a fact", dependencies=writes)
def add_fact(session: RequestSession, context: Context, actor: Caller, ask: AreaFactAsk, lang: Lang) -> AreaFactOut:
    """State a number of an area as a source has it; what that source said of it until then ends."""
    on = context.today() if ask.on is None and ask.year is None else ask.on
    new = NewFact(**ask.model_dump(exclude={"on"}), valid_from=day_of(on, ask.year))
    return _fact(queries.fact(session, service.add_fact(session, actor, new).fact_id), lang)


@router.delete("/facts/{fact_id}", summary="Withdraw a fact", dependencies=writes)
def end_fact(
    session: RequestSession,
    actor: Caller,
    on: OnDate,
    fact_id: Annotated[int, Path(ge=1, le=2**63 - 1, description="Id of the fact.")],
    lang: Lang,
) -> AreaFactOut:
    """Withdraw a fact from a day on; that it stood until then is kept."""
    service.end_fact(session, actor, fact_id, on)
    return _fact(queries.fact(session, fact_id), lang)


@router.get("/fact-kinds", summary="Kinds of facts, by code")
def list_kinds(session: RequestSession) -> FactKinds:
    """List what can be stated of areas, each with its unit."""
    return FactKinds(items=[FactKindOut.model_validate(each) for each in queries.fact_kinds(session)])


@router.post("/fact-kinds", status_code=201, summary="Add a kind of facts", dependencies=writes)
def add_kind(session: RequestSession, actor: Caller, ask: FactKindAsk) -> FactKindOut:
    """Add a kind of facts; who may write everywhere may."""
    return FactKindOut.model_validate(service.add_kind(session, actor, NewFactKind(**ask.model_dump())))


def _fact(row: Fact, lang: Language) -> AreaFactOut:
    names = {"kind_name": row.kind_name(lang), "unit_name": text(f"fact_unit.{row.unit}", lang)}
    plain = {
        name: getattr(row, name) for name in AreaFactOut.model_fields if hasattr(row, name) and name != "kind_name"
    }
    return AreaFactOut(**plain, **names, shown=shown_value(row.value, row.bound))


def _total(row: FactTotal, lang: Language) -> FactTotalOut:
    plain = {name: getattr(row, name) for name in FactTotalOut.model_fields if hasattr(row, name)}
    name = row.kind_zh if lang == "zh" else row.kind_en
    return FactTotalOut(**plain, kind_name=name, shown=shown_value(row.value, row.bound))
