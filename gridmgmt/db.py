"""Engine, session scope, migrations, and the translation of database errors into the project's own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Engine, MetaData, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from gridmgmt.errors import ConflictError, GridMgmtError, InputError, UnavailableError
from gridmgmt.settings import PROJECT_DIR
from gridmgmt.texts import catalogue

__all__ = [
    "Base",
    "Session",
    "check_schema",
    "make_engine",
    "make_sessions",
    "migrate",
    "migrated_sessions",
    "prepared_rows",
    "sqlalchemy_url",
    "transaction",
    "translated",
]

STATEMENT_TIMEOUT_MS = 120_000
"""No statement of a request or job may hold a connection longer than this."""


class Base(DeclarativeBase):
    """The base of all tables; the naming convention makes constraint names stable for error translation."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def sqlalchemy_url(url: str) -> URL:
    """Return a libpq or SQLAlchemy address as one that names the psycopg driver."""
    return make_url(url).set(drivername="postgresql+psycopg")


def make_engine(url: str, *, pool_size: int = 5) -> Engine:
    """Return an engine whose sessions run in UTC, without JIT, and drop dead connections by themselves."""
    engine = create_engine(sqlalchemy_url(url), pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True)

    @event.listens_for(engine, "connect")
    def configure(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET TIME ZONE 'UTC'; SET jit = off; SET statement_timeout = {STATEMENT_TIMEOUT_MS}")
        cursor.close()
        connection.commit()

    return engine


def make_sessions(engine: Engine) -> sessionmaker[Session]:
    """Return the factory of sessions; entry points call ``.begin()`` on it, services take what it yields."""
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def migrated_sessions(url: str) -> Iterator[sessionmaker[Session]]:
    """Bring a database to the present schema and give the factory of its sessions for the time of use."""
    migrate(url)
    engine = make_engine(url)
    try:
        yield make_sessions(engine)
    finally:
        engine.dispose()


@contextmanager
def transaction(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """Give a session in one transaction, committed at the end, with errors of the database in the project's own terms.

    When a person or a signal breaks off, the transaction is gone with its connection.
    """
    with translated(), sessions.begin() as session:
        try:
            yield session
        except KeyboardInterrupt:
            session.invalidate()  # a statement may be under way, so that no rollback can be sent
            raise


def prepared_rows(session: Session, statement: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """Return the rows of a statement of the package's own, which the driver prepares at once and keeps.

    For the few paths on which a statement's way through SQLAlchemy costs more than the database does; nothing that the
    session has not flushed is seen by it.
    """
    connection = cast("psycopg.Connection[tuple[Any, ...]]", session.connection().connection.driver_connection)
    return connection.execute(statement.encode(), values, prepare=True, binary=True).fetchall()


def migrate(url: str, revision: str = "head") -> None:
    """Bring the schema to a revision; concurrent callers wait for each other."""
    config = _alembic_config()
    config.attributes["url"] = sqlalchemy_url(url)
    with translated():
        command.upgrade(config, revision)


def check_schema(session: Session) -> None:
    """Refuse a database whose schema is not the one that this program needs.

    Raises
    ------
    UnavailableError
        When the schema is older or newer.
    """
    needed = _head_revision()
    found = MigrationContext.configure(session.connection()).get_current_revision()
    if found != needed:
        raise UnavailableError("schema_behind", found=found or "-", needed=needed)


def _alembic_config() -> Config:
    return Config(toml_file=PROJECT_DIR / "pyproject.toml")


@cache
def _head_revision() -> str | None:
    return ScriptDirectory.from_config(_alembic_config()).get_current_head()


def _translate(error: BaseException | None, *, lost: bool = False) -> GridMgmtError | None:
    """Return the project's own error for one of the driver, None where it is a defect of a statement."""
    if isinstance(error, psycopg.DataError | psycopg.errors.ProgramLimitExceeded):
        return InputError("value_refused", detail=str(error).strip().splitlines()[0])
    if lost or isinstance(error, psycopg.OperationalError):
        return UnavailableError("database_unavailable", detail=str(error).strip().splitlines()[0])
    if isinstance(error, psycopg.IntegrityError):
        name = error.diag.constraint_name or "unknown"
        kind = InputError if name.startswith("ck_") else ConflictError
        code = name if f"error.{name}" in catalogue() else "constraint_violated"
        return kind(code, constraint=name, detail=error.diag.message_detail or "")
    return None


@contextmanager
def translated() -> Iterator[None]:
    """Turn driver errors into the project's own: a lost connection, a violated constraint by its name."""
    try:
        yield
    except DBAPIError as error:
        if (known := _translate(error.orig, lost=error.connection_invalidated)) is not None:
            raise known from error
        raise
    except psycopg.Error as error:  # of COPY, which SQLAlchemy knows nothing of
        if (known := _translate(error)) is not None:
            raise known from error
        raise
