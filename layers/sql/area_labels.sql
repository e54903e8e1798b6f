SELECT
    a.area_id AS id,
    ST_Transform(ST_PointOnSurface(a.geom), 3857) AS geom,
    a.code,
    a.name,
    a.level,
    a.kind,
    a.mode,
    p.code AS parent_code,
    round(a.area_m2) AS area_m2
FROM areas AS a
LEFT JOIN areas AS p ON p.area_id = a.parent_id
WHERE
    a.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
    AND a.level = ANY(%(classes)s::text[])
    AND a.valid_from <= %(on)s::date
    AND (a.valid_to IS NULL OR a.valid_to > %(on)s::date)
