"""Hot spots of a year over 27,000 drawn cells: ours from the database to the answer, beside esda's test alone.

The cells are those that the product draws for the demo district; the largest are cut in two until there are 27,000. A
year of cases lies in them, in some areas denser than chance. Ours reads cells, works out who touches whom, counts the
cases and tests with as many permutations as esda; esda gets densities and weights ready made. Scores must agree, and
p-values within what chance leaves between two sets of permutations. The same question with neighbours kept, with the
product's own number of permutations, and repeated places are timed in the same run.
"""

import argparse
import time
import warnings
from collections.abc import Callable, Mapping
from datetime import date

import esda
import numpy as np
import psycopg
from harness import compare, require
from libpysal.weights import W
from points_to_cells import draw_cells
from tiles_cold import demo_database

from gridmgmt.analysis.hotspots import SEED, Gathering, gathering
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cluster import libpq_url
from gridmgmt.db import Session, make_engine, make_sessions
from gridmgmt.hotspots import queries
from gridmgmt.hotspots.rules import HotSpotQuestion, RepeatQuestion, Span
from gridmgmt.hotspots.service import hot_spots, repeats

CELLS, CASES, PERMUTATIONS, ROUNDS = 27_000, 1_000_000, 999, 5
MOST_S, MOST_OVER_ESDA = 5.0, 1 / 0.7
YEAR = Span(date(2025, 1, 1), date(2025, 12, 31))

CUT = """
WITH largest AS (
    SELECT area_id, ST_SetSRID(box2d(geom), 4326) AS box, geom FROM areas
    WHERE level = 'grid_cell' AND length(code) < 20 ORDER BY area_m2 DESC LIMIT %(cells)s
), halves AS (
    SELECT
        area_id,
        ST_Multi(ST_CollectionExtract(ST_Intersection(geom, ST_MakeEnvelope(
            ST_XMin(box), ST_YMin(box), (ST_XMin(box) + ST_XMax(box)) / 2, ST_YMax(box), 4326)), 3)) AS west,
        ST_Multi(ST_CollectionExtract(ST_Intersection(geom, ST_MakeEnvelope(
            (ST_XMin(box) + ST_XMax(box)) / 2, ST_YMin(box), ST_XMax(box), ST_YMax(box), 4326)), 3)) AS east
    FROM largest
), kept AS (
    UPDATE areas SET geom = west FROM halves WHERE areas.area_id = halves.area_id RETURNING areas.*
)
INSERT INTO areas (edition_id, level, kind, code, name, parent_level, parent_code, attributes, geom)
SELECT edition_id, level, kind, kept.code || 'e', name, parent_level, parent_code, attributes, east
FROM kept INNER JOIN halves USING (area_id)
"""
FILL = """
WITH cells AS (
    SELECT code, row_number() OVER (ORDER BY code) AS number, ST_PointOnSurface(geom) AS inside
    FROM areas WHERE level = 'grid_cell'
), drawn AS MATERIALIZED (
    SELECT
        n,
        1 + floor(
            (CASE WHEN random() < 0.1 THEN floor(random() * 20) / 20 + random() / 500 ELSE random() END)
            * (SELECT count(*) FROM cells)
        )::int AS number
    FROM generate_series(1, %(cases)s) AS n
)
INSERT INTO cases (case_no, kind, type, state, reported_at, cell_code, geom)
SELECT
    'B' || n, 'event', lpad((power(random(), 3) * 80)::int::text, 4, '0'),
    CASE WHEN random() < 0.06 THEN 'voided' ELSE 'closed' END,
    timestamptz '2025-01-01 00:00:00+08' + random() * interval '365 days',
    code, ST_Translate(inside, (random() - 0.5) * 0.0004, (random() - 0.5) * 0.0004)
FROM drawn INNER JOIN cells USING (number)
"""


def prepare(url: str, cases: int) -> None:
    """Draw the cells, cut the largest until there are enough, and fill them with cases."""
    engine = make_engine(url)
    draw_cells(make_sessions(engine))
    engine.dispose()
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        (cells,) = connection.execute("SELECT count(*) FROM areas WHERE level = 'grid_cell'").fetchone() or (0,)
        if cells < CELLS:
            connection.execute("ALTER TABLE areas DISABLE TRIGGER USER")  # which keep what is in force as it is
            connection.execute(CUT, {"cells": CELLS - cells})
            connection.execute("ALTER TABLE areas ENABLE TRIGGER USER")
        connection.execute("SELECT setseed(0.5)")
        connection.execute(FILL, {"cases": cases})
        connection.execute("VACUUM ANALYZE areas, cases")


