"""The one door to profiles: everything that is known of one area on a day, alone or beside another day."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from gridmgmt.area_profiles import people, serving, working
from gridmgmt.area_profiles.ground import Ground, Reader
from gridmgmt.area_profiles.queries import RunFacts
from gridmgmt.area_profiles.rules import Change, ChildRow, LeftOut, Said, Section, SectionName, changes
from gridmgmt.areas.queries import AreaSummary, area_summary, last_of_code
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.boundaries.queries import Passage, lineage
from gridmgmt.boundaries.rules import Direction
from gridmgmt.cases.measures import Dimension, Measure
from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError
from gridmgmt.indicators.queries import Tallies
from gridmgmt.indicators.rules import Period, Question

_DIMENSIONS = {
    AreaLevel.TOWN: Dimension.TOWN,
    AreaLevel.BASIC_MANAGEMENT_UNIT: Dimension.MIDDLE,
    AreaLevel.SECTOR: Dimension.MIDDLE,
    AreaLevel.RESIDENTIAL_QUARTER: Dimension.QUARTER,
}
MOST_NAMED = 5
"""So many successors are named by a refusal."""


@dataclass(frozen=True)
class Profile:
    """One area on a day: from the district down to itself, what lies directly below, and its sections."""

    area: AreaSummary
    on: date
    above: Sequence[AreaSummary]
    children: Sequence[ChildRow]
    sections: Sequence[Section]
    left_out: Sequence[LeftOut]


@dataclass(frozen=True)
class Comparison:
    """A profile beside another day of the same code; ``then`` is None where the code was not in force that day.

    ``origins`` are the passages of land by which the code came to be, where it was not there yet, and ``ends`` those
    by which it ended, where it was not there any more.
    """

    on: date
    then: AreaSummary | None
    changes: dict[tuple[SectionName, str], Change]
    origins: Sequence[Passage] = ()
    ends: Sequence[Passage] = ()


def read(session: Session, code: str, on: date, reader: Reader, *, period: Period | None = None) -> Profile:
    """Return what is known of an area on a day.

    Parameters
    ----------
    period
        Whose cases are counted; the last month that is over on the day without it.

    Raises
    ------
    NotFoundError
        ``area_retired`` with its successors where the code is not in force any more, ``area_unknown`` where it never
        was until that day.
    """
    ground = Ground(session, _area(session, code, on), on, reader)
    run = serving.run_on(ground)
    asked_cases = working.case_question(ground, period)
    counted = working.case_tallies(ground, _questions(ground, asked_cases))
    own = None if counted is None else counted[0].total  # those that lie in nothing below are in it
    sections = [*_standing(ground, run), working.cases(ground, asked_cases, own), *_working(ground)]
    wanted: list[SectionName] = ["premises_register"]
    refused = [] if working.may_read_premises(ground) else wanted
    left_out = [LeftOut(name, Said("area_profile.left_out.permission")) for name in refused]
    if not refused:
        sections.insert(_place_of(sections, "premises"), working.premises_register(ground))
    children = _children(ground, run, counted)
    return Profile(ground.area, on, _above(ground), children, sections, left_out)


def compare(session: Session, now: Profile, on: date, reader: Reader, *, period: Period | None = None) -> Comparison:
    """Return every figure of a profile beside that of another day, on the boundaries of that day."""
    try:
        then = read(session, now.area.code, on, reader, period=period)
    except NotFoundError:
        level, code = now.area.level, now.area.code
        back = lineage(session, level, code, Direction.BACKWARD) if on < now.on else []
        forward = lineage(session, level, code, Direction.FORWARD) if on > now.on else []
        origins = [each for each in back if (each.to_level, each.to_code) == (level, code)]
        ends = [each for each in forward if (each.from_level, each.from_code) == (level, code)]
        return Comparison(on, None, changes(now.sections, ()), origins, ends)
    if then.area.level != now.area.level:  # levels may share codes
        return Comparison(on, None, changes(now.sections, ()))
    return Comparison(on, then.area, changes(now.sections, then.sections))


def _area(session: Session, code: str, on: date) -> AreaSummary:
    try:
        return area_summary(session, code, on)
    except NotFoundError:
        last = last_of_code(session, code, on)
        if last is None or last.valid_to is None:
            raise
        passages = lineage(session, last.level, code, Direction.FORWARD)
        heirs = dict.fromkeys(
            f"{each.to_name} {each.to_code}"
            for each in passages
            if (each.from_code, each.valid_from <= on) == (code, True)
        )
        fields = {
            "code": code,
            "on": on,
            "ended_on": last.valid_to,
            "successors": "、".join([*heirs][:MOST_NAMED]) or "—",
        }
        raise NotFoundError("area_retired", **fields) from None


def _standing(ground: Ground, run: RunFacts | None) -> list[Section]:
    found = [
        people.land(ground),
        people.population(ground),
        people.government(ground),
        people.bodies(ground),
        people.area_facts(ground),
        serving.centres(ground),
        serving.points(ground),
        serving.coverage(ground, run),
    ]
    return [each for each in found if each is not None]


def _working(ground: Ground) -> list[Section]:
    found = [
        working.premises(ground),
        working.topics(ground),
        working.targets(ground),
        working.budgets(ground),
        working.assessment(ground),
        working.gates(ground),
    ]
    return [each for each in found if each is not None]


def _place_of(sections: Sequence[Section], name: SectionName) -> int:
    """Return the place behind a section, or behind the cases where it is left out."""
    names = [section.name for section in sections]
    return names.index(name if name in names else "cases") + 1


def _above(ground: Ground) -> list[AreaSummary]:
    """Return the areas that hold this one, the district first."""
    codes = [code for _, code in reversed(ground.above)][:-1]
    return [area_summary(ground.session, code, ground.on) for code in codes]


def _questions(ground: Ground, asked: Question) -> list[Question]:
    """Return the question for the cases of each area directly below, one for each dimension that they are of.

    Without any such area it is the question for the area alone.
    """
    by = dict.fromkeys(_DIMENSIONS[AreaLevel(child.level)] for child in ground.children)
    return [replace(asked, by=each) for each in by] or [asked]


def _children(ground: Ground, run: RunFacts | None, counted: Sequence[Tallies] | None) -> list[ChildRow]:
    places = [(str(child.level), child.code) for child in ground.children]
    covered = serving.covered(ground, run, places)
    reported: dict[str | None, int] = defaultdict(int)
    for tallies in counted or ():
        reported.update({code: tally.counts.get(Measure.REPORTED, 0) for code, tally in tallies.items()})
    rows = []
    for child in ground.children:
        drawn_alike = run is not None and child.valid_from <= run.asked_on
        found = covered.get((str(child.level), child.code)) if drawn_alike else None
        share = found.covered / found.residents if found and found.residents and found.covered is not None else None
        cases = None if counted is None else reported[child.code]
        rows.append(ChildRow(child.code, child.name, AreaLevel(child.level), child.area_m2, cases, share))
    return rows
