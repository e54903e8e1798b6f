"""What the interface says about callers, accounts, keys and the log."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, SecretStr

from api.schemas import Asked, Moment, Shape
from gridmgmt.access.models import Account, ApiKey
from gridmgmt.access.rules import ActorKind, Assignment, Grant, Permission, Role
from gridmgmt.areas.rules import AreaLevel

AccountName = Annotated[str, Field(max_length=100, description="Name of the account.", examples=["lihua"])]
AreaCode = Annotated[str | None, Field(max_length=64, description="Only in the area of this code; null everywhere.")]
Password = Annotated[SecretStr, Field(max_length=1000, description="Nothing keeps it but as an argon2id hash.")]


class GrantOut(Shape):
    """A role that somebody has."""

    model_config = ConfigDict(from_attributes=True)

    role: Role
    area_level: AreaLevel | None = Field(description="Null: everywhere.")
    area_code: str | None
    department: str | None


class DemoAccount(Shape):
    """An account of the demo, entered without a password."""

    name: str
    roles: list[Role]


class SessionOut(Shape):
    """Who the caller is and what it may do."""

    kind: ActorKind
    name: str
    display_name: str
    demo: bool = Field(description="An account of the demo: others enter it too.")
    grants: list[GrantOut]
    permissions: list[Permission] = Field(description="What the caller may do, everywhere or on its areas.")
    reading: Literal["open", "accounts"] = Field(description="Whether reading takes an account.")
    setup_open: bool = Field(description="There is no administrator yet; the server's terminal shows a one-time link.")
    demo_accounts: list[DemoAccount] = Field(description="Accounts to try out, only where the data are synthetic.")


class PasswordSignIn(Asked):
    """Signing in with a password."""

    name: AccountName
    password: Password


class DemoSignIn(Asked):
    """Trying a role of the demo out."""

    demo: Annotated[str, Field(max_length=100, description="A demo account.", examples=["demo-planner"])]


class PasswordChange(Asked):
    """Another password for one's own account."""

    password: Password
    new_password: Password


class SetupAsk(Asked):
    """Using a one-time link."""

    token: Annotated[str, Field(max_length=200, description="What the link has behind the #.")]
    name: AccountName
    password: Password


class GrantAsk(Asked):
    """A role to give."""

    role: Role
    area_level: Annotated[AreaLevel | None, Field(description="Level of the area, which is in force today.")] = None
    area_code: AreaCode = None
    department: Annotated[str | None, Field(max_length=200, description="For one department.")] = None

    def assignment(self) -> Assignment:
        """Return the role as the services take it."""
        return Assignment(self.role, self.area_level, self.area_code, self.department)


class AccountAsk(Asked):
    """An account to add."""

    name: AccountName
    display_name: Annotated[str, Field(max_length=100, description="How people know them.")]
    grants: Annotated[list[GrantAsk], Field(default_factory=list, max_length=50)]


class GrantsAsk(Asked):
    """All roles that an account shall have."""

    grants: Annotated[list[GrantAsk], Field(max_length=50)]


class AccountOut(Shape):
    """An account."""

    name: str
    display_name: str
    demo: bool
    created_at: datetime
    disabled_at: datetime | None
    locked_until: datetime | None = Field(description="After wrong passwords; null when it is not locked.")
    has_password: bool
    grants: list[GrantOut]

    @classmethod
    def of(cls, account: Account, grants: Sequence[Grant]) -> "AccountOut":
        """Return an account with its roles, without what is secret."""
        names = ("name", "display_name", "demo", "created_at", "disabled_at", "locked_until")
        return cls(
            **{name: getattr(account, name) for name in names},
            has_password=account.password_hash is not None,
            grants=[GrantOut.model_validate(grant) for grant in grants],
        )


class Accounts(Shape):
    """All accounts, by name."""

    items: list[AccountOut]


class RoleOut(Shape):
    """A role and what it allows."""

    role: Role
    permissions: list[Permission]


class Roles(Shape):
    """All roles."""

    items: list[RoleOut]


class PasswordLink(Shape):
    """A one-time link with which somebody sets their own password; shown this once."""

    name: str
    path: str = Field(description="Address on this server.", examples=["/setup#…/lihua"])
    expires_at: datetime


class KeyAsk(Asked):
    """An API key to make."""

    name: Annotated[str, Field(max_length=100, description="What it is for.")]
    scopes: Annotated[list[Permission], Field(min_length=1, description="What it may do, no more than its account.")]
    expires_at: Annotated[Moment, Field(description="When it ends; with its offset from UTC.")]
    account: Annotated[str | None, Field(max_length=100, description="Whose it is; one's own without it.")] = None


class KeyOut(Shape):
    """An API key without its secret."""

    prefix: str
    name: str
    account: str
    scopes: list[Permission]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_on: date | None = Field(description="The day of its last use.")

    @classmethod
    def of(cls, key: ApiKey, account: str) -> "KeyOut":
        """Return what may be shown of a key."""
        names = ("prefix", "name", "scopes", "created_at", "expires_at", "revoked_at", "last_used_on")
        return cls(**{name: getattr(key, name) for name in names}, account=account)


class Keys(Shape):
    """API keys, the newest first."""

    items: list[KeyOut]


class NewKey(KeyOut):
    """An API key with its secret, this once."""

    secret: str = Field(description="To be sent as `Authorization: Bearer …`; nobody can show it again.")


class ChangeOut(Shape):
    """One entry of the log."""

    model_config = ConfigDict(from_attributes=True)

    change_id: int
    at: datetime
    actor_kind: ActorKind
    actor: str
    key_prefix: str | None
    action: str
    object: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    sha256: str


class LogCheck(Shape):
    """Whether the log is whole."""

    model_config = ConfigDict(from_attributes=True)

    count: int
    first_broken: int | None = Field(description="The first entry that is not what was written; null when all are.")
    head_sha256: str = Field(description="Hash of the last entry; noted down elsewhere, it shows a cut-off end too.")
