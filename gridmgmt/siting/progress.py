"""How far a search is: told to its job and its run no more often than twice a second, and whether to go on asked."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel
from sqlalchemy import update

from gridmgmt.analysis.siting.model import Incumbent, SitingModel
from gridmgmt.db import transaction
from gridmgmt.jobs import service as jobs
from gridmgmt.jobs.worker import JobContext
from gridmgmt.siting.models import SitingRun

EVERY_S = 0.5
UNITS = {
    SitingModel.MAX_COVERAGE: "residents",
    SitingModel.SET_COVER: "points",
    SitingModel.P_MEDIAN: "resident_s",
    SitingModel.P_CENTER: "s",
    SitingModel.CAPACITATED: "residents",
    SitingModel.EQUITY: "ratio",
}
"""What the objective of each model counts."""


class SearchProgress(BaseModel):
    """The best plan so far and what none can be better than; positions in degrees, in no order."""

    unit: str
    objective: float | None
    bound: float | None
    gap: float | None
    seconds: float
    chosen: list[tuple[float, float]]


class SearchEndedError(Exception):
    """Somebody wants the best plan so far, this one, as the answer."""

    def __init__(self, best: Incumbent) -> None:
        super().__init__(best.objective)
        self.best = best


class Telling:
    """What a search tells of itself, and the best plan of it; ``positions`` are the candidates' in degrees."""

    def __init__(
        self, context: JobContext, run_id: int, model: SitingModel, positions: Sequence[Sequence[float]]
    ) -> None:
        self._context = context
        self._run_id = run_id
        self._unit = UNITS[model]
        self._positions = positions
        self._began = time.monotonic()
        self._told = self._began - EVERY_S
        self._last: SearchProgress | None = None
        self.best: Incumbent | None = None

    def __call__(self, incumbent: Incumbent) -> None:
        """Hear of a plan or a bound.

        Raises
        ------
        SearchEndedError
            When this plan is wanted as the answer.
        LeaseLostError, JobCancelledError
            When the job should not go on.
        """
        self.best = incumbent
        if self._is_time():
            self._last = self._progress(incumbent)
            self._tell("searching", 0.4)

    def go_on(self, _incumbent: Incumbent) -> None:
        """Ask whether to go on with what is looked at beside the plan, which stays as it was told.

        Raises
        ------
        SearchEndedError, LeaseLostError, JobCancelledError
            As when it is called.
        """
        if self._is_time():
            self._tell("comparing", 0.85)

    def _is_time(self) -> bool:
        now = time.monotonic()
        if now - self._told < EVERY_S:
            return False
        self._told = now
        return True

    def _tell(self, stage: str, share: float) -> None:
        wanted = tell(self._context, self._run_id, self._last, f"job_stage.{stage}", share)
        if wanted and self.best is not None and self.best.chosen:
            raise SearchEndedError(self.best)

    def _progress(self, incumbent: Incumbent) -> SearchProgress:
        objective, bound = finite(incumbent.objective), finite(incumbent.bound)
        gap = None
        if objective is not None and bound is not None:
            gap = 0.0 if objective == bound else abs(bound - objective) / abs(objective) if objective else None
        return SearchProgress(
            unit=self._unit,
            objective=objective,
            bound=bound,
            gap=gap,
            seconds=round(time.monotonic() - self._began, 3),
            chosen=[(self._positions[i][0], self._positions[i][1]) for i in incumbent.chosen],
        )


def finite(value: float) -> float | None:
    """Return a number, None where it is not finite."""
    return value if abs(value) < float("inf") else None


def tell(context: JobContext, run_id: int, progress: SearchProgress | None, stage: str, share: float) -> bool:
    """Write how far a run is with its job's stage, and tell whether the best plan so far is wanted as the answer.

    Raises
    ------
    LeaseLostError, JobCancelledError
        When the job should not go on; nothing is written then.
    """
    with transaction(context.sessions) as session:
        jobs.report(session, context.claim, stage, share)
        statement = (
            update(SitingRun)
            .where(SitingRun.run_id == run_id)
            .values(progress=None if progress is None else progress.model_dump(mode="json"))
            .returning(SitingRun.keep_requested)
        )
        return bool(session.scalar(statement))


class Stages:
    """Says where a job is and keeps the seconds that each stage took."""

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str, begins_at: float) -> Iterator[Callable[[float], None]]:
        """Report a stage with the share of the job that is done when it begins, and time it.

        Yields
        ------
        Callable[[float], None]
            What reports a later share, no more often than twice a second.
        """
        started = told = time.monotonic()
        self._context.progress(f"job_stage.{name}", begins_at)

        def report(share: float) -> None:
            nonlocal told
            if time.monotonic() - told >= EVERY_S:
                told = time.monotonic()
                self._context.progress(f"job_stage.{name}", share)

        yield report
        self.seconds[name] = time.monotonic() - started


def stored(progress: dict[str, Any] | None) -> SearchProgress | None:
    """Return the progress that a run keeps."""
    return None if progress is None else SearchProgress.model_validate(progress)
