"""The only place where statements become tables in memory and tables become rows: by COPY, both ways."""

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from itertools import islice
from typing import TYPE_CHECKING, Any, LiteralString, TypeGuard, cast

import numpy as np
import pyarrow as pa
import pyarrow.csv
import shapely
from geoalchemy2 import Geometry, WKBElement
from numpy.typing import ArrayLike, NDArray
from psycopg import Connection, sql
from psycopg.types.json import Jsonb
from sqlalchemy import ColumnElement, Double, Float, Integer, Label, Select, String, func, make_url
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeEngine

from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session

if TYPE_CHECKING:
    import geopandas as gpd

    from gridmgmt.analysis.placing import Surfaces

_DIALECT = make_url("postgresql+psycopg://").get_dialect()()
_ROWS_PER_WRITE = 10_000

rows_copied: ContextVar[Callable[[int], object] | None] = ContextVar("rows_copied", default=None)
"""Who wants to hear how many more rows the database has taken; nobody, unless set."""


def _driver_connection(session: Session) -> Connection[tuple[object, ...]]:
    return cast("Connection[tuple[object, ...]]", session.connection().connection.driver_connection)


def lonlat(column: InstrumentedAttribute[WKBElement]) -> tuple[Label[float], Label[float]]:
    """Return a point column as two, ``lon`` and ``lat`` in degrees."""
    return func.ST_X(column, type_=Double).label("lon"), func.ST_Y(column, type_=Double).label("lat")


def compiled_text(statement: Select[*tuple[Any, ...]]) -> tuple[str, Mapping[str, Any]]:
    """Return a statement as SQL for the driver, and the values that it is bound to."""
    compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    return str(compiled), compiled.params


def read_table(session: Session, statement: Select[*tuple[Any, ...]]) -> pa.Table:
    """Return the rows of a statement as an Arrow table, through COPY.

    Geometries arrive as hexadecimal WKB (see :func:`geometries`), NULL as null, booleans as ``t`` and ``f``.
    """
    sql, parameters = compiled_text(statement)
    buffer = io.BytesIO()
    with _driver_connection(session).cursor() as cursor:
        copy_statement = f"COPY ({sql}) TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE *)"
        with cursor.copy(copy_statement.encode(), parameters) as copy:
            for block in copy:
                buffer.write(block)
    buffer.seek(0)
    convert = pyarrow.csv.ConvertOptions(
        column_types=_column_types(statement),
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        null_values=[""],
    )
    parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
    return pyarrow.csv.read_csv(buffer, parse_options=parse, convert_options=convert)


def read_numbers(session: Session, statement: Select[*tuple[Any, ...]]) -> pa.Table:
    """Return the rows of a statement of numbers alone as an Arrow table, in the statement's order.

    The database packs each column into one value, so that no row is an object here: three times as fast as COPY, with
    no text in between. A column of integers must have no NULL; of others NULL, as NaN, becomes null.
    """
    kinds = _kinds(statement.selected_columns)
    return _table(_read_packed(session, statement, [_packed(name, kind) for name, kind in kinds.items()]), kinds)


def read_numbers_and_text(
    session: Session, statement: Select[*tuple[Any, ...]], text: str
) -> tuple[pa.Table, pa.StringArray]:
    """Return the rows of a statement of numbers and one text: the numbers as :func:`read_numbers`, and the texts.

    No text may be NULL.
    """
    kinds = _kinds(column for column in statement.selected_columns if column.name != text)
    aggregates = [_packed(name, kind) for name, kind in kinds.items()]
    aggregates += [_aggregate(each, text) for each in ("int8send(octet_length({}))", "convert_to({}, 'UTF8')")]
    packed = _read_packed(session, statement, aggregates)
    table = _table(islice(packed, len(kinds)), kinds)
    sizes, letters = packed
    ends = np.cumsum(np.frombuffer(sizes, ">i8"))
    begins = np.concatenate([[0], ends]).astype(np.int32)
    return table, pa.StringArray.from_buffers(len(ends), pa.py_buffer(begins), pa.py_buffer(letters))


def read_lines(
    session: Session, statement: Select[*tuple[Any, ...]], geometry: str = "geom"
) -> tuple[pa.Table, NDArray[np.float64], NDArray[np.int64]]:
    """Return the rows of a statement of numbers and LineStrings: the numbers as :func:`read_numbers`, and the lines.

    These are vertices ``(k, 2)`` and offsets ``(n + 1,)``: line ``i`` is ``vertices[offsets[i]:offsets[i + 1]]``.
    """
    kinds = _kinds(column for column in statement.selected_columns if column.name != geometry)
    # Little-endian EWKB: the order of bytes, kind, SRID and number of points take 13 bytes, each point 16.
    of_lines = ("int8send((octet_length({}) - 13) / 16)", "substring({} FROM 14)")
    aggregates = [_packed(name, kind) for name, kind in kinds.items()]
    aggregates += [_aggregate(each, geometry) for each in of_lines]
    packed = _read_packed(session, statement, aggregates)
    table = _table(islice(packed, len(kinds)), kinds)
    counts, coordinates = packed
    offsets = np.concatenate([[0], np.cumsum(np.frombuffer(counts, ">i8"))]).astype(np.int64)
    return table, np.frombuffer(coordinates, "<f8").astype(np.float64).reshape(-1, 2), offsets


