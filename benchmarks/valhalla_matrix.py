"""Walks of Porto beside those that Valhalla finds in its own tiles of the same extract, by nodes within twenty minutes.

::

    GRIDMGMT_VALHALLA_PYTHON=/path/to/python benchmarks/run valhalla_matrix

Valhalla's wheel has its tools from Python 3.12 on, so it runs under a Python of its own, named by the environment.
Without one this says "not run", and why. A metre counts the same on all ways, on both sides.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

import numpy as np
import shapely
from harness import publish, require, shared_data
from numpy.typing import NDArray
from porto import Porto, read_porto

from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.model import EdgeCosts, to_cs, to_s
from gridmgmt.analysis.walking.search import nearest

SPEED_M_PER_S, LIMIT_S = 0.9, 1200.0
REACH_M = SPEED_M_PER_S * LIMIT_S
S = 50
LEAST_OF_ALL, LEAST_OF_COVERED = 0.995, 0.99
"""Shares of nodes with the same class: of all of the largest part, and of those that either side covers."""
NEAR_LIMIT_S = 10.0

Floats = NDArray[np.float64]


def other_python() -> str:
    """Return the Python that has Valhalla; ends the benchmark with a line when there is none."""
    python = os.environ.get("GRIDMGMT_VALHALLA_PYTHON", "")
    if not python:
        _not_run("GRIDMGMT_VALHALLA_PYTHON names no Python (3.12 or newer) with pyvalhalla and its tools")
    tool = (
        "import pathlib, valhalla; pathlib.Path(valhalla.__file__, '../bin/valhalla_build_tiles').resolve(strict=True)"
    )
    asked = subprocess.run([python, "-c", tool], capture_output=True, text=True, check=False)
    if asked.returncode:
        _not_run(f"{python} has no pyvalhalla, or not its tools: {asked.stderr.strip()[-200:]}")
    return python


def _not_run(why: str) -> NoReturn:
    """End with a line and no failure: not every machine can have the peer."""
    print(f"not run: {why}")
    sys.exit(0)


def main() -> None:
    """Ask both sides and compare."""
    python, extract = other_python(), shared_data("networks/porto_portugal.osm.pbf")
    porto = read_porto()
    main_part = np.unique(porto.graph.source[porto.graph.edge_component == 0])
    main_part = np.union1d(main_part, porto.graph.target[porto.graph.edge_component == 0])
    points = np.random.default_rng(50).choice(main_part, S, replace=False)
    ours_s, theirs_s = ours(porto, points), valhallas(python, extract, porto, main_part, points)
    publish("valhalla_matrix", compared(porto, main_part, points, ours_s[main_part], theirs_s[main_part]))


def ours(porto: Porto, points: NDArray[np.int64]) -> Floats:
    """Return the seconds from every node to the nearest point."""
    graph = porto.graph
    cost = np.maximum(to_cs(graph.length_m / SPEED_M_PER_S), 1).astype(np.int32)
    edge = graph.step_edge[graph.indptr[points]]
    at = Snap(edge, np.where(graph.source[edge] == points, 0.0, 1.0), np.zeros(len(points)))
    nobody = Snap(np.empty(0, np.int32), np.empty(0), np.empty(0))
    found = nearest(graph, EdgeCosts(cost, cost, SPEED_M_PER_S), points=at, places=nobody, limit_cs=4 * 120_000)
    return to_s(found.node_cs)


def valhallas(python: str, extract: Path, porto: Porto, nodes: NDArray[np.int64], points: NDArray[np.int64]) -> Floats:
    """Return the same by Valhalla's matrix; nodes farther than the limit as the crow flies are not asked for."""
    tree = shapely.STRtree(shapely.points(porto.node_xy[nodes]))
    near = [nodes[tree.query(p, predicate="dwithin", distance=REACH_M)] for p in shapely.points(porto.node_xy[points])]
    asked = [
        (porto.node_lonlat[point].tolist(), porto.node_lonlat[of].tolist())
        for point, of in zip(points, near, strict=True)
    ]
    seconds = np.full(porto.graph.n_nodes, np.inf)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "asked.json").write_text(json.dumps(asked), encoding="utf-8")
        side = Path(__file__).with_name("valhalla_side.py")
        began = time.perf_counter()
        done = subprocess.run([python, side, folder, extract], capture_output=True, text=True, check=False)
        require(done.returncode == 0, done.stderr)
        print(f"Valhalla's side took {time.perf_counter() - began:.0f} s")
        answered = json.loads(Path(folder, "answered.json").read_text(encoding="utf-8"))
    for of, metres in zip(near, answered, strict=True):
        found = np.array([np.inf if m is None else m for m in metres])
        seconds[of] = np.minimum(seconds[of], found / SPEED_M_PER_S)
    return seconds


def compared(
    porto: Porto, nodes: NDArray[np.int64], points: NDArray[np.int64], ours_s: Floats, theirs_s: Floats
) -> dict[str, object]:
    """Return the figures of the comparison, and refuse it where the classes differ too much."""
    mine, its = ours_s <= LIMIT_S, theirs_s <= LIMIT_S
    same, either, both = mine == its, mine | its, mine & its
    apart_s = np.abs(ours_s[both] - theirs_s[both])
    of_all, of_covered = float(same.mean()), float(same[either].mean())
    near_limit = np.minimum(np.abs(ours_s - LIMIT_S), np.abs(theirs_s - LIMIT_S)) <= NEAR_LIMIT_S
    far = np.flatnonzero(~same & ~near_limit)
    require(of_all >= LEAST_OF_ALL, f"of all nodes only {of_all:.4%} agree")
    require(of_covered >= LEAST_OF_COVERED, f"of the covered nodes only {of_covered:.4%} agree")
    return {
        "points": len(points),
        "nodes": len(nodes),
        "limit_s": LIMIT_S,
        "covered_by_ours": int(mine.sum()),
        "covered_by_valhalla": int(its.sum()),
        "same_class_of_all": of_all,
        "same_class_of_covered": of_covered,
        "median_difference_s": float(np.median(apart_s)),
        "within_5_s": float((apart_s <= 5).mean()),
        "differ_near_the_limit": int((~same & near_limit).sum()),
        "differ_otherwise": [
            {
                "lon": round(float(porto.node_lonlat[nodes[n], 0]), 6),
                "lat": round(float(porto.node_lonlat[nodes[n], 1]), 6),
                "ours_s": _seconds(ours_s[n]),
                "valhalla_s": _seconds(theirs_s[n]),
            }
            for n in far
        ],
    }


def _seconds(time: float) -> float | None:
    return round(float(time), 1) if np.isfinite(time) else None


if __name__ == "__main__":
    main()
