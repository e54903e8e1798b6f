"""The serving process: its socket, the web processes, the worker it looks after, what it tells the terminal."""

import gc
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import parent_process

import click
import psycopg
import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from api.app import create_app
from gridmgmt.cluster import Cluster
from gridmgmt.errors import ConflictError, GridMgmtError
from gridmgmt.jobs.rules import Lane
from gridmgmt.settings import Settings
from gridmgmt.texts import text

GRACE_S = 5
"""How long requests in hand, and then the worker, may take to end when the server is stopped, in seconds."""

SILENT_S = 60
"""How long one of several web processes may say nothing before it is replaced, in seconds.

On a busy machine it is silent for longer than uvicorn's own five while it loads, and would be replaced for ever.
"""

RESTART_S = 1.0
"""How long a worker or an embedded database that has died stays away, in seconds."""

_POLL_S = 0.1
_SLOW_ROOM = "maps.coverage_map"
"""Brings the compiler, data frames and folium with it; loaded beside the first requests, which rarely need it."""

_COMMAND = "from gridmgmt.cli import main; main()"
_log = logging.getLogger(__name__)


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """Take the port before anything slow is begun.

    Raises
    ------
    ConflictError
        When another program has it, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind((host, port))
        except OSError as error:
            raise ConflictError("port_taken", host=host, port=port, reason=error.strerror) from error
        taken.set_inheritable(True)
        yield taken


@dataclass(frozen=True)
class AppFactory:
    """Makes the application in a web process of its own."""

    settings: Settings
    url: str

    def __call__(self) -> FastAPI:
        """Return the application, with logging set up, while the rooms that take long to load are loading."""
        set_up_logging()
        _end_with_parent()
        threading.Thread(target=settle, name="warm-up", daemon=True).start()
        return create_app(self.settings, self.url)


def settle() -> None:
    """Load the rooms that take long, and look for no garbage in what is loaded by then.

    It stays as long as the process does, and to look through all of it takes longer than most answers.
    """
    import_module(_SLOW_ROOM)
    gc.collect()
    gc.freeze()


def _end_with_parent() -> None:
    """End this web process when the serving process that made it is gone, which else would leave it the port."""
    parent = parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent watch", daemon=True).start()


def set_up_logging() -> None:
    """Log to standard error: requests that fail, and what the server and its parts have to say.

    Not the want of a proxy's library: `requests` silences that while it loads, but beside other threads, whose own
    changes of Python's one list of filters can undo it.
    """
    warnings.filterwarnings("ignore", message="SOCKS support in urllib3")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)


def run_web(settings: Settings, url: str, listening: socket.socket, *, workers: int) -> None:
    """Answer requests until a signal comes: in this process, or in several under this one."""
    config = uvicorn.Config(
        AppFactory(settings, url),
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=workers,
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        timeout_worker_healthcheck=SILENT_S,
    )
    if workers > 1:
        Multiprocess(config, sockets=[listening]).run()
    else:
        uvicorn.Server(config).run(sockets=[listening])


class SupervisedWorker:
    """A worker process that is started again when it dies, and ends with the server, however that ends.

    The worker reads a pipe that only this process holds open; when it closes, the worker stops by itself.
    """

    def __init__(self, settings: Settings, lane: Lane) -> None:
        arguments = ["--data", str(settings.data), "--lang", settings.lang, "worker", "--supervised", "--lane", lane]
        self._command = [sys.executable, "-c", _COMMAND, *arguments]
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="worker supervisor", daemon=True)

    def start(self) -> None:
        """Start the worker and look after it."""
        self._thread.start()

    def stop(self) -> None:
        """Let the worker give its job back and end; it is killed when it does not."""
        with self._lock:
            self._stopping.set()
            process = self._process
        if process is not None:
            process.terminate()
            try:
                process.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
        self._thread.join()

    def _keep(self) -> None:
        while (process := self._launch()) is not None:
            code = process.wait()
            if process.stdin is not None:
                process.stdin.close()
            if not self._stopping.is_set():
                _log.warning("the worker ended with %d and is started again", code)
                self._stopping.wait(RESTART_S)

    def _launch(self) -> "subprocess.Popen[bytes] | None":
        with self._lock:
            if self._stopping.is_set():
                return None
            # A session of its own: Ctrl-C reaches the server alone, which stops the worker in order.
            self._process = subprocess.Popen(  # noqa: S603 -- this very program
                self._command, stdin=subprocess.PIPE, start_new_session=True
            )
            return self._process


@contextmanager
def supervised_workers(settings: Settings) -> Iterator[None]:
    """Have a worker for each lane for the time of serving, so that nobody's question waits for an hour of drawing."""
    workers = [SupervisedWorker(settings, lane) for lane in Lane]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        with ThreadPoolExecutor(len(workers)) as pool:
            list(pool.map(SupervisedWorker.stop, workers))


@contextmanager
def revived_database(settings: Settings) -> Iterator[None]:
    """Start the embedded database again whenever it dies while we serve; a named one is not ours to start."""
    if settings.database_url is not None:
        yield
        return
    stopped = threading.Event()
    keeper = threading.Thread(target=_revive, args=(Cluster(settings.data), stopped), name="database keeper")
    keeper.start()
    try:
        yield
    finally:
        stopped.set()
        keeper.join()


def _revive(cluster: Cluster, stopped: threading.Event) -> None:
    while not stopped.wait(RESTART_S):
        try:
            if cluster.revive():
                _log.warning("the database had died and was started again")
        except (GridMgmtError, psycopg.OperationalError, OSError) as error:
            _log.error("the database has died and does not start: %s", error)


@contextmanager
def announced(settings: Settings, notices: Sequence[str]) -> Iterator[None]:
    """Print the addresses and what else there is to say as soon as the page answers."""
    stopped = threading.Event()
    speaker = threading.Thread(target=_announce, args=(settings, notices, stopped), daemon=True)
    speaker.start()
    try:
        yield
    finally:
        stopped.set()


def _announce(settings: Settings, notices: Sequence[str], stopped: threading.Event) -> None:
    base = settings.base_url
    while not _answers(f"{base}/health/live"):
        if stopped.wait(_POLL_S):
            return
    click.echo(text("serve.console", settings.lang, url=f"{base}/"))
    click.echo(text("serve.api", settings.lang, url=f"{base}/docs"))
    for notice in notices:
        click.echo(notice)
    click.echo(text("serve.stop", settings.lang))


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as response:  # noqa: S310 -- our own address, http
            return bool(response.status == 200)
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False
