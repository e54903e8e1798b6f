"""What is planned for the streets."""

from collections.abc import Sequence
from dataclasses import dataclass

import shapely


@dataclass(frozen=True)
class NewPath:
    """A planned path: a name for findings, its line in degrees, and the sum of its traits."""

    name: str
    line: shapely.LineString
    traits: int = 0


@dataclass(frozen=True)
class Changes:
    """New paths, edges of the edition to close, and lines across streets to close, in degrees."""

    paths: Sequence[NewPath] = ()
    closed_edges: Sequence[int] = ()
    closed_lines: Sequence[shapely.Geometry] = ()


NOTHING_PLANNED = Changes()
