"""The kinds and states of a case."""

from enum import StrEnum


class CaseKind(StrEnum):
    """An event happens, a component is a managed thing that is broken or missing."""

    EVENT = "event"
    COMPONENT = "component"


class CaseStatus(StrEnum):
    """The stage a case has reached."""

    REPORTED = "reported"
    HANDLING = "handling"
    CLOSED = "closed"
