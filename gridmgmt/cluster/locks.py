"""Locks between processes: ``flock`` on files of the data folder, gone with the process that held them."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gridmgmt.cluster.places import make_data_folder
from gridmgmt.errors import ConflictError


class FileLock:
    """One open lock file; each instance counts by itself, also within one process.

    Parameters
    ----------
    path
        The lock file, made when missing and never removed: removing it would let two holders in.
    """

    def __init__(self, path: Path) -> None:
        # Read access is enough for flock, and lets root and the folder's owner share one file.
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)

    def shared(self) -> None:
        """Take or keep the lock together with others; waits for an exclusive holder."""
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def exclusive(self) -> None:
        """Take the lock alone; waits for every other holder."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def try_exclusive(self) -> bool:
        """Take the lock alone if nobody else holds it; a shared hold of this instance may be lost by trying."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Let the lock go."""
        os.close(self._descriptor)


@contextmanager
def exclusively(path: Path) -> Iterator[None]:
    """Hold a lock file alone; waits for other holders."""
    lock = FileLock(path)
    try:
        lock.exclusive()
        yield
    finally:
        lock.close()


@contextmanager
def exclusive_server(data_dir: Path) -> Iterator[None]:
    """Hold the right to be the one server of a data folder.

    Raises
    ------
    ConflictError
        When another process serves this folder already.
    """
    make_data_folder(data_dir)
    lock = FileLock(data_dir / "serve.lock")
    try:
        if not lock.try_exclusive():
            raise ConflictError("server_running", field="--data", value=data_dir)
        yield
    finally:
        lock.close()
