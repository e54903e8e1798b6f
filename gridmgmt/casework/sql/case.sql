SELECT
    c.case_id, c.case_no, c.description, c.address, c.fields, c.flags, c.updated_at,
    ST_X(c.geom) AS lon, ST_Y(c.geom) AS lat,
    (SELECT array_agg(d.case_no ORDER BY d.case_id) FROM cases AS d WHERE d.duplicate_of = c.case_id) AS duplicates,
    (SELECT m.case_no FROM cases AS m WHERE m.case_id = c.duplicate_of) AS master_no,
    (SELECT count(*) FROM case_photos AS p WHERE p.case_id = c.case_id) AS photos,
    (
        SELECT k.name FROM components AS k WHERE k.code = c.component_code ORDER BY k.valid_from DESC LIMIT 1
    ) AS component_name,
    (
        SELECT json_agg(json_build_array(a.level, a.code, a.name))
        FROM (
            SELECT DISTINCT ON (a.level) a.level, a.code, a.name
            FROM (VALUES
                ('district', c.district_code), ('town', c.town_code), ('basic_management_unit', c.middle_code),
                ('sector', c.middle_code), ('residential_quarter', c.quarter_code), ('grid_cell', c.cell_code)
            ) AS held (level, code)
            JOIN areas AS a ON a.level = held.level AND a.code = held.code
            JOIN editions AS e ON e.edition_id = a.edition_id AND e.state = 'in_force'
                AND e.valid_from <= (c.reported_at AT TIME ZONE %(zone)s::text)::date
            ORDER BY a.level, e.valid_from DESC, a.area_id DESC
        ) AS a
    ) AS areas,
    (SELECT revision FROM calendar_revisions) AS calendar,
    (
        SELECT md5(string_agg(concat_ws(' ', e.sort, e.edition_id, e.valid_from, e.content_sha256), ' ' ORDER BY e.sort, e.edition_id))
        FROM (
            SELECT 'c' AS sort, edition_id, valid_from, content_sha256 FROM catalogue_editions
            UNION ALL SELECT 'm', edition_id, valid_from, content_sha256 FROM matters_editions
        ) AS e
    ) AS catalogue,
    (SELECT s.version FROM cases AS s WHERE s.case_id = c.case_id) AS version_of_tasks,
    (
        SELECT json_agg(json_build_object(
            'round', t.round, 'department_code', t.department_code, 'lead', t.lead, 'state', t.state,
            'due_at', t.due_at, 'done_at', t.done_at
        ) ORDER BY t.round, t.lead DESC, t.task_id)
        FROM case_tasks AS t WHERE t.case_id = c.case_id
    ) AS tasks,
    c.requests, c.progress,
    c.state, c.kind, c.type, c.source, c.reported_at, c.version, c.component_code,
    c.cell_code, c.quarter_code, c.middle_code, c.town_code, c.district_code, c.post_code,
    c.accepted_at, c.registered_at, c.dispatched_at, c.handled_at, c.closed_at, c.department_code, c.condition_no,
    c.due_at, c.due_soon_at, c.due_provisional, c.urgency, c.next_alarm_at, c.paused_at,
    c.rework_count, c.send_back_count, c.extension_count, c.reopen_count,
    c.forced, c.supervised, c.satisfied, c.duplicate_of
FROM cases AS c
WHERE c.case_no = %(case_no)s::text
