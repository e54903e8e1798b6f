-- The quarters of the last publication before the day, as they were published: what is withheld is NULL.
WITH counting AS ({counting}),
shown AS (
    SELECT month
    FROM premises_publications
    WHERE as_of <= %(on)s::date
    ORDER BY month DESC
    LIMIT 1
)
SELECT
    a.area_id AS id,
    ST_Transform(a.geom, 3857) AS geom,
    p.area_code AS code,
    a.name,
    to_char(p.month, 'YYYY-MM') AS month,
    p.premises, p.green, p.yellow, p.watch, p.red, p.uninspected, p.group_renting
FROM areas AS a
JOIN premises_published AS p ON p.area_code = a.code AND p.level = a.level
WHERE
    a.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
    AND a.level = 'residential_quarter'
    AND p.month = (SELECT month FROM shown)
    AND a.edition_id = ANY(ARRAY(SELECT edition_id FROM counting))
    AND NOT EXISTS (
        SELECT FROM area_endings AS n
        WHERE n.area_id = a.area_id AND n.edition_id = ANY(ARRAY(SELECT edition_id FROM counting))
    )
