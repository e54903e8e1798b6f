"""What an edge is like, by its tags, and when a gate is open."""

import math

import pytest

from gridmgmt.analysis.walking.model import Trait
from gridmgmt.hours import parse_hours
from gridmgmt.ingest.opening_hours import rules_of_opening_hours
from gridmgmt.ingest.walk_traits import TRAIT_KEYS, slope_of, traits_of


@pytest.mark.parametrize(
    ("tags", "traits"),
    [
        ({"highway": "residential"}, Trait(0)),
        ({"highway": "steps"}, Trait.STEPS),
        ({"highway": "steps", "ramp": "yes"}, Trait.STEPS | Trait.RAMP),
        ({"highway": "steps", "ramp": "yes", "ramp:wheelchair": "no"}, Trait.STEPS),
        ({"highway": "steps", "ramp": "no", "ramp:wheelchair": "yes"}, Trait.STEPS | Trait.RAMP),
        ({"highway": "footway", "ramp": "yes"}, Trait(0)),
        ({"highway": "elevator"}, Trait.LIFT),
        ({"highway": "footway", "footway": "crossing"}, Trait.CROSSING),
        ({"highway": "path", "crossing": "zebra"}, Trait.CROSSING),
        ({"highway": "path", "crossing": "no"}, Trait(0)),
        ({"highway": "track", "surface": "gravel"}, Trait.UNPAVED),
        ({"highway": "path", "surface": "asphalt"}, Trait(0)),
        ({"highway": "pedestrian", "surface": "sett"}, Trait.ROUGH),
        ({"highway": "path", "surface": "rock"}, Trait.UNPAVED | Trait.ROUGH),
        ({"highway": "footway", "smoothness": "very_bad"}, Trait.ROUGH),
        ({"highway": "footway", "smoothness": "good"}, Trait(0)),
        ({"highway": "footway", "wheelchair": "no"}, Trait.WHEELCHAIR_NO),
        ({"highway": "footway", "wheelchair": "designated"}, Trait.WHEELCHAIR_YES),
        ({"highway": "footway", "wheelchair": "limited"}, Trait(0)),
        ({"highway": "footway", "bridge": "viaduct"}, Trait.BRIDGE),
        ({"highway": "footway", "bridge": "no"}, Trait(0)),
        ({"highway": "footway", "tunnel": "building_passage"}, Trait.TUNNEL),
        ({"highway": "service", "access": "private"}, Trait.PRIVATE),
        ({"highway": "service", "access": "private", "foot": "designated"}, Trait(0)),
        ({"highway": "service", "foot": "permit"}, Trait.PRIVATE),
    ],
)
def test_the_table_of_traits(tags: dict[str, str], traits: Trait) -> None:
    assert traits_of(tags) == traits
    assert traits_of({**tags, "name": "x", "lit": "yes"}) == traits


def test_no_trait_of_the_table_waits_for_a_key_that_edges_do_not_keep() -> None:
    from gridmgmt.ingest.walk_access import KEPT_TAGS  # noqa: PLC0415

    assert set(TRAIT_KEYS) <= {*KEPT_TAGS, "highway"}


@pytest.mark.parametrize(
    ("incline", "slope"),
    [
        ("10%", 0.1), ("-5 %", -0.05), ("+8.33%", 0.0833), ("0%", 0.0), ("6°", 0.105104), ("-30°", -0.57735),
        (" 4 % ", 0.04),
    ],
)  # fmt: skip
def test_an_incline_with_a_number_is_a_slope(incline: str, slope: float) -> None:
    assert slope_of(incline) == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize("incline", [None, "", "up", "down", "yes", "10", "100%", "45°", "10%-12%", "steep", "½%"])
def test_an_incline_without_a_believable_number_is_unknown(incline: str | None) -> None:
    assert math.isnan(slope_of(incline))


@pytest.mark.parametrize(
    ("value", "minutes"),
    [
        ("24/7", 7 * 1440),
        ("06:00-22:00", 7 * 960),
        ("Mo-Fr 06:00-22:00; Sa,Su 7:00-21:00", 5 * 960 + 2 * 840),
        ("Mo-Su 06:00-12:00, 13:00-18:00", 7 * 660),
        ("mo,we,fr 08:00-17:00; PH off", 3 * 540),
        ("Mo-Su,PH 05:30-24:00", 7 * 1110),
        ("Fr-Mo 22:00-06:00", 4 * 480),
        ("Mo-Su 06:00-22:00; We off", 6 * 960),
        ("Mo-Fr: 06:00-22:00;", 5 * 960),
    ],
)
def test_common_opening_hours_are_understood(value: str, minutes: int) -> None:
    rules = rules_of_opening_hours(value)
    assert rules is not None
    assert parse_hours(rules).minutes == minutes


@pytest.mark.parametrize("value", ["off", "closed", "Mo-Su closed"])
def test_what_never_opens_has_no_hours(value: str) -> None:
    assert rules_of_opening_hours(value) == {}


@pytest.mark.parametrize(
    "value",
    [
        "", "sunrise-sunset", "Mar-Oct 06:00-20:00", "06:00+", "Mo-Sa", "Mo-Fr 08:00-25:00", "8-17", "PH off",
        "week 1-20 08:00-17:00", "Mo-Fr 06:00-12:00,11:00-13:00", "no @ (22:00-06:00)", "Xx 06:00-22:00", "24 hours",
    ],
)  # fmt: skip
def test_other_hours_are_not_guessed(value: str) -> None:
    assert rules_of_opening_hours(value) is None
