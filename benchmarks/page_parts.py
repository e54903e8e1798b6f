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
