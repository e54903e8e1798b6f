"""Engine, session scope, migrations, and the translation of database errors into the project's own."""

import select
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

import psycopg
from pydantic_core import from_json
from sqlalchemy import URL, Connection, Engine, MetaData, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

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
_DRIVER = "gridmgmt.driver_connection"
_REST_S = 1.0
"""A connection that has been idle for longer is asked whether it still holds before anybody gets it."""


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
    """Return an engine whose sessions run in UTC, without JIT, and drop dead connections by themselves.

    Parameters
    ----------
    pool_size
        Half of the connections that it opens at most. All that were needed once stay, with what they have prepared: to
        open one takes as long as a dozen reports.
    """
    engine = create_engine(
        sqlalchemy_url(url), pool_size=2 * pool_size, max_overflow=0, pool_use_lifo=True, json_deserializer=from_json
    )

    @event.listens_for(engine, "connect")
    def configure(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET TIME ZONE 'UTC'; SET jit = off; SET statement_timeout = {STATEMENT_TIMEOUT_MS}")
        cursor.close()
        connection.commit()

    @event.listens_for(engine, "checkin")
    def rest(_connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        record.info["resting_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def wake(connection: DBAPIConnection, record: ConnectionPoolEntry, _given: PoolProxiedConnection) -> None:
        if _is_doubtful(connection, record) and not _holds(engine, connection):
            raise InvalidatePoolError  # those beside it were lost with it; a new one is opened

    return engine


def _is_doubtful(connection: DBAPIConnection, record: ConnectionPoolEntry) -> bool:
    """Tell whether a connection may have been lost: it has rested for long, or the server has said something unasked.

    To ask each time costs as much as a statement.
    """
    since = record.info.get("resting_since")
    if since is None:
        return False  # it was opened just now
    if time.monotonic() - since > _REST_S:
        return True
    driver = cast("psycopg.Connection[tuple[Any, ...]]", connection)
    if driver.closed:
        return True
    heard = select.poll()
    heard.register(driver.fileno(), select.POLLIN)
    return bool(heard.poll(0))


def _holds(engine: Engine, connection: DBAPIConnection) -> bool:
    try:
        return engine.dialect.do_ping(connection)
    except psycopg.Error:
        return False


def make_sessions(engine: Engine) -> sessionmaker[Session]:
    """Return the factory of sessions; entry points call ``.begin()`` on it, services take what it yields."""
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def migrated_sessions(url: str) -> Iterator[sessionmaker[Session]]:
    """Bring a database to the present schema and give the factory of its sessions for the time of use."""
    engine = make_engine(url)
    try:
        with translated(), engine.connect() as connection:
            behind = _revision_of(connection) != _head_revision()
        if behind:
            migrate(url)
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
    driver: psycopg.Connection[tuple[Any, ...]] | None
    transaction, driver = session.info.get(_DRIVER, (None, None))
    if driver is None or transaction is not session.get_transaction():
        driver = cast("psycopg.Connection[tuple[Any, ...]]", session.connection().connection.driver_connection)
        session.info[_DRIVER] = (session.get_transaction(), driver)
    return driver.execute(_encoded(statement), values, prepare=True, binary=True).fetchall()


_encoded = cache(str.encode)
"""The same bytes each time, whose hash the driver need not work out again to find what it has prepared."""


def migrate(url: str, revision: str = "head") -> None:
    """Bring the schema to a revision; concurrent callers wait for each other."""
    from alembic import command  # noqa: PLC0415 -- loads slowly, and most programs find the schema as they need it
    from alembic.config import Config  # noqa: PLC0415 -- as above

    config = Config(toml_file=PROJECT_DIR / "pyproject.toml")
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
    found = _revision_of(session.connection())
    if found != needed:
        raise UnavailableError("schema_behind", found=found or "-", needed=needed)


def _revision_of(connection: Connection) -> str | None:
    """Return the revision of a database's schema, None where it has none yet."""
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


@cache
def _head_revision() -> str:
    """Return the revision that this program needs: the files of the migrations are named by theirs, in order."""
    return max(path.name.partition("_")[0] for path in (PROJECT_DIR / "alembic" / "versions").glob("[0-9]*_*.py"))


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