def seconds(run: Callable[[], object]) -> float:
    """Return the median of what three runs take."""
    spent = []
    for _ in range(3):
        began = time.perf_counter()
        run()
        spent.append(time.perf_counter() - began)
    return sorted(spent)[1]


def densities(session: Session) -> tuple[queries.Ground, np.ndarray]:
    """Return the cells and their cases per km², as ours has them."""
    ground = queries.ground(session, YEAR.last, AreaLevel.GRID_CELL)
    counts = queries.counts_by_code(session, YEAR.wanted, AreaLevel.GRID_CELL)
    return ground, np.array([counts.get(code, (0, 0))[0] for code in ground.code]) / ground.area_m2


def weights(ground: queries.Ground) -> W:
    """Return the neighbours of the cells as esda takes them."""
    begins, members = ground.neighbours.begins.tolist(), ground.neighbours.members.tolist()
    beside = {place: members[begins[place] : begins[place + 1]] for place in range(len(ground.code))}
    return W(beside, id_order=list(beside), silence_warnings=True)


def agreed(ours: Gathering, theirs: esda.G_Local) -> dict[str, object]:
    """Return how far the two agree; p-values where the neighbours are higher than by chance, which both tell alike."""
    apart = float(np.abs(ours.z - theirs.Zs).max())
    require(apart < 1e-9, f"scores differ by {apart}")
    high = (ours.side > 0) & (ours.p < 0.9)
    one_sided = ours.p[high] / 2
    sigma = np.sqrt(2 * one_sided * (1 - one_sided) / PERMUTATIONS)
    far = np.abs(one_sided - theirs.p_sim[high]) > 5 * sigma + 2 / PERMUTATIONS
    require(far.mean() < 1e-3, f"{far.sum()} of {len(far)} p-values differ")
    return {"scores_apart_at_most": apart, "p_values_compared": int(high.sum()), "p_values_apart": int(far.sum())}


def measure(url: str, cases: int, rounds: int) -> None:
    """Compare, and publish the figures."""
    engine = make_engine(url)
    with make_sessions(engine)() as session:
        ground, density = densities(session)
        beside, question = weights(ground), HotSpotQuestion(YEAR)

        def own() -> Gathering:
            queries.forget()
            hot_spots(session, question, permutations=PERMUTATIONS)
            return gathering(density, ground.neighbours, permutations=PERMUTATIONS)  # for agreement; some milliseconds

        def theirs() -> esda.G_Local:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return esda.G_Local(
                    density, beside, transform="B", star=True, permutations=PERMUTATIONS, keep_simulations=False,
                    seed=SEED,
                )  # fmt: skip

        def agree(ours: Gathering, _peer: str, answer: esda.G_Local) -> Mapping[str, object]:
            return agreed(ours, answer)

        whole_s = seconds(own)
        require(whole_s <= MOST_S, f"hot spots of a year take {whole_s:.2f} s, more than {MOST_S:g} s")
        compare(
            "hot_spots",
            own=own,
            peers={"esda": theirs},
            agree=agree,
            bars={"esda": MOST_OVER_ESDA},
            rounds=rounds,
            facts={
                "cells": len(ground.code),
                "neighbours": len(ground.neighbours.members),
                "cases": cases,
                "permutations": PERMUTATIONS,
                "whole_s": whole_s,
                "most_s": MOST_S,
                "neighbours_kept_s": seconds(lambda: hot_spots(session, question, permutations=PERMUTATIONS)),
                "of_99_999_permutations_s": seconds(lambda: hot_spots(session, question)),
                "test_of_99_999_alone_s": seconds(lambda: gathering(density, ground.neighbours)),
                "significant": len(hot_spots(session, question).spots),
                "repeated_places_s": seconds(lambda: repeats(session, RepeatQuestion(YEAR))),
                "repeated_places_of_any_type_s": seconds(
                    lambda: repeats(session, RepeatQuestion(YEAR, same_type=False))
                ),
            },
        )
    engine.dispose()


def main() -> None:
    """Measure, print and keep the result; ends with exit code 1 when a bar is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--url", help="a database with the demo and without cases; an embedded one is made without it")
    options.add_argument("--filled", action="store_true", help="the database has its cells and cases already")
    options.add_argument("--cases", type=int, default=CASES)
    options.add_argument("--rounds", type=int, default=ROUNDS)
    given = options.parse_args()
    with demo_database(given.url) as url:
        if not given.filled:
            prepare(url, given.cases)
        measure(url, given.cases, given.rounds)


if __name__ == "__main__":
    main()
