"""Who may act and who has acted: permissions, the log, accounts, sessions, keys, and the first setting up.

Every service of the project that writes begins with :func:`require` and ends with :func:`record`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select

from gridmgmt.access import credentials, queries
from gridmgmt.access.models import AccessSession, Account, ApiKey, Change, GrantRow, RoleRow, SetupToken
from gridmgmt.access.rules import (
    CHAIN_START,
    DEMO_ROLES,
    SESSION_STEP,
    SETUP_LIFE,
    Actor,
    Assignment,
    ChainReport,
    Grant,
    Permission,
    Role,
    account_name,
    anonymous,
    as_kept,
    check_password,
    covers,
    entry_sha256,
    local_actor,
    lock_after,
    session_end,
    system_actor,
)
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, ForbiddenError, InputError, UnauthenticatedError

__all__ = ["anonymous", "local_actor", "system_actor"]

_LOG_LOCK = 3_101_131
"""Advisory lock of this database: held from an entry of the log to the end of its transaction."""


def require(actor: Actor, permission: Permission, *, areas: Collection[str] = ()) -> None:
    """Refuse an actor who may not do this.

    Parameters
    ----------
    areas
        Codes of the area of the object and of all that hold it; empty asks about everywhere.

    Raises
    ------
    UnauthenticatedError
        When nobody known asks, and an account might be allowed to.
    ForbiddenError
        When the actor lacks the permission there.
    """
    if actor.may(permission, areas):
        return
    if actor.kind == "anonymous":
        raise UnauthenticatedError("sign_in_needed", permission=str(permission))
    where = ", ".join(areas) or "*"
    raise ForbiddenError("permission_missing", actor=actor.name, permission=str(permission), areas=where)


def record(
    session: Session,
    actor: Actor,
    action: str,
    object_: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> Change:
    """Append what was done to the log, in the transaction that does it.

    Writers of the log wait for each other from here to the end of their transactions, so this comes last.

    Parameters
    ----------
    action
        ``subject.verb``: ``account.create``, ``areas.approve``.
    object_
        ``subject:name``: ``account:lihua``, ``edition:2``.
    before, after
        What was and what is, as far as it changed; codes and numbers, no personal data of citizens, no secrets.

    Returns
    -------
    Change
        The entry, with its number and hash.
    """
    _hold_log(session)
    last = session.execute(
        select(Change.change_id, Change.sha256).order_by(Change.change_id.desc()).limit(1)
    ).one_or_none()
    number, previous = (last.change_id + 1, last.sha256) if last else (1, CHAIN_START)
    entry = Change(
        change_id=number,
        at=session.scalar(select(func.clock_timestamp())),
        actor_kind=actor.kind,
        actor=actor.name,
        account_id=actor.account_id,
        key_prefix=actor.key_prefix,
        action=action,
        object=object_,
        before=as_kept(before),
        after=as_kept(after),
        previous_sha256=previous,
    )
    entry.sha256 = entry_sha256(previous, entry.content())
    session.add(entry)
    session.flush()
    return entry


def verify_changes(session: Session) -> ChainReport:
    """Check the whole log against its hashes."""
    return queries.chain_report(session)


def create_account(
    session: Session, actor: Actor, name: str, display_name: str, grants: Sequence[Assignment]
) -> Account:
    """Add an account without a password.

    Raises
    ------
    InputError
        When a name is malformed, or a role cannot be given.
    ConflictError
        When the name is taken, now or by an account that was disabled.
    ForbiddenError
        When the actor may not manage accounts, or gives more than it holds.
    """
    require(actor, Permission.ACCESS_MANAGE)
    name = account_name(name)
    if session.scalar(select(Account.account_id).where(Account.name == name)) is not None:
        raise ConflictError("account_name_taken", field="name", value=name)
    account = Account(name=name, display_name=_display_name(display_name), demo=False)
    session.add(account)
    session.flush()
    _give(session, actor, account, grants)
    record(session, actor, "account.create", f"account:{name}", after={"grants": [g.as_json() for g in grants]})
    return account


def set_grants(session: Session, actor: Actor, account: Account, grants: Sequence[Assignment]) -> None:
    """Replace the roles of an account; sessions and keys have the new ones at once.

    Raises
    ------
    ForbiddenError
        When the actor may not manage accounts, gives more than it holds, or the account holds more than it.
    ConflictError
        When no administrator would be left, or the account is one of the demo.
    """
    before = _require_over(session, actor, account)
    if account.demo:
        raise ConflictError("account_of_demo", value=account.name)
    administrators = _administrators(session)
    session.execute(delete(GrantRow).where(GrantRow.account_id == account.account_id))
    _give(session, actor, account, grants)
    _keep_an_administrator(session, administrators)
    record(
        session,
        actor,
        "account.grants",
        f"account:{account.name}",
        before={"grants": [_assignment(grant).as_json() for grant in before]},
        after={"grants": [grant.as_json() for grant in grants]},
    )


def set_password(session: Session, actor: Actor, account: Account, password: str) -> None:
    """Set the password of one's own account or of one that one manages; all its sessions end.

    Raises
    ------
    InputError
        When the password is too short or obvious.
    ForbiddenError
        When the account is another's and the actor may not manage it.
    ConflictError
        When the account is one of the demo, which have none.
    """
    if not _is_own(actor, account):
        _require_over(session, actor, account)
    if account.demo:
        raise ConflictError("account_of_demo", value=account.name)
    _set_password(session, account, password)
    record(session, actor, "account.password", f"account:{account.name}")


def disable_account(session: Session, actor: Actor, account: Account, now: datetime) -> None:
    """End an account: its sessions at once, its keys with it. Doing so twice changes nothing.

    Raises
    ------
    ForbiddenError
        When the actor may not manage accounts, or the account holds more than it.
    ConflictError
        When it is the last administrator.
    """
    _require_over(session, actor, account)
    if account.disabled_at is not None:
        return
    administrators = _administrators(session)
    account.disabled_at = now
    _end_sessions(session, account)
    _keep_an_administrator(session, administrators)
    record(session, actor, "account.disable", f"account:{account.name}")


def set_role(session: Session, actor: Actor, role: Role, permissions: Collection[Permission]) -> None:
    """Say what a role may do, for everybody who has it.

    Raises
    ------
    ForbiddenError
        When the actor may not manage accounts, or the role has or gets more than it holds.
    InputError
        When it is the administrator, who may do all, or the public, which the settings decide on.
    """
    require(actor, Permission.ACCESS_MANAGE)
    if role in (Role.ADMINISTRATOR, Role.PUBLIC):
        raise InputError("role_fixed", field="role", value=str(role))
    row = session.get_one(RoleRow, role, with_for_update=True)
    before, after = queries.permission_set(row.permissions), frozenset(permissions)
    _require_covers(actor, [Grant(role, before | after)])
    row.permissions = sorted(after)
    session.flush()
    record(
        session,
        actor,
        "role.permissions",
        f"role:{role}",
        before={"permissions": sorted(before)},
        after={"permissions": sorted(after)},
    )


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
    account = session.scalar(select(Account).where(Account.name == name.strip().lower()).with_for_update())
    open_ = account is not None and account.disabled_at is None and not _is_locked(account, now)
    matches = credentials.password_matches(account.password_hash if account and open_ else None, password)
    if account is None or not open_:
        return None
    if not matches:
        _count_failure(session, account, now)
        return None
    account.failed_attempts, account.locked_until = 0, None
    if account.password_hash is not None and credentials.is_outdated(account.password_hash):
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
    found = _session_of(session, token)
    if found is None or found.expires_at <= now:
        return None
    account = queries.account_by_id(session, found.account_id)
    if account.disabled_at is not None:
        return None
    if now - found.last_used_at >= SESSION_STEP:
        found.last_used_at, found.expires_at = now, session_end(found.created_at, now)
        session.flush()
    return queries.actor_of(session, account)


def sign_out(session: Session, token: str) -> None:
    """End a session; one that has ended already is no error."""
    found = _session_of(session, token)
    if found is not None:
        session.delete(found)
        session.flush()


def create_key(
    session: Session,
    actor: Actor,
    account: Account,
    name: str,
    scopes: Collection[Permission],
    expires_at: datetime,
    now: datetime,
) -> str:
    """Make an API key of one's own account or of one that one manages, and return it, this once.

    Raises
    ------
    InputError
        When it has no scope or name, its scopes are more than the account holds, or it has expired already.
    ForbiddenError
        When the account is another's and the actor may not manage it, or the actor itself holds less.
    ConflictError
        When the account is disabled.
    """
    if not _is_own(actor, account):
        _require_over(session, actor, account)
    if account.disabled_at is not None:
        raise ConflictError("account_disabled", value=account.name)
    if expires_at <= now:
        raise InputError("key_expired", field="expires_at", value=expires_at.isoformat())
    wanted, holder = frozenset(scopes), queries.actor_of(session, account)
    if not wanted or not all(holder.holds(scope) for scope in wanted):
        beyond = ", ".join(sorted(scope for scope in wanted if not holder.holds(scope))) or "-"
        raise InputError("key_scopes_beyond", field="scopes", value=beyond, account=account.name)
    _require_covers(actor, holder.cut_to(wanted))
    secret, prefix = credentials.new_key()
    key = ApiKey(
        account_id=account.account_id,
        name=_display_name(name),
        prefix=prefix,
        secret_sha256=credentials.digest(secret),
        scopes=sorted(wanted),
        created_at=now,
        expires_at=expires_at,
    )
    session.add(key)
    session.flush()
    after = {"account": account.name, "scopes": key.scopes, "expires_at": expires_at}
    record(session, actor, "key.create", f"key:{prefix}", after=after)
    return secret


def revoke_key(session: Session, actor: Actor, key: ApiKey, now: datetime) -> None:
    """End a key of one's own account or of one that one manages. Doing so twice changes nothing.

    Raises
    ------
    ForbiddenError
        When the account is another's and the actor may not manage it.
    """
    account = queries.account_by_id(session, key.account_id)
    if not _is_own(actor, account):
        _require_over(session, actor, account)
    if key.revoked_at is None:
        key.revoked_at = now
        session.flush()
        record(session, actor, "key.revoke", f"key:{key.prefix}", before={"account": account.name})


def actor_of_key(session: Session, secret: str, now: datetime) -> Actor | None:
    """Return who a key acts for, with the account's grants cut down to its scopes; None when it is no valid key.

    The day of its use is noted, once a day.
    """
    prefix = credentials.key_prefix(secret)
    key = session.scalar(select(ApiKey).where(ApiKey.prefix == prefix)) if prefix else None
    if key is None or not credentials.is_secret_of(key.secret_sha256, secret):
        return None
    account = queries.account_by_id(session, key.account_id)
    if key.revoked_at is not None or key.expires_at <= now or account.disabled_at is not None:
        return None
    if key.last_used_on != now.date():
        key.last_used_on = now.date()
        session.flush()
    holder = queries.actor_of(session, account)
    grants = holder.cut_to(queries.permission_set(key.scopes))
    return Actor("key", account.name, account.account_id, grants, key_prefix=key.prefix, demo=account.demo)


def offer_setup(session: Session, now: datetime) -> str | None:
    """Return a new one-time token to become the first administrator; None when there is one. Earlier ones end."""
    _hold_log(session)
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
    _require_over(session, actor, account)
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
    _hold_log(session)
    found = session.get(SetupToken, credentials.digest(token), with_for_update=True, populate_existing=True)
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
    _set_password(session, account, password)
    found.used_at = now
    session.flush()
    record(session, queries.actor_of(session, account), "account.password", f"account:{account.name}")
    return _begin_session(session, account, now)


def ensure_demo_accounts(session: Session) -> None:
    """Add the accounts of the demo, one for each role but the administrator's, where they are missing."""
    actor = system_actor("demo")
    present = set(session.scalars(select(Account.name)))
    for role in DEMO_ROLES:
        name = f"demo-{role.replace('_', '-')}"
        if name in present:
            continue
        account = Account(name=name, display_name=name, demo=True)
        session.add(account)
        session.flush()
        _give(session, actor, account, [Assignment(role)])
        record(session, actor, "account.create", f"account:{name}", after={"demo": True, "grants": [{"role": role}]})


