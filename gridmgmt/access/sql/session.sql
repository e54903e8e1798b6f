SELECT s.token_sha256, s.created_at, s.last_used_at, a.account_id, a.name, a.demo,
    (
        SELECT json_agg(
            json_build_array(g.role, r.permissions, g.area_level, g.area_code, g.department) ORDER BY g.grant_id
        )
        FROM grants AS g JOIN roles AS r ON r.name = g.role WHERE g.account_id = a.account_id
    ) AS grants
FROM access_sessions AS s
JOIN accounts AS a ON a.account_id = s.account_id
WHERE s.token_sha256 = %(token_sha256)s::text AND s.expires_at > %(now)s::timestamptz AND a.disabled_at IS NULL
