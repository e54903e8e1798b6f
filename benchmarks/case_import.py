"""A year of a city's register of cases into an empty folder by the command, and once more with nothing to add.

The file is that of Boston, 2015, with the mapping that the guide shows. How many cases come in, and that none comes in
twice, must be as its description says.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness import publish, require, shared_data

from gridmgmt.cluster import Cluster
from gridmgmt.settings import PROJECT_DIR

CASES = 121_145
ROUNDS = 3
MOST_S = 30.0
GRIDMGMT = Path(sys.executable).with_name("gridmgmt")
MAPPING = PROJECT_DIR / "docs" / "examples" / "boston_311.toml"


def taken(folder: Path, file: Path) -> tuple[float, float]:
    """Import the register; return what it took in seconds, and the peak of memory in MiB."""
    command = [str(each) for each in (GRIDMGMT, "--data", folder, "cases", "import", file, "--mapping", MAPPING)]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    require(status == 0, f"the import ended with {status}")
    return time.perf_counter() - began, used.ru_maxrss / 1024


def counted(folder: Path) -> str:
    """Return how many cases the folder has, as the command counts them."""
    command = [str(GRIDMGMT), "--data", str(folder), "cases", "stats", "--json"]
    return subprocess.check_output(command, text=True)


def main() -> None:
    """Measure imports, print and keep the result."""
    file = shared_data("incidents/boston_311_2015.csv.gz")
    first_s, again_s, peaks = [], [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            folder.chmod(0o755)
            with Cluster(folder).using():
                spent_s, peak_mib = taken(folder, file)
                first_s.append(spent_s)
                peaks.append(peak_mib)
                before = counted(folder)
                require(str(CASES) in before.replace(",", ""), before)
                again_s.append(taken(folder, file)[0])
                require(counted(folder) == before, "cases came in twice")
    publish(
        "case_import",
        {
            "cases": CASES,
            "rounds": ROUNDS,
            "own_s": statistics.median(first_s),
            "again_s": statistics.median(again_s),
            "peak_mib": max(peaks),
        },
        {"import in s": (statistics.median(first_s), MOST_S)},
    )


if __name__ == "__main__":
    main()
