"""Accounts, their roles and passwords. Nobody gives more than they hold, and one administrator always stays."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, select

from gridmgmt.access import credentials, queries
from gridmgmt.access.log import hold, record
from gridmgmt.access.models import AccessSession, Account, GrantRow, RoleRow
from gridmgmt.access.rules import (
    DEMO_ROLES,
    Actor,
    Assignment,
    Grant,
    Permission,
    Role,
    account_name,
    check_password,
    covers,
    require,
    system_actor,
)
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, ForbiddenError, InputError


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
    account = Account(name=name, display_name=display_name_of(display_name), demo=False)
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
    before = require_over(session, actor, account)
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
    if not actor.is_person(account.account_id):
        require_over(session, actor, account)
    if account.demo:
        raise ConflictError("account_of_demo", value=account.name)
    put_password(session, account, password)
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
    require_over(session, actor, account)
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
    require_covers(actor, [Grant(role, before | after)])
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


def require_over(session: Session, actor: Actor, account: Account) -> tuple[Grant, ...]:
    """Refuse an actor who may not manage an account, and return the grants of it.

    Whoever could set the password of an account that holds more than oneself would hold it too.

    Raises
    ------
    ForbiddenError
        When the actor may not manage accounts, or the account holds more than it.
    """
    require(actor, Permission.ACCESS_MANAGE)
    grants = queries.grants_of(session, account.account_id)
    require_covers(actor, grants)
    return grants


def require_covers(actor: Actor, grants: Iterable[Grant]) -> None:
    """Refuse an actor who does not hold all that some grants allow.

    Raises
    ------
    ForbiddenError
        With the first role that it does not hold.
    """
    for grant in grants:
        if not covers(actor, [grant]):
            raise ForbiddenError("grant_beyond", actor=actor.name, role=str(grant.role), area=grant.area_code or "*")


def put_password(session: Session, account: Account, password: str) -> None:
    """Set a password without asking who does; locks and sessions of the account end.

    Raises
    ------
    InputError
        When the password is too short or obvious.
    """
    check_password(account.name, password)
    password_hash = credentials.hash_password(password)
    hold(session)
    account.password_hash = password_hash
    account.failed_attempts, account.locked_until = 0, None
    _end_sessions(session, account)
    session.flush()


def display_name_of(value: str) -> str:
    """Return a name for people as it is kept: 1–80 printable characters, single spaces.

    Raises
    ------
    InputError
        When it is empty, longer, or holds what cannot be shown.
    """
    kept = " ".join(value.split())
    if not 1 <= len(kept) <= 80 or not kept.isprintable():
        raise InputError("display_name_invalid", field="display_name", value=value)
    return kept


def _give(session: Session, actor: Actor, account: Account, assignments: Sequence[Assignment]) -> None:
    permissions = queries.role_permissions(session)
    require_covers(actor, (Grant(a.role, permissions[a.role], a.area_level, a.area_code) for a in assignments))
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
    hold(session)
    return queries.administrator_ids(session)


def _keep_an_administrator(session: Session, before: Collection[int]) -> None:
    session.flush()
    if before and not queries.administrator_ids(session):
        raise ConflictError("last_administrator")


def _end_sessions(session: Session, account: Account) -> None:
    session.execute(delete(AccessSession).where(AccessSession.account_id == account.account_id))
