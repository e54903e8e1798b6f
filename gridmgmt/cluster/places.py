"""Where the embedded database lies and whose it is.

``DIR/pgdata`` is the database, or a link to it where the server's user cannot reach DIR; beside the real
folder lies ``run`` with the socket, unless that path is too long for a socket.
"""

import errno
import hashlib
import os
import pwd
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gridmgmt.errors import InputError, UnavailableError

MOST_SOCKET_BYTES = 90
"""Longest socket path in use; the kernel takes 107 bytes, some clients fewer."""

_SOCKET_NAME = ".s.PGSQL.5432"
_OUT_OF_REACH_ROOT = Path("/var/lib/gridmgmt")
_SERVER_USER = "postgres"


@dataclass(frozen=True)
class Account:
    """The operating system's user that the server runs as."""

    name: str
    uid: int
    gid: int

    def run(self, *command: str, log: IO[bytes] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program as this user, away from the caller's terminal, folder and PostgreSQL variables.

        Its output is captured, or all goes to a log: a server inherits it and must not hold a pipe open.
        """
        as_root = os.geteuid() == 0
        return subprocess.run(  # noqa: S603  # programs of PostgreSQL with arguments made here
            command,
            stdin=subprocess.DEVNULL,
            stdout=log or subprocess.PIPE,
            stderr=subprocess.STDOUT if log else subprocess.PIPE,
            text=True,
            check=False,
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
            start_new_session=True,
            user=self.uid if as_root else None,
            group=self.gid if as_root else None,
            extra_groups=[] if as_root else None,
        )

    def own(self, path: Path, mode: int) -> None:
        """Give a file or folder to this user with a mode."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)
        path.chmod(mode)

    def reaches(self, folder: Path) -> bool:
        """Tell whether this user may enter a folder."""
        return self.run("test", "-x", str(folder)).returncode == 0


def server_account(pgdata: Path) -> Account:
    """Return who runs the server: the owner of an existing database, else this user, for root ``postgres``.

    Raises
    ------
    UnavailableError
        When the database belongs to somebody else, or root finds no ``postgres`` user.
    """
    if pgdata.exists():
        owner = _account(pgdata.stat().st_uid)
        if os.geteuid() not in (0, owner.uid) or owner.uid == 0:
            raise UnavailableError("cluster_owner", path=pgdata, owner=owner.name, user=_account(os.geteuid()).name)
        return owner
    if os.geteuid() != 0:
        return _account(os.geteuid())
    try:
        entry = pwd.getpwnam(_SERVER_USER)
    except KeyError as error:
        raise UnavailableError("cluster_no_user", user=_SERVER_USER) from error
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def make_data_folder(data_dir: Path) -> None:
    """Make the data folder when missing.

    Raises
    ------
    InputError
        When it cannot be made or this user may not write to it.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("data_folder", field="--data", value=data_dir, detail=error.strerror) from error
    if not os.access(data_dir, os.W_OK | os.X_OK):
        raise InputError("data_folder", field="--data", value=data_dir, detail=os.strerror(errno.EACCES))


def settle(data_dir: Path) -> Path:
    """Return the real path of a data folder's database, choosing it on the first call.

    Where the server's user cannot enter the data folder (root's home, say), the database goes under
    ``/var/lib/gridmgmt`` and ``pgdata`` becomes a link to it.
    """
    pgdata = data_dir / "pgdata"
    if not pgdata.is_symlink() and not pgdata.exists():
        account = server_account(pgdata)
        if not account.reaches(data_dir):
            pgdata.symlink_to(_home_within_reach(data_dir, account) / "pgdata")
    return pgdata.resolve()


def socket_folder(pgdata: Path) -> Path:
    """Return the folder of the socket: beside the database, or a short stable one under ``/tmp``.

    A path with a comma will not do: libpq reads a list of hosts in it.

    Examples
    --------
    >>> socket_folder(Path("/srv/gridmgmt/pgdata"))
    PosixPath('/srv/gridmgmt/run')
    >>> len(str(socket_folder(Path("/srv" + "/long" * 20 + "/pgdata"))))
    30
    """
    beside = pgdata.parent / "run"
    if len(os.fsencode(beside / _SOCKET_NAME)) < MOST_SOCKET_BYTES and "," not in str(beside):
        return beside
    return Path("/tmp") / f"gridmgmt-{_key(pgdata)}"  # noqa: S108  # made with mode 0700 and its owner is checked


def make_private(folder: Path, account: Account) -> None:
    """Make a folder that only its owner may enter, or check that it is one.

    Raises
    ------
    UnavailableError
        When something of another user stands in its place.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    owner = folder.lstat().st_uid
    if folder.is_symlink() or owner not in (account.uid, os.geteuid()):
        raise UnavailableError("cluster_owner", path=folder, owner=_account(owner).name, user=account.name)
    account.own(folder, 0o700)


def _home_within_reach(data_dir: Path, account: Account) -> Path:
    """Make a new folder for one database under the system's own place for such data."""
    _OUT_OF_REACH_ROOT.mkdir(parents=True, exist_ok=True)
    _OUT_OF_REACH_ROOT.chmod(0o711)
    home = Path(tempfile.mkdtemp(prefix=f"{_key(data_dir)}-", dir=_OUT_OF_REACH_ROOT))
    account.own(home, 0o711)
    return home


def _key(path: Path) -> str:
    """Return a short name that stands for a path."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _account(uid: int) -> Account:
    """Return the account of a user id, also of one without a name."""
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Account(str(uid), uid, uid)
    return Account(entry.pw_name, uid, entry.pw_gid)
