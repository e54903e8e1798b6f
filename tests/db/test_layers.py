"""Layers on real PostGIS: a small town drawn by hand, its tiles read back by GDAL's own decoder of vector tiles."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import geopandas as gpd
import psycopg
import pyogrio
import pytest
from fastapi.dependencies.utils import get_dependant
from sqlalchemy.orm import Session

from api.case_filters import _wanted
from gridmgmt.analysis.status import PlaceStatus
from gridmgmt.cases.queries import list_cases
from gridmgmt.coverage.document import STATUSES
from gridmgmt.revisions.models import DRAWN_TABLES
from gridmgmt.revisions.queries import revisions
from layers.case_filter import CASE_PARAMETERS
from layers.mvt import (
    DrawnRun,
    case_parameters,
    extent_parameters,
    extent_statement,
    state_parameters,
    state_statement,
    tile_parameters,
    tile_statement,
)
from layers.selection import Selection, parse_selection
from layers.specs import LAYERS, layer_named
from layers.tiles import Tile, tile_at

TOWN = Path(__file__).parents[1] / "fixtures" / "drawn_town.sql"
TODAY = date(2024, 6, 1)
NOW = datetime(2024, 6, 1, 4, tzinfo=UTC)
BANDS_S = (300.0, 600.0, 900.0, 1200.0)
Connection = psycopg.Connection[tuple[Any, ...]]
Draw = Callable[..., Any]
"""Any: rows of a GeoDataFrame have the columns of their layer, which types cannot say."""


def raw(session: Session) -> Connection:
    return session.connection().connection.driver_connection  # type: ignore[return-value]  # the pool proxies it


@pytest.fixture
def town(session: Session) -> Connection:
    connection = raw(session)
    connection.execute(TOWN.read_bytes())
    return connection


def mvt(connection: Connection, name: str, tile: Tile, selection: Selection | None = None) -> bytes:
    layer = layer_named(name)
    selection = selection or Selection(TODAY)
    state = connection.execute(state_statement(layer).encode(), state_parameters(selection)).fetchone()
    assert state is not None
    assert state[1]
    run = DrawnRun(state[3], tuple(state[4])) if state[3] is not None else None
    parameters = {**tile_parameters(layer, tile, selection, run), **case_parameters(selection, NOW)}
    row = connection.execute(tile_statement(layer, selection.cases).encode(), parameters).fetchone()
    assert row is not None
    assert row[1]
    return bytes(row[2] or b"")


def of_cases(query: str) -> Selection:
    return parse_selection(layer_named("cases"), parse_qsl(query), today=TODAY)


def decoded(body: bytes, tile: Tile, folder: Path) -> Any:
    if not body:
        return gpd.GeoDataFrame()
    file = folder / "tile.pbf"
    file.write_bytes(body)
    return pyogrio.read_dataframe(file, Z=tile.z, X=tile.x, Y=tile.y, CLIP="NO").to_crs(4326)


@pytest.fixture
def draw(town: Connection, tmp_path: Path) -> Draw:
    def drawn(name: str, z: int, selection: Selection | None = None, at: tuple[float, float] = (121.47, 31.2)) -> Any:
        tile = tile_at(*at, z)
        return decoded(mvt(town, name, tile, selection), tile, tmp_path)

    return drawn


def test_every_layer_has_its_statement_and_its_revision() -> None:
    revised = [layer for layer in LAYERS.values() if layer.revised_as is not None]
    assert {layer.revised_as for layer in revised} == {name for names in DRAWN_TABLES.values() for name in names}
    for layer in revised:
        assert f"'{layer.revised_as}'" in tile_statement(layer)
    assert [name for name, layer in LAYERS.items() if layer.revised_as is None] == ["cases"]


def test_area_levels_follow_the_zoom(draw: Draw) -> None:
    assert set(draw("areas", 9)["level"]) == {"district", "town"}
    assert set(draw("areas", 11)["level"]) == {"district", "town", "sector"}
    assert set(draw("areas", 12)["level"]) == {"district", "town", "sector", "residential_quarter"}


def test_one_level_can_be_asked_for_at_any_zoom(draw: Draw) -> None:
    frame = draw("areas", 9, Selection(TODAY, level="residential_quarter"))
    assert list(frame["name"]) == ["居民区"]


def test_an_area_is_drawn_where_and_as_it_stands(draw: Draw) -> None:
    frame = draw("areas", 12, Selection(TODAY, level="town"))
    (town,) = frame.itertuples()
    assert (town.code, town.name, town.parent_code) == ("310113109", "镇", "310113")
    # 0.04° by 0.04° at 31.2° N is 3,811 m by 4,435 m (lengths of a degree on the ellipsoid: 95,290 m, 110,863 m).
    assert town.area_m2 == pytest.approx(0.04 * 95_290 * 0.04 * 110_863, rel=1e-3)
    # The town is cut at the tile's border; its western edge, within the tile, stays.
    assert town.geometry.bounds[0] == pytest.approx(max(121.45, tile_at(121.47, 31.2, 12).bounds(64)[0]), abs=1e-4)


def test_past_editions_are_drawn_on_their_days(draw: Draw) -> None:
    quarter = Selection(date(2023, 12, 31), level="residential_quarter")
    assert list(draw("areas", 14, quarter)["name"]) == ["旧居民区"]
    assert list(draw("areas", 14, Selection(date(2024, 1, 1), level="residential_quarter"))["name"]) == ["居民区"]
    assert list(draw("service_points", 14, Selection(date(2023, 12, 31)))["code"]) == ["P0"]
    assert draw("service_points", 14, Selection(date(2019, 12, 31))).empty


def test_labels_lie_inside_their_area_once(draw: Draw) -> None:
    frame = draw("area_labels", 14, Selection(TODAY, level="residential_quarter"))
    (label,) = frame.itertuples()
    assert 121.46 < label.geometry.x < 121.475
    assert 31.19 < label.geometry.y < 31.21


def test_service_points_are_single_when_near_and_merged_when_far(draw: Draw) -> None:
    near = draw("service_points", 16).set_index("code").sort_index()
    assert list(near.index) == ["P1", "P2", "P3"]
    assert (near.loc["P1", "name"], near.loc["P1", "capacity"], near.loc["P1", "status"]) == ("食堂", 40, "open")
    assert (near.geometry["P1"].x, near.geometry["P1"].y) == pytest.approx((121.4701, 31.2001), abs=2e-6)

    far = draw("service_points", 10).set_index("status")
    # The two canteens are a metre apart at zoom 10's scale: one symbol of two points and 100 meals.
    assert dict(far["points"]) == {"open": 2, "planned": 1}
    assert far.loc["open", "capacity"] == 100
    assert far["code"].get("planned") == "P3"


def test_cases_are_single_when_near_and_counted_when_far(draw: Draw, town: Connection) -> None:
    town.execute("UPDATE cases SET urgency = 'overdue', state = 'handling' WHERE case_no = 'C2'")
    town.execute("UPDATE cases SET urgency = 'overdue', state = 'closed', type = 'advertising' WHERE case_no = 'C3'")
    near = draw("cases", 14).set_index("case_no").sort_index()
    assert list(near.index) == ["C1", "C2", "C3"]
    assert (near.loc["C3", "state"], near.loc["C3", "type"], near.loc["C3", "open"]) == ("closed", "advertising", 0)
    assert (near.geometry["C1"].x, near.geometry["C1"].y) == pytest.approx((121.47001, 31.2), abs=2e-6)
    (far,) = draw("cases", 10).itertuples()
    assert (far.cases, far.open, far.overdue, far.due_soon) == (3, 2, 1, 0)
    assert (far.kind, far.state, far.urgency) == ("event", "handling", "overdue")


@pytest.mark.parametrize(
    ("asked", "number", "urgency"),
    [
        ("state=closed", 1, "overdue"),
        ("state=closed&state=handling", 2, "due_soon"),
        ("open=true", 2, "due_soon"),
        ("open=false", 1, "overdue"),
        ("kind=component", 1, "no_deadline"),
        ("type=litter&urgency=due_soon", 1, "due_soon"),
        ("department=D&source=video", 1, "due_soon"),
    ],
)
def test_a_map_shows_the_cases_that_a_list_is_filtered_to(
    draw: Draw, town: Connection, asked: str, number: int, urgency: str
) -> None:
    """The most urgent of the open ones gives the colour; an overdue case that is closed does not."""
    town.execute("UPDATE cases SET kind = 'component' WHERE case_no = 'C1'")
    town.execute(
        "UPDATE cases SET urgency = 'due_soon', state = 'handling', department_code = 'D', source = 'video'"
        " WHERE case_no = 'C2'"
    )
    town.execute("UPDATE cases SET urgency = 'overdue', state = 'closed', type = 'other' WHERE case_no = 'C3'")
    (far,) = draw("cases", 10, of_cases(asked)).itertuples()
    assert (far.cases, far.urgency) == (number, urgency)


LIVES = """
UPDATE cases SET town_code = '310113109', quarter_code = 'Q1', flags = '{no_cell}', due_at = '2024-05-20T00:00Z',
    state = 'closed', closed_at = '2024-05-31T15:59Z', accepted_at = reported_at WHERE case_no = 'C1';
