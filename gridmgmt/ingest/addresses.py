"""Addresses from a table, with coordinates or without, or from a vector file of points."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import numpy as np
import shapely

from gridmgmt.crs import Datum, Extent
from gridmgmt.errors import InputError
from gridmgmt.ingest.columns import coordinate_columns, find_column
from gridmgmt.ingest.files import Rows
from gridmgmt.ingest.geometry import reviewed_points
from gridmgmt.ingest.intake import Intake, Mask, Objects, Review
from gridmgmt.ingest.points import read_rows
from gridmgmt.ingest.stated_areas import stated_columns
from gridmgmt.ingest.values import blank, texts

Former = tuple[str, date | None, date | None]

PERSONAL = re.compile(
    r"姓名|联系人|户主|业主|住户|电话|手机|身份证|证件号|微信|邮箱"
    r"|(?<![a-z])(?:phone|mobile|tel|telephone|contact|resident_name|owner|id_card|email)(?![a-z])",
    re.IGNORECASE,
)
"""Names of columns that hold personal data, which no gazetteer needs."""

_ROLES = ("code", "kind", "name", "address", "aliases", "former_names")
_CANDIDATES: Mapping[str, tuple[str, ...]] = {
    "code": ("code", "address_code", "编码", "代码", "地址编码"),
    "kind": ("kind", "类别", "地址类型", "类型"),
    "name": ("name", "名称", "地名", "标准名称"),
    "address": ("address", "full_address", "地址", "详细地址", "标准地址"),
    "aliases": ("aliases", "alias", "别名", "俗称"),
    "former_names": ("former_names", "former_name", "曾用名", "历史名称", "原名"),
}
_LONGEST = 200
"""Characters of a name or an address; what is longer is none."""
_SEVERAL = re.compile(r"[;；、|]")
_DATED = re.compile(r"(?P<name>.+?)[(（](?P<begins>[\d-]*)\s*[/至~—]\s*(?P<ends>[\d-]*)[)）]")


def read_addresses(
    path: Path,
    *,
    kinds: Mapping[str, str],
    datum: Datum | None = None,
    columns: Mapping[str, str] | None = None,
    extent: Extent | None = None,
    encoding: str | None = None,
    layer: str | None = None,
) -> Intake:
    """Return addresses: ``row code kind name address aliases former``, geometry POINT in WGS 84, or None for no place.

    ``columns`` names the columns of ``lon lat code kind name address aliases former_names`` where they are not to be
    found by name. Several names in one cell stand apart by ``;``, ``、`` or ``|``; a former one may tell its days:
    ``老街 (1990-01-01/2005-06-30)``, a year alone being its first day, either side blank where it is not known. A table
    without coordinate columns has no places; one that has them may leave both cells of a row blank.

    Parameters
    ----------
    kinds
        Each name of a kind that may stand in the file, in lower case, and the kind it means.

    Raises
    ------
    InputError, FileRefusedError, CrsError
        When the file as a whole cannot be used; ``personal_data_column`` where a column's name tells of persons.
    """
    given = dict(columns or {})
    rows = read_rows(path, encoding=encoding, layer=layer)
    refuse_personal(rows.columns)
    review = Review(rows.row, rows.problems)
    used = {role: _column(rows, role, given.get(role)) for role in _ROLES}
    if used["name"] is None and used["address"] is None:
        known = ", ".join((*_CANDIDATES["name"], *_CANDIDATES["address"]))
        raise InputError("column_missing", field="address", known=known, found=", ".join(rows.columns))
    cells = {role: _cells(rows, column) for role, column in used.items()}
    for role, column in used.items():
        review.refuse(_too_long(cells[role]), "address_too_long", field=column, maximum=_LONGEST)
    review.refuse(
        blank(cells["name"]) & blank(cells["address"]), "value_missing", field=used["address"] or used["name"]
    )
    unnamed = blank(cells["name"]) & ~(blank(cells["aliases"]) & blank(cells["former_names"]))
    review.refuse(unnamed, "other_name_without_name")
    found = {
        "code": cells["code"],
        "kind": _kinds(review, cells["kind"], used["kind"], kinds),
        "name": cells["name"],
        "address": cells["address"],
        "aliases": _lists(list(_several(cell)) for cell in cells["aliases"]),
        "former": _former(review, cells["former_names"], used["former_names"]),
    }
    places = _places(rows, review, datum=datum, given=given, extent=extent)
    return review.intake(
        found, places, file_sha256=rows.file_sha256, crs_declared=rows.crs_declared,
        details={"columns": used, "without_place": int(shapely.is_missing(places[review.good]).sum())},
        stated_areas=stated_columns(rows.columns, given),
    )  # fmt: skip


def refuse_personal(columns: Iterable[str]) -> None:
    """Refuse a file with a column whose name tells of persons.

    Raises
    ------
    InputError
        ``personal_data_column`` with the column's name.
    """
    for name in columns:
        if PERSONAL.search(name):
            raise InputError("personal_data_column", field=name)


def _too_long(cells: Objects) -> Mask:
    """Tell which cells hold a text, or one of several, that is longer than any address."""
    return np.array([max(map(len, _SEVERAL.split(cell or ""))) > _LONGEST for cell in cells], dtype=bool)


def _column(rows: Rows, role: str, given: str | None) -> str | None:
    if given is not None:
        return find_column(rows.columns, role, given)
    folded = {name.casefold(): name for name in reversed(list(rows.columns))}
    return next((folded[candidate] for candidate in _CANDIDATES[role] if candidate in folded), None)


def _cells(rows: Rows, column: str | None) -> Objects:
    return np.full(len(rows.row), None, dtype=object) if column is None else texts(rows.columns[column])


def _kinds(review: Review, cells: Objects, column: str | None, kinds: Mapping[str, str]) -> Objects:
    found = np.array([None if cell is None else kinds.get(cell.casefold()) for cell in cells], dtype=object)
    unknown = blank(found) & ~blank(cells)
    review.refuse(unknown, "value_unknown", field=column, value=cells, known=", ".join(dict.fromkeys(kinds.values())))
    return found


def _several(cell: str | None) -> Iterable[str]:
    return (part.strip() for part in _SEVERAL.split(cell or "") if part.strip())


def _former(review: Review, cells: Objects, column: str | None) -> Objects:
    """Return for each row its former names with their days, refusing days that are none."""
    found: list[list[Former]] = []
    bad = np.zeros(len(cells), dtype=bool)
    for i, cell in enumerate(cells):
        try:
            found.append([_dated(part) for part in _several(cell)])
        except ValueError:
            found.append([])
            bad[i] = True
    review.refuse(bad, "date_malformed", field=column, value=cells)
    return _lists(found)


def _dated(part: str) -> Former:
    if match := _DATED.fullmatch(part):
        begins, ends = _day(match["begins"]), _day(match["ends"])
        if begins is not None and ends is not None and ends <= begins:
            raise ValueError(part)
        return match["name"].strip(), begins, ends
    return part, None, None


def _day(text: str) -> date | None:
    if not text:
        return None
    return date.fromisoformat(f"{text}-01-01" if text.isdigit() else text)


def _lists(values: Iterable[object]) -> Objects:
    listed = list(values)
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array


def _places(
    rows: Rows, review: Review, *, datum: Datum | None, given: Mapping[str, str], extent: Extent | None
) -> Objects:
    """Return points in WGS 84, None where the row gives none."""
    lon, lat = given.get("lon"), given.get("lat")
    if rows.geometry is not None:
        return reviewed_points(rows, review, datum=datum, extent=extent)
    places = np.full(len(rows.row), None, dtype=object)
    try:
        names = coordinate_columns(rows.columns, lon, lat, datum)
    except InputError as error:
        if error.code != "column_missing" or lon or lat:
            raise
        return places
    unplaced = np.logical_and.reduce([blank(texts(rows.columns[name])) for name in names])
    some = ~unplaced
    part = Review(rows.row[some])
    part.good &= review.good[some]
    places[some] = reviewed_points(rows.where(some), part, datum=datum, lon=names[0], lat=names[1], extent=extent)
    review.problems += part.problems
    review.good[some] &= part.good
    return places
