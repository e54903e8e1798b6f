"""The sections of the page of figures that tell of the governance systems."""

from collections.abc import Callable, Mapping

from page_parts import Result, table


def _area_profile(result: Result) -> str:
    names = {
        "district": "the district",
        "town": "a town",
        "quarter": "a quarter",
        "district_beside": "the district beside the day a year before",
        "district_yearbook": "the district's yearbook",
    }
    rows = [[told, *_median_and_worst(result, name)] for name, told in names.items()]
    return (
        f"Over HTTP on the demo, {result['rounds']} rounds each; the cases on the page are those of the indicators "
        "that they lead to, the covered residents those of the run's report.\n\n"
        f"{table(['page', 'median ms', 'worst ms'], rows)}"
    )


def _assessment(result: Result) -> str:
    return (
        f"{result['subjects']} areas by {result['items']} items over {result['cases']:,} cases, worked out anew from "
        f"the evidence each time: {result['median_ms']:.0f} ms in the median, {result['first_ms']:.0f} ms the first "
        f"time, {result['statements']:.0f} statements."
    )


def _premises(result: Result) -> str:
    names = {
        "ranking": "the ranking of areas by colours",
        "raw_sql": "the same numbers by one SQL over all inspections",
        "list": "a page of the list",
        "town": "a page of a town's",
        "red": "a page of the red",
        "due": "a page of those due for inspection",
        "tile_z13": "a tile at zoom 13",
        "tile_z14": "at zoom 14",
        "tile_z16": "at zoom 16",
    }
    rows = [[told, *_median_and_worst(result, name)] for name, told in names.items()]
    return (
        f"{result['premises']:,} premises with {result['inspections']:,} inspections of five years, in the "
        "database.\n\n"
        f"{table(['what', 'median ms', 'worst ms'], rows)}"
    )


def _gate_counts(result: Result) -> str:
    return (
        f"{result['clients']} gates at once push batches of {result['batch']} bins over HTTP: "
        f"{result['bins_per_s']:,} bins a second; half of the batches take less than {result['batch_p50_ms']:.0f} ms, "
        f"99 of 100 less than {result['batch_p99_ms']:.0f} ms."
    )


def _median_and_worst(result: Result, name: str) -> list[str]:
    return [f"{result[which][name]:.1f}" for which in ("median_ms", "worst_ms")]


GOVERNANCE: Mapping[str, tuple[str, Callable[[Result], str]]] = {
    "area_profile": ("The page of an area", _area_profile),
    "premises": ("A hundred thousand rental premises beside one SQL", _premises),
    "assessment": ("An assessment worked out anew", _assessment),
    "gate_counts": ("Counts of gates over HTTP", _gate_counts),
}
