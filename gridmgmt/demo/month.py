"""A made-up month of cases in the demo district, each of them a life that the real machine has allowed.

The month ends when it is made, so that some cases are due soon and some overdue whenever one looks.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.random import PCG64, Generator
from sqlalchemy import func, select, text

from gridmgmt.access.rules import Actor, Permission, system_actor
from gridmgmt.access.service import record, require
from gridmgmt.calendars import service as calendars
from gridmgmt.cases.models import Case
from gridmgmt.cases.rules import CaseState
from gridmgmt.casework.facts import COLUMNS, PROGRESS, TASK_FIELDS, CaseFacts, as_json
from gridmgmt.casework.machine import LogEntry
from gridmgmt.casework.numbering import STANDARD, number_rule
from gridmgmt.casework.registers import areas_held, posts_held
from gridmgmt.catalogue.rules import Catalogue
from gridmgmt.catalogue.service import catalogue_on
from gridmgmt.clock import local_date, system_clock
from gridmgmt.db import Session, transaction
from gridmgmt.demo.exchange import establish_exchange
from gridmgmt.demo.stories import SOURCES, Earlier, Story, begun, reported_at
from gridmgmt.demo.towns import DISTRICT_CODE
from gridmgmt.frames import copy_columns
from gridmgmt.jobs import service as jobs
from gridmgmt.jobs.worker import JobContext
from gridmgmt.network.models import NetworkEdge
from gridmgmt.texts import text as words

JOB_KIND = "demo_cases"
CASES, DAYS = 20_000, 28
ROADSIDE_DEG = 4e-5
"""How far from the middle of a street a case lies, standard deviation in degrees: some four metres."""

_LONG_AGO = "3"
"""The transaction to which these entries of the log belong: one that was over before any reader of the feed came."""

_HELD = ("district_code", "town_code", "middle_code", "quarter_code", "cell_code", "post_code")
_INVESTMENT = "21"
_REPEATED_WITHIN = timedelta(days=3)


@dataclass(frozen=True)
class _Placed:
    """Where cases lie ``(n, 2)``, along which streets, what areas hold them and which posts answer for these."""

    lonlat: np.ndarray
    streets: Sequence[str | None]
    held: Mapping[str, pa.Array]


def establish_cases(session: Session, actor: Actor, *, now: datetime, cases: int = CASES, seed: int = 2015) -> int:
    """Fill a folder that has no cases with a month of them and return how many; none where there are some.

    Raises
    ------
    NotFoundError
        ``catalogue_missing``.
    """
    require(actor, Permission.CASES_REPORT)
    if session.scalar(select(Case.case_id).limit(1)) is not None:
        return 0
    rng = Generator(PCG64(seed))
    times = list(reported_at(rng, now.replace(microsecond=0), DAYS, cases))
    placed = _places(session, rng, times)
    stories = list(_stories(session, rng, times, placed, now))
    _write(session, stories, placed)
    record(session, actor, "import", "cases:demo", after={"cases": len(stories)})
    return len(stories)


def ask_cases(session: Session, actor: Actor, *, after: int) -> None:
    """Have a worker make the month once the job ``after`` is done: then each case lies in a cell and a grid."""
    jobs.enqueue(session, JOB_KIND, {"actor": actor.name}, after=after)


def perform(context: JobContext) -> Mapping[str, Any]:  # Any: what a job's result holds
    """Perform that job."""
    context.progress("job_stage.writing", 0.1)
    with transaction(context.sessions) as session:
        jobs.hold(session, context.claim)
        actor, now = system_actor(context.claim.arguments["actor"]), system_clock()
        found = establish_cases(session, actor, now=now)
        result = {"cases": found, "orders": establish_exchange(session, actor, now=now) if found else 0}
        jobs.finish(session, context.claim, result)
    return result


def _places(session: Session, rng: Generator, times: Sequence[datetime]) -> _Placed:
    """Choose a place beside a street for each case; some stretches see many of them."""
    middle = func.ST_LineInterpolatePoint(NetworkEdge.geom, 0.5)
    name = NetworkEdge.tags["name"].astext
    edges = session.execute(
        select(func.ST_X(middle), func.ST_Y(middle), name).order_by(NetworkEdge.edition_id, NetworkEdge.edge_id)
    ).all()
    weight = rng.pareto(1.5, len(edges)) + 0.2
    chosen = rng.choice(len(edges), len(times), p=weight / weight.sum())
    lonlat = np.array([edges[i][:2] for i in chosen]) + rng.normal(0.0, ROADSIDE_DEG, (len(times), 2))
    lonlat = lonlat.round(7)
    days = [local_date(at) for at in times]
    held = areas_held(session, lonlat, days)
    held["post_code"] = posts_held(session, held["cell_code"], days)
    return _Placed(lonlat, [edges[i][2] for i in chosen], held)


def _stories(
    session: Session, rng: Generator, times: Sequence[datetime], placed: _Placed, now: datetime
) -> Iterator[tuple[int, str, Story]]:
    """Yield each case with its id and its number."""
    catalogue, calendar = catalogue_on(session, now), calendars.load(session)
    types = _types(catalogue, rng, len(times))
    sources = rng.choice([str(source) for source in SOURCES], len(times), p=list(SOURCES.values()))
    ids, serials = _drawn(session, "cases_case_id_seq", len(times)), _drawn(session, "case_serial", len(times))
    rule = number_rule(STANDARD)
    codes = {name: column.to_pylist() for name, column in placed.held.items()}
    last: dict[tuple[str, str | None], Earlier] = {}
    for i, at in enumerate(times):
        facts = CaseFacts(
            CaseState.REPORTED, str(catalogue.types[types[i]].kind), types[i], str(sources[i]), at,
            **{name: codes[name][i] for name in _HELD},
        )  # fmt: skip
        number = rule.number(DISTRICT_CODE, local_date(at), serials[i])
        earlier = last.get(key := (types[i], facts.town_code))
        near = earlier if earlier and at - earlier.reported_at < _REPEATED_WITHIN else None
        story = begun(facts, calendar, catalogue, now, rng).told(near)
        if story.facts.duplicate_of is None:
            last[key] = Earlier(ids[i], number, types[i], facts.town_code, at)
        yield ids[i], number, story


def _types(catalogue: Catalogue, rng: Generator, count: int) -> list[str]:
    """Choose a type for each case: a few are common, most are rare."""
    codes = sorted(code for code in catalogue.types if not code.startswith(_INVESTMENT))
    weight = 1.0 / (1.0 + rng.permutation(len(codes)))
    return [str(code) for code in rng.choice(codes, count, p=weight / weight.sum())]


def _drawn(session: Session, sequence: str, count: int) -> list[int]:
    """Draw the next numbers of a sequence."""
    drawn = text("SELECT nextval(CAST(:sequence AS regclass)) FROM generate_series(1, :count)")
    return list(session.scalars(drawn, {"sequence": sequence, "count": count}))


def _write(session: Session, stories: Sequence[tuple[int, str, Story]], placed: _Placed) -> None:
    """Write cases, their tasks and their logs by COPY."""
    facts = [story.facts for _, _, story in stories]
    ids = [case_id for case_id, _, _ in stories]
    columns: dict[str, object] = {name: _column([getattr(each, name) for each in facts]) for name in COLUMNS}
    held = [as_json(each) for each in facts]
    columns |= {
        "case_id": ids,
        "case_no": [number for _, number, _ in stories],
        "requests": [json.dumps(each["requests"], ensure_ascii=False) for each in held],
        "progress": [json.dumps(_progress(each), ensure_ascii=False) for each in held],
        "updated_at": _column([story.entries[-1].at for _, _, story in stories]),
        "description": [_description(story) for _, _, story in stories],
        "address": [street and words("demo.case_address", street=street) for street in placed.streets],
        "geom": shapely.points(placed.lonlat),
    }
    copy_columns(session, "cases", columns)
    tasks = [
        {"case_id": case_id, **vars(task)} for case_id, each in zip(ids, facts, strict=True) for task in each.tasks
    ]
    if tasks:
        copy_columns(
            session, "case_tasks", {name: _column([t[name] for t in tasks]) for name in ("case_id", *TASK_FIELDS)}
        )
    entries = sorted(
        ((case_id, entry) for case_id, _, story in stories for entry in story.entries), key=lambda pair: pair[1].at
    )
    copy_columns(session, "case_moves", _log(entries))


def _log(entries: Sequence[tuple[int, LogEntry]]) -> dict[str, object]:
    told = ("version", "move", "state", "at", "actor", "post", "department_code", "reason")
    return {
        "transaction_id": _LONG_AGO,
        "case_id": [case_id for case_id, _ in entries],
        **{name: _column([getattr(entry, name) for _, entry in entries]) for name in told},
        "facts": [json.dumps(entry.facts, ensure_ascii=False) for _, entry in entries],
    }


def _progress(held: Mapping[str, Any]) -> dict[str, Any]:
    return {name: held[name] for name in PROGRESS if held[name]}


def _description(story: Story) -> str:
    """Return what the case is about, in the words of its type and condition."""
    type_ = story.catalogue.types[story.facts.type]
    number = story.facts.condition_no
    about = type_.condition(number).text if number is not None else type_.conditions[0].text
    return words("demo.case_description", type=type_.name.said("zh"), about=about.said("zh"))


def _column(values: Sequence[Any]) -> pa.Array:
    """Return a column of one type, in which moments have the database's microseconds."""
    if any(isinstance(value, datetime) for value in values):
        return pa.array(values, pa.timestamp("us", "UTC"))
    return pa.array([str(value) if isinstance(value, str) else value for value in values])
