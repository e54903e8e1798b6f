"""Cold tiles over our HTTP beside the same prepared SQL in pgbench, on one database and one list of tiles.

Cold means that the server's cache is empty: each round starts a new server process and asks for every tile once. The
database is warm for both. pgbench counts the bytes of a tile inside the database, so it pays neither for transfer nor
for compression: it bounds what any server in front of this database can reach.
"""

import argparse
import asyncio
import gzip
import multiprocessing
import random
import re
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg
import uvicorn
from harness import publish, require
from psycopg import sql

from api.app import create_app
from gridmgmt.access.rules import Permission
from gridmgmt.cluster import Cluster
from gridmgmt.cluster.binaries import find_binaries
from gridmgmt.db import make_engine, make_sessions, migrate
from gridmgmt.demo.load import ensure_demo
from gridmgmt.settings import Settings
from layers.mvt import DrawnRun, state_statement, tile_parameters, tile_statement
from layers.selection import Selection
from layers.specs import LAYERS, Layer
from layers.tiles import Bounds, Tile, tiles_over

CONNECTIONS = 4
ROUNDS = 5
ZOOMS = range(10, 17)
TILES_OF_LAYER_AND_ZOOM = 12
SEED = 2015
TODAY = date(2026, 1, 1)

_PARAMETER = re.compile(r"%\((\w+)\)s")
_TYPES: Mapping[str, str] = {
    **dict.fromkeys(("z", "x", "y"), "int4"),
    **dict.fromkeys(("west", "south", "east", "north", "unit_m"), "float8"),
    **dict.fromkeys(("classes", "statuses"), "text[]"),
    **dict.fromkeys(("bands_s", "band_thresholds_s"), "float8[]"),
    "single": "bool",
    "on": "date",
    "run": "int8",
}


@dataclass(frozen=True)
class Wanted:
    """One tile of one layer and the values its statement is bound to."""

    layer: Layer
    tile: Tile
    values: Mapping[str, object]

    @property
    def path(self) -> str:
        """Return the address of the tile."""
        return f"/tiles/{self.layer.name}/{self.tile.z}/{self.tile.x}/{self.tile.y}.mvt?" + (
            f"run={self.values['run']}" if self.layer.place_level else f"on={TODAY}"
        )


@dataclass(frozen=True)
class Round:
    """How long all tiles took, how long each, and how many bytes they hold unpacked and went out packed."""

    seconds: float
    each_s: tuple[float, ...]
    raw_bytes: int
    sent_bytes: int


def wanted_tiles(url: str) -> list[Wanted]:
    """Return a seeded sample of the tiles of all layers and zooms over the data, in a seeded order."""
    chance = random.Random(SEED)
    with psycopg.connect(url) as connection:
        bounds = _row(connection, "SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM "
                                  "(SELECT ST_Extent(extent) AS e FROM editions) AS all_editions")  # fmt: skip
        _, _, run_id, bands_s = _row(connection, state_statement(LAYERS["coverage"]), {"run": None})
    run = DrawnRun(int(str(run_id)), tuple(bands_s))  # type: ignore[arg-type]  # an array column
    wanted = [
        Wanted(layer, tile, tile_parameters(layer, tile, Selection(TODAY), run))
        for layer in LAYERS.values()
        if layer.asks is Permission.READ
        for z in ZOOMS
        for tile in _sample(chance, bounds, z)  # type: ignore[arg-type]  # four numbers
    ]
    chance.shuffle(wanted)
    return wanted


def _sample(chance: random.Random, bounds: Bounds, z: int) -> list[Tile]:
    tiles = tiles_over(bounds, z)
    return chance.sample(tiles, min(len(tiles), TILES_OF_LAYER_AND_ZOOM))


def _row(
    connection: psycopg.Connection[tuple[object, ...]], statement: str, values: Mapping[str, object] | None = None
) -> tuple[object, ...]:
    row = connection.execute(statement.encode(), values).fetchone()
    assert row is not None
    return row


def raw_bytes(url: str, wanted: Sequence[Wanted]) -> int:
    """Return the bytes of all tiles as the database draws them."""
    with psycopg.connect(url) as connection:
        rows = (_row(connection, tile_statement(w.layer), w.values) for w in wanted)
        return sum(len(tile) if isinstance(tile, bytes) else 0 for _, tile in rows)


def pgbench_script(wanted: Sequence[Wanted]) -> str:
    """Return a script in which each connection prepares every layer's statement and executes its share of tiles."""
    lines = [_prepared(layer) for layer in LAYERS.values()]
    for client in range(CONNECTIONS):
        lines.append(f"\\if :client_id = {client}")
        lines += [_execution(w) for w in wanted[client::CONNECTIONS]]
        lines.append("\\endif")
    return "\n".join(lines) + "\n"


def _names(layer: Layer) -> list[str]:
    return sorted(set(_PARAMETER.findall(tile_statement(layer))))


def _prepared(layer: Layer) -> str:
    names = _names(layer)
    body = _PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", tile_statement(layer))
    # Joined into one line, for which comments have to go; none of the statements has two dashes elsewhere.
    flat = " ".join(line.partition("--")[0] for line in body.splitlines())
    types = ", ".join(_TYPES[name] for name in names)
    return f"PREPARE {layer.name} ({types}) AS SELECT stamp, octet_length(tile) FROM ({flat}) AS drawn;"


