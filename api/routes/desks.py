"""Service desks: what they take and when, how many come, which is nearest, who has one; and whose job something is."""

import csv
from datetime import date
from io import StringIO
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from api.access import Caller, asks
from api.answers import Form
from api.catalogue_schemas import ForerunnerOut
from api.context import Context, OnDate, RequestSession
from api.desk_schemas import (
    AnsweringPost,
    AreaReachOut,
    DeskAsk,
    DeskDetail,
    DeskMonth,
    DeskOut,
    DeskReachOut,
    DeskVersion,
    NearDeskOut,
    NearestDesksOut,
    OfferAsk,
    VisitsAsk,
    VisitsTaken,
    WalkBasis,
    WhoseJobAnswer,
    WhoseJobOut,
    inputs_out,
)
from api.language import Lang
from api.paging import Page, Pages
from api.report_schemas import BorderOut
from api.routes import PREFIX
from api.schemas import AreaLite
from gridmgmt.access.rules import Permission
from gridmgmt.areas.queries import area_id_of
from gridmgmt.catalogue.matters import Words
from gridmgmt.catalogue.rules import Catalogue
from gridmgmt.catalogue.service import catalogue_on
from gridmgmt.desks import queries, service
from gridmgmt.desks.offers import desks_taking, matter_names, said
from gridmgmt.desks.queries import DeskFilter
from gridmgmt.desks.rules import DEFAULT_REACH_S, DeskKind, MonthCount, NewDesk, Offer, public_counts
from gridmgmt.governance.rules import CentreType
from gridmgmt.hours import text_of_rules
from gridmgmt.spreadsheets import harmless
from gridmgmt.texts import Language, text
from gridmgmt.walking.rules import DEFAULT_AT, DEFAULT_PROFILE

if TYPE_CHECKING:
    from gridmgmt.desks.nearest import NearestDesks
    from gridmgmt.desks.whose_job import Job

router = APIRouter(prefix=PREFIX, tags=["desks"], dependencies=[asks(Permission.READ)])
writes = [asks(Permission.GOVERNANCE_WRITE)]

MONTHS_SHOWN = 24
PathCode = Annotated[str, Path(max_length=64, description="Code of the desk.")]
Lon = Annotated[float, Query(description="Degrees east, WGS 84.", openapi_examples={"顾村": {"value": 121.39}})]
Lat = Annotated[float, Query(description="Degrees north.", openapi_examples={"顾村": {"value": 31.34}})]
MatterWords = Annotated[
    str | None, Query(min_length=1, max_length=100, description="Code of a matter, or part of its name.")
]
ProfileName = Annotated[str, Query(max_length=100, description="Walking profile.")]


def _filter(
    session: RequestSession,
    on: OnDate,
    area: Annotated[str | None, Query(max_length=64, description="Only those that stand in the area.")] = None,
    kind: Annotated[DeskKind | None, Query(description="Only this kind.")] = None,
    type: Annotated[CentreType | None, Query(description="Only this type.")] = None,  # noqa: A002 -- its name outside
    q: Annotated[
        str | None, Query(min_length=1, max_length=100, description="Part of the name or address, or of the code.")
    ] = None,
) -> DeskFilter:
    return DeskFilter(area_id_of(session, area, on), kind, type, q)


Wanted = Annotated[DeskFilter, Depends(_filter)]


@router.get("/desks", summary="Service desks, by code")
def list_desks(
    session: RequestSession, on: OnDate, wanted: Wanted, pages: Pages, lang: Lang, matter: MatterWords = None
) -> Page[DeskOut]:
    """List the desks of a day by area, matter, type and words."""
    after, names = pages.after(str), matter_names(session, on)
    found = [desk for desk in desks_taking(session, on, matter, wanted) if not after or desk.code > after[0]]
    return pages.page(found, lambda desk: DeskOut.of(desk, names, lang), lambda desk: (desk.code,))


