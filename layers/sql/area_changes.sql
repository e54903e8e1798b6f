-- What an edition ends and brings in, paired by level and code; a pair differs by border, name or parent. An area that
-- goes and one that comes with the very same border are one area with another code.
WITH asked AS MATERIALIZED (SELECT ({edition}) AS edition_id),
touched AS (
    SELECT DISTINCT a.level, a.code
    FROM areas AS a
    WHERE
        a.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
        AND a.level = ANY(%(classes)s::text[])
        AND (
            a.edition_id = (SELECT edition_id FROM asked)
            OR EXISTS (
                SELECT FROM area_endings AS n
                WHERE n.area_id = a.area_id AND n.edition_id = (SELECT edition_id FROM asked)
            )
        )
),
pairs AS (
    SELECT t.level, t.code, old.area_id AS old_id, new.area_id AS new_id,
        old.name AS old_name, new.name AS new_name, old.geom AS old_geom, new.geom AS new_geom,
        old.area_m2 AS old_m2, new.area_m2 AS new_m2,
        (old.parent_level, old.parent_code) IS DISTINCT FROM (new.parent_level, new.parent_code) AS reparented
    FROM touched AS t
    LEFT JOIN LATERAL (
        SELECT a.*
        FROM areas AS a
        JOIN area_endings AS n ON n.area_id = a.area_id AND n.edition_id = (SELECT edition_id FROM asked)
        WHERE a.level = t.level AND a.code = t.code
    ) AS old ON true
    LEFT JOIN areas AS new
        ON new.edition_id = (SELECT edition_id FROM asked) AND new.level = t.level AND new.code = t.code
),
recoded AS MATERIALIZED (
    SELECT old.old_id, new.new_id, old.code AS was_code, old.old_name AS was_name, new.level, new.code, new.new_name,
        new.new_geom, new.new_m2
    FROM pairs AS old
    JOIN pairs AS new
        ON new.level = old.level AND ST_Normalize(new.new_geom) = ST_Normalize(old.old_geom)
    WHERE old.new_id IS NULL AND new.old_id IS NULL
),
moved AS MATERIALIZED (
    SELECT p.*, ST_Difference(new_geom, old_geom) AS gained, ST_Difference(old_geom, new_geom) AS lost
    FROM pairs AS p
    WHERE NOT ST_Normalize(new_geom) = ST_Normalize(old_geom)
),
changes AS (
    SELECT new_id * 8 AS id, 'added' AS change, level, code, new_name AS name, NULL AS was_code, NULL AS was_name,
        new_m2 AS area_m2, new_geom AS geom
    FROM pairs
    WHERE old_id IS NULL AND new_id NOT IN (SELECT new_id FROM recoded)
    UNION ALL
    SELECT old_id * 8 + 1, 'ended', level, code, old_name, NULL, NULL, old_m2, old_geom
    FROM pairs
    WHERE new_id IS NULL AND old_id NOT IN (SELECT old_id FROM recoded)
    UNION ALL
    SELECT new_id * 8 + 2, 'recoded', level, code, new_name, was_code, nullif(was_name, new_name), new_m2, new_geom
    FROM recoded
    UNION ALL
    SELECT new_id * 8 + 3, 'border_gained', level, code, new_name, NULL, NULL, ST_Area(gained::geography), gained
    FROM moved
    UNION ALL
    SELECT new_id * 8 + 4, 'border_lost', level, code, new_name, NULL, NULL, ST_Area(lost::geography), lost
    FROM moved
    UNION ALL
    SELECT new_id * 8 + 5, 'renamed', level, code, new_name, NULL, old_name, new_m2, new_geom
    FROM pairs
    WHERE new_name <> old_name
    UNION ALL
    SELECT new_id * 8 + 6, 'reparented', level, code, new_name, NULL, NULL, new_m2, new_geom
    FROM pairs
    WHERE old_id IS NOT NULL AND new_id IS NOT NULL AND reparented
)
SELECT id, ST_Transform(geom, 3857) AS geom, change, level, code, name, was_code, was_name, area_m2
FROM changes
WHERE area_m2 > 0
