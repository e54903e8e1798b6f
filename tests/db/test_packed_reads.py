"""Numbers and lines read packed are those that COPY gives, row by row; numbers written binary are read back."""

import numpy as np
import shapely
from sqlalchemy import Double, Integer, cast, column, func, literal, select, text
from sqlalchemy.orm import Session

from gridmgmt.frames import copy_numbers, geometries, read_lines, read_numbers, read_table
from gridmgmt.network.models import NetworkEdge


def numbers(n: int):
    series = func.generate_series(1, n).table_valued(column("i", Integer)).render_derived(name="s")
    half = func.nullif(cast(series.c.i, Double) / 2, 2.5, type_=Double)
    return select(series.c.i, half.label("half")).order_by(series.c.i.desc())


def test_numbers_come_in_the_order_of_the_statement_and_null_stays_null(session: Session) -> None:
    found = read_numbers(session, numbers(20_000))
    assert found.equals(read_table(session, numbers(20_000)))
    assert found["i"].to_pylist()[:2] == [20_000, 19_999]
    assert found["half"].null_count == 1


def test_no_rows_are_an_empty_table(session: Session) -> None:
    found = read_numbers(session, numbers(0))
    assert (found.num_rows, found.column_names) == (0, ["i", "half"])


def test_values_that_are_bound_reach_the_database(session: Session) -> None:
    statement = select(literal(7, Integer).label("seven"), literal(0.5, Double).label("half"))
    assert read_numbers(session, statement).to_pylist() == [{"seven": 7, "half": 0.5}]


def test_lines_come_as_vertices_and_offsets(session: Session) -> None:
    lines = [[(121.0, 31.0), (121.5, 31.25)], [(0.125, -5), (1, 1), (2, 3)]]
    session.execute(
        text(
            "INSERT INTO editions (subject, name, source, synthetic, datum, valid_from, content_sha256, extent)"
            " VALUES ('network', 'x', 'x', true, 'wgs84', '2026-01-01', repeat('0', 64),"
            " ST_MakeEnvelope(0, 0, 1, 1, 4326))"
        )
    )
    edition = session.scalar(text("SELECT edition_id FROM editions WHERE name = 'x'"))
    for number, line in enumerate(lines):
        session.execute(
            text(
                "INSERT INTO network_edges (edition_id, edge_id, source, target, length_m, component, highway, geom)"
                " VALUES (:edition, :id, 0, 1, :length, 0, 'path', ST_GeomFromText(:line, 4326))"
            ),
            {"edition": edition, "id": number, "length": number + 0.5, "line": shapely.LineString(line).wkt},
        )
    statement = (
        select(NetworkEdge.edge_id, NetworkEdge.length_m, NetworkEdge.geom)
        .where(NetworkEdge.edition_id == edition)
        .order_by(NetworkEdge.edge_id)
    )
    table, vertices, offsets = read_lines(session, statement)
    assert table.to_pylist() == [{"edge_id": 0, "length_m": 0.5}, {"edge_id": 1, "length_m": 1.5}]
    assert offsets.tolist() == [0, 2, 5]
    assert vertices.tolist() == [list(map(float, point)) for line in lines for point in line]
    same = shapely.get_coordinates(geometries(read_table(session, statement)["geom"]))
    assert np.array_equal(vertices, same)


def test_numbers_written_binary_are_read_back_with_their_gaps(session: Session) -> None:
    session.execute(text("CREATE TEMPORARY TABLE kept (run int8, place int8, status int2, walk float8, point int8)"))
    n = 25_000
    place = np.arange(n)
    walk = np.where(place % 3 == 0, np.nan, place / 7)
    columns = {
        "run": ("i8", 2**40), "place": ("i8", place), "status": ("i2", (place % 4).astype(np.int8)),
        "walk": ("f8", walk), "point": ("i8", np.ma.masked_array(place, mask=place % 5 == 0)),
    }  # fmt: skip
    assert copy_numbers(session, "kept", columns) == n
    rows = session.execute(text("SELECT run, place, status, walk, point FROM kept ORDER BY place")).all()
    for i in (0, 1, 3, 5, 15, 16, n - 1):
        assert rows[i] == (2**40, i, i % 4, None if i % 3 == 0 else i / 7, None if i % 5 == 0 else i)
    assert len(rows) == n
    assert sum(row.walk is None for row in rows) == np.isnan(walk).sum()


def test_no_numbers_are_no_rows(session: Session) -> None:
    session.execute(text("CREATE TEMPORARY TABLE kept (place int8)"))
    assert copy_numbers(session, "kept", {"place": ("i8", np.zeros(0, dtype=np.int64))}) == 0
