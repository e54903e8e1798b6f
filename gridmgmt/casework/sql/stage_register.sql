-- The rows of a register before they are cases.
CREATE TEMPORARY TABLE staged_cases (
    case_no text,
    kind text,
    type text,
    state text,
    reported_at timestamptz,
    due_at timestamptz,
    closed_at timestamptz,
    source text,
    description text,
    address text,
    reason text,
    department_code text,
    flags text [],
    district_code text,
    town_code text,
    middle_code text,
    quarter_code text,
    cell_code text,
    post_code text,
    geom geometry (POINT, 4326)
) ON COMMIT DROP
