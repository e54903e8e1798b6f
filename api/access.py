"""What a route asks of its caller.

Every route declares it by :func:`asks`, :data:`asks_account` or :data:`open_to_all`; a test sees to it. Whoever passes
has to ask by the names that the route declares.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer

from api.context import Context
from api.gate import COOKIE
from api.query_names import check_address
from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import require
from gridmgmt.errors import UnauthenticatedError

_KEY = HTTPBearer(scheme_name="key", description="An API key, `gm_…`.", auto_error=False)
_SESSION = APIKeyCookie(name=COOKIE, scheme_name="session", description="The session of the console.", auto_error=False)


async def _caller(
    request: Request,
    context: Context,
    _key: Annotated[object, Security(_KEY)],  # declared for the documentation; read by the gate, as for tiles
    _session: Annotated[object, Security(_SESSION)],
) -> Actor:
    return await context.gate.caller(request)


Caller = Annotated[Actor, Depends(_caller)]
"""Who makes the request."""


@dataclass(frozen=True)
class Asks:
    """Lets those pass who hold a permission, or one of others, anywhere; for which area, the service asks."""

    permission: Permission
    others: tuple[Permission, ...] = ()

    async def __call__(self, actor: Caller, request: Request) -> None:
        """Refuse (401 or 403) whoever lacks the permission, and the others too."""
        if not any(map(actor.holds, (self.permission, *self.others))):
            require(actor, self.permission)
        check_address(request)


@dataclass(frozen=True)
class AsksAccount:
    """Lets those pass who have an account, whatever they may do: it is about their own things."""

    async def __call__(self, actor: Caller, request: Request) -> None:
        """Refuse (401) whoever has none."""
        if actor.account_id is None:
            raise UnauthenticatedError("account_needed")
        check_address(request)


@dataclass(frozen=True)
class Open:
    """Lets everybody pass."""

    async def __call__(self, request: Request) -> None:
        """Ask nothing."""
        check_address(request)


def asks(permission: Permission, *others: Permission) -> Any:  # what FastAPI's own Depends() says it returns
    """Return the dependency of a route that asks for a permission, where others are given for one of them."""
    return Depends(Asks(permission, others))


asks_account: Any = Depends(AsksAccount())
"""The dependency of a route about the caller's own account."""

open_to_all: Any = Depends(Open())
"""The dependency of a route that asks for nothing."""
