"""No table that is written holds a formula, whoever named the things in it."""

import csv
import doctest
from pathlib import Path

import pytest

from gridmgmt import spreadsheets
from gridmgmt.addresses.matching import Asked, MatchedRow, write_matches
from gridmgmt.addresses.rules import MatchState
from gridmgmt.cli.codes import _write
from gridmgmt.errors import Problem
from gridmgmt.ingest.intake import write_refused
from gridmgmt.reports.governance import Page, rendered
from gridmgmt.reports.tables import Column, Table

FORMULA = '=HYPERLINK("http://example.org")'


def test_the_examples_hold() -> None:
    assert doctest.testmod(spreadsheets).failed == 0


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_a_report_as_csv_holds_no_formula(begin: str) -> None:
    table = Table("t", "t", (Column("name"), Column("x", "ratio")), ((f"{begin}cmd|' /C calc'!A0", -0.5),))
    content = rendered(Page("t", "t", (), (table,), table, synthetic=False), {}, "csv", "en").content
    assert list(csv.reader(content.decode("utf-8-sig").splitlines()))[-1][-1] == "-0.5"
    assert f"'{begin}cmd".encode() in content


def test_tables_of_the_command_line_hold_no_formula(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("codes", "matches", "refused")}
    _write(files["codes"], ["name"], [[FORMULA]])
    write_matches(
        files["matches"],
        [MatchedRow(Asked(2, FORMULA, FORMULA), MatchState.UNMATCHED, "match_reason.by_name", ())],
        "en",
    )
    write_refused(files["refused"], [Problem(2, "value_missing", {"field": FORMULA})], "en")
    for file in files.values():
        cells = [cell for row in csv.reader(file.read_text("utf-8-sig").splitlines()) for cell in row]
        assert any(FORMULA in cell for cell in cells)
        assert not any(cell.startswith("=") for cell in cells)
