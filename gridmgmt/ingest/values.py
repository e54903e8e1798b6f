"""Cells into text, numbers, moments and attributes; all over whole columns."""

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridmgmt.ingest.intake import Mask, Objects

_MOMENT_FORMATS = ("ISO8601", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%m/%d/%Y %I:%M:%S %p", "%Y年%m月%d日", "%Y/%m/%d")
_DATE = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d\d)(\d\d))(?:[T ]00:00:00)?", re.ASCII)
_YEAR_FIRST = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T ]*(\d{1,2})[:时](\d{1,2})(?:[:分](?:(\d{1,2}(?:\.\d+)?)秒?)?)?)? *(Z|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
_CELLS_TRIED = 200
_EARLIEST, _LATEST = pd.Timestamp(1700, 1, 1, tz="UTC"), pd.Timestamp(2200, 1, 1, tz="UTC")
"""Beyond what 64 bits of nanoseconds hold, and of any case."""
_UNSEEN = "\u200b\u200e\u200f\u202a\u202c\u202d\u2060\ufeff"
"""What web pages and chat programs leave around a copied text and nobody sees."""
_HALF_WIDTH = str.maketrans("０１２３４５６７８９．，－＋：／％\u3000", "0123456789.,-+:/% ")
_NUMBER_OR_DAY = re.compile(r"[0-9０-９．，－＋：／.,\-+:/\s年月日时分秒]+")
_PROTECTED = re.compile(r'="(.*)"')
"""How spreadsheets are kept from taking a code for a number."""
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?", re.ASCII)


def text_of(value: object) -> str | None:  # noqa: PLR0911  one return per type of cell
    """Return a cell as trimmed text, None for a blank one; whole numbers lose their ``.0``.

    A cell of nothing but a number, a day or a time has them in ASCII; names keep their full-width digits.

    >>> text_of(310113109.0), text_of("  "), text_of(-3076268), text_of(True)
    ('310113109', None, '-3076268', 'true')
    >>> text_of("３１０１１３"), text_of("１号楼"), text_of('="0012"')
    ('310113', '１号楼', '0012')
    """
    match value:
        case None:
            return None
        case str():
            return _plain(value.strip()) or None
        case bool() | np.bool_():
            return "true" if value else "false"
        case float() | np.floating():
            number = float(value)
            if math.isnan(number):
                return None
            return str(int(number)) if number.is_integer() else repr(number)
        case datetime() | date():
            return value.isoformat()
        case _:
            return str(value)


def _plain(cell: str) -> str:
    if cell.isascii():
        protected = _PROTECTED.fullmatch(cell) if cell.startswith("=") else None
        return protected[1].strip() if protected else cell
    seen = cell.strip(_UNSEEN).strip()
    return seen.translate(_HALF_WIDTH).strip() if _NUMBER_OR_DAY.fullmatch(seen) else seen


def texts(values: Objects) -> Objects:
    """Return a column as text, see :func:`text_of`."""
    array = np.empty(len(values), dtype=object)
    array[:] = [text_of(value) for value in values]
    return array


def blank(values: Objects) -> Mask:
    """Tell which cells of a text column are blank."""
    return np.array([value is None for value in values], dtype=bool)


def numbers(values: Objects) -> tuple[NDArray[np.float64], Mask]:
    """Return a text column as float64 (NaN where there is none) and a mask of cells that hold no finite number."""
    parsed = pd.to_numeric(pd.Series(values, dtype=object), errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    malformed = ~np.isfinite(parsed) & ~blank(values)
    return np.where(np.isfinite(parsed), parsed, np.nan), malformed


def quantities(values: Objects) -> tuple[NDArray[np.float64], Mask]:
    """Return what :func:`numbers` does, also of numbers whose thousands are parted by commas (``12,345.5``).

    Only where no comma of the column can be a decimal one: ``0,5`` or ``12,34`` leave all of them malformed.
    """
    found, malformed = numbers(values)
    parted = np.array([bad and "," in cell for bad, cell in zip(malformed, values, strict=True)], dtype=bool)
    if parted.any() and all(_GROUPED.fullmatch(cell) for cell in values[parted]):
        found[parted] = [float(cell.replace(",", "")) for cell in values[parted]]
        malformed = malformed & ~parted
    return found, malformed


def each(function: Callable[[str], object], values: Objects) -> Objects:
    """Return what a function makes of each cell of a text column, None for blank ones."""
    array = np.empty(len(values), dtype=object)
    array[:] = [None if value is None else function(value) for value in values]
    return array


def dates(values: Objects) -> tuple[Objects, Mask]:
    """Return a text column as dates (None where there is none) and a mask of malformed cells.

    Year, month and day, parted by ``- / .`` or 年月日 or, with two digits each, by nothing; what a spreadsheet adds for
    midnight is passed over.
    """
    found = each(_date, values)
    return found, blank(found) & ~blank(values)


def moments(values: Objects, zone: ZoneInfo, layout: str | None = None) -> tuple["pd.Series[pd.Timestamp]", Mask]:
    """Return a text column as UTC moments (NaT where there is none) and a mask of malformed cells.

    Times without an offset are local to the zone; of an hour that occurs twice the first is meant, and a time
    that a clock change skips moves on to its end. Without a layout the one counts that reads most of the first filled
    cells; what it does not read may still begin with the year, in which no two orders can be taken for each other.
    """
    filled = ~blank(values)
    first = values[filled][:_CELLS_TRIED]
    best = layout or max(_MOMENT_FORMATS, key=lambda each: int(_parsed(first, each, zone).notna().sum()))
    parsed = _parsed(values, best, zone)
    unread = filled & parsed.isna().to_numpy()
    if layout is None and unread.any():
        others = np.full(len(values), None, dtype=object)
        others[unread] = each(_year_first, values[unread])
        parsed = parsed.fillna(_parsed(others, "ISO8601", zone))
    return parsed, filled & parsed.isna().to_numpy()


def _year_first(cell: str) -> str | None:
    """Return a moment that begins with the year as ISO 8601 has it, None for others."""
    if (found := _YEAR_FIRST.fullmatch(cell)) is None:
        return None
    year, month, day, hour, minute, second, offset = found.groups()
    clock = f"{int(hour or 0):02}:{int(minute or 0):02}:{float(second or 0):09.6f}"
    return f"{year}-{int(month):02}-{int(day):02}T{clock}{offset or ''}"


def _date(cell: str) -> date | None:
    found = _DATE.fullmatch(cell)
    try:
        return date(*(int(part) for part in found.groups() if part)) if found else None
    except ValueError:
        return None


def _parsed(values: Objects, layout: str, zone: ZoneInfo) -> "pd.Series[pd.Timestamp]":
    """Return the cells that one layout reads, as UTC."""
    column = pd.Series(values, dtype=object)
    with_offset = column.astype("string").str.contains(r"(?:Z|[+-]\d\d:?\d\d)$", na=False)
    aware = pd.to_datetime(column.where(with_offset), format=layout, errors="coerce", utc=True)
    naive = pd.to_datetime(column.where(~with_offset), format=layout, errors="coerce")
    local = naive.dt.tz_localize(zone, ambiguous=np.ones(len(naive), dtype=bool), nonexistent="shift_forward")
    moments = aware.fillna(local.dt.tz_convert("UTC"))
    return moments.where(moments.between(_EARLIEST, _LATEST)).astype("datetime64[ns, UTC]")


def attributes(columns: Mapping[str, Objects], leave_out: Collection[str | None]) -> Objects:
    """Return for each row a dict of its other filled scalar cells, ready for JSON."""
    kept = {name: values for name, values in columns.items() if name not in leave_out}
    count = len(next(iter(columns.values()), ()))
    rows: list[dict[str, object]] = [{} for _ in range(count)]
    for name, values in kept.items():
        for row, value in zip(rows, values, strict=True):
            if (scalar := _scalar(value)) is not None:
                row[name] = scalar
    array = np.empty(count, dtype=object)
    array[:] = rows
    return array


def duplicates(values: Objects) -> tuple[Mask, Sequence[Sequence[int]]]:
    """Return which text cells occur more than once, and for each cell the indices of all that equal it."""
    groups: dict[str, list[int]] = {}
    for i, value in enumerate(values):
        if value is not None:
            groups.setdefault(value, []).append(i)
    together = [groups.get(value, [i]) if value is not None else [i] for i, value in enumerate(values)]
    return np.array([len(group) > 1 for group in together], dtype=bool), together


def _scalar(value: object) -> str | int | float | bool | None:
    """Return a cell as a JSON scalar; None for blanks, nested values and numbers that JSON cannot hold."""
    plain = value.item() if isinstance(value, np.generic) else value
    match plain:
        case bool() | int():
            return plain
        case float():
            return plain if math.isfinite(plain) else None
        case str():
            trimmed = plain.strip()
            return None if not trimmed or trimmed[0] in "[{" else trimmed
        case datetime() | date():
            return plain.isoformat()
        case _:
            return None
