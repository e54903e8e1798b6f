"""The schema: migrations up, down and up again, and the rules that the database itself holds."""

from datetime import date

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gridmgmt.db import check_schema, sqlalchemy_url
from gridmgmt.errors import UnavailableError
from gridmgmt.revisions.models import DRAWN_TABLES
from gridmgmt.settings import PROJECT_DIR

SHAPE = """
SELECT table_name, column_name, data_type, is_nullable, column_default, is_generated, generation_expression
FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'spatial_ref_sys'
UNION ALL SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '', '', ''
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT tablename, indexname, indexdef, '', '', '', '' FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT event_object_table, trigger_name, event_manipulation, action_statement, '', '', ''
FROM information_schema.triggers WHERE trigger_schema = 'public'
ORDER BY 1, 2, 3
"""


def alembic_config(url: str) -> Config:
    config = Config(toml_file=PROJECT_DIR / "pyproject.toml")
    config.attributes["url"] = sqlalchemy_url(url)
    return config


def shape(url: str) -> list[tuple[object, ...]]:
    engine = create_engine(sqlalchemy_url(url))
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(text(SHAPE))]
    engine.dispose()
    return rows


def test_up_down_up_keeps_the_schema(fresh_database_url) -> None:
    config = alembic_config(fresh_database_url)
    first = shape(fresh_database_url)
    command.downgrade(config, "base")
    left = {row[0] for row in shape(fresh_database_url)}
    command.upgrade(config, "head")
    assert left <= {"alembic_version", "geography_columns", "geometry_columns", "spatial_ref_sys"}
    assert shape(fresh_database_url) == first


OLDER_CASES = """
INSERT INTO cases (edition_id, case_no, kind, type, status, reported_at, due_at, closed_at, geom)
SELECT :e, case_no, 'event', 'litter', status, reported_at::timestamptz, due_at::timestamptz, closed_at::timestamptz,
       ST_Point(0.6, 0.5, 4326)
FROM (VALUES
    ('late', 'handling', '2026-01-05T08:00+08:00', '2026-01-06T08:00+08:00', NULL),
    ('kept', 'closed', '2026-01-05T08:00+08:00', '2026-01-07T08:00+08:00', '2026-01-06T08:00+08:00'),
    ('runs', 'handling', '2026-01-01T00:30+08:00', '2199-01-01T00:00+08:00', NULL),
    ('before', 'reported', '2025-12-31T23:30+08:00', NULL, NULL)
) AS given (case_no, status, reported_at, due_at, closed_at)
"""
TOLD = """
SELECT c.case_no, c.state, c.urgency, c.next_alarm_at IS NOT NULL, c.town_code, m.facts ->> 'urgency',
       m.facts ->> 'town_code'
FROM cases AS c JOIN case_moves AS m USING (case_id) ORDER BY c.case_id
"""


def test_cases_of_an_older_folder_stand_as_a_register_does_and_one_can_go_back(fresh_database_url) -> None:
    """The town is in force from 1 January on, by the district's own days; a duplicate of a new case is no obstacle."""
    config, engine = alembic_config(fresh_database_url), create_engine(sqlalchemy_url(fresh_database_url))
    command.downgrade(config, "0020")
    with Session(engine) as session:
        of = draft(session)
        area(session, of)
        activate(session, of)
        session.execute(text(OLDER_CASES), {"e": edition(session, "cases")})
        session.commit()
    command.upgrade(config, "head")
    with Session(engine) as session:
        assert [tuple(row) for row in session.execute(text(TOLD))] == [
            ("late", "handling", "overdue", False, "310113001", "overdue", "310113001"),
            ("kept", "closed", "on_time", False, "310113001", "on_time", "310113001"),
            ("runs", "handling", "on_time", True, "310113001", "on_time", "310113001"),
            ("before", "reported", "no_deadline", False, None, "no_deadline", None),
        ]
        new = session.scalar(
            text(
                "INSERT INTO cases (case_no, kind, type, state, reported_at, geom)"
                " VALUES ('new', 'event', '0101', 'reported', now(), ST_Point(0, 0, 4326)) RETURNING case_id"
            )
        )
        session.execute(
            text("UPDATE cases SET state = 'duplicate', duplicate_of = :new WHERE case_no = 'before'"), {"new": new}
        )
        session.commit()
    command.downgrade(config, "0020")
    with Session(engine) as session:
        assert session.execute(text("SELECT case_no, status FROM cases ORDER BY case_id")).all() == [
            ("late", "handling"), ("kept", "closed"), ("runs", "handling"), ("before", "closed"),
        ]  # fmt: skip
    engine.dispose()


