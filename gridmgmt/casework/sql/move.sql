-- A case as a move has left it, the tasks that the move has touched, and its entry of the log.
WITH moved AS (
    UPDATE cases SET
        version = %(version)s::int, state = %(state)s::text, updated_at = %(at)s::timestamptz,
        accepted_at = %(accepted_at)s::timestamptz,
        registered_at = %(registered_at)s::timestamptz, dispatched_at = %(dispatched_at)s::timestamptz,
        handled_at = %(handled_at)s::timestamptz, closed_at = %(closed_at)s::timestamptz,
        department_code = %(department_code)s::text, condition_no = %(condition_no)s::int,
        due_at = %(due_at)s::timestamptz, due_soon_at = %(due_soon_at)s::timestamptz,
        due_provisional = %(due_provisional)s::bool, urgency = %(urgency)s::text,
        next_alarm_at = %(next_alarm_at)s::timestamptz, paused_at = %(paused_at)s::timestamptz,
        rework_count = %(rework_count)s::int, send_back_count = %(send_back_count)s::int,
        extension_count = %(extension_count)s::int, reopen_count = %(reopen_count)s::int,
        forced = %(forced)s::bool, supervised = %(supervised)s::bool, satisfied = %(satisfied)s::bool,
        duplicate_of = %(duplicate_of)s::bigint,
        requests = %(requests)s::jsonb, progress = %(progress)s::jsonb
    WHERE case_id = %(case_id)s::bigint
    RETURNING case_id
),
shared AS (
    INSERT INTO case_tasks (case_id, round, department_code, lead, state, due_at, done_at)
    SELECT %(case_id)s::bigint, t.round, t.department_code, t.lead, t.state, t.due_at, t.done_at
    FROM jsonb_to_recordset(%(tasks)s::jsonb) AS t (
        round int, department_code text, lead bool, state text, due_at timestamptz, done_at timestamptz
    )
    ON CONFLICT (case_id, round, department_code) DO UPDATE
    SET state = excluded.state, due_at = excluded.due_at, done_at = excluded.done_at
)
INSERT INTO case_moves (case_id, version, move, state, at, actor, post, department_code, reason, facts)
SELECT
    case_id, %(version)s::int, %(move)s::text, %(state)s::text, %(at)s::timestamptz, %(actor)s::text, %(post)s::text,
    %(by_department)s::text, %(reason)s::text, %(told)s::jsonb
FROM moved
RETURNING move_id
