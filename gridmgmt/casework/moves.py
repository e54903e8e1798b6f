"""The machine of a case as one table: which move is made from which states, into which, by whom, with what."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from gridmgmt.access.rules import Permission
from gridmgmt.cases.rules import ENDED, CaseSource, CaseState


class Move(StrEnum):
    """What is done to a case."""

    REPORT = "report"
    IMPORT = "import"
    ACCEPT = "accept"
    REJECT = "reject"
    LINK_DUPLICATE = "link_duplicate"
    UNLINK_DUPLICATE = "unlink_duplicate"
    """Linked in error: it is a case of its own again."""
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
    RESCHEDULE = "reschedule"
    """The calendar has changed, and a provisional deadline with it."""
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
    DOCUMENT_NO = "document_no"
    """Number of the signed form that a second extension needs."""


class TaskState(StrEnum):
    """Where the share of one body is."""

    DISPATCHED = "dispatched"
    HANDLING = "handling"
    HANDLED = "handled"
    SENT_BACK = "sent_back"
    DROPPED = "dropped"
    """Ended with the case, or by another body's sending back."""


class RequestKind(StrEnum):
    """What a body may ask for; somebody else decides."""

    EXTENSION = "extension"
    SUSPENSION = "suspension"
    APPEAL = "appeal"


class Stage(StrEnum):
    """A stretch of the chain whose time is told apart."""

    ACCEPTANCE = "acceptance"
    CONFIRMATION = "confirmation"
    REGISTRATION = "registration"
    DISPATCH = "dispatching"
    HANDLING = "handling"
    VERIFICATION = "verification"
    CLOSURE = "closure"


@dataclass(frozen=True)
class Rule:
    """One line of the table.

    ``to`` None leaves the state as it is; ``permission`` None is for the program alone. ``needs`` must be given,
    ``takes`` may be: where a case is not in the catalogue, or only one body has it, the machine asks for less
    (:class:`gridmgmt.casework.machine.LegalMove`).
    """

    sources: frozenset[CaseState]
    to: CaseState | None
    permission: Permission | None
    needs: tuple[Need, ...] = ()
    takes: tuple[Need, ...] = ()


OPEN = frozenset(CaseState) - ENDED
REGISTERED_OPEN = frozenset(
    {
        CaseState.REGISTERED,
        CaseState.DISPATCHED,
        CaseState.HANDLING,
        CaseState.HANDLED,
        CaseState.VERIFIED,
        CaseState.SUSPENDED,
    }
)
"""Registered and not ended: its clock runs, or stands for a suspension."""

STAGES: Mapping[CaseState, Stage] = {
    CaseState.REPORTED: Stage.ACCEPTANCE,
    CaseState.ACCEPTED: Stage.CONFIRMATION,
    CaseState.CONFIRMED: Stage.REGISTRATION,
    CaseState.REGISTERED: Stage.DISPATCH,
    CaseState.DISPATCHED: Stage.HANDLING,
    CaseState.HANDLING: Stage.HANDLING,
    CaseState.HANDLED: Stage.VERIFICATION,
    CaseState.VERIFIED: Stage.CLOSURE,
}
"""The stage whose time a state uses; the states beside the chain use none."""

CONFIRMED_FIRST = frozenset({CaseSource.PUBLIC, CaseSource.HOTLINE_12345, CaseSource.COMMUNITY_HOTLINE})
"""Sources whose cases are looked at on the spot before they are registered."""

REOPEN_WITHIN = timedelta(days=15)
"""So long after its closing a case is opened again for a dissatisfied reporter (a choice of this project)."""
LINK_WITHIN = timedelta(days=30)
"""A case may be a duplicate of one that is open, or was closed no longer ago than this (a choice of this project)."""
APPEAL_WITHIN = timedelta(days=15)
"""So long after the closing a body may appeal (a choice of this project)."""


def _rule(
    sources: Collection[CaseState] | CaseState,
    to: CaseState | None,
    permission: Permission | None,
    *needs: Need,
    takes: tuple[Need, ...] = (),
) -> Rule:
    return Rule(frozenset({sources} if isinstance(sources, CaseState) else sources), to, permission, needs, takes)


_S, _P, _N = CaseState, Permission, Need
_INTAKE = (_S.REPORTED, _S.ACCEPTED)
_WITH_BODY = (_S.DISPATCHED, _S.HANDLING)

