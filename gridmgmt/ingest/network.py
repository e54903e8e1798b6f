"""The walk network as arrays: nodes where ways meet or end, edges between them.

An OpenStreetMap way is split at every node it shares; the lines of other files join where their ends meet (their
coordinates, rounded to 1e-7°, about 1 cm), never where they merely cross and never by node columns, which real files
have the wrong way round.
"""

import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod

from gridmgmt.analysis.graph import components
from gridmgmt.analysis.walking.gates import Access
from gridmgmt.analysis.walking.model import Trait
from gridmgmt.crs import Datum
from gridmgmt.errors import Problem
from gridmgmt.ingest.chains import Chains, chains_from_ways
from gridmgmt.ingest.files import OSM_SUFFIXES, VECTOR_SUFFIXES, check_file, digest
from gridmgmt.ingest.intake import Mask, Objects, Review, require_whole
from gridmgmt.ingest.network_gates import NetworkGate, gate_counts, network_gate
from gridmgmt.ingest.osm import read_ways

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]

_GEOD = Geod(ellps="WGS84")
_SAME_LENGTH_DECIMALS = 4
_KIB_PER_MIB = 1024


@dataclass(frozen=True)
class NetworkIntake:
    """A walk network; node ids are 0…n_nodes-1, edge ids 0…n_edges-1, both in an order that the file alone decides."""

    node_lonlat: Floats
    """(n_nodes, 2), WGS 84 degrees."""
    node_osm_id: NDArray[np.int64] | None
    """(n_nodes,); None for files without; -1 for a node made here, in the middle of a loop."""
    node_component: Ints
    """(n_nodes,); 0 is the component with most nodes."""
    source: Ints
    target: Ints
    length_m: Floats
    """(n_edges,), geodesic on the WGS 84 ellipsoid."""
    component: Ints
    way_id: NDArray[np.int64]
    """(n_edges,); the OSM way, or the row of the line."""
    highway: Objects
    tags: Sequence[Mapping[str, str]]
    traits: Ints
    """(n_edges,); bits of :class:`gridmgmt.analysis.walking.model.Trait`."""
    slope: NDArray[np.float32]
    """(n_edges,); rise over run from source to target, NaN where unknown."""
    geometry: Objects
    """(n_edges,) shapely LineStrings in WGS 84, running from source to target."""
    gates: tuple[NetworkGate, ...]
    """The gates on nodes, in the order of the nodes."""
    problems: tuple[Problem, ...]
    read: int
    """Ways with a ``highway``, or lines, that the file holds."""
    file_sha256: str
    crs_declared: bool
    details: Mapping[str, object] = field(default_factory=dict)

    def whole(self, *, partial: bool = False) -> "NetworkIntake":
        """Return the network when no line was bad, or ``partial`` allows to leave the bad ones.

        Raises
        ------
        FileRefusedError
            With the problems; also when no edge is left.
        """
        require_whole(self.problems, read=self.read, taken=len(self.source), partial=partial)
        return self


def read_network(
    path: Path, *, datum: Datum | None = None, encoding: str | None = None, layer: str | None = None
) -> NetworkIntake:
    """Return the walk network of an OpenStreetMap file (PBF, XML) or of a file of lines.

    Who may walk where stands in :mod:`gridmgmt.ingest.walk_access`, for lines too when they have a ``highway`` column.
    ``details`` holds what was left out and why, seconds taken and the process's peak memory in MiB.

    Raises
    ------
    InputError, FileRefusedError, CrsError
        When the file as a whole cannot be used.
    """
    began = time.perf_counter()
    if check_file(path, (*OSM_SUFFIXES, *VECTOR_SUFFIXES)) in OSM_SUFFIXES:
        ways = read_ways(path)
        network = _assemble(chains_from_ways(ways), (), ways.read, digest([path]), declared=False)
    else:
        network = _network_of_lines(path, datum, encoding, layer)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB_PER_MIB
    spent = {"seconds": round(time.perf_counter() - began, 3), "peak_memory_mib": round(peak_mib, 1)}
    return replace(network, details={**network.details, **spent})


