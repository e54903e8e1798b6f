"""Accounts and what they may do, their sessions and keys, and the log of changes."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from gridmgmt.access.rules import Permission, Role
from gridmgmt.db import Base


class RoleRow(Base):
    """The permissions of a role."""

    __tablename__ = "roles"

    name: Mapped[Role] = mapped_column(Text, primary_key=True)
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text))


class Account(Base):
    """Somebody who may sign in; never deleted, so that the log keeps its names."""

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("name"),
        CheckConstraint("NOT (demo AND password_hash IS NOT NULL)", name="demo_without_password"),
        CheckConstraint("failed_attempts >= 0", name="failed_attempts_counted"),
    )

    account_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str]
    display_name: Mapped[str]
    password_hash: Mapped[str | None]
    """Argon2id with its parameters; None until a password is set."""
    demo: Mapped[bool] = mapped_column(server_default=text("false"))
    """Made with the demo, entered without a password, and only there."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    disabled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failed_attempts: Mapped[int] = mapped_column(server_default=text("0"))
    """Wrong passwords since the last right one."""
    locked_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class GrantRow(Base):
    """A role of an account, everywhere or on one area."""

    __tablename__ = "grants"
    __table_args__ = (
        UniqueConstraint(
            "account_id", "role", "area_level", "area_code", "department", postgresql_nulls_not_distinct=True
        ),
        CheckConstraint("(area_level IS NULL) = (area_code IS NULL)", name="area_complete"),
    )

    grant_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.account_id", ondelete="CASCADE"))
    role: Mapped[Role] = mapped_column(Text, ForeignKey("roles.name"))
    area_level: Mapped[str | None]
    area_code: Mapped[str | None]
    department: Mapped[str | None]


class AccessSession(Base):
    """A person signed in; the token itself is nowhere kept."""

    __tablename__ = "access_sessions"
    __table_args__ = (Index("ix_access_sessions_account_id", "account_id"),)

    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.account_id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ApiKey(Base):
    """A program's way in for an account, with no more permissions than its scopes."""

    __tablename__ = "api_keys"
    __table_args__ = (UniqueConstraint("prefix"), Index("ix_api_keys_account_id", "account_id"))

    key_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.account_id", ondelete="CASCADE"))
    name: Mapped[str]
    prefix: Mapped[str]
    """The part that is shown, ``gm_`` and eight characters."""
    secret_sha256: Mapped[str]
    scopes: Mapped[list[Permission]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_used_on: Mapped[date | None]
    """The day only: enough to find keys that nobody needs, too little to watch anybody."""


class SetupToken(Base):
    """A one-time link: to become the first administrator, or to set the password of one account."""

    __tablename__ = "setup_tokens"

    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.account_id", ondelete="CASCADE"))
    """Whose password it sets; None for the first administrator."""
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Change(Base):
    """One entry of the log. The database refuses to change or remove entries; each holds the hash of the one before.

    No personal data of citizens: names of staff accounts, codes and numbers of objects.
    """

    __tablename__ = "changes"
    __table_args__ = (
        UniqueConstraint("previous_sha256"),
        Index("ix_changes_object", "object", "change_id"),
    )

    change_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """From 1 without gaps."""
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    actor_kind: Mapped[str]
    actor: Mapped[str]
    account_id: Mapped[int | None]
    key_prefix: Mapped[str | None]
    action: Mapped[str]
    object: Mapped[str]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """JSON as text, not JSONB: the hash is over what was written, and JSONB rewrites numbers."""
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    previous_sha256: Mapped[str]
    sha256: Mapped[str]

    def content(self) -> dict[str, Any]:
        """Return all that the entry's own hash is taken over."""
        names = ("change_id", "at", "actor_kind", "actor", "account_id", "key_prefix", "action", "object")
        return {name: getattr(self, name) for name in (*names, "before", "after")}
