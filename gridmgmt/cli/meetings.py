"""``gridmgmt meetings`` and ``gridmgmt topics``."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

import click
from sqlalchemy import inspect

from gridmgmt.cli.context import database, print_json, print_table, say, settings_of
from gridmgmt.cli.options import JSON, ON, day_or_today
from gridmgmt.db import Base
from gridmgmt.meetings import queries, topic_queries
from gridmgmt.meetings.queries import MeetingRecord
from gridmgmt.meetings.rules import MeetingKind, TopicOrigin, TopicState
from gridmgmt.meetings.topic_queries import TopicFilter, TopicRecord
from gridmgmt.texts import Language, text

_AREA = click.option("--area", metavar="CODE", help="Only those of this area and of all below it.")
_MEETINGS = ("code", "kind", "name", "area", "convenor", "seats", "topics")
_TOPICS = ("code", "title", "area", "origin", "state", "proposed")


@click.group()
def meetings() -> None:
    """Joint meetings: members by role, sittings and quorum."""


@click.group()
def topics() -> None:
    """Topics before joint meetings, from proposal to result."""


@meetings.command("list")
@_AREA
@click.option("--kind", type=click.Choice([str(kind) for kind in MeetingKind]), help="Only of this kind.")
@ON
@JSON
@click.pass_context
def list_meetings(ctx: click.Context, area: str | None, kind: str | None, on: date | None, *, as_json: bool) -> None:
    """List the meetings of a day by code."""
    day = day_or_today(on)
    with database(ctx) as session:
        found = queries.meetings_on(session, day, area=area, kind=MeetingKind(kind) if kind else None, limit=10_000)
    lang = settings_of(ctx).lang
    if as_json:
        print_json([_meeting_json(each) for each in found])
    elif not found:
        say(ctx, "meetings.none", on=day)
    else:
        print_table(_header(lang, _MEETINGS), [_meeting_cells(each, lang) for each in found], left=5)


@meetings.command("show")
@click.argument("code")
@ON
@JSON
@click.pass_context
def show_meeting(ctx: click.Context, code: str, *, on: date | None, as_json: bool) -> None:
    """Show a meeting with its members and sittings."""
    with database(ctx) as session:
        found = queries.meeting_record(session, queries.meeting_of_code(session, code), day_or_today(on))
    if as_json:
        print_json(_meeting_json(found))
        return
    lang = settings_of(ctx).lang
    print_table(_header(lang, _MEETINGS), [_meeting_cells(found, lang)], left=5)
    members = [
        [text(f"meeting_role.{each.role}", lang), each.name, str(each.seats), _yes(each.role in found.needed, lang)]
        for each in found.members
    ]
    print_table(_header(lang, ("role", "name", "seats", "needed")), members, left=2)
    sittings = [
        [str(each.sitting_no), str(each.held_on), _heads(each.attendance, lang), _yes(each.quorate, lang)]
        for each in found.sittings
    ]
    print_table(_header(lang, ("sitting", "day", "attendance", "quorate")), sittings, left=4)


@topics.command("list")
@_AREA
@click.option("--state", type=click.Choice([str(state) for state in TopicState]), help="Only in this state.")
@click.option("--origin", type=click.Choice([str(origin) for origin in TopicOrigin]), help="Only from there.")
@click.option("--meeting", metavar="CODE", help="Only those before this meeting.")
@click.option("--search", "words", help="Part of the title, or the code.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=1000, show_default=True, help="At most so many.")
@ON
@JSON
@click.pass_context
def list_topics(
    ctx: click.Context, /, area: str | None, limit: int, on: date | None, *, as_json: bool, **asked: str | None
) -> None:
    """List topics, the newest first."""
    state, origin = asked["state"], asked["origin"]
    wanted = TopicFilter(
        area=area,
        state=TopicState(state) if state else None,
        origin=TopicOrigin(origin) if origin else None,
        meeting=asked["meeting"],
        q=asked["words"],
    )
    with database(ctx) as session:
        found = topic_queries.topic_summaries(session, day_or_today(on), wanted, limit=limit)
    lang = settings_of(ctx).lang
    if as_json:
        print_json([asdict(each) for each in found])
    elif not found:
        say(ctx, "meetings.topics_none")
    else:
        rows = [
            [
                each.code, each.title, each.area_name or each.area_code, text(f"topic_origin.{each.origin}", lang),
                text(f"topic_state.{each.state}", lang), str(each.proposed_on),
            ]
            for each in found
        ]  # fmt: skip
        print_table(_header(lang, _TOPICS), rows, left=6)


@topics.command("show")
@click.argument("code")
@ON
@JSON
@click.pass_context
def show_topic(ctx: click.Context, code: str, *, on: date | None, as_json: bool) -> None:
    """Show how a topic came about and what became of it."""
    with database(ctx) as session:
        found = topic_queries.topic_record(session, code, day_or_today(on))
    if as_json:
        print_json(_topic_json(found))
        return
    lang, topic = settings_of(ctx).lang, found.topic
    origin = f"{text(f'topic_origin.{topic.origin}', lang)} {topic.origin_ref or ''}".strip()
    click.echo(f"{topic.code} {topic.title}")
    say(
        ctx, "topic_report.summary", state=text(f"topic_state.{topic.state}", lang), origin=origin,
        area=topic.area_name or topic.area_code, on=topic.proposed_on,
    )  # fmt: skip
    rows = [
        [str(each.on), text(f"topic_move.{each.move}", lang), text(f"topic_state.{each.state}", lang), each.note or "-"]
        for each in found.steps
    ]
    print_table(_header(lang, ("day", "move", "state", "note")), rows, left=4)


def _header(lang: Language, names: tuple[str, ...]) -> list[str]:
    return [text(f"meetings.header.{name}", lang) for name in names]


def _meeting_cells(found: MeetingRecord, lang: Language) -> list[str]:
    meeting = found.meeting
    return [
        meeting.code,
        text(f"meeting_kind.{meeting.kind}", lang),
        meeting.name,
        found.area_name or meeting.area_code,
        meeting.convenor,
        str(meeting.seats),
        str(found.topics),
    ]


def _heads(attendance: Mapping[str, int], lang: Language) -> str:
    return " ".join(f"{text(f'meeting_role.{role}', lang)} {count}" for role, count in attendance.items())


def _yes(told: bool, lang: Language) -> str:
    return text("meetings.yes" if told else "meetings.no", lang)


def _meeting_json(found: MeetingRecord) -> dict[str, Any]:
    return {
        **_row(found.meeting),
        "area_name": found.area_name,
        "needed_roles": list(found.needed),
        "members": [_row(each) for each in found.members],
        "agreements": [_row(each) for each in found.agreements],
        "sittings": [_row(each) for each in found.sittings],
        "topics": found.topics,
    }


def _topic_json(found: TopicRecord) -> dict[str, Any]:
    listed = ("steps", "options", "objections", "hearings")
    return {
        **asdict(found.topic),
        **{name: [_row(each) for each in getattr(found, name)] for name in listed},
        "tasks": [asdict(each) for each in found.tasks],
        "decision": None if found.decision is None else {**_row(found.decision), "geom": found.geometry},
        "gate_edition": found.gate_edition,
    }


def _row(row: Base) -> dict[str, Any]:
    """Return a row without its keys and place."""
    columns = (column.key for column in inspect(type(row)).columns)
    return {name: getattr(row, name) for name in columns if not name.endswith("_id") and name != "geom"}
