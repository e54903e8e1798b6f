"""Files given to be imported: sent, looked at, taken as jobs, with the rows that were refused."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from pydantic import ValidationError

from api.access import Caller, asks
from api.context import ApiContext, Context, RequestSession
from api.import_schemas import AgainAsk, FileKindList, FileKindOut, ImportOut, ImportSummary, RowProblem
from api.language import Lang
from api.paging import Page, Pages
from api.routes import PREFIX
from api.routes.jobs import job_error, stage_text
from api.schemas import JobError
from gridmgmt.access.rules import Actor, Permission
from gridmgmt.db import Session
from gridmgmt.editions.queries import boundary_edition
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import InputError, Problem
from gridmgmt.jobs.models import Job, JobState
from gridmgmt.jobs.queries import job_by_id, job_states
from gridmgmt.spreadsheets import harmless
from gridmgmt.texts import Language, catalogue, text
from gridmgmt.uploads import queries, service
from gridmgmt.uploads.folder import UploadFolder, upload_folder
from gridmgmt.uploads.models import Upload
from gridmgmt.uploads.rules import Received, hidden_options, plain, shown_name
from gridmgmt.uploads.service import UploadAsk

router = APIRouter(prefix=f"{PREFIX}/imports", tags=["imports"], dependencies=[asks(Permission.IMPORT)])

ImportId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Number of the import.")]
REFUSED = "text/csv; charset=utf-8"


@router.get("/kinds", summary="What kinds of files can be given, and what may be said of each")
def list_kinds(context: Context) -> FileKindList:
    """List the kinds with the endings of their formats and their options, for a form."""
    from gridmgmt.uploads.forms import forms  # noqa: PLC0415 -- brings the readers, which take seconds to load

    limit = context.settings.upload_limit_bytes
    return FileKindList(items=[FileKindOut.model_validate(form) for form in forms()], limit_bytes=limit)


class GivenFile:
    """What is said of a file in the address; the file itself is the body."""

    def __init__(
        self,
        file: Annotated[
            str, Query(min_length=1, max_length=400, description="Its name, whose ending tells the format.")
        ],
        kind: Annotated[str, Query(max_length=40, description="What it holds, see `/imports/kinds`.")],
        options: Annotated[
            str, Query(max_length=8000, description="What is said of it: a JSON object, see `/imports/kinds`.")
        ] = "{}",
        synthetic: Annotated[bool, Query(description="Its data are made up.")] = False,
        dry_run: Annotated[bool, Query(description="Store nothing, only look what would come of it.")] = False,
    ) -> None:
        self.name, self.kind = file, kind
        self._options, self._synthetic, self._dry_run = options, synthetic, dry_run

    def asked(self) -> UploadAsk:
        """Return what is asked, when all of it is valid."""
        said = _said(self.kind, _object(self._options), self.name)
        return UploadAsk(self.kind, said, synthetic=self._synthetic, dry_run=self._dry_run)


@router.post("", status_code=202, summary="Give a file to be imported")
async def give_file(
    request: Request,
    context: Context,
    actor: Caller,
    lang: Lang,
    response: Response,
    given: Annotated[GivenFile, Depends()],
) -> ImportOut:
    """Take the body of the request, a file, into the queue; it is on the disk before this answers.

    The same file again, under the same edition, is told as already there.
    """
    service.require_for(actor, given.kind)
    name = shown_name(given.name)
    asked = await run_sync(given.asked)
    received = await _receive(request, upload_folder(context.settings), name)
    out = await run_sync(_ask, context, actor, lang, name, received, asked)
    response.headers["Location"] = out.links["self"]
    return out


@router.get("", summary="Imports over HTTP, the newest first")
def list_imports(session: RequestSession, actor: Caller, pages: Pages) -> Page[ImportSummary]:
    """List given files, previews too, with how each ended: all, or one's own for who is bound to areas."""
    after = pages.after(int)
    own = None if actor.may(Permission.IMPORT) else actor.account_id
    found = queries.newest_uploads(session, pages.limit + 1, before=after[0] if after else None, account_id=own)
    states = job_states(session, [upload.job_id for upload in found])
    return pages.page(found, lambda u: ImportSummary(**_summary(u, states[u.job_id])), lambda u: (u.upload_id,))


