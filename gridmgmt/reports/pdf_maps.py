"""Maps of a report as vector drawings without a base map: areas, streets thinly, points, places.

A drawing is SVG without letters; what colours and signs mean stands beside it. It depends on what is drawn alone, so
equal inputs give equal bytes.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

WIDTH = 1_700
"""Units of a drawing's width, each a tenth of a millimetre on paper."""
TALLEST = 1_900
MARGIN = 0.02
MAX_DOTS = 4_000
"""More places than this are drawn as squares."""
SQUARE = 12.0
MAX_CIRCLES = 1_500
"""More places than this are merged into one circle for each square of so many units."""
MERGED = 36.0
WIDEST = 16.0
METRES_PER_DEGREE = 111_320.0

Box = tuple[float, float, float, float]
Shapes = NDArray[np.object_]


@dataclass(frozen=True)
class Frame:
    """The part of the earth that a drawing shows, ``(west, south, east, north)`` in degrees, and its size in units."""

    box: Box
    height: float

    @classmethod
    def around(cls, box: Box) -> "Frame":
        """Return the frame of a box with a margin, widened where it would be too tall or has no width."""
        west, south, east, north = box
        squeeze = math.cos(math.radians((south + north) / 2))
        tall, wide = max(north - south, 1e-4), max((east - west) * squeeze, 1e-4)
        wide = max(wide, tall * WIDTH / TALLEST)
        tall = max(tall, wide / 3)
        middle_x, middle_y = (west + east) / 2, (south + north) / 2
        half_x, half_y = wide / squeeze / 2 * (1 + MARGIN), tall / 2 * (1 + MARGIN)
        found = (middle_x - half_x, middle_y - half_y, middle_x + half_x, middle_y + half_y)
        return cls(found, round(WIDTH * tall / wide, 1))

    def units(self, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return positions ``(n, 2)`` on the drawing, y downwards."""
        west, south, east, north = self.box
        x = (lonlat[:, 0] - west) / (east - west) * WIDTH
        y = (north - lonlat[:, 1]) / (north - south) * self.height
        return np.column_stack([x, y])

    @property
    def width_m(self) -> float:
        """The width of what is shown, in metres."""
        west, south, east, north = self.box
        return (east - west) * METRES_PER_DEGREE * math.cos(math.radians((south + north) / 2))

    def scale_bar(self) -> tuple[int, float]:
        """Return a round length in metres, at most a quarter of the width, and its share of the width."""
        rough = self.width_m / 4
        power = 10 ** math.floor(math.log10(rough))
        length = max(step * power for step in (1, 2, 5) if step * power <= rough)
        return round(length), length / self.width_m


def drawing(frame: Frame, layers: Iterable[str]) -> str:
    """Return the SVG of layers, the first one below, on clear ground."""
    size = f"{WIDTH} {frame.height:g}"
    clip = f'<clipPath id="c"><rect width="{WIDTH}" height="{frame.height:g}"/></clipPath>'
    inside = "".join(layers)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}">{clip}<g clip-path="url(#c)">{inside}</g></svg>'
    )


def inline(svg: str) -> str:
    """Return a drawing as it stands within a page of HTML, where it is cut at its edges and its names are the page's.

    >>> inline(drawing(Frame((0, 0, 1, 1), 10), ["<path/>"]))
    '<svg viewBox="0 0 1700 10"><g><path/></g></svg>'
    """
    return re.sub(r'( xmlns="[^"]*"|<clipPath.*?</clipPath>| clip-path="[^"]*")', "", svg)


def surfaces(frame: Frame, geometries: Shapes, colours: Sequence[str], *, rim: str = "#FFFFFF") -> str:
    """Return surfaces filled by colour, with their borders in the colour ``rim``."""
    of_colour: dict[str, list[str]] = {}
    for path, colour in zip(_paths(frame, geometries, closed=True), colours, strict=True):
        of_colour.setdefault(colour, []).append(path)
    return "".join(
        f'<path d="{"".join(paths)}" fill="{colour}" fill-rule="evenodd" stroke="{rim}" stroke-width="2"/>'
        for colour, paths in sorted(of_colour.items())
    )


def outlines(frame: Frame, geometries: Shapes, colour: str, width: float) -> str:
    """Return the borders of surfaces, or lines, as one thin path."""
    lines = np.where(shapely.get_dimensions(geometries) == 2, shapely.boundary(geometries), geometries)
    path = "".join(_paths(frame, lines, closed=False))
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}" stroke-linejoin="round"/>'


def dots(frame: Frame, lonlat: NDArray[np.float64], radius: float, fill: str, rim: str = "none") -> str:
    """Return a dot at each position."""
    circles = "".join(_circle(x, y, radius) for x, y in frame.units(lonlat).tolist())
    return f'<path d="{circles}" fill="{fill}" stroke="{rim}" stroke-width="3"/>'


def places(
    frame: Frame, lonlat: NDArray[np.float64], class_: NDArray[np.int64], weight: NDArray[np.float64],
    colours: Mapping[int, str],
) -> str:  # fmt: skip
    """Return places coloured by class: a dot each, or squares of the class that most of their weight belongs to."""
    if len(lonlat) <= MAX_DOTS:
        return "".join(dots(frame, lonlat[class_ == number], 6.0, colour) for number, colour in colours.items())
    column, row, of_square = squares(frame, lonlat, class_, weight, len(colours))
    drawn = []
    for number, colour in colours.items():
        here = of_square == number
        boxes = "".join(
            f"M{x * SQUARE:g} {y * SQUARE:g}h{SQUARE:g}v{SQUARE:g}h-{SQUARE:g}z"
            for x, y in zip(column[here].tolist(), row[here].tolist(), strict=True)
        )
        drawn.append(f'<path d="{boxes}" fill="{colour}"/>')
    return "".join(drawn)


def squares(
    frame: Frame, lonlat: NDArray[np.float64], class_: NDArray[np.int64], weight: NDArray[np.float64], n_classes: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return column, row and class of each square that holds a place; of equal weights the lower class."""
    at = np.floor(frame.units(lonlat) / SQUARE).astype(np.int64)
    square, of = np.unique(at, axis=0, return_inverse=True)
    shares = np.bincount(of.ravel() * n_classes + class_, weight, len(square) * n_classes).reshape(-1, n_classes)
    return square[:, 0], square[:, 1], shares.argmax(axis=1)


def circles(frame: Frame, lonlat: NDArray[np.float64], weight: NDArray[np.float64], colour: str, largest: float) -> str:
    """Return circles whose surface is as the weight, the heaviest below, with the radius ``largest``."""
    order = np.argsort(-weight, kind="stable")
    radius = radius_of(weight[order], float(weight.max(initial=0.0)), largest)
    drawn = "".join(
        f"<path d='{_circle(x, y, r)}'/>"
        for (x, y), r in zip(frame.units(lonlat[order]).tolist(), radius.tolist(), strict=True)
    )
    return f'<g fill="{colour}" fill-opacity="0.55" stroke="#FFFFFF" stroke-width="1.5">{drawn}</g>'


def flows(
    frame: Frame, begin: NDArray[np.float64], end: NDArray[np.float64], weight: NDArray[np.float64], colour: str
) -> str:
    """Return a straight line from each begin to its end, the widest of :data:`WIDEST` units, the widths as weights."""
    width = WIDEST * weight / max(float(weight.max(initial=0.0)), 1e-9)
    ends = np.column_stack([frame.units(begin), frame.units(end)]).tolist()
    drawn = "".join(
        f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke-width="{max(wide, 1.0):.1f}"/>'
        for (x1, y1, x2, y2), wide in zip(ends, width.tolist(), strict=True)
    )
    return f'<g stroke="{colour}" stroke-opacity="0.6" stroke-linecap="round">{drawn}</g>'


def merged(
    frame: Frame, lonlat: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return one position for each square of :data:`MERGED` units, the middle of its weights, and their sum."""
    square = np.floor(frame.units(lonlat) / MERGED).astype(np.int64)
    _, of = np.unique(square, axis=0, return_inverse=True)
    total: NDArray[np.float64] = np.bincount(of.ravel(), weight).astype(np.float64)
    middle = [np.bincount(of.ravel(), weight * lonlat[:, axis]) / total for axis in (0, 1)]
    return np.column_stack(middle), total


def radius_of(weight: NDArray[np.float64], heaviest: float, largest: float) -> NDArray[np.float64]:
    """Return the radius of circles in units, that of the heaviest ``largest``."""
    share: NDArray[np.float64] = weight / heaviest if heaviest > 0 else np.zeros(len(weight))
    return largest * np.sqrt(share)


def _circle(x: float, y: float, r: float) -> str:
    return f"M{x - r:.1f} {y:.1f}a{r:.1f} {r:.1f} 0 1 0 {2 * r:.1f} 0a{r:.1f} {r:.1f} 0 1 0 -{2 * r:.1f} 0z"


def _paths(frame: Frame, geometries: Shapes, *, closed: bool) -> list[str]:
    """Return a path for each geometry, without what a tenth of a millimetre does not show."""
    placed = shapely.transform(geometries, frame.units)
    simple = shapely.simplify(placed, 1.0, preserve_topology=closed)
    parts, owner = shapely.get_parts(simple, return_index=True)
    if closed:
        parts, of_part = shapely.get_rings(parts, return_index=True)
        owner = owner[of_part]
    seen = shapely.length(parts) >= 1.0
    parts, owner = parts[seen], owner[seen]
    found = [""] * len(geometries)
    if not len(parts):
        return found
    coordinates, of = shapely.get_coordinates(parts, return_index=True)
    ends = np.flatnonzero(np.diff(of, append=-1)) + 1
    begins = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    rounded = np.rint(coordinates).astype(np.int64).tolist()
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        found[owner[of[begin]]] += _path(rounded[begin:end], closed=closed)
    return found


def _path(coordinates: Sequence[Sequence[int]], *, closed: bool) -> str:
    steps = [f"{x} {y}" for x, y in coordinates]
    return f"M{'L'.join(steps)}{'z' if closed else ''}"
