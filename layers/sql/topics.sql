-- Each topic stands where it was proposed, in the state of its last step until the day; later ones are not there yet.
SELECT
    t.topic_id AS id,
    ST_Transform(t.geom, 3857) AS geom,
    t.code,
    t.title,
    s.state,
    t.origin
FROM topics AS t
CROSS JOIN LATERAL (
    SELECT ts.state
    FROM topic_steps AS ts
    WHERE ts.topic_id = t.topic_id AND ts."on" <= %(on)s::date
    ORDER BY ts.step_no DESC
    LIMIT 1
) AS s
WHERE
    t.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