def _network_of_lines(path: Path, datum: Datum | None, encoding: str | None, layer: str | None) -> NetworkIntake:
    # What reads tables takes a second to load, as long as a city's streets take; an OSM file needs none of it.
    from gridmgmt.ingest.lines import chains_from_rows  # noqa: PLC0415
    from gridmgmt.ingest.vector import read_vector  # noqa: PLC0415

    rows = read_vector(path, encoding=encoding, layer=layer)
    review = Review(rows.row)
    chains = chains_from_rows(rows, review, datum)
    return _assemble(chains, tuple(review.problems), len(rows.row), rows.file_sha256, declared=rows.crs_declared)


def _assemble(
    chains: Chains, problems: tuple[Problem, ...], read: int, sha256: str, *, declared: bool
) -> NetworkIntake:
    """Return the network of chains: loops halved, empty and repeated edges dropped, nodes and components numbered."""
    chains, loops = _halve_loops(chains)
    length_m = _lengths_m(chains)
    empty = length_m == 0
    chains, length_m = chains.where(~empty), length_m[~empty]
    repeated = _repeated(chains, length_m)
    chains, length_m = chains.where(~repeated), length_m[~repeated]
    lonlat, osm_id, source, target = _nodes(chains)
    node_component = components(len(lonlat), source, target)
    gates = _gates(chains, osm_id)
    traits = _waiting_once(chains.way_traits[chains.way], chains.way, length_m)
    details = {
        **chains.details,
        "loops_halved": loops,
        "empty_edges": int(empty.sum()),
        "repeated_edges": int(repeated.sum()),
        "components": int(node_component.max(initial=-1)) + 1,
        "largest_component_ratio": float(np.mean(node_component == 0)) if len(lonlat) else 0.0,
        "largest_public_component_ratio": _public_ratio(len(lonlat), source, target, traits, gates),
        "edges_private": int(np.count_nonzero(traits & Trait.PRIVATE)),
        **gate_counts(gates),
    }
    return NetworkIntake(
        node_lonlat=lonlat, node_osm_id=osm_id, node_component=node_component, source=source, target=target,
        length_m=length_m, component=node_component[source], way_id=chains.way_id[chains.way],
        highway=chains.highway[chains.way], tags=chains.edge_tags(), traits=traits, slope=chains.way_slope[chains.way],
        geometry=_lines(chains), gates=gates, problems=problems, read=read, file_sha256=sha256,
        crs_declared=declared, details=details,
    )  # fmt: skip


def _waiting_once(traits: Ints, way: NDArray[np.int64], length_m: Floats) -> Ints:
    """Return traits with one crossing a way, on its longest edge: who crosses a carriageway passes its node midway."""
    crossing = np.flatnonzero(traits & Trait.CROSSING)
    order = crossing[np.lexsort((crossing, -length_m[crossing], way[crossing]))]
    again = order[1:][np.diff(way[order]) == 0]
    once = traits.copy()
    once[again] &= ~int(Trait.CROSSING)
    return once


def _halve_loops(chains: Chains) -> tuple[Chains, int]:
    """Cut chains that return to their start at their middle vertex: a loop has no two ends to walk to."""
    loop = (chains.source_key == chains.target_key) & (chains.last - chains.first >= 2)
    if not loop.any():
        return chains, 0
    order = np.repeat(np.arange(len(loop)), np.where(loop, 2, 1))
    halved = chains.where(order)
    second = np.zeros(len(order), dtype=bool)
    second[1:] = order[1:] == order[:-1]
    first = np.roll(second, -1)
    middle = (chains.first[loop] + chains.last[loop]) // 2
    made = chains.lowest_key() - 1 - np.arange(len(middle), dtype=np.int64)
    halved.last[first], halved.first[second] = middle, middle
    halved.target_key[first], halved.source_key[second] = made, made
    halved.target_osm_id[first], halved.source_osm_id[second] = -1, -1
    return halved, int(loop.sum())


