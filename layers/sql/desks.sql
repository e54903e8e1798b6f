-- From afar desks of one kind that share a cell are one point; near by each is drawn as it stands.
WITH drawn AS (
    SELECT d.desk_id, d.code, d.name, d.kind, d.type, ST_Transform(d.geom, 3857) AS geom
    FROM desks AS d
    WHERE
        d.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
        AND d.valid_from <= %(on)s::date
        AND (d.valid_to IS NULL OR d.valid_to > %(on)s::date)
)
SELECT
    min(desk_id) AS id,
    {centre} AS geom,
    CASE WHEN count(*) = 1 THEN min(code) END AS code,
    CASE WHEN count(*) = 1 THEN min(name) END AS name,
    kind,
    CASE WHEN min(type) = max(type) THEN min(type) END AS type,
    count(*) AS desks
FROM drawn
GROUP BY kind, {cell}, CASE WHEN %(single)s THEN desk_id END
