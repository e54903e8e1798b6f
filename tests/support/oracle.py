"""A coverage run computed a second time, in another way, from the rows of the database.

The edges are split: every place and point is a node of its own between the ends of its edge, all points hang on one
source, and scipy walks. Where things join the street is shapely's word, how far that is the ellipsoid's. Nothing of
the analysis or coverage rooms is used.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyproj
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmgmt.coverage.document import CoverageDocument, Figures

GEOD = pyproj.Geod(ellps="WGS84")
BANDS = ("60_64", "65_69", "70_74", "75_79", "80_plus")
COVERED, UNCOVERED, NOT_CONNECTABLE, OUTSIDE = range(4)
STATUSES = ("covered", "uncovered", "not_connectable", "outside")


@dataclass(frozen=True)
class Snapped:
    """Edge (-1: none), metres along it and metres to it, of every row."""

    edge: np.ndarray
    along_m: np.ndarray
    leg_m: np.ndarray


class Streets:
    """The largest connected part of the only network edition."""

    def __init__(self, session: Session) -> None:
        rows = frame(session, "SELECT source, target, length_m, ST_AsBinary(geom) AS geom FROM network_edges")
        self.n_nodes = int(rows[["source", "target"]].to_numpy().max()) + 1
        ends = (rows["source"], rows["target"])
        joined = coo_array((np.ones(len(rows)), ends), shape=(self.n_nodes, self.n_nodes))
        part = connected_components(joined, directed=False)[1]
        self.edges = rows[part[rows["source"]] == np.bincount(part).argmax()].reset_index(drop=True)
        lines = shapely.from_wkb(self.edges["geom"].to_numpy())
        self.hull = shapely.multipoints(shapely.get_coordinates(lines)).convex_hull
        crs = session.scalar(text("SELECT metric_crs FROM data_folder"))
        self.to_metres = pyproj.Transformer.from_crs(4326, crs, always_xy=True)
        self.lines = shapely.transform(lines, lambda xy: np.column_stack(self.to_metres.transform(*xy.T)))
        self.tree = shapely.STRtree(self.lines)

    def snap(self, rows: pd.DataFrame, limit_m: np.ndarray) -> Snapped:
        """Join rows with ``lon`` and ``lat`` to the nearest street within their limits."""
        points = shapely.points(*self.to_metres.transform(rows["lon"], rows["lat"]))
        row, edge = self.tree.query_nearest(points, max_distance=float(limit_m.max()) + 1, all_matches=False)
        near = shapely.distance(points[row], self.lines[edge]) <= limit_m[row] + 1e-6
        row, edge = row[near], edge[near]
        along = shapely.line_locate_point(self.lines[edge], points[row])
        foot = shapely.get_coordinates(shapely.line_interpolate_point(self.lines[edge], along))
        lon, lat = self.to_metres.transform(*foot.T, direction="INVERSE")
        found = Snapped(np.full(len(rows), -1), np.zeros(len(rows)), np.full(len(rows), np.inf))
        found.edge[row] = edge
        found.along_m[row] = along / shapely.length(self.lines[edge]) * self.edges["length_m"].to_numpy()[edge]
        found.leg_m[row] = GEOD.inv(rows["lon"].to_numpy()[row], rows["lat"].to_numpy()[row], lon, lat)[2]
        return found

    def walk_m(self, places: Snapped, points: Snapped) -> np.ndarray:
        """Return the metres from every place to its nearest point, infinite where there is no way."""
        on, at = np.flatnonzero(places.edge >= 0), np.flatnonzero(points.edge >= 0)
        own = self.n_nodes + np.arange(len(on) + len(at))
        n_edges, length_m = len(self.edges), self.edges["length_m"].to_numpy()
        stops = pd.DataFrame(
            {
                "edge": np.concatenate([np.tile(np.arange(n_edges), 2), places.edge[on], points.edge[at]]),
                "along_m": np.concatenate([np.zeros(n_edges), length_m, places.along_m[on], points.along_m[at]]),
                "turn": np.repeat([0, 2, 1], [n_edges, n_edges, len(own)]),
                "node": np.concatenate([self.edges["source"], self.edges["target"], own]),
            }
        ).sort_values(["edge", "turn", "along_m"])
        follows = np.diff(stops["edge"]) == 0
        node, source = stops["node"].to_numpy(), self.n_nodes + len(own)
        steps = pd.DataFrame(
            {
                "a": np.concatenate([node[:-1][follows], own[len(on) :]]),
                "b": np.concatenate([node[1:][follows], np.full(len(at), source)]),
                # scipy takes a step of no length for none.
                "m": np.maximum(np.concatenate([np.diff(stops["along_m"])[follows], points.leg_m[at]]), 1e-9),
            }
        )
        steps[["a", "b"]] = np.sort(steps[["a", "b"]].to_numpy(), axis=1)
        steps = steps.groupby(["a", "b"], as_index=False)["m"].min()
        graph = coo_array((steps["m"], (steps["a"], steps["b"])), shape=(source + 1, source + 1)).tocsr()
        metres = np.full(len(places.edge), np.inf)
        metres[on] = dijkstra(graph, directed=False, indices=source)[own[: len(on)]] + places.leg_m[on]
        return metres


def frame(session: Session, sql: str, **values: object) -> pd.DataFrame:
    return pd.DataFrame(session.execute(text(sql), values).mappings().all())


def check_run(session: Session, run_id: int, document: CoverageDocument) -> pd.DataFrame:
    """Recompute a run over everything in a folder with one edition a subject; return its places as they were stored."""
    places = frame(
        session,
        "SELECT p.*, ST_X(geom) AS lon, ST_Y(geom) AS lat, r.status, r.walk_time_s FROM coverage_place_results r"
        " JOIN population_places p USING (place_id) WHERE r.run_id = :run_id",
        run_id=run_id,
    )
    points = frame(
        session,
        "SELECT ST_X(geom) AS lon, ST_Y(geom) AS lat FROM service_points WHERE status = 'open' AND type = ANY(:types)",
        types=[str(type_) for type_ in document.parameters.types],
    )
    _check_places(Streets(session), places, points, document)
    _check_figures(session, places, document)
    return places


def _check_places(streets: Streets, places: pd.DataFrame, points: pd.DataFrame, document: CoverageDocument) -> None:
    """Every place has the time, and outside ±1 s of the limit the status, that the split graph gives.

    Times are whole hundredths of a second on each edge: they agree to 0.1 s, and beyond that to 1 in 10,000.
    """
    asked = document.parameters
    on = streets.snap(places, asked.connection_limit_m + places["connect_extra_m"].to_numpy())
    at = streets.snap(points, np.full(len(points), asked.connection_limit_m))
    assert (at.edge >= 0).sum() == document.service_points.connectable
    time_s = streets.walk_m(on, at) / asked.speed_m_per_s
    stored_s = places["walk_time_s"].to_numpy(dtype=float)
    assert (np.isfinite(time_s) == ~np.isnan(stored_s)).all()
    assert np.nanmax(np.abs(np.where(np.isfinite(time_s), time_s, np.nan) - stored_s) - 1e-4 * stored_s) < 0.1
    inside = (on.edge >= 0) | shapely.intersects_xy(streets.hull, places["lon"], places["lat"])
    reached = np.where(time_s <= asked.limit_s, COVERED, UNCOVERED)
    status = np.where(~inside, OUTSIDE, np.where(on.edge < 0, NOT_CONNECTABLE, reached))
    clear = ~(np.abs(time_s - asked.limit_s) <= 1.0)
    assert (status == places["status"])[clear].all()


def _check_figures(session: Session, places: pd.DataFrame, document: CoverageDocument) -> None:
    """Every figure of every area, band and age is the sum over the places that shapely finds in the area."""
    areas = frame(session, "SELECT level, code, ST_AsBinary(geom) AS geom FROM areas").set_index(["level", "code"])
    dots = shapely.points(places["lon"], places["lat"])
    _check_one(document.totals, places, document)
    for level in document.levels:
        left = np.ones(len(places), dtype=bool)
        for area in sorted(level.areas, key=lambda a: a.code):
            outline = shapely.from_wkb(areas.loc[(level.level, area.code), "geom"])
            shapely.prepare(outline)
            inside = shapely.covers(outline, dots) & left
            left &= ~inside
            _check_one(area.figures, places[inside], document)
        assert (level.remainder is not None) == left.any()
        if level.remainder is not None:
            _check_one(level.remainder, places[left], document)


def _check_one(figures: Figures, places: pd.DataFrame, document: CoverageDocument) -> None:
    assert figures.places == len(places)
    weights = {"60_plus": figures, **{age.band: age for age in figures.age_bands}}
    assert set(weights) == {"60_plus", *(BANDS if document.totals.age_bands else ())}
    joined = places["status"] <= UNCOVERED
    for name, counts in weights.items():
        weight = places[f"residents_{name}"].astype(float)
        assert abs(weight.sum() - counts.residents) < 1e-6
        for number, status in enumerate(STATUSES):
            assert abs(weight[places["status"] == number].sum() - getattr(counts, status)) < 1e-6
        for band in counts.bands:
            reached = weight[joined & (places["walk_time_s"].astype(float) <= band.limit_s + 1e-6)].sum()
            assert abs(reached - band.covered) < 1e-6
        assert (counts.ratio is None) == (counts.residents == 0)
