"""Positions in the fewest steps: a map asks for the areas under the pointer all the time.

What FastAPI does for each request (finding and checking every declared value, a thread, a session) takes several times
as long as the database does. A plain question that can only be answered one way is answered here; any other (an
edition, a value that is no number, a reader who brings a key) goes on to the route as it is declared.
"""

import re
from collections.abc import Callable, Coroutine
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from api.context import ApiContext
from api.schemas import AreaOut, AreasAt
from gridmgmt.areas.queries import position_statement

_PLAIN = frozenset({"lon", "lat", "on"})
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PositionRoute(APIRoute):
    """A route that answers plain questions for positions past what it declares."""

    def get_route_handler(self) -> Handler:
        """Return what answers a request."""
        declared = super().get_route_handler()

        async def answer(request: Request) -> Response:
            context: ApiContext = request.app.state.context
            asked = _plain_question(request)
            if asked is None or not await context.gate.reads_openly():
                return await declared(request)
            lon, lat, on = asked
            statement = position_statement()
            rows = await context.reader.rows(statement.sql, statement.values(lon, lat, on or context.today()))
            found = AreasAt(items=[AreaOut.model_validate(area) for area in statement.areas(rows)])
            return Response(found.model_dump_json(), media_type=JSONResponse.media_type)

        return answer


def _plain_question(request: Request) -> tuple[float, float, date | None] | None:
    """Return longitude, latitude and day of a request without a key that names each once and nothing else.

    None of any other request.
    """
    if "authorization" in request.headers:
        return None
    pairs = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    given = dict(pairs)
    if len(given) < len(pairs) or not given.keys() <= _PLAIN:
        return None
    day_text = given.get("on")
    if day_text is not None and _DAY.fullmatch(day_text) is None:
        return None
    try:
        day = None if day_text is None else date.fromisoformat(day_text)
        return float(given["lon"]), float(given["lat"]), day
    except (KeyError, ValueError):
        return None
