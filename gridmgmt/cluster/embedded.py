"""The embedded PostGIS of a data folder: made when missing, started by its first user, stopped by its last.

Every process that uses it holds a shared lock on ``cluster.lock``; whoever leaves and finds no other holder
stops the server. Locks end with their process, so a killed user leaves a running server that the next one
takes over. ``cluster.pinned`` keeps the server up between users.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import psycopg
from psycopg import sql

from gridmgmt.cluster.binaries import Binaries, find_binaries
from gridmgmt.cluster.configuration import as_file, machine_memory_bytes, server_settings
from gridmgmt.cluster.locks import FileLock, exclusively
from gridmgmt.cluster.places import Account, make_data_folder, make_private, server_account, settle, socket_folder
from gridmgmt.cluster.urls import socket_url
from gridmgmt.errors import ConflictError, UnavailableError

USER = "gridmgmt"
DATABASE = "gridmgmt"
_CONFIGURATION = "gridmgmt.conf"
_START_LIMIT_S = 600
"""Long, since a server that was killed in the middle of heavy writing replays its log first."""
_ORPHAN_LIMIT_S = 20.0
_POLL_S = 0.1
_MOST_LOG_BYTES = 10_000_000


@dataclass(frozen=True)
class Status:
    """What is known of an embedded database without touching it."""

    exists: bool
    running: bool
    pinned: bool
    major: int | None
    path: Path
    log_file: Path


class Cluster:
    """The embedded database of one data folder.

    Parameters
    ----------
    data_dir
        The data folder, made when missing.
    settings
        Server settings that differ from the usual ones.
    """

    def __init__(self, data_dir: Path, settings: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir.resolve()
        self._settings = dict(settings or {})
        self.log_file = self.data_dir / "log" / "postgres.log"
        self._pin = self.data_dir / "cluster.pinned"

    @property
    def pgdata(self) -> Path:
        """Return the real folder of the database."""
        return settle(self.data_dir)

    def url(self, database: str = DATABASE) -> str:
        """Return the URL of one database of this server, by unix socket."""
        return socket_url(socket_folder(self.pgdata), user=USER, database=database)

    @contextmanager
    def using(self) -> Iterator[str]:
        """Keep the server up for the time of use and give its URL; the last user to leave stops it.

        Raises
        ------
        UnavailableError
            When there is no usable PostgreSQL, or the server does not start.
        """
        make_data_folder(self.data_dir)
        use = FileLock(self._lock_path("cluster"))
        try:
            with self._alone():
                use.shared()
                self._ensure_running()
            yield self.url()
        finally:
            with self._alone():
                if use.try_exclusive() and not self._pin.exists():
                    self._halt()
                use.close()

    def revive(self) -> bool:
        """Start the server again if it has died under its users; tell whether it had.

        Raises
        ------
        UnavailableError
            When it does not start.
        """
        if _server_pid(self.pgdata) is not None:
            return False
        with self._alone():
            self._ensure_running()
        return True

    def start(self) -> None:
        """Start the server and keep it up without users, until `stop`."""
        make_data_folder(self.data_dir)
        with self._alone():
            self._ensure_running()
            self._pin.touch()

    def stop(self) -> None:
        """End the keeping-up, and the server with it.

        Raises
        ------
        ConflictError
            When other processes use the server: the last of them will stop it.
        """
        if not self.data_dir.exists():
            return
        with self._alone():
            self._pin.unlink(missing_ok=True)
            use = FileLock(self._lock_path("cluster"))
            try:
                if not use.try_exclusive():
                    raise ConflictError("cluster_in_use", value=self.data_dir)
                self._halt()
            finally:
                use.close()

    def status(self) -> Status:
        """Return what is known without starting anything.

        Raises
        ------
        UnavailableError
            When the database belongs to another user.
        """
        pgdata = (self.data_dir / "pgdata").resolve()
        server_account(pgdata)
        made = (pgdata / "PG_VERSION").exists()
        return Status(
            exists=made,
            running=made and _server_pid(pgdata) is not None,
            pinned=self._pin.exists(),
            major=_major(pgdata) if made else None,
            path=pgdata,
            log_file=self.log_file,
        )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the right to make, start or stop the server."""
        with exclusively(self._lock_path("cluster.start")):
            yield

    def _lock_path(self, name: str) -> Path:
        return self.data_dir / f"{name}.lock"

    def _ensure_running(self) -> None:
        """Bring the server up, from whatever state it is in, and its database into being."""
        pgdata = self.pgdata
        account = server_account(pgdata)
        binaries = find_binaries(_major(pgdata) if pgdata.exists() else None)
        if not pgdata.exists():
            _initialise(pgdata, account, binaries)
        if _server_pid(pgdata) is None or not self._answers(account, binaries):
            self._launch(account, binaries)
            _create_database(self.url("postgres"))
            _create_extensions(self.url())

    def _launch(self, account: Account, binaries: Binaries) -> None:
        """Start the server, also after a kill."""
        pgdata = self.pgdata
        make_private(socket_folder(pgdata), account)
        self._clear_remains(pgdata)
        settings = server_settings(machine_memory_bytes(), socket_folder(pgdata)) | self._settings
        (pgdata / _CONFIGURATION).write_text(as_file(settings), encoding="utf-8")
        account.own(pgdata / _CONFIGURATION, 0o600)
        self._run_pg_ctl_start(account, binaries)

    def _clear_remains(self, pgdata: Path) -> None:
        """Wait for the last processes of a killed server, then remove the files that bear its number.

        The number may belong to another program by now, or still to the dead server where nobody reaps
        it (a container without init); the new server would take either for a living one.
        """
        deadline = time.monotonic() + _ORPHAN_LIMIT_S
        while left := _processes_in(pgdata):
            if time.monotonic() > deadline:
                raise UnavailableError("cluster_orphans", value=", ".join(map(str, left)))
            time.sleep(_POLL_S)
        (pgdata / "postmaster.pid").unlink(missing_ok=True)
        for remains in socket_folder(pgdata).glob(".s.PGSQL.*"):
            remains.unlink()

    def _run_pg_ctl_start(self, account: Account, binaries: Binaries) -> None:
        """Run ``pg_ctl start``; the log is opened here, since the server's user may not reach its folder."""
        self._open_log_folder(account)
        with self.log_file.open("ab") as log:
            done = account.run(
                *(binaries.path("pg_ctl"), "start", "-w", "-s", "-t", str(_START_LIMIT_S), "-D", str(self.pgdata)),
                log=log,
            )
        if done.returncode != 0:
            raise UnavailableError("cluster_start", detail=self._last_log_lines(), log=self.log_file)

    def _open_log_folder(self, account: Account) -> None:
        """Make the log's folder and put a log that has grown long aside."""
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        if self.log_file.exists() and self.log_file.stat().st_size > _MOST_LOG_BYTES:
            self.log_file.rename(self.log_file.with_suffix(".log.1"))
        self.log_file.touch()
        account.own(self.log_file, 0o600)

    def _last_log_lines(self) -> str:
        lines = self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        return " | ".join(line for line in lines[-5:] if line)

    def _answers(self, account: Account, binaries: Binaries) -> bool:
        """Wait until a server that is starting up or going down accepts connections or is gone."""
        command = (binaries.path("pg_isready"), "-q", "-h", str(socket_folder(self.pgdata)), "-p", "5432")
        deadline = time.monotonic() + _START_LIMIT_S
        while _server_pid(self.pgdata) is not None and time.monotonic() < deadline:
            if account.run(*command).returncode == 0:
                return True
            time.sleep(_POLL_S)
        return False

    def _halt(self) -> None:
        """Stop the server in order: sessions are ended, everything is written out."""
        pgdata = (self.data_dir / "pgdata").resolve()
        if not (pgdata / "PG_VERSION").exists() or _server_pid(pgdata) is None:
            return
        binaries = find_binaries(_major(pgdata))
        account = server_account(pgdata)
        done = account.run(
            binaries.path("pg_ctl"), "stop", "-w", "-s", "-t", str(_START_LIMIT_S), "-m", "fast", "-D", str(pgdata)
        )
        if done.returncode != 0 and _server_pid(pgdata) is not None:
            raise UnavailableError("cluster_stop", detail=done.stderr.strip(), log=self.log_file)