def test_models_and_migrations_agree(fresh_database_url) -> None:
    command.check(alembic_config(fresh_database_url))


def edition(session: Session, subject: str = "service_points", **changes: object) -> int:
    values = {"subject": subject, "name": f"e{changes}", "counting": None, **changes}
    return session.scalar(
        text(
            "INSERT INTO editions"
            " (subject, name, valid_from, source, synthetic, datum, counting, content_sha256, extent)"
            " VALUES (:subject, :name, '2026-01-01', 's', true, 'wgs84', :counting, 'x',"
            " ST_MakeEnvelope(0, 0, 1, 1, 4326)) RETURNING edition_id"
        ),
        values,
    )


def draft(session: Session, name: str = "d", planned_from: str = "2026-01-01") -> int:
    return session.scalar(
        text(
            "INSERT INTO editions"
            " (subject, name, state, planned_from, source, synthetic, datum, content_sha256, extent)"
            " VALUES ('areas', :name, 'draft', :planned_from, 's', true, 'wgs84', 'x',"
            " ST_MakeEnvelope(0, 0, 1, 1, 4326)) RETURNING edition_id"
        ),
        {"name": name, "planned_from": planned_from},
    )


def area(session: Session, edition_id: int, wkt: str = "", code: str = "310113001") -> None:
    session.execute(
        text(
            "INSERT INTO areas (edition_id, level, code, name, geom)"
            " VALUES (:e, 'town', :code, 'n', ST_GeomFromText(:wkt, 4326))"
        ),
        {"e": edition_id, "code": code, "wkt": wkt or "MULTIPOLYGON(((0 0,1 0,1 1,0 0)))"},
    )


def activate(session: Session, edition_id: int) -> None:
    for change in ("state = 'checked'", "state = 'approved'", "state = 'in_force', valid_from = planned_from"):
        session.execute(text(f"UPDATE editions SET {change} WHERE edition_id = :e"), {"e": edition_id})


def test_a_code_is_in_force_once_a_day(session) -> None:
    for name in ("one", "two"):
        area(session, draft(session, name))
    first, second = session.scalars(text("SELECT edition_id FROM editions ORDER BY edition_id")).all()
    activate(session, first)
    with pytest.raises(DBAPIError, match="in force twice"):
        activate(session, second)


FORBIDDEN = (
    "UPDATE areas SET name = 'x'",
    "UPDATE areas SET geom = ST_Translate(geom, 1, 1)",
    "DELETE FROM areas",
    "TRUNCATE areas CASCADE",
    "INSERT INTO areas (edition_id, level, code, name, geom) SELECT edition_id, level, '9', name, geom FROM areas",
    "INSERT INTO area_endings (edition_id, area_id) SELECT edition_id, area_id FROM areas",
    "TRUNCATE area_endings",
    "UPDATE editions SET valid_from = '2027-01-01'",
    "UPDATE editions SET valid_to = '2027-01-01'",
    "UPDATE editions SET state = 'withdrawn', valid_from = NULL",
    "DELETE FROM editions",
    "UPDATE edition_steps SET actor = 'x'",
    "DELETE FROM edition_steps",
    "TRUNCATE edition_steps",
    "UPDATE area_lineage SET to_code = 'x'",
    "DELETE FROM area_lineage",
    "TRUNCATE area_lineage",
)


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_what_is_in_force_cannot_be_changed_by_anyone(session, statement) -> None:
    of = draft(session)
    area(session, of)
    activate(session, of)
    with pytest.raises(DBAPIError, match=r"only drafts|cannot be changed|cannot be removed"):
        session.execute(text(statement))


