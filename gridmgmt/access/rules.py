"""What holds for access without a database: permissions, actors, passwords, locks, and the chain of the log."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from gridmgmt.errors import ForbiddenError, InputError, UnauthenticatedError

SESSION_SLIDE = timedelta(hours=12)
"""A session ends when it has not been used for this long …"""
SESSION_LIFE = timedelta(days=7)
"""… and at the latest this long after signing in."""
SESSION_STEP = timedelta(minutes=5)
"""The use of a session is written down no more often than this, so that reading costs no write."""
SETUP_LIFE = timedelta(hours=24)
"""A one-time link is good for this long."""

FREE_FAILURES = 5
"""So many wrong passwords in a row lock nothing."""
FIRST_LOCK = timedelta(seconds=30)
LONGEST_LOCK = timedelta(minutes=15)

PASSWORD_MIN_LENGTH = 10
PASSWORD_MAX_LENGTH = 200
PASSWORD_MIN_DISTINCT = 4
"""A password of fewer different characters than this is refused as obvious."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
_RUNS = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb")
_OBVIOUS = (
    "password",
    "passw0rd",
    "qwerty",
    "letmein",
    "welcome",
    "changeme",
    "iloveyou",
    "woaini",
    "admin",
    "gridmgmt",
)

_PADDING = "0123456789!@#$%^&*()-_=+. "
"""What people put around a word to make it pass for a password."""

CHAIN_START = "0" * 64
"""What stands for the previous hash in the first entry of the log."""


class Permission(StrEnum):
    """What an actor may be allowed to do."""

    READ = "read"
    RESULTS_EXACT = "results.exact"
    IMPORT = "import"
    COVERAGE_RUN = "coverage.run"
    JOBS_CANCEL = "jobs.cancel"
    AREAS_DRAFT = "areas.draft"
    AREAS_APPROVE = "areas.approve"
    AREAS_ACTIVATE = "areas.activate"
    GOVERNANCE_WRITE = "governance.write"
    GRIDS_WRITE = "grids.write"
    FIGURES_WRITE = "figures.write"
    CASES_REPORT = "cases.report"
    CASES_ACCEPT = "cases.accept"
    CASES_CONFIRM = "cases.confirm"
    CASES_REGISTER = "cases.register"
    CASES_DISPATCH = "cases.dispatch"
    CASES_HANDLE = "cases.handle"
    CASES_CLOSE = "cases.close"
    CASES_SUPERVISE = "cases.supervise"
    REPORTERS_READ = "reporters.read"
    CATALOGUE_WRITE = "catalogue.write"
    COMPONENTS_WRITE = "components.write"
    PREMISES_READ = "premises.read"
    PREMISES_WRITE = "premises.write"
    ASSESSMENT_WRITE = "assessment.write"
    ASSESSMENT_SIGN = "assessment.sign"
    MEETINGS_WRITE = "meetings.write"
    TARGETS_WRITE = "targets.write"
    GATE_COUNTS_PUSH = "gate_counts.push"
    GATE_COUNTS_READ = "gate_counts.read"
    EXCHANGE_USE = "exchange.use"
    WEBHOOKS_MANAGE = "webhooks.manage"
    ACCESS_MANAGE = "access.manage"
    LOG_READ = "log.read"


class Role(StrEnum):
    """What somebody is in the organisation; the permissions of each are data."""

    OPERATOR = "operator"
    DISPATCHER = "dispatcher"
    DUTY_CHIEF = "duty_chief"
    INSPECTOR = "inspector"
    PLANNER = "planner"
    DEPARTMENT = "department"
    ANALYST = "analyst"
    GATE = "gate"
    PARTNER = "partner"
    ADMINISTRATOR = "administrator"
    PUBLIC = "public"


DEMO_ROLES = (
    Role.OPERATOR,
    Role.DISPATCHER,
    Role.DUTY_CHIEF,
    Role.INSPECTOR,
    Role.PLANNER,
    Role.DEPARTMENT,
    Role.ANALYST,
)
"""The roles that the demo has an account for; none of them administers."""

CASE_WORK = (
    Permission.CASES_ACCEPT, Permission.CASES_CONFIRM, Permission.CASES_REGISTER, Permission.CASES_DISPATCH,
    Permission.CASES_HANDLE, Permission.CASES_CLOSE, Permission.CASES_SUPERVISE,
)  # fmt: skip
"""Who has one of these works on cases, and sees those too that are told to nobody else."""

_VISITOR_OF_THE_DEMO = frozenset({Permission.RESULTS_EXACT, Permission.COVERAGE_RUN, Permission.JOBS_CANCEL})

ActorKind = Literal["account", "key", "local", "anonymous", "system"]


@dataclass(frozen=True)
class Assignment:
    """A role to be given, everywhere or on one area (its level and code together), perhaps for one department."""

    role: Role
    area_level: str | None = None
    area_code: str | None = None
    department: str | None = None

    def __post_init__(self) -> None:
        if (self.area_level is None) != (self.area_code is None):
            raise InputError("grant_area_incomplete", field="area_code", value=self.area_code or self.area_level)

    def as_json(self) -> dict[str, str | None]:
        """Return it as the log keeps it."""
        return {"role": self.role, "area": self.area_code, "department": self.department}


@dataclass(frozen=True)
class Grant:
    """A role that an actor has, with its permissions; ``area_code`` None means everywhere."""

    role: Role
    permissions: frozenset[Permission]
    area_level: str | None = None
    area_code: str | None = None
    department: str | None = None

    def reaches(self, permission: Permission, areas: Collection[str]) -> bool:
        """Tell whether it allows something on an object that lies in these areas.

        An area bounds what is done, not what is read: whoever may read reads the whole district.
        """
        if permission not in self.permissions:
            return False
        return self.area_code is None or permission == Permission.READ or self.area_code in areas


@dataclass(frozen=True)
class Actor:
    """Who acts: a person signed in, a program with a key, the command line, the system itself, or nobody known.

    ``name`` is the account's name also for a key, so that two ways in are one person; ``key_prefix`` tells the key.
    """

    kind: ActorKind
    name: str
    account_id: int | None = None
    grants: tuple[Grant, ...] = ()
    key_prefix: str | None = None
    demo: bool = False

    def may(self, permission: Permission, areas: Collection[str] = ()) -> bool:
        """Tell whether the actor may do something to an object.

        Parameters
        ----------
        areas
            Codes of the area of the object and of all that hold it; empty asks about everywhere, which a grant
            that is bound to an area does not reach.
        """
        return any(grant.reaches(permission, areas) for grant in self.grants)

    def holds(self, permission: Permission) -> bool:
        """Tell whether the actor has a permission on some area at least."""
        return any(permission in grant.permissions for grant in self.grants)

    @property
    def works_on_cases(self) -> bool:
        """Whether the actor has any permission of :data:`CASE_WORK`."""
        return any(map(self.holds, CASE_WORK))

    def is_person(self, account_id: int) -> bool:
        """Tell whether it is the holder of an account in person, and not a key made for it."""
        return self.kind == "account" and self.account_id == account_id

    @property
    def is_administrator(self) -> bool:
        """Whether the actor is an administrator everywhere: by role, on the machine itself, or as the system."""
        return any(grant.role == Role.ADMINISTRATOR and grant.area_code is None for grant in self.grants)

    def may_approve_draft_of(self, drafter: str) -> bool:
        """Tell whether a second pair of eyes is given: nobody but an administrator approves a draft of their own."""
        return self.is_administrator or self.name != drafter

    def cut_to(self, scopes: Collection[Permission]) -> tuple[Grant, ...]:
        """Return the grants with no more permissions than these."""
        return tuple(replace(grant, permissions=grant.permissions & frozenset(scopes)) for grant in self.grants)


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


def local_actor(name: str) -> Actor:
    """Return the person at the machine itself: who may enter the data folder administers it."""
    return Actor("local", name, grants=_EVERYTHING)


def system_actor(name: str) -> Actor:
    """Return a part of the program that acts by itself: the demo, a job, the first setting up."""
    return Actor("system", name, grants=_EVERYTHING)


def anonymous(reading: bool, *, demo: bool = False) -> Actor:
    """Return whoever gives no account: may read where reading is open, and in the demo also try things out."""
    permissions = {Permission.READ} if reading else set()
    if reading and demo:
        permissions |= _VISITOR_OF_THE_DEMO
    grants = (Grant(Role.PUBLIC, frozenset(permissions)),) if permissions else ()
    return Actor("anonymous", "anonymous", grants=grants)


_EVERYTHING = (Grant(Role.ADMINISTRATOR, frozenset(Permission)),)


def covers(actor: Actor, grants: Iterable[Grant]) -> bool:
    """Tell whether an actor may itself do all that some grants allow, where they allow it."""
    return all(_covers(actor, grant) for grant in grants)


