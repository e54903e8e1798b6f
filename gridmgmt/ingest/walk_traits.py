"""What an edge is like, by its OpenStreetMap tags: one table of traits, and the slope of its incline."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, reduce

from gridmgmt.analysis.walking.model import Trait
from gridmgmt.ingest.walk_access import ALLOWED, PRIVATE, WAY_KEYS, WAYS, Rule, Tags, decide, main_highway

_ANY_BUT_NO: frozenset[str] = frozenset()
_INCLINE = re.compile(r"(?P<rise>[-+]?\d{1,2}(?:\.\d+)?) *(?P<unit>[%°])", re.ASCII)
_STEEPEST_DEG = 45


@dataclass(frozen=True)
class TraitRule:
    """One line of the table: an edge has the trait when all these tags match and none of the others does.

    No values mean any but ``no``.
    """

    trait: Trait
    when: Mapping[str, frozenset[str]]
    unless: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def matches(self, tags: Tags) -> bool:
        """Tell whether the line holds for an edge's tags."""
        return all(_holds(tags, key, values) for key, values in self.when.items()) and not any(
            _holds(tags, key, values) for key, values in self.unless.items()
        )


def _holds(tags: Tags, key: str, values: frozenset[str]) -> bool:
    value = tags.get(key)
    return value in values if values else value not in (None, "no")


_STEPS = {"highway": frozenset({"steps"})}

TRAITS: tuple[TraitRule, ...] = (
    TraitRule(Trait.STEPS, _STEPS),
    # A ramp that the map does not tell from others may be a bicycle's; where it says no for wheelchairs it is one.
    TraitRule(Trait.RAMP, {**_STEPS, "ramp": frozenset({"yes"})}, {"ramp:wheelchair": frozenset({"no"})}),
    TraitRule(Trait.RAMP, {**_STEPS, "ramp:wheelchair": frozenset({"yes"})}),
    TraitRule(Trait.LIFT, {"highway": frozenset({"elevator"})}),
    # Only a way across the carriageway waits; one who walks along it passes its crossings without.
    TraitRule(Trait.CROSSING, {"highway": frozenset({"crossing"})}),
    TraitRule(Trait.CROSSING, {"footway": frozenset({"crossing"})}),
    TraitRule(Trait.CROSSING, {"crossing": _ANY_BUT_NO}),
    TraitRule(
        Trait.UNPAVED,
        {
            "surface": frozenset(
                {"unpaved", "compacted", "fine_gravel", "gravel", "dirt", "earth", "ground", "mud", "sand", "grass",
                 "woodchips", "rock", "pebblestone", "stepping_stones", "snow"}
            )
        },
    ),
    TraitRule(
        Trait.ROUGH,
        {
            "surface": frozenset(
                {"cobblestone", "unhewn_cobblestone", "cobblestone:flattened", "sett", "rock", "pebblestone",
                 "stepping_stones"}
            )
        },
    ),
    TraitRule(
        Trait.ROUGH, {"smoothness": frozenset({"bad", "very_bad", "horrible", "very_horrible", "impassable"})}
    ),
    TraitRule(Trait.WHEELCHAIR_NO, {"wheelchair": frozenset({"no"})}),
    TraitRule(Trait.WHEELCHAIR_YES, {"wheelchair": frozenset({"yes", "designated"})}),
    TraitRule(Trait.BRIDGE, {"bridge": _ANY_BUT_NO}),
    TraitRule(Trait.TUNNEL, {"tunnel": _ANY_BUT_NO}),
    TraitRule(Trait.PRIVATE, {"access": PRIVATE}, {"foot": ALLOWED}),
    TraitRule(Trait.PRIVATE, {"foot": PRIVATE}),
)  # fmt: skip

TRAIT_KEYS: tuple[str, ...] = tuple(sorted({key for rule in TRAITS for key in (*rule.when, *rule.unless)}))


@dataclass(frozen=True)
class Judged:
    """What the two tables say of a way."""

    rule: Rule
    traits: Trait


def judge(tags: Tags) -> Judged:
    """Return whether people walk a way, and its traits; the few combinations of tags that occur are judged once.

    >>> found = judge({"highway": "steps", "bridge": "yes", "name": "…"})
    >>> found.rule.name, found.traits == Trait.STEPS | Trait.BRIDGE
    ('walked', True)
    """
    return _judged(_values(tags))


def traits_of(tags: Tags) -> Trait:
    """Return the traits of a way."""
    return judge(tags).traits


def slope_of(incline: str | None) -> float:
    """Return rise over run in the direction of the way, NaN where the tag gives no number (``up``, ``down``).

    What is as steep as 45° or 100 % is a mistake, and unknown.

    >>> slope_of("10%"), slope_of("-5 %"), round(slope_of("6°"), 4), slope_of("up")
    (0.1, -0.05, 0.1051, nan)
    """
    found = _INCLINE.fullmatch(incline.strip()) if incline else None
    if found is None:
        return math.nan
    rise = float(found["rise"])
    if found["unit"] == "%":
        return rise / 100
    return math.tan(math.radians(rise)) if abs(rise) < _STEEPEST_DEG else math.nan


_KEYS: tuple[str, ...] = tuple(sorted({*TRAIT_KEYS, *WAY_KEYS}))


def _values(tags: Tags) -> tuple[str | None, ...]:
    return tuple(map(tags.get, _KEYS))


@cache
def _judged(values: tuple[str | None, ...]) -> Judged:
    tags = {key: value for key, value in zip(_KEYS, values, strict=True) if value is not None}
    if "highway" in tags:
        tags["highway"] = main_highway(tags["highway"])
    traits = reduce(Trait.__or__, (rule.trait for rule in TRAITS if rule.matches(tags)), Trait(0))
    return Judged(decide(WAYS, tags), traits)
