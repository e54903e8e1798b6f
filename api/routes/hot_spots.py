"""Where cases gather beyond chance, and places to which they come again and again."""

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from api.access import asks
from api.conditional import json_unless_held
from api.context import Context, RequestSession
from api.hot_spot_schemas import (
    HotSpotFeature,
    HotSpotFeatures,
    HotSpotsOut,
    RepeatedPlacesOut,
    hot_spots_out,
    repeated_places_out,
)
from api.language import Lang
from api.routes import PREFIX
from gridmgmt.access.rules import Permission
from gridmgmt.cases.rules import CaseFilter, CaseKind
from gridmgmt.casework.known import check_known
from gridmgmt.catalogue.service import catalogue_if_any
from gridmgmt.editions.queries import holds_synthetic
from gridmgmt.errors import InputError
from gridmgmt.hotspots.rules import (
    FALSE_DISCOVERY,
    LEAST_CASES,
    MOST_PLACES,
    MOST_WITHIN_M,
    WITHIN_M,
    HotSpotQuestion,
    RepeatQuestion,
    Span,
    SpotLevel,
)

if TYPE_CHECKING:
    from gridmgmt.hotspots.service import HotSpots

router = APIRouter(prefix=PREFIX, tags=["hot spots"], dependencies=[asks(Permission.READ)])

A_YEAR = timedelta(days=365)
GEOJSON = "application/geo+json"


def _span(
    session: RequestSession,
    context: Context,
    first: Annotated[
        date | None, Query(alias="from", description="The first day of report, in the district's time zone.")
    ] = None,
    last: Annotated[
        date | None,
        Query(
            alias="to", description="The last day, included; without both, the year up to today. At most 1,098 days."
        ),
    ] = None,
    type: Annotated[  # noqa: A002 -- its name outside
        str | None, Query(max_length=200, description="Only cases of this type, by its code.")
    ] = None,
    kind: Annotated[CaseKind | None, Query(description="Only events, or only components.")] = None,
) -> Span:
    if first is None and last is None:
        last = context.today()
        first = last - A_YEAR + timedelta(days=1)
    if first is None or last is None:
        raise InputError("period_incomplete", field="from" if first is None else "to")
    if type is not None:
        check_known(session, CaseFilter(type=type), now=context.clock())
    return Span(first, last, type=type, kind=kind)


AskedSpan = Annotated[Span, Depends(_span)]


def _question(
    span: AskedSpan,
    level: Annotated[SpotLevel, Query(description="Whose densities are compared.")] = SpotLevel.CELL,
    false_discovery: Annotated[
        float, Query(description="The share of the areas found that may be found by chance, above 0 and below 1.")
    ] = FALSE_DISCOVERY,
) -> HotSpotQuestion:
    return HotSpotQuestion(span, level, false_discovery)


AskedSpots = Annotated[HotSpotQuestion, Depends(_question)]


def _found(session: RequestSession, question: AskedSpots) -> "HotSpots":
    from gridmgmt.hotspots.service import hot_spots  # noqa: PLC0415 -- takes seconds to load

    return hot_spots(session, question)


@router.get("/hot-spots", summary="Areas where cases gather beyond chance", response_model=HotSpotsOut)
def read_hot_spots(request: Request, session: RequestSession, question: AskedSpots, lang: Lang) -> Response:
    """Test by area whether the density of cases in it and in the areas that touch it could be chance.

    The statistic is Gi* of Getis and Ord, its p-value two-sided by conditional permutation, adjusted for so many areas
    by Benjamini and Hochberg. Only significant areas are listed. Equal data give equal answers; a client that sends
    the `ETag` back in `If-None-Match` gets 304 for as long as nothing is another.
    """
    found = _found(session, question)
    return json_unless_held(request, hot_spots_out(found, lang, synthetic=bool(holds_synthetic(session))))


@router.get("/hot-spots.geojson", summary="The same areas as a layer of the map", response_model=HotSpotFeatures)
def hot_spots_as_geojson(request: Request, session: RequestSession, question: AskedSpots, lang: Lang) -> Response:
    """Return the surfaces of the significant areas, with what the list tells of each."""
    from gridmgmt.hotspots.queries import surfaces_geojson  # noqa: PLC0415 -- as above

    found = _found(session, question)
    surfaces = surfaces_geojson(session, [spot.area_id for spot in found.spots])
    told = hot_spots_out(found, lang, synthetic=bool(holds_synthetic(session))).items
    features = [
        HotSpotFeature(id=item.code, geometry=json.loads(surfaces[spot.area_id]), properties=item)
        for spot, item in zip(found.spots, told, strict=True)
    ]
    return json_unless_held(request, HotSpotFeatures(features=features))


@router.get("/repeated-places", summary="Places to which cases come again and again", response_model=RepeatedPlacesOut)
def read_repeated_places(  # noqa: PLR0913, PLR0917  each is a parameter of the address
    request: Request,
    session: RequestSession,
    context: Context,
    lang: Lang,
    span: AskedSpan,
    within_m: Annotated[
        float, Query(description=f"Metres from the centre of a place, 1 to {MOST_WITHIN_M:.0f}.")
    ] = WITHIN_M,
    least: Annotated[int, Query(description="So many cases make a place, at least 2.")] = LEAST_CASES,
    same_type: Annotated[bool, Query(description="Whether only cases of one type make a place.")] = True,
    limit: Annotated[int, Query(description=f"So many places are listed, 1 to {MOST_PLACES}.")] = 100,
) -> Response:
    """Find the places around which most cases were reported in the period, duplicates not counted.

    A place is all cases no further than `within_m` from one of them. Each has at least `least` cases that no place
    found before it has; a case between two places counts at both.
    """
    from gridmgmt.hotspots.service import repeats  # noqa: PLC0415 -- as above

    found = repeats(session, RepeatQuestion(span, within_m, least, same_type, limit))
    known = catalogue_if_any(session, context.clock())
    synthetic = bool(holds_synthetic(session))
    return json_unless_held(request, repeated_places_out(found, known, lang, synthetic=synthetic))
