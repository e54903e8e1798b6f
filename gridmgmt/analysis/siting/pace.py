"""How much time a search has left, and whom it tells how far it has come."""

import time

from gridmgmt.analysis.siting.model import Effort, Incumbent


class Pace:
    """The clock of one search; it starts when it is made."""

    def __init__(self, effort: Effort | None) -> None:
        self.effort = effort or Effort()
        self._began = time.perf_counter()
        self._told: tuple[float, float] | None = None

    @property
    def seconds(self) -> float:
        """How long the search has taken so far."""
        return time.perf_counter() - self._began

    @property
    def left_s(self) -> float:
        """How long it may go on, 0 when its time is over."""
        return max(0.0, self.effort.max_s - self.seconds)

    def near_enough(self, objective: float, bound: float) -> bool:
        """Return whether a plan is as near to its bound as was asked for."""
        return abs(bound - objective) <= self.effort.gap * abs(objective)

    def tell(self, objective: float, bound: float, chosen: tuple[int, ...]) -> None:
        """Tell the watch of a plan and its bound when one of them is new; what it raises goes on to the caller."""
        if self.effort.watch is not None and self._told != (objective, bound):
            self._told = (objective, bound)
            self.effort.watch(Incumbent(objective, bound, chosen))

    def ask(self, objective: float, bound: float, chosen: tuple[int, ...]) -> None:
        """Ask the watch whether to go on, new or not."""
        self._told = None
        self.tell(objective, bound, chosen)
