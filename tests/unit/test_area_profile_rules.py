"""Figures of an area: how they are written, and how two days stand side by side."""

import doctest
from dataclasses import replace

import pytest

from gridmgmt.area_profiles import rules
from gridmgmt.area_profiles.rules import Change, Figure, Section, bound_of, change_of, changes, named
from gridmgmt.reports import area_profile_words
from gridmgmt.reports.area_profile_words import change_text, figure_text

COUNT = Figure("n", named("n"), "count", 8.0)


@pytest.mark.parametrize("module", [rules, area_profile_words])
def test_the_examples_hold(module: object) -> None:
    tested = doctest.testmod(module)  # type: ignore[arg-type]  # a module
    assert (tested.failed, tested.attempted > 5) == (0, True)


@pytest.mark.parametrize(
    "then",
    [
        replace(COUNT, value=None),
        replace(COUNT, value=None, withheld=True),
        replace(COUNT, bound="at_least"),
        replace(COUNT, below=9.0),
        replace(COUNT, value=None, word=named("x")),
        replace(COUNT, unit="people"),
        None,
    ],
)
def test_a_difference_is_of_two_exact_numbers_alone(then: Figure | None) -> None:
    assert change_of(COUNT, then) == Change(then, None)
    assert change_of(COUNT, replace(COUNT, value=0.0)).difference == 8


def test_every_figure_of_today_stands_beside_that_of_its_own_section() -> None:
    now = [Section("points", (COUNT,)), Section("topics", (replace(COUNT, value=1.0),))]
    then = [Section("topics", (replace(COUNT, value=4.0),)), Section("cases", (COUNT,))]
    found = changes(now, then)
    assert set(found) == {("points", "n"), ("topics", "n")}
    assert (found["points", "n"].figure, found["topics", "n"].difference) == (None, -3)


def test_zero_unknown_and_withheld_are_told_apart() -> None:
    shown = [replace(COUNT, value=0.0), replace(COUNT, value=None), replace(COUNT, value=None, withheld=True)]
    assert [figure_text(each, "en") for each in shown] == ["0", "—", "*"]
    assert [each.state for each in shown] == ["known", "unknown", "withheld"]
    yuan = replace(COUNT, unit="yuan", value=460e6, bound=bound_of("more_than"))
    assert figure_text(yuan, "zh") == "> 460,000,000 元"
    rank = replace(COUNT, unit="rank", value=3.0, denominator=12.0)
    assert figure_text(rank, "zh") == "3 / 12"
    assert change_text(replace(COUNT, unit="ratio"), Change(COUNT, -0.0213), "en") == "-2.13 pp"
