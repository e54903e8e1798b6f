-- A finding smaller than a few pixels is drawn as a point, so that none is overlooked from afar.
SELECT
    f.finding_no AS id,
    CASE
        WHEN greatest(ST_XMax(d.geom) - ST_XMin(d.geom), ST_YMax(d.geom) - ST_YMin(d.geom)) > 32 * %(unit_m)s
            THEN d.geom
        ELSE ST_Transform(f.location, 3857)
    END AS geom,
    f.finding_no,
    f.type,
    f.severity,
    f.level,
    array_to_string(f.codes, ', ') AS codes,
    f.area_m2,
    f.width_m
FROM topology_findings AS f
CROSS JOIN LATERAL (SELECT ST_Transform(f.geom, 3857) AS geom OFFSET 0) AS d
WHERE
    f.edition_id = ({edition})
    AND (
        f.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
        OR f.location && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
    )
