"""Every member of every enumeration of the domain has a row in the glossary, and a name in both languages."""

import enum
import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import gridmgmt
from gridmgmt.coverage.document import NETWORK_HULL
from gridmgmt.settings import PROJECT_DIR
from gridmgmt.texts import catalogue
from gridmgmt.units import AGE_BANDS

ROW = re.compile(r"^\| (?P<term>[^|]+) \| (?P<identifiers>[^|]+) \| (?P<meaning>[^|]*)\|$")
NAMED = {
    "AreaLevel": "level",
    "AreaKind": "kind",
    "TownMode": "mode",
    "TagKind": "tag_kind",
    "VillageType": "village_type",
    "SectorType": "sector_type",
    "Organ": "organ",
    "CentreType": "centre_type",
    "DeskKind": "desk_kind",
    "ListKind": "list_kind",
    "JobKind": "job_kind",
    "ServicePointType": "point_type",
    "PointStatus": "point_status",
    "CaseKind": "case_kind",
    "CaseState": "case_state",
    "CaseSource": "case_source",
    "Urgency": "urgency",
    "Move": "case_move",
    "Need": "case_need",
    "TaskState": "task_state",
    "RequestKind": "request_kind",
    "Stage": "case_stage",
    "PhotoKind": "photo_kind",
    "LandKind": "land_kind",
    "Counting": "counting",
    "Subject": "subject",
    "Datum": "datum",
    "JobState": "job_state",
    "PlaceStatus": "place_status",
    "FindingType": "finding_type",
    "Severity": "severity",
    "Role": "role",
    "Permission": "permission",
    "CountedSubject": "counted",
    "Weighting": "weighting",
    "AddressKind": "address_kind",
    "OtherName": "other_name",
    "Basis": "address_basis",
    "MatchState": "match_state",
    "Way": "way",
    "CellWeight": "cell_weight",
    "ConflictKind": "conflict_kind",
    "CodeAgreement": "code_agreement",
    "Method": "access_method",
    "OrderState": "order_state",
    "GroundClass": "ground_class",
    "PlaceVerdict": "verdict",
    "PlaceCheck": "place_check",
    "NormItem": "norm_item",
    "Tenure": "tenure",
    "CandidateStatus": "candidate_status",
    "SitingModel": "siting_model",
    "SourceKind": "siting_source",
    "PlanState": "plan_state",
    "MilestoneState": "milestone_state",
    "EventKind": "event_kind",
    "DeliveryProblem": "delivery_problem",
    "PauseReason": "pause_reason",
    "HotlineState": "hotline_state",
    "FeedbackKind": "feedback_kind",
    "DifferenceKind": "difference_kind",
    "TimeUnit": "time_unit",
    "ComponentState": "component_state",
    "BodyKind": "body_kind",
    "FieldType": "field_type",
    "HoldingReason": "holding_reason",
    "Fate": "fate",
    "DayKind": "day_kind",
    "Measure": "measure",
    "Ratio": "ratio",
    "Dimension": "dimension",
    "DaySource": "day_source",
    "SpotClass": "spot_class",
    "SpotLevel": "spot_level",
    "MeetingKind": "meeting_kind",
    "MeetingRole": "meeting_role",
    "TopicOrigin": "topic_origin",
    "TopicState": "topic_state",
    "TopicMove": "topic_move",
    "ProjectState": "project_state",
    "Factor": "premises_factor",
    "PremisesColour": "premises_colour",
    "PremisesChange": "premises_change",
    "PremisesAppealReason": "premises_appeal_reason",
    "PremisesAppealState": "premises_appeal_state",
    "AssessmentDirection": "assessment_direction",
    "EvidenceKind": "evidence_kind",
    "SchemePreset": "scheme_preset",
    "RoundState": "round_state",
    "EventEffect": "event_effect",
    "EventCause": "event_cause",
    "AppealState": "appeal_state",
    "ScoreState": "score_state",
    "TargetStage": "target_stage",
    "AmountBound": "amount_bound",
    "OrganisationKind": "organisation_kind",
    "Office": "office",
    "AgreementKind": "agreement_kind",
    "FactBound": "fact_bound",
    "FactUnit": "fact_unit",
}
"""Prefix in the catalogue of each enumeration that people see."""


def enumerations() -> Iterator[type[enum.Enum]]:
    for module in pkgutil.walk_packages(gridmgmt.__path__, "gridmgmt."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, enum.Enum) and value.__module__ == module.name:
                yield value


def word(member: enum.Enum) -> str:
    return member.value if isinstance(member.value, str) else member.name.lower()


MEMBERS = [(e.__name__, word(member)) for e in enumerations() for member in e]


@pytest.fixture(scope="module")
def identifiers() -> set[str]:
    lines = (PROJECT_DIR / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
    rows = [row for line in lines if (row := ROW.match(line)) and row["term"] not in ("中文", "---")]
    return {
        name
        for row in rows
        for column in (row["identifiers"], row["meaning"])
        for name in re.findall(r"`([\w.]+)`", column)
    }


def test_there_is_something_to_check() -> None:
    assert {name for name, _ in MEMBERS} >= set(NAMED)


@pytest.mark.parametrize(("name", "value"), MEMBERS)
def test_every_member_has_a_row(identifiers: set[str], name: str, value: str) -> None:
    assert value in identifiers, f"docs/glossary.md lacks a row for {name} {value}"


@pytest.mark.parametrize("name", [*AGE_BANDS, NETWORK_HULL, "exact", "public"])
def test_names_that_are_no_enumeration_have_one_too(identifiers: set[str], name: str) -> None:
    assert name in identifiers


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, v in MEMBERS if n in NAMED])
def test_every_member_that_people_see_has_a_name(name: str, value: str) -> None:
    assert f"{NAMED[name]}.{value}" in catalogue()
