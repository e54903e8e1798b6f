"""100,000 rental premises with five years of inspections: the layer, the ranking of quarters and the due list.

The rows are made by the database: two inspections a year and premises, each of which ends what was said before. The
peer is raw SQL that finds the last inspection of each premises and counts by quarter; both must count the same.
Constraints that only a writer pays for are left out while the rows are made.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from harness import publish, require

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cluster import Cluster, libpq_url
from gridmgmt.db import make_engine, make_sessions, migrate, transaction
from gridmgmt.premises import queries
from gridmgmt.premises.queries import PremisesFilter
from gridmgmt.premises.rules import PremisesColour
from layers.mvt import tile_parameters, tile_statement
from layers.selection import Selection
from layers.specs import LAYERS
from layers.tiles import Tile, tiles_over

PREMISES, ROUNDS, YEARS = 100_000, 10, 5
TODAY = date(2026, 1, 1)
BOX = (121.35, 31.28, 121.55, 31.48)
"""Some 420 km², as large as the district's box."""
MOST_MS = 200.0
ZOOMS = (13, 14, 16)

FILL = """
INSERT INTO premises_inspections (
    premises_code, inspected_on, population_information, sanitation, fire_safety, public_security,
    neighbour_relations, care_of_property, family_planning, cooperating, rubric, score, colour
)
SELECT
    'R' || lpad(p::text, 6, '0'), date '2021-01-01' + 182 * k + mod(p, 150), s, s, s, s, s, s, s, s > 3, '2015', s,
    CASE WHEN s >= 8 THEN 'green' WHEN s > 5 THEN 'yellow' WHEN s > 3 THEN 'watch' ELSE 'red' END
FROM generate_series(1, %(premises)s) AS p
CROSS JOIN generate_series(0, %(rounds)s - 1) AS k
CROSS JOIN LATERAL (SELECT ((hashint8(p * 31 + k) & 1023) / 102.4)::numeric(4, 2)::float8 AS s) AS scored;

INSERT INTO premises (
    code, address, quarter_code, town_code, district_code, group_renting, cooperating, inspection_id, inspected_on,
    score, colour, due_on, change, geom, valid_from, valid_to
)
SELECT
    i.premises_code, premises_code || ' 弄', 'Q' || place.quarter, 'T' || mod(place.quarter, 12), '310113',
    mod(place.n, 9) = 0, i.cooperating, i.inspection_id, i.inspected_on, i.score, i.colour, i.inspected_on + 90,
    'inspected', ST_SetSRID(ST_MakePoint(
        121.35 + 0.2 * ((mod(place.quarter, 24) + (hashint8(place.n) & 1023) / 1024.0) / 24),
        31.28 + 0.2 * ((place.quarter / 24 + (hashint8(place.n + 7) & 1023) / 1024.0) / 24)
    ), 4326),
    i.inspected_on, lead(i.inspected_on) OVER (PARTITION BY i.premises_code ORDER BY i.inspected_on)
FROM premises_inspections AS i
CROSS JOIN LATERAL (
    SELECT substr(i.premises_code, 2)::bigint AS n, mod(substr(i.premises_code, 2)::bigint, 560) AS quarter
) AS place
"""
PEER = """
WITH last AS (
    SELECT DISTINCT ON (premises_code) premises_code, colour
    FROM premises_inspections
    WHERE inspected_on <= %(on)s AND score IS NOT NULL
    ORDER BY premises_code, inspected_on DESC
)
SELECT 'Q' || mod(substr(premises_code, 2)::bigint, 560) AS quarter, count(*), count(*) FILTER (WHERE colour = 'red')
FROM last
GROUP BY 1
"""


def timed(work: Callable[[], Any], rounds: int = ROUNDS) -> list[float]:
    """Return how long each round took in milliseconds, after one that is not counted."""
    work()
    spent = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        spent.append(1000 * (time.perf_counter() - began))
    return spent


def fill(url: str, premises: int) -> float:
    """Make the rows and return how long that took in seconds."""
    began = time.perf_counter()
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        connection.execute("ALTER TABLE premises DROP CONSTRAINT ex_premises_once")
        for statement in FILL.split(";"):
            connection.execute(statement.encode(), {"premises": premises, "rounds": 2 * YEARS})
        connection.execute("VACUUM ANALYZE premises")
        connection.execute("VACUUM ANALYZE premises_inspections")
    return time.perf_counter() - began


def drawn(connection: psycopg.Connection[Any], tile: Tile) -> int:
    """Draw a tile of the layer and return its bytes."""
    layer = LAYERS["premises"]
    row = connection.execute(
        tile_statement(layer).encode(), tile_parameters(layer, tile, Selection(TODAY), None)
    ).fetchone()
    return len(row[2] or b"") if row else 0


def measured(url: str) -> dict[str, list[float]]:
    """Return the milliseconds of each question, once the ranking is that of the peer."""
    engine = make_engine(url)
    sessions = make_sessions(engine)
    found: dict[str, list[float]] = {}
    with psycopg.connect(libpq_url(url), autocommit=True) as connection, transaction(sessions) as session:

        def ranking() -> list[tuple[str, int, int]]:
            rows = queries.area_counts(session, TODAY, AreaLevel.RESIDENTIAL_QUARTER)
            return sorted((each.area_code, each.premises, each.counts["red"]) for each in rows)

        def peer() -> list[tuple[str, int, int]]:
            return sorted(connection.execute(PEER.encode(), {"on": TODAY}).fetchall())

        require(ranking() == peer(), "the rankings differ")
        found["ranking"], found["raw_sql"] = timed(ranking), timed(peer, 3)
        town = PremisesFilter(area_codes=["T3"])
        red = PremisesFilter(colour=PremisesColour.RED)
        due = PremisesFilter(due=True, area_codes=["T3"])
        for name, wanted in (("list", PremisesFilter()), ("town", town), ("red", red), ("due", due)):
            found[name] = timed(lambda wanted=wanted: queries.premises_summaries(session, TODAY, wanted))
        for z in ZOOMS:
            tiles = tiles_over(BOX, z)
            chosen = tiles[:: max(1, len(tiles) // 6)]
            found[f"tile_z{z}"] = [ms for tile in chosen for ms in timed(lambda tile=tile: drawn(connection, tile), 3)]
    engine.dispose()
    return found


def main() -> None:
    """Measure the questions, print and keep the result."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--premises", type=int, default=PREMISES)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        with Cluster(folder).using() as url:
            migrate(url)
            filled_s = fill(url, given.premises)
            found = measured(url)
    worst = {question: max(spent) for question, spent in found.items()}
    publish(
        "premises",
        {
            "premises": given.premises,
            "inspections": given.premises * 2 * YEARS,
            "filled_s": filled_s,
            "median_ms": {question: statistics.median(spent) for question, spent in found.items()},
            "worst_ms": worst,
            "ranking_over_raw_sql": statistics.median(found["ranking"]) / statistics.median(found["raw_sql"]),
        },
        {
            "worst tile in ms": (max(ms for question, ms in worst.items() if question.startswith("tile")), MOST_MS),
            "ranking in ms": (statistics.median(found["ranking"]), MOST_MS),
        },
    )


if __name__ == "__main__":
    main()
