"""Every reason that the readers give stands in the catalogue, in both languages, with the fields it needs."""

import ast
import json
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import gridmgmt.crs
import gridmgmt.ingest
from gridmgmt.texts import LANGUAGES, catalogue

FOLDER = Path(gridmgmt.ingest.__file__).parent
FILES = [*sorted(FOLDER.glob("*.py")), Path(gridmgmt.crs.__file__)]
RAISED = {"InputError", "FileRefusedError", "CrsError"}
NOT_FIELDS = {"problems"}


def _named(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _reasons(call: ast.Call) -> Iterator[tuple[str, set[str]]]:
    """Yield the catalogue keys of a call that gives a reason, with the fields it passes."""
    fields = {keyword.arg for keyword in call.keywords if keyword.arg} - NOT_FIELDS
    name = _named(call)
    if name in RAISED:
        for node in ast.walk(call.args[0]):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield f"error.{node.value}", fields
    elif name == "refuse":
        yield f"problem.{_text(call.args[1])}", fields
    elif name == "Problem" and isinstance(call.args[1], ast.Constant):
        assert isinstance(call.args[2], ast.Dict)
        yield f"problem.{_text(call.args[1])}", {_text(key) for key in call.args[2].keys}


def _text(node: ast.expr | None) -> str:
    assert isinstance(node, ast.Constant)
    assert isinstance(node.value, str)
    return node.value


GIVEN = [
    (file.name, call.lineno, key, fields)
    for file in FILES
    for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    if isinstance(call, ast.Call)
    for key, fields in _reasons(call)
]


def test_the_search_finds_the_reasons() -> None:
    assert len({key for _, _, key, _ in GIVEN}) > 40


@pytest.mark.parametrize(("file", "line", "key", "fields"), GIVEN)
def test_a_reason_has_its_words(file: str, line: int, key: str, fields: set[str]) -> None:
    for lang in LANGUAGES:
        words = catalogue()[key][lang]
        needed = {name for _, name, _, _ in string.Formatter().parse(words) if name}
        assert needed <= fields, f"{file}:{line} gives {sorted(fields)}, {key} in {lang} needs {sorted(needed)}"


def test_the_catalogue_holds_no_reason_that_nobody_gives() -> None:
    path = Path(gridmgmt.crs.__file__).parent / "texts"
    written = {
        key for name in ("ingest.json", "crs.json") for key in json.loads((path / name).read_text(encoding="utf-8"))
    }
    assert written <= {key for _, _, key, _ in GIVEN}
