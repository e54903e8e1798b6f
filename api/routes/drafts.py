"""Drafts of boundary editions: opened, filled from files, edited, compared, checked, approved, in force."""

import json
from datetime import date
from functools import partial
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from api.access import Caller, asks
from api.answers import Form
from api.boundary_schemas import EditionDetail, EditionList
from api.context import ApiContext, Context, RequestSession
from api.draft_schemas import (
    ActivationAsk,
    ApprovalAsk,
    DiffOut,
    DraftAsk,
    DraftOut,
    EditAsk,
    FileTaken,
    MergeAsk,
    MoveBorderAsk,
    MoveToParentAsk,
    NamedAsk,
    PromoteAsk,
    RecodeAsk,
    RenameAsk,
    RetireAsk,
    SplitAsk,
    WithdrawalAsk,
)
from api.geometries import line, surface
from api.language import Lang
from api.routes import PREFIX
from api.routes.editions import CHANGEABLE, edition_detail, overviews
from api.schemas import ProblemError
from api.uploads import FileAsk, Target, take, with_body
from gridmgmt.access.rules import Actor, Permission
from gridmgmt.boundaries import service
from gridmgmt.boundaries.diff import diff, diff_geojson, diff_json
from gridmgmt.boundaries.findings import tolerances_of
from gridmgmt.boundaries.rules import Named
from gridmgmt.db import Session
from gridmgmt.editions import queries
from gridmgmt.editions.models import Edition
from gridmgmt.editions.rules import Subject
from gridmgmt.editions.service import require_version
from gridmgmt.texts import Language, text

if TYPE_CHECKING:
    from gridmgmt.imports import Outcome

router = APIRouter(prefix=f"{PREFIX}/drafts", tags=["drafts"], dependencies=[asks(Permission.READ)])

DraftId = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of the boundary edition.")]
DraftName = Annotated[str, Query(min_length=1, max_length=200, description="Name of the draft.")]
Source = Annotated[str | None, Query(max_length=500, description="Who made the file, under which licence.")]
GEOJSON = "application/geo+json"
drafting = [asks(Permission.AREAS_DRAFT)]


class Changed:
    """A draft that a request changes, as its caller has seen it."""

    def __init__(
        self,
        draft_id: DraftId,
        if_match: Annotated[
            str | None,
            Header(max_length=100, description="The draft's `ETag` as it was seen, or `*`; every change needs it."),
        ] = None,
    ) -> None:
        self._draft_id = draft_id
        self._seen = None if if_match is None else if_match.strip().removeprefix("W/").strip('"')

    def draft(self, session: Session) -> Edition:
        """Return the draft, locked, when it is still what was seen."""
        found = queries.boundary_edition_of(session, self._draft_id)
        require_version(session, found, self._seen)
        return found


ChangedDraft = Annotated[Changed, Depends()]


@router.get("", summary="Drafts on their way into force")
def list_drafts(session: RequestSession, context: Context) -> EditionList:
    """List the boundary editions that are drafted, checked or approved; all others stand in `/editions`."""
    today = context.today()
    lives = overviews(session, today)
    found = [e for e in queries.editions(session, subject=Subject.AREAS) if lives[e.name].status in CHANGEABLE]
    return EditionList(items=[edition_detail(edition, lives, today) for edition in found])


@router.post("", status_code=201, summary="Open a draft", dependencies=drafting)
def open_draft(session: RequestSession, context: Context, actor: Caller, ask: DraftAsk, response: Response) -> DraftOut:
    """Open a draft that edits and files change; asked twice, its name is taken (409)."""
    draft = service.open_draft(session, actor, ask.name, ask.planned_from, ask.source)
    return _answer(session, context, draft, response)


@router.post("/files", status_code=201, summary="Take a file into the draft of a name", dependencies=drafting)
async def add_file_by_name(
    request: Request,
    context: Context,
    actor: Caller,
    lang: Lang,
    ask: Annotated[FileAsk, Depends()],
    name: DraftName,
    planned_from: Annotated[date, Query(description="The day from which the draft is to be in force.")],
    source: Source = None,
) -> FileTaken:
    """Take areas of one level from a file, the body, into a draft that is opened where there is none of that name.

    The first areas of an empty folder come in this way. The same file again changes nothing.
    """
    target = Target(name, planned_from, source or ask.file)
    return await with_body(request, ask.file, partial(_take, context, actor, lang, ask, target))


