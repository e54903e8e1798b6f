"""Meetings of the demo and the topics before them: through the services, the side gate of 天馨花园 among them.

That there was a hearing on money, kind of gate, hours and cards is told by the source documents; so are the four roles
and the 22 agreements. Numbers of seats, votes and yuan, days and the other topics are made up, and say so.
"""

from collections.abc import Iterator
from datetime import date

import geopandas as gpd
import shapely
from sqlalchemy import select
from sqlalchemy.orm import sessionmaker

from gridmgmt.access.rules import Actor
from gridmgmt.analysis.walking.gates import Access
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.db import Session, transaction
from gridmgmt.demo.gates import TOWN
from gridmgmt.demo.governance import AGREEMENTS, JOINT_CENTRE_UNIT
from gridmgmt.meetings import decisions, sittings, topics
from gridmgmt.meetings.decisions import NewDecision, NewGate, NewTask
from gridmgmt.meetings.models import Topic, TopicDecision
from gridmgmt.meetings.rules import MeetingKind, MeetingRole, Member, OwnersVote, ProjectState, TopicOrigin
from gridmgmt.meetings.sittings import NewAgreement, NewMeeting, NewProject, NewSitting
from gridmgmt.meetings.topics import Proposal
from gridmgmt.network.queries import gate_summaries
from gridmgmt.texts import text

SIDE_GATE = f"{TOWN}-G01-2"
COMMITTEE_TOWN = "310113109"
FOUR, JOINT, COMMITTEE = "M-TXHY", "M-JQ", "M-CUN"
HELD_FROM = date(2026, 1, 1)
PROPOSED, COUNTED, SCHEDULED = date(2026, 3, 2), date(2026, 3, 16), date(2026, 4, 1)
HEARD, DECIDED, DONE = date(2026, 4, 18), date(2026, 5, 20), date(2026, 9, 10)
TODAY = DONE
"""All is noted as on the day of the last of it, whenever the demo is made."""
OPENS, FOLLOWED_UP = date(2029, 7, 1), date(2029, 10, 1)
"""Ahead of every reader, so that the walks of today are as they were."""
HOURS = {"mon-sun": ["06:00-22:00"]}
VOTE = OwnersVote(318, 246, 197, 0.78, 0.63, "业决〔2026〕03号（合成）")
FUNDED_YUAN = 68_000
_ROLES = (
    MeetingRole.PARTY_ORGANISATION, MeetingRole.RESIDENTS_COMMITTEE, MeetingRole.OWNERS_COMMITTEE,
    MeetingRole.PROPERTY_FIRM,
)  # fmt: skip
_OTHERS = (MeetingRole.POLICE, MeetingRole.PARTNER_UNIT, MeetingRole.SOCIAL_GROUP)

Place = tuple[float, float]


def establish_meetings(session: Session, actor: Actor, areas: gpd.GeoDataFrame) -> None:
    """Convene three meetings, bring seven topics to every state, and apply for two projects.

    Parameters
    ----------
    areas
        The areas of the demo, as :class:`gridmgmt.demo.generator.DemoDistrict` has them.
    """
    gate = next(iter(gate_summaries(session, PROPOSED, code=SIDE_GATE)), None)
    quarters = areas[areas["level"] == AreaLevel.RESIDENTIAL_QUARTER].sort_values("code")
    inside = shapely.get_coordinates(shapely.point_on_surface(quarters.geometry.to_numpy())).tolist()
    places: dict[str, Place] = {code: (lon, lat) for code, (lon, lat) in zip(quarters["code"], inside, strict=True)}
    of_unit = quarters.loc[quarters["parent_code"] == JOINT_CENTRE_UNIT, "code"].tolist()
    village = quarters.loc[quarters["parent_code"] == COMMITTEE_TOWN, "code"].tolist()[-1]
    if gate is None:
        raise ValueError(f"the demo has no gate {SIDE_GATE}")
    home = topics.propose(
        session, actor, _proposal("side_gate", (gate.lon, gate.lat), owners_procedure=True), today=TODAY
    )
    _convene(session, actor, home.area_code, village)
    _decide_side_gate(session, actor, home)
    _bring_in_others(session, actor, places[home.area_code], [places[code] for code in of_unit])
    _apply(session, actor, home, of_unit[0])


