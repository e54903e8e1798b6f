"""What holds for the walking network and its profiles without a database."""

import math
from collections.abc import Mapping

from gridmgmt.analysis.walking.model import WalkProfile
from gridmgmt.errors import InputError

_BOUNDS: Mapping[str, tuple[float, float]] = {
    "speed_m_per_s": (0.1, 5.0),
    "sd_m_per_s": (0.0, 5.0),
    "steps_factor": (0.1, 100.0),
    "crossing_s": (0.0, 600.0),
    "unpaved_factor": (0.1, 100.0),
    "rough_factor": (0.1, 100.0),
    "most_slope": (0.0, 1.0),
}
"""What the numbers of a profile may be, both ends included."""


def check_profile(profile: WalkProfile) -> None:
    """Refuse a profile with a number that nobody walks by.

    Raises
    ------
    InputError
        ``profile_value_invalid``; for the standard deviation also when it is not less than the speed.
    """
    for name, (low, high) in _BOUNDS.items():
        value = getattr(profile, name)
        most = min(high, profile.speed_m_per_s) if name == "sd_m_per_s" else high
        if value is not None and not (math.isfinite(value) and low <= value <= most):
            raise InputError("profile_value_invalid", field=name, value=value, low=low, high=most)
