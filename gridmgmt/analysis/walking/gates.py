"""Gates: who passes them, and when."""

from dataclasses import dataclass, replace
from enum import StrEnum

GATE_REACH_M = 30.0
"""A gate farther than this from every way is not of the network."""

Span = tuple[int, int]
"""The first minute of a stretch of the week, Monday 00:00 being 0, and the one after its last."""


class Access(StrEnum):
    """Who passes a gate while it is open."""

    PUBLIC = "public"
    RESIDENTS = "residents"
    """Those who live behind it, with a card or a key."""
    CLOSED = "closed"


@dataclass(frozen=True)
class Gate:
    """One gate: a position in degrees, who passes it, and the stretches of the week when it is open (None: always).

    ``gate_id`` is None for a gate that is only planned.
    """

    gate_id: int | None
    code: str
    name: str | None
    access: Access
    spans: tuple[Span, ...] | None
    lon: float
    lat: float

    def open_at(self, minute: int) -> bool:
        """Tell whether anybody passes it at a minute of the week."""
        if self.access is Access.CLOSED:
            return False
        return self.spans is None or any(begin <= minute < end for begin, end in self.spans)

    def opened(self, access: Access, spans: tuple[Span, ...] | None) -> "Gate":
        """Return the gate with other access and hours."""
        return replace(self, access=access, spans=spans)

    def moved(self, lon: float, lat: float) -> "Gate":
        """Return the gate in another place."""
        return replace(self, lon=lon, lat=lat)
