"""The conformance table of Open311: one row a requirement, each with a test that there is."""

import ast
import re

import pytest

from gridmgmt.settings import PROJECT_DIR

PAGE = (PROJECT_DIR / "docs" / "open311.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.partition("## Conformance")[2].partition("\n## ")[0].splitlines() if "`test_" in line]
TREE = ast.parse((PROJECT_DIR / "tests" / "api" / "test_open311.py").read_text(encoding="utf-8"))
TESTS = {node.name for node in TREE.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}
TABLE = re.compile(r"\| (?P<requirement>[^|]+) \| (?P<where>[^|]+) \| (?P<tests>`test_\w+`(?:, `test_\w+`)*) \|")


@pytest.mark.parametrize("row", ROWS)
def test_each_requirement_has_its_test(row: str) -> None:
    found = TABLE.fullmatch(row)
    assert found, "a row has a requirement, where it stands, and tests"
    named = set(re.findall(r"test_\w+", found["tests"]))
    assert named <= TESTS, named - TESTS


def test_each_test_holds_a_requirement() -> None:
    assert len(ROWS) > 40
    assert {name for row in ROWS for name in re.findall(r"test_\w+", row)} == TESTS
