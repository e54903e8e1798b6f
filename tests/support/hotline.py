"""The process of :mod:`tests.support.hotline_partner`, started and asked from a test; and orders for it to push."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.support.division import spot

SCRIPT = Path(__file__).with_name("hotline_partner.py")


class Partner:
    """A running partner."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.url: str = self._answer()["url"]

    def ask(self, do: str, **values: Any) -> Any:
        """Have it do something and return its answer."""
        self.begin(do, **values)
        return self._answer()

    def begin(self, do: str, **values: Any) -> None:
        """Have it begin something."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **values}) + "\n")
        self.process.stdin.flush()

    def end(self) -> Any:
        """Return its answer to what it has begun."""
        return self._answer()

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the partner has ended"
        return json.loads(line)


@contextmanager
def partner(server: str, key: str, secret: str) -> Iterator[Partner]:
    """Run a partner of a server for the time of use."""
    command = [sys.executable, SCRIPT, server, key, secret]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Partner(process)
        finally:
            process.kill()


def order(number: int, at: datetime, **changes: Any) -> dict[str, Any]:
    """Return an order in a cell of the town of `paper_grids`, none at the place of another."""
    lon, lat = spot(0.02 + (number % 59) * 0.1, 0.05 + (number // 59) * 0.3)
    values = {"order_no": f"SH{number:04d}", "type": "0101", "reported_at": at.isoformat(), "lon": lon, "lat": lat}
    return {**values, "description": f"井盖缺失 {number}", **changes}
