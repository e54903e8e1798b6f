"""What holds for boundary editions without a database: how far one is, what an edit changed, who may approve it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from gridmgmt.access.rules import Actor
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.codes import is_code
from gridmgmt.editions.rules import EditionState
from gridmgmt.errors import CodeFormatError, ForbiddenError, InputError, TopologyError


class EditionStatus(StrEnum):
    """How far a boundary edition is on a day, as people are told."""

    DRAFT = "draft"
    CHECKED = "checked"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class Edit(StrEnum):
    """The verbs by which a draft is edited."""

    SPLIT = "split"
    MERGE = "merge"
    MOVE_BORDER = "move_border"
    MOVE_TO_PARENT = "move_to_parent"
    PROMOTE = "promote"
    RENAME = "rename"
    RECODE = "recode"
    RETIRE = "retire"


class ChangeKind(StrEnum):
    """What a boundary edition changes about an area."""

    ADDED = "added"
    ENDED = "ended"
    BORDER = "border"
    NAME = "name"
    PARENT = "parent"
    CODE = "code"


class Direction(StrEnum):
    """Which way lineage is walked: to what came of a code, or to where it came from."""

    FORWARD = "forward"
    BACKWARD = "backward"


@dataclass(frozen=True)
class Named:
    """The code and the name that an area is to have.

    Raises
    ------
    CodeFormatError
        When the code cannot be one.
    InputError
        When the name is empty.
    """

    code: str
    name: str

    def __post_init__(self) -> None:
        if not is_code(self.code):
            raise CodeFormatError("area_code_malformed", field="code", value=self.code)
        if not self.name.strip():
            raise InputError("area_name_missing", field="name", code=self.code)


def status_of(state: str, valid_from: date | None, on: date, *, brought: int, left: int) -> EditionStatus:
    """Return how far an edition is on a day.

    Parameters
    ----------
    brought, left
        How many areas it brought in, and how many of them are in force on that day. An edition in force all of whose
        areas were ended by later ones is superseded.

    >>> status_of("in_force", date(2030, 1, 1), date(2026, 1, 1), brought=3, left=0).value
    'scheduled'
    >>> status_of("in_force", date(2015, 1, 1), date(2026, 1, 1), brought=3, left=0).value
    'superseded'
    """
    if state != EditionState.IN_FORCE or valid_from is None:
        return EditionStatus(state)
    if valid_from > on:
        return EditionStatus.SCHEDULED
    return EditionStatus.SUPERSEDED if brought and not left else EditionStatus.IN_FORCE


def recoded(code: str, old: str, new: str) -> str | None:
    """Return a code with a new prefix in place of the old one that it embeds, None where it does not embed it.

    >>> recoded("310113109017", "310113109", "310113009"), recoded("310113102001", "310113109", "310113009")
    ('310113009017', None)
    """
    return new + code[len(old) :] if code.startswith(old) else None


def check_moves_up(level: str, parent_level: str, rank: Mapping[AreaLevel, int]) -> None:
    """Refuse a parent that is not of a higher level.

    Raises
    ------
    InputError
        When it is of the same depth or a deeper one.
    """
    if rank[AreaLevel(parent_level)] >= rank[AreaLevel(level)]:
        raise InputError("parent_not_above", field="parent", level=level, parent_level=parent_level)


def check_approval(
    name: str, *, errors: Mapping[str, int], warnings: Mapping[str, int], document: str, reason: str | None
) -> None:
    """Refuse to approve what has errors, or warnings without a reason, or is backed by no document.

    Parameters
    ----------
    errors, warnings
        How many findings there are of each type.

    Raises
    ------
    InputError
        Without a document.
    TopologyError
        With the findings counted by type.
    """
    if not document.strip():
        raise InputError("approval_without_document", field="document", name=name)
    if errors:
        raise TopologyError("edition_has_errors", name=name, count=sum(errors.values()), types=_counted(errors))
    if warnings and not (reason or "").strip():
        raise TopologyError(
            "warnings_without_reason", name=name, count=sum(warnings.values()), types=_counted(warnings)
        )


def check_four_eyes(actor: Actor, name: str, drafters: Collection[str]) -> None:
    """Refuse an approval by somebody who drafted; administrators alone may approve what they drafted.

    Raises
    ------
    ForbiddenError
        When the actor is one of the drafters.
    """
    if not all(actor.may_approve_draft_of(drafter) for drafter in drafters):
        raise ForbiddenError("approver_drafted", name=name, actor=actor.name)


def _counted(types: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(types.items()))
