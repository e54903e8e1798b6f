"""Centres and branches: what is refused, what the matrix finds, files taken whole or not at all."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gridmgmt.access.models import Change
from gridmgmt.access.rules import Actor, Grant, Permission, Role
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.errors import (
    CodeFormatError,
    DuplicateCodeError,
    FileRefusedError,
    ForbiddenError,
    InputError,
    NotFoundError,
    RuleViolationError,
)
from gridmgmt.governance import service
from gridmgmt.governance.matrix import CompletenessMatrix
from gridmgmt.governance.models import Centre
from gridmgmt.governance.queries import completeness_matrix, mode_report
from gridmgmt.governance.rules import SEVEN_CENTRES, SIX_CENTRES, CentreType, NewCentre
from gridmgmt.ingest.centres import read_centres
from tests.support import governed
from tests.support.actors import TESTER
from tests.support.governed import BEGIN, DACHANG, GUCUN, LUODIAN, TOWNS, UNITS, ZHANGMIAO

LATER = date(2016, 7, 1)
UNIT = f"{GUCUN}-U1"
HEALTH = CentreType.HEALTH


@pytest.fixture
def district(session: Session) -> Session:
    governed.build(session)
    return session


def all_centres() -> Iterator[NewCentre]:
    """Yield 54 centres of towns, 21 of subdistricts and 24 branches in units."""
    for code in TOWNS:
        for type_ in SEVEN_CENTRES if code.startswith("31011300") else SIX_CENTRES:
            yield NewCentre(f"{code}-{type_}", type_, f"{code}{type_}", code, BEGIN)
    for unit in UNITS:
        for type_ in SIX_CENTRES:
            yield NewCentre(f"{unit}-{type_}", type_, f"{unit}{type_}", unit, BEGIN, f"{unit[:9]}-{type_}")


def centre(code: str, area: str, type_: CentreType = HEALTH, parent: str | None = None) -> NewCentre:
    return NewCentre(code, type_, code, area, BEGIN, parent)


def add(session: Session, *news: NewCentre) -> None:
    for new in news:
        service.add_centre(session, TESTER, new)


def numbers(matrix: CompletenessMatrix) -> list[tuple[int, int, int, int, int]]:
    return [(t.areas, t.expected, t.present, t.faulty, t.missing) for t in matrix.tallies]


def test_54_centres_24_branches_and_21_centres_are_expected_and_found(district) -> None:
    empty = completeness_matrix(district, BEGIN)
    assert numbers(empty) == [(9, 54, 0, 0, 54), (4, 24, 0, 0, 24), (3, 21, 0, 0, 21)]
    service.import_centres(district, TESTER, list(enumerate(all_centres(), 2)), source="file.csv")
    full = completeness_matrix(district, BEGIN)
    assert numbers(full) == [(9, 54, 54, 0, 0), (4, 24, 24, 0, 0), (3, 21, 21, 0, 0)]
    assert full.findings == ()


def test_missing_branches_are_named_in_the_matrix_and_with_the_unit(district) -> None:
    absent = {f"{UNIT}-{HEALTH}", f"{ZHANGMIAO}-{CentreType.SOCIAL_ORGANISATIONS}"}
    add(district, *(new for new in all_centres() if new.code not in absent))
    missing = {r.body.code: r.missing for r in completeness_matrix(district, BEGIN).rows if r.missing}
    assert missing == {UNIT: (HEALTH,), ZHANGMIAO: (CentreType.SOCIAL_ORGANISATIONS,)}
    gucun = next(town for town in mode_report(district, BEGIN).towns if town.code == GUCUN)
    assert [unit.branches_missing for unit in gucun.units] == [(HEALTH,), ()]


@pytest.mark.parametrize(
    ("new", "error", "code"),
    [
        (centre("b", UNIT, parent="c-culture"), RuleViolationError, "branch_parent_type"),
        (centre("b", UNIT, parent="d-health"), RuleViolationError, "branch_parent_town"),
        (centre("b", UNIT, parent="nowhere"), NotFoundError, "parent_centre_unknown"),
        (centre("b", UNIT), RuleViolationError, "branch_needs_parent"),
        (centre("b", GUCUN, parent="c-health"), RuleViolationError, "centre_has_no_parent"),
        (centre("b", f"{GUCUN}001"), NotFoundError, "centre_area_unknown"),
        (centre("c-health", DACHANG), DuplicateCodeError, "centre_code_taken"),
        (centre("no code", GUCUN), CodeFormatError, "centre_code_malformed"),
        (replace(centre("b", GUCUN), name=" "), InputError, "value_needed"),
        (replace(centre("b", GUCUN), lonlat=(31.3, 121.4)), InputError, "position_swapped"),
    ],
)
def test_what_does_not_fit_is_refused(district, new, error, code) -> None:
    add(
        district, centre("c-health", GUCUN), centre("c-culture", GUCUN, CentreType.CULTURE), centre("d-health", DACHANG)
    )
    with pytest.raises(error) as refusal:
        add(district, new)
    assert refusal.value.code == code
    assert district.scalar(select(func.count()).select_from(Centre)) == 3


def test_a_branch_of_a_branch_is_refused(district) -> None:
    add(district, centre("c", GUCUN), centre("b", UNIT, parent="c"))
    with pytest.raises(RuleViolationError) as refusal:
        add(district, centre("bb", f"{GUCUN}-U2", parent="b"))
    assert refusal.value.code == "branch_parent_town"


@pytest.mark.parametrize(
    ("type_", "town"), [("culture", GUCUN), ("health", LUODIAN)], ids=["another type", "another town"]
)
def test_the_database_itself_refuses_a_parent_of_another_type_or_town(district, type_, town) -> None:
    add(district, centre("c", GUCUN))
    insert = text(
        "INSERT INTO centres (code, type, name, level, area_code, town_code, parent_code, valid_from)"
        " VALUES ('b', :type, 'n', 'basic_management_unit', 'U', :town, 'c', '2015-01-01')"
    )
    with pytest.raises(DBAPIError, match="fk_centres_parent_of_type_and_town"), district.begin_nested():
        district.execute(insert, {"type": type_, "town": town})
    district.execute(insert, {"type": "health", "town": GUCUN})


def test_branches_of_a_closed_centre_are_findings_until_it_is_replaced(district) -> None:
    add(district, centre("c", GUCUN), centre("b", UNIT, parent="c"))
    service.close_centre(district, TESTER, "c", LATER)
    assert completeness_matrix(district, BEGIN).findings == ()
    (found,) = completeness_matrix(district, LATER).findings
    assert (found.code, found.centre.code) == ("parent_closed", "b")
    service.close_centre(district, TESTER, "b", LATER)
    add(district, replace(centre("c2", GUCUN), valid_from=LATER))
    add(district, replace(centre("b2", UNIT, parent="c2"), valid_from=LATER))
    assert completeness_matrix(district, LATER).findings == ()
    with pytest.raises(NotFoundError) as refusal:
        service.close_centre(district, TESTER, "c", LATER)
    assert refusal.value.code == "centre_unknown"
    with pytest.raises(DuplicateCodeError):
        add(district, replace(centre("c", GUCUN), valid_from=LATER))


def test_a_unit_that_has_passed_to_another_town_leaves_its_branch_under_a_wrong_town(district) -> None:
    """The unit's code stays, its land is 大场's from 2016: the centre that opened the branch is 顾村's still."""
    add(district, centre("c", GUCUN), centre("b", UNIT, parent="c"))
    edition = governed.open_edition(district, "moved", LATER)
    west = governed.town_square(DACHANG).bounds[0]
    land = governed.square((west - governed.WEST) / governed.STEP, 6, 2, 2)
    governed.store(district, edition, AreaLevel.BASIC_MANAGEMENT_UNIT, [(UNIT, "菊泉", land)])
    governed.take_into_force(district, "moved")
    assert completeness_matrix(district, BEGIN).findings == ()
    (found,) = completeness_matrix(district, LATER).findings
    assert (found.code, found.centre.code) == ("parent_town", "b")


