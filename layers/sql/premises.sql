-- From afar premises of one colour that share a cell are one point; near by each is drawn as it stands.
-- What still holds and what has ended since are asked of an index each: of the years before there is ten times as much.
-- Materialized, so that what transforming the points is said to cost starts no processes to help with a few thousand.
WITH held AS MATERIALIZED (
    SELECT p.premises_id, p.code, p.colour, p.score, p.group_renting, p.due_on, p.geom
    FROM premises AS p
    WHERE
        p.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
        AND p.valid_from <= %(on)s::date
        AND p.valid_to IS NULL
    UNION ALL
    SELECT p.premises_id, p.code, p.colour, p.score, p.group_renting, p.due_on, p.geom
    FROM premises AS p
    WHERE
        p.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
        AND p.valid_from <= %(on)s::date
        AND p.valid_to > %(on)s::date
),
drawn AS (
    SELECT
        premises_id, code, coalesce(colour, 'uninspected') AS colour, score, group_renting, due_on,
        ST_Transform(geom, 3857) AS geom
    FROM held
)

SELECT
    premises_id AS id, geom, code, colour, score, group_renting, due_on::text AS due_on, 1 AS premises
FROM drawn
WHERE %(single)s
UNION ALL
SELECT
    min(premises_id) AS id,
    {centre} AS geom,
    CASE WHEN count(*) = 1 THEN min(code) END AS code,
    colour,
    CASE WHEN count(*) = 1 THEN min(score) END AS score,
    CASE WHEN count(*) = 1 THEN bool_or(group_renting) END AS group_renting,
    CASE WHEN count(*) = 1 THEN min(due_on)::text END AS due_on,
    count(*) AS premises
FROM drawn
WHERE NOT %(single)s
GROUP BY colour, {cell}