def _initialise(pgdata: Path, account: Account, binaries: Binaries) -> None:
    """Make a new database folder; a half-made one of a killed attempt is thrown away."""
    fresh = pgdata.with_name("pgdata.new")
    rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    account.own(fresh, 0o700)
    options = ("--locale=C.UTF-8", "-E", "UTF8", "-U", USER, "--auth-local=trust", "--auth-host=reject")
    done = account.run(binaries.path("initdb"), "-D", str(fresh), *options)
    if done.returncode != 0:
        raise UnavailableError("cluster_initdb", detail=" | ".join(done.stderr.splitlines()), value=pgdata)
    with (fresh / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(f"include '{_CONFIGURATION}'\n")
    fresh.rename(pgdata)


def _create_database(maintenance_url: str) -> None:
    """Create the platform's database unless it is there."""
    with psycopg.connect(maintenance_url, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if found is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _create_extensions(url: str) -> None:
    """Create the extensions that the schema stands on unless they are there."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
        connection.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")


def _major(pgdata: Path) -> int:
    """Return the major version of PostgreSQL that made a database folder."""
    return int((pgdata / "PG_VERSION").read_text(encoding="ascii"))


def _server_pid(pgdata: Path) -> int | None:
    """Return the id of the running server, None when its pid file is a dead one's."""
    try:
        pid = int((pgdata / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    return pid if _works_in(Path("/proc") / str(pid), pgdata) else None


def _processes_in(pgdata: Path) -> list[int]:
    """Return the ids of all server processes of a database, children of a killed server included."""
    processes = (entry for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    return [int(entry.name) for entry in processes if _works_in(entry, pgdata)]


def _works_in(process: Path, pgdata: Path) -> bool:
    """Tell whether a process has the database for its working folder, as every server process does."""
    try:
        return (process / "cwd").readlink() == pgdata
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        return False
