-- Cases that share a cell are one feature: how many, how many of them still open and how urgent, and the worst of it.
-- Only a case alone keeps its identity. Positions are spherical Mercator, as a map has them, worked out by hand: a
-- million transformations of one point each would cost most of the time. So would comparing texts as a language does.
WITH points AS (
    SELECT
        c.case_id, c.case_no COLLATE "C" AS case_no, c.kind COLLATE "C" AS kind, c.type COLLATE "C" AS type,
        c.state COLLATE "C" AS state,
        c.state NOT IN ('closed', 'duplicate', 'rejected', 'voided') AS is_open,
        CASE c.urgency WHEN 'overdue' THEN 4 WHEN 'due_soon' THEN 3 WHEN 'on_time' THEN 2 ELSE 1 END AS rank,
        6378137 * radians(ST_X(c.geom)) AS x,
        6378137 * ln(tan(pi() / 4 + radians(ST_Y(c.geom)) / 2)) AS y
    FROM ({cases}) AS c
    WHERE
        c.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
        {counted}
),

clusters AS (
    SELECT
        min(case_id) AS id,
        count(*) AS cases,
        count(*) FILTER (WHERE is_open) AS open,
        count(*) FILTER (WHERE is_open AND rank = 4) AS overdue,
        count(*) FILTER (WHERE is_open AND rank = 3) AS due_soon,
        coalesce(max(rank) FILTER (WHERE is_open), max(rank)) AS rank,
        min(case_no) AS case_no,
        min(kind) AS kind, max(kind) AS last_kind,
        min(type) AS type, max(type) AS last_type,
        min(state) AS state, max(state) AS last_state,
        min(state) FILTER (WHERE is_open AND state <> 'suspended') AS open_state,
        (min(x) + max(x)) / 2 AS x,
        (min(y) + max(y)) / 2 AS y
    FROM points
    GROUP BY
        floor(x / (%(unit_m)s * {cell_units})), floor(y / (%(unit_m)s * {cell_units})),
        CASE WHEN %(single)s THEN case_id END
    -- A cell is drawn by the tile that it lies in: the others see only a part of it.
    HAVING
        %(single)s
        OR (
            floor(floor(min(x) / (%(unit_m)s * {cell_units})) / {cells}) + 2 ^ (%(z)s - 1) = %(x)s
            AND 2 ^ (%(z)s - 1) - 1 - floor(floor(min(y) / (%(unit_m)s * {cell_units})) / {cells}) = %(y)s
        )
)

SELECT
    id,
    ST_SetSRID(ST_MakePoint(x, y), 3857) AS geom,
    CASE WHEN cases = 1 THEN case_no END AS case_no,
    CASE WHEN kind = last_kind THEN kind END AS kind,
    CASE WHEN type = last_type THEN type END AS type,
    CASE
        WHEN state = last_state THEN state
        WHEN open = 0 THEN 'closed'
        ELSE coalesce(open_state, 'suspended')
    END AS state,
    (ARRAY['no_deadline', 'on_time', 'due_soon', 'overdue'])[rank] AS urgency,
    cases,
    open,
    overdue,
    due_soon
FROM clusters
