WITH swept AS (
    DELETE FROM idempotency_keys AS old USING (
        SELECT actor, key FROM idempotency_keys
        WHERE %(key)s::text IS NOT NULL AND answered_at <= %(keys_since)s::timestamptz
          AND (actor, key) <> (%(actor)s::text, %(key)s::text)
        ORDER BY answered_at LIMIT 2 FOR UPDATE SKIP LOCKED
    ) AS gone
    WHERE old.actor = gone.actor AND old.key = gone.key
),
kept AS (
    INSERT INTO idempotency_keys AS k (actor, key, request_sha256, status, answer, answered_at)
    SELECT %(actor)s::text, %(key)s::text, %(request_sha256)s::text, 201, %(answer)s::jsonb, %(now)s::timestamptz
    WHERE %(key)s::text IS NOT NULL
    ON CONFLICT (actor, key) DO UPDATE
    SET request_sha256 = excluded.request_sha256, status = excluded.status, answer = excluded.answer,
        answered_at = excluded.answered_at
    WHERE k.answered_at <= %(keys_since)s::timestamptz
    RETURNING k.key
),
filed AS (
    INSERT INTO cases (
        case_no, client_id, kind, type, source, state, description, address, fields, component_code, reported_at,
        updated_at, cell_code, quarter_code, middle_code, town_code, district_code, post_code, progress, geom
    )
    SELECT
        %(case_no)s::text, %(client_id)s::uuid, %(kind)s::text, %(type)s::text, %(source)s::text, %(state)s::text,
        %(description)s::text, %(address)s::text, %(fields)s::jsonb, %(component_code)s::text,
        %(reported_at)s::timestamptz, %(now)s::timestamptz, %(cell_code)s::text, %(quarter_code)s::text,
        %(middle_code)s::text, %(town_code)s::text, %(district_code)s::text, %(post_code)s::text,
        %(progress)s::jsonb,
        ST_SetSRID(ST_MakePoint(%(lon)s::float8, %(lat)s::float8), 4326)
    WHERE %(key)s::text IS NULL OR EXISTS (SELECT FROM kept)
    ON CONFLICT DO NOTHING
    RETURNING case_id
),
logged AS (
    INSERT INTO case_moves (case_id, version, move, state, at, actor, post, facts)
    SELECT case_id, 1, %(move)s::text, %(state)s::text, %(now)s::timestamptz, %(actor)s::text, %(post)s::text,
           %(told)s::jsonb
    FROM filed
)
SELECT (SELECT case_id FROM filed) AS case_id, EXISTS (SELECT FROM kept) AS kept
