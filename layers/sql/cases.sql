-- Cases of one kind, type and status that share a cell are one feature; only a case alone keeps its identity.
WITH points AS (
    SELECT c.case_id, c.case_no, c.kind, c.type, c.state AS status, c.reported_at, ST_Transform(c.geom, 3857) AS geom
    FROM cases AS c
    JOIN editions AS e USING (edition_id)
    WHERE
        c.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
        AND e.valid_from <= %(on)s::date
        AND (e.valid_to IS NULL OR e.valid_to > %(on)s::date)
)
SELECT
    min(case_id) AS id,
    {centre} AS geom,
    CASE WHEN count(*) = 1 THEN min(case_no) END AS case_no,
    kind,
    type,
    status,
    CASE WHEN count(*) = 1 THEN to_char(min(reported_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END
        AS reported_at,
    count(*) AS cases
FROM points
GROUP BY kind, type, status, {cell}, CASE WHEN %(single)s THEN case_id END
