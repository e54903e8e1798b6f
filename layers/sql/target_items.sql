-- An item stands where it was placed, at the last stage that it had come to by the day.
SELECT
    i.item_id AS id,
    ST_Transform(i.geom, 3857) AS geom,
    i.target_code AS target,
    i.item_no,
    i.name,
    m.stage,
    EXISTS (
        SELECT FROM jsonb_each_text(i.dues) AS due (stage, due_on)
        WHERE
            due.due_on::date < %(on)s::date
            AND array_position(s.stages, due.stage) > array_position(s.stages, m.stage)
    ) AS late,
    array_to_string(t.kinds, ',') AS kinds
FROM target_items AS i
CROSS JOIN (VALUES (ARRAY['planned', 'located', 'approved', 'building', 'open'])) AS s (stages)
JOIN targets AS t
    ON t.code = i.target_code
    AND t.valid_from <= %(on)s::date
    AND (t.valid_to IS NULL OR t.valid_to > %(on)s::date)
JOIN LATERAL (
    SELECT r.stage FROM target_milestones AS r
    WHERE r.item_id = i.item_id AND r.reached_on <= %(on)s::date
    ORDER BY r.milestone_id DESC LIMIT 1
) AS m ON true
WHERE i.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
