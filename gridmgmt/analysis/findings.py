"""What a check of topology is given and what it tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import shapely
from numpy.typing import NDArray

Objects = NDArray[np.object_]


class FindingType(StrEnum):
    """What can be wrong with an area or between areas."""

    GAP = "gap"
    NARROW_GAP = "narrow_gap"
    MISSING_NEIGHBOUR = "missing_neighbour"
    OVERLAP = "overlap"
    ORPHAN = "orphan"
    OUTSIDE_PARENT = "outside_parent"
    IN_TWO_PARENTS = "in_two_parents"
    INVALID_RING = "invalid_ring"
    MULTI_PART = "multi_part"
    QUARTER_WITHOUT_MIDDLE = "quarter_without_middle"
    QUARTER_IN_TWO = "quarter_in_two"
    UNMATCHED_EDGE = "unmatched_edge"


class Severity(StrEnum):
    """Whether a finding forbids approval or asks for a recorded reason."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class LevelRule:
    """What one level must fulfil.

    ``parents`` are the levels its areas may lie in, the deepest first; the first that is there is the one they must
    lie in. ``middles`` are levels between that may hold an area too: exactly one of them, or none. Levels of one
    ``rank`` may not overlap each other. ``pieces`` is what an area in several pieces is: a severity, or None for
    nothing. ``takes_all`` tells of a middle level that, where a parent has any of it, every area below is in one.
    ``may_lack`` tells of a level that is delivered piece by piece: a gap as large as one of its areas is then a
    missing neighbour, as it always is in a level without parents.
    """

    level: str
    rank: int
    parents: tuple[str, ...] = ()
    middles: tuple[str, ...] = ()
    partitions: bool = True
    takes_all: bool = False
    may_lack: bool = False
    pieces: Severity | None = Severity.WARNING


@dataclass(frozen=True)
class Tolerances:
    """Where findings begin, and where they are errors."""

    least_m2: float = 0.001
    """Land smaller than this is the rounding of an overlay, and no finding."""
    error_from_m2: float = 10.0
    """Gaps, overlaps and land outside a parent of this much are errors; smaller ones are warnings."""
    narrow_m: float = 2.0
    """A gap narrower than this is a narrow one, and strips open at their ends are looked for up to this width."""
    slit_from_m2: float = 1.0
    """Slits in the outer border of a level that has no parents are findings from this much on."""
    unmatched_from_m2: float = 1.0
    """Edges are unmatched when a projection to a plane opens this much land along them."""


@dataclass(frozen=True)
class AreaArrays:
    """Areas as arrays of one length: texts (None where there is none) and surfaces in degrees, EPSG:4326."""

    level: Objects
    code: Objects
    parent_level: Objects
    parent_code: Objects
    geometry: Objects

    def __len__(self) -> int:
        return len(self.code)


@dataclass(frozen=True)
class Finding:
    """One thing found.

    ``codes`` name the area itself first where there is one, then the others, ascending. ``area_m2`` is on the
    ellipsoid. ``width_m`` is the short side of the rectangle of the same area and perimeter. ``lon`` and ``lat`` are
    a place in the finding, in degrees.
    """

    type: FindingType
    severity: Severity
    level: str
    codes: tuple[str, ...]
    area_m2: float
    lon: float
    lat: float
    geometry: shapely.Geometry
    width_m: float | None = None
    details: Mapping[str, object] = field(default_factory=dict)
