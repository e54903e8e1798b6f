"""Backup, restore and reset of a whole database, and the check of a named one."""

import hashlib
import io
import tarfile
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from gridmgmt.cluster import Cluster, backup, check_named, open_database, reset, restore, table_checksums
from gridmgmt.errors import ConflictError, InputError, UnavailableError
from gridmgmt.settings import Settings

FILLING = """
    CREATE SCHEMA side;
    CREATE TYPE side.colour AS ENUM ('red', 'green');
    CREATE FUNCTION side.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TABLE side.odd_values (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what side.colour,
        price numeric, ratio double precision, at timestamptz, raw bytea, doc jsonb, geom geometry(Point, 4326));
    CREATE TRIGGER touch BEFORE UPDATE ON side.odd_values FOR EACH ROW EXECUTE FUNCTION side.touch();
    INSERT INTO side.odd_values (what, price, ratio, at, raw, doc, geom)
    SELECT 'green', n / 3.0, n / 7.0::float8, timestamptz '2024-02-29 12:00+08' + n * interval '1 hour',
           decode(md5(n::text), 'hex'), jsonb_build_object('名', n), ST_SetSRID(ST_MakePoint(n / 11.0, 31.1), 4326)
    FROM generate_series(1, 500) AS n;
"""


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement)


@pytest.fixture
def empty_url(test_cluster: Cluster, fresh_database_url: str) -> str:
    """A database with extensions and nothing else."""
    reset(fresh_database_url)
    return fresh_database_url


def test_restored_copy_equals_the_original(database_url: str, empty_url: str, tmp_path: Path) -> None:
    execute(empty_url, FILLING)
    original = table_checksums(empty_url)
    assert original["side.odd_values"][0] == 500
    backup(empty_url, tmp_path / "one.dump")
    reset(empty_url)
    assert table_checksums(empty_url) == {}
    restore(empty_url, tmp_path / "one.dump")
    assert table_checksums(empty_url) == original
    execute(empty_url, "INSERT INTO side.odd_values (price) VALUES (1)")
    assert table_checksums(empty_url)["side.odd_values"][0] == 501


def test_migrated_schema_survives_a_round_trip(fresh_database_url: str, tmp_path: Path) -> None:
    before = table_checksums(fresh_database_url)
    assert any("alembic_version" in name for name in before)
    backup(fresh_database_url, tmp_path / "one.dump")
    restore(fresh_database_url, tmp_path / "one.dump", replace=True)
    assert table_checksums(fresh_database_url) == before


def test_checksum_sees_one_changed_value_and_not_the_order(empty_url: str) -> None:
    execute(empty_url, "CREATE TABLE t AS SELECT n, n * 2 AS m FROM generate_series(1, 100) AS n")
    before = table_checksums(empty_url)
    execute(empty_url, "CREATE TABLE u AS SELECT * FROM t ORDER BY n DESC; DROP TABLE t; ALTER TABLE u RENAME TO t")
    assert table_checksums(empty_url) == before
    execute(empty_url, "UPDATE t SET m = m + 1 WHERE n = 50")
    after = table_checksums(empty_url)
    assert after["public.t"][0] == before["public.t"][0]
    assert after != before


def test_restore_refuses_a_database_in_use(empty_url: str, tmp_path: Path) -> None:
    execute(empty_url, FILLING)
    backup(empty_url, tmp_path / "one.dump")
    with pytest.raises(ConflictError) as refused:
        restore(empty_url, tmp_path / "one.dump")
    assert "--yes" in refused.value.message("en")


def test_broken_backup_changes_nothing(empty_url: str, tmp_path: Path) -> None:
    execute(empty_url, FILLING)
    before = table_checksums(empty_url)
    backup(empty_url, tmp_path / "one.dump")
    whole = (tmp_path / "one.dump").read_bytes()
    (tmp_path / "half.dump").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnavailableError, match="pg_restore"):
        restore(empty_url, tmp_path / "half.dump", replace=True)
    assert table_checksums(empty_url) == before


def test_failed_backup_leaves_no_file(tmp_path: Path, empty_url: str) -> None:
    with pytest.raises(InputError, match="no such folder"):
        backup(empty_url, tmp_path / "no such folder" / "one.dump")
    with pytest.raises(InputError, match=r"one\.dump"):
        restore(empty_url, tmp_path / "one.dump")
    assert list(tmp_path.iterdir()) == []


def test_named_database_is_used_and_nothing_embedded(fresh_database_url: str, tmp_path: Path) -> None:
    named = fresh_database_url.replace("postgresql://", "postgresql+psycopg://")
    settings = Settings(DATABASE_URL=named, data=tmp_path / "untouched")
    with open_database(settings) as url:
        execute(url, "CREATE TABLE made_here (n integer)")
    assert "public.made_here" in table_checksums(fresh_database_url)
    assert not (tmp_path / "untouched").exists()


