"""What holds for the codes of grid cells without a database: schemes, validation with a reason, the next codes.

A code is segments of digits. The standards know several lengths: 6+3+3+3 in Beijing and most of the country, 16 digits
with a street of four, and 20 for professional grids that begin with the object (docs of the segments: docs/cells.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.errors import CodeFormatError, InputError, Problem, RuleViolationError


class SegmentName(StrEnum):
    """What the digits of one segment of a cell's code tell."""

    OBJECT = "object"
    COUNTY = "county"
    STREET = "street"
    COMMUNITY = "community"
    SEQUENCE = "sequence"


LEVEL_OF: Mapping[SegmentName, AreaLevel] = {
    SegmentName.COUNTY: AreaLevel.DISTRICT,
    SegmentName.STREET: AreaLevel.TOWN,
    SegmentName.COMMUNITY: AreaLevel.RESIDENTIAL_QUARTER,
}
"""The level whose code ends with a segment: county and street together are the code of the town."""


@dataclass(frozen=True)
class Segment:
    """So many digits that tell one thing."""

    name: SegmentName
    digits: int


@dataclass(frozen=True)
class CodeScheme:
    """How the codes of cells are made up; the sequence in the quarter comes last."""

    name: str
    segments: tuple[Segment, ...]

    @property
    def digits(self) -> int:
        """Return the length of a code."""
        return sum(segment.digits for segment in self.segments)

    @property
    def sequence_digits(self) -> int:
        """Return the length of the sequence."""
        return self.segments[-1].digits

    @property
    def most(self) -> int:
        """Return the highest sequence, and so how many cells a quarter can ever have."""
        return int(10**self.sequence_digits) - 1

    @property
    def form(self) -> str:
        """Return the lengths of the segments.

        >>> CELL_15.form
        '6+3+3+3'
        """
        return "+".join(str(segment.digits) for segment in self.segments)

    def parts(self, code: str) -> dict[SegmentName, str]:
        """Return the digits of each segment of a code of the right length.

        >>> CELL_15.parts("310113109017001")[SegmentName.COMMUNITY]
        '017'
        """
        found, at = {}, 0
        for segment in self.segments:
            found[segment.name] = code[at : at + segment.digits]
            at += segment.digits
        return found

    def sequence_of(self, code: str) -> int:
        """Return the sequence of a code.

        >>> CELL_15.sequence_of("310113109017042")
        42
        """
        return int(code[-self.sequence_digits :])


def _scheme(name: str, **digits: int) -> CodeScheme:
    return CodeScheme(name, tuple(Segment(SegmentName(each), n) for each, n in digits.items()))


CELL_15 = _scheme("cell_15", county=6, street=3, community=3, sequence=3)
CELL_16 = _scheme("cell_16", county=6, street=4, community=3, sequence=3)
PROFESSIONAL_20 = _scheme("professional_20", object=6, county=6, street=3, community=3, sequence=2)


def check_cell_code(code: str, scheme: CodeScheme, parents: Mapping[AreaLevel, str]) -> Problem | None:
    """Return why a text is not the code of a cell, None where it is one.

    Parameters
    ----------
    parents
        The codes of the areas that the cell lies in, by level; levels that are not there are not compared.

    Returns
    -------
    Problem
        Without a row; its code is ``cell_code_`` and ``length``, ``digits``, ``sequence``, ``parent_length`` (the
        area's own code does not have the digits that the scheme gives it) or ``segment`` (the cell lies elsewhere).

    >>> check_cell_code("310113109017001", CELL_15, {AreaLevel.TOWN: "310113109"})
    >>> check_cell_code("310113109017000", CELL_15, {}).code
    'cell_code_sequence'
    """
    if len(code) != scheme.digits:
        fields = {"value": code, "found": len(code), "digits": scheme.digits, "form": scheme.form}
        return Problem(None, "cell_code_length", fields)
    if not (code.isascii() and code.isdigit()):
        return Problem(None, "cell_code_digits", {"value": code, "form": scheme.form})
    if scheme.sequence_of(code) == 0:
        return Problem(None, "cell_code_sequence", {"value": code, "digits": scheme.sequence_digits})
    return _misplaced(code, scheme, parents)


def _misplaced(code: str, scheme: CodeScheme, parents: Mapping[AreaLevel, str]) -> Problem | None:
    """Return which segment of a code is not that of the area that the cell lies in."""
    prefix = ""
    for name, digits in scheme.parts(code).items():
        level = LEVEL_OF.get(name)
        if level is None:
            continue
        prefix += digits
        parent = parents.get(level)
        if parent is None or parent == prefix:
            continue
        fields = {"value": code, "segment": name.value, "level": level.value, "parent": parent, "digits": len(prefix)}
        if len(parent) != len(prefix):
            return Problem(None, "cell_code_parent_length", fields)
        return Problem(None, "cell_code_segment", fields | {"found": prefix})
    return None


def next_codes(quarter: str, scheme: CodeScheme, last: int, count: int) -> list[str]:
    """Return the next codes of a quarter, which follow the highest sequence that was ever issued there.

    Raises
    ------
    InputError
        When the scheme begins with what the quarter does not tell.
    CodeFormatError
        When the quarter's code is not the digits that the scheme has before the sequence.
    RuleViolationError
        When the sequence has too few digits for so many.

    >>> next_codes("310113109017", CELL_15, 41, 2)
    ['310113109017042', '310113109017043']
    """
    if scheme.segments[0].name is SegmentName.OBJECT:
        raise InputError("cell_scheme_of_objects", field="scheme", value=scheme.name)
    digits = scheme.digits - scheme.sequence_digits
    if len(quarter) != digits or not (quarter.isascii() and quarter.isdigit()):
        raise CodeFormatError(
            "quarter_code_no_prefix", field="quarter", value=quarter, digits=digits, scheme=scheme.name
        )
    if last + count > scheme.most:
        raise RuleViolationError("cell_codes_exhausted", quarter=quarter, last=last, asked=count, most=scheme.most)
    return [f"{quarter}{number:0{scheme.sequence_digits}d}" for number in range(last + 1, last + count + 1)]
