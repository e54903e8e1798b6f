"""The answer of a siting run in one of its formats, as bytes to send or to write to a file."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from gridmgmt.coverage.queries import areas_reported
from gridmgmt.db import Session
from gridmgmt.errors import InputError
from gridmgmt.reports.render import MEDIA_TYPES as REPORT_TYPES
from gridmgmt.reports.render import Rendered
from gridmgmt.service_points.queries import open_points
from gridmgmt.siting.document import SitingDocument
from gridmgmt.siting.models import SitingRun
from gridmgmt.siting.queries import answer_of
from gridmgmt.siting.service import document_of
from gridmgmt.texts import Language

if TYPE_CHECKING:
    from gridmgmt.reports.siting_drawings import SitingGround

MEDIA_TYPES: Mapping[str, str] = {name: REPORT_TYPES[name] for name in ("json", "html", "pdf", "xlsx", "geojson")}
"""The formats of an answer and their media types."""


def render_siting(session: Session, run: SitingRun, format_: str, lang: Language) -> Rendered:
    """Return the answer of a finished run; equal runs give equal bytes.

    Raises
    ------
    InputError
        When there is no such format.
    NotFoundError
        When the run has no answer (yet).
    """
    if format_ not in MEDIA_TYPES:
        raise InputError("report_format_unknown", value=format_, known=", ".join(MEDIA_TYPES))
    content = (answer_of(run) + "\n").encode() if format_ == "json" else _content(session, run, format_, lang)
    return Rendered(content, MEDIA_TYPES[format_], f"siting-{run.run_id}.{format_}")


def _content(session: Session, run: SitingRun, format_: str, lang: Language) -> bytes:
    document = document_of(run)
    if format_ == "geojson":
        from gridmgmt.reports.siting_geojson import siting_geojson  # noqa: PLC0415 -- only what is asked for is loaded

        return siting_geojson(document).encode()
    if format_ == "xlsx":
        from gridmgmt.reports.siting_xlsx import siting_xlsx  # noqa: PLC0415 -- as above

        return siting_xlsx(document, lang)
    ground = read_ground(session, run, document)
    if format_ == "html":
        from gridmgmt.reports.siting_html import siting_html  # noqa: PLC0415 -- as above

        return siting_html(document, lang, ground=ground).encode()
    from gridmgmt.reports.siting_pdf import siting_pdf  # noqa: PLC0415 -- as above

    return siting_pdf(document, lang, ground=ground)


def read_ground(session: Session, run: SitingRun, document: SitingDocument) -> "SitingGround":
    """Return what the maps of an answer are drawn on: areas, open points, candidates that were not chosen."""
    from gridmgmt.reports.siting_drawings import SitingGround  # noqa: PLC0415 -- as above

    on, chosen = document.terms.on, {each.candidate for each in document.chosen}
    points = open_points(session, on, document.terms.types)
    left_out = [(each["lon"], each["lat"]) for i, each in enumerate(run.candidates or ()) if i not in chosen]
    return SitingGround(
        areas=areas_reported(session, on, document.terms.area_code),
        points=np.column_stack([points["lon"].to_numpy(), points["lat"].to_numpy()]),
        left_out=np.array(left_out, dtype=np.float64).reshape(-1, 2),
    )
