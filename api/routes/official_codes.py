"""Official codes: the table of names, and how the areas agree with it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.access import asks
from api.boundaries import AskedBoundaries
from api.context import OnDate, RequestSession
from api.official_code_schemas import CodeComparisonOut, CodeEntryOut, CodeOut, ComparedCodeOut, ParentTally
from api.paging import Page, Pages
from api.routes import PREFIX
from gridmgmt.access.rules import Permission
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.official_codes import queries
from gridmgmt.official_codes.rules import CodeAgreement, by_parent, tally

router = APIRouter(prefix=f"{PREFIX}/official-codes", tags=["official codes"], dependencies=[asks(Permission.READ)])


@router.get("", summary="Units of the table of official codes, by code")
def list_codes(
    session: RequestSession,
    on: OnDate,
    pages: Pages,
    parent: Annotated[
        str | None,
        Query(
            max_length=12,
            description="Only what lies directly below this code.",
            openapi_examples={"宝山区": {"value": "310113"}},
        ),
    ] = None,
    q: Annotated[
        str | None,
        Query(min_length=1, max_length=100, description="Part of the name; of digits, beginning of the code."),
    ] = None,
) -> Page[CodeOut]:
    """List units of all levels, each as the newest table in force on the day has it."""
    after = pages.after(str)
    rows = queries.summaries(
        session, on, parent=parent, text=q, after=after[0] if after else None, limit=pages.limit + 1
    )
    return pages.page(rows, CodeOut.model_validate, lambda unit: (unit.code,))


@router.get("/comparison", summary="The areas of a level beside the table")
def read_comparison(
    session: RequestSession,
    asked: AskedBoundaries,
    level: Annotated[AreaLevel, Query(description="district, town or residential_quarter.")] = AreaLevel.TOWN,
    agreement: Annotated[
        list[CodeAgreement] | None, Query(description="List only these kinds; all are counted.")
    ] = None,
) -> CodeComparisonOut:
    """Put areas and rows together by code, then by name under the same parent, and list every mismatch."""
    seen = asked.boundaries(session)
    found = queries.comparison(session, level, seen.on, draft=seen.draft)
    parents = [
        ParentTally(code=code, name=found.names.get(code), counts=counts)
        for code, counts in by_parent(found.compared).items()
    ]
    return CodeComparisonOut(
        level=level,
        on=seen.on,
        counties=list(found.counties),
        editions=list(found.editions),
        counts=tally(found.compared),
        parents=parents,
        items=[
            ComparedCodeOut.model_validate(each)
            for each in found.compared
            if agreement is None or each.agreement in agreement
        ],
    )


@router.get("/{code}", summary="One unit with all above it")
def read_code(
    session: RequestSession,
    on: OnDate,
    code: Annotated[
        str, Path(max_length=12, description="Official code.", openapi_examples={"顾村镇": {"value": "310113109"}})
    ],
) -> CodeEntryOut:
    """Return a unit of the table; a code that is filled up with zeros means the unit without them."""
    return CodeEntryOut.model_validate(queries.entry(session, code, on))
