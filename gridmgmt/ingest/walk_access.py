"""Where people may walk: one table of OpenStreetMap tags, each line with its reason.

The first line whose tags all match decides. Ferries and other ways without ``highway`` are no walk ways and never
reach the table: a walker must not swim. Ways for residents alone are walked; :mod:`gridmgmt.ingest.walk_traits` marks
them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gridmgmt.analysis.walking.gates import Access

Tags = Mapping[str, str]

_FIRST_VALUE = re.compile(r"[a-z_]+")
_ROADS = frozenset(
    f"{road}{link}" for road in ("trunk", "primary", "secondary", "tertiary") for link in ("", "_link")
)  # fmt: skip
_MOTOR_ONLY = frozenset(
    {"motorway", "motorway_link", "trunk", "trunk_link", "motorroad", "raceway", "busway", "bus_guideway", "escape"}
)
ALLOWED = frozenset({"yes", "designated", "permissive", "destination", "official", "public", "customers", "limited"})
_FORBIDDEN = frozenset({"no", "use_sidepath", "military", "restricted", "discouraged"})
_NOT_PUBLIC = frozenset({"no", "military", "restricted", "agricultural", "forestry", "delivery", "emergency"})
PRIVATE = frozenset({"private", "permit", "residents"})
"""For those who live there: their ways are kept, since they walk out on them; nobody else is led along."""
_WALKED = frozenset(
    {
        "footway", "pedestrian", "path", "steps", "living_street", "residential", "service", "unclassified", "road",
        "tertiary", "tertiary_link", "secondary", "secondary_link", "primary", "primary_link", "track", "cycleway",
        "bridleway", "crossing", "corridor", "platform", "elevator", "byway",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """One line of a table: when all these tags have one of these values, it is decided so, because."""

    name: str
    when: Mapping[str, frozenset[str]]
    passable: bool
    reason: str

    def matches(self, tags: Tags) -> bool:
        """Tell whether all tags of the line match."""
        return all(tags.get(key) in values for key, values in self.when.items())


WAYS: tuple[Rule, ...] = (
    Rule("area", {"area": frozenset({"yes"})}, False, "the outline of a square is not a way across it"),
    Rule(
        "not_built",
        {"highway": frozenset({"construction", "proposed", "planned", "abandoned", "razed", "disused"})},
        False,
        "not there yet, or no longer",
    ),
    Rule("indoor", {"indoor": frozenset({"yes", "area", "corridor", "room"})}, False, "open at the house's hours only"),
    Rule("foot_forbidden", {"foot": _FORBIDDEN}, False, "walking is forbidden, or on a way of its own beside"),
    Rule("foot_allowed", {"foot": ALLOWED}, True, "walking is expressly allowed, whatever else the way is"),
    Rule("not_public", {"access": _NOT_PUBLIC}, False, "closed to the public, and no word that walkers are exempt"),
    Rule("motor_road", {"motorroad": frozenset({"yes"})}, False, "by law for motor vehicles alone"),
    Rule(
        "sidewalk",
        {"sidewalk": frozenset({"yes", "both", "left", "right"}), "highway": _ROADS},
        True,
        "a sidewalk is walked, also along a trunk road or through a tunnel",
    ),
    Rule(
        "motor_only",
        {"highway": _MOTOR_ONLY},
        False,
        "motorways exclude walkers by law; trunk roads are expressways, walked only where foot or sidewalk says so",
    ),
    Rule(
        "road_tunnel",
        {"tunnel": frozenset({"yes"}), "highway": _ROADS},
        False,
        "road tunnels under rivers and hills exclude walkers unless foot or sidewalk says otherwise",
    ),
    Rule("walked", {"highway": _WALKED}, True, "streets, paths, steps and walked surfaces; steps are kept and tagged"),
    Rule("unknown", {}, False, "no known way: rest areas, bus stops drawn as lines, misspellings"),
)

WAY_KEYS: tuple[str, ...] = tuple(sorted({key for rule in WAYS for key in rule.when}))
"""The tags that the table looks at."""

BARRIERS: tuple[Rule, ...] = (
    Rule("foot_allowed", {"foot": ALLOWED}, True, "a way through for walkers is stated"),
    Rule("locked", {"locked": frozenset({"yes"})}, False, "locked"),
    Rule("foot_forbidden", {"foot": _FORBIDDEN | PRIVATE}, False, "walking is forbidden"),
    Rule("not_public", {"access": _NOT_PUBLIC | PRIVATE}, False, "shut to the public, and no gate that residents open"),
    Rule(
        "solid",
        {"barrier": frozenset({"wall", "fence", "city_wall", "retaining_wall", "hedge", "sealed"})},
        False,
        "the way runs against a solid barrier",
    ),
    Rule("passable", {}, True, "bollards, kerbs, cycle barriers, toll booths: a walker passes"),
)
"""What else than a gate stands on a node; where it cannot be passed the ways part for good."""

GATE_KINDS = frozenset(
    {"gate", "lift_gate", "swing_gate", "sliding_gate", "kissing_gate", "hampshire_gate", "wicket_gate", "turnstile",
     "full-height_turnstile", "sally_port", "entrance"}
)  # fmt: skip
"""Values of ``barrier`` that open and shut."""

GATES: tuple[tuple[str, Mapping[str, frozenset[str]], Access], ...] = (
    ("foot_allowed", {"foot": ALLOWED}, Access.PUBLIC),
    ("foot_private", {"foot": PRIVATE}, Access.RESIDENTS),
    ("foot_forbidden", {"foot": _FORBIDDEN}, Access.CLOSED),
    ("private", {"access": PRIVATE}, Access.RESIDENTS),
    ("locked", {"locked": frozenset({"yes"})}, Access.CLOSED),
    ("not_public", {"access": _NOT_PUBLIC}, Access.CLOSED),
    ("emergency_exit", {"entrance": frozenset({"emergency"})}, Access.CLOSED),
    ("open", {}, Access.PUBLIC),
)
"""Who passes a gate, the first line that matches: a card or a key of the residents' opens also what is locked."""

