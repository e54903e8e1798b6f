"""What is told of a comparison and of its three ways, as values of JSON: m² on the ellipsoid, residents from 60 on."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from gridmgmt.analysis.ellipsoid import areas_m2
from gridmgmt.merging.comparison import AGREED, Comparison
from gridmgmt.merging.rules import ConflictKind, Way
from gridmgmt.merging.ways import Result

Values = dict[str, Any]
RESIDENT_FIELDS = ("residents_60_plus", "moved_residents_60_plus", "unheld_residents_60_plus")
"""What the public form withholds: so few live on a strip along a border that their number tells of persons."""


def comparison_document(comparison: Comparison) -> Values:
    """Return departments, land and the conflicts by kind; what is agreed and what is not adds up to the land."""
    area_m2, kinds = comparison.faces.area_m2, comparison.kinds
    counted = comparison.ground.counted
    found = []
    for kind in ConflictKind:
        of_kind = kinds == kind
        found.append(
            {
                "kind": kind.value,
                "conflicts": int(of_kind.sum()),
                "area_m2": float(area_m2[of_kind].sum()),
                "residents_60_plus": float(comparison.residents[of_kind].sum()) if counted else None,
                "cases": round(comparison.cases[of_kind].sum()),
            }
        )
    return {
        "departments": _departments(comparison),
        "cores": len(comparison.cores),
        "faces": len(comparison.faces),
        "land_m2": float(area_m2.sum()),
        "agreed_m2": float(area_m2[kinds == AGREED].sum()),
        "conflicts": found,
    }


def _departments(comparison: Comparison) -> list[Values]:
    """Return for each department its grids, the land that they hold, and where it has several grids or none."""
    area_m2 = comparison.faces.area_m2
    own_m2 = areas_m2(comparison.grids.surfaces)
    found = []
    for k, department in enumerate(comparison.departments):
        of = np.array([each == department for each in comparison.grids.department], dtype=bool)
        column = comparison.assigned[:, k]
        found.append(
            {
                "department": department,
                "grids": int(of.sum()),
                "grids_m2": float(own_m2[of].sum()),
                "land_m2": float(area_m2[column != -1].sum()),
                "overlap_m2": float(area_m2[column == -2].sum()),
                "gap_m2": float(area_m2[column == -1].sum()),
            }
        )
    return found


def way_document(result: Result, sliver_width_m: float) -> Values:
    """Return what a way makes and what it would move, for one column of the three side by side."""
    comparison, grids = result.comparison, result.grids
    counted = comparison.ground.counted
    held_m2 = float(comparison.faces.area_m2[comparison.faces.held].sum())
    covered = result.to >= 0
    return {
        "way": result.way.value,
        "grids": len(grids),
        "land_m2": sum(grid.area_m2 for grid in grids),
        "left_out_m2": max(held_m2 - float(result.area_m2[covered & comparison.faces.held[result.face]].sum()), 0.0),
        "residents_60_plus": sum(grid.residents for grid in grids) if counted else None,
        "cases": sum(grid.cases for grid in grids),
        "own_pieces": len(result.own),
        "own_m2": sum(grid.area_m2 for grid in grids if grid.conflict is not None),
        "parts": sum(grid.parts for grid in grids),
        "grids_in_parts": sum(grid.parts > 1 for grid in grids),
        "slivers": result.slivers(sliver_width_m),
        "unassigned_cells": None if result.cell_codes is None else int((result.part_of < 0).sum()),
        "changes": [_change(asdict(change), counted=counted) for change in result.changes()],
    }


def _change(values: Values, *, counted: bool) -> Values:
    return {
        "department": values["department"],
        "moved_m2": values["moved_m2"],
        "moved_residents_60_plus": values["moved_residents"] if counted else None,
        "moved_cases": values["moved_cases"],
        "unheld_m2": values["unheld_m2"],
        "unheld_residents_60_plus": values["unheld_residents"] if counted else None,
        "unheld_cases": values["unheld_cases"],
    }


def conflict_rows(
    comparison: Comparison, outcomes: Mapping[Way, Sequence[Sequence[str]]], decided: Mapping[int, tuple[str, str]]
) -> list[Values]:
    """Return the conflicts by number with who holds them and what each way makes of them.

    Parameters
    ----------
    outcomes
        What :meth:`gridmgmt.merging.ways.Result.outcomes` returns, by way.
    decided
        Code of the grid and reason of each conflict that a person decided, by number.
    """
    faces, grids = comparison.faces, comparison.grids
    rows = []
    for number, face in enumerate(comparison.conflicts.tolist(), start=1):
        holders: dict[str, list[str]] = {department: [] for department in comparison.departments}
        for grid in faces.grid[faces.face == face].tolist():
            holders[grids.department[grid]].append(grids.code[grid])
        grid_code, reason = decided.get(number, (None, None))
        rows.append(
            {
                "conflict_no": number,
                "kind": comparison.kinds[face].value,
                "grids": holders,
                "area_m2": float(faces.area_m2[face]),
                "width_m": float(comparison.width_m[face]),
                "residents_60_plus": float(comparison.residents[face]) if comparison.ground.counted else None,
                "cases": round(comparison.cases[face]),
                "outcomes": {way.value: list(found[number - 1]) for way, found in outcomes.items()},
                "decided_to": grid_code,
                "reason": reason,
                "geom": faces.surfaces[face],
            }
        )
    return rows


def without_residents(document: Any) -> Any:
    """Return values of JSON as the public form has them: numbers of residents are None."""
    if isinstance(document, Mapping):
        return {name: None if name in RESIDENT_FIELDS else without_residents(value) for name, value in document.items()}
    return [without_residents(each) for each in document] if isinstance(document, list) else document
