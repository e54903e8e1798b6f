"""Which counts of premises may be published: those of quarters, towns and district are withheld together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gridmgmt.areas.rules import AreaLevel

COLOURS = ("green", "yellow", "watch", "red", "uninspected")
MEASURES = (*COLOURS, "group_renting")
"""What is counted of each area beside all its premises."""

Area = tuple[AreaLevel, str]


@dataclass(frozen=True)
class QuarterCounts:
    """The exact counts of a quarter, with the town and the district that hold it."""

    quarter: str
    town: str
    district: str
    counts: Mapping[str, int]
    """By measure; the colours and ``uninspected`` sum to all premises."""


@dataclass(frozen=True)
class PublishedCounts:
    """The counts of an area as anybody may see them; None where one is withheld."""

    level: AreaLevel
    area_code: str
    premises: int | None
    counts: Mapping[str, int | None]


_OTHER = "not_group_renting"
"""What ``premises`` and ``group_renting`` together would tell: guarded like a count that is published."""
_CELLS = ("premises", *MEASURES, _OTHER)


def published(quarters: Sequence[QuarterCounts], threshold: int) -> list[PublishedCounts]:
    """Return what may be published of quarters, their towns and their districts, by level and code.

    No count above zero and below the threshold can be worked out from what is published more closely than to a range
    of the threshold: neither from the sums of quarters to towns to the district, nor from those of colours to all.
    Zeros are shown, so whoever reads knows that what is withheld is at least 1.
    """
    import numpy as np  # noqa: PLC0415 -- the linear programmes take a second to load

    from gridmgmt.analysis.suppression import suppress  # noqa: PLC0415 -- as above

    sums, parts = _totals(quarters)
    areas = list(sums)
    place = {(area, cell): k * len(_CELLS) + c for k, area in enumerate(areas) for c, cell in enumerate(_CELLS)}
    values = np.array([sums[area][cell] for area in areas for cell in _CELLS], dtype=np.float64)
    relations = [
        (place[area, cell], [place[part, cell] for part in below]) for area, below in parts.items() for cell in _CELLS
    ]
    relations += [
        (place[area, "premises"], [place[area, cell] for cell in several])
        for area in areas
        for several in (COLOURS, ("group_renting", _OTHER))
    ]
    withheld = suppress(values, relations, threshold, least=1) if len(values) else np.zeros(0, dtype=bool)

    def shown(area: Area, cell: str) -> int | None:
        return None if withheld[place[area, cell]] else sums[area][cell]

    return [
        PublishedCounts(*area, shown(area, "premises"), {cell: shown(area, cell) for cell in MEASURES})
        for area in areas
    ]


def _totals(quarters: Sequence[QuarterCounts]) -> tuple[dict[Area, dict[str, int]], dict[Area, list[Area]]]:
    """Return the cells of every area, districts first, and the areas below each."""
    sums: dict[Area, dict[str, int]] = {}
    parts: dict[Area, list[Area]] = {}
    for level in (AreaLevel.DISTRICT, AreaLevel.TOWN, AreaLevel.RESIDENTIAL_QUARTER):
        for each in sorted(quarters, key=lambda q: q.quarter):
            codes = {
                AreaLevel.DISTRICT: each.district,
                AreaLevel.TOWN: each.town,
                AreaLevel.RESIDENTIAL_QUARTER: each.quarter,
            }
            cells = _cells(each.counts)
            held = sums.setdefault((level, codes[level]), dict.fromkeys(_CELLS, 0))
            for cell in _CELLS:
                held[cell] += cells[cell]
            above = _ABOVE.get(level)
            if above is not None and (level, codes[level]) not in (
                below := parts.setdefault((above, codes[above]), [])
            ):
                below.append((level, codes[level]))
    return sums, parts


_ABOVE = {AreaLevel.TOWN: AreaLevel.DISTRICT, AreaLevel.RESIDENTIAL_QUARTER: AreaLevel.TOWN}


def _cells(counts: Mapping[str, int]) -> dict[str, int]:
    premises = sum(counts[colour] for colour in COLOURS)
    return {"premises": premises, **counts, _OTHER: premises - counts["group_renting"]}
