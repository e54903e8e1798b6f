"""Methods of requests: HEAD is answered as GET without its body, and a refusal names those that an address takes."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.routes import PREFIX

ENDLESS = f"{PREFIX}/events"
"""Answered by GET alone: its answer ends when the reader leaves, and one without a body would never come."""
_TRIED = ("GET", "POST", "PUT", "PATCH", "DELETE")


class HeadsAsGets:
    """Middleware that answers HEAD with the status and headers of GET (RFC 9110, 9.3.2).

    Parameters
    ----------
    app
        What answers GET.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD" or scope["path"] == ENDLESS:
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                if message.get("more_body"):
                    return
                message = {**message, "body": b""}
            await send(message)

        # A copy: the server must know that no body follows, whatever the length that the headers tell.
        asked = {**scope, "method": "GET"}
        try:
            await self._app(asked, receive, send_head)
        finally:
            if "route" in asked:  # by which requests are counted
                scope["route"] = asked["route"]


def refused_method(request: Request) -> HTTPException:
    """Return what a request is refused with whose address does not take its method: 405 with those that it takes.

    Under the interface's own root an address that takes none is 404: only the console's page, which comes last among
    the routes, stands at every address.
    """
    routes = request.app.router.routes
    if request.url.path.startswith("/api/"):
        routes = routes[:-1]
    taken = [
        method
        for method in _TRIED
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]
    if "GET" in taken and request.url.path != ENDLESS:
        taken.insert(1, "HEAD")
    return HTTPException(405, headers={"Allow": ", ".join(taken)}) if taken else HTTPException(404)
