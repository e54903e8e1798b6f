"""Assessments as the interface answers them: made of one document, whether it was made now or signed long ago."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.assessment_schemas import (
    AssessmentEntryOut,
    AssessmentEventOut,
    AssessmentGroupOut,
    AssessmentItemOut,
    AssessmentResultOut,
    AssessmentRoundOut,
    AssessmentSchemeDetail,
    AssessmentSchemeOut,
    AssessmentSignature,
    JudgeOut,
    ScoreCell,
    ScoreOut,
    StandingOut,
)
from gridmgmt.assessment.document import Document
from gridmgmt.assessment.evidence import question
from gridmgmt.assessment.queries import Entered, RoundSummary, SchemeSummary
from gridmgmt.assessment.rules import MIN_RESPONDENTS, AssessmentItem, Named
from gridmgmt.cases.measures import RATIOS
from gridmgmt.errors import NotFoundError
from gridmgmt.reports.indicators_addresses import CaseLists
from gridmgmt.texts import Language, catalogue, text

Part = Mapping[str, Any]  # Any: values of JSON


def scheme_out(scheme: SchemeSummary, lang: Language) -> AssessmentSchemeOut:
    """Return a scheme without its items."""
    return AssessmentSchemeOut(**{**vars(scheme), "name": scheme.name.said(lang)})


def scheme_detail(scheme: Part, lang: Language) -> AssessmentSchemeDetail:
    """Return a scheme of a document."""
    weights: dict[str, float] = {}
    for item in scheme["items"]:
        weights[item["group"]] = round(weights.get(item["group"], 0.0) + float(item["weight"]), 6)
    plain = ("scheme_id", "direction", "preset", "valid_from", "source", "is_example")
    return AssessmentSchemeDetail(
        **{name: scheme[name] for name in plain},
        name=scheme["name"][lang],
        groups=[
            AssessmentGroupOut(code=code, name=group_name(scheme, code, lang), weight=weight)
            for code, weight in weights.items()
        ],
        items=[AssessmentItemOut(**{**item, "name": item["name"][lang]}) for item in scheme["items"]],
    )


def group_name(scheme: Part, code: str, lang: Language) -> str:
    """Return what a group of a scheme is called: the three public ones have names of their own."""
    key = f"assessment_group.{code}"
    if key in catalogue():
        return text(key, lang)
    return str(scheme["groups"].get(code, {}).get(lang, code))


def round_out(row: RoundSummary, lang: Language) -> AssessmentRoundOut:
    """Return a round without its result."""
    signed = None
    if row.signed_at is not None and row.sha256 is not None:
        signed = AssessmentSignature(at=row.signed_at, by=row.signed_by or "", sha256=row.sha256)
    plain = {name: value for name, value in vars(row).items() if name not in {"sha256", "signed_at", "signed_by"}}
    names = {"name": row.name.said(lang), "scheme_name": row.scheme_name.said(lang)}
    return AssessmentRoundOut(**{**plain, **names}, signed=signed)


def result_out(row: RoundSummary, document: Document, lang: Language, *, synthetic: bool) -> AssessmentResultOut:
    """Return a round with its result."""
    return AssessmentResultOut(
        **round_out(row, lang).model_dump(),
        scheme=scheme_detail(document["scheme"], lang),
        standings=[
            StandingOut(**{**each, "code": each["subject_code"], "name": each["name"][lang]})
            for each in document["standings"]
        ],
        scores=[
            ScoreCell(**{**each, "subject": each["subject_code"], "item": each["item_code"]})
            for each in document["scores"]
        ],
        events=[AssessmentEventOut(**{**each, "subject": each["subject_code"]}) for each in document["events"]],
        min_judged_weight=float(document["round"]["min_judged_weight"]),
        synthetic=synthetic,
    )


def score_out(
    row: RoundSummary, document: Document, cell: tuple[str, str], entries: Sequence[Entered], lang: Language,
    *, synthetic: bool,
) -> ScoreOut:  # fmt: skip
    """Return a score with all that it stands on; ``cell`` are the codes of its subject and item.

    Raises
    ------
    NotFoundError
        ``assessment_subject_unknown``, ``assessment_item_unknown``.
    """
    subject, item_code = cell
    standing = _one(document["standings"], "subject_code", subject)
    if standing is None:
        raise NotFoundError("assessment_subject_unknown", field="subject", value=subject, round=row.round_id)
    item = _one(document["scheme"]["items"], "code", item_code)
    if item is None:
        raise NotFoundError("assessment_item_unknown", field="item", value=item_code, round=row.round_id)
    score = next(each for each in document["scores"] if (each["subject_code"], each["item_code"]) == cell)
    told = score["evidence"]
    names = ("numerator", "denominator", "coverage_run", "document", "document_sha256")
    return ScoreOut(
        subject=subject, item=item_code, subject_name=standing["name"][lang], item_name=item["name"][lang],
        **{name: score[name] for name in ("state", "points", "share", "weight")},
        **{name: item[name] for name in ("evidence", "zero_at", "full_at", "min_sample", "ratio")},
        value=told["value"], sample=told["sample"],
        **{name: told.get(name) for name in names},
        **_case_lists(row, item, subject),
        judges=[JudgeOut(**{**each, "judge": each["judge_code"]}) for each in told.get("judges", ())],
        entries=[_entry(each, item, told) for each in entries],
        synthetic=synthetic,
    )  # fmt: skip


def _case_lists(row: RoundSummary, item: Part, subject: str) -> dict[str, str | None]:
    if item["ratio"] is None:
        return {"cases_numerator": None, "cases_denominator": None}
    asked = question(row.direction, row.first, row.last, _indicator(item))
    lists = CaseLists(asked, asked.period)
    part, whole = RATIOS[item["ratio"]]
    start = lists.row(subject)
    return {"cases_numerator": lists.of(part, start), "cases_denominator": lists.of(whole, start)}


def _indicator(item: Part) -> AssessmentItem:
    """Return what tells which cases an item of a document counts."""
    name = Named(item["name"]["zh"], item["name"]["en"])
    return AssessmentItem(
        item["code"], item["group"], name, item["weight"], item["evidence"], narrowed=item["narrowed"]
    )


def _entry(entry: Entered, item: Part, told: Part) -> AssessmentEntryOut:
    """Return an entry; the mean of a survey that does not suffice is not told, nor one of a judge that is hidden."""
    if entry.judge_code is None:
        hidden = entry.sample is not None and entry.sample < item["min_sample"]
    else:
        shown = {each["judge_code"] for each in told.get("judges", ()) if each["value"] is not None}
        hidden = entry.judge_code not in shown or (entry.sample or 0) < MIN_RESPONDENTS
    return AssessmentEntryOut(
        entry_id=entry.entry_id, judge=entry.judge_code, value=None if hidden else float(entry.value),
        sample=entry.sample, document=entry.document, document_sha256=entry.document_sha256,
        entered_at=entry.entered_at,
    )  # fmt: skip


def _one(parts: Sequence[Part], name: str, code: str) -> Part | None:
    return next((each for each in parts if each[name] == code), None)