@router.get(
    "/desks.csv",
    summary="Service desks as a table",
    response_class=Response,
    responses={200: {"description": "A row for each desk.", "content": {"text/csv": {}}}},
)
def download_desks(
    session: RequestSession,
    context: Context,
    on: OnDate,
    wanted: Wanted,
    lang: Lang,
    form: Form,
    matter: MatterWords = None,
) -> Response:
    """Return the desks with what they take, their hours, and the visits of the last twelve months."""
    desks, names = desks_taking(session, on, matter, wanted), matter_names(session, on)
    begin = _months_before(on, 11)
    visits = queries.visits_of(session, [desk.code for desk in desks], begin, on)
    stream = StringIO()
    writer = csv.writer(stream)
    columns = ("code", "kind", "type", "name", "area", "address", "hours", "matters", "visits_12", "lon", "lat")
    writer.writerow([text(f"desks.header.{column}", lang) for column in columns])
    for desk in desks:
        _, total = _shown([count for _, count in visits.get(desk.code, ())], context, form)
        row = [
            desk.code, text(f"desk_kind.{desk.kind}", lang),
            text(f"centre_type.{desk.type}", lang) if desk.type else "", desk.name, desk.area_name or desk.area_code,
            desk.address or "", text_of_rules(desk.hours) if desk.hours else "",
            "; ".join(said(each, names).said(lang) for each in desk.matters),
            total if desk.code in visits else None, desk.lon, desk.lat,
        ]  # fmt: skip
        writer.writerow(["" if cell is None else harmless(cell) for cell in row])
    headers = {"Content-Disposition": 'attachment; filename="desks.csv"'}
    return Response(stream.getvalue().encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/desks/nearest", summary="The desks nearest to a place on foot")
def read_nearest(  # noqa: PLR0913, PLR0917  each is a parameter of the address
    session: RequestSession,
    on: OnDate,
    lang: Lang,
    lon: Lon,
    lat: Lat,
    matter: MatterWords = None,
    kind: Annotated[DeskKind | None, Query(description="Only this kind.")] = None,
    type: Annotated[CentreType | None, Query(description="Only this type.")] = None,  # noqa: A002 -- its name outside
    time: Annotated[str, Query(max_length=40, description="When one sets out, as `wed 10:00`.")] = DEFAULT_AT,
    profile: ProfileName = DEFAULT_PROFILE,
    limit: Annotated[int, Query(ge=1, le=100, description="At most so many.")] = 10,
) -> NearestDesksOut:
    """Rank the desks that take a matter by the seconds of the walk, with whether they are open when one arrives."""
    from gridmgmt.desks.nearest import Walker, nearest_desks  # noqa: PLC0415 -- takes seconds to load

    wanted = DeskFilter(kind=kind, type=type)
    found = nearest_desks(session, Walker(lon, lat, on, time, profile), matter=matter, wanted=wanted)
    names = matter_names(session, on)
    return NearestDesksOut(
        lon=lon,
        lat=lat,
        distance_m=round(found.distance_m, 2),
        items=[NearDeskOut.of(each, names, lang) for each in found.desks[:limit]],
        basis=_basis(found),
    )


@router.get("/desks/reach", summary="Who has a desk within some minutes on foot")
def read_reach(
    session: RequestSession,
    context: Context,
    on: OnDate,
    form: Form,
    minutes: Annotated[float, Query(gt=0, le=60, description="Limit of the walk, inclusive.")] = DEFAULT_REACH_S / 60,
    profile: ProfileName = DEFAULT_PROFILE,
) -> DeskReachOut:
    """Return the share of residents within the limit of a desk of each type, by district, town and unit."""
    from gridmgmt.desks.reach import desk_reach, public  # noqa: PLC0415 -- takes seconds to load

    found = desk_reach(session, on, minutes=minutes, profile_name=profile)
    if form == "public":
        found = public(found, context.settings.suppression_threshold)
    return DeskReachOut(
        limit_s=found.limit_s,
        counting=found.counting,
        items=[AreaReachOut.model_validate(row) for row in found.rows],
        basis=WalkBasis(
            on=on, time=DEFAULT_AT, profile=found.profile, profile_edition=found.profile_edition,
            speed_m_per_s=found.speed_m_per_s, editions=inputs_out(found.inputs), synthetic=found.synthetic,
        ),
    )  # fmt: skip


@router.post("/desks", status_code=201, summary="Set up a desk", dependencies=writes)
def add_desk(session: RequestSession, context: Context, actor: Caller, lang: Lang, ask: DeskAsk) -> DeskOut:
    """Set up a desk on a centre, a branch, a joint centre or a service point, or where people live."""
    on = ask.on or context.today()
    plain = ask.model_dump(exclude={"on", "matters", "hours"})
    service.add_desk(session, actor, NewDesk(**plain, valid_from=on, offer=Offer(tuple(ask.matters), ask.hours)))
    return DeskOut.of(queries.desk_on(session, ask.code, on), matter_names(session, on), lang)


@router.post("/desks/visits", summary="Keep monthly visits of desks", dependencies=writes)
def add_visits(session: RequestSession, context: Context, actor: Caller, ask: VisitsAsk) -> VisitsTaken:
    """Keep counts of visits, all or none; a count that is told again takes the place of the one before."""
    counts = [
        (number, MonthCount(each.desk, date.fromisoformat(f"{each.month}-01"), each.visits))
        for number, each in enumerate(ask.counts, start=1)
    ]
    taken = service.record_visits(session, actor, counts, source=ask.source, today=context.today())
    return VisitsTaken.model_validate(taken)


@router.get("/desks/{code}", summary="One desk with its history and visits")
def read_desk(
    session: RequestSession, context: Context, on: OnDate, lang: Lang, form: Form, code: PathCode
) -> DeskDetail:
    """Return a desk of a day with what it has offered before, and its visits by month."""
    desk, names = queries.desk_on(session, code, on), matter_names(session, on)
    months = queries.visits_of(session, [code], _months_before(on, MONTHS_SHOWN - 1), on).get(code, [])
    counts, total = _shown([count for _, count in months], context, form)
    return DeskDetail(
        **dict(DeskOut.of(desk, names, lang)),
        history=[DeskVersion.model_validate(each) for each in queries.history(session, code)],
        months=[DeskMonth(month=month, visits=count) for (month, _), count in zip(months, counts, strict=True)],
        visits=total,
    )


@router.put("/desks/{code}/offer", summary="Say what a desk takes and when", dependencies=writes)
def set_offer(
    session: RequestSession, context: Context, actor: Caller, lang: Lang, code: PathCode, ask: OfferAsk
) -> DeskOut:
    """Set the matters and the hours of a desk from a day on; what it offered until then is kept."""
    on = ask.on or context.today()
    service.set_offer(session, actor, code, Offer(tuple(ask.matters), ask.hours), on)
    return DeskOut.of(queries.desk_on(session, code, on), matter_names(session, on), lang)


@router.delete("/desks/{code}", summary="Close a desk", dependencies=writes)
def close_desk(session: RequestSession, actor: Caller, on: OnDate, code: PathCode) -> DeskVersion:
    """Close a desk from a day on; its visits stay."""
    return DeskVersion.model_validate(service.close_desk(session, actor, code, on))


@router.get("/whose-job", summary="Whose job it is")
def read_whose_job(
    session: RequestSession,
    on: OnDate,
    lang: Lang,
    lon: Lon,
    lat: Lat,
    q: Annotated[
        str,
        Query(
            min_length=1, max_length=100, description="What it is about.", openapi_examples={"群租": {"value": "群租"}}
        ),
    ],
) -> WhoseJobOut:
    """Return who answers at a place for what some words tell, why, what it was before, and where to go with it."""
    from gridmgmt.desks.nearest import Walker  # noqa: PLC0415 -- takes seconds to load
    from gridmgmt.desks.whose_job import whose_job  # noqa: PLC0415 -- as above

    found = whose_job(session, Walker(lon, lat, on), q)
    names, catalogue = matter_names(session, on), catalogue_on(session, on)
    town = found.territorial
    return WhoseJobOut(
        on=on,
        areas=[AreaLite(code=code, name=name, level=level) for level, (code, name) in found.areas.items()],
        near_border=[BorderOut.model_validate(each) for each in found.across],
        post=AnsweringPost(code=found.post.code, name=found.post.name, body=found.post.body) if found.post else None,
        items=[_job(each, catalogue, names, lang) for each in found.jobs],
        territorial_code=town.code if town else None,
        territorial_name=town.name.said(lang) if town else None,
        counter=NearDeskOut.of(found.counter, names, lang) if found.counter else None,
    )


def _job(job: "Job", catalogue: Catalogue, names: dict[str, Words], lang: Language) -> WhoseJobAnswer:
    return WhoseJobAnswer(
        kind=str(job.kind),
        code=job.code,
        name=job.name.said(lang),
        likeness=job.likeness,
        department_code=job.department.code if job.department else None,
        department_name=job.department.name.said(lang) if job.department else None,
        why=[each.said(lang) for each in job.why],
        forerunners=[ForerunnerOut.of(each, catalogue, lang) for each in job.forerunners],
        desk=NearDeskOut.of(job.desk, names, lang) if job.desk else None,
    )


def _shown(counts: list[int], context: Context, form: Form) -> tuple[list[int | None], int | None]:
    threshold = context.settings.suppression_threshold if form == "public" else 0
    return public_counts(counts, threshold)


def _months_before(on: date, months: int) -> date:
    """Return the first day of the month so many months before that of a day."""
    year, month = divmod(on.year * 12 + on.month - 1 - months, 12)
    return date(year, month + 1, 1) if year >= 1 else date.min


def _basis(found: "NearestDesks") -> WalkBasis:
    walker = found.walker
    return WalkBasis(
        on=walker.on, time=walker.at, profile=walker.profile, profile_edition=found.profile_edition,
        speed_m_per_s=found.speed_m_per_s, editions=inputs_out(found.inputs), synthetic=found.synthetic,
    )  # fmt: skip