def _kinds(columns: Iterable[ColumnElement[Any]]) -> dict[str, str]:
    return {str(c.key): "i8" if isinstance(c.type, Integer) else "f8" for c in columns}


def _read_packed(
    session: Session, statement: Select[*tuple[Any, ...]], aggregates: Sequence[sql.Composed]
) -> Iterator[bytes]:
    """Yield one value for each of these aggregates over the rows of a statement, no two held at once."""
    text, parameters = compiled_text(statement)
    names = [sql.Identifier(f"value_{index}") for index in range(len(aggregates))]
    query = sql.SQL(
        "SELECT value FROM (SELECT {} FROM ({}) AS rows) AS packed, LATERAL (VALUES {}) AS one (value)"
    ).format(
        sql.SQL(", ").join(sql.SQL("{} AS {}").format(*each) for each in zip(aggregates, names, strict=True)),
        sql.SQL(text),
        sql.SQL(", ").join(sql.SQL("({})").format(name) for name in names),
    )
    with _driver_connection(session).cursor() as cursor:
        for row in cursor.stream(query, parameters, binary=True):
            yield cast("bytes | None", row[0]) or b""


def _table(packed: Iterable[bytes], kinds: Mapping[str, str]) -> pa.Table:
    """Return packed columns as a table."""
    columns = zip(kinds.items(), packed, strict=True)
    return pa.table(
        {name: pa.array(np.frombuffer(one, f">{kind}").astype(kind), from_pandas=True) for (name, kind), one in columns}
    )


def _packed(name: str, kind: str) -> sql.Composed:
    if kind == "i8":
        return _aggregate("int8send({}::int8)", name)
    return _aggregate("float8send(coalesce({}, 'NaN')::float8)", name)


def _aggregate(sent: LiteralString, column: str) -> sql.Composed:
    return sql.SQL("string_agg({}, ''::bytea)").format(sql.SQL(sent).format(sql.Identifier(column)))


def _column_types(statement: Select[*tuple[Any, ...]]) -> dict[str, pa.DataType]:
    """Return the Arrow type of each column whose SQL type is known; a code of digits must stay a text."""
    known: tuple[tuple[type[TypeEngine[Any]], pa.DataType], ...] = (
        (Integer, pa.int64()),
        (Float, pa.float64()),
        (String, pa.string()),
        (Geometry, pa.string()),
    )
    return {
        column.name: arrow
        for column in statement.selected_columns
        for sql_type, arrow in known
        if isinstance(column.type, sql_type)
    }


def geometries(column: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Return shapely geometries for a column of hexadecimal WKB, as COPY writes ``bytea``."""
    texts = [value.removeprefix("\\x") for value in column.to_pylist()]
    return cast("np.ndarray[tuple[int], np.dtype[np.object_]]", shapely.from_wkb(np.array(texts, dtype=object)))


def read_surfaces(session: Session, statement: Select[str, WKBElement]) -> "tuple[list[str], Surfaces]":
    """Return the texts of a statement's first column, and the rings of its second: polygons or multipolygons."""
    from gridmgmt.analysis.binary import copied_fields, surfaces_of_ewkb  # noqa: PLC0415 -- compiles for seconds

    sql, parameters = compiled_text(statement)
    copy_statement = f"COPY ({sql}) TO STDOUT (FORMAT binary)"
    with _driver_connection(session).cursor() as cursor, cursor.copy(copy_statement.encode(), parameters) as copy:
        content = b"".join(copy)
    array = np.frombuffer(content, dtype=np.uint8)
    begins, sizes = copied_fields(array, 2)
    names = zip(begins[:, 0].tolist(), sizes[:, 0].tolist(), strict=True)
    texts = [content[begin : begin + size].decode() for begin, size in names]
    return texts, surfaces_of_ewkb(array, np.ascontiguousarray(begins[:, 1]))


def read_frame(session: Session, statement: Select[*tuple[Any, ...]], geometry: str = "geom") -> "gpd.GeoDataFrame":
    """Return the rows of a statement as a GeoDataFrame in the storage CRS, by the geometry column's name."""
    import geopandas as gpd  # noqa: PLC0415 -- takes seconds, and web processes rarely need frames

    table = read_table(session, statement)
    frame = table.drop_columns([geometry]).to_pandas()
    return gpd.GeoDataFrame(frame, geometry=geometries(table[geometry]), crs=STORAGE_SRID)


def _copy_text(value: object) -> object:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, shapely.Geometry):
        return shapely.to_wkb(shapely.set_srid(value, STORAGE_SRID), hex=True, include_srid=True)
    if isinstance(value, Mapping):
        return Jsonb(value)
    # NaN and NaT, the missing values of floats and times, alone differ from themselves.
    return None if value != value else value  # noqa: PLR0124 -- that is the test