KEPT_TAGS: tuple[str, ...] = (
    "name", "surface", "incline", "step_count", "handrail", "ramp", "barrier", "gate", "access", "foot", "sidewalk",
    "bridge", "tunnel", "layer", "lit", "width", "smoothness", "wheelchair", "crossing", "service", "footway",
    "ramp:wheelchair",
)  # fmt: skip
"""Tags that edges keep, for walking profiles and for people who ask why."""


def decide(table: tuple[Rule, ...], tags: Tags) -> Rule:
    """Return the first line of a table that matches.

    >>> decide(WAYS, {"highway": "motorway"}).name, decide(WAYS, {"highway": "motorway", "foot": "yes"}).passable
    ('motor_only', True)
    """
    return next(rule for rule in table if rule.matches(tags))


def is_gate(tags: Tags) -> bool:
    """Tell whether a node is a gate: a barrier that opens, or an entrance on a way."""
    return tags.get("barrier") in GATE_KINDS or tags.get("entrance", "no") != "no"


def gate_access(tags: Tags) -> Access:
    """Return who passes a gate by its tags.

    >>> gate_access({"barrier": "gate", "access": "private", "locked": "yes"}).value
    'residents'
    """
    return next(access for _, when, access in GATES if all(tags.get(key) in values for key, values in when.items()))


def main_highway(value: str) -> str:
    """Return the first of several ``highway`` values; a track is one of whatever grade.

    >>> main_highway("unclassified;tertiary"), main_highway("['residential', 'service']"), main_highway("track_grade2")
    ('unclassified', 'residential', 'track')
    """
    found = _FIRST_VALUE.search(value)
    return found.group().removesuffix("_grade") if found else value
