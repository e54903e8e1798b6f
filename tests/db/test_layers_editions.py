"""Layers of boundary editions on real PostGIS: the past, drafts, what an edition changes, and what its check found."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session

from gridmgmt.errors import InputError, NotFoundError
from layers.mvt import tile_parameters, tile_statement
from layers.revisions import entity_tag
from layers.selection import Selection, parse_selection
from layers.specs import LAYERS, layer_named
from layers.store import LayerStore
from layers.tiles import tile_at
from tests.db.test_layers import TODAY, TOWN, Connection, decoded, raw
from tests.support.serving import until

Draw = Callable[..., Any]
HERE = (121.47, 31.2)

DRAFT = """
INSERT INTO editions (subject, name, state, planned_from, source, synthetic, datum, content_sha256, extent)
VALUES ('areas', 'draft', 'draft', '2030-01-01', 'drawn by hand', true, 'wgs84', repeat('0', 64),
    ST_MakeEnvelope(121.40, 31.15, 121.50, 31.25, 4326));
INSERT INTO areas (edition_id, level, code, name, parent_level, parent_code, geom)
SELECT e.edition_id, level, code, a.name, parent_level, parent_code,
    ST_Multi(ST_MakeEnvelope(west, 31.18, east, 31.22, 4326))
FROM editions AS e, (VALUES
    ('town', '310113109', '镇', 'district', '310113', 121.45, 121.47),
    ('town', '310113009', '街道', 'district', '310113', 121.47, 121.49),
    ('sector', 'S2', '片', 'town', '310113109', 121.45, 121.48)
) AS a (level, code, name, parent_level, parent_code, west, east) WHERE e.name = 'draft';
INSERT INTO area_endings (edition_id, area_id)
SELECT e.edition_id, a.area_id FROM editions AS e, areas AS a
WHERE e.name = 'draft' AND a.edition_id <> e.edition_id AND a.level IN ('town', 'sector');
"""
"""The eastern half of the town becomes a subdistrict; the sector S1 becomes S2 with the very same border."""


@pytest.fixture
def town(session: Session) -> Connection:
    connection = raw(session)
    connection.execute(TOWN.read_bytes())
    connection.execute(DRAFT.encode())
    return connection


@pytest.fixture
def draw(town: Connection, tmp_path: Path) -> Draw:
    def drawn(name: str, z: int, selection: Selection | None = None, at: tuple[float, float] = HERE) -> Any:
        tile = tile_at(*at, z)
        return decoded(tile_of(town, name, z, selection or Selection(TODAY), at)[1], tile, tmp_path)

    return drawn


def tile_of(
    connection: Connection, name: str, z: int, selection: Selection, at: tuple[float, float] = HERE
) -> tuple[str, bytes]:
    layer = layer_named(name)
    parameters = tile_parameters(layer, tile_at(*at, z), selection, None)
    row = connection.execute(tile_statement(layer).encode(), parameters).fetchone()
    assert row is not None
    return row[0], bytes(row[2] or b"")


def towns(frame: Any) -> dict[str, float]:
    chosen = frame[frame["level"] == "town"]
    return dict(zip(chosen["code"], chosen["area_m2"], strict=True))


def test_a_draft_is_drawn_as_it_would_be_and_changes_nothing_else(draw: Draw) -> None:
    # The whole town, 0.04° by 0.04°, is 16.90 km²; each half is 8.45 km².
    assert towns(draw("areas", 12)) == {"310113109": pytest.approx(16.90e6, rel=1e-3)}
    assert towns(draw("areas", 12, Selection(date(2040, 1, 1)))) == {"310113109": pytest.approx(16.90e6, rel=1e-3)}
    half = pytest.approx(8.45e6, rel=1e-3)
    assert towns(draw("areas", 12, Selection(TODAY, edition="draft"))) == {"310113109": half, "310113009": half}
    assert set(draw("area_labels", 10, Selection(TODAY, edition="draft", level="town"))["name"]) == {"镇", "街道"}


def test_an_edition_in_force_is_drawn_as_on_its_first_day(draw: Draw) -> None:
    for name, quarter in (("areas", "旧居民区"), ("areas 2024", "居民区")):
        frame = draw("areas", 12, Selection(TODAY, edition=name, level="residential_quarter"))
        assert list(frame["name"]) == [quarter]


def test_the_mode_is_that_of_the_day_or_of_the_edition_s_day(draw: Draw, town: Connection) -> None:
    town.execute(
        "INSERT INTO town_modes (town_code, valid_from, valid_to, mode, decided_by, override_by, override_document,"
        " override_reason, override_dated) VALUES"
        " ('310113109', '2020-01-01', '2025-01-01', 'direct', 'a', NULL, NULL, NULL, NULL),"
        " ('310113109', '2025-01-01', NULL, 'basic_management_unit', 'a', 'b', 'c', 'd', '2024-12-01')"
    )
    for selection, mode, overridden in (
        (Selection(date(2019, 1, 1)), None, None),
        (Selection(TODAY, level="town"), "direct", False),
        (Selection(date(2025, 1, 1), level="town"), "basic_management_unit", True),
        (Selection(TODAY, edition="draft", level="town"), "basic_management_unit", True),
        (Selection(TODAY, edition="areas 2024", level="town"), "direct", False),
    ):
        frame = draw("areas", 12, selection)
        if mode is None:
            assert frame.empty
            continue
        row = frame.set_index("code").loc["310113109"]
        assert (row["mode"], bool(row["overridden"])) == (mode, overridden)
    assert draw("areas", 12, Selection(TODAY, level="sector"))["overridden"].tolist() == [False]


def test_what_an_edition_changes(draw: Draw) -> None:
    frame = draw("area_changes", 12, Selection(TODAY, edition="draft"))
    found = {(row.change, row.code): row for row in frame.itertuples()}
    assert set(found) == {("border_lost", "310113109"), ("added", "310113009"), ("recoded", "S2")}
    # What the town loses is its eastern half: 0.02° by 0.04°, 8.45 km², from 121.47° on.
    lost = found["border_lost", "310113109"]
    assert lost.area_m2 == pytest.approx(8.45e6, rel=1e-3)
    assert lost.geometry.bounds[0] == pytest.approx(121.47, abs=1e-4)
    assert found["recoded", "S2"].was_code == "S1"


def test_changes_of_the_last_edition_in_force_without_a_name(draw: Draw) -> None:
    frame = draw("area_changes", 14, at=(121.4775, 31.2))
    # The quarter lost 0.005° of its 0.02° in the east and got another name.
    assert sorted(frame["change"]) == ["border_lost", "renamed"]
    changes = frame.set_index("change")
    assert changes.loc["renamed", "was_name"] == "旧居民区"
    assert changes.loc["border_lost", "area_m2"] == pytest.approx(0.005 * 95_290 * 0.02 * 110_863, rel=1e-3)


def test_an_area_gone_from_a_tile_is_no_ended_area(draw: Draw) -> None:
    """The tile east of the new border holds only the old shape; it says what was lost, not that the area ended."""
    frame = draw("area_changes", 16, Selection(TODAY, edition="areas 2024"), at=(121.4785, 31.2))
    assert set(frame["change"]) == {"border_lost"}


def test_an_area_without_successor_has_ended(draw: Draw, town: Connection) -> None:
    town.execute("DELETE FROM areas WHERE code = 'S2'")
    frame = draw("area_changes", 12, Selection(TODAY, edition="draft"))
    assert [tuple(row) for row in frame.loc[frame["level"] == "sector", ["change", "code"]].to_numpy()] == [
        ("ended", "S1")
    ]


def test_another_parent_is_a_change(draw: Draw, town: Connection) -> None:
    town.execute(
        "INSERT INTO areas (edition_id, level, code, name, parent_level, parent_code, geom)"
        " SELECT e.edition_id, a.level, a.code, a.name, 'town', '310113009', a.geom"
        " FROM areas AS a, editions AS e WHERE a.name = '居民区'"
        " AND e.name = 'draft'"
    )
    town.execute(
        "INSERT INTO area_endings (area_id, edition_id) SELECT area_id, e.edition_id FROM areas AS a, editions AS e"
        " WHERE a.name = '居民区'"
        " AND e.name = 'draft' AND a.edition_id <> e.edition_id"
    )
    frame = draw("area_changes", 12, Selection(TODAY, edition="draft", level="residential_quarter"))
    assert frame[["change", "code"]].to_numpy().tolist() == [["reparented", "Q1"]]


def test_every_finding_is_seen_from_afar_and_by_its_shape_near(draw: Draw) -> None:
    far = draw("topology", 8).set_index("finding_no")
    assert set(far.geometry.geom_type) == {"Point"}
    near = draw("topology", 14).set_index("finding_no").sort_index()
    # The gap is 0.005° wide; the overlap, about a metre, is a point at zoom 14 and a surface at zoom 22.
    assert near.geometry.geom_type.tolist() == ["Polygon", "Point"]
    assert near.loc[2, ["type", "severity", "codes", "area_m2", "width_m"]].tolist() == [
        "overlap", "warning", "Q1, Q2", 1.06, 0.5,
    ]  # fmt: skip
    closest = draw("topology", 22, at=(121.470005, 31.200005))
    assert closest.geometry.geom_type.tolist() == ["Polygon"]
    assert draw("topology", 8, Selection(TODAY, edition="draft")).empty


def test_an_unknown_edition_is_refused_by_name(fresh_database_url: str) -> None:
    async def ask() -> None:
        store, layer = LayerStore(fresh_database_url, pool_size=1), layer_named("area_changes")
        selection = Selection(TODAY, edition="nowhere")
        await store.open()
        try:
            with pytest.raises(NotFoundError, match="nowhere"):
                await store.state(layer, selection)
            with pytest.raises(NotFoundError, match="nowhere"):
                await store.tile(layer, tile_at(*HERE, 12), selection, None)
        finally:
            await store.close()

    asyncio.run(ask())


def test_a_day_and_an_edition_do_not_go_together() -> None:
    with pytest.raises(InputError, match="2024-01-01"):
        parse_selection(layer_named("areas"), [("on", "2024-01-01"), ("edition", "areas")], today=TODAY)
    with pytest.raises(InputError, match="edition, level"):
        parse_selection(layer_named("area_changes"), [("on", "2024-01-01")], today=TODAY)


@pytest.mark.parametrize("name", [name for name, layer in LAYERS.items() if "edition" in layer.parameters])
def test_an_edition_has_tags_of_its_own(name: str) -> None:
    layer = layer_named(name)
    chosen = [parse_selection(layer, given, today=TODAY) for given in ([], [("edition", "a")], [("edition", "b")])]
    assert len({entity_tag(layer, selection, None, "7.1") for selection in chosen}) == 3


def test_every_edit_of_a_draft_and_every_finding_changes_the_stamp(town: Connection) -> None:
    stamps = [tile_of(town, "areas", 12, Selection(TODAY, edition="draft"))[0]]
    for statement in (
        "UPDATE areas SET name = '新镇' WHERE code = '310113009'",
        "DELETE FROM area_endings USING areas AS a WHERE a.area_id = area_endings.area_id AND a.code = 'S1'",
        "UPDATE editions SET state = 'checked' WHERE name = 'draft'",
        "DELETE FROM topology_findings",
        "INSERT INTO town_modes (town_code, valid_from, mode, decided_by) VALUES ('1', '2030-01-01', 'direct', 'a')",
    ):
        with town.transaction():
            town.execute(statement.encode())
        stamps.append(tile_of(town, "areas", 12, Selection(TODAY, edition="draft"))[0])
    assert len(set(stamps)) == len(stamps)


@pytest.fixture
def committed(fresh_database_url: str) -> str:
    with psycopg.connect(fresh_database_url) as connection:
        connection.execute(TOWN.read_bytes())
        connection.execute(DRAFT.encode())
        for state in ("checked", "approved"):
            connection.execute("UPDATE editions SET state = %s WHERE name = 'draft'", [state])
    return fresh_database_url


def test_readers_see_an_edition_whole_or_not_at_all(committed: str) -> None:
    """Tiles drawn by three readers while an edition comes into force are those from before or those from after."""
    day = Selection(date(2031, 1, 1))
    drawn: list[list[tuple[str, bytes]]] = [[], [], []]
    done = threading.Event()

    def read(mine: list[tuple[str, bytes]]) -> None:
        with psycopg.connect(committed, autocommit=True) as connection:
            while not done.is_set():
                mine.append(tile_of(connection, "areas", 12, day))

    def some_more() -> None:
        counts = [len(mine) + 5 for mine in drawn]
        until(lambda: all(len(mine) >= count for mine, count in zip(drawn, counts, strict=True)))

    with ThreadPoolExecutor(3) as readers, psycopg.connect(committed) as writer:
        reading = [readers.submit(read, mine) for mine in drawn]
        try:
            some_more()
            writer.execute("UPDATE editions SET state = 'in_force', valid_from = planned_from WHERE name = 'draft'")
            some_more()
            writer.commit()
            some_more()
        finally:
            done.set()
        for each in reading:
            each.result()
    for mine in drawn:
        bodies = list(dict.fromkeys(mine))
        assert len(bodies) == 2, "one tile with its stamp before, one after"
        assert mine == sorted(mine, key=bodies.index), "nobody goes back"
    assert {mine[0] for mine in drawn}.isdisjoint({mine[-1] for mine in drawn})


def test_an_activation_changes_the_tag_and_leaves_the_past_as_it_was(committed: str) -> None:
    with psycopg.connect(committed, autocommit=True) as connection:
        planned = Selection(TODAY, edition="draft")
        days = (Selection(TODAY), Selection(date(2029, 12, 31)), Selection(date(2030, 1, 1)), planned)
        before = [tile_of(connection, "areas", 12, day) for day in days]
        connection.execute("UPDATE editions SET state = 'in_force', valid_from = planned_from WHERE name = 'draft'")
        after = [tile_of(connection, "areas", 12, day) for day in days]
    layer = layer_named("areas")
    for day, (old, _), (new, _) in zip(days, before, after, strict=True):
        assert entity_tag(layer, day, None, old) != entity_tag(layer, day, None, new)
    bodies = [body for _, body in after]
    assert bodies[:2] == [body for _, body in before[:2]]
    assert bodies[2] != before[2][1]
    assert bodies[2] == bodies[3] == before[3][1], "the edition is drawn as its draft was"
