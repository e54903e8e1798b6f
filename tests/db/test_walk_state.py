"""The warm state of walking on the town drawn in `tests.support.paper_town`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from gridmgmt.analysis.walking.model import NO_WAY
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.walking.cache import WARM
from gridmgmt.walking.service import make_question, walk_state
from tests.support import paper_town
from tests.support.paper_town import DAY

QUESTION = make_question(DAY)


@pytest.fixture
def sessions(fresh_database_url: str, tmp_path: Path) -> Iterator[sessionmaker[Session]]:
    factory = make_sessions(make_engine(fresh_database_url))
    paper_town.load(factory, tmp_path)
    yield factory
    WARM.clear()


def test_times_of_the_paper_town(sessions) -> None:
    with sessions() as session:
        state = walk_state(session, QUESTION)
    speed = state.profile.speed_m_per_s
    in_reach = [cs / 100 * speed for cs in state.nearest.place_cs.tolist() if cs < NO_WAY]
    assert in_reach == pytest.approx([230, 910, 2010], rel=1e-3)
    assert state.nearest.place_point.tolist() == [0, 0, 0, -1, -1, -1]
    assert state.points["code"].to_pylist() == ["A"]
    assert (state.weights[:, 0] / 2**34).tolist() == [10.5, 20.25, 30, 4, 5, 6]
    assert state.place_area[AreaLevel.TOWN].codes == ("310113001", "310113002")
    assert state.place_area[AreaLevel.TOWN].index.tolist() == [0, 0, 1, 1, 0, -1]
    assert {edition.subject for edition in state.inputs} == {"areas", "network", "population", "service_points"}
