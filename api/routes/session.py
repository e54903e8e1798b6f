"""Who the caller is; signing in and out, one-time links, one's own password."""

from collections.abc import Callable
from functools import partial

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request, Response

from api.access import Caller, asks_account, open_to_all
from api.access_schemas import (
    DemoAccount,
    DemoSignIn,
    GrantOut,
    PasswordChange,
    PasswordSignIn,
    SessionOut,
    SetupAsk,
)
from api.context import ApiContext, Context, RequestSession
from api.gate import COOKIE, reads_openly
from api.routes import PREFIX
from gridmgmt.access import queries, service
from gridmgmt.access.rules import SESSION_LIFE, Actor, Permission, anonymous
from gridmgmt.db import Session
from gridmgmt.editions.queries import holds_synthetic
from gridmgmt.errors import UnauthenticatedError

router = APIRouter(prefix=PREFIX, tags=["access"])


@router.get("/session", summary="Who the caller is and what it may do", dependencies=[open_to_all])
def read_session(session: RequestSession, context: Context, actor: Caller) -> SessionOut:
    """Tell the caller's name, roles and permissions, and which accounts of the demo may be tried out."""
    return _session_out(session, context, actor)


@router.post("/session", summary="Sign in", dependencies=[open_to_all])
async def sign_in(
    context: Context, _caller: Caller, request: Request, response: Response, ask: PasswordSignIn | DemoSignIn
) -> SessionOut:
    """Begin a session with a password; in the demo, with nothing but the name of one of its accounts.

    The answer sets the session's cookie. An unknown name and a wrong password have the same answer (401).
    """
    return await _compared(context, partial(_begin, context, request, response, ask))


@router.delete("/session", summary="Sign out", dependencies=[open_to_all])
def sign_out(
    session: RequestSession, context: Context, _caller: Caller, request: Request, response: Response
) -> SessionOut:
    """End the session and tell who the caller is without it; without a session nothing changes."""
    _end_present(session, context, request)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    synthetic = holds_synthetic(session)
    nobody = anonymous(reads_openly(context.settings.reading, synthetic=synthetic), demo=bool(synthetic))
    return _session_out(session, context, nobody)


@router.post("/session/password", summary="Change one's own password", dependencies=[asks_account])
async def change_password(
    context: Context, actor: Caller, request: Request, response: Response, ask: PasswordChange
) -> SessionOut:
    """Replace the password of the account signed in; its other sessions end."""
    return await _compared(context, partial(_change, context, actor, request, response, ask))


@router.post("/setup", summary="Use a one-time link", dependencies=[open_to_all])
def use_setup(
    session: RequestSession, context: Context, _caller: Caller, request: Request, response: Response, ask: SetupAsk
) -> SessionOut:
    """Become the first administrator, or set the password of the account that the link was made for.

    The answer sets the cookie of a session. A link that was used, is too old or for another name is refused (401).
    """
    begun = service.use_setup(session, ask.token, ask.name, ask.password.get_secret_value(), context.clock())
    return _entered(session, context, request, response, begun)


async def _compared(context: ApiContext, use: Callable[[], SessionOut | None]) -> SessionOut:
    """Do what compares a password, few at once; the refusal comes when it has been counted and committed."""
    told = await run_sync(use, limiter=context.gate.signing_in)
    if told is None:
        raise UnauthenticatedError("sign_in_refused")
    return told


def _begin(
    context: ApiContext, request: Request, response: Response, ask: PasswordSignIn | DemoSignIn
) -> SessionOut | None:
    with context.transaction() as session:
        begun = _enter_demo(session, context, ask) if isinstance(ask, DemoSignIn) else _enter(session, context, ask)
        return None if begun is None else _entered(session, context, request, response, begun)


def _change(
    context: ApiContext, actor: Actor, request: Request, response: Response, ask: PasswordChange
) -> SessionOut | None:
    new, now = ask.new_password.get_secret_value(), context.clock()
    with context.transaction() as session:
        if service.sign_in(session, actor.name, ask.password.get_secret_value(), now) is None:
            return None
        service.set_password(session, actor, queries.account_by_name(session, actor.name), new)
        begun = service.sign_in(session, actor.name, new, now)
        assert begun is not None  # noqa: S101 -- the password that was set this moment
        return _entered(session, context, request, response, begun)


def _enter(session: Session, context: ApiContext, ask: PasswordSignIn) -> tuple[str, Actor] | None:
    return service.sign_in(session, ask.name, ask.password.get_secret_value(), context.clock())


def _enter_demo(session: Session, context: ApiContext, ask: DemoSignIn) -> tuple[str, Actor]:
    if not holds_synthetic(session):
        raise UnauthenticatedError("demo_account_unknown", value=ask.demo)
    return service.demo_sign_in(session, ask.demo, context.clock())


def _end_present(session: Session, context: ApiContext, request: Request) -> None:
    if (token := request.cookies.get(COOKIE)) is not None:
        service.sign_out(session, token)
        context.gate.forget(token)


def _entered(
    session: Session, context: ApiContext, request: Request, response: Response, begun: tuple[str, Actor]
) -> SessionOut:
    """Give the browser its session: out of reach of scripts, of other sites, and of the open line under HTTPS.

    The one that it had ends.
    """
    _end_present(session, context, request)
    token, actor = begun
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(SESSION_LIFE.total_seconds()),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return _session_out(session, context, actor)


def _session_out(session: Session, context: ApiContext, actor: Actor) -> SessionOut:
    synthetic = holds_synthetic(session)
    reading = reads_openly(context.settings.reading, synthetic=synthetic)
    account = None if actor.account_id is None else queries.account_by_id(session, actor.account_id)
    return SessionOut(
        kind=actor.kind,
        name=actor.name,
        display_name=account.display_name if account else actor.name,
        demo=actor.demo,
        grants=[GrantOut.model_validate(grant) for grant in actor.grants],
        permissions=[permission for permission in Permission if actor.holds(permission)],
        reading="open" if reading else "accounts",
        setup_open=not queries.administrator_ids(session),
        demo_accounts=_demo_accounts(session) if synthetic else [],
    )


def _demo_accounts(session: Session) -> list[DemoAccount]:
    grants = queries.grants_by_account(session)
    return [
        DemoAccount(name=account.name, roles=[grant.role for grant in grants.get(account.account_id, ())])
        for account in queries.demo_accounts(session)
    ]
