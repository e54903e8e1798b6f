"""The tables of a day as they are published: which counts there are, and every sum that ties them.

By gate and hour, persons and vehicles; by gate and day, each class; gates to their community, and communities to the
district, which has a count by day alone. What goes in and what comes out are tied by nothing that is published.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.publication import ROUNDING, THRESHOLD, publish
from gridmgmt.analysis.suppression import Relation
from gridmgmt.gate_counts.rules import PERSON_CLASSES, PERSONS, FlowClass

HOURS = range(24)
_BY_HOUR = (PERSONS, str(FlowClass.VEHICLE))
_BY_DAY = (PERSONS, *map(str, PERSON_CLASSES), str(FlowClass.VEHICLE))


class Cell(NamedTuple):
    """Where a published count stands: without a gate of the whole community, without that of the district.

    Without an hour it is of the whole day.
    """

    community: int | None
    gate: int | None
    hour: int | None
    flow_class: str


Counts = Mapping[tuple[int, int, FlowClass], int]
"""How many passed, by gate, hour of the day and class, in one direction."""


@dataclass
class DayTable:
    """Every count of one direction of one day, with its sums."""

    cells: dict[Cell, int] = field(default_factory=dict)
    """Its place in ``values``."""
    values: list[int] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)

    def add(self, cell: Cell, value: int) -> int:
        """Add a count and return its place."""
        self.cells[cell] = len(self.values)
        self.values.append(value)
        return self.cells[cell]

    def add_total(self, cell: Cell, parts: Sequence[int]) -> int:
        """Add the sum of others, known to all as such, and return its place."""
        place = self.add(cell, sum(self.values[part] for part in parts))
        self.relations.append((place, tuple(parts)))
        return place

    def counts(self) -> NDArray[np.int64]:
        """Return the counts in the order of their places."""
        return np.array(self.values, dtype=np.int64)


def day_table(gates: Mapping[int, Sequence[int]], counts: Counts) -> DayTable:
    """Return all that is published of one direction of a day.

    Parameters
    ----------
    gates
        The gates of each community.
    """
    table = DayTable()
    for community, members in gates.items():
        for gate in members:
            _add_gate(table, community, gate, counts)
        _add_community(table, community, members)
    for name in _BY_DAY:
        table.add_total(Cell(None, None, None, name), [table.cells[Cell(c, None, None, name)] for c in gates])
    return table


def _add_gate(table: DayTable, community: int, gate: int, counts: Counts) -> None:
    by_class = {
        each: [counts.get((gate, hour, each), 0) for hour in HOURS] for each in (*PERSON_CLASSES, FlowClass.VEHICLE)
    }
    vehicles = by_class.pop(FlowClass.VEHICLE)
    persons = [sum(column) for column in zip(*by_class.values(), strict=True)]
    for name, hourly in zip(_BY_HOUR, (persons, vehicles), strict=True):
        parts = [table.add(Cell(community, gate, hour, name), value) for hour, value in zip(HOURS, hourly, strict=True)]
        table.add_total(Cell(community, gate, None, name), parts)
    of_day = [table.add(Cell(community, gate, None, str(each)), sum(hourly)) for each, hourly in by_class.items()]
    table.relations.append((table.cells[Cell(community, gate, None, PERSONS)], tuple(of_day)))


def _add_community(table: DayTable, community: int, gates: Sequence[int]) -> None:
    for name in _BY_HOUR:
        hours = [
            table.add_total(
                Cell(community, None, hour, name), [table.cells[Cell(community, g, hour, name)] for g in gates]
            )
            for hour in HOURS
        ]
        day = table.add_total(Cell(community, None, None, name), hours)
        table.relations.append((day, tuple(table.cells[Cell(community, gate, None, name)] for gate in gates)))
    classes = [
        table.add_total(
            Cell(community, None, None, str(each)), [table.cells[Cell(community, g, None, str(each))] for g in gates]
        )
        for each in PERSON_CLASSES
    ]
    table.relations.append((table.cells[Cell(community, None, None, PERSONS)], tuple(classes)))


def published(table: DayTable, *, threshold: int = THRESHOLD, rounding: int = ROUNDING) -> dict[Cell, int | None]:
    """Return each count as it is shown, None where it is withheld."""
    shown = publish(table.counts(), table.relations, threshold=threshold, rounding=rounding).shown.tolist()
    return {cell: None if shown[place] < 0 else shown[place] for cell, place in table.cells.items()}
