"""From the cases of a period in the database to their map page."""

import json

from gridmgmt.areas.queries import area_frame
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.catalogue.service import catalogue_if_any
from gridmgmt.db import Session
from gridmgmt.editions.queries import holds_synthetic
from gridmgmt.hotspots.queries import open_points, surfaces_geojson
from gridmgmt.hotspots.rules import HotSpotQuestion, RepeatQuestion, Span
from gridmgmt.hotspots.service import hot_spots, repeats
from gridmgmt.reports.coverage_geojson import rfc7946
from gridmgmt.texts import Language
from maps.cases_page import CasesDrawn, cases_page


def cases_map(session: Session, span: Span, *, lang: Language) -> str:
    """Return the page of the cases of a period: where they lie, where they gather, where they come again.

    Raises
    ------
    InputError
        When no boundary edition was in force on the last day.
    UnavailableError
        When the set-up has not put the page's script libraries in their place.
    """
    spots = hot_spots(session, HotSpotQuestion(span))
    surfaces = surfaces_geojson(session, [spot.area_id for spot in spots.spots])
    towns = area_frame(session, span.last, levels=[AreaLevel.TOWN])
    catalogue = catalogue_if_any(session, span.last)
    return cases_page(
        CasesDrawn(
            spots=spots,
            surfaces=[json.loads(surfaces[spot.area_id]) for spot in spots.spots],
            repeats=repeats(session, RepeatQuestion(span)),
            points=open_points(session, span.wanted),
            towns=[
                (code, name, rfc7946(surface))
                for code, name, surface in zip(towns["code"], towns["name"], towns.geometry, strict=True)
            ],
            types={} if catalogue is None else {each.code: each.name for each in catalogue.types.values()},
            synthetic=bool(holds_synthetic(session)),
        ),
        lang,
    )
