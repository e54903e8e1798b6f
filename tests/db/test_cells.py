"""Cells of two quarters that a person can draw: their codes, what keeps them, what is refused."""

from datetime import date

import numpy as np
import pytest
import shapely
from sqlalchemy import select

from gridmgmt.access.rules import Actor, Grant, Permission, Role
from gridmgmt.analysis.ellipsoid import area_m2
from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import area_frame
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.boundaries import service as boundaries
from gridmgmt.boundaries.check import check_day
from gridmgmt.boundaries.queries import lineage
from gridmgmt.boundaries.rules import Direction, Named
from gridmgmt.cells import queries, service
from gridmgmt.cells.service import GenerationAsk
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.errors import (
    CodeFormatError,
    ConflictError,
    ForbiddenError,
    InputError,
    NotFoundError,
    RuleViolationError,
)
from tests.support.actors import TESTER
from tests.support.cells_example import (
    DAY,
    NEXT_DAY,
    ONE,
    STREETS,
    TOWN,
    TWO,
    add_streets,
    block,
    degrees,
    load_quarters,
    store,
)
from tests.support.drafts import take_into_force

CELL = AreaLevel.GRID_CELL


@pytest.fixture
def quarters(session: Session) -> Session:
    load_quarters(session)
    return session


def draft(session: Session, name: str = "cells", on: date = DAY) -> Edition:
    return boundaries.open_draft(session, TESTER, name, on, "paper")


def generate(session: Session, edition: Edition, code: str = TOWN, **changes: object):
    on = changes.pop("barriers_on", edition.planned_from)
    ask = GenerationAsk(code, edition.name, edition.planned_from, on, **changes)
    return service.generate(session, TESTER, edition, ask, processes=1)


def cells(session: Session, on: date = DAY, edition: Edition | None = None) -> dict[str, shapely.Geometry]:
    frame = area_frame(session, on, levels=(CELL,), draft=None if edition is None else edition.edition_id)
    return dict(zip(frame["code"], frame.geometry, strict=True))


def codes(quarter: str, *numbers: int) -> list[str]:
    return [f"{quarter}{number:03d}" for number in numbers]


def test_each_quarter_is_four_cells_numbered_from_the_north_west(quarters) -> None:
    edition = draft(quarters)
    generation = generate(quarters, edition)
    found = cells(quarters, DAY, edition)
    assert sorted(found) == [*codes(ONE, 1, 2, 3, 4), *codes(TWO, 1, 2, 3, 4)]
    places = {
        f"{ONE}001": (0, 1), f"{ONE}002": (1, 1), f"{ONE}003": (0, 0), f"{ONE}004": (1, 0),
        f"{TWO}001": (2, 1), f"{TWO}002": (3, 1), f"{TWO}003": (2, 0), f"{TWO}004": (3, 0),
    }  # fmt: skip
    for code, (column, row) in places.items():
        wanted = block(column, row, column + 1, row + 1)
        # The edges that are wanted are straight in degrees, those that were drawn are on the plane.
        assert area_m2(shapely.symmetric_difference(found[code], wanted)) < 0.1, code
    quality = generation.document["quality"]
    assert quality["count"] == 8
    assert quality["mean_m2"] == pytest.approx(10_000, rel=1e-6)
    assert quality["share_of_border_on_barriers"] == pytest.approx(1.0)
    assert (quality["share_outside_band"], quality["share_5_20"]) == (0.0, 1.0)
    assert quality["mean_compactness"] == pytest.approx(np.pi / 4, abs=1e-4)
    rows = [(row["code"], row["count"], row["new"], row["failed"]) for row in generation.document["quarters"]]
    assert rows == [(ONE, 4, 4, []), (TWO, 4, 4, [])]


def test_they_cover_their_quarters_as_the_check_sees_it(quarters) -> None:
    edition = draft(quarters)
    generate(quarters, edition)
    assert boundaries.check(quarters, TESTER, edition) == []
    take_into_force_checked(quarters, edition)
    assert check_day(quarters, DAY) == []


