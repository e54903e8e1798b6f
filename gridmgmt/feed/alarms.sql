-- Cases whose alarm is past, each with its entry in the log; a deadline is kept up to its very moment.
WITH due AS (
    SELECT case_id
    FROM cases
    WHERE next_alarm_at < CAST(:now AS timestamptz)
    ORDER BY next_alarm_at
    LIMIT :most
    FOR UPDATE SKIP LOCKED
),

told AS (
    UPDATE cases AS c
    SET
        urgency = CASE WHEN c.due_at < CAST(:now AS timestamptz) THEN 'overdue' ELSE 'due_soon' END,
        next_alarm_at = CASE WHEN c.due_at < CAST(:now AS timestamptz) THEN NULL ELSE c.due_at END,
        updated_at = CAST(:now AS timestamptz)
    FROM due
    WHERE c.case_id = due.case_id
    RETURNING c.case_id, c.version, c.state, c.urgency
)

INSERT INTO case_moves (case_id, version, move, state, at, actor)
SELECT case_id, version, urgency, state, CAST(:now AS timestamptz), CAST(:actor AS text)
FROM told
RETURNING move_id
