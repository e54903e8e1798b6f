"""Who a case of a type at a place would go to, why, and until when it would have to be done."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.calendars.rules import WorkCalendar
from gridmgmt.casework.surroundings import Border, Post, Surroundings
from gridmgmt.catalogue.matters import Words
from gridmgmt.catalogue.rules import BodyKind, CaseType, Catalogue, Department, Holding, HoldingReason
from gridmgmt.texts import Language, text

INSPECTION = "inspection"
"""The kind of responsibility grids whose post is told first, where there is one."""


class RoutingReason(StrEnum):
    """Why a suggestion is what it is."""

    RESPONSIBLE = "responsible"
    LISTED = "listed"
    PASSED_OVER = "passed_over"
    """The catalogue names it, the list of matters in force does not."""
    TERRITORIAL = "territorial"
    """Nobody holds the matter: the body of the town."""
    NOBODY = "nobody"
    POST = "post"
    NEAR_BORDER = "near_border"
    NO_AREA = "no_area"


@dataclass(frozen=True)
class Why:
    """One reason, with the names and numbers that its words take."""

    reason: RoutingReason
    fields: Mapping[str, Words | str | float] = field(default_factory=dict)

    def said(self, lang: Language) -> str:
        """Return it in words."""
        fields = {name: value.said(lang) if isinstance(value, Words) else value for name, value in self.fields.items()}
        return text(f"routing.{self.reason}", lang, **fields)


@dataclass(frozen=True)
class DueIf:
    """When handling would have to end if the case were registered now under a filing condition."""

    condition_no: int
    text: Words
    due_at: datetime
    provisional: bool


@dataclass(frozen=True)
class Suggestion:
    """Where a case would go. ``asks`` when somebody should look which side of a border it lies on."""

    department: Department | None
    post: Post | None
    why: Sequence[Why]
    across: Sequence[Border]
    due: Sequence[DueIf]

    @property
    def asks(self) -> bool:
        """Whether the place is too near to a border to be sure of its areas."""
        return bool(self.across)


def suggest(
    catalogue: Catalogue, type_: CaseType, seen: Surroundings, at: datetime, calendar: WorkCalendar
) -> Suggestion:
    """Return where a case of a type at a place would go that is reported at a moment.

    First the department that the catalogue and the list of matters in force on the day give, else the body of the town
    (territorial fallback); the officer post is that of the cell's responsibility grid.
    """
    holding = catalogue.holder(type_.code, seen.codes, at)
    department = catalogue.department(holding.department_code) if holding else town_body(catalogue, seen.codes)
    post = answering(seen)
    return Suggestion(
        department,
        post,
        tuple(_reasons(catalogue, seen, holding, department, post)),
        seen.across,
        tuple(_due(type_, at, calendar)),
    )


def answering(seen: Surroundings) -> Post | None:
    """Return the officer post that answers for a cell: that of the inspection grid, where there is one."""
    return min(seen.posts, key=lambda post: (post.kind != INSPECTION, post.kind), default=None)


def town_body(catalogue: Catalogue, areas: Mapping[AreaLevel, str]) -> Department | None:
    """Return the body of the town itself that answers for what nobody else does, None where there is none."""
    town = areas.get(AreaLevel.TOWN)
    own = (
        each
        for each in catalogue.departments.values()
        if town is not None and each.area_code == town and catalogue.bodies[each.body].kind is BodyKind.TOWN_BODY
    )
    return min(own, key=lambda each: each.code, default=None)


def _reasons(
    catalogue: Catalogue, seen: Surroundings, holding: Holding | None, department: Department | None, post: Post | None
) -> Iterator[Why]:
    if not seen.areas:
        yield Why(RoutingReason.NO_AREA)
    if holding is not None:
        for code in holding.passed_over:
            yield Why(RoutingReason.PASSED_OVER, {"department": catalogue.department(code).name})
    yield _of_department(holding, department)
    if post is not None:
        yield Why(RoutingReason.POST, {"post": post.name, "grid": post.grid})
    for border in seen.across:
        own = seen.areas.get(border.level, ("—", "—"))[1]
        distance_m = round(border.distance_m, 1)
        yield Why(RoutingReason.NEAR_BORDER, {"own": own, "other": border.name, "distance_m": distance_m})


def _of_department(holding: Holding | None, department: Department | None) -> Why:
    if department is None:
        return Why(RoutingReason.NOBODY)
    if holding is None:
        return Why(RoutingReason.TERRITORIAL, {"department": department.name})
    if holding.why is HoldingReason.LISTED:
        return Why(RoutingReason.LISTED, {"department": department.name, "matter": holding.matter_code or "—"})
    return Why(RoutingReason.RESPONSIBLE, {"department": department.name})


def _due(type_: CaseType, at: datetime, calendar: WorkCalendar) -> Iterator[DueIf]:
    for condition in type_.conditions:
        deadline = calendar.deadline(at, condition.limit)
        yield DueIf(condition.no, condition.text, deadline.at, deadline.provisional)
