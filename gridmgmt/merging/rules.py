"""What holds for grids of departments without a database: names of departments, kinds of conflict, ways to resolve."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gridmgmt.errors import ConflictError, InputError, NotFoundError

MERGED = "merged"
"""The part of merged editions; no department can have this name."""
SLIVER_WIDTH_M = 2.0
"""Where faces are nowhere wider than this, the same line was drawn twice; what a comparison takes without another."""
LONGEST_REASON = 500

_SLUG = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Way(StrEnum):
    """How conflicts are resolved."""

    LEAD = "lead"
    CELLS = "cells"
    COMMON = "common"


class CellWeight(StrEnum):
    """By what it is judged which grid holds most of a cell."""

    AREA = "area"
    RESIDENTS = "residents"


class ConflictKind(StrEnum):
    """What departments disagree about on a face."""

    BORDER = "border"
    GAP = "gap"
    OVERLAP = "overlap"
    SLIVER = "sliver"
    UNASSIGNED = "unassigned"


@dataclass(frozen=True)
class Decision:
    """One conflict decided by hand: its number, the code of the merged grid that gets its land, and why."""

    conflict: int
    grid: str
    reason: str


@dataclass(frozen=True)
class MergeAsk:
    """What is to be merged, and how.

    Parameters
    ----------
    departments
        Two or more, in any order.
    area
        Code of the area to compare within; everywhere without it.
    lead
        Whose borders decide for :attr:`Way.LEAD`, and whose codes merged grids take; the first by name without it.
    sliver_width_m
        Faces nowhere wider than this are slivers.
    cell_weight
        By what it is judged which grid holds most of a cell.
    decisions
        Laid on top, whatever the way.
    """

    departments: tuple[str, ...]
    area: str | None = None
    way: Way = Way.COMMON
    lead: str | None = None
    sliver_width_m: float = SLIVER_WIDTH_M
    cell_weight: CellWeight = CellWeight.AREA
    decisions: tuple[Decision, ...] = field(default=())

    def __post_init__(self) -> None:
        departments = tuple(sorted({check_department(each) for each in self.departments}))
        if len(departments) < 2:
            raise InputError("merge_needs_two", field="department", value=", ".join(departments) or "—")
        if self.lead is not None and self.lead not in departments:
            raise InputError("lead_not_compared", field="lead", value=self.lead, known=", ".join(departments))
        if not 0 < self.sliver_width_m <= 100:
            raise InputError("sliver_width_out_of_range", field="sliver_width_m", value=self.sliver_width_m)
        object.__setattr__(self, "departments", departments)

    @property
    def leading(self) -> str:
        """The department whose borders decide and whose codes come first."""
        return self.lead or self.departments[0]

    def parameters(self) -> dict[str, Any]:
        """Return what was asked as values of JSON."""
        return {
            "departments": list(self.departments),
            "area": self.area,
            "way": self.way.value,
            "lead": self.leading,
            "sliver_width_m": self.sliver_width_m,
            "cell_weight": self.cell_weight.value,
            "decisions": [
                {"conflict": each.conflict, "grid": each.grid, "reason": each.reason} for each in self.decisions
            ],
        }

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> "MergeAsk":
        """Return what was asked from its values of JSON."""
        return cls(
            departments=tuple(parameters["departments"]),
            area=parameters["area"],
            way=Way(parameters["way"]),
            lead=parameters["lead"],
            sliver_width_m=parameters["sliver_width_m"],
            cell_weight=CellWeight(parameters["cell_weight"]),
            decisions=tuple(Decision(**each) for each in parameters["decisions"]),
        )


def check_department(slug: str) -> str:
    """Return the name of a department in the files' and addresses' sense.

    Raises
    ------
    InputError
        When it is none: small letters, digits and underscores, a letter first, at most 40; ``merged`` is taken.
    """
    if slug == MERGED or _SLUG.fullmatch(slug) is None:
        raise InputError("department_malformed", field="department", value=slug)
    return slug


def check_decisions(
    decisions: Sequence[Decision], conflicts: Collection[int], codes: Mapping[str, int]
) -> dict[int, int]:
    """Return which core, by number, gets the land of which conflict.

    Raises
    ------
    NotFoundError
        When there is no conflict of a number, or no merged grid of a code.
    ConflictError
        When a conflict is decided twice.
    InputError
        When a decision has no reason, or a very long one.
    """
    found: dict[int, int] = {}
    for each in decisions:
        if each.conflict not in conflicts:
            raise NotFoundError("merge_conflict_unknown", field="conflict", value=each.conflict, count=len(conflicts))
        if each.grid not in codes:
            raise NotFoundError("merged_grid_unknown", field="grid", value=each.grid, conflict=each.conflict)
        if each.conflict in found:
            raise ConflictError("decision_twice", conflict=each.conflict)
        if not 0 < len(each.reason.strip()) <= LONGEST_REASON:
            raise InputError("decision_reason", field="reason", conflict=each.conflict, longest=LONGEST_REASON)
        found[each.conflict] = codes[each.grid]
    return found
