"""Edges with traits, gates of networks and of tables, compounds, profiles with editions."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import shapely
from alembic import command
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session

from gridmgmt import imports
from gridmgmt.access.queries import changes
from gridmgmt.analysis.walking.gates import Access
from gridmgmt.analysis.walking.model import Trait
from gridmgmt.db import sqlalchemy_url
from gridmgmt.errors import ConflictError, InputError, NotFoundError
from gridmgmt.frames import geometries
from gridmgmt.ingest.features import read_features
from gridmgmt.ingest.gates import read_gates
from gridmgmt.ingest.network import read_network
from gridmgmt.land.queries import compounds
from gridmgmt.network import queries, service
from gridmgmt.network.models import NetworkEdge, WalkingProfile
from tests.db.test_schema import alembic_config
from tests.support.actors import TESTER
from tests.support.paper_town import labels

DAY, LATER = date(2026, 1, 1), date(2026, 6, 1)
STREET = {"highway": "residential"}

NODES = {1: (121.400, 31.300), 2: (121.401, 31.300), 3: (121.402, 31.300), 4: (121.403, 31.300)}
TAGGED = {
    2: {"barrier": "gate", "name": "南门", "opening_hours": "Mo-Fr 06:00-22:00"},
    3: {"barrier": "gate", "access": "private", "opening_hours": "dawn-dusk"},
}
WAYS = {
    10: ([1, 2, 3], {"highway": "footway", "incline": "5%", "surface": "gravel"}),
    20: ([3, 4], {"highway": "service", "access": "private"}),
}
"""1 =gravel, 5 % up= 2 (south gate) =gravel= 3 (residents' gate) =private= 4; a step of 0.001° is 95.2 m."""


def town(folder: Path) -> Path:
    def tags(of: dict[str, str]) -> str:
        return "".join(f'<tag k="{k}" v="{v}"/>' for k, v in of.items())

    nodes = "".join(
        f'<node id="{i}" lon="{x}" lat="{y}">{tags(TAGGED.get(i, {}))}</node>' for i, (x, y) in NODES.items()
    )
    ways = "".join(
        f'<way id="{way}">' + "".join(f'<nd ref="{ref}"/>' for ref in refs) + tags(of) + "</way>"
        for way, (refs, of) in WAYS.items()
    )
    file = folder / "town.osm"
    file.write_text(f'<?xml version="1.0"?><osm version="0.6">{nodes}{ways}</osm>', encoding="utf-8")
    return file


def table(folder: Path, *lines: str) -> Path:
    file = folder / "gates.csv"
    file.write_text("\n".join(["code,name,lon,lat,access,hours", *lines]), encoding="utf-8")
    return file


@pytest.fixture
def network(session: Session, tmp_path: Path) -> imports.Outcome:
    return imports.import_network(session, TESTER, read_network(town(tmp_path)), labels("town", valid_from=DAY))


def edition_id(session: Session, name: str = "town") -> int:
    found = session.scalar(text("SELECT edition_id FROM editions WHERE name = :name"), {"name": name})
    assert isinstance(found, int)
    return found


def test_edges_come_back_with_traits_and_slope(session, network) -> None:
    table = queries.edges(session, edition_id(session))
    assert table.column_names == ["source", "target", "length_m", "component", "traits", "slope", "geom"]
    assert table["traits"].to_numpy().dtype == np.int32
    assert table["traits"].to_pylist() == [Trait.UNPAVED, Trait.UNPAVED, Trait.PRIVATE]
    slope = table["slope"].to_numpy()
    assert slope.dtype == np.float32
    assert slope[:2].tolist() == [pytest.approx(0.05)] * 2
    assert np.isnan(slope[2])
    assert table["length_m"].to_pylist() == [pytest.approx(95.2, abs=0.1)] * 3


def test_work_and_borders_follow_public_streets_alone(session, network) -> None:
    from gridmgmt.cells.queries import barriers  # noqa: PLC0415

    found = shapely.union_all(barriers(session, DAY, (121.39, 31.29, 121.41, 31.31)))
    assert found.bounds == (*NODES[1], *NODES[3])
    drawn = session.scalars(select(NetworkEdge.edge_id).where(queries.public_ways())).all()
    assert sorted(drawn) == [0, 1]


def test_gates_of_the_network(session, network) -> None:
    found = queries.gates(session, DAY, edition_id(session)).to_pylist()
    assert [(g["code"], g["name"], g["access"], g["osm_id"], g["from_table"]) for g in found] == [
        ("osm-2", "南门", "public", 2, False), ("osm-3", None, "residents", 3, False)
    ]  # fmt: skip
    assert [g["hours"] and json.loads(g["hours"]) for g in found] == [{"mon-fri": ["06:00-22:00"]}, None]
    assert (found[0]["lon"], found[0]["lat"]) == NODES[2]
    assert network.warnings == (("gate_hours_unread", {"count": 1}),)
    assert network.details["gates"] == {"public": 1, "residents": 1}


def test_the_same_network_twice_is_one(session, network, tmp_path) -> None:
    again = imports.import_network(session, TESTER, read_network(town(tmp_path)), labels("town", valid_from=DAY))
    assert not again.new
    assert queries.gates(session, DAY, edition_id(session)).num_rows == 2


def test_a_gate_that_now_shuts_is_other_content(session, network, tmp_path) -> None:
    file = town(tmp_path)
    file.write_text(file.read_text(encoding="utf-8").replace("南门", "n").replace("private", "no"), encoding="utf-8")
    with pytest.raises(ConflictError) as refusal:
        imports.import_network(session, TESTER, read_network(file), labels("town", valid_from=DAY))
    assert refusal.value.code == "edition_name_taken"


def test_a_table_of_gates_stands_beside_the_network_and_the_last_one_counts(session, network, tmp_path) -> None:
    first = table(tmp_path, "G1,东门,121.4025,31.3001,residents,mon-fri 06:00-22:00", "G2,,121.4030,31.3000,,")
    imports.import_gates(session, TESTER, read_gates(first), labels("gates-1", valid_from=DAY))
    second = table(tmp_path, "G1,东门,121.4025,31.3001,closed,")
    imports.import_gates(session, TESTER, read_gates(second), labels("gates-2", valid_from=LATER))

    def of_tables(on: date) -> list[tuple[str, str, str | None]]:
        found = queries.gates(session, on, edition_id(session)).to_pylist()
        return [(g["code"], g["access"], g["hours"]) for g in found if g["from_table"]]

    assert of_tables(date(2025, 12, 31)) == []
    assert of_tables(DAY) == [("G1", "residents", '{"mon-fri": ["06:00-22:00"]}'), ("G2", "public", None)]
    assert of_tables(LATER) == [("G2", "public", None), ("G1", "closed", None)]
    summaries = queries.gate_summaries(session, LATER)
    assert [(g.code, g.access, g.edition) for g in summaries] == [
        ("G1", "closed", "gates-2"), ("G2", "public", "gates-1"), ("osm-2", "public", "town"),
        ("osm-3", "residents", "town"),
    ]  # fmt: skip
    after = (summaries[1].code, summaries[1].gate_id)
    assert [g.code for g in queries.gate_summaries(session, LATER, after=after, limit=1)] == ["osm-2"]
    assert [g.code for g in queries.gate_summaries(session, LATER, access=Access.CLOSED)] == ["G1"]


def test_a_gate_that_stands_on_no_street_is_taken_and_told(session, network, tmp_path) -> None:
    """0.001° of latitude are 110.9 m, 0.0002° 22 m."""
    file = table(tmp_path, "far,,121.4010,31.3010,,", "near,,121.4010,31.3002,,")
    outcome = imports.import_gates(session, TESTER, read_gates(file), labels("gates", valid_from=DAY))
    assert outcome.taken == 2
    assert outcome.warnings == (("gates_far", {"count": 1, "limit_m": 30.0, "named": "far (111 m)"}),)


def test_gates_without_a_network_say_so(session, tmp_path) -> None:
    file = table(tmp_path, "G1,,121.4010,31.3010,,")
    outcome = imports.import_gates(session, TESTER, read_gates(file), labels("gates", valid_from=DAY))
    assert [code for code, _ in outcome.warnings] == ["gates_without_network"]


def test_compounds_in_force(session, tmp_path) -> None:
    ring = [[121.40, 31.30], [121.41, 31.30], [121.41, 31.31], [121.40, 31.30]]
    feature = {"type": "Feature", "properties": {"name": "园"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    (tmp_path / "c.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    intake = read_features(tmp_path / "c.geojson", kind="compound")
    imports.import_features(session, TESTER, intake, labels("c", valid_from=DAY), kind="compound")
    found = compounds(session, DAY)
    assert found["name"].to_pylist() == ["园"]
    assert geometries(found["geom"])[0].area == pytest.approx(0.5e-4)
    assert compounds(session, date(2025, 1, 1)).num_rows == 0


def test_the_profiles_in_use_keep_their_speed_and_slow_nobody_down(session) -> None:
    speeds = {"elder": 0.83, "planning_floor": 0.80, "age_70_79": 1.19, "age_80_plus": 0.94, "age_80_plus_slow": 0.67}
    found = {profile.name: profile for profile in queries.profiles(session, date(1999, 1, 1))}
    assert {name: found[name].speed_m_per_s for name in speeds} == speeds
    for name in speeds:
        of = found[name]
        assert (of.steps_factor, of.crossing_s, of.unpaved_factor, of.rough_factor) == (1, 0, 1, 1)
        assert (of.slope, of.most_slope, of.wheelchair) == (False, None, False)
    assert {name: found[name].evidence for name in speeds} == {
        "elder": "S39", "planning_floor": "R", "age_70_79": "S38", "age_80_plus": "S38", "age_80_plus_slow": "C"
    }  # fmt: skip
    assert (found["age_70_79"].sd_m_per_s, found["age_80_plus"].sd_m_per_s) == (0.24, 0.27)
    slow = found["age_80_plus"].speed_m_per_s - (found["age_80_plus"].sd_m_per_s or 0)
    assert slow == pytest.approx(speeds["age_80_plus_slow"])
    assert found["wheelchair"].steps_factor is None
    assert found["wheelchair"].most_slope == pytest.approx(1 / 12)


def test_an_unknown_profile_names_the_known_ones(session) -> None:
    with pytest.raises(NotFoundError) as refusal:
        queries.profile(session, "runner", DAY)
    assert refusal.value.code == "profile_unknown"
    assert "age_70_79, age_80_plus, age_80_plus_slow, elder" in refusal.value.fields["known"]


def test_a_new_edition_of_a_profile_counts_from_its_day(session) -> None:
    elder = queries.profile(session, "elder", DAY)
    service.add_profile(session, TESTER, replace(elder, edition="count", speed_m_per_s=0.9, evidence="D"), LATER)
    before, after = (queries.profile(session, "elder", on) for on in (DAY, LATER))
    assert (before, after.edition, after.speed_m_per_s) == (elder, "count", 0.9)
    assert [(row.edition, row.valid_to) for row in queries.profile_editions(session) if row.name == "elder"] == [
        ("2026", LATER), ("count", None)
    ]  # fmt: skip
    assert [change.object for change in changes(session, action="profile.add", limit=5)] == ["profile:elder/count"]


@pytest.mark.parametrize(
    ("of", "valid_from", "code"),
    [
        ({"edition": "2026"}, DAY, "profile_edition_taken"),
        ({"edition": "x"}, date(1899, 1, 1), "profile_begins_too_early"),
        ({"edition": "x", "speed_m_per_s": 0.0}, DAY, "profile_value_invalid"),
        ({"edition": "x", "speed_m_per_s": float("nan")}, DAY, "profile_value_invalid"),
        ({"edition": "x", "sd_m_per_s": 1.0}, DAY, "profile_value_invalid"),
        ({"edition": "x", "most_slope": 2.0}, DAY, "profile_value_invalid"),
    ],
)
def test_a_profile_that_cannot_be_is_refused(session, of, valid_from, code) -> None:
    with pytest.raises((ConflictError, InputError)) as refusal:
        service.add_profile(session, TESTER, replace(queries.profile(session, "elder", DAY), **of), valid_from)
    assert refusal.value.code == code
    assert len(session.query(WalkingProfile).all()) == 7


OLD_EDGES = (
    ("steps", {"bridge": "yes"}, None),
    ("footway", {"incline": "-8 %", "surface": "gravel", "wheelchair": "no"}, None),
    ("path", {"incline": "up", "smoothness": "bad", "tunnel": "no"}, 7),
    ("footway", {"incline": "6°", "crossing": "zebra"}, 8),
    ("residential", {}, 9),
    ("footway", {"footway": "crossing"}, 10),
    ("footway", {"footway": "crossing"}, 10),
    ("footway", {"footway": "crossing"}, None),
)
"""Highway, tags and way; each a metre longer than the one before."""


@pytest.fixture
def before_traits(fresh_database_url: str) -> Iterator[str]:
    """A folder of the time before edges had traits, with some edges."""
    command.downgrade(alembic_config(fresh_database_url), "0012")
    engine = create_engine(sqlalchemy_url(fresh_database_url))
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO editions (subject, name, valid_from, source, synthetic, datum, content_sha256, extent)"
                " VALUES ('network', 'old', '2026-01-01', 's', true, 'wgs84', 'x',"
                " ST_MakeEnvelope(0, 0, 1, 1, 4326))"
            )
        )
        for number, (highway, tags, way_id) in enumerate(OLD_EDGES):
            connection.execute(
                text(
                    "INSERT INTO network_edges"
                    " (edition_id, edge_id, source, target, length_m, component, highway, tags, way_id, geom) SELECT"
                    " edition_id, :number, 0, 1, :number + 1, 0, :highway, cast(:tags AS jsonb), :way_id,"
                    " ST_GeomFromText('LINESTRING(0 0,1 1)', 4326) FROM editions"
                ),
                {"number": number, "highway": highway, "tags": json.dumps(tags), "way_id": way_id},
            )
    engine.dispose()
    return fresh_database_url


def test_a_folder_in_use_gets_the_traits_of_its_tags(before_traits: str) -> None:
    """The migration's SQL and the table of traits say the same."""
    from gridmgmt.ingest.walk_traits import slope_of, traits_of  # noqa: PLC0415

    command.upgrade(alembic_config(before_traits), "head")
    engine = create_engine(sqlalchemy_url(before_traits))
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT traits, slope FROM network_edges ORDER BY edge_id")).all()
    engine.dispose()
    waits_elsewhere = 5  # the longer half of its way is the crossing
    assert [row.traits for row in rows] == [
        0 if number == waits_elsewhere else traits_of({"highway": highway, **tags})
        for number, (highway, tags, _) in enumerate(OLD_EDGES)
    ]
    slopes = [np.nan if row.slope is None else row.slope for row in rows]
    assert slopes == pytest.approx([slope_of(tags.get("incline")) for _, tags, _ in OLD_EDGES], nan_ok=True)
    assert [int(row.traits) for row in rows] == [257, 80, 32, 8, 0, 0, 8, 8]
