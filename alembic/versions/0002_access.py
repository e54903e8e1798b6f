"""Accounts, roles, keys, sessions and the log of changes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


_READ = ("read",)
_ANALYST = (*_READ, "coverage.run", "results.exact")
_PLANNER = (*_ANALYST, "areas.draft", "figures.write", "governance.write", "import", "jobs.cancel")
_ADMINISTRATOR = (*_PLANNER, "access.manage", "areas.activate", "areas.approve", "log.read")

ROLES = {
    "operator": _READ,
    "dispatcher": _READ,
    "duty_chief": _READ,
    "inspector": _READ,
    "planner": _PLANNER,
    "department": _READ,
    "analyst": _ANALYST,
    "administrator": _ADMINISTRATOR,
    "public": _READ,
}

KEEP_FUNCTION = """
CREATE FUNCTION refuse_change_of_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log of changes is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$
"""


def _moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    roles = op.create_table(
        "roles",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("permissions", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_roles")),
    )
    op.bulk_insert(roles, [{"name": name, "permissions": sorted(held)} for name, held in ROLES.items()])
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        _moment("disabled_at", nullable=True),
        sa.Column("failed_attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _moment("locked_until", nullable=True),
        sa.CheckConstraint("NOT (demo AND password_hash IS NOT NULL)", name=op.f("ck_accounts_demo_without_password")),
        sa.CheckConstraint("failed_attempts >= 0", name=op.f("ck_accounts_failed_attempts_counted")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("name", name=op.f("uq_accounts_name")),
    )
    op.create_table(
        "grants",
        sa.Column("grant_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("area_level", sa.String(), nullable=True),
        sa.Column("area_code", sa.String(), nullable=True),
        sa.Column("department", sa.String(), nullable=True),
        sa.CheckConstraint("(area_level IS NULL) = (area_code IS NULL)", name=op.f("ck_grants_area_complete")),
        _of_account("grants"),
        sa.ForeignKeyConstraint(["role"], ["roles.name"], name=op.f("fk_grants_role_roles")),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_grants")),
        sa.UniqueConstraint(
            "account_id",
            "role",
            "area_level",
            "area_code",
            "department",
            name=op.f("uq_grants_account_id_role_area_level_area_code_department"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "access_sessions",
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        _moment("created_at"),
        _moment("last_used_at"),
        _moment("expires_at"),
        _of_account("access_sessions"),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_access_sessions")),
    )
    op.create_index("ix_access_sessions_account_id", "access_sessions", ["account_id"])
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("secret_sha256", sa.String(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        _moment("created_at"),
        _moment("expires_at"),
        _moment("revoked_at", nullable=True),
        sa.Column("last_used_on", sa.Date(), nullable=True),
        _of_account("api_keys"),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_keys_prefix")),
    )
    op.create_index("ix_api_keys_account_id", "api_keys", ["account_id"])
    op.create_table(
        "setup_tokens",
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        _moment("expires_at"),
        _moment("used_at", nullable=True),
        _of_account("setup_tokens"),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_setup_tokens")),
    )
    _create_log()


def _of_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["account_id"], ["accounts.account_id"], name=op.f(f"fk_{table}_account_id_accounts"), ondelete="CASCADE"
    )


def _create_log() -> None:
    op.create_table(
        "changes",
        sa.Column("change_id", sa.BigInteger(), autoincrement=False, nullable=False),
        _moment("at"),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("key_prefix", sa.String(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("previous_sha256", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_changes")),
        sa.UniqueConstraint("previous_sha256", name=op.f("uq_changes_previous_sha256")),
    )
    op.create_index("ix_changes_object", "changes", ["object", "change_id"])
    op.execute(KEEP_FUNCTION)
    op.execute(
        "CREATE TRIGGER refuse_change_of_log BEFORE UPDATE OR DELETE OR TRUNCATE ON changes "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_log()"
    )


def downgrade() -> None:
    op.drop_table("changes")
    op.execute("DROP FUNCTION refuse_change_of_log()")
    op.drop_table("setup_tokens")
    op.drop_table("api_keys")
    op.drop_table("access_sessions")
    op.drop_table("grants")
    op.drop_table("accounts")
    op.drop_table("roles")
