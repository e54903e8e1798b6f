"""CSV and XLSX into rows with their line numbers."""

import csv
import gzip
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any, TextIO
from zipfile import BadZipFile

import numpy as np
import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from gridmgmt.errors import FileRefusedError, InputError, Problem
from gridmgmt.ingest.encodings import encoding_beside_utf8, undecodable
from gridmgmt.ingest.files import TABLE_SUFFIXES, Rows, check_file, check_width, digest
from gridmgmt.ingest.intake import Objects
from gridmgmt.ingest.values import text_of

Select = Callable[[Sequence[str]], Collection[str]]
Line = tuple[int, Sequence[object]]

_XLSX_FAULTS = (
    BadZipFile, InvalidFileException, KeyError, ValueError, IndexError, TypeError, OverflowError, SyntaxError,
)  # fmt: skip
"""What openpyxl raises for files that are none; the last is that of malformed XML."""
_MAX_XLSX_ROWS = 1_048_576
"""As many as a sheet can have; one may claim more, and each that is left out is read as a blank one."""
_DELIMITERS = (",", ";", "\t")
_MOST_TITLES = 5
"""Lines above the header that are looked at."""
_TABLE_CELLS = 2
"""A line of a table has as many filled cells at least; one of a title or a note has one."""


def read_table(
    path: Path, *, encoding: str | None = None, layer: str | None = None, select: Select | None = None
) -> Rows:
    """Return the rows of a CSV (also ``.gz``) or XLSX file as text; blank cells are None, blank rows are passed over.

    A row's number is the line it begins on, the header being line 1 of a CSV. Lines of one cell above the header are
    its title. Without an encoding, strict UTF-8, the mark of UTF-16, and then strict GB 18030 (which holds GBK) are
    tried; a file with lines of both is refused. ``layer`` names the sheet of a workbook that has several with tables.
    ``select`` names the columns to keep, from the header.

    Raises
    ------
    FileRefusedError
        When the file cannot be decoded (with the line) or parsed, holds no row, or several sheets with tables.
    InputError
        When the encoding or the sheet is unknown.
    """
    suffix = check_file(path, TABLE_SUFFIXES)
    if suffix == ".xlsx":
        return _rows(path, _one_header(_xlsx_lines(path, _only_sheet(path, layer))), select)
    try:
        return _read_csv(path, encoding or "utf-8-sig", select)
    except UnicodeError as error:
        if encoding is not None:
            raise undecodable(path, encoding) from error
    except LookupError as error:
        raise InputError("encoding_unknown", encoding=encoding) from error
    return _read_csv(path, encoding_beside_utf8(path), select)


def read_sheets(path: Path) -> dict[str, Rows]:
    """Return the rows of each sheet of an XLSX file by the sheet's name; a sheet may have a header alone.

    Raises
    ------
    FileRefusedError
        When the file or a sheet cannot be read.
    """
    check_file(path, (".xlsx",))
    sheets = {}
    for name in _sheet_names(path):
        header, *lines = [*_xlsx_lines(path, name)] or [(1, ())]
        if lines:
            sheets[name] = _rows(path, iter([header, *lines]), None)
        elif columns := [cell for cell in map(text_of, header[1]) if cell is not None]:
            blank = dict.fromkeys(columns, _objects([]))
            sheets[name] = Rows(np.array([], dtype=np.int64), blank, None, None, digest([path]))
    return sheets


def _read_csv(path: Path, encoding: str, select: Select | None) -> Rows:
    with _open_text(path, encoding) as stream:
        return _rows(path, _below_titles(_csv_lines(path, stream)), select)


def _open_text(path: Path, encoding: str) -> TextIO:
    """Open a plain or gzipped text file without touching its line ends."""
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding=encoding, newline="")
    return path.open(encoding=encoding, newline="")


def _csv_lines(path: Path, stream: TextIO) -> Iterator[Line]:
    """Yield each record with the line it begins on; blank lines are passed over."""
    header = stream.readline()
    stream.seek(0)
    reader = csv.reader(stream, delimiter=max(_DELIMITERS, key=header.count), strict=True)
    begins = 1
    try:
        for record in reader:
            if any(map(_filled, record)):
                yield begins, record
            begins = reader.line_num + 1
    except csv.Error as error:
        raise FileRefusedError("table_malformed", file=path.name, line=begins, detail=str(error)) from error


def _open_book(path: Path) -> "closing[Any]":  # Any: openpyxl has no types
    try:
        return closing(openpyxl.load_workbook(path, read_only=True, data_only=True))
    except _XLSX_FAULTS as error:
        raise FileRefusedError("file_unreadable", file=path.name, detail=str(error)) from error


def _sheet_names(path: Path) -> list[str]:
    with _open_book(path) as book:
        return [sheet.title for sheet in book.worksheets]


