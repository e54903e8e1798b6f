WITH counting AS ({counting})
SELECT
    a.area_id AS id,
    ST_Transform(a.geom, 3857) AS geom,
    a.code,
    a.name,
    a.level,
    a.kind,
    m.mode,
    m.override_by IS NOT NULL AS overridden,
    a.parent_code,
    round(a.area_m2) AS area_m2
FROM areas AS a
LEFT JOIN town_modes AS m
    ON a.level = 'town' AND m.town_code = a.code
    AND m.valid_from <= ({day}) AND (m.valid_to IS NULL OR m.valid_to > ({day}))
WHERE
    a.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
    AND a.level = ANY(%(classes)s::text[])
    AND a.edition_id = ANY(ARRAY(SELECT edition_id FROM counting))
    AND NOT EXISTS (
        SELECT FROM area_endings AS n
        WHERE n.area_id = a.area_id AND n.edition_id = ANY(ARRAY(SELECT edition_id FROM counting))
    )
