"""Repeated places of the Boston year, beside what plain arithmetic finds in the file itself."""

from collections import Counter
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from pyproj import Geod
from sqlalchemy.orm import Session

from gridmgmt import imports
from gridmgmt.hotspots.rules import RepeatQuestion, Span
from gridmgmt.hotspots.service import repeats
from gridmgmt.imports import Labels
from gridmgmt.ingest.case_mapping import read_mapping
from gridmgmt.ingest.cases import read_cases
from gridmgmt.settings import PROJECT_DIR
from tests.support.actors import TESTER

pytestmark = pytest.mark.long

WGS84 = Geod(ellps="WGS84")
UNKNOWN = (42.3594, -71.0587)
STEP = 10_000
"""The file gives positions with four decimals."""


def near(lat: int, lon: int) -> list[tuple[int, int]]:
    """The positions of the file within 20 m of one, in ten-thousandths of a degree."""
    around = [(lat + up, lon + right) for up in range(-2, 3) for right in range(-3, 4)]
    return [at for at in around if WGS84.inv(lon / STEP, lat / STEP, at[1] / STEP, at[0] / STEP)[2] <= 20]


def test_the_fullest_places_are_those_of_the_file(session: Session, shared_data: Path) -> None:
    file = shared_data / "incidents" / "boston_311_2015.csv.gz"
    said = read_mapping(PROJECT_DIR / "docs" / "examples" / "boston_311.toml")
    imports.import_cases(session, TESTER, read_cases(file, said), Labels("boston", "City of Boston", date(2015, 1, 1)))
    found = repeats(session, RepeatQuestion(Span(date(2015, 1, 1), date(2016, 1, 1)), most=200))

    rows = pd.read_csv(file, usecols=["TYPE", "LATITUDE", "LONGITUDE"])
    rows = rows[(rows["LATITUDE"] != UNKNOWN[0]) | (rows["LONGITUDE"] != UNKNOWN[1])]
    assert (found.cases, found.unknown_place) == (len(rows), 17_070) == (104_075, 17_070)
    lat, lon = ((rows[name] * STEP).round().astype(int) for name in ("LATITUDE", "LONGITUDE"))
    cases = Counter(zip(rows["TYPE"], lat, lon, strict=True))
    around = {(type_, *at): sum(cases[type_, *other] for other in near(*at)) for (type_, *at) in cases}

    assert found.places[0].count == max(around.values())
    for place in found.places:
        ((type_, count),) = place.types
        assert around[type_, round(place.lat * STEP), round(place.lon * STEP)] == count == place.count
    held = {
        (type_, *other)
        for place in found.places
        for type_, _ in place.types
        for other in near(round(place.lat * STEP), round(place.lon * STEP))
    }
    left = {at: number for at, number in cases.items() if at not in held}
    fullest_left = max(sum(left.get((type_, *other), 0) for other in near(*at)) for (type_, *at) in left)
    assert 3 <= fullest_left <= found.places[-1].count, "of what no place holds, nothing is fuller than the last"
