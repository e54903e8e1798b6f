-- The edges of one class are one feature where streets are small; edge ids are dense in their edition, so both
-- together make a number that is a feature's own and that a browser can hold.
WITH edges AS (
    SELECT
        n.edition_id * 4294967296 + n.edge_id AS id,
        n.highway,
        n.tags ->> 'name' AS name,
        coalesce(n.tags ->> 'bridge', 'no') <> 'no' AS bridge,
        ST_Transform(n.geom, 3857) AS geom
    FROM network_edges AS n
    JOIN editions AS e USING (edition_id)
    WHERE
        n.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
        AND (%(classes)s::text[] IS NULL OR n.highway = ANY(%(classes)s::text[]))
        AND e.valid_from <= %(on)s::date
        AND (e.valid_to IS NULL OR e.valid_to > %(on)s::date)
)
SELECT id, geom, highway, name, bridge
FROM edges
WHERE %(single)s
UNION ALL
SELECT min(id), ST_Simplify(ST_LineMerge(ST_Collect(geom ORDER BY id)), %(unit_m)s * 4), highway, NULL, NULL
FROM edges
WHERE NOT %(single)s
GROUP BY highway
