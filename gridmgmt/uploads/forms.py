"""What may be said of a file of each kind, for a form; worked out from the kinds, so that none is forgotten."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from gridmgmt.errors import InputError
from gridmgmt.ingest.files import OSM_SUFFIXES, TABLE_SUFFIXES, VECTOR_SUFFIXES, file_suffix
from gridmgmt.uploads.records import UPLOAD_KINDS
from gridmgmt.uploads.rules import hidden_options

OptionType = Literal["text", "choice", "flag", "day", "pairs", "texts"]
"""Pairs map a text to a text (the column of a role), texts are several of them."""

_SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "areas": VECTOR_SUFFIXES,
    "cells": VECTOR_SUFFIXES,
    **dict.fromkeys(("features", "compounds"), (*VECTOR_SUFFIXES, *OSM_SUFFIXES)),
    "network": (*OSM_SUFFIXES, *VECTOR_SUFFIXES),
    **dict.fromkeys(("codes", "centres", "posts", "grids", "bodies", "facts", "catalogue", "matters"), TABLE_SUFFIXES),
    "population": (*TABLE_SUFFIXES, *VECTOR_SUFFIXES, *OSM_SUFFIXES),
}
_ALONE = (".shp",)
"""A Shapefile is several files, of which only a zip can be sent."""
_TYPES: Mapping[str, OptionType] = {"boolean": "flag", "object": "pairs", "array": "texts"}


@dataclass(frozen=True)
class Option:
    """One thing that may be said of a file; ``choices`` are empty where any text will do."""

    name: str
    type: OptionType
    required: bool
    choices: tuple[str, ...]
    default: str | bool | None


@dataclass(frozen=True)
class Form:
    """One kind of file with its options; ``suffixes`` are the endings of its formats, ``.gz`` behind some."""

    kind: str
    suffixes: tuple[str, ...]
    options: tuple[Option, ...]


def forms() -> list[Form]:
    """Return the form of every kind."""
    return [Form(kind, suffixes_of(kind), tuple(_options(kind, said))) for kind, said in UPLOAD_KINDS.items()]


def suffixes_of(kind: str) -> tuple[str, ...]:
    """Return the endings of the formats of a kind."""
    known = _SUFFIXES.get(kind, (*TABLE_SUFFIXES, *VECTOR_SUFFIXES))
    return tuple(suffix for suffix in known if suffix not in _ALONE)


def check_suffix(kind: str, name: str) -> None:
    """Refuse a file whose name ends as none of the formats of its kind.

    Raises
    ------
    InputError
        ``format_unknown``.
    """
    known = suffixes_of(kind)
    if file_suffix(Path(name)) not in known:
        raise InputError("format_unknown", file=name, known=" ".join(known))


def _options(kind: str, said: type[BaseModel]) -> Iterator[Option]:
    schema = said.model_json_schema()
    hidden, required = hidden_options(kind), schema.get("required", ())
    for name, described in schema["properties"].items():
        if name in hidden:
            continue
        type_, choices = _type(described, schema.get("$defs", {}))
        default = described.get("default")
        plain = default if isinstance(default, str | bool) else None
        yield Option(name, type_, name in required, choices, plain)


def _type(described: Mapping[str, Any], known: Mapping[str, Any]) -> tuple[OptionType, tuple[str, ...]]:
    """Return the type of an option by its JSON schema, with its choices."""
    inner = next((each for each in described.get("anyOf", ()) if each.get("type") != "null"), described)
    if "$ref" in inner:
        inner = known[inner["$ref"].rpartition("/")[2]]
    if "enum" in inner:
        return "choice", tuple(inner["enum"])
    if "const" in inner:
        return "choice", (inner["const"],)
    if inner.get("format") == "date":
        return "day", ()
    return _TYPES.get(inner.get("type", "string"), "text"), ()
