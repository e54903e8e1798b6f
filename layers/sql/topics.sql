-- Each topic stands where it was proposed; those that were brought in later than the day are not there yet.
SELECT
    t.topic_id AS id,
    ST_Transform(t.geom, 3857) AS geom,
    t.code,
    t.title,
    t.state,
    t.origin
FROM topics AS t
WHERE
    t.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
    AND t.proposed_on <= %(on)s::date
