import hashlib
import json
from importlib import resources

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gridmgmt.coverage.document import Figures, Note, canonical_json, parse, result_sha256
from gridmgmt.reports.coverage_html import coverage_html
from gridmgmt.reports.coverage_json import SCHEMA_FILE, coverage_json, json_schema
from gridmgmt.reports.public import public_form
from tests.support.coverage_example import make_example

SCHEMA_TEXT = resources.files("gridmgmt.reports").joinpath(SCHEMA_FILE).read_text(encoding="utf-8")
FIRST_SCHEMA_TEXT = (
    resources.files("gridmgmt.reports").joinpath("schemas/coverage-report-1.schema.json").read_text(encoding="utf-8")
)
COUNT = st.floats(0, 1e7, allow_nan=False)


def figures(covered: float, uncovered: float, not_connectable: float, outside: float, **changes: object) -> Figures:
    parts = {"covered": covered, "uncovered": uncovered, "not_connectable": not_connectable, "outside": outside}
    fields = {"residents": sum(parts.values()), **parts, "ratio": None, "bands": (), "places": 4}
    return Figures.model_validate(fields | changes)


@given(COUNT, COUNT, COUNT, COUNT)
def test_canonical_text_reads_back_to_the_same_document_and_bytes(a: float, b: float, c: float, d: float) -> None:
    document = make_example(n_places=20).document.model_copy(update={"totals": figures(a, b, c, d)})
    text = canonical_json(document)
    assert parse(text) == document
    assert canonical_json(parse(text)) == text


def test_canonical_text_is_sorted_dense_and_not_escaped() -> None:
    text = canonical_json(make_example(n_places=20).document)
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert "宝山区" in text


def test_same_input_same_bytes_and_another_input_another_hash() -> None:
    one, again, other = (make_example(seed).document for seed in (1, 1, 2))
    assert canonical_json(one) == canonical_json(again)
    assert result_sha256(one) != result_sha256(other)


def test_negative_zero_becomes_zero() -> None:
    assert str(figures(-0.0, 1, 0, 0).covered) == "0.0"
    assert str(Note(code="x", fields={"y": -0.0}).fields["y"]) == "0.0"


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -1.0])
def test_impossible_counts_are_refused(wrong: float) -> None:
    with pytest.raises(ValidationError):
        figures(wrong, 0, 0, 0)


def test_figures_that_do_not_add_up_are_refused() -> None:
    assert figures(0.1, 0.2, 0.3, 0.4, residents=1.0).residents == 1.0
    with pytest.raises(ValidationError, match="do not sum"):
        figures(1, 2, 3, 4, residents=10.01)


def test_exact_form_withholds_nothing_and_public_form_lists_no_place() -> None:
    document = json.loads(canonical_json(make_example(n_places=20).document))
    document["totals"]["covered"] = None
    with pytest.raises(ValidationError, match="withholds no count"):
        parse(json.dumps(document))
    document["form"], document["suppression_threshold"] = "public", 10
    with pytest.raises(ValidationError, match="lists no place"):
        parse(json.dumps(document))


def test_schema_file_is_the_schema_of_the_code() -> None:
    assert json_schema() == SCHEMA_TEXT, "write gridmgmt.reports.coverage_json.json_schema() to the file"


@pytest.mark.parametrize("form", ["exact", "public"])
def test_reports_fit_their_schema_and_broken_ones_do_not(form: str) -> None:
    document = make_example().document
    report = json.loads(coverage_json(document if form == "exact" else public_form(document, 10)))
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA_TEXT))
    validator.validate(report)
    for broken in (
        report | {"schema": "coverage-report/1"},
        report | {"run_id": 7},
        report | {"totals": report["totals"] | {"residents": -1}},
        report | {"totals": report["totals"] | {"ratio": 1.5}},
        {key: value for key, value in report.items() if key != "notes"},
    ):
        assert not validator.is_valid(broken)


def test_a_reader_can_recompute_the_result_hash() -> None:
    report = json.loads(coverage_json(make_example().document))
    stated = report["provenance"].pop("result_sha256")
    for note in report["notes"]:
        del note["zh"], note["en"]
    text = json.dumps(report, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(text.encode()).hexdigest() == stated


def test_notes_come_with_their_words() -> None:
    notes = json.loads(coverage_json(make_example().document))["notes"]
    assert notes[1]["zh"] == "400 处居住点中有 24 处不在任何已知区划内。"
    assert notes[1]["en"] == "24 of 400 places lie in no known area."


def first_version() -> str:
    """The text of an answer as the first version wrote it."""
    document = json.loads(canonical_json(make_example(n_places=60).document))
    for name in ("sensitivity", "gaps", "flows"):
        del document[name]
    for name in ("profile_edition", "evidence", "sd_m_per_s", "at", "trip", "barriers", "scenario"):
        del document["parameters"][name]
    figures_of = [document["totals"]]
    for level in document["levels"]:
        figures_of += [area["figures"] for area in level["areas"]] + (
            [level["remainder"]] if level["remainder"] else []
        )
    for of_area in figures_of:
        del of_area["ranges"]
    document["schema"] = "coverage-report/1"
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@pytest.mark.parametrize("form", ["exact", "public"])
def test_an_answer_of_the_first_version_stays_what_it_was(form: str) -> None:
    text = first_version()
    document = parse(text)
    assert canonical_json(document) == text
    assert result_sha256(document) == hashlib.sha256(text.encode()).hexdigest()
    shown = document if form == "exact" else public_form(document, 10)
    schema = json.loads(FIRST_SCHEMA_TEXT)
    jsonschema.Draft202012Validator(schema).validate(json.loads(coverage_json(shown)))
    assert 'id="sensitivity"' not in coverage_html(shown, "en")
