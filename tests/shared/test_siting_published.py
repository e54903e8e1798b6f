"""Published answers: San Francisco's stores for three models, and the p-median graphs of the OR-Library.

Sources: ``notebooks/facloc-real-world.ipynb`` of spopt (205 tracts, 16 stores); J. E. Beasley, OR-Library, pmed1 to
pmed10 with their optima.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.sparse.csgraph import floyd_warshall

from gridmgmt.analysis.siting.center import p_center
from gridmgmt.analysis.siting.median import p_median
from gridmgmt.analysis.siting.model import Candidates, Demand, Effort
from gridmgmt.analysis.siting.set_cover import set_cover, uncoverable
from gridmgmt.analysis.walking.matrix import SparseTimes

pytestmark = pytest.mark.shared_data

PARTS = 1 << 34
PER_M = 10_000
"""Tenths of a millimetre stand for hundredths of a second: whole numbers that tell all published digits."""


@pytest.fixture(scope="module")
def metres(shared_data: Path) -> pd.DataFrame:
    """Metres by store and tract."""
    file = shared_data / "location_allocation" / "SF_network_distance_candidateStore_16_censusTract_205_new.csv"
    table = pd.read_csv(file, dtype={"DestinationName": str})
    return table.pivot_table(index="name", columns="DestinationName", values="distance")


@pytest.fixture(scope="module")
def people(shared_data: Path, metres: pd.DataFrame) -> np.ndarray:
    file = shared_data / "location_allocation" / "SF_demand_205_centroid_uniform_weight.csv"
    table = pd.read_csv(file, dtype={"NAME": str})
    return table.set_index("NAME")["POP2000"].loc[metres.columns].to_numpy()


@pytest.fixture(scope="module")
def demand(people: np.ndarray) -> Demand:
    return Demand.of(people.astype(np.int64) * PARTS)


@pytest.fixture(scope="module")
def stores(metres: pd.DataFrame) -> Candidates:
    return dense(np.rint(metres.to_numpy() * PER_M))


def dense(walks: np.ndarray) -> Candidates:
    """Return candidates that all places are reached from, by the walks ``(m, n)``."""
    m, n = walks.shape
    place = np.tile(np.arange(n, dtype=np.int32), m)
    return Candidates(SparseTimes(np.arange(m + 1, dtype=np.int64) * n, place, walks.astype(np.int32).ravel()))


def test_four_stores_with_the_least_sum_of_walks(
    demand: Demand, stores: Candidates, metres: pd.DataFrame, people: np.ndarray
) -> None:
    found = p_median(demand, stores, points=4, cap_cs=int(stores.times.cs.max()))
    assert found.proven
    walked = (people * metres.to_numpy()[found.chosen].min(axis=0)).sum()
    assert walked == pytest.approx(2848268129.7145, abs=5e-5)
    assert walked / people.sum() == pytest.approx(2982.1268579890657, abs=1e-10)
    assert found.objective * 100 / PER_M == pytest.approx(walked, abs=0.5 / PER_M * people.sum())


def test_four_stores_with_the_least_longest_walk(demand: Demand, stores: Candidates, metres: pd.DataFrame) -> None:
    found = p_center(demand, stores, points=4)
    assert (found.proven, found.bound) == (True, found.objective)
    assert metres.to_numpy()[found.chosen].min(axis=0).max() == pytest.approx(7403.063811, abs=5e-7)


def test_eight_stores_cover_all_within_five_kilometres(
    demand: Demand, stores: Candidates, metres: pd.DataFrame
) -> None:
    found = set_cover(demand, stores, limit_cs=5_000 * PER_M)
    assert (found.objective, found.bound, found.proven) == (8, 8, True)
    assert (metres.to_numpy()[found.chosen].min(axis=0) <= 5000).all()
    assert not uncoverable(demand, stores, limit_cs=5_000 * PER_M).any()


@pytest.mark.parametrize("number", range(1, 11))
def test_graphs_of_the_or_library(shared_data: Path, number: int) -> None:
    """Where an edge is listed twice the last one counts."""
    folder = shared_data / "location_allocation" / "orlib_pmed"
    optimum = pd.read_csv(folder / "optimum.csv", index_col="instance")["optimum"][f"pmed{number}"]
    vertices, edges, points, *listed = (int(word) for word in (folder / f"pmed{number}.txt").read_text().split())
    lengths = np.full((vertices, vertices), np.inf)
    for i, j, length in np.array(listed[: 3 * edges]).reshape(-1, 3).tolist():
        lengths[i - 1, j - 1] = lengths[j - 1, i - 1] = length
    walks = floyd_warshall(lengths)
    np.fill_diagonal(walks, 0)
    found = p_median(
        Demand.of(np.full(vertices, PARTS)), dense(100 * walks), points=points, cap_cs=int(100 * walks.max()),
        effort=Effort(max_s=120.0),
    )  # fmt: skip
    assert (found.objective, found.bound, found.proven) == (optimum, optimum, True)
    assert walks[found.chosen].min(axis=0).sum() == optimum
