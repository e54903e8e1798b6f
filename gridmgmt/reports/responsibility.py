"""The workload of responsibility grids, and what a proposal makes of it, as tables and files."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from gridmgmt.analysis.balance import Balance
from gridmgmt.reports.governance import Page, rendered
from gridmgmt.reports.render import Rendered
from gridmgmt.reports.tables import Cell, Column, Kind, Table
from gridmgmt.responsibility.proposals import Proposal
from gridmgmt.responsibility.workload import MEASURES, GridLoad, Workload
from gridmgmt.texts import Language, text

_KINDS: dict[str, Kind] = {
    "area_m2": "km2",
    "load": "ratio",
    "of_mean": "ratio",
    "load_after": "ratio",
    **dict.fromkeys(("cells", "cases", "residents_60_plus", "residents", "street_m", "cells_after"), "count"),
}
_MEASURED = ("cells", "cases", "residents_60_plus", "residents", "street_m", "area_m2", "load")


def render_workload(found: Workload, kind_name: str, format_: str, *, lang: Language, synthetic: bool) -> Rendered:
    """Return the workload of grids in a format, ``json``, ``csv``, ``xlsx`` or ``html``; equal ones give equal bytes.

    Raises
    ------
    InputError
        When there is no such format.
    """
    tables = (grids_table(found, lang), balance_table((found,), lang))
    title = text("grids.workload_title", lang, kind=kind_name, on=found.on)
    page = Page(f"workload-{found.kind}-{found.on}", title, notes(found, lang), tables, tables[0], synthetic)
    return rendered(page, workload_document(found) | {"synthetic": synthetic}, format_, lang)


def render_proposal(found: Proposal, kind_name: str, format_: str, *, lang: Language, synthetic: bool) -> Rendered:
    """Return a proposal before and after in a format, see :func:`render_workload`; CSV holds the cells that move."""
    before = found.before
    tables = (balance_table((before, found.after), lang), loads_table(found, lang), moves_table(found, lang))
    title = text("grids.proposal_title", lang, kind=kind_name, on=before.on)
    page = Page(f"proposal-{before.kind}-{before.on}", title, proposal_notes(found, lang), tables, tables[2], synthetic)
    return rendered(page, proposal_document(found) | {"synthetic": synthetic}, format_, lang)


def workload_document(found: Workload) -> dict[str, Any]:
    """Return the workload as values of JSON: metres, m² on the ellipsoid, loads as shares of all."""
    return asdict(found) | {"weights": dict(found.weights), "balance": {k: _plain(v) for k, v in found.balance.items()}}


def proposal_document(found: Proposal) -> dict[str, Any]:
    """Return a proposal as values of JSON."""
    return {
        "before": workload_document(found.before),
        "after": workload_document(found.after),
        "moves": [asdict(move) for move in found.moves],
        "least_max_over_mean": found.least_max_over_mean,
    }


def notes(found: Workload, lang: Language) -> tuple[str, ...]:
    """Return what to know first: the weights really used, the period, and what lies in no grid."""
    shares = ", ".join(f"{text(f'grids.column.{name}', lang)} {found.weights[name]:.2f}" for name in MEASURES)
    said = [text("grids.weights", lang, weights=shares)]
    if found.period is not None:
        said.append(text("grids.period", lang, begins=found.period.begins, ends=found.period.ends))
    if found.unassigned is not None:
        said.append(text("grids.unassigned", lang, cells=found.unassigned.cells))
    return tuple(said)


def proposal_notes(found: Proposal, lang: Language) -> tuple[str, ...]:
    """Return what to know first of a proposal: also how many cells move, and how even loads can be at best."""
    said = text("grids.moves_told", lang, count=len(found.moves))
    if found.least_max_over_mean is None:
        return (*notes(found.before, lang), said)
    return (*notes(found.before, lang), said, text("grids.least", lang, value=f"{found.least_max_over_mean:.2f}"))


def grids_table(found: Workload, lang: Language) -> Table:
    """Return what each grid has to do; ``of_mean`` is its load over the mean load."""
    mean = sum(grid.load for grid in found.grids) / len(found.grids) if found.grids else 0.0
    rows = ((*_measured(grid), grid.load / mean if mean else None) for grid in found.grids)
    return _table("grids", lang, ("grid", "name", *_MEASURED, "of_mean"), rows)


def balance_table(found: Sequence[Workload], lang: Language) -> Table:
    """Return how even loads and measures are: of one workload, or before and after."""
    columns = [
        f"{name}{after}" for after in ("", "_after")[: len(found)] for name in ("max_over_mean", "gini", "variation")
    ]
    rows = (
        (text(f"grids.column.{name}", lang), *(cell for each in found for cell in _uneven(each.balance[name])))
        for name in ("load", *MEASURES)
    )
    return _table("balance", lang, ("measure", *columns), rows)


def loads_table(found: Proposal, lang: Language) -> Table:
    """Return the cells and load of each grid before and after."""
    after = {grid.grid: grid for grid in found.after.grids}
    rows = (
        (g.grid, g.name, float(g.cells), float(after[g.grid].cells), g.load, after[g.grid].load)
        for g in found.before.grids
    )
    return _table("loads", lang, ("grid", "name", "cells", "cells_after", "load", "load_after"), rows)


def moves_table(found: Proposal, lang: Language) -> Table:
    """Return the cells that change their grid."""
    rows = ((move.cell, move.before, move.after) for move in found.moves)
    return _table("moves", lang, ("cell", "grid_before", "grid_after"), rows)


def _measured(grid: GridLoad) -> tuple[Cell, ...]:
    numbers = (getattr(grid, name) for name in _MEASURED)
    return (grid.grid, grid.name, *(None if number is None else float(number) for number in numbers))


def _uneven(balance: Balance | None) -> tuple[str | None, ...]:
    if balance is None:
        return (None, None, None)
    return tuple(f"{value:.3f}" for value in (balance.max_over_mean, balance.gini, balance.variation))


def _plain(balance: Balance | None) -> dict[str, float] | None:
    return None if balance is None else asdict(balance)


def _table(key: str, lang: Language, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Table:
    named = tuple(Column(text(f"grids.column.{name}", lang), _KINDS.get(name, "text")) for name in columns)
    return Table(key, text(f"grids.{key}", lang), named, tuple(tuple(row) for row in rows))
