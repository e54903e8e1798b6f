"""Data folders for tests that start an embedded database of their own."""

import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree

import psutil

STOP_S = 60.0


@contextmanager
def data_folder() -> Iterator[Path]:
    """Give a data folder whose database is stopped and removed whatever happens.

    Unlike pytest's own folders every user may enter it, so that the database lies in it also when root runs the tests.
    """
    folder = Path(tempfile.mkdtemp(prefix="gridmgmt-test-data-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        for pgdata in folder.rglob("pgdata"):
            home = pgdata.resolve().parent
            with suppress(FileNotFoundError, psutil.NoSuchProcess):
                server = psutil.Process(int((home / "pgdata" / "postmaster.pid").read_text().split("\n")[0]))
                server.send_signal(signal.SIGQUIT)
                server.wait(timeout=STOP_S)  # until then it still removes files of its own
            if pgdata.is_symlink():
                rmtree(home)
        rmtree(folder)
