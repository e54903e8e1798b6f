"""How good cells are: their sizes, what their borders run along, how compact they are."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.cells.arrangement import arrangement_of, segments_of
from gridmgmt.analysis.cells.near import Near
from gridmgmt.analysis.cells.options import CellOptions

_DEFAULT = CellOptions()
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
HISTOGRAM_M2 = (0.0, 2_500.0, 5_000.0, 7_500.0, 10_000.0, 12_500.0, 15_000.0, 20_000.0, 40_000.0, np.inf)
LEAST_COMPACT = 0.3


@dataclass(frozen=True)
class CellQuality:
    """Figures of some cells; shares are 0 to 1."""

    count: int
    mean_m2: float
    median_m2: float
    quantiles_m2: dict[float, float]
    """By `QUANTILES`."""
    share_outside_band: float
    """Of the cells, below the least or above the most of the options."""
    share_5_20: float
    """Of the cells, from half the target to twice the target: 5,000 to 20,000 m²."""
    border_m: float
    """Length of the inner borders, which two cells share, each counted once."""
    share_of_border_on_barriers: float
    """Of the inner borders. The outer border is left out: it was given, not chosen."""
    share_of_all_border_on_barriers: float
    """The same with the outer border counted, once."""
    share_compactness_below_0_3: float
    mean_compactness: float
    """Polsby and Popper's 4πA/P², 1 for a circle, 0.785 for a square."""
    histogram: tuple[tuple[float, float, int], ...]
    """From, below (m²), how many cells."""


def measure(
    cells: NDArray[np.object_],
    outline: shapely.Geometry,
    barriers: NDArray[np.object_],
    *,
    options: CellOptions = _DEFAULT,
    areas_m2: NDArray[np.float64] | None = None,
) -> CellQuality:
    """Return the figures of cells that share their vertices, in a metric CRS.

    Parameters
    ----------
    areas_m2
        Their surfaces on the ellipsoid, by which their sizes are told; those on the plane without.
    """
    compactness = 4 * np.pi * shapely.area(cells) / shapely.length(cells) ** 2
    area = shapely.area(cells) if areas_m2 is None else areas_m2
    arrangement = arrangement_of(cells)
    length = np.hypot(*(arrangement.ends[:, 2:] - arrangement.ends[:, :2]).T)
    near = barriers[shapely.STRtree(barriers).query(outline, "dwithin", options.near_barrier_m)]
    on = length * Near(segments_of(near), options.near_barrier_m).share(arrangement.ends)
    inner = arrangement.is_inner
    edges = np.array(HISTOGRAM_M2)
    counts = np.bincount(np.searchsorted(edges, area, side="right") - 1, minlength=len(edges) - 1)
    return CellQuality(
        count=len(cells),
        mean_m2=float(area.mean()),
        median_m2=float(np.median(area)),
        quantiles_m2=dict(zip(QUANTILES, np.quantile(area, QUANTILES).tolist(), strict=True)),
        share_outside_band=float(np.mean((area < options.least_m2) | (area > options.most_m2))),
        share_5_20=float(np.mean((area >= options.target_m2 / 2) & (area <= options.target_m2 * 2))),
        border_m=float(length[inner].sum()),
        share_of_border_on_barriers=_ratio(on[inner].sum(), length[inner].sum()),
        share_of_all_border_on_barriers=_ratio(on.sum(), length.sum()),
        share_compactness_below_0_3=float(np.mean(compactness < LEAST_COMPACT)),
        mean_compactness=float(compactness.mean()),
        histogram=tuple(zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)),
    )


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0
