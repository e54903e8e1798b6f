"""Rows of tables into values: what is wrong with a row is noted with its number, and a stand-in goes on."""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from gridmgmt.catalogue.matters import Words
from gridmgmt.errors import Problem
from gridmgmt.texts import catalogue as texts

_CODE = re.compile(r"[\w.-]{1,64}")
_PARTED = re.compile(r"[\s,;，；、]+")
_YES = {"1", "true", "yes", "y", "是"}
_NO = {"0", "false", "no", "n", "否"}


class _Coded(Protocol):
    @property
    def code(self) -> str: ...


_Member = TypeVar("_Member", bound=StrEnum)
_Built = TypeVar("_Built")
_BuiltWithCode = TypeVar("_BuiltWithCode", bound=_Coded)


@dataclass(frozen=True)
class Record:
    """One row of a table: its number in the file, and its cells as text without the blank ones."""

    row: int
    cells: Mapping[str, str]


Tables = Mapping[str, Sequence[Record]]
"""The rows of each table by its name; a table that is not there has none."""


class _Anything:
    """Holds whatever it is asked for."""

    def __contains__(self, _: object) -> bool:
        return True


ANYTHING = _Anything()


class Row:
    """One row being read; what is wrong with it is noted, and a stand-in goes on."""

    def __init__(self, table: str, record: Record, required: Iterable[str]) -> None:
        self.number = record.row
        self.problems: list[Problem] = []
        self._table, self._cells = table, record.cells
        for column in required:
            if not record.cells.get(column):
                self.refuse("value_missing", column)

    def refuse(self, code: str, column: str, **fields: object) -> None:
        """Note a problem of a cell."""
        self.problems.append(Problem(self.number, code, {"field": f"{self._table}.{column}", **fields}))

    def said(self, column: str) -> str:
        """Return the text of a cell, empty for a blank one."""
        return self._cells.get(column, "")

    def words(self, column: str) -> Words:
        """Return the texts of a column in both languages."""
        return Words(self.said(f"{column}_zh"), self.said(f"{column}_en"))

    def code(self, column: str, digits: int = 0) -> str:
        """Return a code; one of digits gets back the zeros that a spreadsheet has taken from it."""
        found = self.said(column)
        if digits and found:
            found = found.zfill(digits)
            if not (found.isascii() and found.isdigit() and len(found) == digits):
                self.refuse("code_not_of_digits", column, value=found, expected=digits)
        elif found and _CODE.fullmatch(found) is None:
            self.refuse("code_not_plain", column, value=found)
        return found

    def number_in(self, column: str, default: float, least: float, most: float) -> float:
        """Return a number within bounds."""
        written = self.said(column)
        if not written:
            return default
        try:
            found = float(written)
        except ValueError:
            found = float("nan")
        if not least <= found <= most:
            self.refuse("number_out_of_bounds", column, value=written, least=least, most=most)
            return default
        return found

    def whole(self, column: str, default: int, least: int, most: int) -> int:
        """Return a whole number within bounds."""
        found = self.number_in(column, default, least, most)
        if found != int(found):
            self.refuse("number_not_whole", column, value=self.said(column))
        return int(found)

    def truth(self, column: str, *, default: bool) -> bool:
        """Return yes or no."""
        written = self.said(column).casefold()
        if written and written not in _YES | _NO:
            self.refuse("choice_of_known", column, value=written, known="true, false")
        return written in _YES or (default and not written)

    def member(self, column: str, members: type[_Member], prefix: str, default: _Member) -> _Member:
        """Return a member of an enumeration by its identifier or by its name in either language."""
        written = self.said(column).casefold()
        for member in members:
            names = texts().get(f"{prefix}.{member}", {}).values()
            if written == member or written in (name.casefold() for name in names):
                return member
        if written:
            self.refuse("choice_of_known", column, value=written, known=", ".join(members))
        return default

    def known(self, column: str, codes: Container[str], digits: int = 0) -> str | None:
        """Return a code that must be among some, None for a blank one."""
        found = self.said(column)
        if not found:
            return None
        return self._among(column, found.zfill(digits), codes)

    def several(self, column: str, codes: Container[str], digits: int = 0) -> frozenset[str]:
        """Return codes parted by spaces or commas, which must be among some."""
        found = (each.zfill(digits) for each in _PARTED.split(self.said(column)) if each)
        return frozenset(code for each in found if (code := self._among(column, each, codes)) is not None)

    def _among(self, column: str, code: str, codes: Container[str]) -> str | None:
        if code in codes:
            return code
        self.refuse("code_not_in_catalogue", column, value=code)
        return None


class Reader:
    """Reads tables row by row and gathers what is wrong with them.

    Parameters
    ----------
    required
        The columns of each table that no row may leave blank.
    """

    def __init__(self, tables: Tables, required: Mapping[str, Iterable[str]]) -> None:
        self.problems: list[Problem] = []
        self._tables, self._required = tables, required

    def read(self, table: str, build: Callable[[Row], _Built]) -> Iterator[_Built]:
        """Yield what the rows of a table tell; a bad one too, so that what refers to it is not blamed as well."""
        for record in self._tables.get(table, ()):
            row = Row(table, record, self._required[table])
            built = build(row)
            self.problems += row.problems
            yield built

    def by_code(self, table: str, build: Callable[[Row], _BuiltWithCode]) -> dict[str, _BuiltWithCode]:
        """Return what the rows of a table tell by their codes, in the order of the file; each code stands once."""
        found: dict[str, _BuiltWithCode] = {}
        for row, built in self.read(table, lambda row: (row, build(row))):
            if built.code in found:
                self.problems.append(Problem(row.number, "code_twice", {"field": f"{table}.code", "value": built.code}))
            found[built.code] = built
        return found

    def by_owner(
        self, table: str, key: str, build: Callable[[Row], tuple[str, object, _Built]]
    ) -> dict[str, tuple[_Built, ...]]:
        """Return what the rows of a table tell by owner; ``build`` gives the owner, the value of ``key``, what is told.

        Each value of the key stands once with an owner.
        """
        found: dict[str, dict[object, _Built]] = {}
        for row, (owner, name, built) in self.read(table, lambda row: (row, build(row))):
            own = found.setdefault(owner, {})
            if name in own:
                said = {"field": f"{table}.{key}", "value": f"{owner} {name}".strip()}
                self.problems.append(Problem(row.number, "code_twice", said))
            own[name] = built
        return {owner: tuple(each.values()) for owner, each in found.items()}

    def setting(self, key: str, default: int) -> int:
        """Return a whole number from 1 to 99 of the table of settings."""
        given = dict(self.read("settings", lambda row: (row.known("key", (key,)), row.whole("value", default, 1, 99))))
        return given.get(key, default)
