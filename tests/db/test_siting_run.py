"""A siting run from the question to the answer, on the town drawn in `tests.support.paper_town`."""
from pathlib import Path
import pytest
from sqlalchemy.orm import Session, sessionmaker
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.siting.rules import CandidateSource, SiteCandidate, SourceKind, make_terms
from gridmgmt.work import ask_siting, finish_siting
from tests.support import paper_town
from tests.support.actors import TESTER
from tests.support.paper_town import DAY


@pytest.fixture
def sessions(fresh_database_url: str, tmp_path: Path) -> sessionmaker[Session]:
    factory = make_sessions(make_engine(fresh_database_url))
    paper_town.load(factory, tmp_path)
    return factory


def at(*spots):
    return tuple(SiteCandidate(*paper_town.degrees([spot])[0], name=name) for name, spot in spots)


def test_it_runs(sessions):
    source = CandidateSource(SourceKind.LIST, at(("u", (1500, 400)), ("v", (2500, 0))))
    terms = make_terms("max_coverage", "elderly_service_point", source, on=DAY, points=1, ground={"judged": False})
    document = finish_siting(sessions, *ask_siting(sessions, TESTER, terms), lease_s=15)
    print(document.model_dump_json(indent=1))
    assert document.certificate.objective == 60.75
