"""A database that the user names by ``DATABASE_URL``: what must hold before it is used."""

from typing import LiteralString

import psycopg
from psycopg import Connection

from gridmgmt.cluster.binaries import LEAST_POSTGIS
from gridmgmt.cluster.urls import libpq_url
from gridmgmt.errors import InputError, UnavailableError

_CONNECT_LIMIT_S = 10


def check_named(url: str) -> None:
    """Check that a database answers, has PostGIS ≥ 3.3 and btree_gist, and lets its user create tables.

    Missing extensions are created where the user may.

    Raises
    ------
    InputError
        When the URL cannot be read.
    UnavailableError
        When the database does not answer, or lacks what the platform needs.
    """
    target = libpq_url(url)
    try:
        psycopg.conninfo.conninfo_to_dict(target)
    except psycopg.ProgrammingError as error:
        raise InputError("database_url_invalid", field="DATABASE_URL", detail=str(error).strip()) from error
    try:
        with psycopg.connect(target, connect_timeout=_CONNECT_LIMIT_S, autocommit=True) as connection:
            _check_right_to_create(connection)
            _require_extension(connection, "postgis", "CREATE EXTENSION postgis")
            _require_extension(connection, "btree_gist", "CREATE EXTENSION btree_gist")
            _check_postgis_version(connection)
    except psycopg.OperationalError as error:
        raise UnavailableError("database_unavailable", detail=str(error).strip()) from error


def _require_extension(connection: Connection, extension: str, creation: LiteralString) -> None:
    """Create an extension that is not there yet."""
    if _version(connection, extension) is not None:
        return
    try:
        connection.execute(creation)
    except psycopg.errors.DuplicateObject:
        return
    except (psycopg.ProgrammingError, psycopg.NotSupportedError) as error:
        raise UnavailableError(
            "database_extension_missing",
            database=connection.info.dbname,
            user=connection.info.user,
            extension=extension,
            detail=error.diag.message_primary,
        ) from error


def _check_postgis_version(connection: Connection) -> None:
    version = _version(connection, "postgis") or ""
    major, minor, *_ = (int(part) for part in version.split("."))
    if (major, minor) < LEAST_POSTGIS:
        raise UnavailableError(
            "database_postgis_old",
            database=connection.info.dbname,
            value=version,
            least=".".join(map(str, LEAST_POSTGIS)),
        )


def _check_right_to_create(connection: Connection) -> None:
    row = connection.execute(
        "SELECT coalesce(current_schema(), 'public'), coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)"
    ).fetchone()
    if row is not None and not row[1]:
        raise UnavailableError(
            "database_no_create", database=connection.info.dbname, user=connection.info.user, schema=row[0]
        )


def _version(connection: Connection, extension: str) -> str | None:
    """Return the version of an extension as installed in this database."""
    row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = %s", [extension]).fetchone()
    return row[0] if row else None