def take_into_force_checked(session: Session, edition: Edition) -> None:
    boundaries.check(session, TESTER, edition)
    boundaries.approve(session, TESTER, edition, "paper 1", DAY, "tested")
    boundaries.activate(session, TESTER, edition)


def in_force(session: Session, **changes: object) -> Edition:
    edition = draft(session)
    generate(session, edition, **changes)
    take_into_force_checked(session, edition)
    return edition


def test_two_runs_give_the_same_content(quarters) -> None:
    one, two = draft(quarters, "one"), draft(quarters, "two")
    first = generate(quarters, one)
    with quarters.begin_nested() as nested:
        alone = generate(quarters, one)
        nested.rollback()
    assert alone.content_sha256 == first.content_sha256
    assert generate(quarters, two).document["quality"] == first.document["quality"]


def test_the_same_again_changes_nothing(quarters) -> None:
    in_force(quarters)
    again = draft(quarters, "again", NEXT_DAY)
    before = again.content_sha256
    generation = generate(quarters, again)
    assert [(q["kept"], q["new"], q["ended"]) for q in generation.document["quarters"]] == [(4, 0, 0), (4, 0, 0)]
    assert again.content_sha256 == before
    assert quarters.scalars(select(Area).where(Area.edition_id == again.edition_id)).all() == []


def test_one_quarter_edited_changes_only_its_cells_and_codes_are_never_used_again(quarters) -> None:
    """A new street halves the western cells of quarter 001 lengthwise: 2 kept, 4 new after 004, 2 ended."""
    in_force(quarters)
    untouched = {code: shape for code, shape in cells(quarters).items() if code.startswith(TWO)}
    add_streets(quarters, [*STREETS, ((0.5, 0), (0.5, 2))], "more streets", NEXT_DAY)
    edition = draft(quarters, "edited", NEXT_DAY)
    generation = generate(quarters, edition, ONE, target_m2=5_000.0)
    found = cells(quarters, NEXT_DAY, edition)
    assert {code: shape for code, shape in found.items() if code.startswith(TWO)} == untouched
    (row,) = generation.document["quarters"]
    own = sorted(code for code in found if code.startswith(ONE))
    assert row["kept"] + row["new"] == len(own) == row["count"]
    assert row["new"] == row["count"] - row["kept"] > 0
    assert all(int(code[-3:]) > 4 for code in own if code not in codes(ONE, 1, 2, 3, 4))
    take_into_force_checked(quarters, edition)
    gone = next(code for code in codes(ONE, 1, 2, 3, 4) if code not in found)
    passages = lineage(quarters, CELL, gone, Direction.FORWARD)
    assert sum(p.share_of_from for p in passages) == pytest.approx(1.0)
    assert {p.to_code for p in passages} <= set(own)


def test_codes_of_other_and_of_withdrawn_drafts_are_not_issued_again(quarters) -> None:
    other, given_up = draft(quarters, "other"), draft(quarters, "given up")
    generate(quarters, other, ONE)
    generate(quarters, given_up, ONE)
    boundaries.withdraw(quarters, TESTER, given_up, "test")
    last = draft(quarters, "last")
    generate(quarters, last, ONE)
    assert sorted(cells(quarters, DAY, other)) == codes(ONE, 1, 2, 3, 4)
    assert sorted(cells(quarters, DAY, last)) == codes(ONE, 9, 10, 11, 12)


def test_a_quarter_without_codes_left_is_refused_with_words(quarters) -> None:
    edition = draft(quarters, "full")
    store(quarters, edition, CELL, {f"{ONE}997": ("997", block(0, 0, 2, 2))})
    with pytest.raises(RuleViolationError) as refused:
        generate(quarters, edition, ONE)
    assert refused.value.code == "cell_codes_exhausted"
    assert refused.value.fields == {"quarter": ONE, "last": 997, "asked": 4, "most": 999}
    assert "997" in refused.value.message("en")


def test_cells_follow_a_quarter_that_gets_another_code(quarters) -> None:
    in_force(quarters)
    edition = draft(quarters, "recoded", NEXT_DAY)
    boundaries.recode(quarters, TESTER, edition, ONE, f"{TOWN}009")
    assert sorted(cells(quarters, NEXT_DAY, edition)) == [*codes(TWO, 1, 2, 3, 4), *codes(f"{TOWN}009", 1, 2, 3, 4)]
    generation = generate(quarters, edition, f"{TOWN}009")
    assert [(q["kept"], q["new"]) for q in generation.document["quarters"]] == [(4, 0)]


