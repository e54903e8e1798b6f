"""However many ask for different things at once, few are built at a time; see also `tests/db/test_walk_state.py`."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gridmgmt.walking.cache import BUILDS_AT_ONCE, WarmCache


def test_few_are_built_at_a_time_each_with_what_it_is_built_on() -> None:
    cache, lock, together = WarmCache(), threading.Lock(), threading.Barrier(BUILDS_AT_ONCE)
    running, most = 0, 0

    def build(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait(60)  # as many as may are at it now
        ground = cache.get("ground", lambda: 1000)
        with lock:
            running -= 1
        return ground + number

    with ThreadPoolExecutor(10 * BUILDS_AT_ONCE) as pool:
        jobs = [pool.submit(cache.get, key, lambda key=key: build(key)) for key in range(10 * BUILDS_AT_ONCE)]
        assert [job.result(60) for job in jobs] == [1000 + key for key in range(10 * BUILDS_AT_ONCE)]
    assert most == BUILDS_AT_ONCE
    assert cache.figures().builds == 10 * BUILDS_AT_ONCE + 1


def test_a_failed_building_gives_its_turn_back() -> None:
    cache = WarmCache()
    for key in range(2 * BUILDS_AT_ONCE):
        with pytest.raises(ZeroDivisionError):
            cache.get(key, lambda: 1 // 0)
    assert cache.get("good", lambda: 5) == 5
