"""One case, its moves, and its log."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Response
from pydantic_core import to_json, to_jsonable_python

from api.access import Caller, asks
from api.case_move_schemas import LogList, MoveAskBody, entry_of
from api.case_schemas import CaseDetail, detail_of
from api.context import Context, RequestSession
from api.language import Lang
from api.retries import RetryKey
from api.routes import PREFIX
from gridmgmt.access.rules import Actor, Permission
from gridmgmt.casework import history, transitions
from gridmgmt.casework.idempotency import Keyed, answered, keep, keyed
from gridmgmt.casework.moves import RULES
from gridmgmt.casework.queries import check_shown
from gridmgmt.casework.transitions import MoveAsk
from gridmgmt.db import Session
from gridmgmt.errors import InputError, StaleVersionError, TransitionNotAllowedError, VersionMissingError
from gridmgmt.texts import Language

router = APIRouter(prefix=f"{PREFIX}/cases", tags=["cases"])

MOVING = sorted({rule.permission for rule in RULES.values() if rule.sources and rule.permission})
"""Whoever has one of these anywhere may make some move."""

_LONGEST_IF_MATCH = 100
_LONGEST_VERSION = 40
TRANSITIONS = "/{case_no:path}/transitions"
CaseNo = Annotated[str, Path(max_length=200, description="Number of the case.")]
IfMatch = Annotated[
    str | None,
    Header(
        max_length=_LONGEST_IF_MATCH,
        description='The case\'s `ETag` as it was seen, such as `"3"`, or `*` for any version.',
    ),
]
ETAG: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"ETag": {"description": "Its version, for `If-Match`.", "schema": {"type": "string"}}}}
}


@router.post(
    TRANSITIONS,
    summary="Move a case",
    response_model=CaseDetail,
    responses=ETAG,
    dependencies=[asks(*MOVING)],
)
async def move_case(
    context: Context,
    actor: Caller,
    lang: Lang,
    case_no: CaseNo,
    ask: MoveAskBody,
    if_match: IfMatch = None,
    key: RetryKey = None,
) -> Response:
    """Make one move of those that `moves` of the case lists, and return the case as it is then.

    A move that is not legal now is refused (409) with the legal ones under `errors`; a case that has moved since it was
    seen is refused (412), and so is a move that does not say what it has seen (428).
    """
    wanted = MoveAsk(ask.move, ask.given(), version_of(ask.version, if_match))
    request = None
    if key is not None:
        request = keyed(actor, key, f"POST /cases/{case_no}/transitions", ask.model_dump(mode="json"), if_match)
    return await context.in_transaction(partial(made, actor, case_no, wanted, request, context.clock(), lang))


def made(
    actor: Actor, case_no: str, wanted: MoveAsk, request: Keyed | None, now: datetime, lang: Language, session: Session
) -> Response:
    """Return the answer to a move; the one that was given before where the request comes again."""
    if request is not None and (before := answered(session, request, now)) is not None:
        return answer(before.body)
    try:
        moved = transitions.move(session, actor, case_no, wanted, now)
    except (StaleVersionError, TransitionNotAllowedError):
        # The same request may have moved it while this one waited for the case.
        if request is not None and (before := answered(session, request, now)) is not None:
            return answer(before.body)
        raise
    detail = detail_of(moved, lang)
    if request is not None:
        keep(session, request, 200, to_jsonable_python(detail), now)
    return answer(detail)


@router.get(
    "/{case_no:path}/log",
    summary="The log of a case, the oldest entry first",
    dependencies=[asks(Permission.READ)],
)
def read_log(session: RequestSession, actor: Caller, case_no: CaseNo, lang: Lang) -> LogList:
    """List all that was done to a case, in which role and why, with the time used in each stage.

    Those who work on cases are told the accounts too, and the remarks.
    """
    works = actor.works_on_cases
    check_shown(session, case_no, works_on_cases=works)
    entries, catalogue = history.log_of(session, case_no)
    return LogList(items=[entry_of(entry, catalogue, lang, works_on_cases=works) for entry in entries])


def answer(detail: Mapping[str, Any]) -> Response:
    """Return what :func:`api.case_schemas.detail_of` tells of a case as a body."""
    return Response(
        to_json(detail),
        media_type="application/json",
        headers={"ETag": f'"{detail["version"]}"', "Cache-Control": "private, no-cache"},
    )


def version_of(version: int | None, if_match: str | None) -> int | None:
    """Return the version that was seen, None for any.

    Raises
    ------
    VersionMissingError
        When neither way tells one.
    InputError
        When the header tells none, or another than the body.
    """
    if if_match is None:
        if version is None:
            raise VersionMissingError("case_version_missing")
        return version
    seen = if_match.strip().removeprefix("W/").strip('"')
    if seen == "*":
        return version
    known = seen.isascii() and seen.isdecimal() and len(seen) <= _LONGEST_VERSION
    if not known or (version is not None and int(seen) != version):
        raise InputError("if_match_malformed", field="If-Match", value=if_match[:_LONGEST_IF_MATCH])
    return int(seen)
