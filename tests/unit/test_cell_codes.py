"""Codes of cells by scheme: what is right, why something is not, and which come next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cells.rules import CELL_15, CELL_16, PROFESSIONAL_20, check_cell_code, next_codes
from gridmgmt.errors import CodeFormatError, InputError, RuleViolationError
from gridmgmt.texts import LANGUAGES

QUARTER = "310113109017"
INSIDE = {
    AreaLevel.DISTRICT: "310113", AreaLevel.TOWN: "310113109", AreaLevel.RESIDENTIAL_QUARTER: QUARTER,
}  # fmt: skip


def test_lengths_of_the_schemes() -> None:
    assert [(s.digits, s.form, s.most) for s in (CELL_15, CELL_16, PROFESSIONAL_20)] == [
        (15, "6+3+3+3", 999),
        (16, "6+4+3+3", 999),
        (20, "6+6+3+3+2", 99),
    ]


@pytest.mark.parametrize(
    ("code", "reason", "field"),
    [
        ("31011310901701", "length", ("found", 14)),
        ("3101131090170011", "length", ("digits", 15)),
        ("31011310901700a", "digits", ("form", "6+3+3+3")),
        ("３10113109017001", "digits", ("value", "３10113109017001")),
        ("310113109017000", "sequence", ("digits", 3)),
        ("310115109017001", "segment", ("segment", "county")),
        ("310113102017001", "segment", ("segment", "street")),
        ("310113109018001", "segment", ("parent", QUARTER)),
    ],
)
def test_why_a_code_is_not_one(code: str, reason: str, field: tuple[str, object]) -> None:
    problem = check_cell_code(code, CELL_15, INSIDE)
    assert problem is not None
    assert problem.code == f"cell_code_{reason}"
    assert problem.fields[field[0]] == field[1]
    assert all(code in problem.message(lang) for lang in LANGUAGES)


def test_a_quarter_with_a_short_code_fits_no_scheme() -> None:
    problem = check_cell_code("310113109017001", CELL_15, {AreaLevel.RESIDENTIAL_QUARTER: "017"})
    assert problem is not None
    assert (problem.code, problem.fields["parent"], problem.fields["digits"]) == ("cell_code_parent_length", "017", 12)


def test_codes_of_the_other_schemes() -> None:
    """16: a street of four digits; 20: the object comes first and is nobody's segment."""
    wide = {AreaLevel.TOWN: "3101131090", AreaLevel.RESIDENTIAL_QUARTER: "3101131090017"}
    assert check_cell_code("3101131090017001", CELL_16, wide) is None
    assert check_cell_code("01010131011310901742", PROFESSIONAL_20, INSIDE) is None
    wrong = check_cell_code("01010131011310901842", PROFESSIONAL_20, INSIDE)
    assert wrong is not None
    assert wrong.fields["segment"] == "community"


@given(last=st.integers(0, 999), count=st.integers(0, 999))
def test_the_next_codes_are_right_and_rise(last: int, count: int) -> None:
    if last + count > 999:
        with pytest.raises(RuleViolationError):
            next_codes(QUARTER, CELL_15, last, count)
        return
    codes = next_codes(QUARTER, CELL_15, last, count)
    assert [CELL_15.sequence_of(code) for code in codes] == list(range(last + 1, last + count + 1))
    assert all(check_cell_code(code, CELL_15, INSIDE) is None for code in codes)


@given(code=st.text(max_size=20))
def test_whatever_is_given_has_an_answer(code: str) -> None:
    problem = check_cell_code(code, CELL_15, INSIDE)
    right = len(code) == 15 and code.isascii() and code.isdigit() and code.startswith(QUARTER) and int(code[-3:]) > 0
    assert (problem is None) == right


@given(digits=st.lists(st.integers(0, 9), min_size=15, max_size=15))
def test_the_segments_are_the_code(digits: list[int]) -> None:
    code = "".join(map(str, digits))
    assert "".join(CELL_15.parts(code).values()) == code


def test_what_cannot_begin_a_code() -> None:
    with pytest.raises(InputError):
        next_codes(QUARTER, PROFESSIONAL_20, 0, 1)
    for quarter in ("31011310901", "31011310901x"):
        with pytest.raises(CodeFormatError):
            next_codes(quarter, CELL_15, 0, 1)
