"""The machine of a case as one table: which move is made from which states, into which, by whom, with what."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gridmgmt.access.rules import Permission
from gridmgmt.cases.rules import CaseState


class Move(StrEnum):
    """What is done to a case."""

    REPORT = "report"
    IMPORT = "import"
    ACCEPT = "accept"
    REJECT = "reject"
    LINK_DUPLICATE = "link_duplicate"
    ASK_SUPPLEMENT = "ask_supplement"
    SUPPLEMENT = "supplement"
    CONFIRM = "confirm"
    DENY = "deny"
    """Not found on the spot, or it cannot be told."""
    REGISTER = "register"
    DISPATCH = "dispatch"
    HANDLE = "handle"
    SEND_BACK = "send_back"
    SETTLE_ON_SPOT = "settle_on_spot"
    """Handled by whoever found it, at once."""
    GIVE_FEEDBACK = "give_feedback"
    VERIFY = "verify"
    REWORK = "rework"
    CLOSE = "close"
    FORCE_CLOSE = "force_close"
    VOID = "void"
    ASK_EXTENSION = "ask_extension"
    GRANT_EXTENSION = "grant_extension"
    REFUSE_EXTENSION = "refuse_extension"
    ASK_SUSPENSION = "ask_suspension"
    SUSPEND = "suspend"
    REFUSE_SUSPENSION = "refuse_suspension"
    RESUME = "resume"
    SUPERVISE = "supervise"
    LIFT_SUPERVISION = "lift_supervision"
    ESCALATE = "escalate"
    APPEAL = "appeal"
    GRANT_APPEAL = "grant_appeal"
    REFUSE_APPEAL = "refuse_appeal"
    RATE = "rate"
    REOPEN = "reopen"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"


class Need(StrEnum):
    """What a move has to be given."""

    REASON = "reason"
    CASE_NO = "case_no"
    CONDITION_NO = "condition_no"
    DEPARTMENTS = "departments"
    """The lead first."""
    DEPARTMENT = "department"
    """Which of several bodies it speaks for."""
    DUE_AT = "due_at"
    SATISFIED = "satisfied"


@dataclass(frozen=True)
class Rule:
    """One line of the table; ``to`` None leaves the state as it is."""

    sources: frozenset[CaseState]
    to: CaseState | None
    permission: Permission
    needs: tuple[Need, ...] = ()


RULES: Mapping[Move, Rule] = {}
