-- A page of the cases that match, with how many match. A few of them are looked for first, in whatever order is quickest:
-- where there are no more, the page is of these. Where there are more they lie close enough to each other that whoever
-- goes through all cases in the order of the list soon has a page of them.
WITH found AS MATERIALIZED (
    SELECT
        case_id,
        moment
    FROM ({matching}) AS matching
    LIMIT %(few)s + 1
),

counted AS (
    SELECT count(*) AS cases FROM found
),

page AS (
    (
        SELECT
            case_id,
            moment
        FROM found
        WHERE (SELECT cases FROM counted) <= %(few)s AND {after}
        ORDER BY moment {direction}, case_id {direction}
        LIMIT %(limit)s
    )
    UNION ALL
    (
        SELECT
            case_id,
            moment
        FROM ({matching}) AS matching
        WHERE (SELECT cases FROM counted) > %(few)s AND {after}
        ORDER BY moment {direction}, case_id {direction}
        LIMIT %(limit)s
    )
)

SELECT
    listed.*,
    (SELECT count(*) FROM case_photos AS p WHERE p.case_id = page.case_id) AS photos,
    counted.cases
FROM counted
LEFT JOIN page ON TRUE
LEFT JOIN LATERAL ({listed}) AS listed ON TRUE
ORDER BY page.moment {direction}, page.case_id {direction}