@router.get("/{upload_id}", summary="How far an import is, or how it ended")
def read_import(session: RequestSession, context: Context, actor: Caller, lang: Lang, upload_id: ImportId) -> ImportOut:
    """Return state, stage and progress, the counts, the warnings, and why it was refused; cancel by `/jobs`."""
    return _import_out(session, upload_folder(context.settings), service.seen(session, actor, upload_id), lang)


@router.get("/{upload_id}/problems", summary="The refused rows of an import")
def list_problems(
    session: RequestSession, actor: Caller, pages: Pages, lang: Lang, upload_id: ImportId
) -> Page[RowProblem]:
    """List row, column, value and reason, of at most the first thousand; all are in `refused.csv`."""
    service.seen(session, actor, upload_id)
    after = pages.after(int)
    found = queries.problems(session, upload_id, pages.limit + 1, after=after[0] if after else 0)
    return pages.page(
        found, lambda p: _row_problem(Problem(p.row, p.code, p.fields), lang), lambda p: (p.number,)
    )  # fmt: skip


@router.get(
    "/{upload_id}/refused.csv",
    summary="All refused rows as a table",
    response_class=StreamingResponse,
    responses={200: {"description": "Row, column, value, code, reason.", "content": {"text/csv": {}}}},
)
def read_refused(
    session: RequestSession, context: Context, actor: Caller, lang: Lang, upload_id: ImportId
) -> StreamingResponse:
    """Return the refused rows as CSV in UTF-8; the first thousand alone once the file is kept no more."""
    upload = service.seen(session, actor, upload_id)
    kept = upload_folder(context.settings).problems(upload.stored_as, upload_id)
    if kept is None:
        rows = queries.problems(session, upload_id, limit=upload.problem_count)
        kept = iter([Problem(p.row, p.code, p.fields) for p in rows])
    headers = {"Content-Disposition": f'attachment; filename="import-{upload_id}.refused.csv"'}
    return StreamingResponse(_csv(kept, lang), media_type=REFUSED, headers=headers)


@router.post("/{upload_id}/again", status_code=202, summary="Take a given file again")
def take_again(
    session: RequestSession, context: Context, actor: Caller, lang: Lang, upload_id: ImportId, ask: AgainAsk
) -> ImportOut:
    """Enqueue the same file with the options given here: after a preview, or with other options after a refusal."""
    known = service.seen(session, actor, upload_id)
    folder = upload_folder(context.settings)
    asked = UploadAsk(
        known.kind, _said(known.kind, ask.options, known.file), synthetic=ask.synthetic, dry_run=ask.dry_run
    )
    return _import_out(session, folder, service.ask_again(session, actor, upload_id, folder, asked), lang)


async def _receive(request: Request, folder: UploadFolder, name: str) -> Received:
    """Write the body to the disk as it comes; nothing is left of one that breaks off."""
    incoming = await run_sync(folder.begin, name)
    try:
        async for chunk in request.stream():
            await run_sync(incoming.write, chunk)
        return await run_sync(incoming.finish)
    except BaseException:  # also a client that hangs up
        incoming.discard()
        raise


def _ask(
    context: ApiContext, actor: Actor, lang: Language, name: str, received: Received, asked: UploadAsk
) -> ImportOut:
    folder = upload_folder(context.settings)
    try:
        with context.transaction() as session:
            upload = service.ask(session, actor, name, received, asked)
            session.refresh(upload)
            return _import_out(session, folder, upload, lang)
    except BaseException:
        folder.discard(received.stored_as)
        raise


def _object(options: str) -> dict[str, Any]:
    try:
        found = json.loads(options)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InputError("upload_options_malformed", field="options", example='{"level": "town"}')
    return found


