"""A manifest as YAML: its data, and the line and column of each of its parts.

All scalars are read as text and understood by the schema: a code keeps its zeros, ``60_64`` is no number and ``no`` no
truth.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from gridmgmt.errors import FileRefusedError, InputError, Problem

Loc = tuple[str | int, ...]
"""The way to a part: keys and positions from the top."""

MAX_BYTES = 1_000_000
MAX_DEPTH = 8
MAX_PARTS = 10_000
"""Keys and values, those of anchors each time that they are referred to."""
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_NULLS = ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True)
class Mark:
    """Where something stands; both count from 1."""

    line: int
    column: int


@dataclass
class Document:
    """The data of a manifest, and where each part of it stands."""

    data: Any = None
    keys: dict[Loc, Mark] = field(default_factory=dict)
    values: dict[Loc, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, loc: Loc, code: str, *, at_key: bool = False, **fields: object) -> Problem:
        """Return a problem of a part, or of the nearest part above that is there."""
        marks = self.keys if at_key and loc in self.keys else self.values
        found = loc
        while found and found not in marks:
            found = found[:-1]
        mark = marks.get(found, Mark(1, 1))
        return Problem(mark.line, code, {"column": mark.column, "place": spelled(loc), **fields})


def spelled(loc: Loc) -> str:
    """Return the way to a part as people write it.

    >>> spelled(("areas", 1, "level"))
    'areas[2].level'
    """
    text = ""
    for step in loc:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "-"


def read_document(path: Path, variables: Mapping[str, str]) -> Document:
    """Return a manifest's data with ``${NAME}`` replaced, and what is wrong with its form.

    Raises
    ------
    InputError
        When there is no such file, or it is too large.
    FileRefusedError
        When it is no YAML in UTF-8, with the place of the fault.
    """
    if not path.is_file():
        raise InputError("file_not_found", path=str(path))
    if (size := path.stat().st_size) > MAX_BYTES:
        raise InputError("manifest_too_large", field="manifest", value=size, maximum=MAX_BYTES)
    try:
        node = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise FileRefusedError("file_undecodable", file=path.name, tried="UTF-8") from error
    except yaml.MarkedYAMLError as error:
        raise _malformed(path, error) from error
    except RecursionError as error:
        raise _refused(
            path, Problem(1, "manifest_too_deep", {"column": 1, "place": "-", "maximum": MAX_DEPTH})
        ) from error
    except yaml.YAMLError as error:
        raise FileRefusedError("file_unreadable", file=path.name, detail=str(error).splitlines()[0]) from error
    document = Document()
    if node is not None:
        try:
            document.data = _Reader(document, variables).value(node, ())
        except _TooManyPartsError as error:
            raise _refused(path, error.problem) from error
    return document


def _malformed(path: Path, error: yaml.MarkedYAMLError) -> FileRefusedError:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    detail = error.problem or error.context or type(error).__name__
    return _refused(path, Problem(line, "manifest_malformed", {"column": column, "detail": detail}))


def _refused(path: Path, problem: Problem) -> FileRefusedError:
    return FileRefusedError("manifest_refused", problems=[problem], file=path.name, count=1)


class _TooManyPartsError(Exception):
    """Ends the reading of a document that unfolds without end."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


class _Reader:
    """Walks the nodes of a document."""

    def __init__(self, document: Document, variables: Mapping[str, str]) -> None:
        self.document, self.variables = document, variables
        self._parts = 0

    def value(self, node: yaml.Node, loc: Loc) -> Any:
        """Return the data of a node: text, None, a list, or a mapping with texts as keys."""
        self.document.values[loc] = Mark(node.start_mark.line + 1, node.start_mark.column + 1)
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise _TooManyPartsError(self.document.problem(loc, "manifest_too_many", maximum=MAX_PARTS))
        if len(loc) > MAX_DEPTH:
            self.document.problems.append(self.document.problem(loc, "manifest_too_deep", maximum=MAX_DEPTH))
            return None
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, loc))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*loc, i)) for i, child in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.style is None and node.value in _NULLS:
            return None
        return self._filled(str(node.value), loc)

    def _pairs(self, node: yaml.MappingNode, loc: Loc) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key, child in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            here = (*loc, name)
            self.document.keys[here] = Mark(key.start_mark.line + 1, key.start_mark.column + 1)
            if name in seen:
                self.document.problems.append(self.document.problem(here, "manifest_repeated", at_key=True, value=name))
            seen.add(name)
            yield name, self.value(child, here)

    def _filled(self, text: str, loc: Loc) -> str:
        """Return a text with the values of its variables."""
        for name in _VARIABLE.findall(text):
            if name not in self.variables:
                self.document.problems.append(self.document.problem(loc, "manifest_variable", value=name))
        return _VARIABLE.sub(lambda match: self.variables.get(match[1], match[0]), text)