def _covers(actor: Actor, grant: Grant) -> bool:
    if grant.role == Role.ADMINISTRATOR and grant.area_code is None and not actor.is_administrator:
        return False  # the role is more than its permissions: it needs no second pair of eyes
    areas = () if grant.area_code is None else (grant.area_code,)
    return all(actor.may(permission, areas) for permission in grant.permissions)


def account_name(name: str) -> str:
    """Return the name of an account as it is kept: lower case, without spaces around it.

    Raises
    ------
    InputError
        When it is not 2–64 characters of a–z, 0–9, dot, hyphen and underscore, the first a letter or digit.
    """
    kept = name.strip().lower()
    if _NAME.fullmatch(kept) is None:
        raise InputError("account_name_invalid", field="name", value=name)
    return kept


def setup_path(token: str, name: str = "") -> str:
    """Return the address of a one-time link on the server; all behind the # goes to no server and no log.

    Parameters
    ----------
    name
        Of the account whose password it sets; empty for the first administrator.
    """
    return f"/setup#{token}/{name}".rstrip("/")


def check_password(name: str, password: str) -> None:
    """Refuse a password that is too short, too long, the account's name, or among the first to be guessed.

    Raises
    ------
    InputError
        With the rule that it breaks; never with the password.
    """
    if not PASSWORD_MIN_LENGTH <= len(password) <= PASSWORD_MAX_LENGTH:
        raise InputError("password_length", field="password", minimum=PASSWORD_MIN_LENGTH, maximum=PASSWORD_MAX_LENGTH)
    plain = unicodedata.normalize("NFKC", password).lower()
    bare = plain.strip(_PADDING)
    if plain == name or (bare and bare == name.strip(_PADDING)):
        raise InputError("password_is_name", field="password")
    few = len(set(plain)) < PASSWORD_MIN_DISTINCT
    run = any(plain in way or plain in way[::-1] for way in _RUNS)
    if few or run or bare in _OBVIOUS:
        raise InputError("password_obvious", field="password", distinct=PASSWORD_MIN_DISTINCT)


def lock_after(failures: int) -> timedelta | None:
    """Return for how long an account takes no password after so many wrong ones in a row.

    >>> [str(lock_after(n)) for n in (4, 5, 6, 7, 99)]
    ['None', '0:00:30', '0:01:00', '0:02:00', '0:15:00']
    """
    if failures < FREE_FAILURES:
        return None
    doublings = min(failures - FREE_FAILURES, 10)  # far beyond the longest lock, and no overflow
    return min(FIRST_LOCK * (1 << doublings), LONGEST_LOCK)


def session_end(begun: datetime, used: datetime) -> datetime:
    """Return when a session ends that was begun and last used at these moments."""
    return min(used + SESSION_SLIDE, begun + SESSION_LIFE)


@dataclass(frozen=True)
class ChainReport:
    """What a check of the log has found.

    ``first_broken`` is the first entry that is not what was written, or stands where another should; None when
    all are whole. ``head_sha256`` is the hash of the last entry: noted down elsewhere, it shows a cut-off end too.
    """

    count: int
    first_broken: int | None
    head_sha256: str


def entry_sha256(previous_sha256: str, entry: Mapping[str, Any]) -> str:
    """Return the hash of an entry of the log: SHA-256 over the previous hash and the entry as canonical JSON.

    Canonical: sorted keys, no spaces, ASCII only, moments in UTC with microseconds.
    """
    canonical = json.dumps(entry, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(f"{previous_sha256}\n{canonical}".encode("ascii")).hexdigest()


def as_kept(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return values as JSON gives them back, so that an entry has one hash before and after it is stored."""
    if values is None:
        return None
    kept: dict[str, Any] = json.loads(json.dumps(values, default=_plain, allow_nan=False))
    return kept


def check_chain(entries: Iterable[tuple[int, str, str, Mapping[str, Any]]]) -> ChainReport:
    """Check entries ``(id, previous hash, hash, content)`` in the order of their ids, which run from 1 without gaps."""
    count, head, broken = 0, CHAIN_START, None
    for number, previous, sha256, content in entries:
        count += 1
        whole = number == count and previous == head and sha256 == entry_sha256(head, content)
        if not whole and broken is None:
            broken = number
        head = sha256
    return ChainReport(count, broken, head)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, frozenset | set):
        return sorted(value)
    return str(value)