def _execution(wanted: Wanted) -> str:
    values = sql.SQL(", ").join(sql.Literal(wanted.values[name]) for name in _names(wanted.layer))
    return f"EXECUTE {wanted.layer.name} ({values.as_string()});"


def pgbench_seconds(url: str, script: Path) -> float:
    """Run the script once on each connection; the time is that of the slowest, connecting not counted."""
    pgbench = find_binaries().path("pgbench")
    command = [pgbench, "-n", "-M", "simple", "-c", str(CONNECTIONS), "-j", "1", "-t", "1", "-f", str(script), url]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"tps = ([0-9.]+) \(without initial connection time\)", printed)
    assert found, printed
    return CONNECTIONS / float(found[1])


@contextmanager
def cold_server(url: str) -> Iterator[int]:
    """Serve the whole application from a process of its own, and give its port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        process = multiprocessing.get_context("fork").Process(target=_serve, args=(url, listener), daemon=True)
        process.start()
        try:
            yield listener.getsockname()[1]
        finally:
            process.terminate()
            process.join()


def _serve(url: str, listener: socket.socket) -> None:
    app = create_app(Settings(results="exact", reading="open", pool_size=CONNECTIONS), url)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])


def http_round(url: str, wanted: Sequence[Wanted]) -> Round:
    """Ask a new server for every tile once, over as many connections as pgbench has."""
    with cold_server(url) as port:
        return asyncio.run(_ask_all(port, wanted))


async def _ask_all(port: int, wanted: Sequence[Wanted]) -> Round:
    # The server is up when it answers; this also opens the pool, as pgbench connects before its clock starts.
    warm_up = [_ask_share(port, ["/tiles/areas/0/0/0.mvt?on=1900-01-01"] * 3) for _ in range(CONNECTIONS)]
    await asyncio.gather(*warm_up)
    begin = time.perf_counter()
    shares = [[w.path for w in wanted[client::CONNECTIONS]] for client in range(CONNECTIONS)]
    answers = await asyncio.gather(*(_ask_share(port, share) for share in shares))
    seconds = time.perf_counter() - begin
    bodies = [body for share in answers for _, body in share]
    return Round(
        seconds=seconds,
        each_s=tuple(each_s for share in answers for each_s, _ in share),
        raw_bytes=sum(len(gzip.decompress(body)) for body in bodies if body),
        sent_bytes=sum(map(len, bodies)),
    )


async def _ask_share(port: int, paths: Sequence[str]) -> list[tuple[float, bytes]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = []
    for path in paths:
        begin = time.perf_counter()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head.split(b" ", 2)[1])
        assert status in {200, 204}, (path, head)
        length = re.search(rb"content-length: (\d+)", head)
        body = await reader.readexactly(int(length[1])) if length else b""
        answers.append((time.perf_counter() - begin, body))
    writer.close()
    await writer.wait_closed()
    return answers


def measure(url: str) -> dict[str, object]:
    """Run both alternately and return the figures; refuse a comparison in which the tiles differ."""
    wanted = wanted_tiles(url)
    expected = raw_bytes(url, wanted)
    pgbench_s, http = [], []
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "tiles.sql"
        script.write_text(pgbench_script(wanted), encoding="utf-8")
        pgbench_seconds(url, script)  # both find the database's pages in memory
        for _ in range(ROUNDS):
            pgbench_s.append(pgbench_seconds(url, script))
            http.append(http_round(url, wanted))
    require({r.raw_bytes for r in http} == {expected}, "HTTP gave other tiles than the database")
    best = min(http, key=lambda r: r.seconds)
    ratios = [p / h.seconds for p, h in zip(pgbench_s, http, strict=True)]
    return {
        "tiles": len(wanted),
        "connections": CONNECTIONS,
        "rounds": ROUNDS,
        "raw_bytes": expected,
        "sent_bytes": best.sent_bytes,
        "pgbench_tiles_per_s": len(wanted) / min(pgbench_s),
        "http_tiles_per_s": len(wanted) / best.seconds,
        "http_p50_ms": 1000 * statistics.median(best.each_s),
        "http_p99_ms": 1000 * statistics.quantiles(best.each_s, n=100)[98],
        "http_over_pgbench_tiles_per_s": statistics.median(ratios),
        "ratio_of_each_round": ratios,
    }


@contextmanager
def demo_database(url: str | None) -> Iterator[str]:
    """Give a database that holds the demo district: the named one, or an embedded one made for this run."""
    with ExitStack() as stack:
        if url is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            url = stack.enter_context(Cluster(Path(folder)).using())
        migrate(url)
        engine = make_engine(url)
        ensure_demo(make_sessions(engine), today=TODAY, lease_s=15.0)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
        engine.dispose()
        yield url


def main() -> None:
    """Measure, print and keep the result."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--url", help="a database to use; without it, an embedded one is made and filled")
    with demo_database(options.parse_args().url) as url:
        figures = measure(url)
    publish("tiles_cold", figures)


if __name__ == "__main__":
    main()
