"""Open311 GeoReport v2: services and requests for the world's clients, in XML and JSON.

Which sentence of the specification is kept where stands in ``docs/open311.md``.
"""

from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path as FilePath
from shutil import rmtree
from tempfile import mkdtemp
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import FileResponse, RedirectResponse
from starlette.background import BackgroundTask

from api.access import Caller, asks, open_to_all
from api.context import Context, RequestSession
from api.language import Lang
from api.open311_answers import base_url, listed, write_bulk
from api.open311_questions import AllGiven, PageGiven
from api.open311_route import FORM, Open311Route, form_pairs
from api.open311_schemas import form_body, told
from api.open311_writing import MEDIA_TYPES, Format, document, requests_document, told_moment
from gridmgmt.access.rules import Actor, Permission
from gridmgmt.catalogue.service import catalogue_if_any, catalogue_on
from gridmgmt.clock import local_date
from gridmgmt.db import Session
from gridmgmt.editions.queries import holds_synthetic
from gridmgmt.errors import InputError, NotFoundError
from gridmgmt.open311 import service
from gridmgmt.open311.forms import Form, form_of
from gridmgmt.open311.queries import catalogue_changed_at, districts_on
from gridmgmt.open311.rules import LONGEST_BULK_SPAN, asked, jurisdiction
from gridmgmt.texts import Language, text

ROOT = "/open311"
BASE = f"{ROOT}/v2"
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
SINCE = datetime.fromisoformat("2026-11-23T00:00:00+08:00")
"""When this interface was last changed: what the discovery says where the catalogue was not changed later."""

router = APIRouter(tags=["open311"], route_class=Open311Route, default_response_class=Response)

READING = asks(Permission.READ)
REPORTING = asks(Permission.CASES_REPORT)

Wished = Annotated[Format, Path(alias="format", description="`xml` or `json`.")]
OfDistrict = Annotated[
    str | None,
    Query(alias="jurisdiction_id", description="Code of a district; needed where there are several."),
]
RequestId = Annotated[str, Path(description="Id of the request: the number of the case.")]
Extended = Annotated[
    str | None,
    Query(alias="extensions", description="`true`: with `extended_attributes`, CitySDK's status among them."),
]
Key = Annotated[
    str | None, Header(alias="Idempotency-Key", description="Made by the client: a retry is answered like the first.")
]


@router.get(ROOT, include_in_schema=False, dependencies=[open_to_all])
@router.get(f"{ROOT}/", include_in_schema=False, dependencies=[open_to_all])
@router.get(BASE, include_in_schema=False, dependencies=[open_to_all])
@router.get(f"{BASE}/", include_in_schema=False, dependencies=[open_to_all])
def lead_to_discovery() -> RedirectResponse:
    """Lead whoever asks at the root to what tells the rest, instead of showing the console."""
    return RedirectResponse(f"{ROOT}/discovery.xml")


@router.get(
    f"{ROOT}/discovery.{{format}}",
    summary="What is served where",
    responses=told("discovery"),
    dependencies=[open_to_all],
)
@router.get(
    f"{BASE}/discovery.{{format}}",
    summary="What is served where",
    responses=told("discovery"),
    dependencies=[open_to_all],
)
def read_discovery(request: Request, session: RequestSession, lang: Lang, format_: Wished) -> Response:
    """Tell the addresses, formats and the state of this interface, and how to get a key, as Service Discovery does."""
    base = base_url(request)
    changed = told_moment(max(SINCE, catalogue_changed_at(session) or SINCE))
    endpoint = {
        "specification": SPECIFICATION,
        "url": base + BASE,
        "changeset": changed,
        "type": "test" if holds_synthetic(session) else "production",
        "formats": [MEDIA_TYPES[each].partition(";")[0] for each in Format],
    }
    value = {
        "changeset": changed,
        "contact": text("open311.contact", lang, url=base),
        "key_service": text("open311.key_service", lang),
        "endpoints": [endpoint],
    }
    return _answer(format_, "discovery", value)


@router.get(f"{BASE}/services.{{format}}", summary="The services", responses=told("services"), dependencies=[READING])
def list_services(
    session: RequestSession, context: Context, lang: Lang, format_: Wished, of_district: OfDistrict = None
) -> Response:
    """List the types of cases that can be reported, grouped by their classes."""
    now = context.clock()
    _check_jurisdiction(session, of_district, now)
    catalogue = catalogue_if_any(session, now)
    return _answer(format_, "services", service.service_list(catalogue, lang) if catalogue else [])


@router.get(
    f"{BASE}/services/{{service_code:path}}.{{format}}",
    summary="What a service asks",
    responses=told("service_definition"),
    dependencies=[READING],
)
def read_service(
    session: RequestSession,
    context: Context,
    lang: Lang,
    service_code: Annotated[str, Path(description="Code of the service.")],
    format_: Wished,
    of_district: OfDistrict = None,
) -> Response:
    """Tell the attributes that a request of a service may or must have."""
    now = context.clock()
    _check_jurisdiction(session, of_district, now)
    type_ = catalogue_on(session, now).type(service_code)
    return _answer(format_, "service_definition", service.service_definition(type_, lang))


