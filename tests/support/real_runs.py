"""Seeded places, points and towns over real streets as files, and whole runs over them."""

import csv
from pathlib import Path

import numpy as np
import shapely
from sqlalchemy.orm import Session, sessionmaker

from gridmgmt.coverage.document import CoverageDocument
from gridmgmt.coverage.rules import make_request
from gridmgmt.ingest.areas import read_areas
from gridmgmt.ingest.intake import Intake
from gridmgmt.ingest.network import NetworkIntake
from gridmgmt.work import ask_coverage, finish_coverage
from tests.support.actors import TESTER
from tests.support.oracle import BANDS
from tests.support.paper_town import DAY, geojson


def table(path: Path, head: list[str], rows: object) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])
    return path


def points_file(folder: Path, network: NetworkIntake, rng: np.random.Generator, n_points: int = 500) -> Path:
    """Points near the middles of streets, of every part of the network; every tenth on a node, two at one spot."""
    lines = network.geometry[rng.choice(len(network.geometry), n_points, replace=False)]
    lonlat = shapely.get_coordinates(shapely.line_interpolate_point(lines, rng.random(n_points), normalized=True))
    lonlat += rng.normal(0, 3e-4, lonlat.shape)
    lonlat[::10] = network.node_lonlat[rng.choice(len(network.node_lonlat), len(lonlat[::10]))]
    lonlat[1] = lonlat[0]
    head = ["code", "name", "type", "status", "lon", "lat"]
    rows = [[f"P{i}", f"P{i}", "elderly_service_point", "open", *xy] for i, xy in enumerate(lonlat.tolist())]
    return table(folder / "points.csv", head, rows)


def places_file(folder: Path, network: NetworkIntake, n_places: int, rng: np.random.Generator) -> Path:
    """Places in the box of the network: half scattered, a third beside streets, a sixth on nodes; some with nobody."""
    low, high = network.node_lonlat.min(axis=0), network.node_lonlat.max(axis=0)
    lonlat = rng.uniform(low - 0.01, high + 0.01, (n_places, 2))
    near = rng.choice(len(network.node_lonlat), n_places // 2)
    lonlat[: len(near)] = network.node_lonlat[near]
    lonlat[: n_places // 3] += rng.normal(0, 5e-4, (n_places // 3, 2))
    residents = rng.gamma(0.5, 8.0, (n_places, len(BANDS))) * (rng.random((n_places, len(BANDS))) < 0.8)
    rows = np.column_stack([lonlat, residents]).tolist()
    return table(folder / "places.csv", ["lon", "lat", *BANDS], rows)


def squares(folder: Path, network: NetworkIntake) -> Intake:
    """Sixteen towns over the middle of the network, so that places lie in all, on borders and in none."""
    (west, south), (east, north) = np.quantile(network.node_lonlat, (0.1, 0.9), axis=0)
    x, y = np.linspace(west, east, 5), np.linspace(south, north, 5)
    rows = []
    for i in range(16):
        box = shapely.box(x[i % 4], y[i // 4], x[i % 4 + 1], y[i // 4 + 1])
        rows.append(({"code": f"3101130{i:02}", "name": f"{i}镇"}, "Polygon", [shapely.get_coordinates(box).tolist()]))
    return read_areas(geojson(folder / "towns.geojson", rows))


def run(sessions: sessionmaker[Session], **question: object) -> tuple[int, CoverageDocument]:
    run_id, job_id = ask_coverage(sessions, TESTER, make_request(**question), on=DAY)
    return run_id, finish_coverage(sessions, run_id, job_id, lease_s=60)
