"""``gridmgmt user``, ``token``, ``audit``: accounts, API keys and the log of changes."""

import sys
from collections.abc import Sequence
from datetime import datetime, time, timedelta

import click

from gridmgmt.access import queries, service
from gridmgmt.access.models import Account, Change
from gridmgmt.access.rules import Assignment, Grant, Permission, Role, setup_path
from gridmgmt.areas.queries import area_summary
from gridmgmt.cli.context import actor, database, print_json, print_table, say, settings_of, warn
from gridmgmt.cli.options import JSON
from gridmgmt.clock import LOCAL_ZONE, local_date, system_clock
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError
from gridmgmt.texts import Language, text

_NAME = click.argument("name")
_ROLES = click.option(
    "--role", "roles", multiple=True, type=click.Choice([str(role) for role in Role if role != Role.PUBLIC])
)
_AREAS = click.option("--area", "areas", multiple=True, metavar="CODE", help="Only on this area; everywhere if absent.")
_DEPARTMENT = click.option("--department", help="For this department only.")
_PERMISSIONS = click.Choice([str(permission) for permission in Permission])


@click.group()
def user() -> None:
    """Add, list, change and disable accounts."""


@user.command()
@_NAME
@click.option("--display-name", help="The name that others see; NAME if absent.")
@_ROLES
@_AREAS
@_DEPARTMENT
@click.pass_context
def add(
    ctx: click.Context,
    name: str,
    display_name: str | None,
    roles: tuple[str, ...],
    areas: tuple[str, ...],
    department: str | None,
) -> None:
    """Add the account NAME. Asks for its password; without one, prints a one-time link to set it."""
    password = _ask_password(ctx)
    with database(ctx) as session:
        grants = _assignments(session, roles, areas, department)
        account = service.create_account(session, actor(), name, display_name or name, grants)
        link = _give_password(session, account, password)
    say(ctx, "cli.user_added", name=account.name)
    _print_link(ctx, link)


@user.command()
@_NAME
@click.pass_context
def password(ctx: click.Context, name: str) -> None:
    """Set the password of NAME, or print a one-time link to set it; its sessions end with the new one."""
    given = _ask_password(ctx)
    with database(ctx) as session:
        link = _give_password(session, queries.account_by_name(session, name), given)
    if link is None:
        say(ctx, "cli.user_password_set", name=name)
    _print_link(ctx, link)


@user.command("list")
@JSON
@click.pass_context
def list_users(ctx: click.Context, *, as_json: bool) -> None:
    """List all accounts with their roles."""
    now, lang = system_clock(), settings_of(ctx).lang
    with database(ctx) as session:
        found = [(account, queries.grants_of(session, account.account_id)) for account in queries.accounts(session)]
    if as_json:
        print_json(
            [
                {
                    "name": account.name,
                    "display_name": account.display_name,
                    "state": _state(account, now),
                    "grants": [{"role": g.role, "area_code": g.area_code, "department": g.department} for g in grants],
                }
                for account, grants in found
            ]
        )
        return
    header = [text(f"cli.user_{name}", lang) for name in ("name", "display_name", "state", "roles")]
    rows = (
        [
            account.name,
            account.display_name,
            text(f"account_state.{_state(account, now)}", lang),
            ", ".join(_grant_text(grant, lang) for grant in grants) or "-",
        ]
        for account, grants in found
    )
    print_table(header, rows, left=4)


@user.command()
@_NAME
@click.pass_context
def disable(ctx: click.Context, name: str) -> None:
    """End the account NAME: its sessions and keys with it."""
    with database(ctx) as session:
        service.disable_account(session, actor(), queries.account_by_name(session, name), system_clock())
    say(ctx, "cli.user_disabled", name=name)


@user.command()
@_NAME
@_ROLES
@_AREAS
@_DEPARTMENT
@click.pass_context
def grant(
    ctx: click.Context, name: str, roles: tuple[str, ...], areas: tuple[str, ...], department: str | None
) -> None:
    """Replace the roles of NAME by those given here; none given takes all away."""
    with database(ctx) as session:
        grants = _assignments(session, roles, areas, department)
        service.set_grants(session, actor(), queries.account_by_name(session, name), grants)
    say(ctx, "cli.user_granted", name=name, roles=", ".join(roles) or "-")


@user.command()
@click.argument("name", metavar="ROLE", required=False, type=click.Choice([str(role) for role in Role]))
@click.option("--permission", "permissions", multiple=True, type=_PERMISSIONS, help="All that it may do from now on.")
@click.pass_context
def role(ctx: click.Context, name: str | None, permissions: tuple[str, ...]) -> None:
    """Show what the roles may do, or replace the permissions of ROLE for everybody who has it."""
    with database(ctx) as session:
        if name and permissions:
            service.set_role(session, actor(), Role(name), [Permission(p) for p in permissions])
        held = queries.role_permissions(session)
    shown = [Role(name)] if name else list(Role)
    print_table(["role", "permissions"], ([str(r), " ".join(sorted(held[r]))] for r in shown), left=2)


@click.group()
def token() -> None:
    """Make, list and revoke API keys for programs."""


