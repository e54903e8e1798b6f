"""An application on a free port, asked over real HTTP."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from starlette.types import ASGIApp

DEADLINE_S = 60.0


def until(holds: Callable[[], bool], deadline_s: float = DEADLINE_S, *, every_s: float = 0.02) -> None:
    """Poll until a condition holds, and fail when it never does."""
    deadline, pause = time.monotonic() + deadline_s, threading.Event()
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        pause.wait(every_s)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    """Tell whether the server at an address is ready."""
    try:
        return httpx.get(f"{url}/health/ready").status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def served(app: ASGIApp, path: str = "") -> Iterator[httpx.Client]:
    """Serve an application for the time of use and give a client of it, or of a path below it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        # A browser that a failed test has left open would otherwise keep the server, and the run, for ever.
        config = uvicorn.Config(app, log_level="warning", lifespan="on", timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            until(lambda: server.started)
            port = listener.getsockname()[1]
            with httpx.Client(base_url=f"http://127.0.0.1:{port}{path}", timeout=DEADLINE_S) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()
