"""The filters of cases in the query of an address: the same for the list, the board and the files."""

from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query

from api.access import Caller
from api.context import Context, RequestSession
from api.schemas import Moment
from gridmgmt.areas.rules import check_position
from gridmgmt.cases.measures import Dimension, Measure
from gridmgmt.cases.rules import CaseFilter, CaseKind, CaseSource, CaseState, Urgency, near_of
from gridmgmt.casework.known import check_known
from gridmgmt.errors import InputError

_Moment = Moment | None


def box_of(value: str | None) -> tuple[float, float, float, float] | None:
    """Return the box that ``west,south,east,north`` names.

    >>> box_of("121.4,31.3,121.5,31.4")
    (121.4, 31.3, 121.5, 31.4)

    Raises
    ------
    InputError
        When it names none.
    """
    if value is None:
        return None
    try:
        west, south, east, north = map(float, value.split(","))
    except ValueError as error:
        raise InputError("box_malformed", field="bbox", value=value) from error
    for lon, lat in ((west, south), (east, north)):
        check_position(lon, lat)
    if west > east or south > north:
        raise InputError("box_malformed", field="bbox", value=value)
    return west, south, east, north


class _How:
    """How far a case is."""

    def __init__(
        self,
        state: Annotated[list[CaseState] | None, Query(description="Only in any of these states; repeated.")] = None,
        open: Annotated[  # noqa: A002 -- its name outside
            bool | None, Query(description="Only what is still to be worked on, or only what has ended.")
        ] = None,
        urgency: Annotated[
            Urgency | None, Query(description="Only those that stand so against their deadline.")
        ] = None,
        supervised: Annotated[
            bool | None, Query(description="Only those under a supervision order, or only the others.")
        ] = None,
        updated_after: Annotated[_Moment, Query(description="Only moved after this moment.")] = None,
    ) -> None:
        self.values = {
            "states": tuple(state or ()),
            "is_open": open,
            "urgency": urgency,
            "supervised": supervised,
            "updated_after": updated_after,
        }


class _What:
    """What a case is."""

    def __init__(
        self,
        kind: Annotated[CaseKind | None, Query(description="Only events, or only components.")] = None,
        type: Annotated[  # noqa: A002 -- its name outside
            str | None, Query(max_length=200, description="Only this type, by its code.")
        ] = None,
        source: Annotated[CaseSource | None, Query(description="Only those that came to be known this way.")] = None,
        component: Annotated[str | None, Query(max_length=64, description="Only about this component.")] = None,
        major: Annotated[
            str | None, Query(max_length=64, description="Only this class: the first two digits of the type's code.")
        ] = None,
        flag: Annotated[str | None, Query(max_length=64, description="Only with this flag.")] = None,
        without_flag: Annotated[str | None, Query(max_length=64, description="Only without this flag.")] = None,
    ) -> None:
        self.values = {
            "kind": kind,
            "type": type,
            "source": source,
            "component": component,
            "major": major,
            "flag": flag,
            "without_flag": without_flag,
        }


class _Where:
    """Where a case is, and with whom."""

    def __init__(
        self,
        department: Annotated[str | None, Query(max_length=64, description="Only those of this department.")] = None,
        area: Annotated[
            str | None, Query(max_length=64, description="Only those that the area of this code held when reported.")
        ] = None,
        within: Annotated[str | None, Query(max_length=64, description="Only those that this area held too.")] = None,
        areas_on: Annotated[
            date | None,
            Query(
                description="`area`, `within` and `lacks` mean the areas in force on this day, wherever a case lies."
            ),
        ] = None,
        bbox: Annotated[
            str | None,
            Query(
                max_length=200,
                description="Only inside this box: west,south,east,north in degrees.",
                openapi_examples={"district": {"value": "121.3,31.28,121.55,31.5"}},
            ),
        ] = None,
        near: Annotated[
            str | None,
            Query(
                max_length=200,
                description="Only no further from a point than so many metres, at most 10,000: lon,lat,metres.",
                openapi_examples={"place": {"value": "121.45,31.36,20"}},
            ),
        ] = None,
    ) -> None:
        self.values = {
            "department": department,
            "area": area,
            "within": within,
            "areas_on": areas_on,
            "box": box_of(bbox),
            "near": near_of(near),
        }


class _Counted:
    """Which number of the indicators a case is counted in."""

    def __init__(
        self,
        measure: Annotated[
            Measure | None, Query(description="Only cases that this measure of the indicators counts …")
        ] = None,
        counted_from: Annotated[date | None, Query(description="… in the period from this day …")] = None,
        counted_to: Annotated[date | None, Query(description="… to this day, included; all three or none.")] = None,
        lacks: Annotated[
            Dimension | None, Query(description="Only those that have none of this, such as no department.")
        ] = None,
        post: Annotated[
            str | None,
            Query(max_length=64, description="Only those whose cell this officer post answered for when reported."),
        ] = None,
    ) -> None:
        self.values = {
            "measure": measure,
            "counted_from": counted_from,
            "counted_to": counted_to,
            "lacks": lacks,
            "post": post,
        }


class _Told:
    """When a case came in, and its words."""

    def __init__(
        self,
        q: Annotated[
            str | None,
            Query(
                max_length=200,
                description="Beginning of a number; or words in the description or address of cases of the last 31 "
                "days, of any time with `reported_from` or `reported_to`.",
            ),
        ] = None,
        reported_from: Annotated[_Moment, Query(description="Only reported at this moment or later.")] = None,
        reported_to: Annotated[_Moment, Query(description="Only reported before this moment.")] = None,
    ) -> None:
        text = (q or "").strip() or None
        self.values = {"text": text, "reported_from": reported_from, "reported_to": reported_to}


def _wanted(
    session: RequestSession,
    context: Context,
    actor: Caller,
    how: Annotated[_How, Depends()],
    what: Annotated[_What, Depends()],
    where: Annotated[_Where, Depends()],
    told: Annotated[_Told, Depends()],
    counted: Annotated[_Counted, Depends()],
) -> CaseFilter:
    """Return the filter; what it names and nobody has is refused, rather than answered with an empty list."""
    values: dict[str, Any] = {}
    for part in (how, what, where, told, counted):
        values |= part.values
    # Internal cases are counted nowhere, so they are not among the cases behind a number either.
    wanted = CaseFilter(**values, with_internal=actor.works_on_cases and values["measure"] is None)
    check_known(session, wanted, now=context.clock())
    return wanted


Wanted = Annotated[CaseFilter, Depends(_wanted, scope="function")]
"""Which cases a request asks for."""
