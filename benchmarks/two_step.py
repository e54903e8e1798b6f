"""Two-step accessibility beside PySAL access, on a table of 91,578 pairs of 500 points and 20,000 places."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from access import fca
from harness import compare, require

from gridmgmt.analysis.accessibility import accessibility, two_step

PAIRS, POINTS, PLACES = 91_578, 500, 20_000
ROUNDS = 21
BAR = 1 / 40
LIMIT_MIN = 20.0


def main() -> None:
    """Run the comparison."""
    rng = np.random.default_rng(2_009)
    chosen = np.sort(rng.choice(POINTS * PLACES, PAIRS, replace=False))
    point, place = np.divmod(chosen, PLACES)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(point, minlength=POINTS))])
    cs = rng.integers(0, int(LIMIT_MIN * 6000) + 1, PAIRS, dtype=np.int32)
    residents = rng.integers(0, 60, PLACES).astype(np.float64)
    capacity = rng.integers(10, 100, POINTS).astype(np.float64)
    pairs, decay = (indptr, place.astype(np.int32), cs), two_step(LIMIT_MIN * 60)

    demand = pd.DataFrame({"geoid": np.arange(PLACES), "demand": residents})
    supply = pd.DataFrame({"geoid": np.arange(POINTS), "supply": capacity})
    costs = pd.DataFrame({"origin": place, "dest": point, "cost": cs / 6000})

    def own() -> np.ndarray:
        return accessibility(pairs, decay, residents=residents, capacity=capacity).place

    def pysal() -> np.ndarray:
        found = fca.two_stage_fca(demand, supply, costs, LIMIT_MIN, supply_name="supply")
        return found.reindex(np.arange(PLACES)).fillna(0.0).to_numpy()

    def agree(ours: np.ndarray, _peer: str, theirs: np.ndarray) -> Mapping[str, object]:
        difference = float(np.abs(ours - theirs).max())
        require(difference <= 1e-9, f"accessibility differs by {difference}")
        given = capacity[np.diff(indptr) > 0].sum()
        require(np.isclose(ours @ residents, given, rtol=1e-12), "the capacity given out is not that of the points")
        return {"largest_difference": difference, "capacity_given": float(given)}

    compare(
        "two_step",
        own=own,
        peers={"PySAL access": pysal},
        agree=agree,
        bars={"PySAL access": BAR},
        rounds=ROUNDS,
        facts={"pairs": PAIRS, "points": POINTS, "places": PLACES},
    )


if __name__ == "__main__":
    main()
