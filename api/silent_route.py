"""A route of whose body nothing is repeated, in an answer or a log, whatever somebody has put into it."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

_HIDDEN = "…"


class SilentRoute(APIRoute):
    """Tells where a body is wrong and what would be right, never a value nor the name of a field not asked for."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        answer = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await answer(request)
            except RequestValidationError as error:
                told = [_silent(each) for each in error.errors()]
            # Not as the cause of the other: that one holds the body.
            raise RequestValidationError(told)

        return answered


def _silent(error: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of a wrong value without the value."""
    unknown = error["type"] == "extra_forbidden"
    location = (*error["loc"][:-1], _HIDDEN) if unknown else error["loc"]
    return {**error, "loc": location, "input": _HIDDEN}
