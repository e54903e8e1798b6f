"""The check of topology, of any day, edition or draft."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.access import asks
from api.boundaries import Asked, AskedBoundaries, Boundaries
from api.context import ApiContext, CheckedContent, Context, RequestSession
from api.draft_schemas import FindingOut, Topology
from api.language import Lang
from api.routes import PREFIX
from gridmgmt.access.rules import Permission
from gridmgmt.analysis.findings import Severity
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.boundaries.findings import findings_geojson, tolerances_of
from gridmgmt.boundaries.queries import base_of
from gridmgmt.db import Session
from gridmgmt.editions.queries import version_of
from gridmgmt.texts import Language

router = APIRouter(prefix=PREFIX, tags=["topology"], dependencies=[asks(Permission.READ)])

Level = Annotated[AreaLevel | None, Query(description="Only this level.")]
OnlySeverity = Annotated[Severity | None, Query(description="Only errors or only warnings.")]
GEOJSON = "application/geo+json"
KEPT_CHECKS = 4
"""How many checks a process keeps."""


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
    document = _found(session, context, asked, lang)
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
    document = _found(session, context, asked, lang)
    features = [each for each in document["features"] if _wanted(each["properties"], level, severity)]
    return Response(json.dumps({**document, "features": features}, ensure_ascii=False), media_type=GEOJSON)


def _found(session: Session, context: ApiContext, asked: Asked, lang: Language) -> dict[str, Any]:
    from gridmgmt.boundaries.check import check_day  # noqa: PLC0415 -- takes seconds to load

    seen = asked.boundaries(session)
    key = _content(session, seen)
    if (findings := context.checks.get(key)) is None:
        findings = check_day(session, seen.on, draft=seen.draft, tolerances=tolerances_of(context.settings))
        if key == _content(session, seen):  # nothing has come into force in between
            context.checks[key] = findings
        while len(context.checks) > KEPT_CHECKS:
            context.checks.pop(next(iter(context.checks)), None)
    return findings_geojson(findings, lang)


def _content(session: Session, seen: Boundaries) -> CheckedContent:
    """Return what tells the areas exactly: what is in force never changes, each change of a draft leaves a step."""
    version = None if seen.draft is None else version_of(session, seen.draft)
    return tuple(base_of(session, seen.on)), seen.draft, version


def _wanted(found: dict[str, Any], level: AreaLevel | None, severity: Severity | None) -> bool:
    return level in (None, found["level"]) and severity in (None, found["severity"])