@token.command()
@_NAME
@click.option("--scope", "scopes", multiple=True, required=True, type=_PERMISSIONS)
@click.option("--expires", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Its last day.")
@click.option("--label", default="-", help="What it is for.")
@click.pass_context
def new(ctx: click.Context, name: str, scopes: tuple[str, ...], expires: datetime, label: str) -> None:
    """Make a key of the account NAME and print it; it is shown this once only."""
    end = datetime.combine(expires.date() + timedelta(days=1), time(), LOCAL_ZONE)
    with database(ctx) as session:
        account, wanted = queries.account_by_name(session, name), [Permission(scope) for scope in scopes]
        key = service.create_key(session, actor(), account, label, wanted, end, system_clock())
    click.echo(key)
    warn(ctx, "cli.key_shown_once", name=name, day=expires.date())


@token.command("list")
@click.argument("name", required=False)
@JSON
@click.pass_context
def list_keys(ctx: click.Context, name: str | None, *, as_json: bool) -> None:
    """List the keys of the account NAME, or all."""
    with database(ctx) as session:
        account_id = queries.account_by_name(session, name).account_id if name else None
        rows = [
            {
                "prefix": key.prefix,
                "account": owner,
                "label": key.name,
                "scopes": list(key.scopes),
                "expires_at": key.expires_at,
                "revoked_at": key.revoked_at,
                "last_used_on": key.last_used_on,
            }
            for key, owner in queries.keys(session, account_id)
        ]
    if as_json:
        print_json(rows)
        return
    names = ("prefix", "account", "label", "expires_at", "revoked_at", "last_used_on", "scopes")
    print_table(names, ([_cell(row[column]) for column in names] for row in rows), left=len(names))


@token.command()
@click.argument("prefix")
@click.pass_context
def revoke(ctx: click.Context, prefix: str) -> None:
    """End the key of this PREFIX (gm_ and eight characters)."""
    with database(ctx) as session:
        service.revoke_key(session, actor(), queries.key_by_prefix(session, prefix), system_clock())
    say(ctx, "cli.key_revoked", prefix=prefix)


@click.group()
def audit() -> None:
    """Check and show the log of every change."""


@audit.command()
@click.pass_context
def verify(ctx: click.Context) -> None:
    """Check the whole log against its hashes; exit code 1 when an entry is not what was written."""
    with database(ctx) as session:
        report = service.verify_changes(session)
    if report.first_broken is not None:
        raise ConflictError("log_broken", value=report.first_broken, count=report.count)
    say(ctx, "cli.log_whole", count=report.count, head=report.head_sha256)


@audit.command()
@click.option("--object", "object_", help="Only of this object, such as account:lihua.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only from this day on.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="No more entries than these.")
@JSON
@click.pass_context
def show(ctx: click.Context, object_: str | None, since: datetime | None, limit: int, *, as_json: bool) -> None:
    """Show entries of the log, the newest first."""
    begin = since.replace(tzinfo=LOCAL_ZONE) if since else None
    with database(ctx) as session:
        entries = queries.changes(session, object_=object_, since=begin, limit=limit)
    if as_json:
        print_json([{**entry.content(), "sha256": entry.sha256} for entry in entries])
        return
    names = ("change_id", "at", "actor", "action", "object")
    print_table(names, (_entry_cells(entry) for entry in entries), left=len(names))


def _entry_cells(entry: Change) -> list[str]:
    at = entry.at.astimezone(LOCAL_ZONE).strftime("%Y-%m-%d %H:%M:%S")
    return [str(entry.change_id), at, entry.actor, entry.action, entry.object]


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(LOCAL_ZONE).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, list):
        return " ".join(value)
    return "-" if value is None else str(value)


def _assignments(
    session: Session, roles: Sequence[str], areas: Sequence[str], department: str | None
) -> list[Assignment]:
    """Return every role on every area, or everywhere when no area is named; the areas must be in force today."""
    today = local_date(system_clock())
    if not areas:
        return [Assignment(Role(role), department=department) for role in roles]
    found = [area_summary(session, code, today) for code in areas]
    return [Assignment(Role(role), area.level, area.code, department) for role in roles for area in found]


def _ask_password(ctx: click.Context) -> str | None:
    """Ask twice without echo; None when nothing is typed or nobody sits at a terminal."""
    if not sys.stdin.isatty():
        return None
    lang = settings_of(ctx).lang
    again = text("cli.password_again", lang)
    asked = click.prompt(
        text("cli.password", lang), default="", show_default=False, hide_input=True, confirmation_prompt=again, err=True
    )
    return asked or None


def _give_password(session: Session, account: Account, given: str | None) -> str | None:
    """Set a password, or return the path of a one-time link to set it."""
    if given is None:
        return setup_path(service.offer_password(session, actor(), account, system_clock()), account.name)
    service.set_password(session, actor(), account, given)
    return None


def _print_link(ctx: click.Context, path: str | None) -> None:
    if path is not None:
        warn(ctx, "cli.user_link")
        click.echo(settings_of(ctx).base_url + path)


def _state(account: Account, now: datetime) -> str:
    if account.disabled_at is not None:
        return "disabled"
    if account.demo:
        return "demo"
    if account.password_hash is None:
        return "no_password"
    return "locked" if account.locked_until is not None and now < account.locked_until else "enabled"


def _grant_text(grant: Grant, lang: Language) -> str:
    parts = [text(f"role.{grant.role}", lang), grant.area_code, grant.department]
    return " ".join(part for part in parts if part)