def _only_sheet(path: Path, name: str | None) -> str:
    """Return the sheet to read: the named one, else the only one in sight with a table."""
    with _open_book(path) as book:
        names: list[str] = [sheet.title for sheet in book.worksheets]
        shown: list[str] = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"] or names
    if name is not None and name not in names:
        raise InputError("file_layer_unknown", layer=name, found=", ".join(names))
    if name is not None or len(shown) <= 1:
        return name or "".join(shown)
    tables = [sheet for sheet in shown if _holds_table(path, sheet)]
    if len(tables) > 1:
        raise FileRefusedError("file_sheets_several", file=path.name, found=", ".join(tables))
    return (tables or shown)[0]


def _holds_table(path: Path, sheet: str) -> bool:
    """Tell whether a sheet has a header and a row."""
    lines = (line for line, cells in _xlsx_lines(path, sheet) if sum(map(_filled, cells)) >= _TABLE_CELLS)
    return next(lines, None) is not None and next(lines, None) is not None


def _filled(cell: object) -> bool:
    return cell is not None and not (isinstance(cell, str) and not cell.strip())


def _xlsx_lines(path: Path, name: str | None = None) -> Iterator[Line]:
    """Yield each row that is not blank of a sheet, of the first one without a name."""
    with _open_book(path) as book:
        sheets = [sheet for sheet in book.worksheets if name in (None, sheet.title)]
        rows = sheets[0].iter_rows(values_only=True, max_row=_MAX_XLSX_ROWS) if sheets else ()
        for number, record in enumerate(_read_xlsx(path, iter(rows)), start=1):
            if any(map(_filled, record)):
                yield number, record


def _read_xlsx(path: Path, rows: Iterator[Sequence[object]]) -> Iterator[Sequence[object]]:
    """Yield the rows of a sheet; what is wrong in one is found as it is reached."""
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except _XLSX_FAULTS as error:
            raise FileRefusedError("file_unreadable", file=path.name, detail=str(error)) from error
        yield row


def _below_titles(lines: Iterator[Line]) -> Iterator[Line]:
    """Yield the lines from the header on: the first of several words, where all above it have one cell filled."""
    above: list[Line] = []
    for number, cells in lines:
        above.append((number, cells))
        if sum(map(_filled, cells)) > 1:
            alike = all(len(title) == len(cells) for _, title in above)
            return chain(above[-1:] if alike and _are_words(cells) else above, lines)
        if len(above) > _MOST_TITLES:
            break
    return chain(above, lines)


def _one_header(lines: Iterator[Line]) -> Iterator[Line]:
    """Yield the lines of a sheet with a header of two lines as one, where its upper cells are merged ones.

    The lower line holds words under what the upper leaves blank, and nothing under some of its other cells, which
    reach down. A column has its lower name, else its upper one.
    """
    lines = _below_titles(lines)
    upper, lower = next(lines, None), next(lines, None)
    if upper is None or lower is None:
        return chain([upper] if upper else [], lines)
    pairs = [(_filled(above), _filled(below)) for above, below in zip(upper[1], lower[1], strict=False)]
    if len(upper[1]) == len(lower[1]) and {(False, True), (True, False)} <= {*pairs} and _are_words(lower[1]):
        names = [below if _filled(below) else above for above, below in zip(upper[1], lower[1], strict=True)]
        return chain([(lower[0], names)], lines)
    return chain([upper, lower], lines)


def _are_words(cells: Sequence[object]) -> bool:
    """Tell whether no filled cell is a number or a time."""
    return all(isinstance(cell, str) and not _is_number(cell) for cell in cells if _filled(cell))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _rows(path: Path, lines: Iterator[Line], select: Select | None) -> Rows:
    """Return the records as columns; a record with more or fewer cells than the header is a problem."""
    _, header_cells = next(lines, (0, ()))
    header = [text_of(cell) or "" for cell in header_cells]
    if not any(header):
        raise FileRefusedError("file_empty", file=path.name)
    check_width(path, len(header))
    if twice := sorted(name for name, count in Counter(header).items() if name and count > 1):
        raise FileRefusedError("columns_repeated", file=path.name, columns=", ".join(twice))
    wanted = set(header if select is None else select(header)) - {""}
    kept = [(i, name) for i, name in enumerate(header) if name in wanted]
    numbers: list[int] = []
    cells: list[list[str | None]] = [[] for _ in kept]
    problems: list[Problem] = []
    seen: dict[str | None, str | None] = {}  # one object per distinct text keeps large files small
    for number, record in lines:
        if len(record) != len(header):
            problems.append(Problem(number, "row_ragged", {"found": len(record), "expected": len(header)}))
            continue
        found = [text_of(record[i]) for i, _ in kept]
        if any("\0" in value for value in found if value is not None):
            problems.append(Problem(number, "row_with_nul", {}))
            continue
        numbers.append(number)
        for column, value in zip(cells, found, strict=True):
            column.append(seen.setdefault(value, value))
    if not numbers and not problems:
        raise FileRefusedError("file_empty", file=path.name)
    columns = {name: _objects(column) for (_, name), column in zip(kept, cells, strict=True)}
    return Rows(np.array(numbers, dtype=np.int64), columns, None, None, digest([path]), problems)


def _objects(values: Sequence[str | None]) -> Objects:
    """Return an object array of one dimension."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
