"""Tables of official codes in the database: whole or not at all, by edition, beside the areas in force."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from gridmgmt import imports
from gridmgmt.access.rules import anonymous
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.editions.queries import extent, metric_crs_text
from gridmgmt.errors import ConflictError, FileRefusedError, InputError, NotFoundError, UnauthenticatedError
from gridmgmt.ingest.codes import read_codes
from gridmgmt.official_codes import queries
from gridmgmt.official_codes.rules import CodeAgreement, by_parent, tally
from tests.support.actors import TESTER
from tests.support.paper_district import load_district

FIRST, LATER = date(2015, 1, 1), date(2026, 1, 1)
TOWNS = "code,name\n310113,宝山区\n310113109,顾村镇\n310113102,大场镇\n310113101,罗店镇\n"


@pytest.fixture
def take(session: Session, tmp_path: Path):
    """Take a table from its text."""

    def take(text: str, name: str = "2015", on: date = FIRST, **labels: object) -> imports.Outcome:
        file = tmp_path / f"{name}.csv"
        file.write_text(text, encoding="utf-8")
        said = imports.Labels(name, "bureau", on, **{"synthetic": True, **labels})
        return imports.import_codes(session, TESTER, read_codes(file, columns={}), said)

    return take


def named(session: Session, on: date = LATER, **asked: object) -> dict[str, str]:
    return {unit.code: unit.name for unit in queries.summaries(session, on, **asked)}


def test_a_table_is_taken_once_and_lies_nowhere(session: Session, take) -> None:
    done = take(TOWNS)
    assert (done.read, done.taken, done.refused, done.new) == (4, 4, 0, True)
    assert take(TOWNS).new is False
    assert (extent(session), metric_crs_text(session)) == (None, None)
    assert named(session, parent="310113") == {"310113101": "罗店镇", "310113102": "大场镇", "310113109": "顾村镇"}
    with pytest.raises(ConflictError, match="2015"):
        take(TOWNS.replace("顾村镇", "顾村"))


def test_a_code_with_an_unknown_parent_is_refused_and_nothing_is_kept(session: Session, take) -> None:
    take(TOWNS)
    with pytest.raises(FileRefusedError) as refusal:
        take("code,name\n310113109001,甲居委会\n310113199001,乙居委会\n", "villages")
    (problem,) = refusal.value.problems
    assert (problem.row, problem.code) == (3, "official_parent_unknown")
    assert "310113199" in problem.message("en")
    assert named(session, parent="310113109") == {}
    assert take("code,name\n310113109001,甲居委会\n310113199001,乙居委会\n", "villages", partial=True).refused == 1
    assert named(session, parent="310113109") == {"310113109001": "甲居委会"}


def test_a_stated_parent_need_not_be_there(session: Session, take) -> None:
    assert take("code,name,上级代码\n310113199001,乙居委会,310113199\n").taken == 1


def test_the_newest_edition_counts_on_each_day(session: Session, take) -> None:
    take(TOWNS)
    take(TOWNS.replace("顾村镇", "顾村街道").replace("310113101,罗店镇\n", ""), "2026", LATER)
    before, after = (named(session, day, parent="310113") for day in (FIRST, LATER))
    assert before["310113109"] == "顾村镇"
    assert after == {"310113101": "罗店镇", "310113102": "大场镇", "310113109": "顾村街道"}
    assert named(session, text="顾村镇") == {}, "that is the old name"
    assert set(named(session, text="顾村")) == {"310113109"}


def test_an_edition_that_is_replaced_counts_no_more(session: Session, take) -> None:
    take(TOWNS)
    take(TOWNS.replace("310113101,罗店镇\n", ""), "2026", LATER, replaces="2015")
    assert set(named(session, parent="310113")) == {"310113102", "310113109"}
    assert set(named(session, FIRST, parent="310113")) == {"310113101", "310113102", "310113109"}


def test_pages_follow_each_other(session: Session, take) -> None:
    take(TOWNS)
    first = list(named(session, limit=2))
    assert first == ["310113", "310113101"]
    assert list(named(session, after=first[-1])) == ["310113102", "310113109"]


def test_an_entry_names_all_above_it(session: Session, take) -> None:
    take(TOWNS)
    take("code,name\n310113109001,甲居委会\n310113109002,乙居委会\n", "villages")
    found = queries.entry(session, "310113109000", LATER)
    assert (found.unit.name, [unit.name for unit in found.above], found.children) == ("顾村镇", ["宝山区"], 2)
    assert queries.entry(session, "310113109002", LATER).unit.parent_name == "顾村镇"
    with pytest.raises(NotFoundError, match="310113110"):
        queries.entry(session, "310113110", LATER)


def test_committees_come_with_their_towns(session: Session, take) -> None:
    take(TOWNS)
    take(
        "code,name,streetCode\n310113109001,甲居委会,\n310113199001,乙居委会,310113199\n310115101001,丙,310115101\n",
        "v",
    )
    frame = queries.committees(session, "310113", LATER)
    assert list(frame.columns) == ["code", "name", "parent_code", "parent_name"]
    assert frame.to_numpy().tolist() == [
        ["310113109001", "甲居委会", "310113109", "顾村镇"],
        ["310113199001", "乙居委会", "310113199", None],
    ]
    assert queries.committees(session, "310114", LATER).empty


def test_only_who_may_import_takes_a_table(session: Session, tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text(TOWNS, encoding="utf-8")
    with pytest.raises(UnauthenticatedError):
        imports.import_codes(
            session, anonymous(reading=True), read_codes(file), imports.Labels("t", "s", FIRST, synthetic=True)
        )


QUARTERS = (
    TOWNS + "310113109001,菊一居委会\n310113109002,菊二社区居委会\n310113109013,顾三\n310113109020,新村居委会\n"
    "310113102001,大场一居委会\n310113102031,大二居委会\n310113102032,大二社区\n310114101001,外区居委会\n310114101,外镇\n310114,外区\n"
)


def test_areas_are_put_beside_the_table(session: Session, take) -> None:
    """The district of the paper: six quarters, of which each meets another kind of row."""
    load_district(session)
    take(QUARTERS)
    found = queries.comparison(session, AreaLevel.RESIDENTIAL_QUARTER, LATER)
    assert (found.counties, found.editions) == (("310113",), ("2015",))
    assert [
        (str(each.agreement), each.area and each.area.code, each.row and each.row.code) for each in found.compared
    ] == [
        ("agrees", "310113109001", "310113109001"),
        ("agrees", "310113109002", "310113109002"),
        ("other_name", "310113102001", "310113102001"),  # 大一, 大场一居委会
        ("other_code", "310113109003", "310113109013"),  # 顾三
        ("area_without_row", "310113102002", None),  # 大二: two rows have its name, none is taken
        ("area_without_row", "310113109004", None),
        ("row_without_area", None, "310113102031"),
        ("row_without_area", None, "310113102032"),
        ("row_without_area", None, "310113109020"),
    ]
    assert sum(tally(found.compared).values()) == len(found.compared)
    missing = {parent: counts[CodeAgreement.ROW_WITHOUT_AREA] for parent, counts in by_parent(found.compared).items()}
    assert missing == {"310113102": 2, "310113109": 1}
    assert found.names == {"310113102": "大场镇", "310113109": "顾村镇"}


def test_levels_without_codes_and_days_without_tables_are_refused(session: Session, take) -> None:
    load_district(session)
    with pytest.raises(NotFoundError, match="gridmgmt import codes"):
        queries.comparison(session, AreaLevel.TOWN, LATER)
    take(TOWNS)
    with pytest.raises(InputError, match="residential_quarter"):
        queries.comparison(session, AreaLevel.GRID_CELL, LATER)
