"""Whether spots are placeable for new service points, and the norms that they are held to.

The rooms that search (numba, pandas) take seconds to import, so they are imported where they are first asked for.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from api.access import Caller, asks
from api.answers import Form
from api.context import Context, OnDate, RequestSession
from api.inline import inline_policy
from api.language import Lang
from api.placeability_schemas import CandidatesIn, NormSetList, NormSetOut, PlaceIn, QuestionsOut, RankedList
from api.routes import PREFIX
from gridmgmt.access.rules import Actor, Permission
from gridmgmt.coverage.document import ResultForm
from gridmgmt.errors import ForbiddenError
from gridmgmt.placeability.card import PlaceabilityCard

router = APIRouter(prefix=PREFIX, tags=["placeability"], dependencies=[asks(Permission.READ)])

CARD_CONTENT: dict[str, Any] = {
    "application/json": {"schema": {"$ref": "#/components/schemas/PlaceabilityCard"}},
    "text/html": {},
}
RANKED_CONTENT: dict[str, Any] = {
    "application/json": {"schema": {"$ref": "#/components/schemas/RankedList"}},
    "application/geo+json": {},
    "text/csv": {},
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {},
}
_BRIEF = {"places": (), "areas": ()}


@router.post(
    "/placeability",
    summary="Whether a spot is placeable for a new service point",
    response_model=PlaceabilityCard,
    responses={200: {"description": "The card.", "content": CARD_CONTENT}},
)
def judge_spot(
    session: RequestSession,
    context: Context,
    actor: Caller,
    form: Form,
    lang: Lang,
    ask: PlaceIn,
    format: Annotated[Literal["json", "html"], Query(description="What to write it as.")] = "json",  # noqa: A002 -- its name outside
) -> Response:
    """Judge a spot by twelve checks, each with its evidence; nothing is kept.

    In the public form the spot is moved to a lattice of 100 m, residents are told in tens, small numbers are withheld,
    only the usual terms are answered, and a day has so many questions (403 when they are spent).
    """
    from gridmgmt.placeability.service import Reader, place  # noqa: PLC0415 -- see the module
    from gridmgmt.reports.placeability import card_html  # noqa: PLC0415 -- as above

    today = context.today()
    settings = context.settings
    reader = Reader(_form(form, actor), settings.suppression_threshold, settings.place_questions_per_day, today)
    card = place(session, actor, ask.candidate(), ask.terms(), on=ask.on or today, reader=reader)
    headers = {"Cache-Control": "no-store"}
    if format == "html":
        page = card_html(card, lang)
        headers["Content-Security-Policy"] = inline_policy(page)
        return Response(page, media_type="text/html; charset=utf-8", headers=headers)
    if ask.detail == "brief":
        card = _brief(card)
    return Response(card.model_dump_json(), media_type="application/json", headers=headers)


@router.get("/placeability/questions", summary="How many questions about spots are left today")
def read_questions(session: RequestSession, context: Context, actor: Caller, form: Form) -> QuestionsOut:
    """Tell in which form the caller is answered, and how many of today's questions are left; asking this takes none."""
    from gridmgmt.placeability import budget  # noqa: PLC0415 -- see the module

    answered, today = _form(form, actor), context.today()
    if answered == "exact":
        return QuestionsOut(form=answered, on=today, allowed=None, left=None)
    allowed = context.settings.place_questions_per_day
    return QuestionsOut(form=answered, on=today, allowed=allowed, left=budget.left(session, actor, today, allowed))


@router.post(
    "/placeability/candidates",
    summary="Many spots under the same terms, ranked",
    dependencies=[asks(Permission.COVERAGE_RUN)],
    response_model=RankedList,
    responses={200: {"description": "The ranked candidates.", "content": RANKED_CONTENT}},
)
def judge_candidates(
    session: RequestSession,
    context: Context,
    actor: Caller,
    form: Form,
    lang: Lang,
    ask: CandidatesIn,
    format: Annotated[  # noqa: A002 -- its name outside
        Literal["json", "csv", "xlsx", "geojson"], Query(description="What to write them as.")
    ] = "json",
) -> Response:
    """Judge up to 500 spots and rank them; not given (403) in the public form."""
    from gridmgmt.placeability.batch import ranked  # noqa: PLC0415 -- see the module
    from gridmgmt.placeability.service import place_many  # noqa: PLC0415 -- as above
    from gridmgmt.reports.placeability import render_ranked  # noqa: PLC0415 -- as above

    if form == "public":
        raise ForbiddenError("runs_withheld")
    candidates = [each.candidate() for each in ask.candidates]
    cards = place_many(session, actor, candidates, ask.terms(), on=ask.on or context.today())
    rendered = render_ranked(ranked(cards), format, lang)
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'inline; filename="{rendered.file_name}"'}
    return Response(rendered.content, media_type=rendered.media_type, headers=headers)


@router.get("/norms", summary="Norm sets in force")
def list_norms(session: RequestSession, on: OnDate) -> NormSetList:
    """List the norm sets in force on a day with their norms."""
    from gridmgmt.placeability import queries  # noqa: PLC0415 -- see the module

    return NormSetList(on=on, items=[NormSetOut.model_validate(each) for each in queries.norm_sets(session, on)])


def _form(form: ResultForm, actor: Actor) -> ResultForm:
    """Return the form that a caller gets: exact for those alone who may also ask for runs."""
    return form if actor.holds(Permission.COVERAGE_RUN) else "public"


def _brief(card: PlaceabilityCard) -> PlaceabilityCard:
    """Return a card without its long lists."""
    gain = card.facts.gain
    if gain is not None:
        card = card.model_copy(update={"facts": card.facts.model_copy(update={"gain": gain.model_copy(update=_BRIEF)})})
    return card.model_copy(update={"inputs": (), "norm_sets": ()})