UPDATE cases SET town_code = '310113109', post_code = 'P', component_code = 'K', due_at = '2024-06-01T03:59Z',
    type = '0103', description = 'lamp 50% out' WHERE case_no = 'C2';
UPDATE cases SET quarter_code = 'Q1', due_at = '2024-06-01T04:01Z', reported_at = '2024-05-31T16:00Z',
    geom = ST_SetSRID(ST_MakePoint(121.4762, 31.2), 4326) WHERE case_no = 'C3';
INSERT INTO cases (case_no, kind, type, state, reported_at, geom)
SELECT 'C4', 'event', 'litter', 'duplicate', '2024-05-31T15:59Z', geom FROM cases WHERE case_no = 'C1';
"""
MAY = "counted_from=2024-05-01&counted_to=2024-05-31"
JUNE = "counted_from=2024-06-01&counted_to=2024-06-30"


FOLLOWED = [
    (f"measure=reported&{MAY}", "C1 C2 C4"),
    (f"measure=reported&{JUNE}", "C3"),
    (f"measure=duplicates&{MAY}", "C4"),
    (f"measure=due&{JUNE}", "C2"),
    (f"measure=due_closed_on_time&{MAY}", ""),
    (f"measure=closed&{MAY}&state=closed&state=voided", "C1"),
    ("area=310113109&open=false", "C1"),
    ("area=Q1", "C1 C3"),
    ("area=Q1&areas_on=2023-12-31", "C1 C2 C3 C4"),
    ("area=Q1&areas_on=2024-01-01", "C1 C2 C4"),
    ("area=Q1&within=310113109", "C1"),
    ("lacks=quarter&areas_on=2024-01-01", "C3"),
    ("lacks=town", "C3 C4"),
    ("post=P&component=K&major=01&type=0103", "C2"),
    ("flag=no_cell", "C1"),
    ("without_flag=no_cell", "C2 C3 C4"),
    ("near=121.4762,31.2,1", "C3"),
    ("q=C4", "C4"),
    ("q=50%25&reported_from=2024-05-01T08:00:00%2B08:00", "C2"),
    ("reported_from=2024-06-01T00:00:00%2B08:00", "C3"),
    ("reported_to=2024-05-02T00:00:00%2B08:00", "C1 C2"),
]


def test_a_map_follows_each_filter_of_a_list(draw: Draw, town: Connection, session: Session) -> None:
    """Also the list of a number that was counted, deadlines up to the minute; C1 and C4 lie at one place."""
    town.execute(LIVES.encode())
    for asked, numbers in FOLLOWED:
        selection = of_cases(asked)
        drawn = draw("cases", 14, selection)
        listed = list_cases(session, selection.cases, now=NOW)
        assert (asked, sorted(drawn["case_no"] if len(drawn) else ())) == (asked, numbers.split())
        assert (asked, sorted(row.case_no for row in listed)) == (asked, numbers.split())
        far = draw("cases", 10, selection)
        if "measure" in asked:
            assert (asked, far["cases"].sum() if len(far) else 0) == (asked, len(numbers.split()))


def test_a_map_has_the_filters_that_a_list_has() -> None:
    """All but its box, since a tile is one, and what is asked for by programs alone."""
    of_list = {each.alias for part in get_dependant(path="", call=_wanted).dependencies for each in part.query_params}
    assert set(CASE_PARAMETERS) == of_list - {"bbox", "updated_after"}


def test_coverage_shows_the_newest_finished_run(draw: Draw) -> None:
    frame = draw("coverage", 16).sort_values("residents")
    assert list(frame["status"]) == ["covered", "covered", "covered", "uncovered", "not_connectable", "outside"]
    # 300 s is within the 5-minute band, 300.5 s is not; the last covered place is 0.5 µs over: still 20 minutes.
    assert frame["band_s"].fillna(-1).tolist() == [300, 600, 1200, -1, -1, -1]
    assert frame["residents"].tolist() == [1.5, 2.5, 3.5, 4.5, 5.5, 6.5]
    assert frame["walk_time_s"].fillna(-1).tolist() == [300, 300.5, 1200.0000005, 1200.5, -1, -1]


def test_merged_coverage_keeps_every_resident(draw: Draw) -> None:
    near, far = draw("coverage", 16), draw("coverage", 9)
    assert len(far) <= 6
    assert far["places"].sum() == len(near)
    assert far.groupby("status")["residents"].sum().to_dict() == near.groupby("status")["residents"].sum().to_dict()


def test_the_older_run_has_no_places(draw: Draw, town: Connection) -> None:
    row = town.execute("SELECT min(run_id) FROM coverage_runs").fetchone()
    assert row is not None
    assert draw("coverage", 16, Selection(TODAY, run=row[0])).empty


def test_an_unfinished_run_is_no_run(town: Connection) -> None:
    row = town.execute("SELECT max(run_id) FROM coverage_runs").fetchone()
    assert row is not None
    asked = state_parameters(Selection(TODAY, run=row[0]))
    state = town.execute(state_statement(layer_named("coverage")).encode(), asked).fetchone()
    assert state is not None
    assert state[3] is None


def test_statuses_are_named_in_the_order_of_their_numbers() -> None:
    assert [PlaceStatus[name.upper()] for name in STATUSES] == [0, 1, 2, 3]


def test_gates_with_who_passes_and_when(draw: Draw) -> None:
    near = draw("gates", 14).sort_values("code")
    assert near[["code", "access", "hours", "from_table"]].to_numpy().tolist() == [
        ["osm-1", "public", "Mo-Fr 06:00-22:00", False],
        ["osm-2", "residents", "", False],
    ]


def test_streets_by_class_and_zoom(draw: Draw) -> None:
    assert draw("streets", 7).empty
    far = draw("streets", 12)
    assert list(far["highway"]) == ["primary"]
    # Both stretches of the road are one line of 0.01° from end to end.
    assert far.geometry.iloc[0].bounds[::2] == pytest.approx((121.465, 121.475), abs=1e-4)
    near = draw("streets", 14).sort_values("mvt_id")
    assert list(near["highway"]) == ["primary", "primary", "footway"]
    assert list(near["bridge"]) == [True, False, False]
    assert list(near["name"].fillna("")) == ["大路", "大路", ""]


def test_land_says_what_it_is_and_drops_what_would_be_a_dot(draw: Draw) -> None:
    (water,) = draw("land", 14).to_dict("records")
    assert (water["kind"], water["name"], water["class"]) == ("water", "河", "river")


@pytest.mark.parametrize(("zoom", "drawn"), [(9, True), (8, False)])
def test_a_pond_of_fifty_metres_shows_from_zoom_9(draw: Draw, town: Connection, zoom: int, *, drawn: bool) -> None:
    # 0.0005° are 55.7 m of web mercator east and 65 m north; two units are 38.2 m at zoom 9 and 76.4 m at zoom 8.
    town.execute("UPDATE land_features SET geom = ST_MakeEnvelope(121.4700, 31.2000, 121.4705, 31.2005, 4326)")
    assert (not draw("land", zoom).empty) == drawn


def test_a_thing_on_the_border_is_in_both_tiles(town: Connection, tmp_path: Path) -> None:
    west = tile_at(121.47, 31.2, 14)
    east = Tile(14, west.x + 1, west.y)
    lon, lat = west.bounds()[2], 31.2
    town.execute(
        "INSERT INTO cases (edition_id, case_no, kind, type, state, reported_at, geom) SELECT edition_id, 'border',"
        " 'event', 'litter', 'closed', now(), ST_SetSRID(ST_MakePoint(%s, %s), 4326) FROM editions"
        " WHERE name = 'cases'",
        [lon, lat],
    )
    for tile in (west, east):
        frame = decoded(mvt(town, "cases", tile), tile, tmp_path)
        assert "border" in set(frame["case_no"])


def test_cases_that_are_counted_are_counted_by_one_tile(town: Connection, tmp_path: Path) -> None:
    """Ten metres on either side of a border lie in the margin of both tiles."""
    west = tile_at(121.47, 31.2, 10)
    east = Tile(10, west.x + 1, west.y)
    for side, lon in (("west", west.bounds()[2] - 1e-4), ("east", west.bounds()[2] + 1e-4)):
        town.execute(
            "INSERT INTO cases (case_no, kind, type, state, reported_at, geom)"
            " VALUES (%s, 'event', 'litter', 'closed', now(), ST_SetSRID(ST_MakePoint(%s, 31.2), 4326))",
            [side, lon],
        )
    frames = {tile: decoded(mvt(town, "cases", tile), tile, tmp_path) for tile in (west, east)}
    assert {tile: set(frame["case_no"].dropna()) for tile, frame in frames.items()} == {west: {"west"}, east: {"east"}}
    assert sum(frame["cases"].sum() for frame in frames.values()) == len(("C1", "C2", "C3", "west", "east"))


@pytest.mark.parametrize(
    ("zoom", "selection", "cases"),
    [
        (10, Selection(TODAY), ["C1", "C2", "C3"]),
        (10, of_cases("state=duplicate"), ["twin"]),
        (10, of_cases("open=true"), ["C1", "C2", "C3"]),
        (14, Selection(TODAY), ["C1", "C2", "C3", "twin"]),
    ],
)
def test_a_case_that_is_linked_to_another_is_not_counted_beside_it(
    town: Connection, draw: Draw, zoom: int, selection: Selection, cases: list[str]
) -> None:
    town.execute(
        "INSERT INTO cases (case_no, kind, type, state, reported_at, geom)"
        " SELECT 'twin', 'event', 'litter', 'duplicate', now(), geom FROM cases WHERE case_no = 'C1'"
    )
    assert draw("cases", zoom, selection)["cases"].sum() == len(cases)


def test_components_are_counted_from_afar_and_stand_as_they_are_near_by(draw: Draw) -> None:
    far = draw("components", 12).sort_values(["class", "state"])
    assert [tuple(row) for row in far[["class", "state", "components"]].to_numpy()] == [
        ("01", "in_use", 2),
        ("01", "missing", 1),
        ("04", "in_use", 1),
    ]
    _merged, alone, trees = far.itertuples()
    assert far[["code", "type"]].isna().all(axis=1).tolist() == [True, False, False]
    assert (alone.code, alone.type, trees.name) == ("3101130102000002", "0102", "行道树")
    near = draw("components", 16).sort_values("code")
    assert list(near["code"]) == ["3101130102000001", "3101130102000002", "3101130103000001", "3101130401000001"]
    assert set(near.geometry.geom_type) == {"Point", "LineString"}


@pytest.mark.parametrize("name", list(LAYERS))
def test_the_same_tile_has_the_same_bytes(town: Connection, name: str) -> None:
    tile = tile_at(121.47, 31.2, 13)
    assert mvt(town, name, tile) == mvt(town, name, tile) != b""


def test_far_away_nothing_is_drawn(draw: Draw) -> None:
    for name in LAYERS:
        assert draw(name, 14, at=(-8.6, 41.15)).empty


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("areas", "ix_areas_geom"),
        ("area_labels", "ix_areas_geom"),
        ("area_changes", "ix_areas_geom"),
        ("responsibility_grids", "ix_areas_geom"),
        ("service_points", "ix_service_points_geom"),
        ("cases", "ix_cases_geom"),
        ("coverage", "ix_population_places_geom"),
        ("streets", "ix_network_edges_geom"),
        ("gates", "ix_gates_geom"),
        ("components", "ix_components_geom"),
        ("desks", "ix_desks_geom"),
        ("premises", "ix_premises_geom_now"),
        ("premises_quarters", "ix_areas_geom"),
        ("topics", "ix_topics_geom"),
        ("land", "ix_land_features_geom"),
        ("target_items", "ix_target_items_geom"),
        ("projects", "ix_renewal_projects_geom"),
    ],
)
def test_the_plan_uses_the_spatial_index(town: Connection, name: str, index: str) -> None:
    # The town is too small for an index to pay, so plans that read everything are made dear; a column wrapped in a
    # function could not use the index at any price.
    town.execute("SET LOCAL enable_seqscan = off")
    town.execute("SET LOCAL enable_bitmapscan = off")
    layer, tile = layer_named(name), tile_at(121.47, 31.2, 14)
    asked = Selection(TODAY)
    parameters = {**tile_parameters(layer, tile, asked, DrawnRun(1, BANDS_S)), **case_parameters(asked, NOW)}
    lines = town.execute(f"EXPLAIN {tile_statement(layer)}".encode(), parameters).fetchall()
    plan = "\n".join(line for (line,) in lines)
    assert index in plan
    assert "Index Cond: (geom &&" in plan


WRITES: Mapping[str, tuple[str, str, str]] = {
    "service_points": (
        "UPDATE service_points SET status = 'closed'",
        "DELETE FROM service_points WHERE code = 'P2'",
        "TRUNCATE service_points",
    ),
    "areas": (
        "UPDATE areas SET name = name || '新' WHERE code = 'drafted'",
        "DELETE FROM areas WHERE code = 'drafted'",
        "DELETE FROM area_endings WHERE false",
    ),
    "streets": (
        "UPDATE network_edges SET highway = 'path'",
        "DELETE FROM network_edges WHERE edge_id = 0",
        "TRUNCATE network_edges",
    ),
    "gates": ("UPDATE gates SET access = 'closed'", "DELETE FROM gates WHERE code = 'osm-2'", "TRUNCATE gates"),
    "land": ("UPDATE land_features SET name = '江'", "DELETE FROM land_features", "TRUNCATE land_features"),
    "coverage": (
        "UPDATE coverage_runs SET area_code = '1'",
        "DELETE FROM coverage_runs WHERE document IS NULL",
        "TRUNCATE coverage_runs CASCADE",
    ),
}


@pytest.mark.parametrize("layer", list(WRITES))
def test_each_write_advances_the_revision_in_its_transaction(session: Session, town: object, layer: str) -> None:
    connection = raw(session)
    for statement in WRITES[layer]:
        before = revisions(session)
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute(statement.encode())
        after = revisions(session)
        assert after[layer] > before[layer], statement
        assert {n: r for n, r in after.items() if n != layer} == {n: r for n, r in before.items() if n != layer}


def test_a_write_rolled_back_leaves_the_revision(session: Session, town: object) -> None:
    connection, before = raw(session), revisions(session)
    with connection.transaction() as transaction:
        connection.execute("DELETE FROM gates")
        assert revisions(session)["gates"] > before["gates"]
        raise psycopg.Rollback(transaction)
    assert revisions(session) == before


def test_the_extent_names_sources_of_the_editions_in_force(town: Connection) -> None:
    def extent(name: str, selection: Selection) -> Any:
        return town.execute(extent_statement(layer_named(name)).encode(), extent_parameters(selection)).fetchone()

    assert extent("service_points", Selection(TODAY)) == ([121.4, 31.15, 121.5, 31.25], ["drawn by hand"], True)
    assert extent("areas", Selection(date(1999, 1, 1))) is None
    assert extent("areas", Selection(date(1999, 1, 1), edition="areas")) is not None


def test_a_hundred_thousand_places_stay_a_small_tile(town: Connection, tmp_path: Path) -> None:
    """A city's places in one tile of zoom 10, bands at random (the worst case): < 500 kB, all places in it."""
    town.execute("SELECT setseed(0.5)")
    town.execute(
        "INSERT INTO population_places (edition_id, place_no, residents_60_plus, geom) SELECT edition_id, 100 + n, 1,"
        " ST_SetSRID(ST_MakePoint(121.29 + 0.33 * random(), 31.06 + 0.28 * random()), 4326)"
        " FROM editions, generate_series(1, 100000) AS n WHERE name = 'homes'"
    )
    town.execute(
        "INSERT INTO coverage_place_results (run_id, place_id, status, walk_time_s)"
        " SELECT (SELECT max(run_id) FROM coverage_runs WHERE document IS NOT NULL), place_id, 0, 1200 * random()"
        " FROM population_places WHERE place_no > 100"
    )
    tile = Tile(10, 857, 418)
    body = mvt(town, "coverage", tile)
    assert 10_000 < len(body) < 500_000
    inside = town.execute(
        "SELECT count(*) FROM population_places JOIN coverage_place_results USING (place_id)"
        " WHERE geom && ST_MakeEnvelope(%s, %s, %s, %s, 4326)",
        tile.bounds(64),
    ).fetchone()
    assert inside is not None
    assert decoded(body, tile, tmp_path)["places"].sum() == inside[0]
