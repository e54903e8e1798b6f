"""Writes docs/performance.md from benchmarks/results: every figure on the page comes from a run kept there."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from page_cases import CASES
from page_governance import GOVERNANCE
from page_parts import Result, compared, facts, table
from page_siting import SITING

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "performance.md"

HEAD = """# Performance

Written by `benchmarks/page.py` from the runs kept in `benchmarks/results`; `benchmarks/run` makes them anew, then this
page. Contenders take turns within one run on one machine, their answers must agree before a ratio is published, and a
ratio is the median over the rounds. Read ratios; single times move with the machine.
"""


def _machine(result: Result) -> str:
    of = result["machine"]
    memory_gib = round(of["memory_mib"] / 1024)
    return (
        f"*{of['measured_at'][:10]}, {of['cpus']} × {of['cpu']}, {memory_gib} GiB, load {of['load_1_min']}, "
        f"Python {of['python']}.*"
    )


def _bars(result: Result) -> str:
    lines = [
        f"- {what}: {bar['measured']:.3g}, bar ≤ {bar['at_most']:.3g}: {'met' if bar['met'] else '**missed**'}"
        for what, bar in result.get("bars", {}).items()
    ]
    return "\n".join(lines)


def _coverage(result: Result) -> str:
    agreement = result["agreement"]["scipy"]
    return (
        f"Walking time of every node to the nearest of {result['points']} points: "
        f"{facts(result, 'nodes', 'edges')}; {agreement['nodes_covered']:,} nodes covered, "
        f"{agreement['class_differs']} classed differently.\n\n{compared(result)}"
    )


def _sparse(result: Result) -> str:
    return (
        f"All pairs of {facts(result, 'points', 'nodes')} within {result['limit_s']:.0f} s: "
        f"{result['pairs']:,} pairs, {result['output_mib']} MiB.\n\n{compared(result)}"
    )


def _two_step(result: Result) -> str:
    agreement = result["agreement"]["PySAL access"]
    return (
        f"Capacity for each resident by 2SFCA: {facts(result, 'pairs', 'points', 'places')}; largest difference "
        f"{agreement['largest_difference']:.1g}, and what residents have adds up to the points' "
        f"{agreement['capacity_given']:,.0f}.\n\n{compared(result)}"
    )


def _snapping(result: Result) -> str:
    return f"Nearest edge of {facts(result, 'points', 'segments', 'edges')}.\n\n{compared(result)}"


def _whole_run(result: Result) -> str:
    steps = [
        [name, f"{spent['seconds']:.1f}", f"{spent['cpu_seconds']:.1f}", f"{spent['peak_mib']:.0f}"]
        for name, spent in result["steps"].items()
    ]
    stages = [[name, f"{seconds:.2f}"] for name, seconds in result["stages_of_the_second_run_s"].items()]
    return (
        f"Each step is a command in a fresh process: {result['places']:,} places, "
        f"{result['residents_60_plus']:,.0f} residents of 60 and over, {result['covered']:,.0f} of them covered.\n\n"
        f"{table(['step', 'seconds', 'CPU seconds', 'peak MiB'], steps)}\n\n"
        f"Inside the second run:\n\n{table(['stage', 'seconds'], stages)}"
    )


def _tiles(result: Result) -> str:
    rows = [
        ["pgbench, prepared statements", f"{result['pgbench_tiles_per_s']:.0f}", "1"],
        ["our server", f"{result['http_tiles_per_s']:.0f}", f"{result['http_over_pgbench_tiles_per_s']:.2f}"],
    ]
    return (
        f"{result['tiles']} tiles of the demo, each asked once over {result['connections']} connections; "
        f"p50 {result['http_p50_ms']:.0f} ms, p99 {result['http_p99_ms']:.0f} ms.\n\n"
        f"{table(['who', 'tiles / s', 'ratio'], rows)}"
    )


def _topology(result: Result) -> str:
    agreement = result["agreement"]["PostGIS"]
    whole, part = f"{result['whole_check_s']:.1f}", f"{result['changed_check_s']:.2f}"
    return (
        f"All of {result['areas']:,} areas, {result['cells']:,} of them cells: {whole} s (at most "
        f"{result['whole_check_at_most_s']:.0f}); around a quarter that changed with its cells: {part} s (at most "
        f"{result['changed_check_at_most_s']:.0f}). Beside peers, with {result['faults']} faulty cells: "
        f"{agreement['overlaps']} overlaps and {agreement['gaps']} gaps, which they are asked for alone; ours checks "
        f"everything.\n\n{compared(result)}"
    )


def _areas_at(result: Result) -> str:
    rows = [
        [who, f"{result[f'{key}_median_ms']:.2f}", f"{result[f'{key}_p99_ms']:.2f}", ratio]
        for who, key, ratio in (
            ("psycopg, prepared statement", "psycopg", "1"),
            ("our server, one connection", "http", f"{result['http_over_psycopg']:.2f}"),
        )
    ]
    return (
        f"{result['positions']} positions over the demo, each asked of both in turn {result['rounds']} times; "
        f"both name the same {result['areas_named']} areas, none at {result['positions_in_no_area']} of them.\n\n"
        f"{table(['who', 'median ms', 'p99 ms', 'ratio of medians'], rows)}"
    )


def _activation(result: Result) -> str:
    names = (
        "activation_s", "writers_kept_out_s", "longest_wait_of_a_writer_s", "writes_meanwhile", "looks_meanwhile",
    )  # fmt: skip
    rows = [[what, *(f"{raced[name]:.3g}" for name in names)] for what, raced in result["races"].items()]
    header = ["replaced by", "activation s", "writers kept out s", "longest wait of a writer s", "writes", "looks"]
    return (
        f"{result['areas']} areas and {result['cells']:,} cells, all replaced, with lineage. A writer of boundaries "
        f"and {result['readers']} readers worked on meanwhile; every reader always saw one whole edition.\n\n"
        f"{table(header, rows)}"
    )


def _codes(result: Result) -> str:
    return (
        f"{result['rows']:,} official codes from a compressed CSV; ours checks every row and takes the file whole or "
        f"not at all (at most {result['bar_s']:.0f} s), the peers check nothing.\n\n{compared(result)}"
    )


def _points_to_cells(result: Result) -> str:
    goals = ", ".join(f"{peer} {ratio:.2g}" for peer, ratio in result["goals"].items())
    return (
        f"{result['points']:,} points to the codes of {facts(result, 'cells', 'vertices')}; reading the cells is part "
        f"of our time, {result['own_with_cells_kept_best_s'] * 1000:.0f} ms once they are kept. All name the same; "
        f"of {result['points_on_borders_agreed']:,} points on borders ours names the lowest code that PostGIS knows. "
        f"Goals: {goals}.\n\n{compared(result)}"
    )


def _addresses(result: Result) -> str:
    quality, times = result["hit_rate"], result["times"]
    rates = [
        [what, *(f"{quality[who][at]['all']:.3f}" for at in ("at_1", "at_5"))]
        for what, who in (
            (f"our server, {result['questions']} questions that it was written by", "own"),
            (f"our server, {result['questions_blind']} questions written before and never tuned on", "own, blind"),
            (f"ILIKE, trigram index, {result['questions_to_ilike']} of the first", "ilike"),
        )
    ]
    spent = [
        [who, *_ms(times[side])]
        for who, side in (
            ("our server, one connection", "own"),
            (f"the same, the best of {result['rounds']} rounds", "own, the best of each question"),
            ("ILIKE, trigram index", "ilike"),
            ("a fixed statement: how busy the machine was", "fixed statement"),
        )
    ]
    return (
        f"{result['addresses']:,} made-up addresses; questions made by rules and by hand. ILIKE knows no pinyin, "
        f"mistakes or former names. Storing the million took {result['import']['store million']['seconds']:.0f} s; the "
        f"first question after a start, which reads all names, "
        f"{result['import']['first question']['seconds']:.1f} s.\n\n"
        f"{table(['who', 'hit rate at 1', 'at 5'], rates)}\n\n{table(['who', 'median ms', 'p99 ms'], spent)}"
    )


def _ms(times: Mapping[str, float]) -> list[str]:
    return [f"{times[which]:.1f}" for which in ("p50_ms", "p99_ms")]


def _cells(result: Result) -> str:
    rows = [
        [
            place,
            f"{of['cells']:,}",
            f"{of['mean_m2']:,.0f}",
            f"{of['outside_band']:.2%}",
            f"{of['from_5000_to_20000_m2']:.1%}",
            f"{of['on_streets']:.3f}",
            f"{of['on_streets'] / of['naive']:.1f} ×" if "naive" in of else "",
            f"{of['compactness_below_0_3']:.1%}",
            f"{of['processor_s']:.1f}",
        ]
        for place, of in result["places"].items()
    ]
    header = [
        "place", "cells", "mean m²", "outside 2,500–40,000 m²", "within 5,000–20,000 m²", "border on barriers",
        "the square net's", "compactness below 0.3", "processor s",
    ]  # fmt: skip
    district = result["places"]["demo"]
    return (
        "The densest windows of 3 × 3 km (most street length, on a lattice of 500 m) beside the square net of 100 m "
        f"clipped to the same window, and all {district['quarters']} quarters of the demo with streets, walls, banks "
        "and rails. Inner borders count, within 2 m of a barrier; goals: none outside, 95 % within, 0.75 (Wuhan 0.62) "
        f"on barriers, 8 %. The demo took {district['seconds']:.0f} s in {result['cores']} processes at the load told "
        f"below; its processor seconds are of both.\n\n{table(header, rows)}"
    )


def _pbf_graph(result: Result) -> str:
    rows = [
        [
            name,
            f"{of['seconds']:.2f}",
            f"{of['peak_mib']:.0f}",
            f"{of['km']:,.0f}",
            "1" if name == "own" else f"{result['own_over_peer'][name]:.3g}",
        ]
        for name, of in result["contenders"].items()
    ]
    own = result["contenders"]["own"]
    return (
        f"Each in a fresh process, imports and all: ours with tags, {own['gates']:,} gates and geometry, "
        f"{own['nodes']:,} nodes and {own['edges']:,} edges. Each has a filter of its own for what is walked.\n\n"
        + table(["contender", "median s", "peak MiB", "km", "own time / its time"], rows)
    )


def _isochrones(result: Result) -> str:
    one, many, four = (result[name] for name in ("one point", "84 points", "one point, four limits"))
    rows = [
        [
            f"own, {name}",
            f"{of['median_s'] * 1000:.0f}",
            "0",
            "0",
            f"{of['left_open_over_within']:.2%}",
            f"{of['vertices']:,}",
        ]
        for name, of in (("one point", one), ("84 points", many))
    ]
    rows += [
        [
            name,
            f"{of['median_s'] * 1000:.0f}",
            f"{of['false_inside_over_within']:.1%}",
            f"{of['false_outside_over_within']:.1%}",
            "",
            "",
        ]
        for name, of in result["usual ways"].items()
    ]
    header = ["way", "median ms", "falsely inside", "falsely outside", "left open", "vertices"]
    return (
        f"Ground within {result['limit_s'] / 60:.0f} minutes; {one['places']:,} places scattered 18 m about the "
        "streets, shares of those within. Ours says certain, possible or outside, and no place is wrongly in the first "
        f"or the last; {one['agreement_open_as_disagreement']:.2%} of all places of the box agree where an open one is "
        f"a disagreement, all where it is left open. Four limits take {four['median_s'] * 1000:.0f} ms. The usual ways "
        f"are those of tutorials.\n\n{table(header, rows)}"
    )


def _incremental(result: Result) -> str:
    rows = [
        [
            kind.replace("_", " "),
            f"{of['edit_median_us']:.0f}",
            f"{of['edit_worst_us']:.0f}",
            f"{of['full_median_us'] / 1000:.1f}",
            f"{of['full_over_edit_median']:,.0f}",
            f"{result['without_counts'][kind]['full_over_edit_median']:,.0f}",
            f"{of['full_over_edit_after_full_run_median']:,.0f}",
            f"{of['nodes_median']:.0f} / {of['nodes_worst']:,}",
            f"{of['places_median']:.0f} / {of['places_worst']:,}",
        ]
        for kind, of in result["with_counts"].items()
    ]
    header = [
        "edit", "median µs", "worst µs", "full run ms", "full / edit", "without counts", "edit after a full run",
        "nodes changed, median / worst", "places",
    ]  # fmt: skip
    return (
        f"Wuhan: {result['nodes']:,} nodes, {result['places']:,} places, {result['residents_60_plus']:,.0f} residents "
        "of 60 and over, 500 points; counts by status, band and age at four levels of 1 to 1,600 squares. Of each "
        f"kind {result['edits_of_each_kind']} edits; after every one all labels and counts are a full run's. "
        "The full run is a warm one on the edited network, whose graph is built; edits follow edits, or, in the column "
        f"that says so, a full run that has emptied the processor's caches. Held: {result['held_mib']:.0f} MiB, "
        f"of which the labels are {result['labels_mib']:.1f}.\n\n{table(header, rows)}"
    )


def _warm_state(result: Result) -> str:
    return (
        f"Wuhan: {facts(result, 'places', 'edges')}, 500 points, one fresh process. The first question, from the "
        f"database, takes {result['cold_s']:.1f} s; the same again {result['warm_s'] * 1000:.0f} ms; for another time "
        f"of the week {result['other_time_s'] * 1000:.0f} ms. Kept: {result['kept_mib']:.0f} MiB, "
        f"{result['state_mib']:.1f} of them for one question alone; peak of the process {result['peak_mib']:.0f} MiB."
    )


def _placeability(result: Result) -> str:
    header = ["one spot, warm", "median ms", "95 % within ms", "worst ms"]
    rows = [
        [who, *(f"{result[f'{key}_{each}_ms']:.1f}" for each in ("median", "p95", "worst"))]
        for key, who in (("process", "in the process"), ("http", "over HTTP"))
    ]
    return (
        f"Porto with {facts(result, 'nodes', 'edges', 'places', 'points', 'gates')}; all twelve checks. The newly "
        f"covered residents of {result['compared_with_full_runs']} spots equal the difference of two full runs. The "
        f"first spot, which prepares the rest, took {result['first_spot_s']:.2f} s.\n\n{table(header, rows)}"
    )


def _valhalla(result: Result) -> str:
    return (
        f"Nodes of the largest part within {result['limit_s'] / 60:.0f} minutes of {facts(result, 'points')}, by "
        f"Valhalla's matrix over tiles of its own from the same extract: {result['same_class_of_all']:.3%} of "
        f"{result['nodes']:,} nodes have the same class, {result['same_class_of_covered']:.2%} of those that either "
        f"covers; times differ by {result['median_difference_s']:.1f} s in the median. "
        f"{result['differ_near_the_limit']} "
        f"of the others are within 10 s of the limit, {len(result['differ_otherwise'])} are not: each is listed in the "
        "result."
    )


SECTIONS: Mapping[str, tuple[str, Callable[[Result], str]]] = {
    "pbf_graph": ("From an extract to a walking graph, Porto", _pbf_graph),
    "coverage_porto": ("Nearest-point coverage, streets of Porto", _coverage),
    "coverage_grid": ("Nearest-point coverage, a million streets", _coverage),
    "sparse_porto": ("Sparse table of points and nodes, streets of Porto", _sparse),
    "sparse_grid": ("Sparse table of points and nodes, a million streets", _sparse),
    "snapping_porto": ("Snapping to edges, streets of Porto", _snapping),
    "isochrones": ("Guaranteed areas, streets of Porto", _isochrones),
    "valhalla_matrix": ("Walks beside Valhalla's, Porto", _valhalla),
    "wuhan_run": ("A whole run on real data, Wuhan", _whole_run),
    "incremental": ("An edit beside a full run, Wuhan", _incremental),
    "warm_state": ("A question asked again, Wuhan", _warm_state),
    "placeability": ("Whether a spot is placeable, streets of Porto", _placeability),
    "two_step": ("Accessibility of residents", _two_step),
    **SITING,
    **CASES,
    **GOVERNANCE,
    "topology": ("Topology of a district with its cells", _topology),
    "areas_at": ("The areas at a position over HTTP beside the same SQL", _areas_at),
    "activation": ("An edition comes into force while others read and write", _activation),
    "cells": ("Grid cells along streets beside the square net", _cells),
    "codes": ("A country's official codes into the database", _codes),
    "points_to_cells": ("Very many points to the codes of grid cells", _points_to_cells),
    "addresses": ("The address search among a million addresses", _addresses),
    "tiles_cold": ("Cold tiles over HTTP beside the same SQL in pgbench", _tiles),
}


def main() -> None:
    """Write the page."""
    parts = [HEAD]
    for name, (title, body) in SECTIONS.items():
        file = RESULTS / f"{name}.json"
        if not file.exists():
            parts.append(f"## {title}\n\nNot measured yet: `benchmarks/run {name}`.\n")
            continue
        result = json.loads(file.read_text(encoding="utf-8"))
        text = "\n\n".join(part for part in (body(result), _bars(result), _machine(result)) if part)
        parts.append(f"## {title}\n\n{text}\n")
    PAGE.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
