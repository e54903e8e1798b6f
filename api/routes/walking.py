"""Scenarios: planned changes of the network and of service points; and what a gate would change."""

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path

from api.access import Caller, asks
from api.answers import Form
from api.context import Context, RequestSession
from api.routes import PREFIX
from api.walking_schemas import ScenarioIn, ScenarioList, ScenarioOut, ScenarioSummary, WhatIfAsk, WhatIfOut
from gridmgmt.access.rules import Permission
from gridmgmt.hours import parse_hours
from gridmgmt.units import minutes_to_s

if TYPE_CHECKING:
    from gridmgmt.walking.queries import Planned, ScenarioHead

router = APIRouter(prefix=f"{PREFIX}/walking", tags=["walking"], dependencies=[asks(Permission.READ)])

Name = Annotated[str, Path(min_length=1, max_length=80, description="Name, or name@version for an earlier version.")]
Code = Annotated[str, Path(min_length=1, max_length=64, description="Code of the gate.")]


@router.get("/scenarios", summary="Scenarios, by name")
def list_scenarios(session: RequestSession) -> ScenarioList:
    """List the last version of each scenario, without its edits."""
    from gridmgmt.walking import queries  # noqa: PLC0415 -- takes seconds to load

    return ScenarioList(items=[ScenarioSummary(**_fields(each)) for each in queries.scenarios(session)])


@router.get("/scenarios/{name}", summary="One scenario with its edits", response_model_exclude_unset=True)
def read_scenario(session: RequestSession, name: Name) -> ScenarioOut:
    """Return the last version of a scenario, or the one that is named."""
    from gridmgmt.walking import queries  # noqa: PLC0415 -- as above

    return _out(queries.planned(session, name))


@router.post(
    "/scenarios",
    status_code=201,
    summary="Save a scenario as its next version",
    response_model_exclude_unset=True,
    dependencies=[asks(Permission.COVERAGE_RUN)],
)
def save_scenario(session: RequestSession, actor: Caller, context: Context, ask: ScenarioIn) -> ScenarioOut:
    """Check the edits against the network and keep them; refused (422) with the number of the edit that cannot be.

    A scenario of somebody else is not changed (403), nor one that has changed since it was read (409).
    """
    from gridmgmt.walking import scenarios  # noqa: PLC0415 -- as above

    saved = scenarios.save(
        session, actor, ask.name, tuple(ask.edits), on=ask.on or context.today(), seen_version=ask.seen_version
    )
    return _out(saved)


@router.delete("/scenarios/{name}", summary="Delete a scenario", dependencies=[asks(Permission.COVERAGE_RUN)])
def delete_scenario(session: RequestSession, actor: Caller, name: Name) -> ScenarioSummary:
    """Delete a scenario of one's own and return what it was; what was computed with it stays."""
    from gridmgmt.walking import scenarios  # noqa: PLC0415 -- as above

    return ScenarioSummary(**_fields(scenarios.delete(session, actor, name)))


@router.post(
    "/gates/{code}/what-if",
    summary="What opening, closing or other hours of a gate would change",
    dependencies=[asks(Permission.COVERAGE_RUN)],
)
def ask_what_if(
    session: RequestSession, actor: Caller, context: Context, form: Form, code: Code, body: WhatIfAsk | None = None
) -> WhatIfOut:
    """Tell minutes before and after of the places whose walk changes, by area and age band; nothing is kept.

    In the public form without places and age bands, in whole minutes, small numbers withheld, on the usual terms alone,
    and each takes one of the day's questions about spots (403).
    """
    from gridmgmt.placeability import budget  # noqa: PLC0415 -- as above
    from gridmgmt.walking.gates import check_public_terms, public_form, what_if  # noqa: PLC0415 -- as above

    ask = body or WhatIfAsk()
    hours: Any = "same" if ask.hours is None else None if ask.hours == "always" else parse_hours(ask.hours).spans
    question, today, allowed = ask.question(context.today()), context.today(), context.settings.place_questions_per_day
    if form == "public":
        check_public_terms(question)
        budget.check(session, actor, today, allowed)
    found = what_if(session, question, code, access=ask.access, spans=hours, limit_s=minutes_to_s(ask.minutes))
    if form == "public":
        found = public_form(found, context.settings.suppression_threshold)
        budget.spend(session, actor, today, allowed)
    return WhatIfOut.of(found)


def _fields(planned: "Planned | ScenarioHead") -> dict[str, Any]:
    names = ("name", "version", "owner", "saved_by", "saved_at", "network_edition", "edit_count")
    return {name: getattr(planned, name) for name in names}


def _out(planned: "Planned") -> ScenarioOut:
    return ScenarioOut(**_fields(planned), edits=list(planned.edits))
