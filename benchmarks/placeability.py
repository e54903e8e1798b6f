"""One spot judged, warm: in the process and over HTTP, on Porto's network with 20,000 places.

The network is real; places, points, quarters, rivers, railways and gates are seeded. Each answer's newly covered
residents must equal the difference of two full runs, with the spot and without it.
"""

import csv
import http.client
import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from harness import publish, require, shared_data
from numpy.typing import NDArray
from seeded_points import seeded_points
from sqlalchemy.orm import sessionmaker
from tiles_cold import cold_server

from gridmgmt import imports
from gridmgmt.access.rules import Assignment, Permission, Role, system_actor
from gridmgmt.access.service import create_account, create_key
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.model import to_cs
from gridmgmt.analysis.walking.search import nearest
from gridmgmt.analysis.walking.tally import from_fixed
from gridmgmt.cluster import Cluster
from gridmgmt.db import Session, make_engine, make_sessions, migrate
from gridmgmt.editions.queries import boundary_edition
from gridmgmt.editions.rules import Counting, EditionState
from gridmgmt.editions.service import put_in_state
from gridmgmt.imports import Labels
from gridmgmt.ingest.areas import read_areas
from gridmgmt.ingest.features import read_features
from gridmgmt.ingest.gates import read_gates
from gridmgmt.ingest.network import read_network
from gridmgmt.ingest.population import read_population_points
from gridmgmt.ingest.service_points import read_service_points
from gridmgmt.placeability.rules import Candidate, make_terms
from gridmgmt.placeability.service import place
from gridmgmt.walking.service import make_question, walk_state
from gridmgmt.walking.state import WalkState

ACTOR = system_actor("benchmark")
DAY = date(2026, 1, 1)
PLACES, POINTS, GATES, QUARTERS, SPOTS, COMPARED = 20_000, 500, 300, 20, 300, 40
PROFILE = "age_80_plus"
IN_PROCESS_MS, HTTP_MS = 5.0, 20.0