@pytest.mark.parametrize("change", ["state = 'approved'", "state = 'in_force', valid_from = planned_from"])
def test_no_step_of_an_edition_can_be_left_out(session, change) -> None:
    of = draft(session)
    with pytest.raises(DBAPIError, match="cannot go from"):
        session.execute(text(f"UPDATE editions SET {change} WHERE edition_id = :e"), {"e": of})


def test_invalid_boundaries_are_refused(session) -> None:
    with pytest.raises(DBAPIError, match="ck_areas_geom_valid"):
        area(session, draft(session), "MULTIPOLYGON(((0 0,1 1,1 0,0 1,0 0)))")


def test_the_surface_is_measured_on_the_ellipsoid(session) -> None:
    """A tenth of a degree square at 31.4° N is 9.50 km by 11.09 km; in web Mercator it would read 37 % more."""
    area(
        session,
        draft(session),
        "MULTIPOLYGON(((121 31.4,121.1 31.4,121.1 31.5,121 31.5,121 31.4)))",
    )
    km2 = session.scalar(text("SELECT area_m2 / 1e6 FROM areas"))
    assert km2 == pytest.approx(9.505 * 11.089, rel=2e-3)


@pytest.mark.parametrize("residents", ["-0.001", "NaN", "Infinity"])
def test_residents_are_finite_and_not_negative(session, residents) -> None:
    of = edition(session, "population", counting="modelled")
    with pytest.raises(DBAPIError, match="non_negative"):
        session.execute(
            text(
                "INSERT INTO population_places (edition_id, place_no, residents_60_plus, geom)"
                " VALUES (:e, 1, cast(:residents AS float8), ST_Point(0, 0, 4326))"
            ),
            {"e": of, "residents": residents},
        )


def test_an_edition_cannot_end_before_it_begins(session) -> None:
    of = edition(session)
    with pytest.raises(DBAPIError, match="ck_editions_valid_range"):
        session.execute(
            text("UPDATE editions SET valid_to = :to WHERE edition_id = :e"), {"to": date(2025, 1, 1), "e": of}
        )


def revision(session: Session, layer: str) -> int:
    return session.scalar(text("SELECT revision FROM layer_revisions WHERE layer = :layer"), {"layer": layer}) or 0


GUARDED = {"areas", "area_endings"}
"""Nobody empties these; the rows of a draft may be written and removed."""
ONLY_ADDED = {"premises_published"}


@pytest.mark.parametrize("table", sorted(DRAWN_TABLES))
def test_every_write_to_a_drawn_table_advances_its_layers(session, table) -> None:
    for layer in DRAWN_TABLES[table]:
        before = revision(session, layer)
        writes = [f"DELETE FROM {table}"] + [f"TRUNCATE {table} CASCADE"] * (table not in GUARDED | {"editions"})
        if table in ONLY_ADDED:
            writes = [f"INSERT INTO {table} SELECT * FROM {table} WHERE false"]
        for write in writes:
            session.execute(text(write))
        assert revision(session, layer) >= before + len(writes)


def test_a_write_that_is_rolled_back_advances_nothing(session) -> None:
    edition(session)
    before = revision(session, "areas")
    with session.begin_nested() as attempt:
        session.execute(text("DELETE FROM areas"))
        assert revision(session, "areas") == before + 1
        attempt.rollback()
    assert revision(session, "areas") == before


def test_a_schema_is_as_needed_at_the_last_revision_alone(session: Session) -> None:
    head = ScriptDirectory.from_config(alembic_config("postgresql://")).get_current_head()
    assert session.scalar(text("SELECT version_num FROM alembic_version")) == head
    check_schema(session)
    session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(UnavailableError) as refused:
        check_schema(session)
    assert (refused.value.fields["found"], refused.value.fields["needed"]) == ("0001", head)
