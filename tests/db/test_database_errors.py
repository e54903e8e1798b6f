"""Errors of the database in the project's own terms, also those of COPY, of which SQLAlchemy knows nothing."""

from contextlib import ExitStack

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmgmt.addresses.models import AddressName
from gridmgmt.cluster import libpq_url
from gridmgmt.db import make_engine, make_sessions, transaction, translated
from gridmgmt.errors import ConflictError, InputError
from gridmgmt.frames import copy_columns, copy_rows

COLUMNS = ("name_id", "name", "pinyin", "initials")
ENDLESS = "".join(chr(0x4E00 + i * 7919 % 20_000) for i in range(20_000))
"""More than an entry of an index can hold, however it is packed."""


@pytest.mark.parametrize("name", ["a\0b", ENDLESS])
def test_a_value_that_cannot_be_kept_is_refused(session: Session, name: str) -> None:
    with pytest.raises(InputError) as refusal, translated():
        copy_rows(session, AddressName.__tablename__, COLUMNS, [(1, name, [name], [name])])
    assert refusal.value.code == "value_refused"


def test_nul_in_a_column_is_refused(session: Session) -> None:
    columns = {"name_id": [1], "name": ["a\0b"], "pinyin": ["{}"], "initials": ["{}"]}
    with pytest.raises(InputError) as refusal, translated():
        copy_columns(session, AddressName.__tablename__, columns)
    assert refusal.value.code == "value_refused"


def test_what_is_there_already_is_a_conflict(session: Session) -> None:
    rows = [(1, "甲", ["jia"], ["j"]), (1, "乙", ["yi"], ["y"])]
    with pytest.raises(ConflictError) as refusal, translated():
        copy_rows(session, AddressName.__tablename__, COLUMNS, rows)
    assert refusal.value.fields["constraint"] == "pk_address_names"


def test_connections_that_were_lost_while_they_rested_are_opened_anew(fresh_database_url: str) -> None:
    """All three were given back and then ended by the server; whoever comes next does not get to know."""
    engine = make_engine(fresh_database_url, pool_size=3)
    sessions = make_sessions(engine)
    with ExitStack() as together:
        opened = [together.enter_context(transaction(sessions)) for _ in range(3)]
        ours = [session.scalar(text("SELECT pg_backend_pid()")) for session in opened]
    with psycopg.connect(libpq_url(fresh_database_url), autocommit=True) as other:
        end = "SELECT pg_terminate_backend(pid, 10000) FROM unnest(%s::int[]) AS pid"
        assert other.execute(end, (ours,)).fetchall() == [(True,)] * 3
    for _ in range(4):
        with transaction(sessions) as session:
            assert session.scalar(text("SELECT pg_backend_pid()")) not in ours
    engine.dispose()
