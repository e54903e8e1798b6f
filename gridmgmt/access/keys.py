"""Ways in for programs: API keys, with no more permissions than their scopes."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import update

from gridmgmt.access import credentials, queries
from gridmgmt.access.accounts import display_name_of, require_covers, require_over
from gridmgmt.access.log import record
from gridmgmt.access.models import Account, ApiKey
from gridmgmt.access.rules import Actor, Permission
from gridmgmt.db import Session, prepared_rows
from gridmgmt.errors import ConflictError, InputError


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
    if not actor.is_person(account.account_id):
        require_over(session, actor, account)
    if account.disabled_at is not None:
        raise ConflictError("account_disabled", value=account.name)
    if expires_at <= now:
        raise InputError("key_expired", field="expires_at", value=expires_at.isoformat())
    wanted, holder = frozenset(scopes), queries.actor_of(session, account)
    if not wanted or not all(holder.holds(scope) for scope in wanted):
        beyond = ", ".join(sorted(scope for scope in wanted if not holder.holds(scope))) or "-"
        raise InputError("key_scopes_beyond", field="scopes", value=beyond, account=account.name)
    require_covers(actor, holder.cut_to(wanted))
    secret, prefix = credentials.new_key()
    key = ApiKey(
        account_id=account.account_id,
        name=display_name_of(name),
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
    if not actor.is_person(account.account_id):
        require_over(session, actor, account)
    if key.revoked_at is None:
        key.revoked_at = now
        session.flush()
        record(session, actor, "key.revoke", f"key:{key.prefix}", before={"account": account.name})


def actor_of_key(session: Session, secret: str, now: datetime) -> Actor | None:
    """Return who a key acts for, with the account's grants cut down to its scopes; None when it is no valid key.

    The day of its use is noted, once a day.
    """
    values = key_values(secret, now)
    if values is None:
        return None
    session.flush()
    actor, noted = actor_of_key_rows(prepared_rows(session, queries.KEY, values), secret, now)
    if actor is not None and not noted:
        session.execute(update(ApiKey).where(ApiKey.prefix == values["prefix"]).values(last_used_on=now.date()))
    return actor


def key_values(secret: str, now: datetime) -> dict[str, object] | None:
    """Return what :data:`queries.KEY` is bound to, None for what does not have the form of a key."""
    prefix = credentials.key_prefix(secret)
    return {"prefix": prefix, "now": now} if prefix else None


def actor_of_key_rows(rows: Sequence[Sequence[Any]], secret: str, now: datetime) -> tuple[Actor | None, bool]:
    """Return who a key acts for by the rows of :data:`queries.KEY`, and whether its use today is noted already."""
    key = queries.living_key(rows)
    if key is None or not credentials.is_secret_of(key.secret_sha256, secret):
        return None, True
    grants = key.holder.cut_to(queries.permission_set(key.scopes))
    return replace(key.holder, kind="key", grants=grants, key_prefix=key.prefix), key.last_used_on == now.date()
