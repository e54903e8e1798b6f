"""From quarters and barriers to their cells, and how good these are: no database, the same in means the same out."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gridmgmt import __version__
from gridmgmt.analysis.cells import VERGE_M, CellOptions, CellQuality, measure, naive_cells, numbering, of_quarters
from gridmgmt.analysis.ellipsoid import areas_m2
from gridmgmt.cells.placing import Plane
from gridmgmt.errors import InputError

Objects = NDArray[np.object_]
Progress = Callable[[int, int], None]

TARGET_M2 = 10_000.0
TARGETS_M2 = (1_000.0, 1_000_000.0)
"""The smallest and the largest size that may be asked for."""
MEASURED = (
    "count", "mean_m2", "share_outside_band", "share_5_20", "border_m", "share_of_border_on_barriers",
    "share_compactness_below_0_3", "mean_compactness",
)  # fmt: skip
ROW_RATIO = 0.75
"""Height of a row of the numbering, in sides of a square of the size that is aimed at: less than 1, so that cells one
below the other in a regular plan come into two rows whatever the rounding."""
_DECIMALS = 6


def options_for(target_m2: float, *, walled: bool = False) -> CellOptions:
    """Return how cells of a size are drawn; all sizes are to each other as for 10,000 m².

    Where there are walls, the verges between them and the streets go to the compounds behind the walls.

    Raises
    ------
    InputError
        When no cell is of that size.
    """
    least, most = TARGETS_M2
    if not least <= target_m2 <= most:
        raise InputError("cell_target", field="target_m2", value=target_m2, least=least, most=most)
    plain = CellOptions()
    ratio = target_m2 / plain.target_m2
    return replace(
        plain,
        target_m2=target_m2,
        least_m2=plain.least_m2 * ratio,
        most_m2=plain.most_m2 * ratio,
        cut_above_m2=plain.cut_above_m2 * ratio,
        strip_m=VERGE_M if walled else 0.0,
    )


@dataclass(frozen=True, eq=False)
class Quarters:
    """The quarters to be divided: codes, names and surfaces in degrees, of one length; lines in degrees."""

    codes: Sequence[str]
    names: Sequence[str]
    surfaces: Objects
    barriers: Objects
    crs: CRS
    options: CellOptions


@dataclass(frozen=True, eq=False)
class Drawn:
    """The cells of one quarter in the order of their numbers, as multipolygons in degrees."""

    code: str
    surfaces: Objects
    quality: CellQuality
    naive: CellQuality
    areas_m2: NDArray[np.float64]
    """On the ellipsoid, as all sizes of the qualities."""


def draw(quarters: Quarters, progress: Progress | None = None, *, processes: int | None = None) -> list[Drawn]:
    """Return the cells of every quarter.

    Parameters
    ----------
    progress
        Called with how many quarters are done and of how many; what it raises ends the work.
    processes
        See :func:`gridmgmt.analysis.cells.of_quarters`.
    """
    plane = Plane(quarters.crs)
    outlines, barriers = plane.forward(quarters.surfaces), plane.forward(quarters.barriers)
    drawn = of_quarters(list(outlines), barriers, options=quarters.options, progress=progress, processes=processes)
    tree, near_m = shapely.STRtree(barriers), quarters.options.near_barrier_m
    found = []
    for code, surface, outline, cells in zip(quarters.codes, quarters.surfaces, outlines, drawn, strict=True):
        placed = plane.back(surface, outline, cells)
        near = barriers[np.sort(tree.query(outline, "dwithin", near_m))]
        found.append(_in_order(code, placed, plane, outline, near, quarters.options))
    return found


def _in_order(
    code: str, placed: Objects, plane: Plane, outline: shapely.Geometry, near: Objects, options: CellOptions
) -> Drawn:
    metres = np.asarray(shapely.get_geometry(plane.forward(placed), 0), dtype=object)
    order = np.argsort(numbering(metres, row_m=ROW_RATIO * float(np.sqrt(options.target_m2))))
    naive = np.asarray(shapely.get_parts(naive_cells(outline, float(np.sqrt(options.target_m2)))), dtype=object)
    own_m2, naive_m2 = areas_m2(placed[order]), areas_m2(plane.backward(naive))
    return Drawn(
        code=code,
        surfaces=placed[order],
        quality=measure(metres[order], outline, near, options=options, areas_m2=own_m2),
        naive=measure(naive, outline, near, options=options, areas_m2=naive_m2),
        areas_m2=own_m2,
    )


@dataclass(frozen=True)
class Bar:
    """A limit that the figures of cells are held to; None where there is none on that side."""

    name: str
    least: float | None = None
    most: float | None = None

    def passed(self, value: float | None) -> bool:
        """Tell whether a figure keeps to it; one that there is nothing to measure of does."""
        if value is None:
            return True
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


def bars(options: CellOptions) -> tuple[Bar, ...]:
    """Return what cells are held to; the sizes go with the size that is aimed at."""
    return (
        Bar("share_outside_band", most=0.005),
        Bar("mean_m2", least=0.8 * options.target_m2, most=1.25 * options.target_m2),
        Bar("share_of_border_on_barriers", least=0.65),
        Bar("times_naive", least=4.0),
        Bar("share_5_20", least=0.9),
        Bar("share_compactness_below_0_3", most=0.12),
    )


def report(quarters: Quarters, drawn: Sequence[Drawn], counts: Sequence[Mapping[str, int]]) -> dict[str, Any]:
    """Return the quality of all cells and of those of each quarter, against the bars and the square net.

    Parameters
    ----------
    counts
        For each quarter how many cells were ``kept``, are ``new``, and were ``ended``.
    """
    whole = summary([each.quality for each in drawn], np.concatenate([each.areas_m2 for each in drawn]))
    naive = summary([each.naive for each in drawn], None)
    limits = bars(quarters.options)
    rows = [
        {
            "code": each.code,
            "name": name,
            **count,
            **(figures := _figures(each.quality)),
            "failed": _failed(limits, figures | {"times_naive": _times(figures, _figures(each.naive))}),
        }
        for each, name, count in zip(drawn, quarters.names, counts, strict=True)
    ]
    whole["times_naive"] = _times(whole, naive)
    return {
        "quality": whole,
        "naive": {name: naive[name] for name in MEASURED},
        "bars": [asdict(bar) | {"value": whole[bar.name], "passed": bar.passed(whole[bar.name])} for bar in limits],
        "quarters": rows,
    }


def summary(parts: Sequence[CellQuality], sizes_m2: NDArray[np.float64] | None) -> dict[str, Any]:
    """Return the figures of several quarters as one: shares of cells by cells, of border by its length.

    Parameters
    ----------
    sizes_m2
        Of all cells, for the median and the quantiles; without them these are left out.
    """
    count = np.array([part.count for part in parts], dtype=np.float64)
    border_m = np.array([part.border_m for part in parts])
    by_cells = ("mean_m2", "share_outside_band", "share_5_20", "share_compactness_below_0_3", "mean_compactness")
    found: dict[str, Any] = {name: _mean([getattr(part, name) for part in parts], count) for name in by_cells}
    found |= {
        "count": int(count.sum()),
        "border_m": round(float(border_m.sum()), 1),
        "share_of_border_on_barriers": _mean([part.share_of_border_on_barriers for part in parts], border_m),
    }
    if sizes_m2 is not None:
        found["median_m2"] = round(float(np.median(sizes_m2)), 1)
        found["quantiles_m2"] = {
            str(share): round(float(np.quantile(sizes_m2, share)), 1) for share in parts[0].quantiles_m2
        }
        found["histogram"] = _histogram(parts)
    return found


def _histogram(parts: Sequence[CellQuality]) -> list[dict[str, float | int | None]]:
    edges = [(low, high) for low, high, _ in parts[0].histogram]
    counts = np.sum([[count for _, _, count in part.histogram] for part in parts], axis=0)
    return [
        {"from_m2": low, "below_m2": high if np.isfinite(high) else None, "count": int(count)}
        for (low, high), count in zip(edges, counts, strict=True)
    ]


def _figures(quality: CellQuality) -> dict[str, Any]:
    return {
        name: round(value, _DECIMALS) if isinstance(value := getattr(quality, name), float) else value
        for name in MEASURED
    }


def _mean(values: Sequence[float], weights: NDArray[np.float64]) -> float:
    return round(float(np.dot(values, weights) / weights.sum()), _DECIMALS) if weights.sum() else 0.0


def _times(figures: Mapping[str, Any], naive: Mapping[str, Any]) -> float | None:
    """Return how many times more of the border is on barriers than with the square net; None where that has none."""
    theirs = float(naive["share_of_border_on_barriers"])
    return round(float(figures["share_of_border_on_barriers"]) / theirs, 3) if theirs else None


def _failed(limits: Sequence[Bar], figures: Mapping[str, Any]) -> list[str]:
    """Return the bars that a quarter misses; without inner borders, or without the net's, there is nothing to hold."""
    of_borders = {"share_of_border_on_barriers", "times_naive"}
    held = [bar for bar in limits if figures["border_m"] or bar.name not in of_borders]
    return [bar.name for bar in held if not bar.passed(figures[bar.name])]


