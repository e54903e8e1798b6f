"""The real tables of codes beside the real towns of Baoshan."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from gridmgmt import imports
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.ingest.areas import read_areas
from gridmgmt.ingest.codes import read_codes
from gridmgmt.official_codes import queries
from gridmgmt.official_codes.rules import CodeAgreement, by_parent, tally
from tests.support.actors import TESTER
from tests.support.drafts import take_into_force

pytestmark = pytest.mark.shared_data
DAY = date(2026, 1, 1)


@pytest.fixture
def baoshan(session: Session, shared_data: Path) -> Session:
    """Eight towns in force (the ninth surface has no code), and the tables of Shanghai's towns and committees."""
    towns = read_areas(shared_data / "boundaries" / "baoshan_towns_osm_wgs84.geojson")
    said = imports.Labels("towns", "OSM", DAY, partial=True)
    imports.import_areas(session, TESTER, towns, said, level="town")
    take_into_force(session, "towns")
    for name in ("streets", "villages"):
        rows = read_codes(shared_data / "admin_codes" / f"shanghai_{name}.csv")
        imports.import_codes(session, TESTER, rows, imports.Labels(name, "bureau", DAY))
    return session


def test_eight_towns_agree_and_five_rows_have_no_town(baoshan: Session) -> None:
    found = queries.comparison(baoshan, AreaLevel.TOWN, DAY)
    assert found.counties == ("310113",)
    assert tally(found.compared) == {
        CodeAgreement.AGREES: 8,
        CodeAgreement.OTHER_NAME: 0,
        CodeAgreement.OTHER_CODE: 0,
        CodeAgreement.AREA_WITHOUT_ROW: 0,
        CodeAgreement.ROW_WITHOUT_AREA: 5,
    }
    missing = {each.row.name for each in found.compared if each.area is None and each.row is not None}
    assert {"大场镇", "庙行镇", "友谊路街道", "吴淞街道"} < missing


def test_567_committees_are_listed_by_town(baoshan: Session) -> None:
    found = queries.comparison(baoshan, AreaLevel.RESIDENTIAL_QUARTER, DAY)
    rows = [each.row for each in found.compared if each.agreement is CodeAgreement.ROW_WITHOUT_AREA]
    assert len(rows) == len(found.compared) == 567
    counts = {
        found.names[code]: below[CodeAgreement.ROW_WITHOUT_AREA] for code, below in by_parent(found.compared).items()
    }
    assert sum(counts.values()) == 567
    assert {name: counts[name] for name in ("大场镇", "顾村镇", "罗店镇", "杨行镇")} == {
        "大场镇": 89, "顾村镇": 83, "罗店镇": 71, "杨行镇": 61,
    }  # fmt: skip


def test_the_committees_come_with_the_names_of_their_towns(baoshan: Session) -> None:
    frame = queries.committees(baoshan, "310113", DAY)
    assert len(frame) == 567
    assert frame["parent_name"].notna().all()
    assert frame["code"].is_monotonic_increasing


def test_every_code_of_the_country_is_good(shared_data: Path) -> None:
    found = read_codes(shared_data / "admin_codes" / "china_villages.csv.gz")
    assert (len(found.code), found.read, found.problems) == (620_573, 620_573, ())
    assert found.details == {"by_digits": {"6": 1, "12": 620_572}, "padded": 1}, "金门县 stands there as 350527000000"