def measure_side_gate(factory: sessionmaker[Session], actor: Actor) -> None:
    """Measure once what the side gate will change, which loads the network of the whole district."""
    with transaction(factory) as session:
        statement = select(Topic.code).join(TopicDecision, TopicDecision.topic_id == Topic.topic_id)
        code = session.scalar(
            statement.where(TopicDecision.gate_code == SIDE_GATE, TopicDecision.effects.is_(None))
        )  # fmt: skip
        if code is not None:
            decisions.measure(session, actor, code, today=TODAY)


def _convene(session: Session, actor: Actor, quarter: str, village: str) -> None:
    four = [Member(role, text(f"meeting_role.{role}")) for role in _ROLES]
    others = [Member(role, text(f"meeting_role.{role}")) for role in _OTHERS]
    groups = [
        Member(MeetingRole.LOCALS, text("demo.meeting.locals"), 8),
        Member(MeetingRole.NEWCOMERS, text("demo.meeting.newcomers"), 3),
    ]
    for code, kind, area, members, seats in (
        (FOUR, MeetingKind.FOUR_IN_ONE, quarter, four, None),
        (JOINT, MeetingKind.JOINT_MEETING, JOINT_CENTRE_UNIT, [*four, *others], None),
        (COMMITTEE, MeetingKind.MANAGEMENT_COMMITTEE, village, groups, 11),
    ):
        name, convenor = text(f"demo.meeting.{kind}"), text(f"demo.meeting.convenor_{kind}")
        sittings.convene(
            session, actor, NewMeeting(code, kind, name, area, convenor, members, HELD_FROM, seats=seats), today=TODAY
        )
    agreed = NewAgreement(text("demo.meeting.agreements"), HELD_FROM, agreements=AGREEMENTS,
                          source=text("demo.joint_centre.source"))  # fmt: skip
    sittings.agree(session, actor, JOINT, agreed, today=TODAY)
    for code, roles, on in (
        (FOUR, _ROLES[:3], SCHEDULED), (FOUR, _ROLES, DECIDED), (JOINT, (*_ROLES, *_OTHERS), DECIDED),
        (COMMITTEE, (MeetingRole.LOCALS, MeetingRole.NEWCOMERS), HEARD),
    ):  # fmt: skip
        sittings.hold_sitting(
            session, actor, code, NewSitting(on, dict.fromkeys(roles, 1), text("demo.meeting.place")), today=TODAY
        )


def _decide_side_gate(session: Session, actor: Actor, topic: Topic) -> None:
    """Take the side gate from its supporters through the hearing to the decision."""
    code = topic.code
    topics.support(session, actor, code, 46, COUNTED, today=TODAY)
    topics.schedule(session, actor, code, FOUR, SCHEDULED, today=TODAY)
    for option, yuan in (("card", FUNDED_YUAN), ("open", 22_000), ("wall", 0)):
        topics.add_option(
            session, actor, code, text(f"demo.option.{option}"),
            detail=text(f"demo.option.{option}_detail"), amount_yuan=yuan, today=HEARD,
        )  # fmt: skip
    for objection, heads in (("safety", 14), ("cost", 11)):
        topics.object_to(
            session, actor, code, text("meeting_role.residents_committee"), text(f"demo.objection.{objection}"),
            objectors=heads, answer=text(f"demo.objection.{objection}_answer"), today=HEARD,
        )  # fmt: skip
    attended = {**dict.fromkeys(_ROLES, 2), MeetingRole.POLICE: 1}
    topics.hear(
        session, actor, code, HEARD, attended, text("demo.hearing"), document_no="听证〔2026〕01号（合成）", today=TODAY
    )
    new = NewDecision(
        sitting_no=2,
        resolution=text("demo.topic.side_gate_resolution"),
        option_no=1,
        owners_vote=VOTE,
        amount_yuan=FUNDED_YUAN,
        funding=text("demo.topic.funding"),
        gate=NewGate(SIDE_GATE, OPENS, access=Access.RESIDENTS, hours=HOURS),
        tasks=[
            NewTask(text("demo.task.gate"), text("meeting_role.property_firm"), date(2029, 5, 31)),
            NewTask(text("demo.task.cards"), text("meeting_role.owners_committee"), date(2029, 6, 20)),
        ],
        follow_up_on=FOLLOWED_UP,
    )
    decisions.decide(session, actor, code, new, today=TODAY)


