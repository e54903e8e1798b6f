"""Reports and moves of cases in the fewest steps: more of them are made than of all other changes together.

As with :mod:`api.positions`, finding the route among all and every declared value takes about as long as the change. A
plain one is made and answered before all that. One that is refused, or comes with a key for retries or with names in
its address, goes on to the route as it is declared, which runs into the same and tells it in words: nothing of a
refused change has stayed.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.case_move_schemas import MoveAskBody
from api.context import ApiContext
from api.language import language_of
from api.positions import Route
from api.problems import known
from api.query_names import is_plain
from api.report_schemas import ReportIn
from api.routes import PREFIX
from api.routes.case_intake import REPORTING, reported
from api.routes.case_moves import MOVING, TRANSITIONS, made, version_of
from gridmgmt.access.rules import Actor, Permission
from gridmgmt.casework.transitions import MoveAsk
from gridmgmt.db import Session
from gridmgmt.errors import GridMgmtError, UnavailableError
from gridmgmt.texts import Language

Work = Callable[[Actor, Session], Response]


class _HandedOnError(Exception):
    """The route as it is declared has more to say of whoever asks."""


@dataclass(frozen=True)
class _Plain:
    """A kind of change: its address, the route that declares it, the permissions it asks for one of, what it does."""

    path: re.Pattern[str]
    route: Route
    asks: Sequence[Permission]
    work: Callable[[str, bytes, Request, datetime, Language], Work]
    """Of what the path names, and the body."""


def _move(case_no: str, body: bytes, request: Request, now: datetime, lang: Language) -> Work:
    ask = MoveAskBody.model_validate_json(body)
    wanted = MoveAsk(ask.move, ask.given(), version_of(ask.version, request.headers.get("if-match")))
    return lambda actor, session: made(actor, case_no, wanted, None, now, lang, session)


def _report(_path: str, body: bytes, _request: Request, now: datetime, lang: Language) -> Work:
    ask = ReportIn.model_validate_json(body)
    return lambda actor, session: reported(actor, lang, ask, None, now, session)


PLAIN = (
    _Plain(re.compile(rf"{PREFIX}/cases()"), Route(f"{PREFIX}/cases"), (REPORTING,), _report),
    _Plain(
        re.compile(rf"{PREFIX}/cases/(.{{1,200}})/transitions"), Route(f"{PREFIX}/cases{TRANSITIONS}"), MOVING, _move
    ),
)


class CasesFirst:
    """Middleware that makes plain reports and moves and hands all else on.

    Parameters
    ----------
    app
        What answers all else, and whatever is refused here.
    context
        Tells who calls; opens transactions.
    """

    def __init__(self, app: ASGIApp, context: ApiContext) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["method"] == "POST":
            for plain in PLAIN:
                if (found := plain.path.fullmatch(scope["path"])) is not None:
                    await self._first(plain, found[1], scope, receive, send)
                    return
        await self._app(scope, receive, send)

    async def _first(self, plain: _Plain, named: str, scope: Scope, receive: Receive, send: Send) -> None:
        heard = _Heard(receive)
        answer = await self._done(plain, named, Request(scope, heard.first))
        if answer is None:
            await self._app(scope, heard.again, send)
            return
        scope["route"] = plain.route
        await answer(scope, receive, send)

    async def _done(self, plain: _Plain, named: str, request: Request) -> Response | None:
        """Return the answer to a plain change that is taken, None for any other."""
        headers = request.headers
        if "idempotency-key" in headers or "json" not in headers.get("content-type", "") or not is_plain(request):
            return None
        try:
            now, lang = self._context.clock(), language_of(request)
            work = plain.work(named, await request.body(), request, now, lang)
            return await self._context.in_transaction(partial(self._worked, plain, work, request))
        except UnavailableError as error:
            # Whether it was committed is not known, so it must not be done again.
            return known(request, error)
        except (_HandedOnError, GridMgmtError, ValidationError, HTTPException, ClientDisconnect):
            return None

    def _worked(self, plain: _Plain, work: Work, request: Request, session: Session) -> Response:
        actor = self._context.gate.caller_within(session, request)
        if actor is None or not any(map(actor.holds, plain.asks)):
            raise _HandedOnError
        return work(actor, session)


class _Heard:
    """What has been received of a body, or why it could not be, for whoever has to hear it again."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._kept: list[Message | HTTPException] = []

    async def first(self) -> Message:
        """Return the next part of the body and keep it."""
        try:
            message = await self._receive()
        except HTTPException as error:
            self._kept.append(error)
            raise
        self._kept.append(message)
        return message

    async def again(self) -> Message:
        """Return what was kept in the order in which it came, and then what comes."""
        if not self._kept:
            return await self._receive()
        kept = self._kept.pop(0)
        if isinstance(kept, HTTPException):
            raise kept
        return kept
