"""From a siting run in the database to its files and its map page, on the town drawn in `tests.support.paper_town`.

A spot u on the side street at (1500, 400) brings p3's 30 residents within twenty minutes; A has 30.75 already. p3 lies
in the east town, nobody of which has a point before.
"""

import io
import json
import re

import openpyxl
import pytest
from sqlalchemy.orm import Session, sessionmaker

from gridmgmt.db import make_engine, make_sessions
from gridmgmt.errors import InputError, NotFoundError
from gridmgmt.reports.render import MEDIA_TYPES
from gridmgmt.reports.siting_render import render_siting, siting_ground
from gridmgmt.siting.document import SitingDocument, canonical_json
from gridmgmt.siting.rules import CandidateSource, SiteCandidate, SourceKind, make_terms
from gridmgmt.work import ask_siting, finish_siting
from maps.siting_map import newest_siting, siting_map
from tests.support.actors import TESTER
from tests.support.paper_town import DAY, STREETS, degrees


@pytest.fixture
def sessions(paper_town_url: str) -> sessionmaker[Session]:
    return make_sessions(make_engine(paper_town_url))


def answer(sessions: sessionmaker[Session]) -> tuple[int, SitingDocument]:
    """Return number and answer of a run among u and a spot that joins no street."""
    spots = {"u": (1500, 400), "lost": (1000, 900)}
    items = tuple(SiteCandidate(*degrees([at])[0], code=name, name=name) for name, at in spots.items())
    source = CandidateSource(SourceKind.LIST, items)
    terms = make_terms("max_coverage", "elderly_service_point", source, on=DAY, points=1, ground={"judged": False})
    run_id, job_id = ask_siting(sessions, TESTER, terms)
    return run_id, finish_siting(sessions, run_id, job_id, lease_s=15)


def test_the_page_of_the_newest_run_shows_the_point_and_both_colours(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session, pytest.raises(NotFoundError, match="gridmgmt site run"):
        newest_siting(session, None)
    pages = []
    for _ in range(2):
        run_id, _ = answer(sessions)
        with sessions.begin() as session:
            run = newest_siting(session, None)
            assert run.run_id == run_id
            pages.append(siting_map(session, run, lang="en"))
    assert pages[0] == pages[1]
    found = re.search(r"const PAGE = (.*);\n", pages[0])
    assert found is not None
    page = json.loads(found[1])
    lon, lat = degrees([(1500, 400)])[0]
    assert page["chosen"] == [[round(lon, 6), round(lat, 6), 1, True]]
    assert page["words"]["en"]["reasons"] == ["No walkable street near enough"]
    assert len(page["rejected"]) == 1
    assert [point[3] for point in page["open"]] == ["A"], "planned points are not open"
    towns = next(level for level in page["levels"] if level["level"] == "town")
    assert towns["colours"]["310113002"][0] != towns["colours"]["310113002"][1]
    assert len(re.findall(r'"id":\s*"3101130', pages[0])) == 2


def test_an_answer_in_every_format(sessions: sessionmaker[Session]) -> None:
    _, document = answer(sessions)
    assert document.certificate.objective == 60.75
    with sessions.begin() as session:
        written = {
            format_: render_siting(session, document, "siting-1", format_, lang="en").content for format_ in MEDIA_TYPES
        }
        with pytest.raises(InputError, match="geojson"):
            render_siting(session, document, "siting-1", "docx", lang="en")
        ground = siting_ground(session, document, with_streets=True)
    assert written["json"] == canonical_json(document).encode()
    assert len(ground.streets) == len(STREETS)
    assert len(ground.points) == 1
    page = written["html"].decode()
    assert 'id="map_after"' in page
    assert "With this plan 61 residents have a point within 20 minutes. Proven best" in page
    assert written["pdf"].startswith(b"%PDF-")
    book = openpyxl.load_workbook(io.BytesIO(written["xlsx"]))
    point = dict(zip(*book["New points"].iter_rows(values_only=True), strict=True))
    assert (point["Rank"], point["Name"], point["Newly covered"], point["Nearest for"]) == (1, "u", 30, 30)
    kinds = [feature["properties"]["feature"] for feature in json.loads(written["geojson"])["features"]]
    assert kinds[:2] == ["chosen", "rejected"]
