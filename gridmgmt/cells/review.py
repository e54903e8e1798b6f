"""Cells from a file beside the quarters that they must lie in, and the cells of an edition beside their codes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.ellipsoid import areas_m2
from gridmgmt.analysis.findings import Finding, Tolerances
from gridmgmt.areas.queries import area_frame
from gridmgmt.areas.rules import RANK, AreaLevel
from gridmgmt.boundaries.check import DEFAULT_TOLERANCES, check_day
from gridmgmt.cells.queries import scheme_in_use
from gridmgmt.cells.rules import LEVEL_OF, check_cell_code
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import boundary_edition
from gridmgmt.editions.rules import EditionState
from gridmgmt.errors import Problem
from gridmgmt.ingest.intake import Intake

if TYPE_CHECKING:
    import geopandas as gpd

Objects = NDArray[np.object_]
Parents = Mapping[AreaLevel, str]


def reviewed(
    session: Session, intake: Intake, edition: str, on: date, tolerances: Tolerances = DEFAULT_TOLERANCES
) -> Intake:
    """Return what was read of a file of cells without the rows that cannot be cells, each with its reason.

    A cell lies in one quarter, as the edition of a name has them where it is a draft, else as they are in force; its
    code is one of the scheme in use, and names the areas that it lies in.

    Parameters
    ----------
    tolerances
        Land outside the quarter below ``error_from_m2`` is a finding of the check, and no reason to refuse.
    """
    draft = _draft_id(session, edition)
    upper = _upper(session, on, draft)
    quarters = upper[upper["level"] == AreaLevel.RESIDENTIAL_QUARTER]
    places = _Places(quarters["code"].to_numpy(), quarters.geometry.to_numpy(), tolerances.error_from_m2)
    scheme, above = scheme_in_use(session), _above(upper)
    frame, problems, good = intake.frame, list(intake.problems), np.ones(len(intake.frame), dtype=bool)
    rows = zip(frame["row"], frame["code"], places.of(frame.geometry.to_numpy()), strict=True)
    for k, (row, code, place) in enumerate(rows):
        problem = place.problem(code) or check_cell_code(code, scheme, above.get(place.quarter or "", {}))
        if problem is not None:
            good[k] = False
            problems.append(Problem(int(row), problem.code, problem.fields))
    ordered = tuple(sorted(problems, key=lambda p: (p.row or 0, p.code)))
    return replace(intake, frame=frame[good].reset_index(drop=True), problems=ordered)


@dataclass(frozen=True)
class CellCheck:
    """What is wrong with cells: their topology, and codes that are not those of the scheme in use."""

    findings: tuple[Finding, ...]
    codes: tuple[Problem, ...]
    cells: int


def check_cells(
    session: Session, on: date, *, edition: Edition | None = None, tolerances: Tolerances = DEFAULT_TOLERANCES
) -> CellCheck:
    """Return what is wrong with the cells in force on a day, or as an edition has them on its own day.

    Nothing is kept; a draft is checked for approval by ``areas check``.
    """
    draft = None
    if edition is not None:
        on = edition.valid_from or edition.planned_from or on
        draft = None if edition.valid_from else edition.edition_id
    found = check_day(session, on, draft=draft, tolerances=tolerances)
    cells = area_frame(session, on, levels=(AreaLevel.GRID_CELL,), draft=draft)
    scheme, above = scheme_in_use(session), _above(_upper(session, on, draft))
    problems = [
        check_cell_code(code, scheme, above.get(parent, {}))
        for code, parent in zip(cells["code"], cells["parent_code"], strict=True)
    ]
    of_cells = tuple(finding for finding in found if finding.level == AreaLevel.GRID_CELL)
    return CellCheck(of_cells, tuple(problem for problem in problems if problem is not None), len(cells))


@dataclass(frozen=True)
class _Place:
    """Where a cell lies: m² in each quarter, and in none."""

    lands: Mapping[str, float]
    outside_m2: float
    least_m2: float

    @property
    def quarter(self) -> str | None:
        return max(self.lands, key=lambda code: self.lands[code], default=None)

    def problem(self, code: str) -> Problem | None:
        """Return why this is no place for a cell."""
        several = {quarter: land for quarter, land in self.lands.items() if land >= self.least_m2}
        if len(several) > 1:
            shares = ", ".join(f"{quarter} {land:,.1f} m²" for quarter, land in sorted(several.items()))
            return Problem(None, "cell_in_two_quarters", {"value": code, "shares": shares})
        outside = {"value": code, "outside_m2": f"{self.outside_m2:,.1f}"}
        if not several:
            return Problem(None, "cell_in_no_quarter", outside)
        if self.outside_m2 >= self.least_m2:
            return Problem(None, "cell_outside_quarter", outside | {"quarter": self.quarter})
        return None


@dataclass(frozen=True, eq=False)
class _Places:
    """The quarters, to find cells in."""

    codes: Objects
    surfaces: Objects
    least_m2: float

    def of(self, cells: Objects) -> list[_Place]:
        """Return where each cell lies."""
        cell, quarter = shapely.STRtree(self.surfaces).query(cells, "intersects")
        common_m2 = areas_m2(shapely.intersection(cells[cell], self.surfaces[quarter]))
        lands: list[dict[str, float]] = [{} for _ in cells]
        for k, code, land in zip(cell.tolist(), self.codes[quarter].tolist(), common_m2.tolist(), strict=True):
            lands[k][code] = land
        whole = areas_m2(cells)
        return [_Place(own, float(whole[k]) - sum(own.values()), self.least_m2) for k, own in enumerate(lands)]


def _draft_id(session: Session, name: str) -> int | None:
    edition = boundary_edition(session, name)
    return None if edition is None or edition.state == EditionState.IN_FORCE else edition.edition_id


def _upper(session: Session, on: date, draft: int | None) -> "gpd.GeoDataFrame":
    levels = [level for level in AreaLevel if RANK[level] < RANK[AreaLevel.GRID_CELL]]
    return area_frame(session, on, levels=levels, draft=draft)


def _above(upper: "gpd.GeoDataFrame") -> dict[str, dict[AreaLevel, str]]:
    """Return for each quarter the codes of the levels that a cell's code names, its own too."""
    columns = (upper[name] for name in ("level", "code", "parent_level", "parent_code"))
    parent = {(level, code): (over, of) for level, code, over, of in zip(*columns, strict=True)}
    named, found = set(LEVEL_OF.values()), {}
    for level, code in parent:
        if level == AreaLevel.RESIDENTIAL_QUARTER:
            chain, here = {}, (level, code)
            while here in parent:
                if here[0] in named:
                    chain[AreaLevel(here[0])] = here[1]
                here = parent[here]
            found[code] = chain
    return found
