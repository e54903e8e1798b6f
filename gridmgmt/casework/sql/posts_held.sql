-- The post that answers for each cell on a day: that of its inspection grid, where there is one.
SELECT DISTINCT ON (asked.number) asked.number, p.code
FROM unnest(CAST(:cells AS text []), CAST(:days AS date [])) WITH ORDINALITY AS asked (cell_code, day, number)
INNER JOIN grid_members AS m
    ON asked.cell_code = m.cell_code
    AND asked.day >= m.valid_from AND (m.valid_to IS NULL OR asked.day < m.valid_to)
INNER JOIN responsibility_grids AS g
    ON m.grid_code = g.code
    AND asked.day >= g.valid_from AND (g.valid_to IS NULL OR asked.day < g.valid_to)
INNER JOIN officer_posts AS p
    ON g.post_code = p.code
    AND asked.day >= p.valid_from AND (p.valid_to IS NULL OR asked.day < p.valid_to)
ORDER BY asked.number, m.kind <> :inspection, m.kind
