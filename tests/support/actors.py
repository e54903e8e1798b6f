"""Who acts in tests: the person at the machine, and accounts with keys and passwords."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from functools import cache

from sqlalchemy.orm import sessionmaker

from gridmgmt.access import queries, service
from gridmgmt.access.credentials import hash_password
from gridmgmt.access.rules import Assignment, Permission, Role, local_actor
from gridmgmt.db import Session, transaction

TESTER = local_actor("tester")
PASSWORD = "long enough for 2026"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
FAR_AWAY = datetime(2100, 1, 1, tzinfo=UTC)


@cache
def _hash_of_password() -> str:
    """Return what every account keeps of the one password: working it out is meant to take long."""
    return hash_password(PASSWORD)


def add_account(
    sessions: sessionmaker[Session], name: str, role: Role | None, *, area: tuple[str, str] | None = None
) -> None:
    """Add an account with a password and at most one role, everywhere or on one area (level and code)."""
    level, code = area or (None, None)
    with transaction(sessions) as session:
        grants = [] if role is None else [Assignment(role, level, code)]
        account = service.create_account(session, TESTER, name, name.title(), grants)
        account.password_hash = _hash_of_password()


def add_key(
    sessions: sessionmaker[Session],
    name: str,
    scopes: Collection[Permission] | None = None,
    *,
    now: datetime = LONG_AGO,
    life: timedelta = FAR_AWAY - LONG_AGO,
) -> str:
    """Make a key of an account, for all that it may do or some of it, and return the secret."""
    with transaction(sessions) as session:
        account = queries.account_by_name(session, name)
        held = [p for p in Permission if queries.actor_of(session, account).holds(p)]
        wanted = held if scopes is None else scopes
        return service.create_key(session, TESTER, account, "test", wanted, now + life, now)


def bearer(secret: str) -> dict[str, str]:
    """Return the headers of a request by key."""
    return {"Authorization": f"Bearer {secret}"}
