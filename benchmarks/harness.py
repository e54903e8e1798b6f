"""What every benchmark shares: paired rounds against peers, peak memory, facts of the machine, one JSON file a row.

A benchmark is a script ``benchmarks/<name>.py`` that ends in :func:`compare` or :func:`publish`; ``benchmarks/run``
runs them. Contenders take turns within each round, so that a busy moment of the machine meets all of them, and the
ratio of a peer is the median over the rounds. No ratio is published unless the answers agree.
"""

import ctypes
import gc
import json
import multiprocessing
import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
_LIBRARIES = (
    "numpy",
    "scipy",
    "numba",
    "shapely",
    "networkx",
    "igraph",
    "osmium",
    "geopandas",
    "sqlalchemy",
    "psycopg",
)
_KIB_PER_MIB = 1024

Run = Callable[[], Any]


class Disagreement(Exception):  # noqa: N818 - it is a finding rather than a fault
    """The contenders do not give the same answer, so their times may not be compared."""


def require(holds: object, finding: str) -> None:
    """Refuse the comparison, with the finding, unless ``holds``."""
    if not holds:
        raise Disagreement(finding)


def shared_data(path: str) -> Path:
    """Return a file of the shared data beside the checkout; ends the benchmark with a line when it is not there."""
    file = SHARED_DATA / path
    if not file.exists():
        sys.exit(f"not run: {file} is absent")
    return file


def machine() -> dict[str, object]:
    """Return processor, memory, load, versions and date."""
    models = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.processor(),
        "cpus": os.cpu_count(),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "load_1_min": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def compare(
    name: str,
    *,
    own: Run,
    peers: Mapping[str, Run],
    agree: Callable[[Any, str, Any], Mapping[str, object]],
    bars: Mapping[str, float],
    rounds: int,
    facts: Mapping[str, object],
    most_extra_mib: float | None = None,
) -> None:
    """Time our run beside its peers and publish the ratios; ends with exit code 1 when a bar is missed.

    ``agree(our answer, peer, its answer)`` returns the measures of agreement, or raises :class:`Disagreement` (see
    :func:`require`). ``bars`` holds for a peer the highest ratio allowed of our time to its time,
    ``most_extra_mib`` by how much our run may raise the peak memory of a process that holds its input.
    """
    runs = {"own": own, **peers}
    answers = {contender: run() for contender, run in runs.items()}  # also the warm-up
    agreement = {peer: dict(agree(answers["own"], peer, answers[peer])) for peer in peers}
    del answers
    gc.collect()
    gc.freeze()  # what the making of the data has left is no contender's garbage
    times: dict[str, list[float]] = {contender: [] for contender in runs}
    for number in range(rounds):
        order = list(runs) if number % 2 else list(reversed(runs))
        for contender in order:
            times[contender].append(_seconds(runs[contender]))
    contenders = {
        contender: {
            "best_s": min(spent),
            "median_s": statistics.median(spent),
            "extra_peak_mib": _extra_peak_mib(runs[contender], patience_s=30 + 10 * max(spent)),
        }
        for contender, spent in times.items()
    }
    ratios = {peer: _median_ratio(times["own"], times[peer]) for peer in peers}
    judged = {f"own over {peer}": (ratios[peer], bar) for peer, bar in bars.items()}
    if most_extra_mib is not None:
        extra = _in_a_fork(_report_settled_peak, own, patience_s=60 + 10 * max(times["own"]))
        judged["extra peak of own in MiB"] = (float("inf") if extra is None else extra, most_extra_mib)
    publish(
        name,
        {**facts, "rounds": rounds, "contenders": contenders, "own_over_peer": ratios, "agreement": agreement},
        bars=judged,
    )


def publish(name: str, figures: Mapping[str, object], bars: Mapping[str, tuple[float, float]] | None = None) -> None:
    """Print the figures and keep them as ``results/<name>.json``; ends with exit code 1 when a bar is missed.

    ``bars`` holds pairs of what was measured and the highest value allowed.
    """
    judged = {what: {"measured": has, "at_most": bar, "met": has <= bar} for what, (has, bar) in (bars or {}).items()}
    document = json.dumps({"name": name, **figures, "bars": judged, "machine": machine()}, indent=2, ensure_ascii=False)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(document + "\n", encoding="utf-8")
    print(document)
    if missed := [what for what, bar in judged.items() if not bar["met"]]:
        sys.exit(f"{name}: bar missed: {', '.join(missed)}")


class Stages:
    """The stages of a long run: seconds of each, and the process's peak memory when it ended.

    >>> stages = Stages()
    >>> with stages("import"):
    ...     pass
    """

    def __init__(self) -> None:
        self.figures: dict[str, dict[str, float]] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Measure what is done inside as one stage."""
        began = time.perf_counter()
        yield
        self.figures[stage] = {"seconds": time.perf_counter() - began, "peak_mib": _peak_mib()}


def _seconds(run: Run) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _median_ratio(own: Sequence[float], peer: Sequence[float]) -> float:
    return statistics.median(a / b for a, b in zip(own, peer, strict=True))


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB_PER_MIB


def _extra_peak_mib(run: Run, *, patience_s: float) -> float | None:
    """Return by how much a run raises the peak memory of a process that holds its input already."""
    return _in_a_fork(_report_extra_peak, run, patience_s=patience_s)


def _in_a_fork(report: Callable[[Run, Connection], None], run: Run, *, patience_s: float) -> float | None:
    """Return what a forked process reports of a run; None where it does not end, as a run may not that had threads."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=report, args=(run, there))
    child.start()
    extra: float | None = here.recv() if here.poll(patience_s) else None
    child.kill()
    child.join()
    return extra


def _report_extra_peak(run: Run, out: Connection) -> None:
    # A forked process starts its peak at what it holds.
    before = _peak_mib()
    run()
    out.send(round(_peak_mib() - before, 1))


def _report_settled_peak(run: Run, out: Connection) -> None:
    """Report the extra peak of a second run: the first one brings in the program's own pages, some MiB of them."""
    run()
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew, see proc(5)
    before = _status_mib("VmRSS")
    run()
    out.send(round(_status_mib("VmHWM") - before, 2))


def _status_mib(field: str) -> float:
    (line,) = (line for line in _lines("/proc/self/status") if line.startswith(field))
    return int(line.split()[1]) / _KIB_PER_MIB


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []
