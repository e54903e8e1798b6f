"""Rental premises by colour: to the public as published counts, to who may read them one by one."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import FileResponse

from api.access import Caller, asks
from api.context import Context, OnDate, RequestSession
from api.downloads import download, download_folder
from api.language import Lang
from api.paging import Page, Pages
from api.premises_schemas import (
    PremisesAppealAsk,
    PremisesAppealOut,
    PremisesAreaCounts,
    PremisesAsk,
    PremisesDecisionAsk,
    PremisesDetail,
    PremisesFlagsAsk,
    PremisesInspectionAsk,
    PremisesInspectionOut,
    PremisesOut,
    PremisesPublicationOut,
    PremisesPublishAsk,
    PremisesPublishedArea,
    PremisesRanking,
    PremisesRubricAsk,
    PremisesRubricOut,
    PremisesRubrics,
    PremisesSummaryOut,
    PremisesVersion,
)
from api.routes import PREFIX
from gridmgmt.access.rules import Actor, Permission
from gridmgmt.areas.queries import area_in_force
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.db import Session
from gridmgmt.errors import InputError
from gridmgmt.premises import queries, service
from gridmgmt.premises.files import write_inspections, write_premises
from gridmgmt.premises.models import PremisesAppeal, PremisesInspection, PremisesPublication
from gridmgmt.premises.queries import LEVEL_COLUMNS, PremisesFilter, Publication
from gridmgmt.premises.rules import Factor, PremisesColour, Rubric
from gridmgmt.premises.service import NewInspection, NewPremises

router = APIRouter(prefix=PREFIX, tags=["premises"])
anybody, reads, writes = (
    [asks(each)] for each in (Permission.READ, Permission.PREMISES_READ, Permission.PREMISES_WRITE)
)

PathCode = Annotated[str, Path(max_length=64, description="Code.", openapi_examples={"601室": {"value": "R000001"}})]
Level = Annotated[AreaLevel, Query(description="district, town or residential_quarter.")]
_TABLE = "text/csv; charset=utf-8"
_CSV: dict[str, Any] = {
    "response_class": FileResponse,
    "responses": {200: {"description": "The file.", "content": {"text/csv": {}}}},
}


def _filter(
    session: RequestSession,
    actor: Caller,
    on: OnDate,
    colour: Annotated[PremisesColour | None, Query(description="Only of this colour.")] = None,
    area: Annotated[str | None, Query(max_length=64, description="Only in the area of this code.")] = None,
    due: Annotated[bool | None, Query(description="Only those that are, or are not, due on the day.")] = None,
    group_renting: Annotated[bool | None, Query(description="Only those let, or not let, to groups.")] = None,
    q: Annotated[
        str | None, Query(min_length=1, max_length=100, description="Beginning of the code, or part of the address.")
    ] = None,
) -> PremisesFilter:
    codes = None if area is None else [area_in_force(session, area, on).code]
    return PremisesFilter(colour, codes, service.readable(actor), due, group_renting, q)


Wanted = Annotated[PremisesFilter, Depends(_filter)]


@router.get("/premises", summary="Rental premises, by code", dependencies=reads)
def list_premises(session: RequestSession, on: OnDate, wanted: Wanted, pages: Pages) -> Page[PremisesOut]:
    """List premises of a day by any filter; of who is bound to an area, those in it alone."""
    after = pages.after(str)
    rows = queries.premises_summaries(session, on, wanted, after=after[0] if after else None, limit=pages.limit + 1)
    return pages.page(rows, PremisesOut.model_validate, lambda row: (row.code,))


@router.post("/premises", status_code=201, summary="Register premises", dependencies=writes)
def register_premises(session: RequestSession, context: Context, actor: Caller, ask: PremisesAsk) -> PremisesOut:
    """Register premises from a day on; the quarter is the one that holds them on that day, and is kept."""
    on = ask.on or context.today()
    said = ask.model_dump(exclude={"on"})
    service.register(session, actor, NewPremises(**said, on=on), today=context.today())
    return PremisesOut.model_validate(queries.premises_on(session, ask.code, on))


@router.get("/premises.csv", summary="Premises of a filter as CSV", dependencies=reads, **_CSV)
def premises_as_csv(session: RequestSession, on: OnDate, wanted: Wanted, lang: Lang) -> FileResponse:
    """Write all premises that the list has."""
    with download_folder() as folder:
        path = folder / "premises.csv"
        write_premises(path, queries.every_premises(session, on, wanted), lang)
        return download(path, _TABLE)


@router.get("/premises-inspections.csv", summary="Inspections of a filter as CSV", dependencies=reads, **_CSV)
def inspections_as_csv(
    session: RequestSession,
    on: OnDate,
    wanted: Wanted,
    lang: Lang,
    since: Annotated[date, Query(description="The first day; the last is `on`.", openapi_examples={"年初": {}})],
) -> FileResponse:
    """Write the inspections from a day on, until `on`, of the premises that the list has."""
    with download_folder() as folder:
        path = folder / "inspections.csv"
        write_inspections(path, queries.every_inspection(session, since, on, wanted), lang)
        return download(path, _TABLE)


@router.get("/premises/summary", summary="Published counts of premises by area", dependencies=anybody)
def read_summary(
    session: RequestSession, on: OnDate, level: Level = AreaLevel.RESIDENTIAL_QUARTER
) -> PremisesSummaryOut:
    """Return the last publication that counts a month over on the day: by colour, and how many are let to groups.

    Counts above zero and below the threshold are withheld, and with them what they could be worked out from. A
    publication never changes; what was corrected shows in the next month. Red premises count as on watch while an
    appeal is open.
    """
    _check(level)
    found = queries.publication_of(session, on)
    areas = [] if found is None else queries.published_areas(session, found, level)
    return PremisesSummaryOut(
        publication=None if found is None else _publication(found),
        level=level,
        items=[
            PremisesPublishedArea(
                area_code=each.area_code,
                name=each.name,
                premises=each.premises,
                counts=dict(each.counts),
                group_renting_share=each.group_renting_share,
            )
            for each in areas
        ],
    )


@router.post("/premises/publications", status_code=201, summary="Publish the counts of a month", dependencies=writes)
def publish(
    session: RequestSession, context: Context, actor: Caller, ask: PremisesPublishAsk
) -> PremisesPublicationOut:
    """Publish the counts of a month that is over, once; needs the permission everywhere."""
    month = date.fromisoformat(f"{ask.month}-01")
    threshold = context.settings.suppression_threshold
    return _publication(service.publish(session, actor, month, threshold=threshold, now=context.clock()))


@router.get("/premises/ranking", summary="Areas by their share of red premises", dependencies=reads)
def read_ranking(
    session: RequestSession, actor: Caller, on: OnDate, level: Level = AreaLevel.RESIDENTIAL_QUARTER
) -> PremisesRanking:
    """Return the exact counts of all areas of a level, the greatest share of red premises first."""
    _check(level)
    found = queries.area_counts(session, on, level, service.readable(actor))
    items = [
        PremisesAreaCounts(**{**vars(each), "counts": dict(each.counts)}, red_share=each.red_share) for each in found
    ]
    return PremisesRanking(on=on, level=level, items=items)


@router.get("/premises/rubrics", summary="How inspections are scored", dependencies=anybody)
def list_rubrics(session: RequestSession) -> PremisesRubrics:
    """Return all editions of the rubric."""
    return PremisesRubrics(items=[_rubric(each) for each in queries.rubrics(session)])


@router.post("/premises/rubrics", status_code=201, summary="Add an edition of the rubric", dependencies=writes)
def add_rubric(session: RequestSession, actor: Caller, ask: PremisesRubricAsk) -> PremisesRubricOut:
    """Add an edition; needs the permission everywhere. Inspections before its first day stay as they were scored."""
    rubric = Rubric(**ask.model_dump())
    service.add_rubric(session, actor, rubric)
    return _rubric(rubric)


@router.post("/premises/appeals/{appeal_id}/decision", summary="Decide an appeal", dependencies=writes)
def decide_appeal(
    session: RequestSession,
    context: Context,
    actor: Caller,
    appeal_id: Annotated[int, Path(ge=1, le=2**53, description="The appeal.", openapi_examples={"1": {"value": 1}})],
    ask: PremisesDecisionAsk,
) -> PremisesAppealOut:
    """Uphold or refuse an appeal; upheld, the inspection is set aside and the premises are due at once."""
    today = context.today()
    found = service.decide(session, actor, appeal_id, ask.on or today, upheld=ask.upheld, today=today)
    return _appeal(found)


@router.get("/premises/{code}", summary="Premises with their history", dependencies=reads)
def read_premises(session: RequestSession, actor: Caller, on: OnDate, code: PathCode) -> PremisesDetail:
    """Return premises of a day with all that was said of them, their inspections and appeals."""
    return _detail(session, actor, code, on)


@router.patch("/premises/{code}", summary="Change what is said of premises", dependencies=writes)
def flag_premises(
    session: RequestSession, context: Context, actor: Caller, code: PathCode, ask: PremisesFlagsAsk
) -> PremisesOut:
    """Say from a day on whether premises are let to groups or cooperate; the colour follows at once."""
    today = context.today()
    on, said = ask.on or today, ask.model_dump(exclude={"on"})
    service.flag(session, actor, code, on, today=today, **said)
    return PremisesOut.model_validate(queries.premises_on(session, code, on))


@router.delete("/premises/{code}", summary="Take premises off the register", dependencies=writes)
def end_premises(
    session: RequestSession, context: Context, actor: Caller, on: OnDate, code: PathCode
) -> PremisesVersion:
    """End premises on a day and return what was said of them last; it stays."""
    return PremisesVersion.model_validate(service.end(session, actor, code, on, today=context.today()))


@router.post("/premises/{code}/inspections", status_code=201, summary="Record an inspection", dependencies=writes)
def inspect_premises(
    session: RequestSession, context: Context, actor: Caller, code: PathCode, ask: PremisesInspectionAsk
) -> PremisesInspectionOut:
    """Score premises by the rubric of the day; red ones are to be inspected again as a case."""
    asked = NewInspection(code, ask.on or context.today(), ask.scores, ask.cooperating, ask.post_code)
    service.inspect(session, actor, asked, now=context.clock())
    return _inspection(queries.inspections_of(session, code)[0])


@router.post("/premises/{code}/appeals", status_code=201, summary="Appeal against an inspection", dependencies=writes)
def appeal(
    session: RequestSession, context: Context, actor: Caller, code: PathCode, ask: PremisesAppealAsk
) -> PremisesAppealOut:
    """Lodge an appeal against the inspection that gives premises their colour."""
    today = context.today()
    return _appeal(service.appeal(session, actor, code, ask.reason, ask.on or today, today=today))


def _check(level: AreaLevel) -> None:
    if level not in LEVEL_COLUMNS:
        raise InputError("premises_level", field="level", value=str(level), known=", ".join(LEVEL_COLUMNS))


def _detail(session: Session, actor: Actor, code: str, on: date) -> PremisesDetail:
    found = queries.premises_on(session, code, on, service.readable(actor))
    return PremisesDetail(
        **vars(found),
        history=[PremisesVersion.model_validate(each) for each in queries.history(session, code)],
        inspections=[_inspection(each) for each in queries.inspections_of(session, code)],
        appeals=[_appeal(each) for each in queries.appeals_of(session, code)],
    )


def _inspection(row: PremisesInspection) -> PremisesInspectionOut:
    names = ("inspection_id", "inspected_on", "score", "colour", "cooperating", "rubric", "post_code", "case_no")
    return PremisesInspectionOut(
        **{name: getattr(row, name) for name in names},
        scores={factor: getattr(row, factor) for factor in Factor},
        incomplete=row.score is None,
    )


def _appeal(row: PremisesAppeal) -> PremisesAppealOut:
    return PremisesAppealOut.model_validate(row)


def _publication(found: Publication | PremisesPublication) -> PremisesPublicationOut:
    return PremisesPublicationOut(
        month=f"{found.month:%Y-%m}",
        as_of=found.as_of,
        threshold=found.threshold,
        published_at=found.published_at,
    )


def _rubric(rubric: Rubric) -> PremisesRubricOut:
    return PremisesRubricOut(**vars(rubric))