RULES: Mapping[Move, Rule] = {
    Move.REPORT: _rule((), _S.REPORTED, _P.CASES_REPORT),
    Move.IMPORT: _rule((), None, _P.IMPORT),
    Move.ACCEPT: _rule(_S.REPORTED, _S.ACCEPTED, _P.CASES_ACCEPT),
    Move.REJECT: _rule((*_INTAKE, _S.SUPPLEMENT), _S.REJECTED, _P.CASES_ACCEPT, _N.REASON),
    Move.LINK_DUPLICATE: _rule(
        (*_INTAKE, _S.SUPPLEMENT, _S.CONFIRMED), _S.DUPLICATE, _P.CASES_ACCEPT, _N.CASE_NO, takes=(_N.REASON,)
    ),
    Move.UNLINK_DUPLICATE: _rule(_S.DUPLICATE, None, _P.CASES_ACCEPT, _N.REASON),
    Move.ASK_SUPPLEMENT: _rule(_INTAKE, _S.SUPPLEMENT, _P.CASES_ACCEPT, _N.REASON),
    Move.SUPPLEMENT: _rule(_S.SUPPLEMENT, _S.REPORTED, _P.CASES_REPORT, takes=(_N.REASON,)),
    Move.CONFIRM: _rule(_S.ACCEPTED, _S.CONFIRMED, _P.CASES_CONFIRM, takes=(_N.REASON,)),
    Move.DENY: _rule(_S.ACCEPTED, _S.VOIDED, _P.CASES_CONFIRM, _N.REASON),
    Move.REGISTER: _rule(
        (_S.ACCEPTED, _S.CONFIRMED), _S.REGISTERED, _P.CASES_REGISTER, _N.CONDITION_NO, takes=(_N.REASON,)
    ),
    Move.DISPATCH: _rule(_S.REGISTERED, _S.DISPATCHED, _P.CASES_DISPATCH, _N.DEPARTMENTS, takes=(_N.REASON,)),
    Move.HANDLE: _rule(_WITH_BODY, _S.HANDLING, _P.CASES_HANDLE, _N.DEPARTMENT),
    Move.SEND_BACK: _rule(_WITH_BODY, _S.REGISTERED, _P.CASES_HANDLE, _N.REASON, _N.DEPARTMENT),
    Move.SETTLE_ON_SPOT: _rule((*_INTAKE, _S.CONFIRMED), _S.CLOSED, _P.CASES_CONFIRM, takes=(_N.REASON,)),
    Move.GIVE_FEEDBACK: _rule(_S.HANDLING, _S.HANDLED, _P.CASES_HANDLE, _N.DEPARTMENT, takes=(_N.REASON,)),
    Move.VERIFY: _rule(_S.HANDLED, _S.VERIFIED, _P.CASES_CONFIRM, takes=(_N.REASON,)),
    Move.REWORK: _rule(_S.HANDLED, _S.HANDLING, _P.CASES_CONFIRM, _N.REASON, takes=(_N.DEPARTMENTS,)),
    Move.CLOSE: _rule(_S.VERIFIED, _S.CLOSED, _P.CASES_CLOSE, takes=(_N.REASON,)),
    Move.FORCE_CLOSE: _rule(REGISTERED_OPEN, _S.CLOSED, _P.CASES_CLOSE, _N.REASON),
    Move.VOID: _rule(OPEN, _S.VOIDED, _P.CASES_CLOSE, _N.REASON),
    Move.ASK_EXTENSION: _rule(
        _WITH_BODY, None, _P.CASES_HANDLE, _N.DUE_AT, _N.REASON, _N.DEPARTMENT, takes=(_N.DOCUMENT_NO,)
    ),
    Move.GRANT_EXTENSION: _rule(_WITH_BODY, None, _P.CASES_SUPERVISE, _N.DEPARTMENT, takes=(_N.DUE_AT, _N.REASON)),
    Move.REFUSE_EXTENSION: _rule(_WITH_BODY, None, _P.CASES_SUPERVISE, _N.REASON, _N.DEPARTMENT),
    Move.ASK_SUSPENSION: _rule(_WITH_BODY, None, _P.CASES_HANDLE, _N.REASON, _N.DEPARTMENT),
    Move.SUSPEND: _rule((_S.REGISTERED, *_WITH_BODY), _S.SUSPENDED, _P.CASES_SUPERVISE, _N.REASON),
    Move.REFUSE_SUSPENSION: _rule(_WITH_BODY, None, _P.CASES_SUPERVISE, _N.REASON, _N.DEPARTMENT),
    Move.RESUME: _rule(_S.SUSPENDED, None, _P.CASES_SUPERVISE, takes=(_N.REASON,)),
    Move.SUPERVISE: _rule(OPEN, None, _P.CASES_SUPERVISE, _N.REASON),
    Move.LIFT_SUPERVISION: _rule(OPEN, None, _P.CASES_SUPERVISE, takes=(_N.REASON,)),
    Move.ESCALATE: _rule(OPEN, None, _P.CASES_SUPERVISE, _N.REASON),
    Move.APPEAL: _rule((_S.HANDLING, _S.CLOSED), None, _P.CASES_HANDLE, _N.REASON, _N.DEPARTMENT),
    Move.GRANT_APPEAL: _rule(
        (_S.HANDLING, _S.CLOSED), None, _P.CASES_SUPERVISE, _N.REASON, _N.DEPARTMENT, takes=(_N.DUE_AT,)
    ),
    Move.REFUSE_APPEAL: _rule((_S.HANDLING, _S.CLOSED), None, _P.CASES_SUPERVISE, _N.REASON, _N.DEPARTMENT),
    Move.RATE: _rule(_S.CLOSED, None, _P.CASES_ACCEPT, _N.SATISFIED, takes=(_N.REASON,)),
    Move.REOPEN: _rule(_S.CLOSED, _S.REGISTERED, _P.CASES_REGISTER, _N.REASON, _N.CONDITION_NO),
    Move.RESCHEDULE: _rule(REGISTERED_OPEN, None, None),
    Move.DUE_SOON: _rule(REGISTERED_OPEN, None, None),
    Move.OVERDUE: _rule(REGISTERED_OPEN, None, None),
}
"""The whole machine. What it cannot say in a line is in :mod:`gridmgmt.casework.machine`: cases of the public are
confirmed before they are registered or settled, joint tasks wait for each other, only what was asked is decided."""