def _bring_in_others(session: Session, actor: Actor, home: Place, unit: list[Place]) -> None:
    """Bring six other topics in, one for each of the other states."""
    codes = dict(_others(session, actor, home, unit))
    for name in ("parking", "lights", "trees", "market"):
        topics.support(session, actor, codes[name], 24, COUNTED, today=TODAY)
    topics.support(session, actor, codes["benches"], 12, COUNTED, today=TODAY)
    topics.schedule(session, actor, codes["lights"], JOINT, SCHEDULED, today=TODAY)
    topics.schedule(session, actor, codes["trees"], FOUR, SCHEDULED, today=TODAY)
    topics.schedule(session, actor, codes["rubbish"], JOINT, SCHEDULED, today=TODAY)
    decisions.refuse(session, actor, codes["trees"], 2, text("demo.topic.trees_refused"), today=TODAY)
    task = NewTask(text("demo.task.rubbish"), text("meeting_role.property_firm"), date(2026, 8, 31))
    decided = NewDecision(
        1, text("demo.topic.rubbish_resolution"), amount_yuan=36_000, funding=text("demo.topic.town_funds"),
        tasks=[task], follow_up_on=date(2026, 12, 1),
    )  # fmt: skip
    decisions.decide(session, actor, codes["rubbish"], decided, today=TODAY)
    decisions.complete_task(session, actor, codes["rubbish"], 1, text("demo.task.rubbish_done"), DONE, today=TODAY)
    decisions.finish(session, actor, codes["rubbish"], text("demo.topic.rubbish_result"), DONE, today=TODAY)
    topics.withdraw(session, actor, codes["market"], text("demo.topic.market_withdrawn"), SCHEDULED, today=TODAY)


def _others(session: Session, actor: Actor, home: Place, unit: list[Place]) -> Iterator[tuple[str, str]]:
    for name, place, origin in (
        ("benches", home, TopicOrigin.RESIDENT_PROPOSAL),
        ("parking", unit[1], TopicOrigin.RESIDENT_PROPOSAL),
        ("lights", unit[2], TopicOrigin.RESIDENT_PROPOSAL),
        ("trees", home, TopicOrigin.RESIDENT_PROPOSAL),
        ("rubbish", unit[3], TopicOrigin.INDICATOR),
        ("market", unit[4], TopicOrigin.RESIDENT_PROPOSAL),
    ):
        ref = text("demo.topic.rubbish_origin") if origin is TopicOrigin.INDICATOR else None
        yield (
            name,
            topics.propose(session, actor, _proposal(name, place, origin=origin, origin_ref=ref), today=TODAY).code,
        )


def _apply(session: Session, actor: Actor, topic: Topic, quarter: str) -> None:
    """Apply for two projects: one that came from the side gate's topic and runs, one that is finished."""
    for code, area, origin, yuan, states in (
        ("P-TXHY-1", topic.area_code, topic.code, 8_000, (ProjectState.APPROVED, ProjectState.RUNNING)),
        ("P-JQ-1", quarter, None, 5_000, (ProjectState.APPROVED, ProjectState.RUNNING, ProjectState.FINISHED)),
    ):
        new = NewProject(code, area, text(f"demo.project.{code}"), yuan, SCHEDULED, topic=origin)
        sittings.apply_for_project(session, actor, new, today=TODAY)
        for state in states:
            result = text("demo.project.result") if state is ProjectState.FINISHED else None
            sittings.move_project(session, actor, code, state, on=DONE, result=result, today=TODAY)


def _proposal(
    name: str, place: Place, *, origin: TopicOrigin = TopicOrigin.RESIDENT_PROPOSAL, origin_ref: str | None = None,
    owners_procedure: bool = False,
) -> Proposal:  # fmt: skip
    return Proposal(
        text(f"demo.topic.{name}"), *place, PROPOSED, origin=origin, origin_ref=origin_ref,
        detail=text(f"demo.topic.{name}_detail"), owners_procedure=owners_procedure,
    )  # fmt: skip
