"""What a siting report draws: the trade-off curve, and maps of the new points with areas before and after."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.reports import pdf_maps
from gridmgmt.reports.coverage_pdf_maps import (
    BORDER,
    MANY_STREETS,
    POINT,
    STREET,
    Drawn,
    Label,
    Layer,
    Sign,
    scale_words,
    touching,
)
from gridmgmt.reports.formatting import label
from gridmgmt.reports.palette import BEYOND, NO_RATIO, ratio_colour, ratio_legend
from gridmgmt.reports.pdf_maps import WIDTH, Frame
from gridmgmt.reports.siting_tables import areas_by_level
from gridmgmt.reports.siting_words import UNITS, asked_totals
from gridmgmt.reports.tables import cell_text
from gridmgmt.siting.document import AreaBefore, SitingDocument
from gridmgmt.texts import Language, text

if TYPE_CHECKING:
    import geopandas as gpd

CHOSEN, FORBIDDEN, LEFT_OUT, UNCOVERABLE = "#6B2C91", "#C2352B", "#8E8E93", "#8C3B1A"
FEW = 200
"""More spots than this are drawn smaller."""
_GRID, _INK = "#DFE3E8", "#5A6675"
_HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 700.0, 190.0, 60.0, 70.0, 120.0
_MOST_TICKS, _MOST_NUMBERS = 6, 15
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)
_BESIDE, _SMALLEST_DEG = 0.08, 0.005
_NONE: NDArray[np.float64] = np.empty((0, 2))


@dataclass(frozen=True, eq=False)
class SitingGround:
    """What the maps of an answer are drawn on beside the answer itself, in degrees.

    Attributes
    ----------
    areas
        Columns ``level`` and ``code``; areas that are missing here are in the tables alone.
    points
        Open points that count ``(n, 2)``.
    streets
        Lines ``(n,)``.
    """

    areas: "gpd.GeoDataFrame"
    points: NDArray[np.float64] = field(default_factory=lambda: _NONE)
    streets: NDArray[np.object_] = field(default_factory=lambda: np.empty(0, dtype=object))


def curve_drawn(document: SitingDocument, lang: Language) -> Drawn | None:
    """Return the trade-off curve with the bound of each number of points; None where there are fewer than two."""
    if len(document.curve) < 2:
        return None
    unit = document.certificate.unit
    at = np.array([(point.points, point.objective, point.bound) for point in document.curve])
    if unit == "residents":
        before = asked_totals(document).covered_before
        at = np.vstack([(0.0, before, before), at])
    axis = _Axis.of(at)
    ground = "".join(_line([(_LEFT, y), (WIDTH - _RIGHT, y)], _GRID, 2) for y in map(axis.y, axis.ticks))
    plan = [(axis.x(p), axis.y(value)) for p, value, _ in at.tolist()]
    bound = [(axis.x(p), axis.y(value)) for p, _, value in at.tolist()]
    between = _path([*plan, *reversed(bound)])
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="{POINT}"/>' for x, y in plan)
    drawn = (
        f'{ground}<path d="{between}z" fill="{BEYOND}" fill-opacity="0.3"/>'
        f'{_line(bound, BEYOND, 4, dashed=True)}{_line(plan, POINT, 5)}{dots}'
    )  # fmt: skip
    signs = (Sign(text("siting_report.curve_objective", lang), POINT, 9.0),
             Sign(text("siting_report.curve_bound", lang), BEYOND))  # fmt: skip
    frame = Frame((0.0, 0.0, 1.0, 1.0), _HEIGHT)
    layer = ("curve.svg", pdf_maps.drawing(frame, [drawn]))
    title = text("siting_report.curve", lang)
    return Drawn("curve", title, (layer,), _HEIGHT / WIDTH, signs, "", 0.0, "", _curve_labels(document, axis, lang))


@dataclass(frozen=True)
class _Axis:
    """Numbers of points from left to right, values from the lowest tick at the bottom to the highest at the top."""

    first: float
    last: float
    ticks: tuple[float, ...]

    @classmethod
    def of(cls, at: NDArray[np.float64]) -> "_Axis":
        values = at[:, 1:]
        return cls(float(at[0, 0]), float(at[-1, 0]), round_ticks(float(values.min()), float(values.max())))

    def x(self, points: float) -> float:
        return _LEFT + (points - self.first) / (self.last - self.first) * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        return _HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    def numbers(self) -> list[int]:
        """Return the numbers of points that are written below, not more than fit."""
        least = (self.last - self.first) / _MOST_NUMBERS
        step = next(size for size in _STEPS if size >= least)
        return list(range(int(self.first), int(self.last) + 1, step))


def round_ticks(low: float, high: float) -> tuple[float, ...]:
    """Return round numbers at equal steps, few, the first no more than ``low`` and the last no less than ``high``.

    >>> round_ticks(400.0, 859.0), round_ticks(7.0, 7.0)
    ((400.0, 500.0, 600.0, 700.0, 800.0, 900.0), (7.0, 8.0))
    """
    if high <= low:
        high = low + 1.0
    rough = (high - low) / (_MOST_TICKS - 1)
    power = 10.0 ** floor(log10(rough))
    step = next(s * power for s in (1, 2, 5, 10) if s * power >= rough * (1 - 1e-9))
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return tuple(float(k * step) for k in range(first, last + 1))


def _curve_labels(document: SitingDocument, axis: _Axis, lang: Language) -> tuple[Label, ...]:
    unit = document.certificate.unit
    kind = UNITS[unit].kind

    def at(x: float, y: float, words: str, **how: object) -> Label:
        return Label(x / WIDTH, y / _HEIGHT, words, 28.0, _INK, **how)  # type: ignore[arg-type]  # anchor alone

    beside = [at(_LEFT - 16, axis.y(t), cell_text(kind, t, modelled=False), anchor="end") for t in axis.ticks]
    below = [at(axis.x(n), _HEIGHT - _BOTTOM + 34, str(n)) for n in axis.numbers()]
    titles = [
        at(_LEFT - 16, 26, text(f"siting_unit.{unit}", lang), anchor="start"),
        at((_LEFT + WIDTH - _RIGHT) / 2, _HEIGHT - 28, text("siting_report.curve_x", lang)),
    ]
    return (*titles, *beside, *below)


def _path(at: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in at)


def _line(at: Sequence[tuple[float, float]], colour: str, width: float, *, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="14 10"' if dashed else ""
    return (
        f'<path d="{_path(at)}" fill="none" stroke="{colour}" stroke-width="{width:g}" stroke-linejoin="round"{dash}/>'
    )


def siting_maps(document: SitingDocument, ground: SitingGround | None, lang: Language) -> list[Drawn]:
    """Return the maps: new points on the areas as they are after, and the areas as they are before.

    Without ground, or where no area of the answer has a geometry, the new points alone are drawn.
    """
    areas = {} if ground is None else areas_by_level(document)
    level, of_level = list(areas.items())[-1] if areas else (None, [])
    frame = _frame(document, ground, level)
    if frame is None:
        return []
    sheet = _Sheet(document, ground, frame, lang)
    if ground is None or level is None:
        return [sheet.points_map("points", text("siting_report.map_points", lang), (), [])]
    named = label("level", level, lang)
    ratios: dict[str, Callable[[AreaBefore], float | None]] = {
        "after": lambda area: area.ratio_after,
        "before": lambda area: area.ratio_before,
    }
    fills = {name: sheet.areas(name, level, {area.code: of(area) for area in of_level}) for name, of in ratios.items()}
    colours = {ratio_colour(of(area)) for of in ratios.values() for area in of_level}
    signs = [Sign(words, colour) for colour, words in ratio_legend() if colour in {*colours, NO_RATIO}]
    return [
        sheet.points_map("after", text("siting_report.map_after", lang, level=named), (fills["after"],), signs),
        sheet.before_map(text("siting_report.map_before", lang, level=named), fills["before"], signs),
    ]


def _frame(document: SitingDocument, ground: SitingGround | None, level: AreaLevel | None) -> Frame | None:
    """Return the frame of the areas of the answer; of all points and zones where there are none."""
    if ground is not None and level is not None:
        shown = _areas_of(document, ground, level)
        if len(shown):
            whole, spots = shapely.total_bounds(shown), _spots_box(document, ground)
            return Frame.around(_box(whole if spots is None or not _is_corner(spots, whole) else spots))
    spots = _spots_box(document, ground)
    return None if spots is None else Frame.around(_box(spots))


def _spots_box(document: SitingDocument, ground: SitingGround | None) -> NDArray[np.float64] | None:
    """Return the box of new and open points and zones with a margin, None where there are none."""
    at = np.vstack([_chosen(document), _NONE if ground is None else ground.points])
    for zone in document.terms.forbidden:
        at = np.vstack([at, shapely.get_coordinates(shape_of(zone))])
    if not len(at):
        return None
    low, high = at.min(axis=0), at.max(axis=0)
    beside = _BESIDE * max(float((high - low).max()), _SMALLEST_DEG)
    return np.concatenate([low - beside, high + beside])


def _is_corner(spots: NDArray[np.float64], whole: NDArray[np.float64]) -> bool:
    """Return whether a box is less than half as wide and as tall as another one: then only it is worth a map."""
    return bool((2 * (spots[2:] - spots[:2]) < whole[2:] - whole[:2]).all())


def _box(found: NDArray[np.float64]) -> pdf_maps.Box:
    west, south, east, north = found.tolist()
    return west, south, east, north


def _areas_of(document: SitingDocument, ground: SitingGround, level: AreaLevel) -> NDArray[np.object_]:
    codes = [area.code for area in document.areas if area.level == level]
    found = ground.areas[(ground.areas["level"] == level) & ground.areas["code"].isin(codes)]
    return np.asarray(found.geometry.to_numpy(), dtype=object)


def _chosen(document: SitingDocument) -> NDArray[np.float64]:
    return np.array([(point.lon, point.lat) for point in document.chosen], dtype=np.float64).reshape(-1, 2)


def shape_of(zone: Mapping[str, object]) -> shapely.Geometry:
    """Return a GeoJSON polygon as a geometry."""
    return shapely.from_geojson(json.dumps(zone))


@dataclass(frozen=True, eq=False)
class _Sheet:
    """What the maps of a report have in common."""

    document: SitingDocument
    ground: SitingGround | None
    frame: Frame
    lang: Language

    def layer(self, name: str, *drawn: str) -> Layer:
        return f"{name}.svg", pdf_maps.drawing(self.frame, drawn)

    def areas(self, name: str, level: AreaLevel, ratios: Mapping[str, float | None]) -> Layer:
        """Return the areas of a level in the colours of their ratios."""
        if self.ground is None:
            return self.layer(name)
        shown = self.ground.areas[(self.ground.areas["level"] == level) & self.ground.areas["code"].isin(list(ratios))]
        colours = [ratio_colour(ratios[code]) for code in shown["code"]]
        filled = pdf_maps.surfaces(self.frame, shown.geometry.to_numpy(), colours) if len(shown) else ""
        return self.layer(name, filled)

    def before_map(self, title: str, fill: Layer, signs: Sequence[Sign]) -> Drawn:
        """Return the map of how it is before, with the open points."""
        points = Sign(text("siting_report.sign_open", self.lang), POINT, 12.0)
        return self.map("before", title, (fill, self.lines(), self.open_points()), [*signs, points])

    def points_map(self, key: str, title: str, fills: Sequence[Layer], signs: Sequence[Sign]) -> Drawn:
        """Return the map of the new points by rank, with what else is on the ground."""
        layers = (*fills, self.lines(), self.zones(), self.spots(), self.open_points(), self.chosen())
        return self.map(key, title, layers, [*signs, *self.signs()], self.ranks())

    def map(
        self, key: str, title: str, layers: Sequence[Layer], signs: Sequence[Sign], labels: tuple[Label, ...] = ()
    ) -> Drawn:
        scale, share = scale_words(self.frame, self.lang)
        aspect = self.frame.height / WIDTH
        return Drawn(key, title, tuple(layers), aspect, tuple(signs), scale, share, "", labels)

    def lines(self) -> Layer:
        """Return streets and borders."""
        if self.ground is None:
            return self.layer("lines")
        streets, areas = touching(self.ground.streets, self.frame), self.ground.areas.geometry.to_numpy()
        width = 0.5 if len(streets) > MANY_STREETS else 1.5
        drawn = pdf_maps.outlines(self.frame, streets, STREET, width) if len(streets) else ""
        return self.layer("lines", drawn, pdf_maps.outlines(self.frame, areas, BORDER, 1.5) if len(areas) else "")

    def zones(self) -> Layer:
        """Return the forbidden zones."""
        shapes = np.array([shape_of(zone) for zone in self.document.terms.forbidden], dtype=object)
        if not len(shapes):
            return self.layer("zones")
        filled = pdf_maps.surfaces(self.frame, shapes, [FORBIDDEN] * len(shapes), rim=FORBIDDEN)
        return self.layer("zones", f'<g fill-opacity="0.25">{filled}</g>')

    def spots(self) -> Layer:
        """Return candidates that are out, and the places that nothing can cover."""
        out = np.array([at for each in self.document.rejected for at in each.positions]).reshape(-1, 2)
        missed = np.array([(p.lon, p.lat) for p in self.document.uncoverable.listed]).reshape(-1, 2)
        return self.layer(
            "spots",
            pdf_maps.dots(self.frame, missed, 7.0 if len(missed) <= FEW else 4.0, UNCOVERABLE) if len(missed) else "",
            pdf_maps.dots(self.frame, out, 6.0 if len(out) <= FEW else 3.0, LEFT_OUT) if len(out) else "",
        )

    def open_points(self) -> Layer:
        points = _NONE if self.ground is None else self.ground.points
        radius = 12.0 if len(points) <= FEW else 7.0
        return self.layer("open", pdf_maps.dots(self.frame, points, radius, POINT, "#FFFFFF") if len(points) else "")

    def chosen(self) -> Layer:
        """Return a disc for each new point, dark for those that are sure or where that was not looked at."""
        at, light = (
            _chosen(self.document),
            np.array([point.sure is False for point in self.document.chosen], dtype=bool),
        )
        drawn = [
            pdf_maps.dots(self.frame, at[light == kind], 21.0, fill, rim)
            for kind, fill, rim in ((True, "#FFFFFF", CHOSEN), (False, CHOSEN, "#FFFFFF"))
            if (light == kind).any()
        ]
        return self.layer("chosen", *drawn)

    def ranks(self) -> tuple[Label, ...]:
        at = self.frame.units(_chosen(self.document)).tolist() if self.document.chosen else []
        return tuple(
            Label(x / WIDTH, y / self.frame.height, str(point.rank), 24.0, CHOSEN if point.sure is False else "#FFFFFF")
            for point, (x, y) in zip(self.document.chosen, at, strict=True)
        )

    def signs(self) -> list[Sign]:
        """Return the signs of what this answer has."""
        document, ground = self.document, self.ground
        known = {
            "chosen" if any(point.sure is False for point in document.chosen) else "chosen_all": (
                CHOSEN,
                16.0,
                bool(document.chosen),
            ),
            "open": (POINT, 12.0, ground is not None and len(ground.points) > 0),
            "rejected": (LEFT_OUT, 6.0, any(each.positions for each in document.rejected)),
            "uncoverable": (UNCOVERABLE, 7.0, bool(document.uncoverable.listed)),
            "forbidden": (FORBIDDEN, 0.0, bool(document.terms.forbidden)),
        }
        return [
            Sign(text(f"siting_report.sign_{name}", self.lang), colour, radius)
            for name, (colour, radius, there) in known.items()
            if there
        ]
