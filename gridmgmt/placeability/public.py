"""What those without exact results get to see of a spot: its surroundings, and rounded residents in all.

The facts are rounded before they are judged, so that no verdict tells more than the numbers beside it.
"""

import pyproj

from gridmgmt.crs import STORAGE_SRID
from gridmgmt.errors import ForbiddenError
from gridmgmt.placeability.card import Equity, Facts, Gain, Load, Stress
from gridmgmt.placeability.rules import DEFAULT_BANDS_MIN, LATTICE_M, Terms, make_terms, rounded_count
from gridmgmt.units import minutes_to_s

RATIO_STEP = 0.1


def lattice_position(lon: float, lat: float, crs: pyproj.CRS) -> tuple[float, float]:
    """Return the nearest corner of squares of 100 m in the metric system, in degrees."""
    metric = pyproj.Transformer.from_crs(STORAGE_SRID, crs, always_xy=True)
    x, y = (LATTICE_M * round(value / LATTICE_M) for value in metric.transform(lon, lat))
    found: tuple[float, float] = metric.transform(x, y, direction="INVERSE")
    return found


def check_terms(terms: Terms) -> None:
    """Refuse terms of the asker's own: the difference of two nearly equal questions would be a small count.

    Raises
    ------
    ForbiddenError
        When anything but the type and a usual limit is asked.
    """
    limits = [minutes_to_s(band) for band in DEFAULT_BANDS_MIN]
    usual = make_terms(terms.type, minutes=terms.limit_s / 60, walk={"profile": terms.profile})
    if terms.limit_s not in limits or terms != usual:
        raise ForbiddenError("place_terms_withheld", minutes=", ".join(f"{band:g}" for band in DEFAULT_BANDS_MIN))


def public_facts(facts: Facts, threshold: float) -> Facts:
    """Return the facts with residents in multiples of ten, small ones withheld, ratios in tenths, and no lists."""
    changed = {
        "gain": None if facts.gain is None else _gain(facts.gain, threshold),
        "load": None if facts.load is None else _load(facts.load, threshold),
        "equity": None if facts.equity is None else _equity(facts.equity),
        "stresses": tuple(_stress(stress, threshold) for stress in facts.stresses),
    }
    return facts.model_copy(update=changed)


def _gain(gain: Gain, threshold: float) -> Gain:
    bands = tuple(
        band.model_copy(update={"residents": _count(band.residents, threshold), "ages": {}}) for band in gain.bands
    )
    in_reach = _count(gain.in_reach, threshold)
    return Gain(
        residents=_count(gain.residents, threshold),
        bands=bands,
        in_reach=in_reach,
        covered_twice_ratio=None if in_reach is None else _tenth(gain.covered_twice_ratio),
        eighty_plus_ratio=None,
        places_count=None,
    )


def _load(load: Load, threshold: float) -> Load:
    residents = _count(load.residents, threshold)
    if residents is None:
        return Load(residents=None, per_capacity=None, severed_ratio=None)
    per_capacity = load.per_capacity
    if per_capacity and load.residents:
        per_capacity *= residents / load.residents
    return Load(
        residents=residents,
        per_capacity=per_capacity,
        beyond_radius={name: _tenth(share) or 0.0 for name, share in load.beyond_radius.items()},
        severed_ratio=_tenth(load.severed_ratio),
    )


def _equity(equity: Equity) -> Equity:
    shares = {name: round(getattr(equity, name), 2) for name in ("gini_before", "gini_after")}
    return equity.model_copy(update={**shares, "least_before": None, "least_after": None})


def _stress(stress: Stress, threshold: float) -> Stress:
    return stress.model_copy(update={"residents": _count(stress.residents, threshold)})


def _count(value: float | None, threshold: float) -> float | None:
    return None if value is None else rounded_count(value, threshold)


def _tenth(value: float | None) -> float | None:
    return None if value is None else round(value / RATIO_STEP) * RATIO_STEP
