"""Who follows the feed of cases leaves when it is told to, whatever comes at the same time."""

import asyncio

import pytest

from gridmgmt.feed.hub import Batch, Follower
from gridmgmt.feed.rules import CaseEvent, EventFilter, EventKind

NEWS = Batch((CaseEvent(1, 1, EventKind.NEW, "1", frozenset(), frozenset(), "{}"),), None)


@pytest.mark.parametrize("news_first", [True, False])
def test_who_is_cancelled_as_a_batch_comes_is_cancelled(news_first: bool) -> None:
    async def leave() -> None:
        follower = Follower(EventFilter())
        taking = asyncio.create_task(follower.take(60.0))
        for _ in range(3):
            await asyncio.sleep(0)
        steps = [lambda: follower.offer(NEWS), taking.cancel]
        for step in steps if news_first else reversed(steps):
            step()
        with pytest.raises(asyncio.CancelledError):
            await taking

    asyncio.run(leave())


def test_nothing_within_a_time_is_nothing() -> None:
    assert asyncio.run(Follower(EventFilter()).take(0.001)) is None
