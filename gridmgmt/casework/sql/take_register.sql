-- Cases as a register has left them, and the entry of the log that brings each: it tells all that the case is. Of those
-- that are open a share of the time from the report is the warning, round the clock, as of any deadline without a limit;
-- where the clock of a registered case still runs, the watcher sounds it. One that is suspended stands from now on.
WITH due AS (
    SELECT
        s.*,
        CASE
            WHEN s.due_at IS NULL THEN 'no_deadline'
            WHEN coalesce(s.closed_at, now()) > s.due_at THEN 'overdue'
            ELSE 'on_time'
        END AS urgency,
        CASE
            WHEN s.state <> ALL(CAST(:ended AS text []))
                THEN s.due_at - greatest(s.due_at - s.reported_at, interval '0') * CAST(:warning_share AS float8)
        END AS due_soon_at,
        CASE WHEN s.state = 'suspended' THEN now() END AS paused_at
    FROM staged_cases AS s
),

told AS (
    SELECT
        d.*,
        CASE
            WHEN d.state IN ('registered', 'dispatched', 'handling', 'handled', 'verified') AND d.due_at > now()
                THEN d.due_soon_at
        END AS next_alarm_at
    FROM due AS d
),

added AS (
    INSERT INTO cases (
        edition_id, case_no, kind, type, source, state, description, address, flags, reported_at, due_at, closed_at,
        due_soon_at, urgency, next_alarm_at, paused_at, department_code, district_code, town_code, middle_code,
        quarter_code, cell_code, post_code, geom
    )
    SELECT
        :edition_id, case_no, kind, type, source, state, description, address, flags, reported_at, due_at, closed_at,
        due_soon_at, urgency, next_alarm_at, paused_at, department_code, district_code, town_code, middle_code,
        quarter_code, cell_code, post_code, geom
    FROM told
    ORDER BY reported_at, case_no
    RETURNING case_id, case_no
)

INSERT INTO case_moves (case_id, version, move, state, at, actor, department_code, reason, facts)
SELECT
    a.case_id,
    1,
    'import',
    t.state,
    now(),
    :actor,
    t.department_code,
    t.reason,
    jsonb_strip_nulls(jsonb_build_object(
        'kind', t.kind,
        'type', t.type,
        'source', t.source,
        'reported_at', t.reported_at,
        'due_at', t.due_at,
        'closed_at', t.closed_at,
        'urgency', t.urgency,
        'due_soon_at', t.due_soon_at,
        'next_alarm_at', t.next_alarm_at,
        'paused_at', t.paused_at,
        'department_code', t.department_code,
        'district_code', t.district_code,
        'town_code', t.town_code,
        'middle_code', t.middle_code,
        'quarter_code', t.quarter_code,
        'cell_code', t.cell_code,
        'post_code', t.post_code
    ))
FROM added AS a
INNER JOIN told AS t USING (case_no)
ORDER BY a.case_id
