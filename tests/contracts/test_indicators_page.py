"""The page of indicators says of each measure and rate what the code does."""

import re

from gridmgmt.cases.counting import DEFINITIONS
from gridmgmt.cases.measures import RATIOS, Dimension
from gridmgmt.settings import PROJECT_DIR
from gridmgmt.texts import text

PAGE = (PROJECT_DIR / "docs" / "indicators.md").read_text(encoding="utf-8")


def rows(width: int) -> dict[str, list[str]]:
    """The rows of tables whose first cell is one name, without it, by this name."""
    found = re.findall(r"^\| `(\w+)` \|(.*)\|$", PAGE, re.MULTILINE)
    split = {name: [cell.strip(" `") for cell in cells.split("|")] for name, cells in found}
    return {name: cells for name, cells in split.items() if len(cells) == width}


def test_every_measure_has_its_anchor() -> None:
    told = {name: cells[:2] for name, cells in rows(3).items() if name in set(DEFINITIONS)}
    assert told == {m: [text(f"measure.{m}", "zh"), d.anchor.key] for m, d in DEFINITIONS.items()}


def test_what_has_no_condition_is_told_without_one() -> None:
    told = {name for name, cells in rows(3).items() if name in set(DEFINITIONS) and not cells[2]}
    assert told == {measure for measure, definition in DEFINITIONS.items() if definition.condition is None}


def test_every_rate_has_its_numerator_and_denominator() -> None:
    told = {name: cells for name, cells in rows(3).items() if name in set(RATIOS)}
    assert told == {ratio: [text(f"ratio.{ratio}", "zh"), *parts] for ratio, parts in RATIOS.items()}


def test_every_dimension_is_named() -> None:
    assert all(f"`{by}`" in PAGE for by in Dimension)