def test_named_database_without_postgis_gets_it(test_cluster: Cluster, empty_url: str) -> None:
    execute(empty_url, "DROP EXTENSION IF EXISTS postgis CASCADE; DROP EXTENSION IF EXISTS btree_gist CASCADE")
    check_named(empty_url)
    with psycopg.connect(empty_url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_extension WHERE extname = 'postgis'").fetchone() == (1,)


@pytest.fixture
def weak_user_url(empty_url: str) -> str:
    """The empty database as seen by a user without any right in it."""
    parts = conninfo_to_dict(empty_url)
    with psycopg.connect(empty_url, autocommit=True) as connection:
        role = sql.Identifier("gridmgmt_test_weak")
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'gridmgmt_test_weak'").fetchone():
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
    return f"postgresql://gridmgmt_test_weak@/{parts['dbname']}?host={parts['host']}&port=5432"


def test_user_who_may_not_create_tables(weak_user_url: str) -> None:
    with pytest.raises(UnavailableError) as refused:
        check_named(weak_user_url)
    assert refused.value.code == "database_no_create"
    assert "GRANT CREATE ON SCHEMA public TO gridmgmt_test_weak" in refused.value.message("en")


def test_user_who_may_not_create_postgis(empty_url: str, weak_user_url: str) -> None:
    execute(empty_url, "DROP EXTENSION postgis CASCADE; GRANT CREATE ON SCHEMA public TO gridmgmt_test_weak")
    with pytest.raises(UnavailableError) as refused:
        check_named(weak_user_url)
    assert refused.value.code == "database_extension_missing"
    assert "CREATE EXTENSION postgis" in refused.value.message("zh")


def test_database_that_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as refused:
        check_named(f"postgresql://planner:secret@/city?host={tmp_path}")
    assert refused.value.code == "database_unavailable"
    assert "secret" not in refused.value.message("en")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("mysql://planner:secret@db/city", "database_url_scheme"),
        ("just words", "database_url_scheme"),
        ("postgresql://db/city?no_such=1", "database_url_invalid"),
    ],
)
def test_url_that_cannot_be_read(url: str, code: str) -> None:
    with pytest.raises(InputError) as refused:
        check_named(url)
    assert refused.value.code == code
    assert "secret" not in refused.value.message("en")
    assert "postgresql://" in refused.value.message("zh")


def test_server_that_went_away_is_told_as_such(tmp_path: Path) -> None:
    gone = f"postgresql://planner@/city?host={tmp_path}"
    for work in (lambda: reset(gone), lambda: table_checksums(gone), lambda: backup(gone, tmp_path / "one.dump")):
        with pytest.raises(UnavailableError) as refused:
            work()
        assert refused.value.code == "database_unavailable"


def make_photos(folder: Path) -> dict[str, bytes]:
    """Two photos with their small ones, and what a crash has left beside them."""
    for content in (b"one" * 400, b"two" * 400):
        name = hashlib.sha256(content).hexdigest()
        (folder / name[:2]).mkdir(parents=True, exist_ok=True)
        (folder / name[:2] / f"{name}.jpg").write_bytes(content)
        (folder / name[:2] / f"{name}.thumb.jpg").write_bytes(content[:9])
    (folder / name[:2] / ".0123.unfinished").write_bytes(b"x")
    return photos_in(folder)


def photos_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.jpg")}


def test_photos_go_with_the_database_and_come_back_with_it(empty_url: str, tmp_path: Path) -> None:
    execute(empty_url, "CREATE TABLE t AS SELECT 1 AS n")
    original, file, back = make_photos(tmp_path / "photos"), tmp_path / "all.backup", tmp_path / "elsewhere" / "photos"
    assert len(original) == 4
    backup(empty_url, file, tmp_path / "photos")
    reset(empty_url)
    restore(empty_url, file, photos=back)
    assert photos_in(back) == original
    assert {path.stat().st_mode & 0o777 for path in (back, *back.iterdir())} == {0o700}
    assert [path for path in back.rglob("*") if path.is_file() and path.suffix != ".jpg"] == []
    assert table_checksums(empty_url)["public.t"][0] == 1
    restore(empty_url, file, replace=True, photos=back)
    assert photos_in(back) == original


def test_a_damaged_backup_with_photos_changes_no_database(empty_url: str, tmp_path: Path) -> None:
    execute(empty_url, "CREATE TABLE t AS SELECT 1 AS n")
    make_photos(tmp_path / "photos")
    backup(empty_url, tmp_path / "all.backup", tmp_path / "photos")
    whole = (tmp_path / "all.backup").read_bytes()
    before = table_checksums(empty_url)
    at = whole.index(b"one" * 400)
    others = io.BytesIO()
    with tarfile.open(fileobj=others, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("photos/../../escaped.jpg"))
    for broken in (
        whole[: at + 600],
        whole[: whole.index(b"photos/")],  # cut off between two members
        whole[:at] + b"ONE" + whole[at + 3 :],
        others.getvalue(),
    ):
        (tmp_path / "broken.backup").write_bytes(broken)
        with pytest.raises(UnavailableError, match="备份") as refused:
            restore(empty_url, tmp_path / "broken.backup", replace=True, photos=tmp_path / "back" / "photos")
        assert refused.value.code == "backup_damaged"
    assert table_checksums(empty_url) == before
    assert not list(tmp_path.rglob("escaped.jpg"))
