"""From a finished siting run in the database to its map page."""

from gridmgmt.coverage.queries import areas_reported
from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError
from gridmgmt.service_points.queries import open_points
from gridmgmt.siting.document import parse
from gridmgmt.siting.models import SitingRun
from gridmgmt.siting.queries import answer_of, newest_runs, run_by_id
from gridmgmt.texts import Language
from maps.siting_page import siting_page

_LOOKED_AT = 100
"""So many of the newest runs are looked at for a finished one."""


def siting_map(session: Session, run: SitingRun, *, lang: Language) -> str:
    """Return the page of a finished run, drawn with the areas and open points of the run's day.

    Raises
    ------
    NotFoundError
        When the run has no answer (yet).
    UnavailableError
        When the set-up has not put the page's script libraries in their place.
    """
    document = parse(answer_of(run))
    terms = document.terms
    points = open_points(session, terms.on, terms.types).to_pandas()
    return siting_page(document, areas_reported(session, terms.on, terms.area_code), points, lang)


def newest_siting(session: Session, run_id: int | None) -> SitingRun:
    """Return the run of an id, or the newest finished one where none is named.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    if run_id is not None:
        return run_by_id(session, run_id)
    found = next((run for run in newest_runs(session, _LOOKED_AT) if run.finished_at is not None), None)
    if found is None:
        raise NotFoundError("no_finished_siting")
    return found
