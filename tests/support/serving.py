"""An application on a free port, asked over real HTTP."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from fastapi import FastAPI

DEADLINE_S = 60.0


def until(holds: Callable[[], bool], deadline_s: float = DEADLINE_S) -> None:
    """Poll until a condition holds, and fail when it never does."""
    deadline, pause = time.monotonic() + deadline_s, threading.Event()
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        pause.wait(0.02)


@contextmanager
def served(app: FastAPI) -> Iterator[httpx.Client]:
    """Serve an application for the time of use and give a client of it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            until(lambda: server.started)
            port = listener.getsockname()[1]
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE_S) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()
