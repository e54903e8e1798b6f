"""Assessments: schemes, rounds with their ranking and scores, what is entered, appeals, signatures."""

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from api.access import Caller, asks
from api.assessment_answers import result_out, round_out, scheme_detail, scheme_out, score_out
from api.assessment_schemas import (
    AssessmentAppealAsk,
    AssessmentEntryAsk,
    AssessmentEventOut,
    AssessmentFormat,
    AssessmentResultOut,
    AssessmentRoundAsk,
    AssessmentRoundOut,
    AssessmentSchemeAsk,
    AssessmentSchemeDetail,
    AssessmentSchemeOut,
    AssessmentVerification,
    DeductionAsk,
    ScoreOut,
    SignedDocument,
    VetoAsk,
)
from api.context import Context, RequestSession
from api.inline import inline_policy
from api.language import Lang
from api.paging import Page, Pages
from api.routes import PREFIX
from gridmgmt.access.rules import Permission
from gridmgmt.assessment import queries, service
from gridmgmt.assessment.document import scheme_document
from gridmgmt.assessment.files import scheme_of
from gridmgmt.assessment.rules import EventEffect, Named, NewEntry, NewEvent
from gridmgmt.assessment.service import Appeal, NewRound
from gridmgmt.editions.queries import holds_synthetic
from gridmgmt.errors import ConflictError

if TYPE_CHECKING:
    from gridmgmt.db import Session
    from gridmgmt.reports.render import Rendered
    from gridmgmt.texts import Language

router = APIRouter(prefix=f"{PREFIX}/assessment", tags=["assessment"], dependencies=[asks(Permission.READ)])
writes = [asks(Permission.ASSESSMENT_WRITE)]
signs = [asks(Permission.ASSESSMENT_SIGN)]

MOST_ID = 2_147_483_647
RoundId = Annotated[int, Path(ge=1, le=MOST_ID, description="Number of the round.")]
Subject = Annotated[str, Path(max_length=64, description="Code of a street or department that is assessed.")]
Item = Annotated[str, Path(max_length=64, description="Code of an item of the round's scheme.")]
_FILES: dict[str, dict[str, object]] = {
    "text/csv": {},
    "text/html": {},
    "application/pdf": {},
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {},
}
_AS_FILE: dict[int | str, dict[str, Any]] = {200: {"description": "The report.", "content": _FILES}}


@router.get("/schemes", summary="Schemes of assessment, the last kept first")
def list_schemes(session: RequestSession, pages: Pages, lang: Lang) -> Page[AssessmentSchemeOut]:
    """List the editions of all schemes."""
    after = pages.after(int)
    rows = queries.scheme_summaries(session, after=after[0] if after else None, limit=pages.limit + 1)
    return pages.page(rows, lambda row: scheme_out(row, lang), lambda row: (row.scheme_id,))


@router.post("/schemes", status_code=201, summary="Keep an edition of a scheme", dependencies=writes)
def add_scheme(
    session: RequestSession, context: Context, actor: Caller, ask: AssessmentSchemeAsk, lang: Lang
) -> AssessmentSchemeDetail:
    """Keep a scheme, which never changes afterwards. Weights that do not sum to 100 exactly are refused (422).

    Under the preset `subdistricts_2015`, so are public management, public service and public safety unless they sum
    to 65.
    """
    new = scheme_of(ask.model_dump(mode="json"))
    return _scheme(session, service.add_scheme(session, actor, new, now=context.clock()), lang)


@router.get("/schemes/{scheme_id}", summary="One scheme with its items")
def read_scheme(
    session: RequestSession,
    scheme_id: Annotated[int, Path(ge=1, le=MOST_ID, description="Number of the scheme.")],
    lang: Lang,
) -> AssessmentSchemeDetail:
    """Return a scheme with its groups, items, weights and scales."""
    return _scheme(session, scheme_id, lang)


@router.get("/rounds", summary="Rounds of assessment, the last opened first")
def list_rounds(session: RequestSession, pages: Pages, lang: Lang) -> Page[AssessmentRoundOut]:
    """List rounds of streets and of departments, open and signed."""
    after = pages.after(int)
    rows = queries.round_summaries(session, after=after[0] if after else None, limit=pages.limit + 1)
    return pages.page(rows, lambda row: round_out(row, lang), lambda row: (row.round_id,))


@router.post("/rounds", status_code=201, summary="Open a round", dependencies=writes)
def open_round(session: RequestSession, actor: Caller, ask: AssessmentRoundAsk, lang: Lang) -> AssessmentRoundOut:
    """Apply a scheme to streets or departments in a period."""
    new = NewRound(ask.scheme_id, Named(ask.name.zh, ask.name.en), ask.first, ask.last, ask.subjects)
    return round_out(queries.round_summary(session, service.open_round(session, actor, new)), lang)


@router.get(
    "/rounds/{round_id}",
    summary="One round: ranking, scores, events",
    response_model=AssessmentResultOut,
    responses=_AS_FILE,
)
def read_round(
    session: RequestSession,
    context: Context,
    round_id: RoundId,
    lang: Lang,
    format: Annotated[  # noqa: A002 -- its name outside
        AssessmentFormat, Query(description="What to write it as; CSV holds the ranking with the scores of each item.")
    ] = "json",
) -> AssessmentResultOut | Response:
    """Return a round as it is now, or as it was signed. What is not judged is not 0: see `judged_weight`.

    `total` = points × 100 / judged_weight − deductions. The vetoed have no rank, and their points are shown.
    """
    document, synthetic = service.result(session, round_id, now=context.clock()), bool(holds_synthetic(session))
    if format == "json":
        return result_out(queries.round_summary(session, round_id), document, lang, synthetic=synthetic)
    from gridmgmt.reports.assessment import render_round  # noqa: PLC0415 -- takes seconds to load

    sha256 = queries.round_summary(session, round_id).sha256
    return _file(render_round(document, format, lang=lang, synthetic=synthetic, sha256=sha256))