@router.post(
    f"{BASE}/requests.{{format}}",
    summary="Make a request",
    responses=told("created"),
    dependencies=[REPORTING],
    openapi_extra=form_body(FORM),
)
async def create_request(
    request: Request,
    context: Context,
    actor: Caller,
    lang: Lang,
    format_: Wished,
    key: Key = None,
    of_district: OfDistrict = None,
) -> Response:
    """Report a case by a form, with `api_key` or a bearer's key, and answer its id at once.

    How to reach whoever reports is kept apart from the case and never told by this interface. `device_id` and
    `account_id` are not kept at all, and what stands at `media_url` is not fetched. `jurisdiction_id` may stand in the
    form or the address.
    """
    form = await _form(request)
    form = replace(form, jurisdiction_id=form.jurisdiction_id or of_district)
    made = await context.in_transaction(partial(_create, actor, form, lang, context.clock(), key))
    created = {
        "service_request_id": made.service_request_id,
        "service_notice": made.service_notice,
        "account_id": None,
    }
    return _answer(format_, "service_requests", [created])


@router.get(
    f"{BASE}/requests.csv",
    summary="Requests as a table",
    response_class=FileResponse,
    responses={200: {"description": "The table.", "content": {"text/csv": {}}}, "default": told("errors")["default"]},
    dependencies=[READING],
)
def requests_as_csv(
    session: RequestSession, context: Context, lang: Lang, given: AllGiven, of_district: OfDistrict = None
) -> FileResponse:
    """Write all requests that are asked for by the GeoReport Bulk Data Specification, of up to 366 days."""
    now = context.clock()
    wanted = asked(given, now, longest=LONGEST_BULK_SPAN)
    folder = FilePath(mkdtemp(prefix="gridmgmt-open311-"))
    try:
        write_bulk(session, folder / "requests.csv", wanted, of_district, now=now, lang=lang)
    except BaseException:
        rmtree(folder)
        raise
    return FileResponse(
        folder / "requests.csv", media_type="text/csv; charset=utf-8", filename="requests.csv",
        headers={"Cache-Control": "private, no-cache"}, background=BackgroundTask(rmtree, folder),
    )  # fmt: skip


@router.get(
    f"{BASE}/requests.{{format}}", summary="Requests", responses=told("service_requests"), dependencies=[READING]
)
async def list_requests(
    request: Request,
    context: Context,
    _lang: Lang,
    format_: Wished,
    given: PageGiven,
    of_district: OfDistrict = None,
    extended: Extended = None,
) -> Response:
    """List requests, the last reported first: of the last 90 days where no time is given, at most 1,000 at once."""
    whole = {**given, "jurisdiction_id": of_district, "extensions": extended}
    return await listed(request, context, request.app.state.open311, format_, whole)


@router.get(
    f"{BASE}/requests/{{service_request_id:path}}.{{format}}",
    summary="One request",
    responses=told("service_requests"),
    dependencies=[READING],
)
@router.get(
    f"{BASE}/request/{{service_request_id:path}}.{{format}}",
    summary="One request",
    responses=told("service_requests"),
    dependencies=[READING],
)
def read_request(
    request: Request,
    session: RequestSession,
    context: Context,
    lang: Lang,
    service_request_id: RequestId,
    format_: Wished,
    of_district: OfDistrict = None,
    extended: Extended = None,
) -> Response:
    """Tell how far a request is; `requests/` is the address of the specification, `request/` that of its document."""
    now = context.clock()
    row = service.found_one(session, service_request_id, of_district, now=now)
    names = service.names_at(session, now)
    body = requests_document(format_, [row], names, lang, base_url(request), extended=extended == "true")
    return Response(body, media_type=MEDIA_TYPES[format_])


@router.get(
    f"{BASE}/tokens/{{token:path}}.{{format}}", summary="The request of a token", responses=told("token"),
    dependencies=[READING],
)  # fmt: skip
def read_token(
    session: RequestSession,
    context: Context,
    token: Annotated[str, Path(description="What a new request was answered with.")],
    format_: Wished,
    of_district: OfDistrict = None,
) -> Response:
    """Tell the id of a request by its token: every request gets its id at once, which stands for a token too."""
    row = service.found_one(session, token, of_district, now=context.clock())
    return _answer(format_, "service_requests", [{"service_request_id": row.case_no, "token": token}])


@router.api_route(
    f"{ROOT}/{{rest:path}}",
    methods=["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"],
    include_in_schema=False,
    dependencies=[open_to_all],
)
def answer_nothing(request: Request) -> Response:
    """Refuse, in Open311's own shape, what is no resource, or a method that it does not have."""
    if request.method == "GET":
        raise NotFoundError("open311_resource_unknown", path=request.url.path)
    raise InputError("open311_method", path=request.url.path, method=request.method)


async def _form(request: Request) -> Form:
    """Return what the body of a request says."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise InputError("open311_form_expected", field="Content-Type", expected=FORM)
    return form_of(form_pairs(await request.body()))


def _create(
    actor: Actor, form: Form, lang: Language, now: datetime, key: str | None, session: Session
) -> service.Created:
    return service.create(session, actor, form, lang, now=now, key=key)


def _check_jurisdiction(session: Session, given: str | None, now: datetime) -> None:
    jurisdiction(given, districts_on(session, local_date(now)))


def _answer(format_: Format, root: str, value: object) -> Response:
    return Response(document(format_, root, value), media_type=MEDIA_TYPES[format_])
