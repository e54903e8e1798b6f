"""A coverage question in the address of a request, and in a body."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import ConfigDict, Field, StrictFloat

from api.schemas import Asked
from gridmgmt.analysis.walking.model import Trip
from gridmgmt.coverage.rules import (
    DEFAULT_AT,
    DEFAULT_CONNECTION_LIMIT_M,
    DEFAULT_MINUTES,
    DEFAULT_PROFILE,
    CoverageRequest,
    WalkParts,
    make_request,
)
from gridmgmt.land.rules import LandKind
from gridmgmt.service_points.rules import ServicePointType


def _walk(
    profile: Annotated[str, Query(max_length=100, description="Walking profile.")] = DEFAULT_PROFILE,
    at: Annotated[str, Query(max_length=20, description="Day and time of the week at which gates are looked at.")] = (
        DEFAULT_AT
    ),
    trip: Annotated[Trip, Query(description="Which way is timed.")] = Trip.TO_POINT,
    barrier: Annotated[list[LandKind] | None, Query(description="Land that cannot be crossed, repeated.")] = None,
    scenario: Annotated[str | None, Query(max_length=200, description="Planned changes, by their name.")] = None,
    connection_limit_m: Annotated[
        float, Query(allow_inf_nan=False, description="Farthest distance from a place to a street in metres.")
    ] = DEFAULT_CONNECTION_LIMIT_M,
) -> WalkParts:
    return {
        "profile": profile, "at": at, "trip": trip, "barriers": barrier or [], "scenario": scenario,
        "connection_limit_m": connection_limit_m,
    }  # fmt: skip


def _question(
    walk: Annotated[WalkParts, Depends(_walk)],
    minutes: Annotated[float, Query(allow_inf_nan=False, description="Limit of the walk, inclusive.")] = (
        DEFAULT_MINUTES
    ),
    bands: Annotated[list[float] | None, Query(max_length=20, description="Ends of the bands in minutes.")] = None,
    area: Annotated[str | None, Query(max_length=64, description="Code of the area; everywhere without it.")] = None,
    type: Annotated[  # noqa: A002 -- its name outside
        list[ServicePointType] | None, Query(description="Types of points; all that serve elderly people without any.")
    ] = None,
) -> CoverageRequest:
    walk["types"] = type or []
    return make_request(minutes=minutes, bands_min=bands, area_code=area, **walk)


Question = Annotated[CoverageRequest, Depends(_question)]
"""A coverage question of the request's address."""


class CoverageAsk(Asked):
    """A coverage question in a body."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"minutes": 20, "profile": "elder", "types": ["meal_point"], "at": "sun 19:00"}]
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
    at: Annotated[str, Field(description="Day and time of the week, such as `wed 10:00`.", max_length=20)] = DEFAULT_AT
    trip: Trip = Trip.TO_POINT
    barriers: Annotated[
        list[LandKind], Field(default_factory=list, description="Land that cannot be crossed.", max_length=10)
    ]
    scenario: Annotated[str | None, Field(description="Planned changes, by their name.", max_length=200)] = None
    connection_limit_m: Annotated[
        StrictFloat, Field(description="Farthest distance from a place to a street in metres.")
    ] = DEFAULT_CONNECTION_LIMIT_M

    def question(self) -> CoverageRequest:
        """Return the question as the domain knows it.

        Raises
        ------
        InputError
            When a number is out of its range, or something unknown is named.
        """
        return make_request(
            minutes=self.minutes,
            bands_min=self.bands,
            area_code=self.area,
            profile=self.profile,
            types=self.types,
            at=self.at,
            trip=self.trip,
            barriers=self.barriers,
            scenario=self.scenario,
            connection_limit_m=self.connection_limit_m,
        )
