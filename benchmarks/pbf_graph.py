"""From an OSM extract to a walking graph: Porto, each contender in a fresh process, imports and all.

Ours keeps tags, traits, slopes, gates and the geometry of every edge. The peers have walking filters of their own, so
the graphs are compared by their length, told and not forced to be equal; osmnx reads XML alone, which is made for it
outside its time, and keeps every way with a ``highway``.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import osmium
from harness import publish, require, shared_data

ROUNDS = 5
SECONDS, MIB = 2.0, 300.0
"""The bars; the goals are half of both."""

_MEASURED = """
import json, re, sys, time
began = time.perf_counter()
{work}
# Unlike the peak that getrusage tells, this one begins anew with the program.
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) / 1024
print(json.dumps({{"seconds": time.perf_counter() - began, "peak_mib": peak, **found}}))
"""
_OWN = """
from pathlib import Path
from gridmgmt.analysis.graph import build_graph
from gridmgmt.ingest.network import read_network
network = read_network(Path(sys.argv[1]))
graph = build_graph(len(network.node_lonlat), network.source, network.target, network.length_m)
found = {"nodes": graph.n_nodes, "edges": graph.n_edges, "km": float(network.length_m.sum()) / 1000,
         "gates": len(network.gates), "with_traits": int((network.traits != 0).sum())}
"""
_PYROSM = """
from pyrosm import OSM
reader = OSM(sys.argv[1])
nodes, edges = reader.get_network("walking", nodes=True)
graph = reader.to_graph(nodes, edges, graph_type="igraph", retain_all=True, simplify=False)
found = {"nodes": graph.vcount(), "edges": graph.ecount(), "km": float(edges["length"].sum()) / 1000}
"""
_OSMNX = """
import osmnx
graph = osmnx.graph_from_xml(sys.argv[1], bidirectional=True, retain_all=True)
found = {"nodes": len(graph), "edges": graph.number_of_edges() // 2,
         "km": sum(length for _, _, length in graph.edges(data="length")) / 2000}
"""


def run(work: str, file: Path) -> dict[str, float]:
    """Run a contender in a process of its own and return its figures."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _MEASURED.format(work=work), file],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    require(done.returncode == 0, done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Run all contenders in turn, own and pyrosm in every round, and publish."""
    extract = shared_data("networks/porto_portugal.osm.pbf")
    with tempfile.TemporaryDirectory() as folder:
        xml = Path(folder) / "porto.osm"
        _write_ways(extract, xml)
        runs: dict[str, list[dict[str, float]]] = {"own": [], "pyrosm": [], "osmnx": [run(_OSMNX, xml)]}
        run(_OWN, extract)  # the disk's cache is nobody's merit
        for _ in range(ROUNDS):
            runs["own"].append(run(_OWN, extract))
            runs["pyrosm"].append(run(_PYROSM, extract))
    own = runs["own"]
    for peer in ("pyrosm", "osmnx"):
        ratio = own[0]["km"] / runs[peer][0]["km"]
        require(0.8 < ratio < 1.2, f"{peer} finds {runs[peer][0]['km']:.0f} km, we find {own[0]['km']:.0f}")
    seconds = {name: statistics.median(each["seconds"] for each in found) for name, found in runs.items()}
    best_s = min(each["seconds"] for each in own)
    peak_mib = max(each["peak_mib"] for each in own)
    publish(
        "pbf_graph",
        {
            "rounds": ROUNDS,
            "contenders": {
                name: {**found[0], "seconds": seconds[name], "peak_mib": max(each["peak_mib"] for each in found)}
                for name, found in runs.items()
            },
            "own_over_peer": {peer: seconds["own"] / seconds[peer] for peer in ("pyrosm", "osmnx")},
            "goals": {"seconds": SECONDS / 2, "peak_mib": MIB / 2},
        },
        bars={"seconds in a fresh process": (best_s, SECONDS), "MiB in a fresh process": (peak_mib, MIB)},
    )


def _write_ways(extract: Path, xml: Path) -> None:
    """Write the ways with a highway and their nodes as XML."""
    with osmium.BackReferenceWriter(str(xml), ref_src=str(extract), overwrite=True) as writer:
        keys = osmium.filter.KeyFilter("highway")
        for way in osmium.FileProcessor(str(extract), osmium.osm.WAY).with_filter(keys):
            writer.add_way(way)


if __name__ == "__main__":
    main()
