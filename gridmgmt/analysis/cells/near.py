"""How much of a segment lies near other segments, exactly."""

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.cells.arrangement import lines_from

Floats = NDArray[np.float64]


class Near:
    """The places within a distance of some segments."""

    def __init__(self, segments: Floats, distance_m: float) -> None:
        """Take segments (n, 4) and a distance."""
        self.segments = segments
        self.distance_m = distance_m
        self.tree = shapely.STRtree(lines_from(segments))

    def share(self, segments: Floats) -> Floats:
        """Return for each segment (n, 4) the share of its length, 0 to 1, that lies within the distance.

        What lies within a distance of a segment is convex, so that each of ours enters and leaves it once.
        """
        share = np.zeros(len(segments))
        if not len(segments) or not len(self.segments):
            return share
        one, other = self.tree.query(lines_from(segments), "dwithin", self.distance_m)
        low, high = self._stays(segments[one], self.segments[other])
        held = high > low
        one, low, high = one[held], low[held], high[held]
        order = np.lexsort((high, low, one))
        one, low, high = one[order], low[order], high[order]
        # Of one segment after the other, each stay counts from where all earlier ones have ended.
        ended = np.maximum.accumulate(high + 2.0 * one)
        before = np.append(-np.inf, ended[:-1]) - 2.0 * one
        np.add.at(share, one, np.maximum(high - np.maximum(low, before), 0))
        return np.clip(share, 0, 1)

    def _stays(self, one: Floats, other: Floats) -> tuple[Floats, Floats]:
        """Return from where to where, 0 to 1, each segment lies within the distance of another."""
        start, way = one[:, :2], one[:, 2:] - one[:, :2]
        spans = [
            _in_disc(start - other[:, :2], way, self.distance_m),
            _in_disc(start - other[:, 2:], way, self.distance_m),
            self._beside(start, way, other),
        ]
        low = np.minimum.reduce([np.where(b > a, a, np.inf) for a, b in spans])
        high = np.maximum.reduce([np.where(b > a, b, -np.inf) for a, b in spans])
        return np.maximum(low, 0), np.minimum(high, 1)

    def _beside(self, start: Floats, way: Floats, other: Floats) -> tuple[Floats, Floats]:
        """Return from where to where lines lie in the rectangles along the other segments."""
        along = other[:, 2:] - other[:, :2]
        length = np.maximum(np.hypot(*along.T), 1e-12)
        along = along / length[:, None]
        away = start - other[:, :2]
        on, off = (away * along).sum(axis=1), away[:, 1] * along[:, 0] - away[:, 0] * along[:, 1]
        d_on, d_off = (way * along).sum(axis=1), way[:, 1] * along[:, 0] - way[:, 0] * along[:, 1]
        a, b = _between(on, d_on, 0.0, length)
        c, d = _between(off, d_off, -self.distance_m, self.distance_m)
        return np.maximum(a, c), np.minimum(b, d)


def _in_disc(away: Floats, way: Floats, radius_m: float) -> tuple[Floats, Floats]:
    """Return from where to where a line lies in a disc whose centre it starts so far away from; (0, 0) for never."""
    a, b = (way**2).sum(axis=1), (away * way).sum(axis=1)
    c = (away**2).sum(axis=1) - radius_m**2
    root = b**2 - a * c
    met = (root > 0) & (a > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        half = np.sqrt(np.where(met, root, 0))
        return np.where(met, (-b - half) / a, 0), np.where(met, (-b + half) / a, 0)


def _between(at: Floats, step: Floats, low: float, high: "float | Floats") -> tuple[Floats, Floats]:
    """Return from where to where ``at + t * step`` lies between two values; (inf, -inf) for never."""
    with np.errstate(invalid="ignore", divide="ignore"):
        one, other = (low - at) / step, (high - at) / step
    level = np.abs(step) < 1e-12
    inside = (at >= low) & (at <= high)
    first = np.where(level, np.where(inside, -np.inf, np.inf), np.minimum(one, other))
    last = np.where(level, np.where(inside, np.inf, -np.inf), np.maximum(one, other))
    return first, last
