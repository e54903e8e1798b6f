"""Jobs: how far they are, how they ended, cancelling."""

from typing import Annotated

from fastapi import APIRouter, Path

from api.access import Caller, asks
from api.answers import Form
from api.context import RequestSession
from api.language import Lang
from api.routes import PREFIX
from api.schemas import JobError, JobOut
from gridmgmt.access.rules import Permission
from gridmgmt.errors import ForbiddenError, GridMgmtError
from gridmgmt.jobs import queries, service
from gridmgmt.jobs.models import Job, JobState
from gridmgmt.texts import Language, catalogue, text
from gridmgmt.uploads.service import JOB_KIND as UPLOAD

router = APIRouter(prefix=f"{PREFIX}/jobs", tags=["jobs"], dependencies=[asks(Permission.READ)])

JobId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Number of the job.")]


@router.get("/{job_id}", summary="How far a job is, or how it ended")
def read_job(session: RequestSession, actor: Caller, lang: Lang, job_id: JobId) -> JobOut:
    """Return the state of a job: its stage and progress while it runs, its result or error when it has ended.

    Why a file was refused is told to those alone who may import: the reason may tell what stands in it.
    """
    job = queries.job_by_id(session, job_id)
    found = _job_out(job, lang)
    if found.error is None or job.kind != UPLOAD or actor.holds(Permission.IMPORT):
        return found
    withheld = ForbiddenError("upload_withheld")
    return found.model_copy(update={"error": JobError(code=withheld.code, detail=withheld.message(lang))})


@router.delete("/{job_id}", summary="Cancel a job", dependencies=[asks(Permission.JOBS_CANCEL)])
def cancel_job(session: RequestSession, actor: Caller, form: Form, lang: Lang, job_id: JobId) -> JobOut:
    """End a waiting job at once, ask the worker of a running one to stop; an ended job cannot be cancelled (409).

    Not taken (403) in the public form, whose readers start no jobs.
    """
    if form == "public":
        raise ForbiddenError("jobs_withheld")
    return _job_out(service.cancel(session, actor, job_id), lang)


def job_error(job: Job, lang: Language) -> JobError | None:
    """Return why a job failed, None when it has not."""
    if job.error is None:
        return None
    return JobError(
        code=job.error["code"], detail=GridMgmtError(job.error["code"], **job.error["fields"]).message(lang)
    )


def stage_text(job: Job, lang: Language) -> str | None:
    """Return what is being done, in words."""
    return text(job.stage, lang) if job.stage and job.stage in catalogue() else job.stage


def _job_out(job: Job, lang: Language) -> JobOut:
    links = {"self": f"{PREFIX}/jobs/{job.job_id}"}
    if (run_id := job.arguments.get("run_id")) is not None:
        links["run"] = f"{PREFIX}/coverage/runs/{run_id}"
    if (siting_id := job.arguments.get("siting_run_id")) is not None:
        links["run"] = f"{PREFIX}/siting/runs/{siting_id}"
    if (generation_id := job.arguments.get("generation_id")) is not None:
        links["generation"] = f"{PREFIX}/cells/generations/{generation_id}"
    names = ("job_id", "kind", "stage", "progress", "attempt", "cancel_requested", "result", "created_at",
             "started_at", "finished_at")  # fmt: skip
    return JobOut(
        **{name: getattr(job, name) for name in names},
        state=JobState(job.state),
        stage_text=stage_text(job, lang),
        error=job_error(job, lang),
        links=links,
    )
