"""Whose job something is: at a place and on a day, who answers for what somebody tells in their own words, and why.

Types of cases go where a report of them would go; items of the two lists to the department of their body that serves
the place. With each comes what it was in the lists before, and the nearest desk that takes it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.calendars import service as calendars
from gridmgmt.calendars.rules import WorkCalendar
from gridmgmt.casework.routing import RoutingReason, Why, answering, suggest, town_body
from gridmgmt.casework.surroundings import Border, Near, Post, Surroundings, surroundings
from gridmgmt.catalogue.matters import Forerunner, ListKind, Matter, MattersList, Words, forerunners
from gridmgmt.catalogue.rules import CaseType, Catalogue, Department
from gridmgmt.catalogue.service import catalogue_on
from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.db import Session
from gridmgmt.desks.nearest import NearDesk, NearestDesks, Walker, nearest_desks
from gridmgmt.desks.offers import lists_on
from gridmgmt.desks.rules import likeness, takes
from gridmgmt.errors import InputError, NotFoundError
from gridmgmt.governance.rules import CentreType

MOST_JOBS = 12
"""So many answers are given, those that are most like the words first."""
MOST_WORDS = 100
_OFFICE_HOURS = time(10)


class JobKind(StrEnum):
    """What an answer is about: a type of cases, or an item of one of the two lists."""

    CASE_TYPE = "case_type"
    MATTERS = "matters"
    POWERS = "powers"


@dataclass(frozen=True)
class Job:
    """What is somebody's job at the place; ``likeness`` to the words is 0-1, ``department`` None for nobody's."""

    kind: JobKind
    code: str
    name: Words
    likeness: float
    department: Department | None
    why: tuple[Why, ...]
    forerunners: tuple[Forerunner, ...]
    desk: NearDesk | None


@dataclass(frozen=True)
class WhoseJob:
    """Who answers at a place on a day.

    Parameters
    ----------
    areas
        Code and name of the area of each level, from the district down to the cell.
    across
        Areas that begin within twenty metres: somebody should look on which side the place lies.
    territorial
        The body of the town, which answers for what is nobody else's.
    counter
        The nearest desk for community affairs, which takes what has no desk of its own.
    walks
        What the walks stand on; None where the place is on no network.
    """

    on: date
    areas: Mapping[AreaLevel, tuple[str, str]]
    across: Sequence[Border]
    post: Post | None
    jobs: tuple[Job, ...]
    territorial: Department | None
    counter: NearDesk | None
    walks: NearestDesks | None


def whose_job(session: Session, walker: Walker, words: str) -> WhoseJob:
    """Return whose job it is what some words tell, where and when a walker stands.

    Raises
    ------
    InputError
        When the position cannot be one, or there are no words, or more than :data:`MOST_WORDS` characters.
    NotFoundError
        ``catalogue_missing`` where none holds on the day.
    """
    asked = words.strip()
    if not 0 < len(asked) <= MOST_WORDS:
        raise InputError("job_words_malformed", field="q", value=len(asked), maximum=MOST_WORDS)
    at = datetime.combine(walker.on, _OFFICE_HOURS, LOCAL_ZONE)
    seen = surroundings(session, (walker.lon, walker.lat), at, Near((), 0.0, at), now=at)
    catalogue, walks = catalogue_on(session, walker.on), _walks(session, walker)
    judge = _Judge(catalogue, lists_on(session, walker.on), seen, at, calendars.load(session, seen.calendar), walks)
    return WhoseJob(
        on=walker.on,
        areas=seen.areas,
        across=seen.across,
        post=answering(seen),
        jobs=tuple(judge.jobs(asked)),
        territorial=town_body(catalogue, seen.codes),
        counter=judge.counter(),
        walks=walks,
    )


def _walks(session: Session, walker: Walker) -> NearestDesks | None:
    """Return the desks by their walk; None where nobody can walk from the place: the answer stands without."""
    try:
        return nearest_desks(session, walker)
    except (InputError, NotFoundError) as error:
        if error.code in ("spot_off_network", "no_network_in_force", "no_population_in_force"):
            return None
        raise


@dataclass(frozen=True)
class _Judge:
    """What answers are made from: the catalogue and both lists of a day, and what lies at the place."""

    catalogue: Catalogue
    lists: Mapping[ListKind, tuple[MattersList, ...]]
    seen: Surroundings
    at: datetime
    calendar: WorkCalendar
    walks: NearestDesks | None

    def jobs(self, words: str) -> list[Job]:
        """Return the answers that are most like some words; of equal ones, types of cases first, then by code."""
        order = list(JobKind)
        found = [(score, JobKind.CASE_TYPE, each) for score, each in self._types(words)]
        ranked: list[tuple[float, JobKind, CaseType | Matter]] = [*found, *self._matters(words)]
        ranked.sort(key=lambda each: (-each[0], order.index(each[1]), each[2].code))
        return [self._job(*each) for each in ranked[:MOST_JOBS]]

    def counter(self) -> NearDesk | None:
        """Return the nearest desk for community affairs."""
        desks = self.walks.desks if self.walks else ()
        return next((each for each in desks if each.desk.type == CentreType.COMMUNITY_AFFAIRS), None)

    def _types(self, words: str) -> Iterator[tuple[float, CaseType]]:
        for each in self.catalogue.types.values():
            if score := _score(words, each.code, each.name):
                yield score, each

    def _matters(self, words: str) -> Iterator[tuple[float, JobKind, Matter]]:
        for kind, begun in self.lists.items():
            for each in begun[-1].matters if begun else ():
                if score := _score(words, each.code, each.name):
                    yield score, JobKind(kind), each

    def _job(self, score: float, kind: JobKind, about: CaseType | Matter) -> Job:
        if isinstance(about, CaseType):
            suggestion = suggest(self.catalogue, about, self.seen, self.at, self.calendar)
            matters = self.catalogue.matters_of(about.code, self.at) or ()
            before = [each for matter in matters for each in forerunners(self.lists[ListKind.MATTERS], matter.code)]
            asked = [about.name.zh, *(matter.code for matter in matters)]
            reasons = tuple(each for each in suggestion.why if each.reason not in _ELSEWHERE)
            return Job(
                kind, about.code, about.name, score, suggestion.department, reasons, tuple(before), self._desk(asked)
            )
        department = self.catalogue.serving(about.body, self.seen.codes)
        begun = self.lists[ListKind(kind)]
        return Job(
            kind, about.code, about.name, score, department, (_why(department, about),),
            forerunners(begun, about.code), self._desk([about.code, about.name.zh]),
        )  # fmt: skip

    def _desk(self, asked: Sequence[str]) -> NearDesk | None:
        """Return the nearest desk that takes one of some codes or names."""
        desks = self.walks.desks if self.walks else ()
        return next((near for near in desks if any(takes(near.desk.matters, {}, each) for each in asked)), None)


_ELSEWHERE = (RoutingReason.POST, RoutingReason.NEAR_BORDER)
"""Reasons that are told once for the place, not with each answer."""


def _score(words: str, code: str, name: Words) -> float:
    return 1.0 if words.casefold() == code.casefold() else likeness(words, name.zh, name.en)


def _why(department: Department | None, matter: Matter) -> Why:
    if department is None:
        return Why(RoutingReason.NOBODY)
    return Why(RoutingReason.LISTED, {"department": department.name, "matter": matter.code})