def copy_rows(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write rows to a table by COPY and return how many; NaN becomes NULL, shapely geometries EWKB, mappings JSON."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    written = 0
    with _driver_connection(session).cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([_copy_text(value) for value in row])
            written += 1
            if written % _ROWS_PER_WRITE == 0:
                _tell_copied(_ROWS_PER_WRITE)
    _tell_copied(written % _ROWS_PER_WRITE)
    return written


def _tell_copied(rows: int) -> None:
    if (listener := rows_copied.get()) is not None:
        listener(rows)


def copy_columns(session: Session, table: str, columns: Mapping[str, object]) -> int:
    """Write whole columns (arrays of one length, or scalars) to a table by COPY and return how many rows.

    Columns of geometries are arrays of shapely objects, of JSON sequences of mappings. NaN and None become NULL.
    """
    length = next(len(value) for value in columns.values() if _is_column(value))
    names = list(columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with _driver_connection(session).cursor() as cursor, cursor.copy(statement) as copy:
        for start in range(0, length, _ROWS_PER_WRITE):
            stop = min(start + _ROWS_PER_WRITE, length)
            block = {name: _arrow(value, start, stop) for name, value in columns.items()}
            copy.write(_csv(pa.table(block)))
            _tell_copied(stop - start)
    return length


def copy_numbers(session: Session, table: str, columns: Mapping[str, tuple[str, ArrayLike]]) -> int:
    """Write whole columns of numbers to a table by binary COPY and return how many rows; no number becomes a text.

    Rows with the same columns missing are written together, so the table's order is not that of the columns.

    Parameters
    ----------
    columns
        By name the type (``i2``, ``i4``, ``i8``, ``f8``, which must be the table's) and an array of one length, or a
        scalar; NaN becomes NULL, as do masked numbers.
    """
    arrays = np.broadcast_arrays(*(np.ma.getdata(values) for _, values in columns.values()))
    missing = [np.ma.getmaskarray(np.ma.asarray(values)) | _is_nan(values) for _, values in columns.values()]
    pattern = np.zeros(len(arrays[0]), dtype=np.int64)
    for index, of_column in enumerate(missing):
        pattern |= np.where(of_column, 1 << index, 0)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    types = [kind for kind, _ in columns.values()]
    with _driver_connection(session).cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
        for alike in np.unique(pattern).tolist():
            rows = np.flatnonzero(pattern == alike)
            for start in range(0, len(rows), _ROWS_PER_WRITE):
                block = rows[start : start + _ROWS_PER_WRITE]
                copy.write(_binary_rows(types, [array[block] for array in arrays], alike))
                _tell_copied(len(block))
        copy.write(b"\xff\xff")
    return len(pattern)


def _is_nan(values: ArrayLike) -> NDArray[np.bool_]:
    data = np.ma.getdata(values)
    return np.isnan(data) if data.dtype.kind == "f" else np.zeros(data.shape, dtype=np.bool_)


def _binary_rows(types: Sequence[str], columns: Sequence[NDArray[Any]], missing: int) -> bytes:
    """Return rows as binary COPY has them: the number of fields, then of each its bytes, -1 for NULL, and its value."""
    present = [index for index in range(len(types)) if not missing >> index & 1]
    fields = [("fields", ">i2"), *((f"size_{index}", ">i4") for index in range(len(types)))]
    fields += [(f"value_{index}", ">" + types[index]) for index in present]
    order = ["fields"]
    for index in range(len(types)):
        order += [f"size_{index}"] + ([f"value_{index}"] if index in present else [])
    kinds = dict(fields)
    rows = np.empty(len(columns[0]), dtype=[(name, kinds[name]) for name in order])
    rows["fields"] = len(types)
    for index in range(len(types)):
        rows[f"size_{index}"] = np.dtype(types[index]).itemsize if index in present else -1
    for index in present:
        rows[f"value_{index}"] = columns[index]
    return rows.tobytes()


def _is_column(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, np.ndarray | pa.Array | Sequence) and not isinstance(value, str)


def _arrow(value: object, start: int, stop: int) -> pa.Array:
    if not _is_column(value):
        return pa.array([value] * (stop - start))
    part = value[start:stop]
    if isinstance(part, pa.Array):
        return part
    if isinstance(part, np.ndarray) and part.dtype == object and len(part) and isinstance(part[0], shapely.Geometry):
        return pa.array(shapely.to_wkb(shapely.set_srid(part, STORAGE_SRID), hex=True, include_srid=True))
    if len(part) and isinstance(part[0], Mapping):
        return pa.array([json.dumps(item, ensure_ascii=False) for item in part])
    return pa.array(part, from_pandas=True)


def _csv(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
    pyarrow.csv.write_csv(table, sink, options)
    return sink.getvalue()
