"""From the commit of a move to the event at a connected reader: 200 readers over HTTP, all of them wanting all.

The readers share a process of their own, the server has one, and moves are committed at a steady rate from here. Each
reader's event is timed from just before its commit; every reader has to have every event.
"""

import argparse
import asyncio
import multiprocessing
import re
import statistics
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import psycopg
from case_writes import server
from harness import publish, require

from gridmgmt.cluster import Cluster, libpq_url
from gridmgmt.db import migrate

READERS, PER_S, SECONDS = 200, 20.0, 30.0
MOST_P99_MS = 200.0
CASES = 1_000
SETTLE_S = 2.0

_LOAD = """
INSERT INTO cases (case_no, kind, type, state, reported_at, geom)
SELECT 'F' || n, 'event', '0101', 'reported', now(), ST_SetSRID(ST_MakePoint(121.4, 31.3), 4326)
FROM generate_series(1, %s) AS n
"""
_MOVE = """
WITH moved AS (
    UPDATE cases SET version = version + 1, updated_at = now()
    WHERE case_id = (SELECT min(case_id) + %(number)s::int %% %(cases)s::int FROM cases)
    RETURNING case_id
)
INSERT INTO case_moves (case_id, version, move, state, at, actor)
SELECT case_id, %(number)s, 'accept', 'accepted', now(), 'benchmark' FROM moved
"""
_NUMBER = re.compile(rb'"version":(\d+),')
_REQUEST = b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"


async def _follow(port: int, ready: asyncio.Semaphore) -> list[tuple[int, float]]:
    """Read until the line is closed, and return the number of each event with the moment it came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_REQUEST)
    came: list[tuple[int, float]] = []
    async for line in reader:
        if line.startswith(b"id:") and not came:
            ready.release()
        elif line.startswith(b"data:") and (found := _NUMBER.search(line)):
            came.append((int(found[1]), time.monotonic()))
            if int(found[1]) == 0:
                break
    writer.close()
    return came


async def _follow_all(port: int, readers: int, to: Connection) -> None:
    ready = asyncio.Semaphore(0)
    following = [asyncio.create_task(_follow(port, ready)) for _ in range(readers)]
    for _ in following:
        await ready.acquire()
    to.send("ready")
    to.send(await asyncio.gather(*following))


def _readers(port: int, readers: int, to: Connection) -> None:
    asyncio.run(_follow_all(port, readers, to))


def _write(url: str, *, per_s: float, seconds: float) -> dict[int, float]:
    """Commit moves at a steady rate, and return when each was about to be committed, by its number from 1."""
    began: dict[int, float] = {}
    with psycopg.connect(libpq_url(url)) as connection:
        start = time.monotonic()
        for number in range(1, round(per_s * seconds) + 1):
            time.sleep(max(0.0, start + number / per_s - time.monotonic()))
            connection.execute(_MOVE, {"number": number, "cases": CASES})
            began[number] = time.monotonic()
            connection.commit()
        time.sleep(SETTLE_S)
        connection.execute(_MOVE, {"number": 0, "cases": CASES})
        connection.commit()
    return began


def main() -> None:
    """Measure, judge and keep the figures."""
    options = argparse.ArgumentParser()
    options.add_argument("--readers", type=int, default=READERS)
    options.add_argument("--seconds", type=float, default=SECONDS)
    options.add_argument("--per-s", type=float, default=PER_S)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder)).using() as url:
        migrate(url)
        with psycopg.connect(libpq_url(url)) as connection:
            connection.execute(_LOAD, [CASES])
        with server(url, 1) as port:
            here, there = multiprocessing.get_context("fork").Pipe()
            reading = multiprocessing.get_context("fork").Process(target=_readers, args=(port, given.readers, there))
            reading.start()
            require(here.poll(60) and here.recv() == "ready", "the readers have not begun")
            began = _write(url, per_s=given.per_s, seconds=given.seconds)
            came = here.recv()
            reading.join()
    for each in came:
        require([number for number, _ in each[:-1]] == list(began), "a reader has not had every event once, in order")
    waits_ms = sorted((at - began[number]) * 1000 for each in came for number, at in each[:-1])
    p99 = waits_ms[int(len(waits_ms) * 0.99)]
    figures = {
        "readers": given.readers, "moves_per_s": given.per_s, "moves": len(began), "events": len(waits_ms),
        "p50_ms": statistics.median(waits_ms), "p99_ms": p99, "most_ms": waits_ms[-1],
    }  # fmt: skip
    publish("case_feed", figures, bars={"commit to event, p99 in ms": (p99, MOST_P99_MS)})


if __name__ == "__main__":
    main()
