"""Cases and entries of their log, written by hand."""

from datetime import datetime
from typing import Any

import psycopg

CASE = """
INSERT INTO cases (
    case_no, kind, type, state, reported_at, town_code, cell_code, department_code, urgency, due_at, next_alarm_at, geom
) VALUES (
    %(case_no)s, 'event', '0101', %(state)s, '2026-11-23T08:00:00+08:00', %(town_code)s, %(cell_code)s,
    %(department_code)s, %(urgency)s, %(due_at)s, %(next_alarm_at)s, ST_SetSRID(ST_MakePoint(121.4, 31.3), 4326)
) RETURNING case_id
"""
MOVE = """
INSERT INTO case_moves (case_id, version, move, state, at, actor)
SELECT case_id, version, %(move)s, state, '2026-11-23T08:00:01+08:00', 'tester' FROM cases WHERE case_id = %(case_id)s
RETURNING move_id
"""


def add_case(connection: psycopg.Connection[Any], case_no: str, **values: Any) -> int:
    """Add a case without an entry in the log, and return its id."""
    defaults: dict[str, Any] = {
        "state": "reported", "town_code": None, "cell_code": None, "department_code": None, "urgency": "no_deadline",
        "due_at": None, "next_alarm_at": None,
    }  # fmt: skip
    return _number(connection.execute(CASE, defaults | values | {"case_no": case_no}).fetchone())


def add_move(connection: psycopg.Connection[Any], case_id: int, move: str = "accept") -> int:
    """Add an entry to the log of a case, and return its id."""
    return _number(connection.execute(MOVE, {"case_id": case_id, "move": move}).fetchone())


def log_of(connection: psycopg.Connection[Any], case_id: int) -> list[tuple[str, int, datetime]]:
    """Return the moves of a case with its version after each and when they were made."""
    statement = "SELECT move, version, at FROM case_moves WHERE case_id = %s ORDER BY move_id"
    return [(move, version, at) for move, version, at in connection.execute(statement, [case_id])]


def _number(row: Any) -> int:
    return int(row[0])