def test_a_quarter_that_is_split_gives_new_codes_to_the_cells_of_its_new_part(quarters) -> None:
    """Cut along column 1: the western part keeps the code and its two cells, the eastern gets 003 and new ones."""
    in_force(quarters)
    edition = draft(quarters, "split", NEXT_DAY)
    line = degrees(shapely.LineString([(1, -1), (1, 3)]))
    boundaries.split(quarters, TESTER, edition, ONE, line, [Named(ONE, "菊一"), Named(f"{TOWN}003", "菊三")])
    generate(quarters, edition)
    found = sorted(cells(quarters, NEXT_DAY, edition))
    assert [code for code in found if code.startswith(f"{TOWN}003")] == codes(f"{TOWN}003", 1, 2)
    assert len([code for code in found if code.startswith(ONE)]) == 2
    assert boundaries.check(quarters, TESTER, edition) == []


def test_facts_of_a_cell(quarters) -> None:
    in_force(quarters, management_level="2")
    facts = queries.cell_facts(quarters, f"{ONE}002", DAY)
    assert (facts.name, facts.edition, facts.start, facts.end) == ("网格002", "cells", DAY, None)
    assert facts.area_m2 == pytest.approx(10_000, rel=1e-3)  # the plane of EPSG:4549 is true to scale at 120° E
    assert facts.perimeter_m == pytest.approx(400, rel=1e-3)
    assert (facts.land_use, facts.management_level) == ("residential", "2")
    assert (facts.responsible_body, facts.territorial_fallback) == ("菊一", True)
    assert facts.segments == {"county": "310113", "street": "109", "community": "001", "sequence": "002"}
    assert [code for _, code, _ in facts.parents] == [ONE, TOWN, "310113"]
    assert queries.cell_facts(quarters, f"{TWO}001", DAY).land_use == "industrial"
    with pytest.raises(InputError, match="310113109001"):
        queries.cell_facts(quarters, ONE, DAY)


def test_what_cannot_be_asked_is_refused(quarters) -> None:
    edition = draft(quarters)
    with pytest.raises(NotFoundError):
        generate(quarters, edition, "310113999")
    with pytest.raises(InputError, match=r"1000\.0"):
        generate(quarters, edition, target_m2=10.0)
    with pytest.raises(NotFoundError) as nothing:
        generate(quarters, edition, barriers_on=date(2019, 1, 1))
    assert nothing.value.code == "no_barriers"
    generate(quarters, edition)
    with pytest.raises(InputError) as no_quarter:
        generate(quarters, edition, f"{ONE}001")
    assert no_quarter.value.code == "area_without_quarters"
    take_into_force(quarters, edition.name)
    with pytest.raises(ConflictError):
        generate(quarters, edition)


def test_quarters_whose_codes_cannot_begin_those_of_cells_are_refused_before_anything_is_drawn(quarters) -> None:
    service.use_scheme(quarters, TESTER, "cell_16")  # wants thirteen digits before the sequence
    with pytest.raises(CodeFormatError, match=f"{ONE}.*13") as refused:
        service.request_generation(quarters, TESTER, GenerationAsk(TOWN, "cells", DAY, DAY))
    assert refused.value.code == "quarter_code_no_prefix"


def test_who_drafts_in_one_town_generates_there_alone(quarters) -> None:
    def planner(area: str) -> Actor:
        grant = Grant(Role.PLANNER, frozenset({Permission.AREAS_DRAFT}), "residential_quarter", area)
        return Actor("account", "lihua", 1, (grant,))

    edition = draft(quarters)
    ask = GenerationAsk(ONE, edition.name, DAY, DAY)
    with pytest.raises(ForbiddenError):
        service.generate(quarters, planner(TWO), edition, ask, processes=1)
    assert service.generate(quarters, planner(ONE), edition, ask, processes=1).document is not None
