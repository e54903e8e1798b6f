"""The public form of a coverage document: area-level counts that give no small count away.

All counts of the document form one additive table: in each area the four statuses sum to the residents and the bands
grow into one another; the areas of a level and their remainder sum to the totals; the children of an area sum to it.
:func:`gridmgmt.analysis.suppression.suppress` says which counts of this table must be withheld. What a reader could
only know by other means (the step from one band to the next, what an area has beyond its children) is a cell of the
table like any other, so a published difference protects as little as a published count.

The figures at other speeds and for other trips are cells of the table, too: more speed, more time, or one way instead
of two never covers fewer, so what each step adds is a part of what it leads to.

Age bands, numbers of places, gaps, flows and the list of uncovered places are left out altogether: they would refine
the table without having been audited.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.walking.model import Trip
from gridmgmt.coverage.document import (
    FIRST_SCHEMA,
    STATUSES,
    BandFigures,
    CoverageDocument,
    Figures,
    Note,
    ResultForm,
    SensitivityRow,
    all_figures,
    parse,
)

_ROUNDING = 1e-9
"""Sums of decimals differ from their total by rounding, relative to the total; less than this is nothing."""

KEPT_ANSWERS = 2
"""How many answers a process keeps ready; one of a large city takes tens of megabytes."""

_Row = dict[str, int]
"""The cell of each count of one :class:`Figures`, by its name."""


@lru_cache(maxsize=KEPT_ANSWERS)
def in_form(canonical: str, form: ResultForm, threshold: int) -> CoverageDocument:
    """Return the document of a canonical text as it is or in the public form, which can take seconds to find."""
    document = parse(canonical)
    return document if form == "exact" else public_form(document, threshold)


def public_form(document: CoverageDocument, threshold: int) -> CoverageDocument:
    """Return the form of an exact document that may be shown to anybody.

    Counts above zero and below ``threshold`` are withheld, with as many others as it takes that every withheld small
    count could be anything in a span of at least ``threshold``. A ratio is withheld with either of its numbers.
    """
    from gridmgmt.analysis.suppression import suppress  # noqa: PLC0415 -- its solver takes seconds to load

    sheet = Sheet()
    rows = [sheet.add(figures, document.parameters.limit_s) for figures in all_figures(document)]
    relate_levels(sheet, document.levels, rows)
    cells = _relate_sensitivity(sheet, document, rows[0])
    withheld = suppress(np.array(sheet.values), sheet.relations, threshold)
    shown = iter(
        _public_figures(figures, {name for name, cell in row.items() if withheld[cell]})
        for figures, row in zip(all_figures(document), rows, strict=True)
    )
    totals = next(shown)
    levels = tuple(
        level.model_copy(
            update={
                "areas": tuple(area.model_copy(update={"figures": next(shown)}) for area in level.areas),
                "remainder": None if level.remainder is None else next(shown),
            }
        )
        for level in document.levels
    )
    changes: dict[str, Any] = {
        "form": "public",
        "suppression_threshold": threshold,
        "totals": totals,
        "levels": levels,
        "uncovered_places": None,
        "notes": tuple(note for note in document.notes if _is_public(note, totals)),
    }
    if document.schema_version != FIRST_SCHEMA:
        rows_shown = _public_sensitivity(document, cells, withheld, residents=totals.residents)
        changes |= {"sensitivity": rows_shown, "gaps": None, "flows": None}
    return document.model_copy(update=changes)


@dataclass
class Sheet:
    """The cells of the additive table and the relations between them."""

    values: list[float] = field(default_factory=list)
    relations: list[tuple[int, list[int]]] = field(default_factory=list)

    def cell(self, value: float) -> int:
        """Add a cell and return its index."""
        self.values.append(value)
        return len(self.values) - 1

    def relate(self, total: int, parts: Iterable[int]) -> int | None:
        """Add the relation of a total and its parts; return the cell of what the total has beyond them, if anything.

        Parts that sum to more than the total, such as areas that reach beyond their parent, tell nothing of it.
        """
        parts = list(parts)
        rest = self.values[total] - sum(self.values[part] for part in parts)
        if abs(rest) <= _ROUNDING * max(1.0, self.values[total]):
            self.relations.append((total, parts))
        elif rest > 0:
            self.relations.append((total, [*parts, self.cell(rest)]))
            return len(self.values) - 1
        return None

    def add(self, figures: Figures, limit_s: float) -> _Row:
        """Add the counts of one area: the statuses sum to the residents, each band is the one before plus a step.

        The band of the limit is the covered; steps beyond it are parts of the uncovered.
        """
        row = {name: self.cell(getattr(figures, name)) for name in ("residents", *STATUSES)}
        self.relate(row["residents"], [row[status] for status in STATUSES])
        before: int | None = None
        beyond: list[int] = []
        for band in sorted(figures.bands, key=lambda b: b.limit_s):
            cell = row["covered"] if band.limit_s == limit_s else self.cell(band.covered or 0.0)
            step = None if before is None else self.relate(cell, [before])
            if step is not None:
                row[f"step.{band.limit_s:.15g}"] = step
                beyond += [step] if band.limit_s > limit_s else []
            row[band.name] = before = cell
        if beyond:
            self.relate(row["uncovered"], beyond)
        return row


class _Area(Protocol):
    @property
    def code(self) -> str: ...
    @property
    def parent_code(self) -> str | None: ...


class _Level(Protocol):
    @property
    def level(self) -> str: ...
    @property
    def areas(self) -> Sequence[_Area]: ...
    @property
    def remainder(self) -> object | None: ...


def relate_levels(sheet: Sheet, levels: Sequence[_Level], rows: list[_Row]) -> None:
    """Relate the totals to each level, and each area to its children of each level.

    Parameters
    ----------
    rows
        The cells of the totals, then of every area and remainder, level by level.
    """
    totals, *others = rows
    remaining = iter(others)
    by_code: dict[str, list[_Row]] = defaultdict(list)
    children: dict[str, dict[str, list[_Row]]] = defaultdict(lambda: defaultdict(list))
    for level in levels:
        members = []
        for area in level.areas:
            row = next(remaining)
            members.append(row)
            by_code[area.code].append(row)
            if area.parent_code is not None:
                children[area.parent_code][level.level].append(row)
        _relate_rows(sheet, totals, members + ([] if level.remainder is None else [next(remaining)]))
    for parent in sorted(children.keys() & by_code.keys()):
        groups = list(children[parent].values())
        # Children of two levels, such as units and the quarters outside them, may only together make up their parent.
        for members in [*groups, [row for group in groups for row in group]] if len(groups) > 1 else groups:
            # Levels may share codes: each area of the code may be the parent.
            for total in by_code[parent]:
                _relate_rows(sheet, total, members)


def _relate_sensitivity(sheet: Sheet, document: CoverageDocument, totals: _Row) -> list[list[int]]:
    """Add the counts at other speeds and trips; return the cell of each row and band.

    Those of the asked speed and trip are the totals' own.
    """
    asked, rows = document.parameters, document.sensitivity
    own = (asked.trip, asked.speed_m_per_s)
    cells = [
        [totals[b.name] if (row.trip, row.speed_m_per_s) == own else sheet.cell(b.covered or 0.0) for b in row.bands]
        for row in rows
    ]
    at = {(row.trip, row.speed_m_per_s): of_row for row, of_row in zip(rows, cells, strict=True)}
    for (trip, speed), of_row in at.items():
        for shorter, longer in pairwise(of_row):
            sheet.relate(longer, [shorter])
        sheet.relate(totals["residents"], of_row[-1:])
        slower = [v for (other, v) in at if other == trip and v < speed]
        wider = [at[trip, max(slower)]] if slower else []
        if trip is not Trip.ROUND and (Trip.ROUND, speed) in at:
            wider.append(at[Trip.ROUND, speed])
        for parts in wider:
            for total, part in zip(of_row, parts, strict=True):
                sheet.relate(total, [part])
    return cells


def _public_sensitivity(
    document: CoverageDocument, cells: list[list[int]], withheld: NDArray[np.bool_], *, residents: float | None
) -> tuple[SensitivityRow, ...]:
    """Return the rows without the withheld counts, and without the ratios that would tell them."""

    def shown(band: BandFigures, cell: int) -> BandFigures:
        covered = None if withheld[cell] else band.covered
        ratio = None if covered is None or residents is None else band.ratio
        return band.model_copy(update={"covered": covered, "ratio": ratio})

    return tuple(
        row.model_copy(update={"bands": tuple(map(shown, row.bands, of_row))})
        for row, of_row in zip(document.sensitivity, cells, strict=True)
    )


def _relate_rows(sheet: Sheet, total: _Row, parts: list[_Row]) -> None:
    """Relate every count of a total to the same counts of its parts."""
    cells = {cell: [part[name] for part in parts if name in part] for name, cell in total.items()}
    for cell, of_parts in cells.items():
        sheet.relate(cell, of_parts)


def _public_figures(figures: Figures, withheld: set[str]) -> Figures:
    """Return figures without the withheld counts, the ratios that would tell them, age bands and places."""

    def shown(name: str, value: float | None) -> float | None:
        return None if name in withheld else value

    def ratio(name: str, value: float | None) -> float | None:
        return None if {name, "residents"} & withheld else value

    changes: dict[str, Any] = {  # Any: the values of model_copy have the types of the fields they replace
        **{name: shown(name, getattr(figures, name)) for name in ("residents", *STATUSES)},
        "ratio": ratio("covered", figures.ratio),
        "bands": tuple(
            band.model_copy(update={"covered": shown(band.name, band.covered), "ratio": ratio(band.name, band.ratio)})
            for band in figures.bands
        ),
        "places": None,
        "age_bands": (),
        "suppressed": tuple(sorted(name for name in withheld if not name.startswith("step."))),
    }
    if figures.ranges:
        changes |= {"ranges": ()}
    return figures.model_copy(update=changes)


def _is_public(note: Note, totals: Figures) -> bool:
    """Tell whether a note tells no count of places beyond the published total."""
    whole = note.code in {"places_only", "no_place_in_known_area"} and totals.residents is not None
    return whole or "places" not in note.fields