@router.get("/rounds/{round_id}/document", summary="What was signed, byte by byte", response_model=SignedDocument)
def read_signed(session: RequestSession, round_id: RoundId) -> Response:
    """Return the signed result as the very text over which the SHA-256 was taken; 409 before it is signed."""
    content = queries.round_row(session, round_id).document
    if content is None:
        raise ConflictError("assessment_unsigned", value=round_id)
    return Response(content, media_type="application/json")


@router.get("/rounds/{round_id}/verification", summary="Whether what is kept is what was signed")
def verify_round(session: RequestSession, round_id: RoundId) -> AssessmentVerification:
    """Compare the hashes of what is kept, of what was kept beside it, and of the log of changes."""
    found = service.verify(session, round_id)
    return AssessmentVerification(**vars(found), intact=found.intact)


@router.get("/rounds/{round_id}/scores/{subject}/{item}", summary="One score with all that it stands on")
def read_score(
    session: RequestSession, context: Context, round_id: RoundId, subject: Subject, item: Item, lang: Lang
) -> ScoreOut:
    """Return numerator, denominator and their lists of cases; count and mean of a survey; value and document."""
    document = service.result(session, round_id, now=context.clock(), only=item)
    entries = queries.entries_of(session, round_id, subject, item)
    row, synthetic = queries.round_summary(session, round_id), bool(holds_synthetic(session))
    return score_out(row, document, (subject, item), entries, lang, synthetic=synthetic)


@router.post("/rounds/{round_id}/entries", status_code=201, summary="Enter a survey or a value", dependencies=writes)
def add_entry(
    session: RequestSession, context: Context, actor: Caller, round_id: RoundId, ask: AssessmentEntryAsk, lang: Lang
) -> ScoreOut:
    """Enter the mean of so many respondents, or a value with its document; it takes the place of the one before.

    A signed round takes nothing any more (409).
    """
    new = NewEntry(
        ask.subject, ask.item, ask.value, ask.sample, ask.judge, ask.document, ask.document_sha256
    )  # fmt: skip
    service.enter(session, actor, round_id, new)
    return read_score(session, context, round_id, ask.subject, ask.item, lang)


@router.post("/rounds/{round_id}/deductions", status_code=201, summary="Take points away", dependencies=writes)
def add_deduction(session: RequestSession, actor: Caller, round_id: RoundId, ask: DeductionAsk) -> AssessmentEventOut:
    """Hold a deduction with its document against a subject, which stays in the ranking with what is left."""
    new = NewEvent(
        ask.subject, EventEffect.DEDUCTION, ask.cause, ask.occurred_on, ask.document, ask.points, ask.document_sha256
    )
    return _event(session, round_id, service.hold_against(session, actor, round_id, new))


@router.post("/rounds/{round_id}/vetoes", status_code=201, summary="Veto a subject", dependencies=writes)
def add_veto(session: RequestSession, actor: Caller, round_id: RoundId, ask: VetoAsk) -> AssessmentEventOut:
    """Hold a veto with its document against a subject: out of the ranking, with its points still shown."""
    new = NewEvent(ask.subject, EventEffect.VETO, ask.cause, ask.occurred_on, ask.document, None, ask.document_sha256)
    return _event(session, round_id, service.hold_against(session, actor, round_id, new))


@router.post("/rounds/{round_id}/appeals", status_code=201, summary="Lodge or decide an appeal", dependencies=writes)
def appeal(session: RequestSession, actor: Caller, round_id: RoundId, ask: AssessmentAppealAsk) -> AssessmentEventOut:
    """Lodge an appeal against a deduction or veto; who decides one must be allowed to sign."""
    service.appeal(session, actor, round_id, Appeal(ask.event_id, ask.state, ask.document))
    return _event(session, round_id, ask.event_id)


@router.post("/rounds/{round_id}/sign", status_code=201, summary="Sign a round off", dependencies=signs)
def sign_round(
    session: RequestSession, context: Context, actor: Caller, round_id: RoundId, lang: Lang
) -> AssessmentRoundOut:
    """Keep the result as it is with its SHA-256, once the period is over and every appeal decided; it is final."""
    service.sign(session, actor, round_id, now=context.clock())
    return round_out(queries.round_summary(session, round_id), lang)


def _scheme(session: "Session", scheme_id: int, lang: "Language") -> AssessmentSchemeDetail:
    return scheme_detail(scheme_document(queries.scheme_facts(session, scheme_id)), lang)


def _event(session: "Session", round_id: int, event_id: int) -> AssessmentEventOut:
    event = queries.held_event(queries.event_row(session, round_id, event_id))
    return AssessmentEventOut(**vars(event), subject=event.subject_code, counts=event.counts)


def _file(rendered: "Rendered") -> Response:
    headers = {"Content-Disposition": f'inline; filename="{rendered.file_name}"'}
    if rendered.media_type.startswith("text/html"):
        headers["Content-Security-Policy"] = inline_policy(rendered.content.decode())
    return Response(rendered.content, media_type=rendered.media_type, headers=headers)
