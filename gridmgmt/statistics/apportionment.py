"""Figures of whole areas, carried to the areas of another level, day or draft."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis import apportion as kernel
from gridmgmt.analysis.location import area_of_points
from gridmgmt.areas.queries import area_frame
from gridmgmt.db import Session
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import NotFoundError
from gridmgmt.population.queries import places
from gridmgmt.statistics import queries
from gridmgmt.statistics.models import AreaFigure
from gridmgmt.statistics.rules import (
    Amount,
    ApportionedArea,
    Apportionment,
    Boundaries,
    Weighting,
    check_figure,
)


def apportion(
    session: Session,
    figure: str,
    known: Boundaries,
    wanted: Boundaries,
    *,
    weighting: Weighting = Weighting.AREA,
    data_on: date | None = None,
) -> Apportionment:
    """Carry a figure of the areas of one level and day to those of another, with the bounds that are certain.

    See :mod:`gridmgmt.analysis.apportion` for the method. The residents that weigh are those of 60 and over at their
    places; in an edition of places without counts each place weighs 1.

    Parameters
    ----------
    known
        Whose figures are taken: the newest counted on its day or before, if within the boundary it has on that day.
    data_on
        The day whose residents weigh; that of ``known`` without it.

    Raises
    ------
    InputError
        When the figure's name cannot be one.
    NotFoundError
        When no area of ``known`` has the figure, or residents should weigh and there are none.
    """
    held = _held(session, check_figure(figure), known)
    new = _areas(session, wanted)
    pieces = kernel.overlay(_surfaces(held.areas), _surfaces(new))
    day = data_on or known.on
    weights = None if weighting is Weighting.AREA else _weights(session, day, held.areas, new, pieces)
    values = np.array([each.value for each in held.figures])
    amounts = _amounts(kernel.apportion(values, pieces, weights))
    rows = zip(new["code"], new["name"], amounts[:-1], strict=True)
    return Apportionment(
        figure=figure,
        weighting=weighting,
        known=known,
        wanted=wanted,
        areas=tuple(ApportionedArea(code, name, amount) for code, name, amount in rows),
        outside=amounts[-1],
        total=float(values.sum()),
        counted_on=(min(f.counted_on for f in held.figures), max(f.counted_on for f in held.figures)),
        sources=tuple(sorted({f.source for f in held.figures})),
        without_figure=held.without_figure,
        other_boundaries=held.other_boundaries,
        shared_by_land=_shared_by_land(held.areas, pieces, weights),
        editions_from=queries.used_editions(session, held.areas["edition_id"]),
        editions_to=queries.used_editions(session, new["edition_id"]),
        data_editions=() if weights is None else queries.data_editions(session, Subject.POPULATION, day),
    )


@dataclass(frozen=True, eq=False)
class _Held:
    """Areas with the figure that each holds, in one order, and the codes of those that were left out."""

    areas: gpd.GeoDataFrame
    figures: list[AreaFigure]
    without_figure: tuple[str, ...]
    other_boundaries: tuple[str, ...]


def _held(session: Session, figure: str, known: Boundaries) -> _Held:
    every = _areas(session, known)
    figures = queries.figures_of(session, known.level, figure, known.on)
    has_one = every["code"].isin(list(figures)).to_numpy(dtype=bool)
    fits = has_one & _within_same_boundary(session, every, figures, known)
    if not fits.any():
        raise NotFoundError("figure_unknown", figure=figure, level=known.level, on=known.on)
    areas = every[fits].reset_index(drop=True)
    return _Held(
        areas=areas,
        figures=[figures[code] for code in areas["code"]],
        without_figure=tuple(every["code"][~has_one]),
        other_boundaries=tuple(every["code"][has_one & ~fits]),
    )


def _within_same_boundary(
    session: Session, areas: gpd.GeoDataFrame, figures: Mapping[str, AreaFigure], known: Boundaries
) -> NDArray[np.bool_]:
    """Tell for each area whether its figure was counted within the boundary that it has here."""
    same = np.zeros(len(areas), dtype=bool)
    counted_within = [figures[code].areas_on if code in figures else None for code in areas["code"]]
    for day in {day for day in counted_within if day is not None}:
        then = _areas(session, Boundaries(known.level, day)).set_index("code").reindex(areas["code"])
        equal = shapely.equals_exact(_surfaces(areas), _surfaces(then))
        same |= equal & np.array([each == day for each in counted_within])
    return same


def _areas(session: Session, which: Boundaries) -> gpd.GeoDataFrame:
    queries.draft_name(session, which.draft)
    return area_frame(session, which.on, draft=which.draft, levels=[which.level])


def _surfaces(areas: gpd.GeoDataFrame) -> NDArray[np.object_]:
    return np.asarray(areas.geometry.values, dtype=object)


def _weights(
    session: Session, on: date, old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, pieces: kernel.Overlay
) -> NDArray[np.float64]:
    table = places(session, on)
    if table.num_rows == 0:
        raise NotFoundError("no_population_in_force", on=on)
    lonlat = queries.lonlat_of(table)
    source, target = (area_of_points(_surfaces(areas), lonlat) for areas in (old, new))
    return kernel.weights_of_points(pieces, source, target, queries.weight_of(table))


def _amounts(found: kernel.Apportioned) -> list[Amount]:
    columns = (each.tolist() for each in (found.estimate, found.low, found.high))
    return [Amount(*numbers) for numbers in zip(*columns, strict=True)]


def _shared_by_land(
    areas: gpd.GeoDataFrame, pieces: kernel.Overlay, weights: NDArray[np.float64] | None
) -> tuple[str, ...]:
    if weights is None:
        return ()
    fallen_back = kernel.weightless(pieces, weights) & ~pieces.whole
    return tuple(areas["code"].to_numpy()[np.unique(pieces.source[fallen_back])])
