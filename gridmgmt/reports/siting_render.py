"""A siting run's answer in one of its formats, as bytes to send or to write to a file."""

from collections.abc import Callable, Mapping

import numpy as np

from gridmgmt.coverage.queries import areas_reported
from gridmgmt.db import Session
from gridmgmt.editions.queries import edition_named
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import InputError
from gridmgmt.frames import geometries
from gridmgmt.network import queries as network_queries
from gridmgmt.reports.render import MEDIA_TYPES, Rendered
from gridmgmt.reports.siting_drawings import SitingGround
from gridmgmt.reports.siting_geojson import siting_geojson
from gridmgmt.reports.siting_html import siting_html
from gridmgmt.reports.siting_xlsx import siting_xlsx
from gridmgmt.service_points.queries import open_points
from gridmgmt.siting.document import SitingDocument, canonical_json
from gridmgmt.texts import Language

Write = Callable[[Session, SitingDocument, Language], bytes]


def render_siting(session: Session, document: SitingDocument, name: str, format_: str, *, lang: Language) -> Rendered:
    """Return an answer in a format (those of :data:`gridmgmt.reports.render.MEDIA_TYPES`); JSON is its canonical text.

    Equal answers give equal bytes as long as the areas, points and streets of their day stay.

    Parameters
    ----------
    name
        What the file is called, without its ending.

    Raises
    ------
    InputError
        When there is no such format.
    UnavailableError
        When a PDF is asked for and no Chinese typeface is installed.
    """
    if format_ not in _WRITERS:
        raise InputError("report_format_unknown", value=format_, known=", ".join(_WRITERS))
    return Rendered(_WRITERS[format_](session, document, lang), MEDIA_TYPES[format_], f"{name}.{format_}")


def siting_ground(session: Session, document: SitingDocument, *, with_streets: bool = False) -> SitingGround:
    """Return what the maps of an answer stand on: areas and open points of its day, its streets where wanted."""
    terms = document.terms
    points = open_points(session, terms.on, terms.types)
    streets = np.empty(0, dtype=object)
    names = [edition.name for edition in document.inputs if edition.subject == Subject.NETWORK]
    edition = edition_named(session, Subject.NETWORK, "", names[0]) if names and with_streets else None
    if edition is not None:
        streets = geometries(network_queries.edges(session, edition.edition_id)["geom"])
    return SitingGround(
        areas=areas_reported(session, terms.on, terms.area_code),
        points=np.column_stack([points["lon"].to_numpy(), points["lat"].to_numpy()]),
        streets=streets,
    )


def _json(_session: Session, document: SitingDocument, _lang: Language) -> bytes:
    return canonical_json(document).encode()


def _html(session: Session, document: SitingDocument, lang: Language) -> bytes:
    return siting_html(document, lang, ground=siting_ground(session, document)).encode()


def _pdf(session: Session, document: SitingDocument, lang: Language) -> bytes:
    from gridmgmt.reports.siting_pdf import siting_pdf  # noqa: PLC0415 -- only one who wants paper waits for it

    return siting_pdf(document, lang, ground=siting_ground(session, document, with_streets=True))


def _xlsx(_session: Session, document: SitingDocument, lang: Language) -> bytes:
    return siting_xlsx(document, lang)


def _geojson(_session: Session, document: SitingDocument, _lang: Language) -> bytes:
    return siting_geojson(document).encode()


_WRITERS: Mapping[str, Write] = {"json": _json, "html": _html, "pdf": _pdf, "xlsx": _xlsx, "geojson": _geojson}
