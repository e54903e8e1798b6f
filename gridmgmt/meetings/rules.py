"""What holds for joint meetings and topics without a database: seats, quorum, the states of a topic, owners' votes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from gridmgmt.errors import ConflictError, InputError, RuleViolationError


class MeetingKind(StrEnum):
    """Which form a meeting has."""

    FOUR_IN_ONE = "four_in_one"
    """Party organisation, residents' committee, owners' committee and property firm of a quarter."""
    JOINT_MEETING = "joint_meeting"
    """Of a sector or unit: the four, the police, units and groups."""
    MANAGEMENT_COMMITTEE = "management_committee"
    """Of a village: locals and newcomers decide its rules together."""


class MeetingRole(StrEnum):
    """For whom somebody sits in a meeting."""

    PARTY_ORGANISATION = "party_organisation"
    RESIDENTS_COMMITTEE = "residents_committee"
    OWNERS_COMMITTEE = "owners_committee"
    PROPERTY_FIRM = "property_firm"
    POLICE = "police"
    PARTNER_UNIT = "partner_unit"
    SOCIAL_GROUP = "social_group"
    LOCALS = "locals"
    NEWCOMERS = "newcomers"


MEMBER_GROUPS = (MeetingRole.LOCALS, MeetingRole.NEWCOMERS)
"""Those alone of whom a management committee is made up."""


class TopicOrigin(StrEnum):
    """Where a topic comes from."""

    RESIDENT_PROPOSAL = "resident_proposal"
    CASE = "case"
    INDICATOR = "indicator"
    BODY = "body"


class TopicState(StrEnum):
    """How far a topic is."""

    PROPOSED = "proposed"
    SUPPORTED = "supported"
    AGENDA = "agenda"
    DECIDED = "decided"
    REFUSED = "refused"
    DONE = "done"
    WITHDRAWN = "withdrawn"


class TopicMove(StrEnum):
    """What is done with a topic."""

    PROPOSE = "propose"
    SUPPORT = "support"
    SCHEDULE = "schedule"
    DECIDE = "decide"
    REFUSE = "refuse"
    FINISH = "finish"
    WITHDRAW = "withdraw"


MOVES: Mapping[TopicMove, tuple[frozenset[TopicState], TopicState]] = {
    TopicMove.SUPPORT: (frozenset({TopicState.PROPOSED}), TopicState.SUPPORTED),
    TopicMove.SCHEDULE: (frozenset({TopicState.SUPPORTED}), TopicState.AGENDA),
    TopicMove.DECIDE: (frozenset({TopicState.AGENDA}), TopicState.DECIDED),
    TopicMove.REFUSE: (frozenset({TopicState.AGENDA}), TopicState.REFUSED),
    TopicMove.FINISH: (frozenset({TopicState.DECIDED}), TopicState.DONE),
    TopicMove.WITHDRAW: (
        frozenset({TopicState.PROPOSED, TopicState.SUPPORTED, TopicState.AGENDA}),
        TopicState.WITHDRAWN,
    ),
}
"""From which states each move leads to which; to propose is the beginning."""


class ProjectState(StrEnum):
    """How far a self-governance project is."""

    APPLIED = "applied"
    APPROVED = "approved"
    RUNNING = "running"
    FINISHED = "finished"
    TURNED_DOWN = "turned_down"


PROJECT_STEPS: Mapping[ProjectState, frozenset[ProjectState]] = {
    ProjectState.APPLIED: frozenset({ProjectState.APPROVED, ProjectState.TURNED_DOWN}),
    ProjectState.APPROVED: frozenset({ProjectState.RUNNING}),
    ProjectState.RUNNING: frozenset({ProjectState.FINISHED}),
    ProjectState.FINISHED: frozenset(),
    ProjectState.TURNED_DOWN: frozenset(),
}
"""Which states may follow which."""


@dataclass(frozen=True)
class Member:
    """A member of a meeting: for whom it sits, its name as a body or an office, and its seats."""

    role: MeetingRole
    name: str
    seats: int = 1


@dataclass(frozen=True)
class Quorum:
    """Whether a sitting may decide; ``missing`` are the roles that are needed and were not there."""

    needed: tuple[MeetingRole, ...]
    missing: tuple[MeetingRole, ...]

    @property
    def met(self) -> bool:
        """Whether none is missing."""
        return not self.missing


@dataclass(frozen=True)
class OwnersVote:
    """The record of the owners' procedure: heads, ratios 0–1 of the owned floor, and the number of its document.

    ``voting`` are those who took part and ``agreed`` those of them who said yes.
    """

    owners: int
    voting: int
    agreed: int
    area_share_voting: float
    area_share_agreed: float
    document_no: str


PARTICIPATION, MAJORITY = 2 / 3, 1 / 2
"""Civil Code art. 278: two thirds of owners and floor take part, and more than half of these, by both, agree."""
_EXACT = 1e-9


def check_members(kind: MeetingKind, members: Sequence[Member], seats: int | None) -> int:
    """Return how many seats a meeting has.

    Parameters
    ----------
    seats
        The total as stated; None where nobody states it.

    Raises
    ------
    InputError
        ``meeting_members_missing`` without any; ``meeting_role_twice``; ``meeting_seats_invalid`` for fewer than one;
        ``meeting_group_unknown`` for a member of a management committee that is of no member group.
    RuleViolationError
        ``meeting_seats_sum`` when the groups do not add up to the total.

    >>> groups = [Member(MeetingRole.LOCALS, "本村村民", 8), Member(MeetingRole.NEWCOMERS, "来沪人员", 3)]
    >>> check_members(MeetingKind.MANAGEMENT_COMMITTEE, groups, 11)
    11
    """
    if not members:
        raise InputError("meeting_members_missing", field="members")
    names = [(member.role, member.name) for member in members]
    for member in members:
        if member.seats < 1:
            raise InputError("meeting_seats_invalid", field="members", value=member.seats, role=member.role)
        if names.count((member.role, member.name)) > 1:
            raise InputError("meeting_role_twice", field="members", value=member.name, role=member.role)
        if kind is MeetingKind.MANAGEMENT_COMMITTEE and member.role not in MEMBER_GROUPS:
            known = ", ".join(MEMBER_GROUPS)
            raise InputError("meeting_group_unknown", field="members", value=member.role, known=known)
    total = sum(member.seats for member in members)
    if seats is not None and seats != total:
        raise RuleViolationError("meeting_seats_sum", field="seats", value=seats, sum=total)
    return total


def quorum(needed: Collection[MeetingRole], attendance: Mapping[MeetingRole, int]) -> Quorum:
    """Return whether every role that is needed was there.

    >>> quorum([MeetingRole.OWNERS_COMMITTEE], {MeetingRole.POLICE: 1}).met
    False
    """
    ordered = tuple(role for role in MeetingRole if role in needed)
    return Quorum(ordered, tuple(role for role in ordered if attendance.get(role, 0) < 1))


def check_attendance(attendance: Mapping[MeetingRole, int], seats: Mapping[MeetingRole, int]) -> None:
    """Refuse what cannot have been: nobody, fewer than none, or more of a role than have seats.

    Raises
    ------
    InputError
        ``attendance_missing``; ``attendance_invalid`` with the role.
    """
    if not sum(attendance.values()):
        raise InputError("attendance_missing", field="attendance")
    for role, count in attendance.items():
        if not 0 <= count <= seats.get(role, 0):
            most = seats.get(role, 0)
            raise InputError("attendance_invalid", field="attendance", value=count, role=role, maximum=most)


def check_held(on: date, today: date, *, field: str) -> None:
    """Refuse to note what is yet to be held.

    Raises
    ------
    InputError
        ``held_in_future``.
    """
    if on > today:
        raise InputError("held_in_future", field=field, value=on, today=today)


def first_state(origin: TopicOrigin) -> TopicState:
    """Return where a topic begins: only what residents propose needs supporters.

    >>> first_state(TopicOrigin.CASE)
    <TopicState.SUPPORTED: 'supported'>
    """
    return TopicState.PROPOSED if origin is TopicOrigin.RESIDENT_PROPOSAL else TopicState.SUPPORTED


def moved(state: TopicState, move: TopicMove, code: str) -> TopicState:
    """Return the state of a topic after a move.

    Raises
    ------
    ConflictError
        ``topic_move_refused`` when the move does not lead on from the state; the legal ones are listed.
    """
    before, after = MOVES[move]
    if state not in before:
        legal = ", ".join(legal_moves(state)) or "-"
        raise ConflictError("topic_move_refused", field="move", value=move, topic=code, state=state, legal=legal)
    return after


def legal_moves(state: TopicState) -> list[TopicMove]:
    """Return the moves that lead on from a state, in their order."""
    return [move for move, (before, _) in MOVES.items() if state in before]


def check_vote(vote: OwnersVote | None, *, topic: str) -> None:
    """Refuse to decide a matter of the owners without the record of their procedure, or against it.

    Raises
    ------
    RuleViolationError
        ``owners_procedure_missing``; ``owners_vote_failed`` when too few took part or agreed, by heads or by floor.
    InputError
        ``owners_vote_invalid`` when the numbers cannot be.
    """
    if vote is None:
        raise RuleViolationError("owners_procedure_missing", field="owners_vote", topic=topic)
    if not (
        0 <= vote.agreed <= vote.voting <= vote.owners
        and vote.owners > 0
        and 0 <= vote.area_share_agreed <= vote.area_share_voting <= 1
        and vote.document_no.strip()
    ):
        raise InputError("owners_vote_invalid", field="owners_vote", topic=topic)
    shares = ((vote.voting / vote.owners, vote.agreed / vote.owners), (vote.area_share_voting, vote.area_share_agreed))
    if any(voting < PARTICIPATION - _EXACT or agreed <= voting * MAJORITY + _EXACT for voting, agreed in shares):
        raise RuleViolationError(
            "owners_vote_failed",
            field="owners_vote", topic=topic,
            owners=vote.owners, voting=vote.voting, agreed=vote.agreed,
            area_voting=f"{vote.area_share_voting:.1%}", area_agreed=f"{vote.area_share_agreed:.1%}",
        )  # fmt: skip


def check_project_step(state: ProjectState, wanted: ProjectState, code: str) -> None:
    """Refuse a state that does not follow.

    Raises
    ------
    ConflictError
        ``self_project_step_refused``.
    """
    if wanted not in PROJECT_STEPS[state]:
        legal = ", ".join(sorted(PROJECT_STEPS[state])) or "-"
        raise ConflictError(
            "self_project_step_refused", field="state", value=wanted, project=code, state=state, legal=legal
        )


def topic_code(year: int, serial: int) -> str:
    """Return the code of a topic.

    >>> topic_code(2026, 7)
    'YT2026-0007'
    """
    return f"YT{year}-{serial:04d}"


def told_count(count: int, threshold: float | None) -> int | None:
    """Return a count of people as it may be told: None where it is small; a threshold of None tells all.

    >>> told_count(3, 10), told_count(0, 10), told_count(3, None)
    (None, 0, 3)
    """
    return None if threshold is not None and 0 < count < threshold else count


@dataclass(frozen=True)
class AreaEffect:
    """What a gate changes for the affected residents of 60 and over of an area (code None: all, or of none).

    Means are of those who have a way before and after; ``saved_s`` is the mean walk saved, negative where it is longer.
    Withheld numbers of the public form are None.
    """

    code: str | None
    residents: float | None
    before_s: float | None
    after_s: float | None
    covered_before: float | None
    covered_after: float | None

    @property
    def saved_s(self) -> float | None:
        """The mean walk saved; None where there is none to compare."""
        return None if self.before_s is None or self.after_s is None else self.before_s - self.after_s


@dataclass(frozen=True)
class GateEffects:
    """What a decided gate changes at a time of the week; ``areas`` are those of ``level`` with affected residents."""

    on: date
    at: str
    profile: str
    limit_s: float
    level: str | None
    total: AreaEffect
    areas: tuple[AreaEffect, ...]