Floats = NDArray[np.float64]


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    """Write a table."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def load(sessions: sessionmaker[Session], folder: Path) -> Floats:
    """Take everything in and return the spots to be asked about, ``(SPOTS, 2)`` lon/lat."""
    network = read_network(shared_data("networks/porto_portugal.osm.pbf"))
    streets = gpd.GeoDataFrame(geometry=network.geometry, crs=4326)
    rng = np.random.default_rng(7)
    label = Labels(name="benchmark", source="seeded", valid_from=DAY)
    homes = seeded_points(streets, PLACES, 1) + rng.normal(0, 1.5e-4, (PLACES, 2))
    ages = rng.gamma(0.8, 2.0, (PLACES, 5))
    points = seeded_points(streets, POINTS, 2)
    gates = seeded_points(streets, GATES, 3)
    homes_csv = write_csv(
        folder / "homes.csv",
        ["lon", "lat", "60_64", "65_69", "70_74", "75_79", "80_plus"],
        np.column_stack([homes, ages]).tolist(),
    )
    points_csv = write_csv(
        folder / "points.csv",
        ["code", "name", "type", "capacity", "lon", "lat"],
        [[f"S{i}", f"S{i}", "elderly_service_point" if i % 5 else "meal_point", 50, *p] for i, p in enumerate(points)],
    )
    gates_csv = write_csv(
        folder / "gates.csv",
        ["code", "name", "lon", "lat"],
        [[f"G{i}", f"G{i}", *gate] for i, gate in enumerate(gates)],
    )
    with sessions.begin() as session:
        for level, frame in _areas(streets.total_bounds).items():
            frame.to_file(folder / f"{level}.geojson", driver="GeoJSON")
            imports.import_areas(session, ACTOR, read_areas(folder / f"{level}.geojson"), label, level=level)
        _into_force(session)
        imports.import_network(session, ACTOR, network, label)
        places = read_population_points(homes_csv)
        imports.import_population(session, ACTOR, places, label, counting=Counting.COUNTED)
        imports.import_service_points(session, ACTOR, read_service_points(points_csv), label)
        imports.import_gates(session, ACTOR, read_gates(gates_csv), label)
        for number, kind in enumerate(("water", "rail", "hazard")):
            path = folder / f"{kind}.geojson"
            _land(streets.total_bounds, number).to_file(path, driver="GeoJSON")
            imports.import_features(session, ACTOR, read_features(path, kind=kind), label, kind=kind)
    return seeded_points(streets, SPOTS, 4)


def _areas(bounds: Floats) -> dict[str, gpd.GeoDataFrame]:
    """Return a district and squares of quarters over it."""
    west, south, east, north = bounds
    x, y = np.linspace(west, east, QUARTERS + 1), np.linspace(south, north, QUARTERS + 1)
    squares = [shapely.box(x[i], y[j], x[i + 1], y[j + 1]) for i in range(QUARTERS) for j in range(QUARTERS)]
    codes = [f"310113{i // 50 + 1:03}{i + 1:03}" for i in range(len(squares))]
    quarters = gpd.GeoDataFrame({"code": codes, "name": codes}, geometry=squares, crs=4326)
    whole = gpd.GeoDataFrame({"code": ["310113"], "name": ["D"]}, geometry=[shapely.box(*bounds)], crs=4326)
    return {"district": whole, "residential_quarter": quarters}


def _land(bounds: Floats, seed: int) -> gpd.GeoDataFrame:
    """Return winding lines across the whole, widened a little where they are surfaces."""
    rng = np.random.default_rng(seed)
    west, south, east, north = bounds
    lines = []
    for _ in range(10):
        along = np.linspace(0, 1, 200)
        across = np.clip(np.cumsum(rng.normal(0, 0.02, 200)) + rng.random(), 0, 1)
        lines.append(
            shapely.LineString(np.column_stack([west + along * (east - west), south + across * (north - south)]))
        )
    shapes = lines if seed == 1 else list(shapely.buffer(lines, 2e-4))
    return gpd.GeoDataFrame({"name": [f"L{i}" for i in range(len(shapes))]}, geometry=shapes, crs=4326)


def _into_force(session: Session) -> None:
    edition = boundary_edition(session, "benchmark")
    assert edition is not None
    for state in (EditionState.CHECKED, EditionState.APPROVED):
        put_in_state(session, edition, state, actor="benchmark")
    put_in_state(session, edition, EditionState.IN_FORCE, actor="benchmark", on=DAY)


@contextmanager
def database() -> Iterator[tuple[str, Floats]]:
    """Give a filled database and the spots."""
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder) / "db").using() as url:
        migrate(url)
        engine = make_engine(url)
        spots = load(make_sessions(engine), Path(folder))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
        engine.dispose()
        yield url, spots


def full_difference(state: WalkState, lon: float, lat: float, limit_cs: int) -> float:
    """Return the residents that a full run with the spot covers and one without it does not."""
    spot = state.network.snap_points(np.array([[lon, lat]]), state.question.connection_limit_m)
    there = state.point_snap
    more = Snap(*(np.concatenate([getattr(there, n), getattr(spot, n)]) for n in ("edge", "fraction", "distance_m")))
    found = nearest(state.network.graph, state.costs, points=more, places=state.place_snap)
    weight = state.weights[:, 0]
    covered = int(weight[found.place_cs <= limit_cs].sum()) - int(weight[state.nearest.place_cs <= limit_cs].sum())
    return float(from_fixed(covered))


def in_process(url: str, spots: Floats) -> tuple[list[float], dict[str, object], list[float]]:
    """Return seconds a spot, facts, and what each spot adds."""
    engine = make_engine(url)
    terms = make_terms("elderly_service_point", walk={"profile": PROFILE})
    gains, spent = [], []
    with make_sessions(engine).begin() as session:
        state = walk_state(session, make_question(DAY, types=terms.types, profile=PROFILE))
        began = time.perf_counter()
        place(session, ACTOR, Candidate(*spots[0]), terms, on=DAY)
        first_s = time.perf_counter() - began
        for _ in range(2):  # the first round meets every gate for the first time
            gains, spent = [], []
            for lon, lat in spots.tolist():
                began = time.perf_counter()
                card = place(session, ACTOR, Candidate(lon, lat), terms, on=DAY)
                spent.append(time.perf_counter() - began)
                gains.append((card.facts.gain.residents or 0.0) if card.facts.gain else 0.0)
        for (lon, lat), gain in list(zip(spots.tolist(), gains, strict=True))[:COMPARED]:
            fully = full_difference(state, lon, lat, int(to_cs(terms.limit_s)))
            require(abs(gain - fully) < 1e-6, f"{lon}, {lat}: {gain} is not {fully}")
    engine.dispose()
    graph = state.network.graph
    facts = {
        "nodes": graph.n_nodes, "edges": graph.n_edges, "places": PLACES, "points": POINTS, "gates": GATES,
        "first_spot_s": first_s, "compared_with_full_runs": COMPARED,
    }  # fmt: skip
    return spent, facts, gains


def planners_key(url: str) -> str:
    """Return the key of a planner, who gets exact answers."""
    engine, now = make_engine(url), datetime.now(UTC)
    with make_sessions(engine).begin() as session:
        account = create_account(session, ACTOR, "planner", "Planner", [Assignment(Role.PLANNER)])
        scopes = [Permission.READ, Permission.COVERAGE_RUN, Permission.RESULTS_EXACT]
        secret = create_key(session, ACTOR, account, "benchmark", scopes, now + timedelta(days=1), now)
    engine.dispose()
    return secret


def over_http(url: str, spots: Floats, gains: Sequence[float]) -> list[float]:
    """Return seconds a spot over one connection that stays open, as a map does when a pin is dragged."""
    spent: list[float] = []
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {planners_key(url)}"}
    with cold_server(url) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for _ in range(3):
            spent = []
            for (lon, lat), gain in zip(spots.tolist(), gains, strict=True):
                ask = {"lon": lon, "lat": lat, "type": "elderly_service_point", "on": DAY.isoformat(),
                       "profile": PROFILE, "detail": "brief"}  # fmt: skip
                began = time.perf_counter()
                connection.request("POST", "/api/v1/placeability", json.dumps(ask), headers)
                answer = connection.getresponse()
                body = answer.read()
                spent.append(time.perf_counter() - began)
                require(answer.status == 200, f"{answer.status} {body[:300]!r}")
                found = json.loads(body)["facts"]["gain"]
                require(found is None or found["residents"] == gain, "HTTP gives another number")
    return spent


def main() -> None:
    """Measure, print and keep the result; ends with exit code 1 when a bar is missed."""
    with database() as (url, spots):
        own, facts, gains = in_process(url, spots)
        http_s = over_http(url, spots, gains)
    figures: dict[str, object] = dict(facts)
    for name, spent in (("process", own), ("http", http_s)):
        figures |= {
            f"{name}_median_ms": 1000 * statistics.median(spent),
            f"{name}_p95_ms": 1000 * statistics.quantiles(spent, n=20)[18],
            f"{name}_worst_ms": 1000 * max(spent),
        }
    bars = {
        "a spot in the process, ms": (1000 * statistics.median(own), IN_PROCESS_MS),
        "a spot over HTTP, ms": (1000 * statistics.median(http_s), HTTP_MS),
    }
    publish("placeability", figures, bars)


if __name__ == "__main__":
    main()
