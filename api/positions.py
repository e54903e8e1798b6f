"""The areas at a position in the fewest steps: a map asks for them whenever the pointer rests.

What lies between a request and its route (finding it among all, finding and checking every declared value, a thread, a
session) takes several times as long as the database does. A plain question that anybody may ask is answered before all
that; any other (an edition, a value that is no position, a reader who needs or brings a key) goes on to the route as
it is declared.
"""

import re
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.context import ApiContext
from api.routes import PREFIX
from api.schemas import AreaOut, AreasAt
from gridmgmt.areas.queries import position_statement
from gridmgmt.errors import GridMgmtError

PATH = f"{PREFIX}/areas/at"
_PLAIN = frozenset({"lon", "lat", "on"})
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True)
class Route:
    """What the counting of requests knows a route by."""

    path: str


class PositionsFirst:
    """Middleware that answers plain questions for positions and hands all else on.

    Parameters
    ----------
    app
        What answers all else, and whatever goes wrong here.
    context
        Tells whether reading is open, and today; reads.
    """

    def __init__(self, app: ASGIApp, context: ApiContext) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        body = None
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"] == PATH:
            try:
                body = await self._answer(scope)
            except GridMgmtError:  # the route runs into the same and tells it in words
                body = None
        if body is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = Route(PATH)
        scope["state"]["for_caller"] = True
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope) -> bytes | None:
        asked = _plain_question(scope)
        if asked is None or not await self._context.gate.reads_openly():
            return None
        lon, lat, on = asked
        statement = position_statement()
        values = statement.values(lon, lat, on or self._context.today())
        areas = statement.areas(await self._context.reader.rows(statement.sql, values))
        return AreasAt(items=[AreaOut.model_validate(area) for area in areas]).model_dump_json().encode()


def _plain_question(scope: Scope) -> tuple[float, float, date | None] | None:
    """Return longitude, latitude and day of a request without a key that names each once and nothing else.

    None of any other request.
    """
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    given = dict(pairs)
    day = given.get("on", "2000-01-01")
    if len(given) < len(pairs) or not given.keys() <= _PLAIN or _DAY.fullmatch(day) is None:
        return None
    if "authorization" in Headers(scope=scope) or not "".join(given.values()).isascii():
        return None
    try:
        return float(given["lon"]), float(given["lat"]), date.fromisoformat(day) if "on" in given else None
    except (KeyError, ValueError):
        return None