def _hold_log(session: Session) -> None:
    """Wait for other writers of the log; also what decides on administrators goes one at a time by this."""
    session.execute(select(func.pg_advisory_xact_lock(_LOG_LOCK)))


def _is_own(actor: Actor, account: Account) -> bool:
    """Tell whether a person acts on their own account; a key is no person."""
    return actor.kind == "account" and actor.account_id == account.account_id


def _require_over(session: Session, actor: Actor, account: Account) -> tuple[Grant, ...]:
    """Refuse an actor who may not manage an account, and return the grants of it.

    Whoever could set the password of an account that holds more than oneself would hold it too.
    """
    require(actor, Permission.ACCESS_MANAGE)
    grants = queries.grants_of(session, account.account_id)
    _require_covers(actor, grants)
    return grants


def _require_covers(actor: Actor, grants: Iterable[Grant]) -> None:
    for grant in grants:
        if not covers(actor, [grant]):
            raise ForbiddenError("grant_beyond", actor=actor.name, role=str(grant.role), area=grant.area_code or "*")


def _give(session: Session, actor: Actor, account: Account, assignments: Sequence[Assignment]) -> None:
    permissions = queries.role_permissions(session)
    _require_covers(actor, (Grant(a.role, permissions[a.role], a.area_level, a.area_code) for a in assignments))
    for a in dict.fromkeys(assignments):
        if a.role == Role.PUBLIC:
            raise InputError("role_fixed", field="role", value=str(a.role))
        session.add(
            GrantRow(
                account_id=account.account_id,
                role=a.role,
                area_level=a.area_level,
                area_code=a.area_code,
                department=a.department,
            )
        )
    session.flush()


