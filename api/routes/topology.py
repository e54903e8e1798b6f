"""The check of topology, of any day, edition or draft."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.access import asks
from api.boundaries import Asked, AskedBoundaries
from api.context import Context, RequestSession
from api.draft_schemas import FindingOut, Topology
from api.language import Lang
from api.routes import PREFIX
from gridmgmt.access.rules import Permission
from gridmgmt.analysis.findings import Severity
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.boundaries.findings import findings_geojson, tolerances_of
from gridmgmt.db import Session
from gridmgmt.settings import Settings
from gridmgmt.texts import Language

router = APIRouter(prefix=PREFIX, tags=["topology"], dependencies=[asks(Permission.READ)])

Level = Annotated[AreaLevel | None, Query(description="Only this level.")]
OnlySeverity = Annotated[Severity | None, Query(description="Only errors or only warnings.")]
GEOJSON = "application/geo+json"


@router.get("/topology", summary="Gaps, overlaps and all else that is wrong with boundaries")
def read_topology(
    session: RequestSession,
    context: Context,
    asked: AskedBoundaries,
    lang: Lang,
    level: Level = None,
    severity: OnlySeverity = None,
) -> Topology:
    """Check the boundaries of a day or an edition, errors first; nothing is kept, a draft stays as it is.

    Counts are of all findings, whatever the list is narrowed to.
    """
    document = _found(session, context.settings, asked, lang)
    every = [feature["properties"] for feature in document["features"]]
    severities = [found["severity"] for found in every]
    return Topology(
        on=asked.boundaries(session).on,
        edition=asked.edition,
        errors=severities.count(Severity.ERROR),
        warnings=severities.count(Severity.WARNING),
        items=[FindingOut(**found) for found in every if _wanted(found, level, severity)],
    )


@router.get(
    "/topology.geojson",
    summary="The same for a map",
    response_class=Response,
    responses={200: {"description": "A FeatureCollection of findings.", "content": {GEOJSON: {}}}},
)
def read_topology_geojson(
    session: RequestSession,
    context: Context,
    asked: AskedBoundaries,
    lang: Lang,
    level: Level = None,
    severity: OnlySeverity = None,
) -> Response:
    """Return each finding with its geometry, its place, its words."""
    document = _found(session, context.settings, asked, lang)
    features = [each for each in document["features"] if _wanted(each["properties"], level, severity)]
    return Response(json.dumps({**document, "features": features}, ensure_ascii=False), media_type=GEOJSON)


def _found(session: Session, settings: Settings, asked: Asked, lang: Language) -> dict[str, Any]:
    from gridmgmt.boundaries.check import check_day  # noqa: PLC0415 -- takes seconds to load

    seen = asked.boundaries(session)
    return findings_geojson(check_day(session, seen.on, draft=seen.draft, tolerances=tolerances_of(settings)), lang)


def _wanted(found: dict[str, Any], level: AreaLevel | None, severity: Severity | None) -> bool:
    return level in (None, found["level"]) and severity in (None, found["severity"])
