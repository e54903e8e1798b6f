"""Reading accounts, keys and the log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from importlib import resources
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, select

from gridmgmt.access.models import Account, ApiKey, Change, GrantRow, RoleRow
from gridmgmt.access.rules import Actor, ChainReport, Grant, Permission, Role, check_chain
from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError


def account_by_name(session: Session, name: str) -> Account:
    """Return the account of a name.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    found = session.scalar(select(Account).where(Account.name == name.strip().lower()))
    if found is None:
        raise NotFoundError("account_unknown", value=name)
    return found


def account_by_id(session: Session, account_id: int) -> Account:
    """Return one account.

    Raises
    ------
    NotFoundError
        When there is none of that id.
    """
    found = session.get(Account, account_id)
    if found is None:
        raise NotFoundError("account_unknown", value=account_id)
    return found


def accounts(session: Session) -> Sequence[Account]:
    """Return all accounts by name, disabled ones too."""
    return session.scalars(select(Account).order_by(Account.name)).all()


def demo_accounts(session: Session) -> Sequence[Account]:
    """Return the accounts that are entered without a password where the demo is, by name."""
    usable = and_(Account.demo, Account.disabled_at.is_(None))
    return session.scalars(select(Account).where(usable).order_by(Account.name)).all()


def grants_of(session: Session, account_id: int) -> tuple[Grant, ...]:
    """Return the roles of an account with their present permissions, the oldest first."""
    statement = (
        select(GrantRow, RoleRow.permissions)
        .join(RoleRow, RoleRow.name == GrantRow.role)
        .where(GrantRow.account_id == account_id)
        .order_by(GrantRow.grant_id)
    )
    return tuple(_grant(row, permissions) for row, permissions in session.execute(statement))


def grants_by_account(session: Session) -> dict[int, tuple[Grant, ...]]:
    """Return the roles of every account that has any, by the account's id."""
    statement = (
        select(GrantRow, RoleRow.permissions)
        .join(RoleRow, RoleRow.name == GrantRow.role)
        .order_by(GrantRow.account_id, GrantRow.grant_id)
    )
    return {
        account_id: tuple(_grant(row, permissions) for row, permissions in rows)
        for account_id, rows in groupby(session.execute(statement), lambda found: found[0].account_id)
    }


def _grant(row: GrantRow, permissions: Sequence[str]) -> Grant:
    return Grant(Role(row.role), permission_set(permissions), row.area_level, row.area_code, row.department)


@dataclass(frozen=True)
class LivingKey:
    """A key that has neither ended nor been revoked, of an account that is enabled, and whom it acts for."""

    secret_sha256: str
    scopes: Sequence[str]
    prefix: str
    last_used_on: date | None
    holder: Actor


@dataclass(frozen=True)
class LivingSession:
    """A session that has not ended, of an account that is enabled, and who it is."""

    token_sha256: str
    created_at: datetime
    last_used_at: datetime
    holder: Actor


KEY, SESSION = (
    resources.files(__package__).joinpath(f"sql/{name}.sql").read_text(encoding="utf-8") for name in ("key", "session")
)
"""One statement each, since every change begins with one of them; all values are bound."""


def living_key(rows: Sequence[Sequence[Any]]) -> LivingKey | None:
    """Return the key that the rows of :data:`KEY` tell of."""
    for sha256, scopes, prefix, used_on, *holder in rows:
        return LivingKey(sha256, scopes, prefix, used_on, _holder(*holder))
    return None


def living_session(rows: Sequence[Sequence[Any]]) -> LivingSession | None:
    """Return the session that the rows of :data:`SESSION` tell of."""
    for token_sha256, created_at, last_used_at, *holder in rows:
        return LivingSession(token_sha256, created_at, last_used_at, _holder(*holder))
    return None


def _holder(account_id: int, name: str, demo: bool, grants: Sequence[Sequence[Any]] | None) -> Actor:
    held = tuple(Grant(Role(role), permission_set(names), *bounds) for role, names, *bounds in grants or ())
    return Actor("account", name, account_id, held, demo=demo)


def role_permissions(session: Session) -> dict[Role, frozenset[Permission]]:
    """Return the present permissions of every role."""
    return {
        Role(name): permission_set(permissions)
        for name, permissions in session.execute(select(RoleRow.name, RoleRow.permissions))
    }


def permission_set(names: Sequence[str]) -> frozenset[Permission]:
    """Return stored names as permissions; one that this program does not know can be asked for by nobody."""
    return _permissions(tuple(names))


@lru_cache(maxsize=256)
def _permissions(names: tuple[str, ...]) -> frozenset[Permission]:
    return frozenset(permission for permission in Permission if permission in names)


def actor_of(session: Session, account: Account) -> Actor:
    """Return the actor that an account is, signed in."""
    grants = grants_of(session, account.account_id)
    return Actor("account", account.name, account.account_id, grants, demo=account.demo)


def is_administrator() -> ColumnElement[bool]:
    """Return the condition on an account that can administer: enabled, with a password, the role everywhere."""
    holds_role = exists().where(
        GrantRow.account_id == Account.account_id,
        GrantRow.role == Role.ADMINISTRATOR,
        GrantRow.area_code.is_(None),
    )
    return and_(Account.disabled_at.is_(None), Account.password_hash.is_not(None), holds_role)


def administrator_ids(session: Session) -> set[int]:
    """Return the ids of all accounts that can administer."""
    return set(session.scalars(select(Account.account_id).where(is_administrator())))


def key_by_prefix(session: Session, prefix: str) -> ApiKey:
    """Return the key of a prefix (``gm_`` and eight characters), revoked ones too.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    found = session.scalar(select(ApiKey).where(ApiKey.prefix == prefix))
    if found is None:
        raise NotFoundError("key_unknown", value=prefix)
    return found


def keys(session: Session, account_id: int | None = None) -> Sequence[tuple[ApiKey, str]]:
    """Return the keys of one account, or all, with the account's name, the newest first."""
    statement = select(ApiKey, Account.name).join(Account, Account.account_id == ApiKey.account_id)
    if account_id is not None:
        statement = statement.where(ApiKey.account_id == account_id)
    return [(key, name) for key, name in session.execute(statement.order_by(ApiKey.key_id.desc()))]


def changes(
    session: Session,
    *,
    object_: str | None = None,
    action: str | None = None,
    since: datetime | None = None,
    before_id: int | None = None,
    limit: int | None = None,
) -> Sequence[Change]:
    """Return entries of the log, the newest first.

    Parameters
    ----------
    object_, action
        Only of this object (``account:lihua``), only of this action (``account.create``).
    since
        Only from this moment on.
    before_id
        Only those older than this entry, to page on.
    """
    statement = select(Change).order_by(Change.change_id.desc()).limit(limit)
    if object_ is not None:
        statement = statement.where(Change.object == object_)
    if action is not None:
        statement = statement.where(Change.action == action)
    if since is not None:
        statement = statement.where(Change.at >= since)
    if before_id is not None:
        statement = statement.where(Change.change_id < before_id)
    return session.scalars(statement).all()


def chain_report(session: Session) -> ChainReport:
    """Check the whole log against its hashes, an entry at a time."""
    statement = select(Change).order_by(Change.change_id).execution_options(yield_per=1000, populate_existing=True)
    return check_chain(
        (entry.change_id, entry.previous_sha256, entry.sha256, entry.content()) for entry in session.scalars(statement)
    )