@router.get("/{draft_id}", summary="One boundary edition with its steps")
def read_draft(session: RequestSession, context: Context, draft_id: DraftId, response: Response) -> DraftOut:
    """Return how far a draft is; its `ETag` is what a change sends as `If-Match`."""
    return _answer(session, context, queries.boundary_edition_of(session, draft_id), response)


@router.post("/{draft_id}/files", status_code=201, summary="Take a file into a draft", dependencies=drafting)
async def add_file(
    request: Request,
    context: Context,
    actor: Caller,
    lang: Lang,
    ask: Annotated[FileAsk, Depends()],
    changed: ChangedDraft,
    source: Source = None,
) -> FileTaken:
    """Take areas of one level from a file, the body; refused rows are listed under `errors`, and nothing is kept.

    Areas of the same code end, those that are just the same stay.
    """

    def use(path: FilePath) -> FileTaken:
        with context.transaction() as session:
            draft = changed.draft(session)
            target = Target(draft.name, draft.planned_from or context.today(), source or ask.file)
            return _taken(session, context, take(session, actor, path, ask, target), lang)

    return await with_body(request, ask.file, use)


@router.post("/{draft_id}/edits", summary="Edit a draft", dependencies=drafting)
def edit_draft(
    session: RequestSession, context: Context, actor: Caller, changed: ChangedDraft, ask: EditAsk, response: Response
) -> DraftOut:
    """Split, merge, move a border, move to another parent, promote, rename, recode or retire.

    All land is kept, areas above and codes below go along; a draft that was checked is to be checked again.
    """
    draft = changed.draft(session)
    _edit(session, actor, draft, ask)
    return _answer(session, context, draft, response)


@router.get("/{draft_id}/diff", summary="What a boundary edition changes")
def read_diff(session: RequestSession, context: Context, form: Form, draft_id: DraftId) -> DiffOut:
    """Return by level which areas change how, the land that moves, and who and what is on it.

    Before are the boundaries of the edition's first day without it; one that was withdrawn has no diff (409). The
    public form holds no residents: one border drawn twice would tell of single places.
    """
    document = diff_json(diff(session, queries.boundary_edition_of(session, draft_id), context.today()))
    if form == "public":
        for each in (document, *document["levels"]):
            each["affected"] |= {"places": None, "residents_60_plus": None}
    return DiffOut.model_validate(document)


@router.get(
    "/{draft_id}/diff.geojson",
    summary="The same for a map",
    response_class=Response,
    responses={200: {"description": "Areas before and after, and the land that moves.", "content": {GEOJSON: {}}}},
)
def read_diff_geojson(session: RequestSession, context: Context, draft_id: DraftId) -> Response:
    """Return each area that changes with `side` before or after, and for each level the land that moves."""
    found = diff_geojson(diff(session, queries.boundary_edition_of(session, draft_id), context.today()))
    return Response(json.dumps(found, ensure_ascii=False), media_type=GEOJSON)


@router.post("/{draft_id}/check", summary="Check a draft", dependencies=drafting)
def check_draft(
    session: RequestSession, context: Context, actor: Caller, changed: ChangedDraft, response: Response
) -> DraftOut:
    """Check the topology of a draft beside all that is in force; the findings are `/topology?edition=`.

    Takes seconds for a district of 27 000 cells.
    """
    draft = changed.draft(session)
    service.check(session, actor, draft, tolerances_of(context.settings))
    return _answer(session, context, draft, response)


@router.post("/{draft_id}/approve", summary="Approve a draft", dependencies=[asks(Permission.AREAS_APPROVE)])
def approve_draft(
    session: RequestSession,
    context: Context,
    actor: Caller,
    changed: ChangedDraft,
    ask: ApprovalAsk,
    response: Response,
) -> DraftOut:
    """Approve a checked draft by a document: without errors (422), and with a reason where there are warnings (422).

    Nobody approves a draft of their own (403) but an administrator.
    """
    draft = changed.draft(session)
    service.approve(session, actor, draft, ask.document, ask.dated, ask.reason)
    return _answer(session, context, draft, response)


