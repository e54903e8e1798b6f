"""The demo district, made once in a process; making it takes many seconds."""

from functools import cache

from gridmgmt.demo.generator import DEFAULT_SEED, DemoDistrict, generate


@cache
def generated(seed: int = DEFAULT_SEED) -> DemoDistrict:
    """Return the district of a seed; nobody may change it."""
    return generate(seed)
