-- The grids of all departments lie on each other: who draws them chooses one by its name.
SELECT
    g.grid_id AS id,
    ST_Transform(g.geom, 3857) AS geom,
    e.part AS department,
    e.name AS edition,
    g.code,
    g.name,
    round(g.area_m2) AS area_m2
FROM department_grids AS g
JOIN editions AS e USING (edition_id)
WHERE
    g.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
    AND e.valid_from <= %(on)s::date
    AND (e.valid_to IS NULL OR e.valid_to > %(on)s::date)
