"""What a report may repeat, among a million cases: how long the database takes for the one statement of a report.

The cases are of one year over a district's box, a fiftieth of them at one point, as registers have it where a place is
unknown. Places are drawn over the box and near that point; the time is that of the execution as PostgreSQL tells it.
"""

import argparse
import json
import random
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from harness import publish

from gridmgmt.casework.surroundings import MOST_NEAR, SURROUNDINGS
from gridmgmt.cluster import Cluster, libpq_url
from gridmgmt.db import migrate

CASES = 1_000_000
PLACES = 400
SEED = 2015
MOST_MS = 5.0
SHARED_POINT = (121.41, 31.40)
WEST, SOUTH, WIDTH, HEIGHT = 121.35, 31.30, 0.20, 0.15

_FILL = """
INSERT INTO cases (case_no, kind, type, state, reported_at, closed_at, geom)
SELECT 'M' || i, 'component', (ARRAY['0101', '0102', '0104', '1101', '1404', '2102'])[1 + i %% 6],
       CASE WHEN random() < 0.05 THEN 'handling' ELSE 'closed' END,
       now() - i * interval '31.5 seconds', now(),
       CASE WHEN i %% 50 = 0 THEN ST_Point(121.41, 31.40, 4326)
            ELSE ST_Point(121.35 + 0.20 * random(), 31.30 + 0.15 * random(), 4326) END
FROM generate_series(1, %s) AS i
"""


@contextmanager
def filled(url: str | None) -> Iterator[str]:
    """Give a database with the cases: the named one, which is empty or filled already, or one made for this run."""
    with ExitStack() as stack:
        if url is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            url = stack.enter_context(Cluster(Path(folder)).using())
        migrate(url)
        with psycopg.connect(libpq_url(url), autocommit=True) as connection:
            (held,) = connection.execute("SELECT count(*) FROM cases").fetchone() or (0,)
            if held < CASES:
                connection.execute("SET statement_timeout = 0")
                connection.execute(_FILL.encode(), [CASES])
            connection.execute("VACUUM ANALYZE cases")
        yield url


def execution_ms(connection: psycopg.Connection[tuple[object, ...]], lon: float, lat: float) -> float:
    """Return how long the statement takes at a place."""
    now = datetime.now(UTC)
    values = {
        "lon": lon, "lat": lat, "on": now.date(), "today": now.date(), "border_lon": 0.00022, "border_lat": 0.00019,
        "near_lon": 0.00053, "near_lat": 0.00046, "since": now - timedelta(hours=168),
        "types": ["0101", "0102", "0103", "0107"], "most": MOST_NEAR, "draw": False, "mark": None, "client_id": None,
        "actor": "benchmark", "key": None, "keys_since": now,
    }  # fmt: skip
    row = connection.execute(f"EXPLAIN (ANALYZE, FORMAT json) {SURROUNDINGS}".encode(), values).fetchone()
    found = row[0] if row else None
    plan = json.loads(found) if isinstance(found, str) else found
    return float(plan[0]["Execution Time"])  # type: ignore[index]  # JSON


def told(spent: Sequence[float]) -> dict[str, float]:
    """Return median and 99th percentile."""
    return {"p50_ms": statistics.median(spent), "p99_ms": statistics.quantiles(spent, n=100)[98]}


def main() -> None:
    """Measure, print and keep the result."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--url", help="a database to use; without it, an embedded one is made and filled")
    chance = random.Random(SEED)
    drawn = [(WEST + WIDTH * chance.random(), SOUTH + HEIGHT * chance.random()) for _ in range(PLACES)]
    shared = [tuple(each + chance.uniform(-2e-4, 2e-4) for each in SHARED_POINT) for _ in range(PLACES)]
    with filled(options.parse_args().url) as url, psycopg.connect(libpq_url(url), options="-c jit=off") as connection:
        for lon, lat in drawn[:20]:
            execution_ms(connection, lon, lat)
        at_random = told([execution_ms(connection, lon, lat) for lon, lat in drawn])
        at_shared = told([execution_ms(connection, lon, lat) for lon, lat in shared])
    publish(
        "case_duplicates",
        {"cases": CASES, "places": PLACES, "at random": at_random, "at a point of 20,000 cases": at_shared},
        {
            "median at random in ms": (at_random["p50_ms"], MOST_MS),
            "median at a point of 20,000 cases in ms": (at_shared["p50_ms"], MOST_MS),
        },
    )


if __name__ == "__main__":
    main()
