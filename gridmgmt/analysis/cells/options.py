"""What a grid cell should be like."""

import math
from dataclasses import dataclass

VERGE_M = 14.0
"""What is a strip where the barriers have walls: the verge between a street and the walls along it."""


@dataclass(frozen=True)
class CellOptions:
    """Sizes in m² and distances in m of the cells to be drawn; the defaults are those of the 万米单元网格."""

    target_m2: float = 10_000.0
    """An outline up to this size is one cell."""
    least_m2: float = 2_500.0
    most_m2: float = 40_000.0
    """A cell is to lie between the least and the most."""
    cut_above_m2: float = 20_000.0
    """A larger block is cut."""
    near_barrier_m: float = 2.0
    """A border this near to a barrier counts as on it; barriers this near to the outline give way to it."""
    strip_m: float = 0.0
    """A face narrower than this on average, 2A/P, is a strip and goes to the block along which it lies.

    Nothing is, by default: a median between carriageways costs share of border on streets. See :data:`VERGE_M`.
    """
    reach_m: float = 250.0
    """A barrier that ends nowhere is prolonged to the next line within this distance."""
    across_m: float = 45.0
    """A barrier that ends at another goes on across it to the next line within this distance."""

    @property
    def side_m(self) -> float:
        """Return the side of a square of the target size."""
        return math.sqrt(self.target_m2)
