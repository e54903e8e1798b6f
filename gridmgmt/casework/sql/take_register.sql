-- Cases as a register has left them, and the entry of the log that brings each: it tells all that the case is. Only
-- where the clock of a registered case still runs is there an alarm to come.
WITH told AS (
    SELECT
        s.*,
        CASE
            WHEN s.due_at IS NULL THEN 'no_deadline'
            WHEN coalesce(s.closed_at, now()) > s.due_at THEN 'overdue'
            ELSE 'on_time'
        END AS urgency,
        CASE
            WHEN s.state IN ('registered', 'dispatched', 'handling', 'handled', 'verified') AND s.due_at > now()
                THEN s.due_at
        END AS next_alarm_at
    FROM staged_cases AS s
),

added AS (
    INSERT INTO cases (
        edition_id, case_no, kind, type, source, state, description, address, flags, reported_at, due_at, closed_at,
        urgency, next_alarm_at, department_code, district_code, town_code, middle_code, quarter_code, cell_code,
        post_code, geom
    )
    SELECT
        :edition_id, case_no, kind, type, source, state, description, address, flags, reported_at, due_at, closed_at,
        urgency, next_alarm_at, department_code, district_code, town_code, middle_code, quarter_code, cell_code,
        post_code, geom
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
        'next_alarm_at', t.next_alarm_at,
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
