"""Every siting model beside every plan there is, on problems small enough to try them all."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmgmt.analysis.siting.equity_quarters import stuck
from gridmgmt.analysis.siting.model import Effort, Incumbent, Siting, SitingModel
from gridmgmt.analysis.siting.solve import solve
from gridmgmt.errors import InputError
from tests.support.siting_answers import answers
from tests.support.siting_oracle import LESS_IS_BETTER, PARTS, Case, make_case

MODELS = list(SitingModel)
COUNTING = [model for model in MODELS if model is not SitingModel.SET_COVER]
ROOT = Path(__file__).parents[2]
NEAR = 1e-4
"""Shares of a program of real numbers are as near to the best as this."""


@st.composite
def cases(draw: st.DrawFn, *, conflicts: bool = True, whole: bool = False) -> Case:
    chance = draw(st.sampled_from([0.0, 0.2])) if conflicts else 0.0
    unit = PARTS if whole else draw(st.sampled_from([PARTS, 1, (1 << 50) + 12_345_678_901]))
    m, n = draw(st.integers(1, 8)), draw(st.integers(0, 12))
    return make_case(draw(st.integers(0, 1 << 32)), candidates=m, places=n, unit=unit, conflicts=chance)


def solved(model: SitingModel, case: Case, **effort: object) -> Siting:
    points = None if model is SitingModel.SET_COVER else case.points
    return solve(
        model, case.demand, case.candidates, points=points, limit_cs=case.limit_cs, effort=Effort(**effort)
    )  # fmt: skip


def impossible(model: SitingModel, case: Case) -> bool:
    """Whether there is no plan, or no quarter to compare."""
    lived_in = any(case.of(quarter).sum() for quarter in range(case.demand.n_groups))
    return (model is SitingModel.EQUITY and not lived_in) or case.best(model) is None


def not_worse(model: SitingModel, one: float, other: float) -> bool:
    return one <= other if model in LESS_IS_BETTER else one >= other


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=120, deadline=None)
@given(case=cases())
def test_the_best_of_all_plans_is_found_and_proven(model: SitingModel, case: Case) -> None:
    if impossible(model, case):
        with pytest.raises(InputError):
            solved(model, case)
        return
    found, best = solved(model, case), case.best(model)
    plan = tuple(found.chosen.tolist())
    assert len(set(plan)) == (found.objective if model is SitingModel.SET_COVER else case.points)
    assert case.fits(plan)
    assert found.objective == pytest.approx(case.worth(model, plan)[0], rel=1e-15)
    assert found.proven == (found.gap == 0)
    if model is not SitingModel.CAPACITATED or case.unit_is_whole:
        assert found.proven
    assert found.gap <= 2e-6
    assert best is not None
    if model is SitingModel.EQUITY:
        assert found.objective == pytest.approx(best[0], abs=1e-12 if case.unit_is_whole else NEAR)
        assert case.worth(model, plan)[1] >= (1 - NEAR) * best[1]
    else:
        assert found.objective == pytest.approx(best[0], rel=1e-12)
    assert not_worse(model, found.bound, best[0])


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=40, deadline=None)
@given(case=cases(), stop=st.sampled_from([{"max_s": 0.0}, {"max_s": 1e-3}, {"gap": 0.2}]))
def test_a_search_that_is_stopped_has_a_plan_and_a_bound(
    model: SitingModel, case: Case, stop: dict[str, float]
) -> None:
    if impossible(model, case):
        return
    told: list[Incumbent] = []
    try:
        found = solved(model, case, watch=told.append, **stop)
    except InputError as error:  # to find one plan that covers or reaches all is the whole search
        too_few = error.code == "siting_center_unreached" and error.fields["enough"] > case.points
        if not too_few and error.code != "siting_cover_impossible":
            raise
        return
    best = case.best(model)
    assert best is not None
    for one in [*told, found]:
        plan = tuple(int(j) for j in one.chosen)
        assert case.fits(plan)
        assert not_worse(model, one.bound, best[0])
        assert not_worse(model, best[0], one.objective) or one.objective == pytest.approx(best[0], rel=1e-12)
        assert not plan or one.objective == pytest.approx(case.worth(model, plan)[0], rel=1e-12)
    assert found.objective == pytest.approx(case.worth(model, tuple(found.chosen.tolist()))[0], rel=1e-15)
    assert found.gap <= 0.2 + 1e-12 or "gap" not in stop


@pytest.mark.parametrize("model", COUNTING)
@settings(max_examples=30, deadline=None)
@given(case=cases(conflicts=False, whole=True))
def test_one_point_more_and_a_longer_walk_are_never_worse(model: SitingModel, case: Case) -> None:
    if impossible(model, case):
        return
    here = solved(model, case).objective
    if case.points < len(case.candidates):
        assert not_worse(model, solved(model, replace(case, points=case.points + 1)).objective, here)
    if model not in (SitingModel.P_MEDIAN, SitingModel.EQUITY):  # a longer cap counts more; other quarters take part
        assert not_worse(model, solved(model, replace(case, limit_cs=case.limit_cs + 500)).objective, here)


@settings(max_examples=30, deadline=None)
@given(case=cases(conflicts=False, whole=True))
def test_a_longer_walk_never_asks_for_more_points_for_the_same_places(case: Case) -> None:
    longer = replace(case, limit_cs=case.limit_cs + 500)
    every = tuple(range(len(case.candidates)))
    if (case.covered(every) == longer.covered(every)).all():
        model = SitingModel.SET_COVER
        assert solved(model, longer).objective <= solved(model, case).objective


@pytest.mark.parametrize("model", MODELS)
def test_fourteen_candidates_with_conflicts(model: SitingModel) -> None:
    case = replace(make_case(11, candidates=14, places=40, conflicts=0.04), points=4, limit_cs=4_000)
    found, best = solved(model, case), case.best(model)
    assert best is not None
    assert (found.objective, found.bound, found.proven) == (best[0], best[0], True)


@pytest.mark.parametrize("model", MODELS)
def test_the_same_seed_gives_the_same_plan(model: SitingModel) -> None:
    case = replace(make_case(3, candidates=16, places=100), points=5, limit_cs=3_000)
    one, other = solved(model, case, seed=7), solved(model, case, seed=7)
    assert (one.chosen.tolist(), one.objective, one.bound) == (other.chosen.tolist(), other.objective, other.bound)


@pytest.mark.parametrize("model", MODELS)
def test_what_the_watch_raises_ends_the_search(model: SitingModel) -> None:
    class EndedError(Exception):
        pass

    told = []

    def ended(incumbent: Incumbent) -> None:
        told.append(incumbent)
        raise EndedError

    case = replace(make_case(5, candidates=40, places=400), points=6, limit_cs=1_500)
    with pytest.raises(EndedError):
        solved(model, case, watch=ended)
    assert len(told) == 1


def test_without_the_compiler_the_answers_are_the_same() -> None:
    script = (
        "import sys; sys.modules['numba'] = None\nfrom tests.support.siting_answers import answers; print(answers())"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() == answers()


@given(case=cases())
def test_quarters_that_nothing_betters_are_told(case: Case) -> None:
    lived_in = {q for q in range(case.demand.n_groups) if case.of(q).sum() > 0}
    held = np.flatnonzero(stuck(case.demand, case.candidates, limit_cs=case.limit_cs))
    assert set(held.tolist()) == lived_in - set(case.taking())
