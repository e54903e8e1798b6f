-- Places of one status and band that share a cell are one feature; only a place alone keeps its identity and time.
-- Only a place joined to the network (status 0 or 1) has a band. Bands come longest first and their thresholds negated, so that width_bucket finds the shortest band that holds.
WITH points AS (
    SELECT
        p.place_id,
        r.status,
        CASE WHEN r.status <= 1
            THEN (%(bands_s)s::float8[])[width_bucket(-r.walk_time_s, %(band_thresholds_s)s::float8[])]
        END AS band_s,
        r.walk_time_s,
        p.residents_60_plus AS residents,
        ST_Transform(p.geom, 3857) AS geom
    FROM population_places AS p
    JOIN coverage_place_results AS r ON r.run_id = %(run)s::bigint AND r.place_id = p.place_id
    WHERE p.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
)
SELECT
    min(place_id) AS id,
    {centre} AS geom,
    CASE WHEN count(*) = 1 THEN min(place_id) END AS place_id,
    (%(statuses)s::text[])[status + 1] AS status,
    band_s,
    CASE WHEN count(*) = 1 THEN min(walk_time_s) END AS walk_time_s,
    sum(residents) AS residents,
    count(*) AS places
FROM points
GROUP BY status, band_s, {cell}, CASE WHEN %(single)s THEN place_id END
