"""The coverage report as JSON, the document with the words of its notes and the hash of its result."""

import json

from gridmgmt.coverage.document import SCHEMA, CoverageDocument, Note, Provenance, Sha256, result_sha256, values_of
from gridmgmt.reports.formatting import note_text
from gridmgmt.texts import LANGUAGES

SCHEMA_FILE = f"schemas/{SCHEMA.replace('/', '-')}.schema.json"
"""Beside this module: the JSON Schema of :class:`CoverageReport`."""


class ReportNote(Note):
    """A note with its words in both languages."""

    zh: str
    en: str


class ReportProvenance(Provenance):
    """``result_sha256`` covers the canonical text of the document without what this report adds to it."""

    result_sha256: Sha256


class CoverageReport(CoverageDocument):
    """The document as clients get it."""

    notes: tuple[ReportNote, ...]
    provenance: ReportProvenance


def coverage_report(document: CoverageDocument) -> CoverageReport:
    """Return the report of a document, exact or public."""
    provenance = {"provenance": {**document.provenance.model_dump(), "result_sha256": result_sha256(document)}}
    notes = [{**note.model_dump(), **_words(note)} for note in document.notes]
    return CoverageReport.model_validate(values_of(document) | provenance | {"notes": notes})


def coverage_json(document: CoverageDocument) -> str:
    """Return the report as JSON text in the canonical form of the document."""
    report = values_of(coverage_report(document))
    return json.dumps(report, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def json_schema() -> str:
    """Return the JSON Schema (2020-12) of the report; the file beside this module holds this very text."""
    named = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:gridmgmt:{SCHEMA}"}
    schema = named | CoverageReport.model_json_schema(mode="serialization")
    schema["properties"]["schema"] = {"const": SCHEMA, "default": SCHEMA, "title": "Schema", "type": "string"}
    return json.dumps(schema, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _words(note: Note) -> dict[str, str]:
    """Return the words of a note in every language."""
    return {lang: note_text(note, lang) for lang in LANGUAGES}