def _assignment(grant: Grant) -> Assignment:
    return Assignment(grant.role, grant.area_level, grant.area_code, grant.department)


def _administrators(session: Session) -> set[int]:
    _hold_log(session)
    return queries.administrator_ids(session)


def _keep_an_administrator(session: Session, before: Collection[int]) -> None:
    session.flush()
    if before and not queries.administrator_ids(session):
        raise ConflictError("last_administrator")


def _display_name(value: str) -> str:
    kept = " ".join(value.split())
    if not 1 <= len(kept) <= 80 or not kept.isprintable():
        raise InputError("display_name_invalid", field="display_name", value=value)
    return kept


def _set_password(session: Session, account: Account, password: str) -> None:
    check_password(account.name, password)
    account.password_hash = credentials.hash_password(password)
    account.failed_attempts, account.locked_until = 0, None
    _end_sessions(session, account)
    session.flush()


def _end_sessions(session: Session, account: Account) -> None:
    session.execute(delete(AccessSession).where(AccessSession.account_id == account.account_id))


def _is_locked(account: Account, now: datetime) -> bool:
    return account.locked_until is not None and now < account.locked_until


def _count_failure(session: Session, account: Account, now: datetime) -> None:
    if account.password_hash is None:
        return
    account.failed_attempts += 1
    lock = lock_after(account.failed_attempts)
    if lock is None:
        session.flush()
        return
    account.locked_until = now + lock
    session.flush()
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
    account_id = account.account_id if account else None
    session.execute(delete(SetupToken).where(SetupToken.account_id.is_not_distinct_from(account_id)))
    token = credentials.new_token()
    session.add(SetupToken(token_sha256=credentials.digest(token), account_id=account_id, expires_at=now + SETUP_LIFE))
    session.flush()
    return token
