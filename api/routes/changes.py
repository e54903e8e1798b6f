"""The log of every change."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.access import asks
from api.access_schemas import ChangeOut, LogCheck
from api.context import RequestSession
from api.paging import Page, Pages
from api.routes import PREFIX
from api.schemas import Moment
from gridmgmt.access import queries, service
from gridmgmt.access.rules import Permission

router = APIRouter(prefix=f"{PREFIX}/changes", tags=["access"], dependencies=[asks(Permission.LOG_READ)])


@router.get("", summary="Who changed what, the newest first")
def list_changes(
    session: RequestSession,
    pages: Pages,
    object: Annotated[str | None, Query(max_length=200, description="Only of this object, as `account:lihua`.")] = None,  # noqa: A002 -- its name outside
    action: Annotated[str | None, Query(max_length=100, description="Only this action, as `account.create`.")] = None,
    since: Annotated[Moment | None, Query(description="Only from this moment on.")] = None,
) -> Page[ChangeOut]:
    """List the log: actor, action, object, what was before and what is after."""
    after = pages.after(int)
    found = queries.changes(
        session, object_=object, action=action, since=since, before_id=after[0] if after else None,
        limit=pages.limit + 1,
    )  # fmt: skip
    return pages.page(found, ChangeOut.model_validate, lambda change: (change.change_id,))


@router.get("/check", summary="Whether the log is whole")
def check_log(session: RequestSession) -> LogCheck:
    """Check every entry against its hash and that of the one before."""
    return LogCheck.model_validate(service.verify_changes(session))