@router.post("/{draft_id}/activate", summary="Put a draft in force", dependencies=[asks(Permission.AREAS_ACTIVATE)])
def activate_draft(
    session: RequestSession,
    context: Context,
    actor: Caller,
    changed: ChangedDraft,
    ask: ActivationAsk,
    response: Response,
) -> DraftOut:
    """Let an approved draft be in force from a day on; readers see it whole or not at all."""
    draft = changed.draft(session)
    service.activate(session, actor, draft, ask.on)
    return _answer(session, context, draft, response)


@router.post("/{draft_id}/withdraw", summary="Give a draft up", dependencies=drafting)
def withdraw_draft(
    session: RequestSession,
    context: Context,
    actor: Caller,
    changed: ChangedDraft,
    ask: WithdrawalAsk,
    response: Response,
) -> DraftOut:
    """End a draft that will never be in force; it stays as a record."""
    draft = changed.draft(session)
    service.withdraw(session, actor, draft, ask.reason)
    return _answer(session, context, draft, response)


def _edit(session: Session, actor: Actor, draft: Edition, ask: EditAsk) -> None:
    match ask:
        case SplitAsk():
            cut = line(ask.line, "line")
            service.split(session, actor, draft, ask.code, cut, [_named(each) for each in ask.pieces])
        case MergeAsk():
            service.merge(session, actor, draft, ask.codes, _named(ask.into))
        case MoveBorderAsk():
            drawn = None if ask.line is None else line(ask.line, "line")
            given = None if ask.piece is None else surface(ask.piece, "piece")
            service.move_border(session, actor, draft, ask.one, ask.other, line=drawn, piece=given)
        case MoveToParentAsk():
            service.move_to_parent(session, actor, draft, ask.code, ask.parent, new_code=ask.new_code)
        case PromoteAsk():
            service.promote(session, actor, draft, ask.unit, _named(ask.into))
        case RenameAsk():
            service.rename(session, actor, draft, ask.code, ask.name)
        case RecodeAsk():
            service.recode(session, actor, draft, ask.code, ask.new_code)
        case RetireAsk():
            service.retire(session, actor, draft, ask.code)


def _named(ask: NamedAsk) -> Named:
    return Named(ask.code, ask.name)


def _take(context: ApiContext, actor: Actor, lang: Language, ask: FileAsk, target: Target, path: FilePath) -> FileTaken:
    with context.transaction() as session:
        return _taken(session, context, take(session, actor, path, ask, target), lang)


def _taken(session: Session, context: ApiContext, outcome: "Outcome", lang: Language) -> FileTaken:
    draft = queries.boundary_edition(session, outcome.edition)
    assert draft is not None  # noqa: S101 -- it has just taken the file
    return FileTaken(
        draft=_draft_out(session, context, draft),
        read=outcome.read,
        taken=outcome.taken,
        refused=outcome.refused,
        new=outcome.new,
        errors=[ProblemError(row=p.row, code=p.code, detail=p.message(lang)) for p in outcome.problems],
        warnings=[text(f"warning.{code}", lang, **fields) for code, fields in outcome.warnings],
    )


def _answer(session: Session, context: ApiContext, draft: Edition, response: Response) -> DraftOut:
    out = _draft_out(session, context, draft)
    response.headers["ETag"] = f'"{out.version}"'
    return out


def _draft_out(session: Session, context: ApiContext, draft: Edition) -> DraftOut:
    today = context.today()
    detail: EditionDetail = edition_detail(draft, overviews(session, today), today)
    here = f"{PREFIX}/drafts/{draft.edition_id}"
    names = ("diff", "diff.geojson", "files", "edits", "check", "approve", "activate", "withdraw")
    return DraftOut(**detail.model_dump(), links={"self": here, **{name: f"{here}/{name}" for name in names}})