def test_who_may_act_on_one_town_opens_no_centre_in_another(district) -> None:
    planner = Actor("account", "p", grants=(Grant(Role.PLANNER, frozenset(Permission), "town", GUCUN),))
    service.add_centre(district, planner, centre("c", GUCUN))
    service.add_centre(district, planner, centre("b", UNIT, parent="c"))
    with pytest.raises(ForbiddenError):
        service.add_centre(district, planner, centre("d", DACHANG))
    with pytest.raises(ForbiddenError):
        service.import_centres(district, planner, [(2, centre("d", DACHANG))], source="x")


COLUMNS = ("code", "type", "name", "area_code", "parent_code", "address", "valid_from", "lon", "lat")
TYPES = {"health": "health", "卫生服务中心": "health", "culture": "culture"}


def table(path: Path, rows: Sequence[Sequence[object]], columns: Sequence[str] = COLUMNS) -> Path:
    if path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        for row in (columns, *rows):
            book.active.append(list(row))
        book.save(path)
        return path
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


GOOD = [
    ["B1", "卫生服务中心", "菊泉分中心", UNIT, "C1", "", "", "", ""],
    ["C1", "health", "顾村卫生服务中心", GUCUN, "", "顾村路1号", "2015-01-01", 121.72, 31.35],
]


