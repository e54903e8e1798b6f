-- What is smaller than two units of the tile would be a dot nobody sees.
SELECT
    f.feature_id AS id,
    d.geom,
    f.kind,
    f.name,
    coalesce(
        f.attributes ->> 'class',
        f.attributes ->> 'landuse',
        f.attributes ->> 'natural',
        f.attributes ->> 'waterway',
        f.attributes ->> 'railway',
        f.attributes ->> 'barrier'
    ) AS class
FROM land_features AS f
JOIN editions AS e USING (edition_id)
CROSS JOIN LATERAL (SELECT ST_Transform(f.geom, 3857) AS geom OFFSET 0) AS d
WHERE
    f.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
    AND f.kind = ANY(%(classes)s::text[])
    AND e.valid_from <= %(on)s::date
    AND (e.valid_to IS NULL OR e.valid_to > %(on)s::date)
    AND (
        ST_Dimension(d.geom) = 0
        OR greatest(ST_XMax(d.geom) - ST_XMin(d.geom), ST_YMax(d.geom) - ST_YMin(d.geom)) > 2 * %(unit_m)s
    )
