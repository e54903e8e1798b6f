"""Ways in for people: signing in with a password, sessions, and one-time links."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from gridmgmt.access import credentials, queries
from gridmgmt.access.accounts import create_account, put_password, require_over
from gridmgmt.access.log import hold, record
from gridmgmt.access.models import AccessSession, Account, SetupToken
from gridmgmt.access.rules import (
    SESSION_STEP,
    SETUP_LIFE,
    Actor,
    Assignment,
    Role,
    account_name,
    lock_after,
    session_end,
    system_actor,
)
from gridmgmt.db import Session, prepared_rows
from gridmgmt.errors import ConflictError, UnauthenticatedError


def sign_in(session: Session, name: str, password: str, now: datetime) -> tuple[str, Actor] | None:
    """Begin a session with a password; None for a refusal, to be committed as well, since it is counted.

    An unknown name, a wrong password, an account that is locked, disabled or without a password: all have the same
    answer after the same work. After five wrong passwords in a row the account takes none for 30 s, twice as long
    after each further one, at most 15 min; what is tried meanwhile does not count.

    Returns
    -------
    tuple[str, Actor] or None
        The token of the session, shown to nobody but the browser, and who it is.
    """
    account = session.scalar(select(Account).where(Account.name == name.strip().lower()))
    kept = account.password_hash if account and _is_open(account, now) else None
    matches = credentials.password_matches(kept, password)  # takes long, so nothing is locked meanwhile
    if account is None or kept is None:
        return None
    hold(session)
    session.refresh(account)
    if account.password_hash != kept or not _is_open(account, now):
        return None
    if not matches:
        _count_failure(session, account, now)
        return None
    account.failed_attempts, account.locked_until = 0, None
    if credentials.is_outdated(kept):
        account.password_hash = credentials.hash_password(password)
    return _begin_session(session, account, now)


def demo_sign_in(session: Session, name: str, now: datetime) -> tuple[str, Actor]:
    """Begin a session of a demo account, without a password; the caller has made sure that the data are the demo.

    Raises
    ------
    UnauthenticatedError
        When there is no such demo account.
    """
    account = next((a for a in queries.demo_accounts(session) if a.name == name), None)
    if account is None:
        raise UnauthenticatedError("demo_account_unknown", value=name)
    return _begin_session(session, account, now)


def actor_of_session(session: Session, token: str, now: datetime) -> Actor | None:
    """Return who a session is; None when it has ended. Its use is noted, every five minutes at most."""
    session.flush()
    found = queries.living_session(prepared_rows(session, queries.SESSION, session_values(token, now)))
    if found is None:
        return None
    if not _is_noted(found, now):
        used = {"last_used_at": now, "expires_at": session_end(found.created_at, now)}
        session.execute(update(AccessSession).where(AccessSession.token_sha256 == found.token_sha256).values(used))
    return found.holder


def session_values(token: str, now: datetime) -> dict[str, object]:
    """Return what :data:`queries.SESSION` is bound to."""
    return {"token_sha256": credentials.digest(token), "now": now}


def actor_of_session_rows(rows: Sequence[Sequence[Any]], _token: str, now: datetime) -> tuple[Actor | None, bool]:
    """Return who a session is by the rows of :data:`queries.SESSION`, and whether its use is noted already."""
    found = queries.living_session(rows)
    return (None, True) if found is None else (found.holder, _is_noted(found, now))


def _is_noted(found: queries.LivingSession, now: datetime) -> bool:
    return now - found.last_used_at < SESSION_STEP


def sign_out(session: Session, token: str) -> None:
    """End a session; one that has ended already is no error."""
    found = _session_of(session, token)
    if found is not None:
        session.delete(found)
        session.flush()


def offer_setup(session: Session, now: datetime) -> str | None:
    """Return a new one-time token to become the first administrator; None when there is one. Earlier ones end."""
    hold(session)
    if queries.administrator_ids(session):
        return None
    return _new_setup_token(session, None, now)


def offer_password(session: Session, actor: Actor, account: Account, now: datetime) -> str:
    """Return a new one-time token with which the holder of an account sets its password. Earlier ones end.

    Raises
    ------
    ForbiddenError
        When the actor may not manage accounts, or the account holds more than it.
    ConflictError
        When the account is disabled or one of the demo.
    """
    require_over(session, actor, account)
    if account.demo:
        raise ConflictError("account_of_demo", value=account.name)
    if account.disabled_at is not None:
        raise ConflictError("account_disabled", value=account.name)
    token = _new_setup_token(session, account, now)
    record(session, actor, "account.offer_password", f"account:{account.name}")
    return token


def use_setup(session: Session, token: str, name: str, password: str, now: datetime) -> tuple[str, Actor]:
    """Use a one-time token: become the first administrator under a name, or set the password of one's account.

    Returns
    -------
    tuple[str, Actor]
        The token of a session, as of `sign_in`.

    Raises
    ------
    UnauthenticatedError
        When the token is unknown, used, too old, for another name, or an administrator exists by now.
    InputError
        When name or password cannot be taken; the token stays good.
    ConflictError
        When the name of the first administrator is taken.
    """
    hold(session)
    found = session.get(SetupToken, credentials.digest(token), populate_existing=True)
    if found is None or found.used_at is not None or found.expires_at <= now:
        raise UnauthenticatedError("setup_token_invalid")
    if found.account_id is not None:
        account = queries.account_by_id(session, found.account_id)
        if account.disabled_at is not None or account.name != account_name(name):
            raise UnauthenticatedError("setup_token_invalid")
    elif queries.administrator_ids(session):
        raise UnauthenticatedError("setup_token_invalid")
    else:
        account = create_account(session, system_actor("setup"), name, name, [Assignment(Role.ADMINISTRATOR)])
    put_password(session, account, password)
    found.used_at = now
    session.flush()
    record(session, queries.actor_of(session, account), "account.password", f"account:{account.name}")
    return _begin_session(session, account, now)


def _is_open(account: Account, now: datetime) -> bool:
    return account.disabled_at is None and (account.locked_until is None or account.locked_until <= now)


def _count_failure(session: Session, account: Account, now: datetime) -> None:
    account.failed_attempts += 1
    lock = lock_after(account.failed_attempts)
    account.locked_until = None if lock is None else now + lock
    session.flush()
    if lock is not None:
        after = {"failed_attempts": account.failed_attempts, "locked_until": account.locked_until}
        record(session, system_actor("sign_in"), "account.lock", f"account:{account.name}", after=after)


def _begin_session(session: Session, account: Account, now: datetime) -> tuple[str, Actor]:
    session.execute(delete(AccessSession).where(AccessSession.expires_at <= now))
    token = credentials.new_token()
    session.add(
        AccessSession(
            token_sha256=credentials.digest(token),
            account_id=account.account_id,
            created_at=now,
            last_used_at=now,
            expires_at=session_end(now, now),
        )
    )
    session.flush()
    actor = queries.actor_of(session, account)
    record(session, actor, "session.begin", f"account:{account.name}")
    return token, actor


def _session_of(session: Session, token: str) -> AccessSession | None:
    return session.get(AccessSession, credentials.digest(token))


def _new_setup_token(session: Session, account: Account | None, now: datetime) -> str:
    hold(session)
    account_id = account.account_id if account else None
    session.execute(delete(SetupToken).where(SetupToken.account_id.is_not_distinct_from(account_id)))
    token = credentials.new_token()
    session.add(SetupToken(token_sha256=credentials.digest(token), account_id=account_id, expires_at=now + SETUP_LIFE))
    session.flush()
    return token
