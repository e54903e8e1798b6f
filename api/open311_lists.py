"""Lists of Open311 in the fewest steps: its clients ask for the same 90 days again and again.

As with :mod:`api.positions`, a plain question that anybody may ask is answered before its route is looked for and its
values are declared one by one. Any other (a key, a parameter that is not of the specification or comes twice, one that
is refused) goes on to the route as it is declared.
"""

import re
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.context import ApiContext
from api.open311_answers import LIST_PARAMETERS, KeptNames, listed
from api.open311_writing import Format
from api.positions import Route
from gridmgmt.errors import GridMgmtError

PATH = re.compile(r"/open311/v2/requests\.(xml|json)")
ROUTE = Route("/open311/v2/requests.{format}")


class RequestListsFirst:
    """Middleware that answers plain questions for lists of requests and hands all else on.

    Parameters
    ----------
    app
        What answers all else, and whatever is refused here.
    context
        Tells whether reading is open, and the time; reads.
    names
        Of services, agencies and districts.
    """

    def __init__(self, app: ASGIApp, context: ApiContext, names: KeptNames) -> None:
        self._app = app
        self._context = context
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        answer = None
        if scope["type"] == "http" and scope["method"] == "GET" and (found := PATH.fullmatch(scope["path"])):
            answer = await self._answer(Request(scope), Format(found[1]))
        if answer is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = ROUTE
        scope["state"]["for_caller"] = True
        await answer(scope, receive, send)

    async def _answer(self, request: Request, format_: Format) -> Response | None:
        """Return the answer to a plain question, None to any other."""
        pairs = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = dict(pairs)
        if len(given) < len(pairs) or not given.keys() <= LIST_PARAMETERS or "authorization" in request.headers:
            return None
        try:
            if not await self._context.gate.reads_openly():
                return None
            return await listed(request, self._context, self._names, format_, given)
        except* GridMgmtError:  # the route runs into the same and tells it in words
            pass
        return None