def _said(kind: str, options: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the options of a kind as they are kept, when they and the ending of the file's name fit the kind."""
    from gridmgmt.uploads.forms import check_suffix  # noqa: PLC0415 -- takes seconds to load
    from gridmgmt.uploads.records import UPLOAD_KINDS  # noqa: PLC0415 -- as above

    if kind not in UPLOAD_KINDS:
        raise InputError("upload_kind_unknown", field="kind", value=kind, known=", ".join(UPLOAD_KINDS))
    if hidden := sorted(hidden_options(kind) & options.keys()):
        raise InputError("upload_option_hidden", field="options", value=", ".join(hidden))
    check_suffix(kind, name)
    try:
        said = UPLOAD_KINDS[kind].model_validate(options)
    except ValidationError as error:
        found = [{**each, "loc": ("query", "options", *each["loc"])} for each in error.errors()]
        raise RequestValidationError(found) from error
    return said.model_dump(mode="json", exclude_unset=True)


def _summary(upload: Upload, state: JobState) -> dict[str, Any]:
    names = ("upload_id", "job_id", "kind", "file", "bytes", "dry_run", "asked_by", "asked_at", "outcome",
             "problem_count")  # fmt: skip
    return {**{name: getattr(upload, name) for name in names}, "state": state}


def _import_out(session: Session, folder: UploadFolder, upload: Upload, lang: Language) -> ImportOut:
    job = job_by_id(session, upload.job_id)
    here, outcome = f"{PREFIX}/imports/{upload.upload_id}", upload.outcome or {}
    own = ("options", "synthetic", "sha256", "found")
    return ImportOut(
        **_summary(upload, JobState(job.state)),
        **{name: getattr(upload, name) for name in own},
        stage=stage_text(job, lang),
        progress=job.progress,
        warnings=[text(f"warning.{code}", lang, **fields) for code, fields in outcome.get("warnings", ())],
        details=_details(upload, lang),
        error=_error(job, lang),
        kept=folder.path(upload.stored_as, upload.file).is_file(),
        draft_id=_draft_id(session, upload, job),
        links={
            "self": here,
            "job": f"{PREFIX}/jobs/{upload.job_id}",
            **{name: f"{here}/{name}" for name in ("problems", "refused.csv", "again")},
        },
    )


def _error(job: Job, lang: Language) -> JobError | None:
    """Return why a file was refused, in the words of a form where those of the catalogue are for the command line."""
    error = job_error(job, lang)
    if error is None or job.error is None or f"upload_error.{error.code}" not in catalogue():
        return error
    fields = dict(job.error["fields"])
    if (subject := f"subject.{fields.get('subject')}") in catalogue():
        fields["subject"] = text(subject, lang)
    return JobError(code=error.code, detail=text(f"upload_error.{error.code}", lang, **fields))


def _details(upload: Upload, lang: Language) -> list[str]:
    """Return what else is known of the file, as the command line tells it."""
    found = (upload.found or {}).get("details", {})
    told = ((f"import_detail.{name}", value) for name, value in found.items() if value)
    return [text(key, lang, value=_listed(value)).strip() for key, value in told if key in catalogue()]


def _listed(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_listed(each)}" for name, each in value.items())
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _draft_id(session: Session, upload: Upload, job: Job) -> int | None:
    if upload.dry_run or job.state != JobState.SUCCEEDED or (upload.outcome or {}).get("subject") != Subject.AREAS:
        return None
    draft = boundary_edition(session, (upload.outcome or {})["edition"])
    return None if draft is None else draft.edition_id


def _row_problem(problem: Problem, lang: Language) -> RowProblem:
    field, value = (plain(problem.fields.get(name)) for name in ("field", "value"))
    return RowProblem(
        row=problem.row,
        field=None if field is None else str(field),
        value=None if value is None else str(value),
        code=problem.code,
        detail=problem.message(lang),
    )


def _csv(problems: Iterator[Problem], lang: Language) -> Iterator[str]:
    """Yield the lines of a table; a value that a spreadsheet would take for a formula is quoted."""
    names = ("row", "field", "value", "code", "reason")
    yield "\ufeff" + _line([text(f"refused_csv.{name}", lang) for name in names])
    for problem in problems:
        told = _row_problem(problem, lang)
        yield _line([told.row, told.field, told.value, told.code, told.detail])


def _line(cells: list[Any]) -> str:
    stream = io.StringIO()
    csv.writer(stream).writerow(["" if cell is None else harmless(cell) for cell in cells])
    return stream.getvalue()
