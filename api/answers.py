"""Coverage runs as the interface answers them, each in the form of numbers that this server gives.

The rooms that compute and draw (numba, pandas, folium) take seconds to import, so they are imported where they are
first asked for: the server answers before that.
"""

from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends
from pydantic import ConfigDict, Field, StrictFloat

from api.access import Caller
from api.context import ApiContext, Context, RequestSession
from api.gate import form_for
from api.routes import PREFIX
from api.schemas import AreaLite, Asked, Links, Metres, Seconds, Shape
from gridmgmt.access.rules import Actor
from gridmgmt.analysis.status import PlaceStatus
from gridmgmt.analysis.walking.model import Trip
from gridmgmt.areas.queries import areas_at
from gridmgmt.coverage import queries
from gridmgmt.coverage.comparison_document import CoverageComparison
from gridmgmt.coverage.document import CoverageDocument, PlaceStatusName, ResultForm
from gridmgmt.coverage.models import CoverageRun
from gridmgmt.coverage.rules import (
    DEFAULT_AT,
    DEFAULT_CONNECTION_LIMIT_M,
    DEFAULT_MINUTES,
    DEFAULT_PROFILE,
    make_request,
)
from gridmgmt.db import Session
from gridmgmt.editions.queries import holds_synthetic
from gridmgmt.jobs.models import JobState
from gridmgmt.jobs.queries import job_by_id
from gridmgmt.land.rules import LandKind
from gridmgmt.population.queries import place_by_id
from gridmgmt.reports.coverage_json import CoverageReport, coverage_json
from gridmgmt.service_points.queries import point_by_id
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.texts import Language

if TYPE_CHECKING:
    from gridmgmt.reports.render import Rendered

KEPT_REPORTS = 2
"""How many reports a process keeps ready as text; one of a large city takes megabytes."""

REPORT_CONTENT: dict[str, dict[str, object]] = {
    "application/json": {"schema": {"$ref": "#/components/schemas/CoverageReport"}},
    "application/geo+json": {},
    "text/html": {},
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {},
    "application/pdf": {},
}
"""The media types of a report, for the documentation."""


COMPARISON_CONTENT: dict[str, dict[str, object]] = {
    "text/html": {},
    "text/csv": {},
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {},
}
"""The media types of a comparison beside JSON, for the documentation."""


class RunAsk(Asked):
    """What a coverage run is asked."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"minutes": 20, "profile": "elder", "types": ["meal_point"], "time": "sun 19:30", "trip": "round"}
            ]
        },
    )

    minutes: Annotated[StrictFloat, Field(description="Limit of the walk in minutes, inclusive.")] = DEFAULT_MINUTES
    bands: Annotated[list[StrictFloat] | None, Field(description="Ends of the bands in minutes.", max_length=20)] = None
    profile: Annotated[str, Field(description="Walking profile.", max_length=100)] = DEFAULT_PROFILE
    area: Annotated[str | None, Field(description="Only places in the area of this code.", max_length=64)] = None
    types: Annotated[
        list[ServicePointType],
        Field(default_factory=list, description="Types of points; all that serve elderly people without any."),
    ]
    connection_limit_m: Annotated[
        StrictFloat, Field(description="Farthest distance from a place to a street in metres.")
    ] = DEFAULT_CONNECTION_LIMIT_M

    time: Annotated[
        str, Field(description="Day and time of the week at which gates are looked at, as `wed 10:00`.", max_length=20)
    ] = DEFAULT_AT
    trip: Annotated[Trip, Field(description="Which way is timed.")] = Trip.TO_POINT
    barriers: Annotated[
        list[LandKind],
        Field(
            default_factory=list, description="Land that cannot be crossed: wall, rail, water, hazard.", max_length=10
        ),
    ]
    scenario: Annotated[str | None, Field(description="Planned changes of the network.", max_length=100)] = None


class RunAccepted(Shape):
    """A run that will be performed."""

    job_id: int
    run_id: int
    links: Links


class RunSummary(Shape):
    """One run without its answer."""

    run_id: int
    job_id: int
    state: JobState
    created_at: datetime
    finished_at: datetime | None
    limit_s: float = Field(description="Limit of the walk in seconds.")
    profile: str
    area_code: str | None
    types: list[ServicePointType]
    time: str | None = Field(description="Time of the week; null in a run of an earlier version.")
    trip: Trip
    scenario: str | None
    links: Links


class AnsweredRun(RunSummary):
    """One run with its answer, in the form of numbers that this server gives."""

    stale: bool = Field(description="An input edition has changed since; a new run would answer otherwise.")
    stale_because: list[str] = Field(description="The inputs that have changed.", examples=[["network: 2026"]])
    report: CoverageReport | None = Field(description="Null until the job has succeeded.")


class NearestPoint(Shape):
    """A service point by its names."""

    code: str
    name: str
    type: ServicePointType


class RunPlace(Shape):
    """What a run found for one place."""

    place_id: int
    place_no: int
    status: PlaceStatusName
    walk_time_s: Seconds = Field(description="To the nearest open point, also beyond the limit; null without a way.")
    snap_distance_m: Metres = Field(description="To the network; null where no street lies within the limit.")
    residents: float | None = Field(description="Residents of 60 and over; null in an edition without counts.")
    lon: float
    lat: float
    nearest_point: NearestPoint | None
    areas: list[AreaLite]


def _form(session: RequestSession, context: Context, actor: Caller) -> ResultForm:
    """Return the form of numbers that this server gives the caller of the data it holds."""
    return form_for(context.settings.results, holds_synthetic(session), actor)


Form = Annotated[ResultForm, Depends(_form)]


def request_run(session: Session, actor: Actor, ask: RunAsk, *, on: date, idempotency_key: str | None) -> RunAccepted:
    """Enqueue a run in the caller's transaction, once for each key."""
    from gridmgmt.coverage.service import request_run as request  # noqa: PLC0415 -- see the module

    asked = make_request(
        minutes=ask.minutes,
        bands_min=ask.bands,
        profile=ask.profile,
        area_code=ask.area,
        types=ask.types,
        connection_limit_m=ask.connection_limit_m,
        at=ask.time,
        trip=ask.trip,
        barriers=ask.barriers,
        scenario=ask.scenario,
    )
    run = request(session, actor, asked, on=on, idempotency_key=idempotency_key)
    return RunAccepted(job_id=run.job_id, run_id=run.run_id, links=_links(run))


