"""Guaranteed areas: ground within a walking time, for certain or possibly."""

import json
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.access import asks
from api.context import OnDate, RequestSession
from api.isochrone_schemas import DEFAULT_MINUTES, MOST_LIMITS_IN, IsochroneAskIn, IsochroneCollection
from api.routes import PREFIX
from gridmgmt.access.rules import Permission
from gridmgmt.analysis.walking.model import Trip
from gridmgmt.db import Session
from gridmgmt.walking.rules import DEFAULT_AT, DEFAULT_PROFILE, WalkQuestion

router = APIRouter(prefix=f"{PREFIX}/isochrones", tags=["coverage"], dependencies=[asks(Permission.READ)])

_CONTENT = {"application/geo+json": {"schema": {"$ref": "#/components/schemas/IsochroneCollection"}}}
_ANSWER: dict[int | str, dict[str, object]] = {200: {"description": "The areas as GeoJSON.", "content": _CONTENT}}


@router.post(
    "",
    summary="Ground within walking times of spots or service points",
    response_model=IsochroneCollection,
    responses=_ANSWER,
)
def ask_for_areas(session: RequestSession, on: OnDate, ask: IsochroneAskIn) -> Response:
    """Return the ground of each limit in two classes; whatever is neither certain nor possible is outside.

    A spot is reckoned as a place is: to its nearest street within the connection limit, and along streets. These areas
    are for looking at: who is covered is counted by times, never by polygons.
    """
    return _answered(session, ask.question(on), ask)


@router.get(
    "",
    summary="Ground within walking times of one spot",
    response_model=IsochroneCollection,
    responses=_ANSWER,
)
def read_areas(
    session: RequestSession,
    on: OnDate,
    lon: Annotated[float, Query(description="Degrees east, WGS 84.", openapi_examples={"顾村": {"value": 121.39}})],
    lat: Annotated[float, Query(description="Degrees north.", openapi_examples={"顾村": {"value": 31.34}})],
    minutes: Annotated[
        list[float] | None, Query(max_length=MOST_LIMITS_IN, description="Limits of the walk, inclusive; 20 without.")
    ] = None,
    profile: Annotated[str, Query(max_length=100, description="Walking profile.")] = DEFAULT_PROFILE,
    time: Annotated[str, Query(max_length=40, description="Day and time at which gates are looked at.")] = DEFAULT_AT,
    trip: Annotated[Trip, Query(description="Which way is timed.")] = Trip.TO_POINT,
) -> Response:
    """Return what the same question with a body does."""
    ask = IsochroneAskIn(
        at=[(lon, lat)], points=[], minutes=minutes or [DEFAULT_MINUTES], profile=profile, time=time, trip=trip,
        types=[], barriers=[],
    )  # fmt: skip
    return _answered(session, ask.question(on), ask)


def _answered(session: Session, question: WalkQuestion, ask: IsochroneAskIn) -> Response:
    from gridmgmt.walking.isochrones import geojson, guaranteed_areas, make_ask  # noqa: PLC0415 -- takes long to load

    found = guaranteed_areas(session, question, make_ask(ask.minutes, spots=ask.at, codes=ask.points))
    return Response(json.dumps(geojson(found), ensure_ascii=False), media_type="application/geo+json")
