"""Units and walking bands: seconds, metres, and the names of the age bands."""

SECONDS_PER_MINUTE = 60
SECONDS_PER_HOUR = 3_600
M2_PER_KM2 = 1_000_000.0

AGE_BANDS: tuple[str, ...] = ("60_64", "65_69", "70_74", "75_79", "80_plus")
"""Names of the age bands, youngest first; as column names they carry the prefix ``residents_``."""


def minutes_to_s(minutes: float) -> float:
    """Return seconds for minutes.

    >>> minutes_to_s(20)
    1200.0
    """
    return float(minutes * SECONDS_PER_MINUTE)