def run_summary(run: CoverageRun, state: JobState) -> RunSummary:
    """Return a run without its answer."""
    return RunSummary(
        run_id=run.run_id,
        job_id=run.job_id,
        state=state,
        created_at=run.created_at,
        finished_at=run.finished_at,
        limit_s=run.parameters["limit_s"],
        profile=run.parameters["profile"],
        area_code=run.area_code,
        types=[ServicePointType(type_) for type_ in run.types],
        time=run.parameters.get("at"),
        trip=Trip(run.parameters.get("trip", Trip.TO_POINT)),
        scenario=run.scenario,
        links=_links(run),
    )


def answered_run(session: Session, context: ApiContext, run: CoverageRun, form: ResultForm) -> str:
    """Return a run with its answer, and whether that still holds today, as the JSON of an :class:`AnsweredRun`."""
    state = JobState(job_by_id(session, run.job_id).state)
    changed = queries.stale_inputs(session, run, on=context.today()) if run.document else []
    head = AnsweredRun(
        **run_summary(run, state).model_dump(), stale=bool(changed), stale_because=changed, report=None
    ).model_dump_json()
    if run.document is None:
        return head
    report = _report_json(run.document, form, context.settings.suppression_threshold)
    # The report is the last field; it is put in as text, since a large one takes seconds to check and write again.
    return f"{head.removesuffix('null}')}{report}}}"


def document(context: ApiContext, run: CoverageRun, form: ResultForm) -> CoverageDocument:
    """Return the answer of a finished run in the form that this server gives.

    Raises
    ------
    NotFoundError
        When the run has no answer (yet).
    """
    return _in_form(queries.answer_of(run), form, context.settings.suppression_threshold)


def _in_form(canonical: str, form: ResultForm, threshold: int) -> CoverageDocument:
    from gridmgmt.reports.public import in_form  # noqa: PLC0415 -- see the module

    return in_form(canonical, form, threshold)


@lru_cache(maxsize=KEPT_REPORTS)
def _report_json(canonical: str, form: ResultForm, threshold: int) -> str:
    return coverage_json(_in_form(canonical, form, threshold))


def run_place(session: Session, run: CoverageRun, place_id: int) -> RunPlace:
    """Return what a run found for one place, with the areas it lies in on the day of the run."""
    found = queries.place_result(session, run.run_id, place_id)
    place = place_by_id(session, place_id)
    point = None if found.point_id is None else point_by_id(session, found.point_id)
    areas = areas_at(session, place.lon, place.lat, date.fromisoformat(run.parameters["on"]))
    return RunPlace(
        place_id=place_id,
        place_no=place.place_no,
        status=PlaceStatus(found.status).name.lower(),
        walk_time_s=found.walk_time_s,
        snap_distance_m=found.snap_distance_m,
        residents=place.residents_60_plus,
        lon=place.lon,
        lat=place.lat,
        nearest_point=point and NearestPoint(code=point.code, name=point.name, type=ServicePointType(point.type)),
        areas=[AreaLite.model_validate(area) for area in areas],
    )


def render(
    session: Session, context: ApiContext, run: CoverageRun, *, form: ResultForm, format_: str, lang: Language
) -> "Rendered":
    """Return the report of a finished run as a file."""
    from gridmgmt.reports.render import render as rendered  # noqa: PLC0415 -- see the module

    threshold = context.settings.suppression_threshold
    return rendered(session, run, format_, lang=lang, form=form, threshold=threshold)


def comparison(
    context: ApiContext, session: Session, a: CoverageRun, b: CoverageRun, form: ResultForm
) -> CoverageComparison:
    """Return the comparison of two finished runs in the form that this server gives."""
    from gridmgmt.coverage.comparison import compare  # noqa: PLC0415 -- see the module
    from gridmgmt.reports.comparison import public_comparison  # noqa: PLC0415 -- see the module

    found = compare(session, a, b)
    if form == "exact":
        return found
    return public_comparison(
        found, document(context, a, form), document(context, b, form), context.settings.suppression_threshold
    )


def render_comparison(found: CoverageComparison, name: str, format_: str, lang: Language) -> "Rendered":
    """Return a comparison as a file."""
    from gridmgmt.reports.comparison import render_comparison as rendered  # noqa: PLC0415 -- see the module

    return rendered(found, name, format_, lang)


def map_page(session: Session, context: ApiContext, run: CoverageRun, *, form: ResultForm, lang: Language) -> str:
    """Return the map page of a finished run."""
    from maps.coverage_map import coverage_map  # noqa: PLC0415 -- see the module

    return coverage_map(session, run, lang=lang, form=form, threshold=context.settings.suppression_threshold)


def _links(run: CoverageRun) -> dict[str, str]:
    here = f"{PREFIX}/coverage/runs/{run.run_id}"
    return {"self": here, "job": f"{PREFIX}/jobs/{run.job_id}", "report": f"{here}/report", "map": f"{here}/map"}
