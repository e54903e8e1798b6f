"""A whole database to a file and back, emptied, and compared table by table."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gridmgmt.cluster.beside import pack, unpack
from gridmgmt.cluster.binaries import client_binaries
from gridmgmt.cluster.queries import EMPTY_SQL, own_tables, table_checksum
from gridmgmt.cluster.urls import libpq_url
from gridmgmt.errors import ConflictError, InputError, UnavailableError

_STABLE_TEXT = "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET bytea_output = 'hex'; SET extra_float_digits = 1"


def backup(url: str, file: Path, photos: Path | None = None) -> None:
    """Write the database to a file in pg_dump's custom format; the file appears when it is complete.

    Parameters
    ----------
    photos
        The folder of photos. Where it holds any, the file is a tar of the dump and of them.

    Raises
    ------
    InputError
        When the file's folder does not exist.
    UnavailableError
        When the database or ``pg_dump`` refuses.
    """
    if not file.parent.is_dir():
        raise InputError("backup_folder_missing", value=file, folder=file.parent)
    tools = _Tools(url)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".gridmgmt-backup-") as folder:
        dump = Path(folder) / "dump"
        tools.run("pg_dump", tools.target, "--format=custom", "--no-owner", "--no-privileges", f"--file={dump}")
        whole = dump if photos is None else pack(dump, photos, Path(folder) / "whole")
        with whole.open("rb") as written:
            os.fsync(written.fileno())
        whole.replace(file)


def restore(url: str, file: Path, *, replace: bool = False, photos: Path | None = None) -> None:
    """Fill the database from a backup, in one transaction: all of it or nothing.

    Its photos come first: each is named by what it holds, so one too many changes nothing.

    Parameters
    ----------
    url
        The database to fill.
    file
        What `backup` wrote.
    replace
        Drop what the database holds, in the same transaction.
    photos
        The folder of photos that takes those of the backup.

    Raises
    ------
    InputError
        When there is no such file.
    ConflictError
        When the database holds tables and ``replace`` is not given.
    UnavailableError
        When the file cannot be read as a backup, or the database refuses it.
    """
    if not file.is_file():
        raise InputError("backup_missing", value=file)
    with _connected(url) as connection:
        held = len(own_tables(connection))
    if held and not replace:
        raise ConflictError("restore_not_empty", value=held)
    tools = _Tools(url)
    with tempfile.TemporaryDirectory(prefix="gridmgmt-restore-") as folder:
        empty = Path(folder) / "empty.sql"
        empty.write_text(EMPTY_SQL, encoding="utf-8")
        script = _as_script(tools, unpack(file, photos, Path(folder)), Path(folder))
        options = ("--no-psqlrc", "--quiet", "--output=/dev/null", "--single-transaction", "--set=ON_ERROR_STOP=1")
        tools.run("psql", tools.target, *options, f"--file={empty}", f"--file={script}")


def reset(url: str) -> None:
    """Drop everything that the database holds, in one transaction; its extensions stay.

    Raises
    ------
    UnavailableError
        When somebody keeps a table locked for more than 30 s.
    """
    with _connected(url) as connection:
        connection.execute(EMPTY_SQL)


def table_checksums(url: str) -> dict[str, tuple[int, str]]:
    """Return the number of rows and an md5 over the rows of every table, named ``schema.table``.

    All tables are read from one snapshot; the order of rows does not matter.
    """
    with _connected(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute(_STABLE_TEXT)
        return {f"{schema}.{name}": table_checksum(connection, schema, name) for schema, name in own_tables(connection)}


@contextmanager
def _connected(url: str) -> Iterator[psycopg.Connection]:
    """Give a connection in one transaction, its failures as the project's own."""
    try:
        with psycopg.connect(libpq_url(url)) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise UnavailableError("database_unavailable", detail=str(error).strip()) from error


def _as_script(tools: "_Tools", file: Path, folder: Path) -> Path:
    """Write a backup as SQL, complete before any of it runs.

    Comments on extensions are left out: only the extension's owner may set them.
    """
    wanted, script = folder / "contents", folder / "restore.sql"
    contents = tools.run("pg_restore", "--list", str(file))
    kept = [line for line in contents.splitlines() if "COMMENT - EXTENSION" not in line]
    wanted.write_text("\n".join(kept), encoding="utf-8")
    options = ("--no-owner", "--no-privileges", f"--use-list={wanted}", f"--file={script}")
    tools.run("pg_restore", *options, str(file))
    return script


class _Tools:
    """PostgreSQL's client programs for one database."""

    def __init__(self, url: str) -> None:
        with _connected(url) as connection:
            self._binaries = client_binaries(connection.info.server_version // 10_000)
        parts = conninfo_to_dict(libpq_url(url))
        # A password goes by the environment: arguments can be read by every user of the machine.
        password = parts.pop("password", None)
        self._secret = {"PGPASSWORD": str(password)} if password else {}
        self.target = f"--dbname={make_conninfo('', **parts)}"

    def run(self, program: str, *arguments: str) -> str:
        """Run a program and return what it prints."""
        done = subprocess.run(  # noqa: S603  # programs of PostgreSQL with arguments made here
            [self._binaries.path(program), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env=dict(os.environ) | {"LC_ALL": "C.UTF-8"} | self._secret,
        )
        if done.returncode != 0:
            raise UnavailableError("database_tool", tool=program, detail=" | ".join(done.stderr.splitlines()[-3:]))
        return done.stdout
