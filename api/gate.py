"""Who calls: the key or the session that a request brings, as the actor for whom the services ask.

Reading costs nothing where it is open. Where it is not, a credential that was found good is taken for good for
:data:`KEPT_S` by this process, so that a map's tiles do not ask the database for each; whoever changes something is
asked anew each time.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Literal, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.requests import HTTPConnection

from gridmgmt.access import service
from gridmgmt.access.rules import Actor, Permission, anonymous
from gridmgmt.clock import Clock
from gridmgmt.coverage.rules import result_form
from gridmgmt.db import Session
from gridmgmt.editions.queries import holds_synthetic
from gridmgmt.errors import ForbiddenError, UnauthenticatedError
from gridmgmt.reader import Reader
from gridmgmt.settings import ResultForm, Settings

COOKIE = "gridmgmt_session"
KEPT_S = 10.0
"""How long a process may take an ended session, a revoked key or the folder's kind for what it was, in seconds."""

SIGN_INS_AT_ONCE = 2
"""Each computes for a tenth of a second in 64 MB, whoever asks; others wait without holding a thread."""

KEPT_CREDENTIALS = 10_000
LOOK_UPS_AT_ONCE = 2
"""Connections in which credentials are looked up; each takes a fraction of a millisecond."""
LOOK_UP_LIMIT_MS = 5_000
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True, eq=False)
class _WayIn:
    """How a credential is looked up: in one statement without a session, or in a session where its use is noted."""

    statement: str
    values: Callable[[str, datetime], Mapping[str, object] | None]
    actor_of_rows: Callable[[Rows, str, datetime], tuple[Actor | None, bool]]
    actor: Callable[[Session, str, datetime], Actor | None]


_KEY = _WayIn(service.KEY, service.key_values, service.actor_of_key_rows, service.actor_of_key)
_SESSION = _WayIn(service.SESSION, service.session_values, service.actor_of_session_rows, service.actor_of_session)


def reads_openly(setting: Literal["auto", "open", "accounts"], *, synthetic: bool | None) -> bool:
    """Tell whether reading takes no account: ``auto`` asks for one as soon as the folder holds real data.

    >>> [reads_openly("auto", synthetic=kind) for kind in (True, None, False)]
    [True, True, False]
    """
    return setting == "open" or (setting == "auto" and synthetic is not False)


def form_for(setting: Literal["exact", "public", "auto"], synthetic: bool | None, actor: Actor) -> ResultForm:
    """Return the form of small-place numbers that a caller gets; exact results are a permission for everywhere."""
    return result_form(setting, synthetic=synthetic, exact_reader=actor.may(Permission.RESULTS_EXACT))


