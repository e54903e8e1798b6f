"""The report of one topic as a page that needs nothing else: how it came about, what was decided, what it changed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from gridmgmt.db import Session
from gridmgmt.hours import text_of_rules
from gridmgmt.meetings import queries, topic_queries
from gridmgmt.meetings.decisions import effects_of
from gridmgmt.meetings.models import TopicDecision
from gridmgmt.meetings.rules import AreaEffect, GateEffects, told_count
from gridmgmt.meetings.topic_queries import TopicRecord, TopicSummary
from gridmgmt.reports.coverage_html import template
from gridmgmt.reports.formatting import UNDEFINED, WITHHELD, count_text
from gridmgmt.reports.tables import Cell, Column, Kind, Table, cell_text
from gridmgmt.texts import Language, text

_KINDS: Mapping[str, Kind] = {
    "before": "minutes", "after": "minutes", "saved": "minutes",
    **dict.fromkeys(("amount", "residents", "covered_before", "covered_after", "objectors"), "count"),
}  # fmt: skip


def topic_page(
    session: Session, code: str, *, lang: Language, synthetic: bool, threshold: float | None, on: date = date.max
) -> str:
    """Return the report of a topic as HTML.

    Parameters
    ----------
    on
        The day whose state of it is reported; now without it.
    threshold
        Smaller counts are withheld; None tells all as they are.

    Raises
    ------
    NotFoundError
        ``topic_unknown``.
    """
    found = topic_queries.topic_record(session, code, on)
    effects = None if found.decision is None else shown_effects(found.decision, threshold)
    names = {} if effects is None or effects.level is None else _names(session, effects)
    tables = [*_story(found, threshold, lang), *_decided(found, lang)]
    if effects is not None:
        tables.append(_effects(effects, names, lang))
    return template("governance.html.j2").render(
        lang=lang,
        title=f"{found.topic.code} {found.topic.title}",
        notes=_notes(found.topic, effects, threshold, lang),
        tables=tables,
        synthetic=synthetic,
        cell_text=lambda kind, cell: cell_text(kind, cell, modelled=False),
    )


def shown_effects(decision: TopicDecision, threshold: float | None) -> GateEffects | None:
    """Return what was measured of a decision's gate, small numbers withheld where a threshold is given."""
    effects = effects_of(decision)
    if effects is None or threshold is None:
        return effects
    from gridmgmt.meetings.effects import public_effects  # noqa: PLC0415 -- compiles for seconds

    return public_effects(effects, threshold)


def _names(session: Session, effects: GateEffects) -> dict[str, str]:
    codes = [area.code for area in effects.areas if area.code is not None]
    return queries.area_names(session, effects.level or "", codes)


