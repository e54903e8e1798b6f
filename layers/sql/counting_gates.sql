-- Gates where passages are counted.
SELECT g.gate_id AS id, ST_Transform(g.geom, 3857) AS geom, g.code, c.code AS community
FROM counting_gates AS g
JOIN gate_communities AS c ON c.community_id = g.community_id
WHERE
    g.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
    AND g.valid_from <= %(on)s::date
    AND (g.valid_to IS NULL OR g.valid_to > %(on)s::date)