def read(path: Path) -> list[tuple[int, NewCentre]]:
    found = read_centres(path, types=TYPES)
    assert found.problems == ()
    return [
        (
            row.row,
            NewCentre(
                row.code, CentreType(row.type), row.name, row.area_code, row.valid_from or BEGIN, row.parent_code,
                row.address, row.lonlat,
            ),
        )
        for row in found.rows
    ]  # fmt: skip


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_file_is_taken_in_any_order_and_again_without_doubling(district, tmp_path, suffix) -> None:
    rows = read(table(tmp_path / f"centres{suffix}", GOOD))
    outcomes = [service.import_centres(district, TESTER, rows, source="centres") for _ in range(2)]
    assert [(o.read, o.added, o.known) for o in outcomes] == [(2, 2, 0), (2, 0, 2)]
    place = district.execute(text("SELECT ST_X(geom), ST_Y(geom), address FROM centres WHERE code = 'C1'")).one()
    assert tuple(place) == (121.72, 31.35, "顾村路1号")
    logged = district.scalars(select(Change.action).order_by(Change.change_id)).all()
    assert logged.count("centres.import") == 2


def test_other_content_under_a_taken_code_refuses_the_file(district, tmp_path) -> None:
    rows = read(table(tmp_path / "centres.csv", GOOD))
    service.import_centres(district, TESTER, rows, source="centres")
    other = [(number, replace(new, name="另一名称")) for number, new in rows]
    with pytest.raises(FileRefusedError) as refusal:
        service.import_centres(district, TESTER, other, source="centres")
    assert {problem.code for problem in refusal.value.problems} == {"centre_code_taken"}


def test_one_bad_row_keeps_all_out_and_is_named_by_its_line(district) -> None:
    bad = [(2, centre("C", GUCUN)), (3, centre("B", UNIT, CentreType.CULTURE, parent="C")), (4, centre("D", "9"))]
    with pytest.raises(FileRefusedError) as refusal, district.begin_nested():
        service.import_centres(district, TESTER, bad, source="x")
    problems = [(problem.row, problem.code) for problem in refusal.value.problems]
    assert problems == [(3, "branch_parent_type"), (4, "centre_area_unknown")]
    assert all(problem.message("en") and problem.message("zh") for problem in refusal.value.problems)
    assert district.scalar(select(func.count()).select_from(Centre)) == 0


def test_malformed_cells_are_refused_by_line(tmp_path) -> None:
    rows = [
        ["C1", "health", "n", GUCUN, "", "", "01.02.2015", "", ""],
        ["C2", "浴室", "n", GUCUN, "", "", "", "", ""],
        ["C3", "health", "", GUCUN, "", "", "", "", ""],
        ["C4", "health", "n", "", "", "", "", "", ""],
        ["C5", "health", "n", GUCUN, "", "", "", "121.4", ""],
        ["C6", "health", "n", GUCUN, "", "", "", "x", "31"],
        ["C7", "health", "n", GUCUN, "", "", "", "190", "31"],
        ["C8", "health", "n", GUCUN, "", "", "2015/03/01", "", ""],
        ["C8", "health", "n", GUCUN, "", "", "", "", ""],
        ["a b", "health", "n", GUCUN, "", "", "", "", ""],
    ]
    found = read_centres(table(tmp_path / "centres.csv", rows), types=TYPES)
    assert [(problem.row, problem.code) for problem in found.problems] == [
        (2, "date_malformed"), (3, "value_unknown"), (4, "value_missing"), (5, "value_missing"),
        (6, "coordinates_incomplete"), (7, "number_malformed"), (8, "coordinates_out_of_range"),
        (9, "code_repeated"), (10, "code_repeated"), (11, "code_malformed"),
    ]  # fmt: skip
    assert all(problem.message("en") and problem.message("zh") for problem in found.problems)
    assert (found.read, found.rows) == (10, ())


def test_a_file_needs_no_columns_but_four(tmp_path) -> None:
    file = table(tmp_path / "c.csv", [["C1", "culture", "n", GUCUN]], ("编码", "类型", "名称", "区划代码"))
    (row,) = read_centres(file, types=TYPES).rows
    assert (row.code, row.type, row.parent_code, row.valid_from, row.lonlat) == ("C1", "culture", None, None, None)
