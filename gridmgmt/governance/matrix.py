"""The completeness matrix: which centres and branches the towns, units and subdistricts of a day have, and lack."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from gridmgmt.areas.rules import AreaKind, AreaLevel
from gridmgmt.governance.rules import CentreType, expected_centres

Group = Literal["town", "basic_management_unit", "subdistrict"]
GROUPS: tuple[Group, ...] = ("town", "basic_management_unit", "subdistrict")
State = Literal["present", "faulty", "missing"]


@dataclass(frozen=True)
class Body:
    """A town, subdistrict or unit in force; ``town_code`` is the town-level area that it is or lies in."""

    level: AreaLevel
    code: str
    name: str
    kind: AreaKind | None
    town_code: str | None

    @property
    def group(self) -> Group:
        """Which of the three kinds of rows it is; a township counts as a town."""
        if self.level == AreaLevel.BASIC_MANAGEMENT_UNIT:
            return "basic_management_unit"
        return "subdistrict" if self.kind == AreaKind.SUBDISTRICT else "town"


@dataclass(frozen=True)
class OpenCentre:
    """A centre, or a branch with its parent, that is open."""

    code: str
    type: CentreType
    name: str
    level: AreaLevel
    area_code: str
    parent_code: str | None


@dataclass(frozen=True)
class Finding:
    """What is wrong with an open centre, as a code of the catalogue (``centre_finding.<code>``)."""

    code: str
    centre: OpenCentre


@dataclass(frozen=True)
class Cell:
    """What an area has of one type: an open centre (``present``), one with a finding (``faulty``), or none."""

    type: CentreType
    state: State
    centres: tuple[str, ...]


@dataclass(frozen=True)
class MatrixRow:
    """One town, subdistrict or unit with a cell for each type that it has to have."""

    body: Body
    cells: tuple[Cell, ...]

    @property
    def missing(self) -> tuple[CentreType, ...]:
        """The types of which it has none."""
        return tuple(cell.type for cell in self.cells if cell.state == "missing")


@dataclass(frozen=True)
class Tally:
    """Sums over a group of rows; ``expected`` = ``present`` + ``faulty`` + ``missing``."""

    group: Group
    areas: int
    expected: int
    present: int
    faulty: int
    missing: int


@dataclass(frozen=True)
class CompletenessMatrix:
    """Rows by group and code, sums by group, and what is wrong with centres that are there."""

    on: date
    rows: tuple[MatrixRow, ...]
    tallies: tuple[Tally, ...]
    findings: tuple[Finding, ...]


def completeness(on: date, bodies: Iterable[Body], centres: Sequence[OpenCentre]) -> CompletenessMatrix:
    """Return the matrix of the bodies in force and the centres open on a day."""
    ordered = sorted(bodies, key=lambda body: (GROUPS.index(body.group), body.code))
    findings = _findings({(body.level, body.code): body for body in ordered}, centres)
    faulty = {finding.centre.code for finding in findings}
    held: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for centre in centres:
        held[centre.level, centre.area_code, centre.type].append(centre.code)
    rows = tuple(
        MatrixRow(
            body,
            tuple(
                _cell(type_, held.get((body.level, body.code, type_), ()), faulty)
                for type_ in expected_centres(body.level, body.kind)
            ),
        )
        for body in ordered
    )
    return CompletenessMatrix(on, rows, tuple(_tally(group, rows) for group in GROUPS), findings)


def _cell(type_: CentreType, codes: Sequence[str], faulty: set[str]) -> Cell:
    if not codes:
        return Cell(type_, "missing", ())
    return Cell(type_, "faulty" if faulty.issuperset(codes) else "present", tuple(sorted(codes)))


def _tally(group: Group, rows: Sequence[MatrixRow]) -> Tally:
    own = [row for row in rows if row.body.group == group]
    states = [cell.state for row in own for cell in row.cells]
    return Tally(group, len(own), len(states), states.count("present"), states.count("faulty"), states.count("missing"))


def _findings(bodies: Mapping[tuple[AreaLevel, str], Body], centres: Sequence[OpenCentre]) -> tuple[Finding, ...]:
    by_code = {centre.code: centre for centre in centres}
    return tuple(
        Finding(code, centre)
        for centre in sorted(centres, key=lambda centre: centre.code)
        for code in _faults(centre, bodies, by_code)
    )


def _faults(
    centre: OpenCentre, bodies: Mapping[tuple[AreaLevel, str], Body], by_code: Mapping[str, OpenCentre]
) -> Iterator[str]:
    """Yield what is wrong with one centre: its own area first, then, of a branch, its parent."""
    body = bodies.get((centre.level, centre.area_code))
    if body is None:
        yield "area_gone"
    if centre.level != AreaLevel.BASIC_MANAGEMENT_UNIT:
        return
    parent = None if centre.parent_code is None else by_code.get(centre.parent_code)
    if parent is None:
        yield "parent_closed"
        return
    if parent.type != centre.type:
        yield "parent_type"
    if parent.level != AreaLevel.TOWN or (body is not None and parent.area_code != body.town_code):
        yield "parent_town"
