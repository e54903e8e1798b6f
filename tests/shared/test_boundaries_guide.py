"""The guide to boundaries on the real towns of Shanghai: its very commands, by the command line and over HTTP."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridmgmt.settings import PROJECT_DIR
from tests.support.folders import data_folder
from tests.support.serving import answers, free_port, until

pytestmark = pytest.mark.shared_data

FILE = "shanghai_towns_osm_wgs84.geojson.gz"
GUIDE = (PROJECT_DIR / "docs" / "user-guide" / "boundaries.md").read_text(encoding="utf-8")
BY_COMMAND, OVER_HTTP = (block for block in re.findall(r"```sh\n(.*?)```", GUIDE, flags=re.DOTALL) if FILE in block)


class Shell:
    """A shell in a folder that holds the file, working on a data folder of its own."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.folder = folder
        self.environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | {
            "GRIDMGMT_DATA": str(data),
            "GRIDMGMT_LANG": "en",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }

    def __call__(self, commands: str) -> str:
        done = subprocess.run(
            ["bash", "-euc", commands], capture_output=True, text=True, cwd=self.folder, env=self.environment,
            check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def shell(tmp_path: Path, shared_data: Path) -> Iterator[Shell]:
    (tmp_path / FILE).symlink_to(shared_data / "boundaries" / FILE)
    with data_folder() as data:
        yield Shell(tmp_path, data)


def findings(folder: Path) -> tuple[int, set[str]]:
    """How many were written, and their severities."""
    features = json.loads((folder / "findings.geojson").read_text(encoding="utf-8"))["features"]
    return len([f for f in features if f["properties"]["type"] == "missing_neighbour"]), {
        f["properties"]["severity"] for f in features
    }


@pytest.mark.long
def test_by_command(shell: Shell) -> None:
    shell("gridmgmt db start")
    printed = shell(BY_COMMAND)
    assert "read 109, took 109, refused 0" in printed
    assert "from 2024-01-01" in printed
    assert findings(shell.folder) == (4, {"warning"})
    assert "osm" in printed.splitlines()[-1], "the area at a position names its edition"
    shell("gridmgmt db stop")


@pytest.mark.long
def test_over_http(shell: Shell) -> None:
    port = free_port()
    command = [Path(sys.executable).parent / "gridmgmt", "serve", "--port", str(port)]
    server = subprocess.Popen(command, env=shell.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}") or server.poll() is not None)
        printed = shell(OVER_HTTP.replace("127.0.0.1:8000", f"127.0.0.1:{port}"))
        at = json.loads(printed.splitlines()[-1].rpartition('}{"items"')[2].join(('{"items"', "")))
        assert [(area["level"], area["edition"]) for area in at["items"]] == [("town", "osm")]
        assert '"state":"in_force"' in printed
        assert '"read":109,"taken":109,"refused":0' in printed
        assert findings(shell.folder) == (4, {"warning"})
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=60)
