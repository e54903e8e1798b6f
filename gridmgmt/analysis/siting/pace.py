"""How much time a search has left, and whom it tells how far it has come."""

import time

from gridmgmt.analysis.siting.model import Effort, Incumbent

_SILENCE_S = 0.2
"""After so long the watch is asked again though there is nothing new, since it may have come to want an end."""


class Pace:
    """The clock of one search; it starts when it is made."""

    def __init__(self, effort: Effort | None) -> None:
        self.effort = effort or Effort()
        self._began = time.perf_counter()
        self._told: tuple[float, float] | None = None
        self._told_at = -_SILENCE_S

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

    @property
    def due(self) -> bool:
        """Return whether the watch has not been asked for a while."""
        return self.effort.watch is not None and self.seconds - self._told_at >= _SILENCE_S

    def tell(self, objective: float, bound: float, chosen: tuple[int, ...]) -> None:
        """Tell the watch of a plan and its bound when one is new or it is due; what it raises goes on to the caller."""
        if self.effort.watch is not None and (self.due or self._told != (objective, bound)):
            self._told, self._told_at = (objective, bound), self.seconds
            self.effort.watch(Incumbent(objective, bound, chosen))
