"""Moves of cases in the fewest steps: more of them are made than of all other changes together.

As with :mod:`api.positions`, finding the route among all and every declared value takes about as long as the move. A
plain move is made and answered before all that. One that is refused, or comes with a key for retries, goes on to the
route as it is declared, which runs into the same and tells it in words: nothing of a refused move has stayed.
"""

import re
from functools import partial

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import Asks
from api.case_move_schemas import MoveAskBody
from api.context import ApiContext
from api.language import language_of
from api.positions import Route
from api.routes import PREFIX
from api.routes.case_moves import MOVING, TRANSITIONS, made, version_of
from gridmgmt.casework.transitions import MoveAsk
from gridmgmt.errors import GridMgmtError

_PATH = re.compile(rf"{PREFIX}/cases/(.{{1,200}})/transitions")
_ROUTE = Route(f"{PREFIX}/cases{TRANSITIONS}")
_MAY_MOVE = Asks(MOVING[0], tuple(MOVING[1:]))


class MovesFirst:
    """Middleware that makes plain moves and hands all else on.

    Parameters
    ----------
    app
        What answers all else, and whatever is refused here.
    context
        Tells who calls; opens transactions.
    """

    ASKS = _MAY_MOVE

    def __init__(self, app: ASGIApp, context: ApiContext) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        found = _PATH.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        heard = _Heard(receive)
        answer = await self._moved(Request(scope, heard.first), found[1])
        if answer is None:
            await self._app(scope, heard.again, send)
            return
        scope["route"] = _ROUTE
        await answer(scope, receive, send)

    async def _moved(self, request: Request, case_no: str) -> Response | None:
        """Return the answer to a plain move that is legal, None for any other."""
        headers = request.headers
        if "idempotency-key" in headers:
            return None
        try:
            actor = await self._context.gate.caller(request)
            await self.ASKS(actor)
            ask = MoveAskBody.model_validate_json(await request.body())
            wanted = MoveAsk(ask.move, ask.given(), version_of(ask.version, headers.get("if-match")))
            move = partial(made, actor, case_no, wanted, None, self._context.clock(), language_of(request))
            return await self._context.in_transaction(move)
        except (GridMgmtError, ValidationError, HTTPException, ClientDisconnect):
            return None


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
