"""What a case is: its kind, its source, the states of its chain, and how it stands against the clock."""

from enum import StrEnum


class CaseKind(StrEnum):
    """An event happens, a component is a managed thing that is broken or missing."""

    EVENT = "event"
    COMPONENT = "component"


class CaseSource(StrEnum):
    """Through whom a case came to be known; each is counted apart."""

    GRID_OFFICER = "grid_officer"
    INSPECTOR = "inspector"
    PUBLIC = "public"
    HOTLINE_12345 = "hotline_12345"
    COMMUNITY_HOTLINE = "community_hotline"
    """温馨12345, the hotline of a community itself."""
    VIDEO = "video"
    LEADER = "leader"
    OTHER = "other"
    """A register that does not say."""


class CaseState(StrEnum):
    """Where a case is: the chain from report to closure, and the states beside it."""

    REPORTED = "reported"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    REGISTERED = "registered"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    HANDLED = "handled"
    VERIFIED = "verified"
    CLOSED = "closed"
    SUPPLEMENT = "supplement"
    """Sent back to whoever reported it, for what is missing."""
    SUSPENDED = "suspended"
    """In the pool: it cannot be handled now, its clock stands."""
    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    VOIDED = "voided"


ENDED = frozenset({CaseState.CLOSED, CaseState.REJECTED, CaseState.DUPLICATE, CaseState.VOIDED})
"""States in which nobody has anything more to do, unless the case is opened again."""


class Urgency(StrEnum):
    """How a case stands against its deadline."""

    ON_TIME = "on_time"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    NO_DEADLINE = "no_deadline"
