-- The cells of a grid that touch the tile are one feature: what is outside cannot be seen, and lines between cells go.
-- A grid of many cells that lies in several tiles has the same id and colour in each.
WITH counting AS ({counting}),
here AS (
    SELECT a.code, a.geom
    FROM areas AS a
    WHERE
        a.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
        AND a.level = 'grid_cell'
        AND a.edition_id = ANY(ARRAY(SELECT edition_id FROM counting))
        AND NOT EXISTS (
            SELECT FROM area_endings AS n
            WHERE n.area_id = a.area_id AND n.edition_id = ANY(ARRAY(SELECT edition_id FROM counting))
        )
),
members AS (
    SELECT m.grid_code, ST_Union(here.geom) AS geom
    FROM here
    JOIN grid_members AS m
        ON m.cell_code = here.code AND m.kind = coalesce(%(kind)s::text, 'inspection')
        AND m.valid_from <= ({day}) AND (m.valid_to IS NULL OR m.valid_to > ({day}))
    GROUP BY m.grid_code
)
SELECT
    g.grid_id AS id,
    ST_Transform(members.geom, 3857) AS geom,
    g.code,
    g.name,
    g.kind,
    g.post_code AS post,
    g.backup_code AS backup,
    w.cells,
    round(w.area_m2) AS area_m2,
    -- One of eight, spread by code: a palette tells neighbours apart more often than not.
    hashtext(g.code) & 7 AS colour
FROM members
JOIN responsibility_grids AS g
    ON g.code = members.grid_code
    AND g.valid_from <= ({day}) AND (g.valid_to IS NULL OR g.valid_to > ({day}))
CROSS JOIN LATERAL (
    SELECT count(*) AS cells, sum(a.area_m2) AS area_m2
    FROM grid_members AS m
    JOIN areas AS a
        ON a.code = m.cell_code AND a.level = 'grid_cell'
        AND a.edition_id = ANY(ARRAY(SELECT edition_id FROM counting))
        AND NOT EXISTS (
            SELECT FROM area_endings AS n
            WHERE n.area_id = a.area_id AND n.edition_id = ANY(ARRAY(SELECT edition_id FROM counting))
        )
    WHERE
        m.grid_code = g.code AND m.valid_from <= ({day}) AND (m.valid_to IS NULL OR m.valid_to > ({day}))
) AS w
