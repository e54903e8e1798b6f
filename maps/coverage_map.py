"""From a finished coverage run in the database to its map page."""

from collections.abc import Mapping
from datetime import date

import geopandas as gpd
import shapely

from gridmgmt.coverage.accessibility import question_of
from gridmgmt.coverage.document import FIRST_SCHEMA, NETWORK_HULL, CoverageDocument, ResultForm
from gridmgmt.coverage.models import CoverageRun
from gridmgmt.coverage.queries import areas_of_run, latest_finished, place_results, run_by_id, stale_inputs
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.editions.queries import editions
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import NotFoundError
from gridmgmt.network.queries import hull
from gridmgmt.reports.coverage_pdf_maps import MOST_GUARANTEED, guaranteed_ground
from gridmgmt.reports.render import document_in_form
from gridmgmt.service_points.queries import open_points
from gridmgmt.texts import Language
from gridmgmt.walking.cache import WARM
from gridmgmt.walking.edits import with_gates
from gridmgmt.walking.isochrones import GroundClass
from gridmgmt.walking.queries import gates_of, planned
from maps.coverage_page import coverage_page
from maps.walk_layers import Surroundings, light_ground


def coverage_map(session: Session, run: CoverageRun, *, lang: Language, form: ResultForm, threshold: int) -> str:
    """Return the page of a finished run, drawn with the areas and points of the run's day.

    Raises
    ------
    NotFoundError
        When the run has no answer (yet).
    UnavailableError
        When the set-up has not put the page's script libraries in their place.
    """
    document = document_in_form(run, form, threshold)
    on = date.fromisoformat(run.parameters["on"])
    places = place_results(session, run.run_id).to_pandas() if form == "exact" else None
    points = open_points(session, on, run.types).to_pandas()
    known = any(level.level != NETWORK_HULL for level in document.levels)
    areas = areas_of_run(session, run) if known else _hull_frame(session, on)
    return coverage_page(document, areas, places, points, lang, around=_surroundings(session, run, document))


def _surroundings(session: Session, run: CoverageRun, document: CoverageDocument) -> Surroundings:
    """Return guaranteed ground and gates as the run's question has them, as long as its inputs are those in force."""
    request, on = question_of(run)
    if document.schema_version == FIRST_SCHEMA or stale_inputs(session, run, on=on):
        return Surroundings(None, (), request.at, changed=True)
    few = document.service_points.total <= MOST_GUARANTEED
    network = editions(session, subject=Subject.NETWORK, on=on)[-1]
    edits = () if request.scenario is None else planned(session, request.scenario).edits
    gates = with_gates(gates_of(session, on, network.edition_id), edits)
    ground = WARM.get(("drawn ground", run.input_sha256), lambda: _ground(session, run)) if few else None
    return Surroundings(ground, gates, request.at)


def _ground(session: Session, run: CoverageRun) -> Mapping[GroundClass, shapely.Geometry] | None:
    """Return the guaranteed ground of a run as it is drawn; None where it cannot be had."""
    found = guaranteed_ground(session, run)
    return None if found is None else light_ground(found)


def _hull_frame(session: Session, on: date) -> gpd.GeoDataFrame:
    """Return the network's hull as the one area that stands in where no area is known."""
    network = editions(session, subject=Subject.NETWORK, on=on)[0]
    columns = {"level": [NETWORK_HULL], "code": [NETWORK_HULL]}
    return gpd.GeoDataFrame(columns, geometry=[hull(session, network.edition_id)], crs=STORAGE_SRID)


def newest_run(session: Session, run_id: int | None) -> CoverageRun:
    """Return the run of an id, or the newest finished one over everything where none is named.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    if run_id is not None:
        return run_by_id(session, run_id)
    found = latest_finished(session)
    if found is None:
        raise NotFoundError("no_finished_run")
    return found
