"""Cases are moved over our HTTP beside the same statements in pgbench, prepared, on one database, taking turns.

Eight clients move cases of their own to and fro between feedback and rework, each in a process of its own over a
connection that stays open: who calls, the case with its tasks under a row lock, what the machine makes of it, the case,
its task and its log, all in one transaction, and the answer with the moves that are legal then. pgbench does the same
statements with as many clients on cases at random; it pays neither for HTTP nor for JSON nor for the machine.
"""

import argparse
import multiprocessing
import random
import tempfile
from collections.abc import Mapping
from pathlib import Path

import psycopg
from case_writes import (
    CLIENTS,
    SECONDS,
    Ask,
    bound,
    compare,
    http_round,
    key_statement,
    pgbench_round,
    prepare,
    server,
)
from tiles_cold import demo_database

from gridmgmt.access.rules import Role
from gridmgmt.casework.queries import LOCKED_CASE, MOVED_CASE
from gridmgmt.cluster import libpq_url

CASES = 4_000
MOST_P99_MS, GOAL_P99_MS = 40.0, 30.0
BODY = "water_company"

_PROGRESS = (
    '{"clock": {"began_at": "2026-11-20T01:00:00+00:00", "amount": 2, "unit": "working_days", "pauses": [],'
    ' "extended": false}, "stage_since": "2026-11-20T02:00:00+00:00", "used_s": {"acceptance": 600,'
    ' "confirmation": 600, "dispatching": 600, "handling": 3600}, "handlers": ["benchmark"]}'
)
_TASK = (
    f'[{{"round": 1, "department_code": "{BODY}", "lead": true, "state": "handled",'
    ' "due_at": "2026-11-24T01:00:00+00:00", "done_at": "2026-11-23T01:00:00+00:00"}]'
)
_TOLD = (
    '{"handled_at": "2026-11-23T01:00:00+00:00", "stage_since": "2026-11-23T01:00:00+00:00",'
    f' "used": {{"stage": "handling", "s": 3600}}, "tasks": {_TASK}}}'
)

_LOAD = """
WITH areas_at AS (
    SELECT a.level, a.code, a.geom FROM areas AS a JOIN editions AS e USING (edition_id) WHERE e.state = 'in_force'
),
made AS (
    INSERT INTO cases (
        case_no, kind, type, source, state, reported_at, registered_at, dispatched_at, handled_at, department_code,
        condition_no, due_at, due_soon_at, urgency, next_alarm_at, progress, geom, district_code, town_code,
        quarter_code, cell_code
    )
    SELECT
        'BM' || lpad(n::text, 6, '0'), 'component', '0101', 'inspector', 'handled', now() - interval '3 days',
        now() - interval '2 days', now() - interval '2 days', now(), %(body)s, 2, now() + interval '9 days',
        now() + interval '8 days', 'on_time', now() + interval '8 days', %(progress)s, place.geom,
        (SELECT code FROM areas_at WHERE level = 'district' AND ST_Covers(geom, place.geom) LIMIT 1),
        (SELECT code FROM areas_at WHERE level = 'town' AND ST_Covers(geom, place.geom) LIMIT 1),
        (SELECT code FROM areas_at WHERE level = 'residential_quarter' AND ST_Covers(geom, place.geom) LIMIT 1),
        (SELECT code FROM areas_at WHERE level = 'grid_cell' AND ST_Covers(geom, place.geom) LIMIT 1)
    FROM generate_series(0, %(last)s) AS n
    JOIN LATERAL (
        SELECT ST_PointOnSurface(a.geom) AS geom FROM areas_at AS a WHERE a.level = 'residential_quarter'
        ORDER BY a.code OFFSET n %% 50 LIMIT 1
    ) AS place ON true
    ON CONFLICT DO NOTHING
    RETURNING case_id, due_at
),
shared AS (
    INSERT INTO case_tasks (case_id, round, department_code, lead, state, due_at, done_at)
    SELECT case_id, 1, %(body)s, true, 'handled', due_at, now() FROM made
)
INSERT INTO case_moves (case_id, version, move, state, at, actor)
SELECT case_id, 1, 'import', 'handled', now(), 'benchmark' FROM made
"""


