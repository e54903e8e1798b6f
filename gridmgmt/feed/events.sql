-- What was committed since a snapshot of the database, up to another or to this very moment: always at least one row,
-- whose move_id is null when nothing was.
SELECT
    (SELECT epoch FROM feed_epochs WHERE identity = here.identity) AS epoch,
    here.identity,
    CAST(here.upto AS text) AS snapshot,
    news.*
FROM (
    SELECT
        coalesce(CAST(%(until)s AS pg_snapshot), pg_current_snapshot()) AS upto,
        concat_ws(
            '.',
            (SELECT system_identifier FROM pg_control_system()),
            (SELECT timeline_id FROM pg_control_checkpoint()),
            (SELECT oid FROM pg_database WHERE datname = current_database()),
            CAST(CAST('feed_epochs' AS regclass) AS oid)
        ) AS identity
) AS here
LEFT JOIN LATERAL (
    -- Materialized, so that nothing but the index on transactions is ever considered. A transaction that was open is
    -- found by its own number: one that stays open for long does not make all since its beginning be looked through.
    WITH entries AS MATERIALIZED (
        SELECT m.*
        FROM case_moves AS m
        WHERE m.move <> 'import'
            AND m.transaction_id >= pg_snapshot_xmax(CAST(%(since)s AS pg_snapshot))
            AND m.transaction_id < pg_snapshot_xmax(here.upto)
        UNION ALL
        SELECT m.*
        FROM case_moves AS m
        WHERE m.move <> 'import'
            AND m.transaction_id = ANY (ARRAY(SELECT pg_snapshot_xip(CAST(%(since)s AS pg_snapshot))))
    ),

    page AS MATERIALIZED (
        SELECT e.*
        FROM entries AS e
        WHERE pg_visible_in_snapshot(e.transaction_id, here.upto)
            AND e.move_id > CAST(%(after)s AS bigint)
            AND e.move_id > (SELECT last_foreign_move_id FROM feed_epochs WHERE identity = here.identity)
            AND NOT EXISTS (SELECT FROM cases AS i WHERE i.case_id = e.case_id AND i.internal)
        ORDER BY e.move_id
        LIMIT %(most)s
    )

    SELECT
        m.move_id,
        CAST(CAST(m.transaction_id AS text) AS bigint) AS transaction_id,
        m.move,
        c.case_no,
        m.version,
        m.state,
        c.urgency,
        m.at,
        c.kind,
        c.type,
        c.due_at,
        c.department_code,
        c.town_code,
        c.cell_code,
        st_x(c.geom) AS lon,
        st_y(c.geom) AS lat,
        ARRAY[c.cell_code, c.quarter_code, c.middle_code, c.town_code, c.district_code] AS areas,
        ARRAY[c.department_code, m.department_code]
            || ARRAY(SELECT t.department_code FROM case_tasks AS t WHERE t.case_id = c.case_id) AS departments
    FROM page AS m
    JOIN cases AS c ON c.case_id = m.case_id
) AS news ON true
ORDER BY news.move_id
