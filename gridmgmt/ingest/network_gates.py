"""Gates on the nodes of a walk network, by their OpenStreetMap tags."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gridmgmt.analysis.walking.gates import Access
from gridmgmt.ingest.opening_hours import ALWAYS, HourRules, rules_of_opening_hours, unless_always
from gridmgmt.ingest.walk_access import gate_access

_CONDITIONAL = ("foot:conditional", "access:conditional")


@dataclass(frozen=True)
class NetworkGate:
    """A gate on a node of a walk network."""

    node: int
    osm_id: int
    name: str | None
    access: Access
    hours: HourRules | None
    """None for always open."""
    hours_text: str | None
    """The hours as they stand in the map."""
    hours_read: bool
    """False where there are hours that were not understood; such a gate counts as always open."""
    kind: str

    @property
    def code(self) -> str:
        """Return a code that stays the same from one extract to the next."""
        return f"osm-{self.osm_id}"


def network_gate(node: int, osm_id: int, tags: Mapping[str, str]) -> NetworkGate:
    """Return the gate that a node with these tags is; one that never opens is closed."""
    access = gate_access(tags)
    stated = next((tags[key] for key in ("opening_hours", *_CONDITIONAL) if key in tags), None)
    hours = rules_of_opening_hours(stated) if stated is not None else ALWAYS
    if hours is not None and not hours:
        access, hours = Access.CLOSED, ALWAYS
    return NetworkGate(
        node, osm_id, tags.get("name") or tags.get("ref"), access, unless_always(hours), stated,
        hours is not None, tags.get("barrier", "entrance"),
    )  # fmt: skip


def gate_counts(gates: Sequence[NetworkGate]) -> dict[str, object]:
    """Return how many gates there are by access, and of how many the hours were not understood."""
    by_access = Counter(str(gate.access) for gate in gates)
    unread = sum(not gate.hours_read for gate in gates)
    return {"gates": dict(by_access.most_common()), "gates_hours_unread": unread}