def dominant(cells: Objects, uses: Objects, codes: Sequence[str]) -> list[str | None]:
    """Return the code of the land use that covers most of each cell, of two as large the lower; None without any.

    All surfaces are in degrees; at the size of a cell, shares do not depend on that.
    """
    cell, use = shapely.STRtree(uses).query(cells, "intersects")
    common = shapely.area(shapely.intersection(cells[cell], uses[use]))
    found: dict[int, dict[str, float]] = {}
    for k, u, land in zip(cell.tolist(), use.tolist(), common.tolist(), strict=True):
        of_cell = found.setdefault(k, {})
        of_cell[codes[u]] = of_cell.get(codes[u], 0.0) + land
    return [_largest(found.get(k, {})) for k in range(len(cells))]


def _largest(lands: Mapping[str, float]) -> str | None:
    return min(((-land, code) for code, land in lands.items() if land > 0), default=(0.0, None))[1]


@cache
def kernel_version() -> str:
    """Return the version and a fingerprint of the code that draws cells."""
    digest = hashlib.sha256()
    for content in _sources():
        digest.update(content)
    return f"{__version__}+{digest.hexdigest()[:12]}"


def _sources() -> Iterator[bytes]:
    for package in ("gridmgmt.analysis.cells", "gridmgmt.cells"):
        for file in sorted(resources.files(package).iterdir(), key=lambda f: f.name):
            if file.name.endswith(".py"):
                yield file.read_bytes()
