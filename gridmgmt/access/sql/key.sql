SELECT k.secret_sha256, k.scopes, k.prefix, k.last_used_on, a.account_id, a.name, a.demo,
    (
        SELECT json_agg(
            json_build_array(g.role, r.permissions, g.area_level, g.area_code, g.department) ORDER BY g.grant_id
        )
        FROM grants AS g JOIN roles AS r ON r.name = g.role WHERE g.account_id = a.account_id
    ) AS grants
FROM api_keys AS k
JOIN accounts AS a ON a.account_id = k.account_id
WHERE k.prefix = %(prefix)s::text AND k.revoked_at IS NULL AND k.expires_at > %(now)s::timestamptz
  AND a.disabled_at IS NULL
