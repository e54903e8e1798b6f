"""Bodies of areas, their posts, links, services and agreements; the offices of subdistricts."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response

from api.access import Caller, asks
from api.body_schemas import (
    BodyAgreementAsk,
    BodyAgreementOut,
    BodyAsk,
    BodyChangeAsk,
    BodyDetail,
    BodyOut,
    BodyPostAsk,
    BodyPostOut,
    BodyVersion,
    PostLinkAsk,
    PostLinkOut,
    PurchasedServiceAsk,
    PurchasedServiceChangeAsk,
    PurchasedServiceOut,
    SubdistrictOffices,
    SubdistrictOfficesOut,
)
from api.context import Context, OnDate, RequestSession
from api.language import Lang
from api.paging import Page, Pages
from api.routes import PREFIX
from gridmgmt.access.rules import Permission
from gridmgmt.bodies import queries, service
from gridmgmt.bodies.files import bodies_csv, services_csv
from gridmgmt.bodies.queries import BodyFilter, BodySummary, ServiceFilter
from gridmgmt.bodies.rules import (
    NewAgreement,
    NewBody,
    NewLink,
    NewPost,
    NewService,
    Office,
    OrganisationKind,
)
from gridmgmt.texts import Language, text

router = APIRouter(prefix=PREFIX, tags=["bodies"], dependencies=[asks(Permission.READ)])
writes = [asks(Permission.GOVERNANCE_WRITE)]
MOST_WRITTEN = 100_000
"""So many rows a file holds at most."""

BodyPath = Annotated[str, Path(alias="code", max_length=64, description="Code of the body.")]
PostPath = Annotated[str, Path(alias="post", max_length=64, description="Code of the posts.")]
AreaQuery = Annotated[str | None, Query(max_length=64, description="Only of the area of this code.")]
CSV: dict[str, Any] = {
    "response_class": Response,
    "responses": {200: {"description": "The file.", "content": {"text/csv": {}}}},
}


def _filter(
    area: AreaQuery = None,
    below: Annotated[bool, Query(description="And of all areas below it.")] = True,
    kind: Annotated[OrganisationKind | None, Query(description="Only this kind.")] = None,
    parent: Annotated[str | None, Query(max_length=64, description="Only what belongs to this body.")] = None,
    q: Annotated[
        str | None, Query(min_length=1, max_length=100, description="Part of the name, or beginning of the code.")
    ] = None,
) -> BodyFilter:
    return BodyFilter(area=area, below=below, kind=kind, parent_code=parent, q=q)


def _service_filter(
    area: AreaQuery = None,
    body: Annotated[str | None, Query(max_length=64, description="Only what this body sold or bought.")] = None,
    year: Annotated[int | None, Query(ge=1, le=9999, description="Only of this year.")] = None,
) -> ServiceFilter:
    return ServiceFilter(body=body, area=area, year=year)


Wanted = Annotated[BodyFilter, Depends(_filter)]
WantedServices = Annotated[ServiceFilter, Depends(_service_filter)]


@router.get("/bodies", summary="Bodies, by code")
def list_bodies(session: RequestSession, on: OnDate, wanted: Wanted, pages: Pages, lang: Lang) -> Page[BodyOut]:
    """List the bodies of a day by any filter."""
    after = pages.after(str)
    rows = queries.body_summaries(session, on, wanted, after=after[0] if after else None, limit=pages.limit + 1)
    return pages.page(rows, lambda row: _body(row, lang), lambda row: (row.code,))


@router.get("/bodies.csv", summary="The same bodies as CSV", **CSV)
def bodies_as_csv(session: RequestSession, on: OnDate, wanted: Wanted, lang: Lang) -> Response:
    """Write all bodies of a filter."""
    return csv_file(bodies_csv(queries.body_summaries(session, on, wanted, limit=MOST_WRITTEN), lang), "bodies")


@router.post("/bodies", status_code=201, summary="Set up a body", dependencies=writes)
def add_body(session: RequestSession, context: Context, actor: Caller, ask: BodyAsk, lang: Lang) -> BodyOut:
    """Set up a body of an area from a day on."""
    on = ask.on or context.today()
    service.add_body(session, actor, NewBody(**ask.model_dump(exclude={"on"}), valid_from=on))
    return _body(queries.body_on(session, ask.code, on), lang)


@router.get("/bodies/{code}", summary="One body with its posts, links, services and agreements")
def read_body(session: RequestSession, on: OnDate, code: BodyPath, lang: Lang) -> BodyDetail:
    """Return a body of a day with all that belongs to it, and all that was ever said of it."""
    found = _body(queries.body_on(session, code, on), lang)
    services = queries.purchased_services(session, on, ServiceFilter(body=code))
    return BodyDetail(
        **found.model_dump(),
        post_list=[BodyPostOut.model_validate(each) for each in queries.posts_of(session, code, on)],
        serving_here=[PostLinkOut.model_validate(each) for each in queries.serving_in(session, code, on)],
        services=[PurchasedServiceOut.model_validate(each) for each in services],
        agreements=[BodyAgreementOut.model_validate(each) for each in queries.agreements_of(session, code, on)],
        history=[BodyVersion.model_validate(each) for each in queries.history(session, code)],
    )


@router.patch("/bodies/{code}", summary="Change what is said of a body", dependencies=writes)
def change_body(
    session: RequestSession, context: Context, actor: Caller, code: BodyPath, ask: BodyChangeAsk, lang: Lang
) -> BodyOut:
    """Change a body from a day on; what was said until then is kept."""
    said = ask.model_dump(exclude_unset=True, exclude={"on"})
    facts = {name: said[name] for name in said if said[name] is not None or name in ("parent_code", "office")}
    on = ask.on or context.today()
    service.change_body(session, actor, code, facts, on)
    return _body(queries.body_on(session, code, on), lang)


@router.delete("/bodies/{code}", summary="Dissolve a body", dependencies=writes)
def end_body(session: RequestSession, actor: Caller, on: OnDate, code: BodyPath) -> BodyVersion:
    """Dissolve a body on a day, with its posts, their links and its agreements."""
    return BodyVersion.model_validate(service.end_body(session, actor, code, on))


@router.post("/bodies/{code}/posts", status_code=201, summary="Give a body posts", dependencies=writes)
def set_post(
    session: RequestSession, context: Context, actor: Caller, code: BodyPath, ask: BodyPostAsk
) -> list[BodyPostOut]:
    """Give a body so many posts under one name from a day on, and return all that it has then."""
    on = ask.on or context.today()
    service.set_post(session, actor, NewPost(code, ask.code, ask.name, ask.count, on))
    return [BodyPostOut.model_validate(each) for each in queries.posts_of(session, code, on)]


@router.delete("/bodies/{code}/posts/{post}", summary="End posts of a body", dependencies=writes)
def end_post(session: RequestSession, actor: Caller, on: OnDate, code: BodyPath, post: PostPath) -> list[BodyPostOut]:
    """End the posts of a code on a day with their links, and return those that are left."""
    service.end_post(session, actor, code, post, on)
    return [BodyPostOut.model_validate(each) for each in queries.posts_of(session, code, on)]


@router.post(
    "/bodies/{code}/posts/{post}/links", status_code=201, summary="Have posts serve elsewhere", dependencies=writes
)
def link_post(
    session: RequestSession, context: Context, actor: Caller, code: BodyPath, post: PostPath, ask: PostLinkAsk
) -> list[BodyPostOut]:
    """Have so many of these posts serve in another body too from a day on (交叉任职)."""
    on = ask.on or context.today()
    service.link_post(session, actor, NewLink(code, post, ask.serves_code, ask.count, on))
    return [BodyPostOut.model_validate(each) for each in queries.posts_of(session, code, on)]


@router.delete("/bodies/{code}/posts/{post}/links/{serves}", summary="End such a link", dependencies=writes)
def end_link(
    session: RequestSession,
    actor: Caller,
    on: OnDate,
    code: BodyPath,
    post: PostPath,
    serves: Annotated[str, Path(max_length=64, description="The other body.")],
) -> list[BodyPostOut]:
    """Have the posts no longer serve in another body from a day on."""
    service.end_link(session, actor, code, post, serves, on=on)
    return [BodyPostOut.model_validate(each) for each in queries.posts_of(session, code, on)]


@router.post("/bodies/{code}/agreements", status_code=201, summary="Note an agreement", dependencies=writes)
def add_agreement(
    session: RequestSession, context: Context, actor: Caller, code: BodyPath, ask: BodyAgreementAsk
) -> list[BodyAgreementOut]:
    """Note an agreement of a body with a partner unit from a day on, and return all that hold then."""
    on = ask.on or context.today()
    new = NewAgreement(body_code=code, valid_from=on, **ask.model_dump(exclude={"on"}))
    service.add_agreement(session, actor, new)
    return [BodyAgreementOut.model_validate(each) for each in queries.agreements_of(session, code, on)]


@router.delete("/bodies/{code}/agreements/{agreement}", summary="End an agreement", dependencies=writes)
def end_agreement(
    session: RequestSession,
    actor: Caller,
    on: OnDate,
    code: BodyPath,
    agreement: Annotated[str, Path(max_length=64, description="Code of the agreement.")],
) -> list[BodyAgreementOut]:
    """End an agreement on a day, and return those of the body that are left."""
    service.end_agreement(session, actor, agreement, on)
    return [BodyAgreementOut.model_validate(each) for each in queries.agreements_of(session, code, on)]


@router.get("/subdistrict-offices", summary="The 6 + 2 offices of subdistricts, and those that are missing")
def list_offices(session: RequestSession, on: OnDate) -> SubdistrictOffices:
    """List which of the six offices laid down and the two chosen each subdistrict of a day has and lacks."""
    items = [SubdistrictOfficesOut.model_validate(each) for each in queries.subdistrict_offices(session, on)]
    return SubdistrictOffices(
        items=items, expected=len(items) * len(Office), held=sum(len(each.held) for each in items)
    )


@router.get("/purchased-services", summary="Services bought of social organisations, by code")
def list_services(
    session: RequestSession, on: OnDate, wanted: WantedServices, pages: Pages
) -> Page[PurchasedServiceOut]:
    """List what bodies have bought of social organisations, by whom, for which year and where."""
    after = pages.after(str)
    rows = queries.purchased_services(session, on, wanted, after=after[0] if after else None, limit=pages.limit + 1)
    return pages.page(rows, PurchasedServiceOut.model_validate, lambda row: (row.code,))


@router.get("/purchased-services.csv", summary="The same services as CSV", **CSV)
def services_as_csv(session: RequestSession, on: OnDate, wanted: WantedServices, lang: Lang) -> Response:
    """Write all bought services of a filter."""
    found = queries.purchased_services(session, on, wanted, limit=MOST_WRITTEN)
    return csv_file(services_csv(found, lang), "purchased-services")


@router.post("/purchased-services", status_code=201, summary="Note a bought service", dependencies=writes)
def add_service(session: RequestSession, actor: Caller, ask: PurchasedServiceAsk) -> PurchasedServiceOut:
    """Note a service bought for a year; who may write on the buyer's area may."""
    plain = ask.model_dump(exclude={"area_codes"})
    service.add_service(session, actor, NewService(**plain, area_codes=tuple(ask.area_codes)))
    return PurchasedServiceOut.model_validate(queries.purchased_service(session, ask.code))


@router.patch("/purchased-services/{code}", summary="Fill in what a service cost and delivered", dependencies=writes)
def change_service(
    session: RequestSession,
    actor: Caller,
    code: Annotated[str, Path(max_length=64, description="Code of the service.")],
    ask: PurchasedServiceChangeAsk,
) -> PurchasedServiceOut:
    """Fill in or put right what a bought service cost, and how often it was delivered."""
    said = ask.model_dump(exclude_unset=True)
    facts = {name: said[name] for name in said if said[name] is not None or name in ("amount_yuan", "delivered")}
    service.change_service(session, actor, code, facts)
    return PurchasedServiceOut.model_validate(queries.purchased_service(session, code))


def csv_file(content: bytes, name: str) -> Response:
    """Answer with a CSV under a name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "private, no-cache"}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


def _body(row: BodySummary, lang: Language) -> BodyOut:
    return BodyOut(**vars(row), kind_name=text(f"organisation_kind.{row.kind}", lang))