def _lengths_m(chains: Chains) -> Floats:
    """Return geodesic lengths of chains."""
    if not len(chains.first):
        return np.zeros(0)
    x, y = chains.xy.T
    segment_m = np.append(_GEOD.inv(x[:-1], y[:-1], x[1:], y[1:])[2], 0.0)
    bounds = np.column_stack([chains.first, chains.last]).ravel()
    lengths: Floats = np.add.reduceat(segment_m, bounds)[::2]
    return np.where(chains.first == chains.last, 0.0, lengths)


def _repeated(chains: Chains, length_m: Floats) -> Mask:
    """Tell which chains repeat an earlier one, in either direction; parallel ways of another shape are no repeats."""
    low, high = np.minimum(chains.source_key, chains.target_key), np.maximum(chains.source_key, chains.target_key)
    signature = np.column_stack([low, high, np.round(length_m, _SAME_LENGTH_DECIMALS).view(np.int64)])
    _, group, size = np.unique(signature, axis=0, return_inverse=True, return_counts=True)
    repeated: Mask = np.zeros(len(length_m), dtype=bool)
    candidates = np.flatnonzero(size[group] > 1)
    seen: set[bytes] = set()
    for i, wkb in zip(candidates, shapely.to_wkb(shapely.normalize(_lines(chains.where(candidates)))), strict=True):
        repeated[i] = wkb in seen
        seen.add(wkb)
    return repeated


def _nodes(chains: Chains) -> tuple[Floats, NDArray[np.int64] | None, Ints, Ints]:
    """Return nodes' places and OSM ids, and edges' ends as node numbers in the order of the keys."""
    keys = np.concatenate([chains.source_key, chains.target_key])
    _, at, node = np.unique(keys, return_index=True, return_inverse=True)
    position = np.concatenate([chains.first, chains.last])[at]
    osm_id = np.concatenate([chains.source_osm_id, chains.target_osm_id])[at] if chains.from_osm else None
    source, target = np.split(node.astype(np.int32), 2)
    return chains.xy[position], osm_id, source, target


def _gates(chains: Chains, osm_id: NDArray[np.int64] | None) -> tuple[NetworkGate, ...]:
    """Return the gates that stand on nodes of the network."""
    if osm_id is None or not chains.gates:
        return ()
    at = np.flatnonzero(np.isin(osm_id, np.fromiter(chains.gates, dtype=np.int64)))
    return tuple(network_gate(int(node), int(osm_id[node]), chains.gates[int(osm_id[node])]) for node in at)


def _public_ratio(n_nodes: int, source: Ints, target: Ints, traits: Ints, gates: Sequence[NetworkGate]) -> float:
    """Return the largest connected part's share of the nodes that public ways touch, as a stranger walks.

    Private ways are none to a stranger, and a gate that does not let everybody through ends each way at it.
    """
    public = (traits & Trait.PRIVATE) == 0
    ends = np.concatenate([source[public], target[public]]).astype(np.int64)
    if not len(ends):
        return 0.0
    shut = np.isin(ends, [gate.node for gate in gates if gate.access is not Access.PUBLIC])
    ends[shut] = n_nodes + np.arange(shut.sum())
    _, node = np.unique(ends, return_inverse=True)
    component = components(int(node.max()) + 1, *np.split(node, 2))
    return float(np.mean(component == 0))


def _lines(chains: Chains) -> Objects:
    """Return chains as LineStrings."""
    sizes = chains.last - chains.first + 1
    owner = np.repeat(np.arange(len(sizes)), sizes)
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    lines: Objects = shapely.linestrings(chains.xy[chains.first[owner] + within], indices=owner)
    return lines
