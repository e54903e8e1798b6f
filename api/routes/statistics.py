"""Counts and figures of areas, on the boundaries of any day, edition or draft."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.access import asks
from api.answers import Form
from api.boundaries import AskedBoundaries
from api.context import Context, OnDate, RequestSession
from api.language import Lang
from api.routes import PREFIX
from api.statistics_schemas import ApportionedOut, CountsOut, FigureList, FigureOut, SurfaceOut, Surfaces
from gridmgmt.access.rules import Permission
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.errors import ForbiddenError, InputError
from gridmgmt.statistics import queries
from gridmgmt.statistics.counting import counts
from gridmgmt.statistics.rules import Boundaries, CountedSubject, Period, Weighting, check_figure
from gridmgmt.texts import text

router = APIRouter(prefix=f"{PREFIX}/statistics", tags=["statistics"], dependencies=[asks(Permission.READ)])

Level = Annotated[AreaLevel, Query(description="The level of the areas.")]
Figure = Annotated[
    str, Query(max_length=64, description="Name of the figure, its unit in it.", openapi_examples={"residents": {}})
]
DataOn = Annotated[date | None, Query(description="The day whose points count; that of the boundaries without it.")]


async def _period(
    begins: Annotated[
        date | None, Query(alias="from", description="Only cases reported on this day or later …")
    ] = None,
    ends: Annotated[date | None, Query(alias="to", description="… and before this day; both or neither.")] = None,
) -> Period | None:
    if begins is None or ends is None:
        if begins is not ends:
            raise InputError("period_incomplete", field="from" if begins is None else "to")
        return None
    return Period(begins, ends)


ReportedWithin = Annotated[Period | None, Depends(_period)]


async def _known(
    context: Context,
    level: Level,
    from_level: Annotated[AreaLevel | None, Query(description="Level that has the figure; `level` without it.")] = None,
    from_on: Annotated[date | None, Query(description="Day of the boundaries that have it; today without it.")] = None,
) -> Boundaries:
    return Boundaries(from_level or level, from_on or context.today())


KnownBoundaries = Annotated[Boundaries, Depends(_known)]


@router.get("/counts", summary="How many lie in each area of a level")
def read_counts(
    session: RequestSession,
    asked: AskedBoundaries,
    form: Form,
    lang: Lang,
    level: Level,
    subject: Annotated[CountedSubject, Query(description="What is counted.")],
    period: ReportedWithin,
    data_on: DataOn = None,
) -> CountsOut:
    """Count service points, cases or residents of 60 and over by area, each in exactly one area or outside all.

    Residents are not given (403) in the public form: their number in a small area, or the difference of two nearly
    equal ones, would be a small count.
    """
    if subject is CountedSubject.RESIDENTS and form == "public":
        raise ForbiddenError("residents_withheld")
    if period is not None and subject is not CountedSubject.CASES:
        raise InputError("period_without_cases", field="from", subject=subject)
    seen = asked.boundaries(session)
    found = counts(session, seen.on, level, subject=subject, draft=seen.draft, period=period, data_on=data_on)
    return CountsOut.model_validate(found).model_copy(update={"method": text(found.method, lang)})


@router.get("/figures", summary="A figure of the areas of a level")
def read_figures(session: RequestSession, on: OnDate, figure: Figure, level: Level) -> FigureList:
    """List what is known of a figure that was counted or published for whole areas: the newest of each that day."""
    names = {surface.code: surface.name for surface in queries.surfaces(session, level, on)}
    known = queries.figures_of(session, level, check_figure(figure), on)
    items = [
        FigureOut(
            code=code,
            name=names.get(code),
            value=row.value,
            counted_on=row.counted_on,
            areas_on=row.areas_on,
            source=row.source,
        )
        for code, row in sorted(known.items())
    ]
    return FigureList(figure=figure, level=level, on=on, items=items)


@router.get("/apportioned", summary="A figure carried to other boundaries, with its bounds")
def read_apportioned(
    session: RequestSession,
    asked: AskedBoundaries,
    known: KnownBoundaries,
    form: Form,
    lang: Lang,
    figure: Figure,
    level: Level,
    weighting: Annotated[Weighting, Query(description="By what an area that is cut is shared.")] = Weighting.AREA,
) -> ApportionedOut:
    """Estimate a figure of whole areas on other boundaries, between what is certain at least and at most.

    Weighting by residents is not given (403) in the public form.
    """
    if weighting is Weighting.RESIDENTS and form == "public":
        raise ForbiddenError("residents_withheld")
    from gridmgmt.statistics.apportionment import apportion  # noqa: PLC0415 -- takes seconds to load

    seen = asked.boundaries(session)
    found = apportion(session, figure, known, Boundaries(level, seen.on, seen.draft), weighting=weighting)
    names = ApportionedOut.model_fields.keys() & found.__dict__.keys()
    return ApportionedOut.model_validate(
        {name: getattr(found, name) for name in names}
        | {"method": text(found.method, lang), "from_level": known.level, "from_on": known.on}
        | {"level": level, "on": seen.on}
    )


@router.get("/surfaces", summary="Surfaces of the areas of a level, computed and published")
def read_surfaces(session: RequestSession, on: OnDate, level: Level) -> Surfaces:
    """Show the surface of each boundary on the ellipsoid beside all that were published for the area."""
    items = [SurfaceOut.model_validate(surface) for surface in queries.surfaces(session, level, on)]
    return Surfaces(level=level, on=on, items=items)
