"""Every kind of job has its handler, and naming the handlers loads none of the rooms they work in."""

import subprocess
import sys

from gridmgmt.cells import service as cells
from gridmgmt.coverage import service as coverage
from gridmgmt.merging import service as merging
from gridmgmt.work import HANDLERS

HEAVY = {"geopandas", "pandas", "rasterio", "osmium", "scipy.optimize"}


def test_every_kind_of_job_has_a_handler() -> None:
    assert set(HANDLERS) >= {coverage.JOB_KIND, cells.JOB_KIND, merging.JOB_KIND}


def test_a_coverage_run_loads_no_library_that_it_does_not_use() -> None:
    program = "import sys, gridmgmt.cli.coverage; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert HEAVY.isdisjoint(loaded)
