-- Points of one type and status that share a cell are one feature; only a point alone keeps its identity.
WITH points AS (
    SELECT s.point_id, s.code, s.name, s.type, s.status, s.capacity, ST_Transform(s.geom, 3857) AS geom
    FROM service_points AS s
    JOIN editions AS e USING (edition_id)
    WHERE
        s.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
        AND e.valid_from <= %(on)s::date
        AND (e.valid_to IS NULL OR e.valid_to > %(on)s::date)
)
SELECT
    min(point_id) AS id,
    {centre} AS geom,
    CASE WHEN count(*) = 1 THEN min(point_id) END AS point_id,
    CASE WHEN count(*) = 1 THEN min(code) END AS code,
    CASE WHEN count(*) = 1 THEN min(name) END AS name,
    type,
    status,
    sum(capacity) AS capacity,
    count(*) AS points
FROM points
GROUP BY type, status, {cell}, CASE WHEN %(single)s THEN point_id END
