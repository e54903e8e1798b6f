"""Bins are pushed over HTTP by four gates in batches of 96, each in a process of its own, and none is counted twice.

Every batch is of quarters of an hour that are new, so that each is a write; a day is 24 hours of four classes. The
bar is 2,000 bins a second on two cores, the clients and the database on the same.
"""

import http.client
import json
import multiprocessing
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import shapely
import uvicorn
from harness import publish, require
from sqlalchemy import text

from api.app import create_app
from gridmgmt.access.queries import account_by_name
from gridmgmt.access.rules import Assignment, Permission, Role, local_actor
from gridmgmt.access.service import create_account, create_key
from gridmgmt.cluster import Cluster
from gridmgmt.db import Session, make_engine, make_sessions, migrate, transaction
from gridmgmt.gate_counts import service
from gridmgmt.gate_counts.models import CountingGate, GateCommunity
from gridmgmt.gate_counts.rules import BIN, FlowClass
from gridmgmt.settings import Settings

CLIENTS, BATCH, BATCHES = 4, 96, 100
LEAST_BINS_S = 2_000
LOCAL = local_actor("benchmark")


def main() -> None:
    """Push, and publish how many bins a second were taken."""
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder) / "data").using() as url:
        migrate(url)
        engine = make_engine(url)
        sessions = make_sessions(engine)
        with transaction(sessions) as session:
            key = _gates(session)
        with _served(url) as port, multiprocessing.Pool(CLIENTS) as clients:
            started = time.perf_counter()
            batches_s = [
                s for of_client in clients.starmap(_push, [(port, key, n) for n in range(CLIENTS)]) for s in of_client
            ]
            took_s = time.perf_counter() - started
        with sessions() as session:
            held = session.scalar(text("SELECT count(*) FROM gate_bins"))
        engine.dispose()
    bins = CLIENTS * BATCH * BATCHES
    require(held == bins, f"{held} of {bins} bins were kept")
    publish(
        "gate_counts",
        {
            "bins": bins,
            "clients": CLIENTS,
            "batch": BATCH,
            "bins_per_s": round(bins / took_s),
            "batch_p50_ms": round(1000 * statistics.median(batches_s), 1),
            "batch_p99_ms": round(1000 * statistics.quantiles(batches_s, n=100)[98], 1),
        },
        bars={f"seconds for {LEAST_BINS_S} bins": (took_s / bins * LEAST_BINS_S, 1.0)},
    )


def _gates(session: Session) -> str:
    """Make a community with a gate for each client known and return the key of an account that may push for them."""
    square = shapely.MultiPolygon([shapely.box(121.4, 31.3, 121.41, 31.31)])
    community = GateCommunity(
        code="B", name="B", quarter_code="B", geom=f"SRID=4326;{square.wkt}", valid_from=date(2020, 1, 1)
    )
    session.add(community)
    session.flush()
    for number in range(CLIENTS):
        point = "SRID=4326;POINT(121.4 31.3)"
        session.add(
            CountingGate(
                code=f"B-{number}", community_id=community.community_id, geom=point, valid_from=date(2020, 1, 1)
            )
        )
    create_account(session, LOCAL, "gate", "Gate", [Assignment(Role.GATE)])
    now = datetime.now(UTC)
    permissions = [Permission.GATE_COUNTS_PUSH]
    return create_key(session, LOCAL, account_by_name(session, "gate"), "b", permissions, now + timedelta(days=1), now)


@contextmanager
def _served(url: str) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = multiprocessing.Process(target=_serve, args=(url, listening), daemon=True)
        server.start()
        port = int(listening.getsockname()[1])
        _until_answering(port)
        yield port
        server.terminate()
        server.join()


def _serve(url: str, listening: socket.socket) -> None:
    app = create_app(Settings(reading="accounts"), url)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listening])


def _until_answering(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/health/live")
    require(connection.getresponse().status == 200, "the server does not answer")


def _push(port: int, key: str, number: int) -> list[float]:
    """Push the batches of one gate, the newest quarter of an hour first, and return how long each took, in seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    last = service.oldest_bin(datetime.now(UTC))
    a_class = BATCH // len(FlowClass)
    took = []
    for batch in range(BATCHES):
        starts = [last + (batch * a_class + k) * BIN for k in range(a_class)]
        bins = [
            {"gate": f"B-{number}", "start": start.isoformat(), "class": str(name), "in": 3, "out": 4}
            for start in starts
            for name in FlowClass
        ]
        body = json.dumps({"bins": bins})
        began = time.perf_counter()
        connection.request("POST", "/api/v1/gate-counts/bins", body, headers)
        answer = connection.getresponse()
        told = answer.read()
        took.append(time.perf_counter() - began)
        require(answer.status == 200, told.decode())
    return took


if __name__ == "__main__":
    main()
