"""Gates of the town drawn in `tests.support.paper_town`, as a table that goes through the real import."""

import csv
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from gridmgmt import imports
from gridmgmt.ingest.gates import read_gates
from tests.support.actors import TESTER
from tests.support.paper_town import degrees, labels

PaperGate = tuple[str, float, float, str, str]
"""Code, metres from the corner, access, hours."""

MAIN_GATE: PaperGate = ("G1", 600, 0, "public", "mon-fri 06:00-22:00")
"""On the main street, between p1 (200, 20) and p2 (900, 0)."""


def load_gates(
    sessions: sessionmaker[Session], folder: Path, gates: Iterable[PaperGate] = (MAIN_GATE,), **changes: object
) -> None:
    """Take a table of gates in."""
    path = folder / "gates.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["code", "name", "lon", "lat", "access", "hours"])
        writer.writerows([code, code, *degrees([(x, y)])[0], access, hours] for code, x, y, access, hours in gates)
    with sessions.begin() as session:
        imports.import_gates(session, TESTER, read_gates(path), labels(str(changes.pop("name", "gates")), **changes))
