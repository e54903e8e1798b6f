-- From afar components of one class and state that share a cell are one point; near by each is drawn as it stands.
WITH drawn AS (
    SELECT
        c.component_id, c.code, c.type_code, c.name, c.state,
        ST_Transform(CASE WHEN %(single)s THEN c.geom ELSE ST_PointOnSurface(c.geom) END, 3857) AS geom
    FROM components AS c
    WHERE
        c.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
        AND c.valid_from <= %(on)s::date
        AND (c.valid_to IS NULL OR c.valid_to > %(on)s::date)
        AND c.state <> 'removed'
)

SELECT
    component_id AS id, geom, code, left(type_code, 2) AS class, type_code AS type, name, state, 1 AS components
FROM drawn
WHERE %(single)s
UNION ALL
SELECT
    min(component_id) AS id,
    {centre} AS geom,
    CASE WHEN count(*) = 1 THEN min(code) END AS code,
    left(type_code, 2) AS class,
    CASE WHEN min(type_code) = max(type_code) THEN min(type_code) END AS type,
    CASE WHEN count(*) = 1 THEN min(name) END AS name,
    state,
    count(*) AS components
FROM drawn
WHERE NOT %(single)s
GROUP BY left(type_code, 2), state, {cell}
