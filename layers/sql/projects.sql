SELECT
    p.project_id AS id,
    ST_Transform(p.geom, 3857) AS geom,
    p.code,
    p.name,
    p.begins_on::text AS begins_on,
    p.ends_on::text AS ends_on,
    (p.begins_on <= %(on)s::date AND (p.ends_on IS NULL OR p.ends_on >= %(on)s::date)) AS running,
    round(p.area_m2) AS area_m2
FROM renewal_projects AS p
WHERE
    p.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
    AND p.valid_from <= %(on)s::date
    AND (p.valid_to IS NULL OR p.valid_to > %(on)s::date)
