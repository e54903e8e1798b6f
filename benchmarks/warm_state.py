"""What a warm state of walking costs to build and to keep: Wuhan's streets, WorldPop residents, 500 seeded points.

One fresh process asks the same question twice, then for another time of the week, then what a gate would change.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeVar

from harness import publish, require, shared_data
from wuhan_run import BANDS, gridmgmt

from gridmgmt.cluster import open_database
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.settings import Settings
from gridmgmt.walking.cache import WARM
from gridmgmt.walking.service import make_question, walk_state

_KIB_PER_MIB = 1024
_MIB = 1 << 20
MOST_WARM_S = 0.05
R = TypeVar("R")


def timed(work: Callable[[], R]) -> tuple[R, float]:
    """Return what the work gives and its seconds."""
    began = time.perf_counter()
    found = work()
    return found, time.perf_counter() - began


def ask(url: str) -> dict[str, float]:
    """Ask in this process and return seconds, bytes that are kept, and the peak memory."""
    today = date.today()  # noqa: DTZ011 -- any day from the import on
    with make_sessions(make_engine(url))() as session:
        _, cold_s = timed(lambda: walk_state(session, make_question(today)))
        state, warm_s = timed(lambda: walk_state(session, make_question(today)))
        _, other_s = timed(lambda: walk_state(session, make_question(today, at="sun 23:00")))
    figures = WARM.figures()
    require(figures.builds == 3, f"{figures.builds} things were built")  # one ground, two states
    return {
        "places": state.places.num_rows,
        "edges": state.network.graph.n_edges,
        "cold_s": round(cold_s, 3),
        "warm_s": round(warm_s, 5),
        "other_time_s": round(other_s, 3),
        "state_mib": round(state.nbytes / _MIB, 1),
        "kept_mib": round(figures.bytes / _MIB, 1),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB_PER_MIB, 1),
    }


def main() -> None:
    """Import Wuhan, ask, publish."""
    streets = shared_data("networks/wuhan_streets.parquet")
    rasters = shared_data("population/wuhan_worldpop")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        data, points = Path(folder) / "data", Path(folder) / "points.csv"
        seeded = [sys.executable, Path(__file__).with_name("seeded_points.py"), streets, "-o", points]
        subprocess.run(seeded, check=True)
        files = [
            f"--raster={band}={rasters / f'pop_{age}_{sex}_wuhan.tif'}" for age, band in BANDS.items() for sex in "fm"
        ]
        gridmgmt(data, "db", "start")
        try:
            gridmgmt(data, "import", "network", streets)
            gridmgmt(data, "import", "population", *files, "--edition", "worldpop")
            gridmgmt(data, "import", "service-points", points)
            with open_database(Settings(data=data)) as url:
                found = ask(url)
        finally:
            gridmgmt(data, "db", "stop")
    publish("warm_state", found, {"a warm question, s": (found["warm_s"], MOST_WARM_S)})


if __name__ == "__main__":
    main()