class Gate:
    """Tells who makes a request.

    Parameters
    ----------
    settings
        ``reading`` decides what the anonymous may do.
    transaction
        Opens the short transaction in which a credential is looked up, apart from the request's own.
    clock
        Tells now.
    reader
        Looks credentials up in one step without a thread; without it each is looked up in a transaction.
    """

    def __init__(
        self,
        settings: Settings,
        transaction: Callable[[], AbstractContextManager[Session]],
        clock: Clock,
        reader: Reader | None = None,
    ) -> None:
        self._reading = settings.reading
        self._transaction = transaction
        self._clock = clock
        self._reader = reader
        self._actors: _Kept[tuple[_WayIn, bytes], Actor] = _Kept(KEPT_CREDENTIALS)
        self._kinds: _Kept[str, bool] = _Kept(1)
        self.signing_in = CapacityLimiter(SIGN_INS_AT_ONCE)

    async def reads_openly(self) -> bool:
        """Tell whether everybody may read."""
        return self._reading == "open" or reads_openly(self._reading, synthetic=await self._synthetic())

    async def caller(self, request: HTTPConnection) -> Actor:
        """Return who makes a request; the anonymous where it brings no key and no living session.

        Raises
        ------
        UnauthenticatedError
            When it brings a key that does not hold.
        ForbiddenError
            When a page from elsewhere makes a browser change something here.
        """
        request.state.for_caller = True
        if (secret := _bearer(request)) is not None:
            if (actor := await self._known(request, secret, _KEY)) is None:
                raise UnauthenticatedError("key_refused")
            return actor
        token = request.cookies.get(COOKIE)
        if request.scope["method"] not in SAFE_METHODS:
            _refuse_foreign(request, with_session=token is not None)
        actor = None if token is None else await self._known(request, token, _SESSION)
        return await self._anonymous() if actor is None else actor

    def caller_within(self, session: Session, request: HTTPConnection) -> Actor | None:
        """Return who makes a change, looked up in the transaction of that change.

        None where :meth:`caller` has more to say: of a key that does not hold, a session that has ended, neither of
        them, a page from elsewhere.
        """
        request.state.for_caller = True
        if (secret := _bearer(request)) is not None:
            return service.actor_of_key(session, secret, self._clock())
        token = request.cookies.get(COOKIE)
        if token is None or not _is_ours(request, with_session=True):
            return None
        return service.actor_of_session(session, token, self._clock())

    def forget(self, token: str) -> None:
        """Ask for a session anew: it has just ended."""
        self._actors.drop((_SESSION, _digest(token)))

    async def _known(self, request: HTTPConnection, credential: str, way: _WayIn) -> Actor | None:
        key, now = (way, _digest(credential)), self._clock()
        if request.scope["method"] in SAFE_METHODS and (kept := self._actors.get(key, now)) is not None:
            return kept
        actor = await self._looked_up(credential, way, now)
        self._actors.put(key, actor, now)
        return actor

    async def _looked_up(self, credential: str, way: _WayIn, now: datetime) -> Actor | None:
        if self._reader is not None:
            if (values := way.values(credential, now)) is None:
                return None
            actor, noted = way.actor_of_rows(await self._reader.rows(way.statement, values), credential, now)
            if noted:
                return actor

        def found() -> Actor | None:
            with self._transaction() as session:
                return way.actor(session, credential, now)

        return await run_sync(found)

    async def _anonymous(self) -> Actor:
        synthetic = await self._synthetic()
        return anonymous(reads_openly(self._reading, synthetic=synthetic), demo=bool(synthetic))

    async def _synthetic(self) -> bool | None:
        now = self._clock()
        if (kept := self._kinds.get("synthetic", now)) is not None:
            return kept

        def found() -> bool | None:
            with self._transaction() as session:
                return holds_synthetic(session)

        synthetic = await run_sync(found)
        self._kinds.put("synthetic", synthetic, now)
        return synthetic


class _Kept(Generic[K, V]):
    """What was found a moment ago, up to ``most`` things; what is None is not kept."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[K, tuple[V, datetime]] = OrderedDict()

    def get(self, key: K, now: datetime) -> V | None:
        value, at = self._found.get(key, (None, now))
        return value if timedelta(0) <= now - at < timedelta(seconds=KEPT_S) else None

    def put(self, key: K, value: V | None, now: datetime) -> None:
        self.drop(key)
        if value is None:
            return
        self._found[key] = (value, now)
        while len(self._found) > self._most:
            self._found.popitem(last=False)

    def drop(self, key: K) -> None:
        self._found.pop(key, None)


def _digest(credential: str) -> bytes:
    return hashlib.sha256(credential.encode("utf-8", "surrogatepass")).digest()


def _bearer(request: HTTPConnection) -> str | None:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


def _refuse_foreign(request: HTTPConnection, *, with_session: bool) -> None:
    """Refuse a change that a page of another site has a browser send.

    Browsers say where a request comes from: all present ones by ``Sec-Fetch-Site``, older ones by ``Origin``. What says
    neither is no browser, or too old to send a session along.
    """
    if not _is_ours(request, with_session=with_session):
        origin = request.headers.get("origin") or request.headers.get("sec-fetch-site") or "-"
        raise ForbiddenError("request_from_elsewhere", origin=origin)


def _is_ours(request: HTTPConnection, *, with_session: bool) -> bool:
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site in {"same-origin", "none"}
    if origin is not None:
        return origin.partition("://")[2] == request.headers.get("host")
    return not with_session
