"""Siting runs and plans on the town drawn in `tests.support.paper_town`, and what happens to the town afterwards."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from sqlalchemy.orm import sessionmaker

from gridmgmt import imports
from gridmgmt.db import Session
from gridmgmt.editions.rules import Counting
from gridmgmt.ingest.population import read_population_points
from gridmgmt.ingest.service_points import read_service_points
from gridmgmt.placeability.rules import Attributes
from gridmgmt.siting.adoption import Adopting, adopt
from gridmgmt.siting.plan_rules import Milestone
from gridmgmt.siting.plans import draft
from gridmgmt.siting.rules import CandidateSource, SiteCandidate, SourceKind, make_terms
from gridmgmt.work import ask_siting, finish_siting
from tests.support import paper_town
from tests.support.actors import TESTER
from tests.support.paper_town import DAY, degrees, labels

TYPE = "elderly_service_point"
ADOPTED, HALF, END = date(2026, 1, 15), date(2026, 6, 30), date(2026, 12, 31)
MILESTONES = (Milestone(HALF, 1), Milestone(END, 3))


def spot(x: float, y: float, name: str, *, code: str | None = None, cost_yuan: float | None = None) -> SiteCandidate:
    """Return a candidate at metres from the corner of the town."""
    lon, lat = degrees([(x, y)])[0]
    return SiteCandidate(lon, lat, code=code, name=name, attributes=Attributes(cost_yuan=cost_yuan))


CANDIDATES = (
    spot(1500, 400, "u", code="U", cost_yuan=300_000),
    spot(2500, 0, "v"),
    spot(100, 0, "w", cost_yuan=50_000),
)
"""u has p3 (30 residents) in reach, v and w nobody who has no point already; w stands 100 m from the open point A."""


def run(
    sessions: sessionmaker[Session], points: int = 3, candidates: Sequence[SiteCandidate] = CANDIDATES, **asked: object
) -> int:
    """Perform a siting run over candidates of the town, and return its number."""
    reach = {"minutes": asked.get("minutes", 20.0), "area_code": asked.get("area_code")}
    terms = make_terms(
        str(asked.get("model", "max_coverage")), TYPE, CandidateSource(SourceKind.LIST, tuple(candidates)),
        on=DAY, points=points, reach=reach, ground={"judged": False},
    )  # fmt: skip
    run_id, job_id = ask_siting(sessions, TESTER, terms)
    finish_siting(sessions, run_id, job_id, lease_s=15)
    return run_id


def keep(sessions: sessionmaker[Session], name: str, run_id: int) -> None:
    """Keep a run as a draft."""
    with sessions.begin() as session:
        draft(session, TESTER, name, run_id)


def take(
    sessions: sessionmaker[Session], name: str, *, on: date = ADOPTED, milestones: Sequence[Milestone] = MILESTONES
) -> None:
    """Adopt a draft."""
    with sessions.begin() as session:
        adopt(session, TESTER, name, Adopting("office-of-ageing", 250_000, tuple(milestones)), on=on)


def open_points(
    sessions: sessionmaker[Session], folder: Path, since: date, points: Sequence[tuple[str, float, float]]
) -> None:
    """Import points (code, metres east and north) that are open from a day on, beside those that are."""
    path = folder / "more.csv"
    rows = [(code, *degrees([(x, y)])[0]) for code, x, y in points]
    lines = [f"{code},点{code},{TYPE},open,{lon},{lat}" for code, lon, lat in rows]
    path.write_text("\n".join(["code,name,type,status,lon,lat", *lines, ""]), encoding="utf-8")
    with sessions.begin() as session:
        named = labels(f"more-{since}", valid_from=since)
        imports.import_service_points(session, TESTER, read_service_points(path), named)


def move_in(sessions: sessionmaker[Session], folder: Path, since: date) -> None:
    """Import a population edition in which fifty residents more live at (2600, 0), 100 m from v."""
    path = paper_town.places_file(folder)
    lon, lat = degrees([(2600, 0)])[0]
    path.write_text(path.read_text(encoding="utf-8") + f"{lon},{lat},50,0,0,0,0\n", encoding="utf-8")
    with sessions.begin() as session:
        named = labels("places-2", valid_from=since)
        imports.import_population(session, TESTER, read_population_points(path), named, counting=Counting.COUNTED)
