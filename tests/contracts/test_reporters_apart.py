"""Contact data of reporters are named in a handful of files; whoever adds to these says why in docs/security.md."""

import re

import pytest

from gridmgmt.settings import PROJECT_DIR

SOURCES = [
    path
    for package in ("gridmgmt", "layers", "maps", "api")
    for path in sorted((PROJECT_DIR / package).rglob("*"))
    if path.suffix in {".py", ".sql", ".vue", ".ts"}
    and not {"node_modules", "dist"} & set(path.parts)
    and path.name != "schema.d.ts"
]
ALLOWED = {
    r"\bcase_reporters\b|\bCaseReporter\b": {
        "gridmgmt/casework/photo_models.py", "gridmgmt/casework/photo_queries.py", "gridmgmt/casework/reporters.py",
        "gridmgmt/schema.py",
    },
    r"\bReporterOut\b|\breporters\.read\(": {"api/photo_schemas.py", "api/routes/reporters.py"},
}  # fmt: skip
"""What reads the table, and what shows it."""


@pytest.mark.parametrize("named", ALLOWED)
def test_contact_data_are_named_nowhere_else(named: str) -> None:
    pattern = re.compile(named)
    found = {
        path.relative_to(PROJECT_DIR).as_posix() for path in SOURCES if pattern.search(path.read_text(encoding="utf-8"))
    }
    assert found == ALLOWED[named]
