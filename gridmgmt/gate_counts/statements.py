"""Writing bins and residuals, many at once."""

from sqlalchemy import text

PUSH = text("""
INSERT INTO gate_bins (gate_id, start, flow_class, entered, exited)
SELECT * FROM unnest(
    CAST(:gates AS integer[]), CAST(:starts AS timestamptz[]), CAST(:classes AS varchar[]),
    CAST(:entered AS integer[]), CAST(:left AS integer[])
)
ON CONFLICT (gate_id, start, flow_class) DO NOTHING
RETURNING gate_id
""")
DIFFERING = text("""
SELECT given.gate_id, given.start, given.flow_class
FROM unnest(
    CAST(:gates AS integer[]), CAST(:starts AS timestamptz[]), CAST(:classes AS varchar[]),
    CAST(:entered AS integer[]), CAST(:left AS integer[])
) AS given (gate_id, start, flow_class, entered, exited)
JOIN gate_bins AS held USING (gate_id, start, flow_class)
WHERE (held.entered, held.exited) <> (given.entered, given.exited)
ORDER BY given.start, given.gate_id, given.flow_class
LIMIT 1
""")
RESIDUALS = text("""
WITH told AS (
    SELECT
        community_id, at, flow_class,
        lag(counted) OVER earlier AS counted_before,
        lag(at) OVER earlier AS at_before
    FROM gate_censuses
    WHERE community_id = :community
    WINDOW earlier AS (PARTITION BY flow_class ORDER BY at)
),

passages AS (
    SELECT gate_id, start, flow_class, entered, exited FROM gate_bins
    UNION ALL
    SELECT gate_id, start, flow_class, entered, exited FROM gate_hours
)

UPDATE gate_censuses AS census SET residual = census.counted - told.counted_before - coalesce((
    SELECT sum(p.entered - p.exited)
    FROM passages AS p
    JOIN counting_gates AS gate ON gate.gate_id = p.gate_id
    WHERE
        gate.community_id = told.community_id AND p.flow_class = told.flow_class
        AND p.start >= told.at_before AND p.start < told.at
), 0)
FROM told
WHERE
    census.community_id = told.community_id AND census.at = told.at AND census.flow_class = told.flow_class
    AND told.at_before IS NOT NULL AND census.at > :since
""")
