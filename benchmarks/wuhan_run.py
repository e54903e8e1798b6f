"""A whole run on real data: Wuhan's streets, WorldPop residents of 60 and over, 500 seeded points, files to report.

Each step is a command of its own, in a fresh process and on an empty data folder, as a planner gives it; the stages
inside the run are those that the job itself reports. There is no peer that does the same work.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import IO

from harness import publish, require, shared_data

COMMAND = Path(sys.executable).with_name("gridmgmt")
BANDS = {"60": "60_64", "65": "65_69", "70": "70_74", "75": "75_79", "80": "80_plus"}
RESIDENTS_60_PLUS = 1_942_653.40
"""The sum of the ten rasters, see the data's own description."""
MOST_SECONDS = 6.0
MOST_MIB = 500.0
_KIB_PER_MIB = 1024


def gridmgmt(data: Path, *arguments: object) -> tuple[str, dict[str, float]]:
    """Run a command in a process of its own; return what it printed, its seconds and that process's peak memory."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        command = [str(COMMAND), "--data", str(data), "--lang", "en", *map(str, arguments)]
        child = subprocess.Popen(command, stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)  # its own peak, where all children's would be the largest so far
        seconds = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        printed, complaint = (_text(file) for file in (out, err))
    require(child.returncode == 0, complaint)
    peak = usage.ru_maxrss / _KIB_PER_MIB
    return printed, {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_mib": round(peak, 1),
    }


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def main() -> None:
    """Import, run twice, report; publish the times."""
    streets = shared_data("networks/wuhan_streets.parquet")
    rasters = shared_data("population/wuhan_worldpop")
    steps: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        data, points = Path(folder) / "data", Path(folder) / "points.csv"
        seeded = [sys.executable, Path(__file__).with_name("seeded_points.py"), streets, "-o", points]
        subprocess.run(seeded, check=True)
        files = [
            f"--raster={band}={rasters / f'pop_{age}_{sex}_wuhan.tif'}" for age, band in BANDS.items() for sex in "fm"
        ]
        outline = rasters / "wuhan_boundary.geojson"
        gridmgmt(data, "db", "start")
        try:
            for name, arguments in {
                "import network": ("import", "network", streets),
                "import population": ("import", "population", *files, "--edition", "worldpop"),
                "import areas": ("import", "areas", outline, "--level", "district", "--code-field", "osm_id"),
                "activate areas": ("areas", "activate", "wuhan_boundary", "--document", "benchmark"),
                "import service points": ("import", "service-points", points),
                "coverage run": ("coverage", "run"),
                "coverage run again": ("coverage", "run"),
                "report html": ("coverage", "report", 2, "--format", "html", "-o", Path(folder) / "report.html"),
            }.items():
                _, steps[name] = gridmgmt(data, *arguments)
            report = json.loads(gridmgmt(data, "coverage", "report", 2)[0])
            again = json.loads(gridmgmt(data, "coverage", "report", 1)[0])
            job = json.loads(gridmgmt(data, "coverage", "job", 2)[0])
            replay = json.loads(gridmgmt(data, "coverage", "replay", 2, "--json")[0])
        finally:
            gridmgmt(data, "db", "stop")
    totals = report["totals"]
    require(report == again, "two runs on the same data differ")
    require(abs(totals["residents"] - RESIDENTS_60_PLUS) < 0.01, f"residents: {totals['residents']}")
    parts = [totals[name] for name in ("covered", "uncovered", "not_connectable", "outside")]
    require(abs(sum(parts) - totals["residents"]) < 1e-6, "the parts do not add up")
    stages = dict(job["result"]["stages_s"])
    took = datetime.fromisoformat(job["finished_at"]) - datetime.fromisoformat(job["started_at"])
    stages["writing"] = took.total_seconds() - sum(stages.values())
    require(replay["same"], "a replay gives other bytes")
    fresh = steps["coverage run again"]
    publish(
        "wuhan_run",
        {
            "places": totals["places"],
            "residents_60_plus": totals["residents"],
            "covered": totals["covered"],
            "steps": steps,
            "stages_of_the_second_run_s": stages,
        },
        bars={
            "seconds of a run in a fresh process": (fresh["seconds"], MOST_SECONDS),
            "peak MiB of a run in a fresh process": (fresh["peak_mib"], MOST_MIB),
        },
    )


if __name__ == "__main__":
    main()