def _table(key: str, lang: Language, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Table:
    named = tuple(Column(text(f"topic_report.{name}", lang), _KINDS.get(name, "text")) for name in columns)
    return Table(key, text(f"topic_report.{key}", lang), named, tuple(tuple(row) for row in rows))


def _notes(topic: TopicSummary, effects: GateEffects | None, threshold: float | None, lang: Language) -> list[str]:
    origin = text(f"topic_origin.{topic.origin}", lang) + (f" {topic.origin_ref}" if topic.origin_ref else "")
    state = text(f"topic_state.{topic.state}", lang)
    notes = [
        text(
            "topic_report.summary", lang,
            state=state, origin=origin, area=topic.area_name or topic.area_code, on=topic.proposed_on,
        )
    ]  # fmt: skip
    if topic.supporters_needed:
        supporters = told_count(topic.supporters, threshold)
        told = WITHHELD if supporters is None else count_text(supporters)
        notes.append(text("topic_report.supporters", lang, count=told, needed=topic.supporters_needed))
    if topic.detail:
        notes.append(topic.detail)
    if topic.owners_procedure:
        notes.append(text("topic_report.owners_procedure", lang))
    if topic.sitting_on is not None:
        notes.append(
            text(
                "topic_report.sitting", lang,
                meeting=topic.meeting_name, number=topic.sitting_no, on=topic.sitting_on, said=topic.resolution,
            )
        )  # fmt: skip
    if topic.result:
        notes.append(text("topic_report.result", lang, result=topic.result))
    if effects is not None:
        minutes = f"{effects.limit_s / 60:g}"
        notes.append(text("topic_report.measured", lang, on=effects.on, at=effects.at, minutes=minutes))
    if threshold is not None:
        notes.append(text("topic_report.withheld", lang, mark=WITHHELD, threshold=f"{threshold:g}"))
    return notes


def _story(found: TopicRecord, threshold: float | None, lang: Language) -> list[Table]:
    steps = (
        (str(step.on), text(f"topic_move.{step.move}", lang), text(f"topic_state.{step.state}", lang), step.note)
        for step in found.steps
    )
    options = (
        (str(option.option_no), option.title, option.detail, _number(option.amount_yuan)) for option in found.options
    )
    objections = (
        (each.office, each.said, WITHHELD if heads is None else float(heads), each.answer)
        for each in found.objections
        for heads in (told_count(each.objectors, threshold),)
    )
    hearings = (
        (str(each.held_on), each.record, _heads(each.attendance, lang), each.document_no) for each in found.hearings
    )
    return [
        _table("steps", lang, ("day", "move", "state", "note"), steps),
        _table("options", lang, ("number", "title", "detail", "amount"), options),
        _table("objections", lang, ("office", "said", "objectors", "answer"), objections),
        _table("hearings", lang, ("day", "record", "attendance", "document"), hearings),
    ]


def _decided(found: TopicRecord, lang: Language) -> list[Table]:
    tasks = (
        (task.title, task.office, str(task.due_on), None if task.done_on is None else str(task.done_on), task.result)
        for task in found.tasks
    )
    tables = [_table("tasks", lang, ("title", "office", "due", "done", "result_column"), tasks)]
    if found.decision is not None:
        facts = [(text(f"topic_report.{name}", lang), value) for name, value in _facts(found, found.decision, lang)]
        tables.insert(0, _table("decision", lang, ("fact", "value"), [fact for fact in facts if fact[1]]))
    return tables


def _facts(found: TopicRecord, decision: TopicDecision, lang: Language) -> Iterable[tuple[str, str | None]]:
    chosen = [option.title for option in found.options if option.option_no == decision.option_no]
    yield "option", "".join(chosen) or None
    yield "funds", None if decision.amount_yuan is None else f"{decision.amount_yuan:,} ({decision.funding})"
    if (vote := decision.owners_vote) is not None:
        shares = {name: f"{vote[name]:.1%}" for name in ("area_share_voting", "area_share_agreed")}
        yield "owners_vote", text("topic_report.vote", lang, **{**vote, **shares})
    if decision.gate_code is not None:
        yield "gate", f"{decision.gate_code} · {text(f'gate_access.{decision.gate_access}', lang)}"
        always = text("gates.always", lang)
        yield "hours", always if decision.gate_hours is None else text_of_rules(decision.gate_hours)
        yield "opens", str(decision.opens_on)
        yield "edition", found.gate_edition
    yield "follow_up", None if decision.follow_up_on is None else str(decision.follow_up_on)


def _effects(effects: GateEffects, names: Mapping[str, str], lang: Language) -> Table:
    nowhere = text("topic_report.no_area", lang)
    rows = [
        (f"{names.get(area.code, '')} {area.code}" if area.code else nowhere, *_figures(area)) for area in effects.areas
    ]
    rows.append((text("topic_report.total", lang), *_figures(effects.total)))
    columns = ("area", "residents", "before", "after", "saved", "covered_before", "covered_after")
    return _table("effects", lang, columns, rows)


def _figures(area: AreaEffect) -> tuple[Cell, ...]:
    walks = (area.before_s, area.after_s, area.saved_s)
    if area.residents is None:
        return (WITHHELD,) * 6
    return (area.residents, *walks, area.covered_before, area.covered_after)


def _heads(attendance: Mapping[str, int], lang: Language) -> str:
    said = (f"{text(f'meeting_role.{role}', lang)} {count}" for role, count in attendance.items())
    return text("governance.separator", lang).join(said) or UNDEFINED


def _number(value: int | None) -> float | None:
    return None if value is None else float(value)
