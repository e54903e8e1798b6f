-- Communities with gates in the bands of the last released day up to the day asked for; nothing exact is drawn.
SELECT
    c.community_id AS id,
    ST_Transform(c.geom, 3857) AS geom,
    c.code,
    c.name,
    b.day::text AS day,
    b.occupancy_from,
    b.occupancy_below,
    b.ratio_from,
    b.ratio_below
FROM gate_communities AS c
LEFT JOIN gate_released_bands AS b
    ON
        b.community_id = c.community_id
        AND b.day = (SELECT max(r.day) FROM gate_releases AS r WHERE r.day <= %(on)s::date)
WHERE
    c.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
    AND c.valid_from <= %(on)s::date
    AND (c.valid_to IS NULL OR c.valid_to > %(on)s::date)
