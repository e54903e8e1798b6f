"""Accounts and roles, for those who manage them."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path

from api.access import Caller, asks
from api.access_schemas import AccountAsk, AccountOut, Accounts, GrantAsk, GrantsAsk, PasswordLink, RoleOut, Roles
from api.context import ApiContext, Context, RequestSession
from api.routes import PREFIX
from gridmgmt.access import queries, service
from gridmgmt.access.rules import SETUP_LIFE, Assignment, Permission, setup_path
from gridmgmt.db import Session
from gridmgmt.governance.queries import area_of_level

router = APIRouter(prefix=PREFIX, tags=["access"], dependencies=[asks(Permission.ACCESS_MANAGE)])

Name = Annotated[str, Path(max_length=100, description="Name of the account.")]


@router.get("/roles", summary="Roles and what they allow")
def list_roles(session: RequestSession) -> Roles:
    """List the roles with their present permissions."""
    held = queries.role_permissions(session)
    return Roles(items=[RoleOut(role=role, permissions=sorted(held[role])) for role in held])


@router.get("/accounts", summary="Accounts with their roles")
def list_accounts(session: RequestSession) -> Accounts:
    """List all accounts by name, also those that have ended."""
    grants = queries.grants_by_account(session)
    found = queries.accounts(session)
    return Accounts(items=[AccountOut.of(account, grants.get(account.account_id, ())) for account in found])


@router.post("/accounts", status_code=201, summary="Add an account")
def add_account(session: RequestSession, context: Context, actor: Caller, ask: AccountAsk) -> AccountOut:
    """Add an account without a password; nobody gives more than they hold (403).

    Its holder sets the password by a one-time link, see `/accounts/{name}/password-link`.
    """
    grants = _assignments(session, context, ask.grants)
    return _account_out(session, service.create_account(session, actor, ask.name, ask.display_name, grants).name)


@router.patch("/accounts/{name}", summary="Replace the roles of an account")
def change_account(session: RequestSession, context: Context, actor: Caller, name: Name, ask: GrantsAsk) -> AccountOut:
    """Give an account exactly these roles, on areas in force today; the last administrator keeps theirs (409)."""
    account = queries.account_by_name(session, name)
    service.set_grants(session, actor, account, _assignments(session, context, ask.grants))
    return _account_out(session, name)


@router.delete("/accounts/{name}", summary="End an account")
def end_account(session: RequestSession, context: Context, actor: Caller, name: Name) -> AccountOut:
    """End an account, its sessions and its keys; its name stays in the log. The last administrator stays (409)."""
    service.disable_account(session, actor, queries.account_by_name(session, name), context.clock())
    return _account_out(session, name)


@router.post("/accounts/{name}/password-link", status_code=201, summary="A link to set an account's password")
def offer_password(session: RequestSession, context: Context, actor: Caller, name: Name) -> PasswordLink:
    """Make a one-time link with which the holder sets the password; earlier links of the account end."""
    account, now = queries.account_by_name(session, name), context.clock()
    token = service.offer_password(session, actor, account, now)
    return PasswordLink(name=account.name, path=setup_path(token, account.name), expires_at=now + SETUP_LIFE)


def _assignments(session: Session, context: ApiContext, grants: Sequence[GrantAsk]) -> list[Assignment]:
    found = [grant.assignment() for grant in grants]
    for grant in grants:
        if grant.area_level is not None and grant.area_code is not None:
            area_of_level(session, grant.area_level, grant.area_code, context.today())
    return found


def _account_out(session: Session, name: str) -> AccountOut:
    account = queries.account_by_name(session, name)
    return AccountOut.of(account, queries.grants_of(session, account.account_id))
