-- A conflict smaller than a few pixels is drawn as a point, so that none is overlooked from afar.
-- Who lives there is not told: tiles go to everybody who may read.
SELECT
    m.merge_id * 1000000 + c.conflict_no AS id,
    CASE
        WHEN greatest(ST_XMax(d.geom) - ST_XMin(d.geom), ST_YMax(d.geom) - ST_YMin(d.geom)) > 32 * %(unit_m)s
            THEN d.geom
        ELSE ST_PointOnSurface(d.geom)
    END AS geom,
    m.merge_id,
    c.conflict_no,
    c.kind,
    round(c.area_m2) AS area_m2,
    array_to_string(ARRAY(SELECT jsonb_array_elements_text(c.outcomes -> (m.parameters ->> 'way'))), ', ') AS outcome,
    c.decided_to IS NOT NULL AS decided
FROM grid_merge_conflicts AS c
JOIN grid_merges AS m USING (merge_id)
JOIN editions AS e USING (edition_id)
CROSS JOIN LATERAL (SELECT ST_Transform(c.geom, 3857) AS geom OFFSET 0) AS d
WHERE
    c.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
    AND e.valid_from <= %(on)s::date
    AND (e.valid_to IS NULL OR e.valid_to > %(on)s::date)
