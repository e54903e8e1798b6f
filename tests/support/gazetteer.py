"""A small gazetteer of 38 made-up rows with real names, and how to take it in."""

from datetime import date
from pathlib import Path

from gridmgmt import imports
from gridmgmt.crs import Datum
from gridmgmt.db import Session
from gridmgmt.file_kinds import AddressesFile
from gridmgmt.imports import Labels, Outcome
from tests.support.actors import TESTER

FILE = Path(__file__).parents[1] / "fixtures" / "gazetteer.csv"
DAY = date(2026, 1, 1)


def take(session: Session, file: Path = FILE, name: str = "gazetteer", **changes: object) -> Outcome:
    """Take a file of addresses under an edition in force from :data:`DAY`."""
    intake = AddressesFile().read(file, None)
    labels = Labels(**{"name": name, "source": "a test", "valid_from": DAY, "datum": Datum.WGS84, **changes})
    return imports.import_addresses(session, TESTER, intake, labels)
