"""A run's report in one of its formats and forms, as bytes to send or to write to a file."""

from collections.abc import Mapping
from dataclasses import dataclass

from gridmgmt.coverage.document import CoverageDocument, ResultForm
from gridmgmt.coverage.models import CoverageRun
from gridmgmt.coverage.queries import answer_of, areas_of_run
from gridmgmt.db import Session
from gridmgmt.errors import InputError
from gridmgmt.reports.coverage_geojson import coverage_geojson
from gridmgmt.reports.coverage_html import coverage_html
from gridmgmt.reports.coverage_json import coverage_json
from gridmgmt.reports.coverage_xlsx import coverage_xlsx
from gridmgmt.reports.public import in_form
from gridmgmt.texts import Language

MEDIA_TYPES: Mapping[str, str] = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "geojson": "application/geo+json",
    "pdf": "application/pdf",
}
"""The formats of a report and their media types."""


@dataclass(frozen=True)
class Rendered:
    """A report as bytes, with its media type and a name for its file."""

    content: bytes
    media_type: str
    file_name: str


def document_in_form(run: CoverageRun, form: ResultForm, threshold: int) -> CoverageDocument:
    """Return the answer of a finished run in the exact or the public form.

    Raises
    ------
    NotFoundError
        When the run has no answer (yet).
    """
    return in_form(answer_of(run), form, threshold)


def render(
    session: Session, run: CoverageRun, format_: str, *, lang: Language, form: ResultForm, threshold: int
) -> Rendered:
    """Return the report of a finished run; equal runs give equal bytes.

    Raises
    ------
    InputError
        When there is no such format.
    NotFoundError
        When the run has no answer (yet).
    """
    if format_ not in MEDIA_TYPES:
        raise InputError("report_format_unknown", value=format_, known=", ".join(MEDIA_TYPES))
    document = document_in_form(run, form, threshold)
    return Rendered(
        _content(session, run, document, format_, lang), MEDIA_TYPES[format_], f"coverage-{run.run_id}.{format_}"
    )


def _content(session: Session, run: CoverageRun, document: CoverageDocument, format_: str, lang: Language) -> bytes:
    if format_ == "xlsx":
        return coverage_xlsx(document, lang)
    if format_ == "json":
        return coverage_json(document).encode()
    if format_ == "html":
        from gridmgmt.reports import coverage_pdf_maps as maps  # noqa: PLC0415 -- only one who wants maps waits for it

        ground = maps.read_ground(session, run, document, with_streets=False)
        return coverage_html(document, lang, maps=maps.coverage_maps(document, ground, lang)).encode()
    if format_ == "pdf":
        from gridmgmt.reports.coverage_pdf import coverage_pdf  # noqa: PLC0415 -- as above
        from gridmgmt.reports.coverage_pdf_maps import read_ground  # noqa: PLC0415 -- as above

        return coverage_pdf(document, read_ground(session, run, document), lang)
    return coverage_geojson(document, areas_of_run(session, run)).encode()
