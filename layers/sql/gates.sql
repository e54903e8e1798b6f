-- Of tables that name one gate the one that began last counts, as where people walk.
SELECT DISTINCT ON (e.subject, g.code)
    g.gate_id AS id,
    ST_Transform(g.geom, 3857) AS geom,
    g.code,
    g.name,
    g.access,
    coalesce(g.hours_text, '') AS hours,
    e.subject = 'gates' AS from_table
FROM gates AS g
JOIN editions AS e USING (edition_id)
WHERE
    g.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
    AND e.valid_from <= %(on)s::date
    AND (e.valid_to IS NULL OR e.valid_to > %(on)s::date)
ORDER BY e.subject ASC, g.code ASC, e.valid_from DESC, e.edition_id DESC
