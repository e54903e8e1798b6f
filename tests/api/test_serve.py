"""`gridmgmt serve` as a process: one server a folder, one line a mistake, a worker looked after, a clean end."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from gridmgmt.cluster import Cluster
from tests.support.serving import answers, free_port, until

GRIDMGMT = Path(sys.executable).parent / "gridmgmt"
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}


class Served:
    """A running `gridmgmt serve` on a folder."""

    def __init__(self, data_dir: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [GRIDMGMT, "--data", data_dir, "--lang", "en", "serve", "--port", str(self.port), *options]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
        )
        until(lambda: answers(self.url) or self.process.poll() is not None)

    def worker(self) -> psutil.Process | None:
        """Return the process that performs what somebody waits for, None while there is none."""
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.NoSuchProcess):  # a child that has just died has no command line
                if "worker" in child.cmdline() and "prompt" in child.cmdline():
                    return child
        return None

    def end(self, number: signal.Signals) -> tuple[int, str, str]:
        """Send a signal and return how the server ended and what it had said."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


@pytest.fixture
def serve(data_dir: Path) -> Iterator[Callable[..., Served]]:
    started = []

    def start(*options: str) -> Served:
        started.append(Served(data_dir, *options))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
            each.process.communicate()


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.long), signal.SIGTERM])
def test_it_says_where_it_is_and_ends_with_all_it_started(
    serve: Callable[..., Served], data_dir: Path, number: signal.Signals
) -> None:
    server = serve()
    until(lambda: server.worker() is not None)
    worker = server.worker()
    assert httpx.get(f"{server.url}/docs").status_code == 200
    code, out, err = server.end(number)
    assert code == 0
    assert f"console: {server.url}/" in out
    assert f"API: {server.url}/docs" in out
    assert err == ""
    assert not Cluster(data_dir).status().running
    assert worker is not None
    assert not worker.is_running()


@pytest.mark.long
def test_a_second_server_on_the_folder_and_a_taken_port_are_one_line_each(
    serve: Callable[..., Served], data_dir: Path, tmp_path: Path
) -> None:
    server = serve()
    for folder, port in ((data_dir, free_port()), (tmp_path, server.port)):
        command = [GRIDMGMT, "--data", folder, "--lang", "en", "serve", "--port", str(port)]
        refused = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
        assert refused.returncode == 1
        assert len(refused.stderr.strip().splitlines()) == 1
        assert re.search(r"--data|--port", refused.stderr)
    assert answers(server.url)


@pytest.mark.long
def test_a_worker_that_dies_is_started_again(serve: Callable[..., Served]) -> None:
    server = serve()
    until(lambda: server.worker() is not None)
    first = server.worker()
    assert first is not None
    first.kill()
    until(lambda: (again := server.worker()) is not None and again.pid != first.pid)
    assert server.end(signal.SIGINT)[0] == 0


@pytest.mark.long
def test_a_database_that_dies_is_started_again(serve: Callable[..., Served], data_dir: Path) -> None:
    server = serve()
    pid_file = Cluster(data_dir).status().path / "postmaster.pid"
    os.kill(int(pid_file.read_text(encoding="utf-8").split()[0]), signal.SIGKILL)
    until(lambda: not answers(server.url))
    until(lambda: answers(server.url))
    assert server.end(signal.SIGINT)[0] == 0
    assert not Cluster(data_dir).status().running


@pytest.mark.long
def test_after_a_killed_server_its_worker_goes_and_the_next_start_takes_the_database_over(
    serve: Callable[..., Served],
) -> None:
    server = serve()
    until(lambda: server.worker() is not None)
    worker = server.worker()
    assert worker is not None
    server.process.kill()
    server.process.communicate()
    until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
    again = serve()
    assert answers(again.url)
    assert again.end(signal.SIGTERM)[0] == 0


@pytest.mark.long
def test_web_processes_end_with_a_killed_server(serve: Callable[..., Served]) -> None:
    server = serve("--workers", "2")
    children = psutil.Process(server.process.pid).children()
    server.process.kill()
    server.process.communicate()
    until(lambda: not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children))
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", server.port))
    assert serve().end(signal.SIGTERM)[0] == 0
