"""The product as a newcomer starts it: `gridmgmt serve --demo` on a folder of its own."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree, which

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.support.browsing import FLAGS, new_context
from tests.support.serving import answers, free_port, until

START_S = 300.0
"""Two busy cores generate and load the district."""


@dataclass(frozen=True)
class ServedDemo:
    """Where the demo answers."""

    base_url: str
    log: Path
    """What the server has said."""


@pytest.fixture(scope="session")
def served_demo() -> Iterator[ServedDemo]:
    """The running product with the demo district and its coverage."""
    folder = Path(tempfile.mkdtemp(prefix="gridmgmt-test-demo-"))
    folder.chmod(0o755)
    port = free_port()
    command = [Path(sys.executable).with_name("gridmgmt"), "--data", folder, "serve", "--demo", "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    url = f"http://127.0.0.1:{port}"
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            until(lambda: answers(url) or server.poll() is not None, deadline_s=START_S)
            assert server.poll() is None, (folder / "server.log").read_text()
            yield ServedDemo(url, folder / "server.log")
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=60)
            rmtree(folder)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for the tests of one file."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=which("chromium"), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A Chinese reader's browser, with nothing from before."""
    context = new_context(browser)
    yield context
    context.close()
