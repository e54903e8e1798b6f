"""The product as a newcomer starts it: `gridmgmt serve --demo` on a folder of its own."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import httpx
import pytest

from tests.support.serving import until

START_S = 300.0
"""Two busy cores generate and load the district."""


@dataclass(frozen=True)
class ServedDemo:
    """Where the demo answers."""

    base_url: str


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="session")
def served_demo() -> Iterator[ServedDemo]:
    """The running product with the demo district and its coverage."""
    folder = Path(tempfile.mkdtemp(prefix="gridmgmt-test-demo-"))
    folder.chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [Path(sys.executable).with_name("gridmgmt"), "--data", folder, "serve", "--demo", "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    url = f"http://127.0.0.1:{port}"
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            until(lambda: _ready(url) or server.poll() is not None, deadline_s=START_S)
            assert server.poll() is None, (folder / "server.log").read_text()
            yield ServedDemo(url)
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=60)
            rmtree(folder)
