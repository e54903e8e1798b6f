-- To plan it takes longer than to run it, so nothing in it may look dearer without its values than with them: the
-- server would plan it anew each time. ST_DistanceSpheroid gives for points what a distance of geographies gives.
WITH point AS (
    SELECT ST_SetSRID(ST_MakePoint(%(lon)s::float8, %(lat)s::float8), 4326) AS geom
),
counting AS MATERIALIZED (
    SELECT edition_id FROM editions
    WHERE subject = 'areas' AND state = 'in_force' AND valid_from <= %(on)s::date
),
around AS MATERIALIZED (
    SELECT a.level, a.code, a.name, a.geom, ST_Covers(a.geom, point.geom) AS covers
    FROM point
    JOIN areas AS a ON a.geom && ST_Expand(point.geom, %(border_lon)s::float8, %(border_lat)s::float8)
    WHERE a.edition_id IN (SELECT edition_id FROM counting)
      AND NOT EXISTS (
          SELECT FROM area_endings AS e
          WHERE e.area_id = a.area_id AND e.edition_id IN (SELECT edition_id FROM counting)
      )
),
here AS MATERIALIZED (
    SELECT DISTINCT ON (level) level, code, name FROM around WHERE covers ORDER BY level, code
),
across AS (
    SELECT around.level, around.code, around.name,
           ST_Distance(
               ST_ClipByBox2D(
                   around.geom,
                   ST_Expand(point.geom, 2 * %(border_lon)s::float8, 2 * %(border_lat)s::float8)::box2d
               )::geography,
               point.geom::geography
           ) AS distance_m
    FROM around CROSS JOIN point
    WHERE around.level IN ('town', 'residential_quarter')
      AND (around.level, around.code) NOT IN (SELECT level, code FROM here)
      AND ST_DWithin(around.geom, point.geom, %(border_lon)s::float8)
),
responsible AS (
    SELECT k.code AS kind, g.code AS grid, p.code, p.name, p.body
    FROM here
    CROSS JOIN grid_kinds AS k
    JOIN grid_members AS m ON m.kind = k.code AND m.cell_code = here.code
    JOIN responsibility_grids AS g ON g.code = m.grid_code
    JOIN officer_posts AS p ON p.code = g.post_code
    WHERE here.level = 'grid_cell'
      AND m.valid_from <= %(on)s::date AND (m.valid_to IS NULL OR m.valid_to > %(on)s::date)
      AND g.valid_from <= %(on)s::date AND (g.valid_to IS NULL OR g.valid_to > %(on)s::date)
      AND p.valid_from <= %(on)s::date AND (p.valid_to IS NULL OR p.valid_to > %(on)s::date)
),
near AS (
    SELECT c.case_no, c.type, c.state, c.reported_at, c.component_code,
           ST_DistanceSpheroid(c.geom, point.geom) AS distance_m
    FROM point
    JOIN cases AS c ON c.geom && ST_Expand(point.geom, %(near_lon)s::float8, %(near_lat)s::float8)
    WHERE c.reported_at >= %(since)s::timestamptz
      AND c.type = ANY(%(types)s::text[])
      AND NOT c.internal
      AND c.state NOT IN ('duplicate', 'rejected', 'voided')
    ORDER BY distance_m, c.reported_at DESC
    LIMIT %(most)s::int
),
catalogue AS MATERIALIZED (
    SELECT md5(string_agg(concat_ws(' ', e.sort, e.edition_id, e.valid_from, e.content_sha256), ' ' ORDER BY e.sort, e.edition_id)) AS mark
    FROM (
        SELECT 'c' AS sort, edition_id, valid_from, content_sha256 FROM catalogue_editions
        UNION ALL SELECT 'm', edition_id, valid_from, content_sha256 FROM matters_editions
    ) AS e
)
SELECT
    (SELECT json_agg(json_build_array(level, code, name)) FROM here) AS areas,
    (SELECT json_agg(json_build_array(level, code, name, distance_m) ORDER BY distance_m, code) FROM across) AS across,
    (SELECT json_agg(json_build_array(kind, grid, code, name, body) ORDER BY kind) FROM responsible) AS posts,
    (SELECT json_agg(json_build_array(case_no, type, state, reported_at, component_code, distance_m)) FROM near) AS near,
    (SELECT revision FROM calendar_revisions) AS calendar,
    (SELECT mark FROM catalogue) AS catalogue,
    CASE
        WHEN %(draw)s::bool AND coalesce(%(mark)s::text = (SELECT mark FROM catalogue), %(mark)s::text IS NULL)
            THEN nextval('case_serial')
    END AS serial,
    (SELECT template FROM case_no_rules WHERE valid_from <= %(today)s::date ORDER BY valid_from DESC LIMIT 1)
        AS template,
    (SELECT case_no FROM cases WHERE client_id = %(client_id)s::uuid) AS client_case_no,
    (
        SELECT json_build_array(request_sha256, status, answer) FROM idempotency_keys
        WHERE actor = %(actor)s::text AND key = %(key)s::text AND answered_at > %(keys_since)s::timestamptz
    ) AS answered
