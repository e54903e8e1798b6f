"""What the sections of the page of figures are made of."""

from collections.abc import Mapping
from typing import Any

Result = Mapping[str, Any]  # Any: the JSON of one result


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def facts(result: Result, *names: str) -> str:
    """Return figures of a result with their names, those that it has."""
    return ", ".join(f"{name.replace('_', ' ')} {result[name]:,}" for name in names if name in result)


def compared(result: Result) -> str:
    """Return the table of contenders with their times and peaks."""
    rows = [
        [
            name,
            f"{spent['best_s'] * 1000:.1f}",
            f"{spent['median_s'] * 1000:.1f}",
            "not told" if spent["extra_peak_mib"] is None else f"{spent['extra_peak_mib']:.1f}",
            "1" if name == "own" else f"{result['own_over_peer'][name]:.3g}",
        ]
        for name, spent in result["contenders"].items()
    ]
    return table(["contender", "best ms", "median ms", "extra peak MiB", "own time / its time"], rows)
