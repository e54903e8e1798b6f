"""What every reader returns: the good rows, the problems, and what is known of the file."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from gridmgmt.crs import STORAGE_SRID
from gridmgmt.errors import FileRefusedError, Problem
from gridmgmt.spreadsheets import harmless
from gridmgmt.texts import Language

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

Mask = NDArray[np.bool_]
Objects = NDArray[np.object_]


@dataclass(frozen=True)
class Intake:
    """The rows of one file.

    ``read`` counts the rows judged; it equals the good rows plus the distinct refused ones. Rows that a filter
    left out are counted in ``details`` alone.
    """

    frame: "gpd.GeoDataFrame"
    """The good rows in EPSG:4326; column ``row`` is the line (CSV) or the feature's number from 1."""
    problems: tuple[Problem, ...]
    read: int
    file_sha256: str
    crs_declared: bool
    """False when the file names no CRS or plain WGS 84, which proves nothing about its datum."""
    details: Mapping[str, object] = field(default_factory=dict)
    stated_areas: Mapping[str, Objects] = field(default_factory=dict)
    """Columns that state the area of each good row, by code or name, the smaller areas first."""

    def whole(self, *, partial: bool = False) -> Self:
        """Return the intake when all rows are good, or some are and ``partial`` allows to leave the others.

        Raises
        ------
        FileRefusedError
            With the problems, when there are any (``partial``: when no row is good).
        """
        require_whole(self.problems, read=self.read, taken=len(self.frame), partial=partial)
        return self


def require_whole(problems: Sequence[Problem], *, read: int, taken: int, partial: bool) -> None:
    """Refuse a file with problems unless ``partial`` allows to keep its good rows, of which there must be one."""
    if read == 0:
        raise FileRefusedError("nothing_to_take")
    if taken == 0:
        raise FileRefusedError("no_good_rows", problems=problems, read=read, refused=refused_rows(problems))
    if problems and not partial:
        raise FileRefusedError("rows_refused", problems=problems, read=read, refused=refused_rows(problems))


def refused_rows(problems: Sequence[Problem]) -> int:
    """Return how many distinct rows the problems name."""
    return len({problem.row for problem in problems if problem.row is not None})


def write_refused(path: Path, problems: Sequence[Problem], lang: Language) -> None:
    """Write the refused rows with row number, code of the reason and the reason in words, as CSV in UTF-8."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["row", "code", "reason"])
        for problem in sorted(problems, key=lambda p: (p.row or 0, p.code)):
            writer.writerow([problem.row or "", problem.code, harmless(problem.message(lang))])


class Review:
    """Collects the problems of a file's rows and knows which rows are still good.

    A row is refused once, for the first reason found.
    """

    def __init__(self, row: NDArray[np.int64], problems: Sequence[Problem] = ()) -> None:
        self.row = row
        self.good: Mask = np.ones(len(row), dtype=bool)
        self.problems = list(problems)

    def refuse(self, where: Mask, code: str, **fields: object) -> None:
        """Refuse the rows of a mask; a field that is an array gives each row its own value."""
        for i in np.flatnonzero(where & self.good):
            own = {name: value[i] if isinstance(value, np.ndarray) else value for name, value in fields.items()}
            self.problems.append(Problem(int(self.row[i]), code, own))
        self.good &= ~where

    def intake(
        self,
        columns: Mapping[str, object],
        geometry: Objects,
        *,
        file_sha256: str,
        crs_declared: bool,
        details: Mapping[str, object] | None = None,
        stated_areas: Mapping[str, Objects] | None = None,
    ) -> Intake:
        """Return the intake of the good rows; columns and geometry are given for all rows."""
        import geopandas as gpd  # noqa: PLC0415 -- takes seconds, and a street network needs no frame

        data = {"row": self.row, **columns}
        kept = {name: _column(values, self.good) for name, values in data.items()}
        frame = gpd.GeoDataFrame(kept, geometry=geometry[self.good], crs=STORAGE_SRID)
        read = len(frame) + refused_rows(self.problems)
        problems = tuple(sorted(self.problems, key=lambda p: (p.row or 0, p.code)))
        stated = {name: cells[self.good] for name, cells in (stated_areas or {}).items()}
        return Intake(frame, problems, read, file_sha256, crs_declared, details or {}, stated)


def _column(values: object, good: Mask) -> "pd.Series[Any]":
    """Return the good cells of a column (of any type); text stays objects, so that a missing one stays None."""
    import pandas as pd  # noqa: PLC0415 -- as above

    column = values if isinstance(values, pd.Series) else pd.Series(np.asarray(values), dtype=np.asarray(values).dtype)
    return column[good].reset_index(drop=True)
