"""The areas at a position: one question over our HTTP beside the same prepared SQL through psycopg, taking turns.

One client asks one question at a time over one connection that stays open, as a map does when the pointer rests. Both
get the same seeded positions over the demo district, and must name the same areas.
"""

import argparse
import http.client
import json
import random
import statistics
import time
from collections.abc import Callable, Sequence

import psycopg
from harness import publish, require
from tiles_cold import TODAY, cold_server, demo_database

from gridmgmt.areas.queries import position_statement

POSITIONS = 400
ROUNDS = 5
SEED = 2015
BAR = 3.5

Position = tuple[float, float]
Ask = Callable[[Position], list[str]]


def positions(url: str) -> list[Position]:
    """Return seeded positions over the extent of the areas, some of them outside all."""
    chance = random.Random(SEED)
    with psycopg.connect(url) as connection:
        west, south, east, north = connection.execute(
            "SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM (SELECT ST_Extent(geom) AS e FROM areas) AS a"
        ).fetchone() or (0, 0, 0, 0)
    return [(chance.uniform(west, east), chance.uniform(south, north)) for _ in range(POSITIONS)]


def over_http(connection: http.client.HTTPConnection) -> Ask:
    """Return what asks our server for the codes at a position."""

    def ask(position: Position) -> list[str]:
        connection.request("GET", f"/api/v1/areas/at?lon={position[0]}&lat={position[1]}&on={TODAY}")
        answer = connection.getresponse()
        body = answer.read()
        require(answer.status == 200, f"{position}: {answer.status}")
        return [item["code"] for item in json.loads(body)["items"]]

    return ask


def through_psycopg(connection: psycopg.Connection[tuple[object, ...]]) -> Ask:
    """Return what asks the database for the codes at a position, with the statement that our server prepares."""
    statement = position_statement()

    def ask(position: Position) -> list[str]:
        values = statement.values(*position, TODAY)
        rows = connection.execute(statement.sql.encode(), values, prepare=True, binary=True).fetchall()
        return [area.code for area in statement.areas(rows)]

    return ask


def seconds(ask: Ask, position: Position) -> float:
    """Return how long one question takes."""
    began = time.perf_counter()
    ask(position)
    return time.perf_counter() - began


def one_round(ours: Ask, theirs: Ask, asked: Sequence[Position], *, first: bool) -> tuple[list[float], list[float]]:
    """Ask both for each position, one after the other, so that a busy moment of the machine meets both."""
    spent: tuple[list[float], list[float]] = ([], [])
    for position in asked:
        for side, ask in ((0, ours), (1, theirs)) if first else ((1, theirs), (0, ours)):
            spent[side].append(seconds(ask, position))
    return spent


def measure(url: str) -> dict[str, object]:
    """Ask both for all positions in turns, and return the figures; all were asked once before."""
    asked = positions(url)
    options = "-c jit=off -c timezone=UTC"
    with cold_server(url) as port, psycopg.connect(url, autocommit=True, options=options) as database:
        ours = over_http(http.client.HTTPConnection("127.0.0.1", port))
        theirs = through_psycopg(database)
        named = [ours(position) for position in asked]
        require(named == [theirs(position) for position in asked], "HTTP names other areas than the database")
        rounds = [one_round(ours, theirs, asked, first=number % 2 == 0) for number in range(ROUNDS)]
    ratios = [statistics.median(http_s) / statistics.median(sql_s) for http_s, sql_s in rounds]
    http_s, sql_s = ([t for each in rounds for t in each[side]] for side in (0, 1))
    return {
        "positions": len(asked),
        "rounds": ROUNDS,
        "positions_in_no_area": sum(not codes for codes in named),
        "areas_named": sum(map(len, named)),
        "http_median_ms": 1000 * statistics.median(http_s),
        "http_p99_ms": 1000 * statistics.quantiles(http_s, n=100)[98],
        "psycopg_median_ms": 1000 * statistics.median(sql_s),
        "psycopg_p99_ms": 1000 * statistics.quantiles(sql_s, n=100)[98],
        "http_over_psycopg": statistics.median(ratios),
        "ratio_of_each_round": ratios,
    }


def main() -> None:
    """Measure, print and keep the result; ends with exit code 1 when the bar is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--url", help="a database to use; without it, an embedded one is made and filled")
    with demo_database(options.parse_args().url) as url:
        figures = measure(url)
    publish("areas_at", figures, {"http over psycopg, median": (float(str(figures["http_over_psycopg"])), BAR)})


if __name__ == "__main__":
    main()