def load(url: str) -> None:
    """Add the cases that are moved."""
    with psycopg.connect(libpq_url(url)) as connection:
        connection.execute(_LOAD, {"body": BODY, "progress": _PROGRESS, "last": CASES - 1})
        connection.execute("ANALYZE cases")


def move_to_and_fro(url: str) -> Ask:
    """Return what draws the next move of a client's own cases."""
    turn = multiprocessing.get_context("fork").Value("i", 0)
    mine: dict[str, list[object]] = {}

    def take() -> None:
        with turn.get_lock():
            number = turn.value % CLIENTS
            turn.value += 1
        with psycopg.connect(libpq_url(url)) as connection:
            rows = connection.execute(
                "SELECT case_no, version, state FROM cases WHERE case_no LIKE 'BM%%'"
                " AND right(case_no, 6)::int %% %s = %s",
                (CLIENTS, number),
            )
            mine.update({case_no: [version, state] for case_no, version, state in rows})

    def ask(chance: random.Random) -> tuple[str, str, Mapping[str, object]]:
        if not mine:
            take()
        case_no = chance.choice(list(mine))
        version, state = mine[case_no]
        done = state == "handled"
        mine[case_no] = [int(str(version)) + 1, "handling" if done else "handled"]
        body = {"move": "rework" if done else "give_feedback", "version": version, "reason": "现场核查，井盖仍有移位。"}
        return "POST", f"/api/v1/cases/{case_no}/transitions", body

    return ask


def script_of_moves(key: str) -> str:
    """Return the script of pgbench: the statements of a move, with what they are bound to."""
    constants = {
        "zone": "'Asia/Shanghai'",
        "case_no": "'BM' || lpad(:n::text, 6, '0')",
        "case_id": ":case_id",
        "version": ":version + 1",
        "state": "'handled'",
        "condition_no": "2",
        "department_code": f"'{BODY}'",
        "due_provisional": "false",
        "urgency": "'on_time'",
        **dict.fromkeys(("at", "accepted_at", "registered_at", "dispatched_at", "handled_at"), "now()"),
        **dict.fromkeys(("due_at", "due_soon_at", "next_alarm_at"), "now() + interval '8 days'"),
        **dict.fromkeys(("closed_at", "paused_at", "satisfied", "duplicate_of"), "NULL"),
        **dict.fromkeys(("rework_count", "send_back_count", "extension_count", "reopen_count"), "0"),
        **dict.fromkeys(("forced", "supervised"), "false"),
        "requests": "'[]'",
        "progress": f"'{_PROGRESS}'",
        "tasks": f"'{_TASK}'",
        "move": "'give_feedback'",
        "actor": "'benchmark'",
        "post": "'administrator'",
        "by_department": f"'{BODY}'",
        "reason": "'现场核查，井盖仍有移位。'",
        "told": f"'{_TOLD}'",
    }
    return "\n".join(
        [
            f"\\set n random(0, {CASES - 1})",
            "BEGIN;",
            key_statement(key),
            bound(LOCKED_CASE, constants) + " \\gset",
            bound(MOVED_CASE, constants) + ";",
            "COMMIT;",
        ]
    )


def main() -> None:
    """Measure moves, print and keep the result."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--url", help="a database to use; without it, an embedded one is made and filled")
    options.add_argument("--processes", type=int, default=2, help="web processes")
    given = options.parse_args()
    with demo_database(given.url) as url, tempfile.TemporaryDirectory() as folder, server(url, given.processes) as port:
        key = prepare(url, [Role.ADMINISTRATOR])
        load(url)
        script = Path(folder) / "moves.sql"
        script.write_text(script_of_moves(key), encoding="utf-8")
        ask = move_to_and_fro(url)
        compare(
            "case_moves",
            lambda: http_round(port, key, ask, SECONDS, 200),
            lambda: pgbench_round(url, script, SECONDS),
            p99_ms_at_most=MOST_P99_MS,
            p99_ms_goal=GOAL_P99_MS,
            processes=given.processes,
        )


if __name__ == "__main__":
    main()
