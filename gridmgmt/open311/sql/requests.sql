-- Requests of GeoReport v2, the last reported first; what is not asked for is NULL. No contact data.
SELECT
    c.case_no, c.state, c.type, c.description, c.department_code, c.reported_at,
    CASE
        WHEN c.state IN ('closed', 'rejected', 'duplicate', 'voided') THEN coalesce(c.closed_at, c.updated_at)
        ELSE c.updated_at
    END AS told_at,
    c.due_at, c.address, ST_Y(c.geom) AS lat, ST_X(c.geom) AS lon, original.case_no AS duplicate_of, media.url,
    (SELECT p.photo FROM case_photos AS p WHERE p.case_id = c.case_id ORDER BY p.at, p.photo LIMIT 1) AS photo,
    c.source, c.kind, c.town_code, c.cell_code
FROM (
    SELECT *
    FROM cases AS each
    WHERE NOT each.internal
      AND (%(ids)s::text[] IS NULL OR each.case_no = ANY (%(ids)s::text[]))
      AND (%(district)s::text IS NULL OR each.district_code = %(district)s::text)
      AND (%(start)s::timestamptz IS NULL OR each.reported_at >= %(start)s::timestamptz)
      AND (%(end)s::timestamptz IS NULL OR each.reported_at <= %(end)s::timestamptz)
      AND (%(updated_after)s::timestamptz IS NULL OR each.updated_at > %(updated_after)s::timestamptz)
      AND (%(types)s::text[] IS NULL OR each.type = ANY (%(types)s::text[]))
      AND (%(states)s::text[] IS NULL OR each.state = ANY (%(states)s::text[]))
    ORDER BY each.reported_at DESC, each.case_id DESC
    LIMIT %(limit)s::bigint OFFSET %(skip)s::bigint
) AS c
LEFT JOIN cases AS original ON original.case_id = c.duplicate_of
LEFT JOIN open311_media AS media ON media.case_id = c.case_id
ORDER BY c.reported_at DESC, c.case_id DESC
