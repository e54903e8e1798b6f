WITH point AS (
    SELECT ST_SetSRID(ST_MakePoint(CAST(:lon AS float8), CAST(:lat AS float8)), 4326) AS geom
),
counting AS (
    SELECT edition_id FROM editions
    WHERE subject = 'areas' AND state = 'in_force' AND valid_from <= CAST(:on AS date)
)
SELECT a.name, a.code, ST_Distance(a.geom::geography, point.geom::geography) AS distance_m
FROM areas AS a CROSS JOIN point
WHERE a.edition_id IN (SELECT edition_id FROM counting)
  AND NOT EXISTS (
      SELECT FROM area_endings AS e
      WHERE e.area_id = a.area_id AND e.edition_id IN (SELECT edition_id FROM counting)
  )
  AND a.level IN ('district', 'town')
ORDER BY distance_m, a.level DESC, a.code
LIMIT 1
