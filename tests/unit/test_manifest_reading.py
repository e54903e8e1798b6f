"""Reading a manifest: all that is wrong at once, each with line, column, place, value and what would be right."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmgmt.errors import FileRefusedError, GridMgmtError
from gridmgmt.manifest.document import read_document
from gridmgmt.manifest.reading import Read, read_manifest
from gridmgmt.manifest.steps import steps_of
from gridmgmt.settings import PROJECT_DIR


def manifest(folder: Path, text: str, **variables: str) -> Read:
    path = folder / "district.yaml"
    path.write_text(text, encoding="utf-8")
    for name in ("towns.geojson", "streets.pbf", "points.csv", "a.tif", "b.tif", "departments.csv", "matters.xlsx"):
        (folder / name).touch()
    return read_manifest(path, variables=variables)


def problems(folder: Path, text: str, **variables: str) -> list[tuple[int | None, object, str, str]]:
    """Line, column, code and words."""
    with pytest.raises(FileRefusedError) as refused:
        manifest(folder, text, **variables)
    return [(p.row, p.fields["column"], p.code, p.message("en")) for p in refused.value.problems]


BAD = """\
district: 坏
setings: {}
areas:
  - file: towns.geojson
    level: citty
    datum: gcj-02
  - {file: missing.gpkg, level: town, partial: vielleicht, color: red}
  - level: town
activate:
  - edition: tonws
    document: D
population: {}
service_points:
  - {file: "${folder}/p.csv", type: medical, where: [type medical]}
coverage:
  - minutes: -5
  - types: [castle]
  - time: noon
  - barriers: [green]
network: streets.pbf
"""


def test_everything_that_is_wrong_is_told_at_once(tmp_path) -> None:
    found = problems(tmp_path, BAD)
    assert [(line, column, code.removeprefix("manifest_")) for line, column, code, _ in found] == [
        (2, 1, "unknown_key"),
        (5, 12, "value"),
        (6, 12, "value"),
        (7, 12, "file_missing"),
        (7, 48, "value"),
        (7, 60, "unknown_key"),
        (8, 5, "missing_key"),
        (10, 14, "edition_unknown"),
        (12, 1, "file_or_rasters"),
        (14, 12, "variable"),
        (14, 54, "refusal"),
        (16, 5, "refusal"),
        (17, 13, "value"),
        (18, 5, "refusal"),
        (19, 16, "value"),
        (20, 10, "value"),
    ]
    words = {line: text for line, _, _, text in found}
    assert words[2] == "setings: there is no key “setings”; did you mean: settings"
    assert "citty" in words[5]
    assert "residential_quarter" in words[5], "what would be right"
    assert str(tmp_path / "missing.gpkg") in next(text for _, _, code, text in found if code == "manifest_file_missing")
    assert "areas[3].file" in words[8]
    assert "towns, missing" in words[10]


@pytest.mark.parametrize(
    ("text", "place", "code"),
    [
        ("district: [1", (1, 13), "manifest_malformed"),
        ("district: a\n\tareas: []", (2, 1), "manifest_malformed"),
        ("- 1", (1, 1), "manifest_value"),
        ("", (1, 1), "manifest_missing_key"),
        ("district: ~", (1, 11), "manifest_value"),
        ("district: a\ndistrict: b", (2, 1), "manifest_repeated"),
        ("district: a\ndemo: {seed: eins}", (2, 14), "manifest_value"),
        ("district: a\ndemo: {}\nnetwork: {file: streets.pbf}", (2, 1), "manifest_demo_alone"),
        ("district: a\ncases:\n- {file: points.csv, zone: Asien/Shanghai}", (3, 28), "manifest_refusal"),
        ("district: a\ncatalogue:\n- {file: points.csv, columns: {code: a}}", (3, 31), "manifest_value"),
        ("district: a\nmatters:\n- {file: matters.xlsx, table: matters}", (3, 24), "manifest_unknown_key"),
        ("district: a\ncells:\n- {area: '31', edition: c, target_m2: 0}", (3, 39), "manifest_value"),
        ("district: a\nsettings: {metric_crs: EPSG:4326}", (2, 24), "manifest_value"),
        (
            "district: a\nareas:\n- {file: towns.geojson, level: town}\n- {file: towns.geojson, level: town}",
            (4, 3),
            "manifest_edition_twice",
        ),
    ],
)
def test_one_thing_wrong(tmp_path, text, place, code) -> None:
    found = problems(tmp_path, text)
    assert [(line, column, kind) for line, column, kind, _ in found] == [(*place, code)]


def test_no_value_is_taken_for_something_else(tmp_path) -> None:
    """In YAML 1.1 a bare no is a truth, 60_64 a number, 2024 a number and 2024-01-01 a date."""
    read = manifest(
        tmp_path,
        "district: no\n"
        "population: {edition: 2024, source: 2024-01-01, rasters: {60_64: [a.tif, b.tif]}}\n"
        "areas: [{file: towns.geojson, level: quarter, partial: yes, valid_from: 2026-03-01}]\n"
        "cells: [{area: 031, edition: 0x1F}]\n",
    )
    found = read.manifest
    assert found.district == "no"
    assert found.population is not None
    assert (found.population.edition, found.population.source) == ("2024", "2024-01-01")
    assert list(found.population.rasters) == ["60_64"]
    assert (found.areas[0].level, found.areas[0].partial) == ("residential_quarter", True)
    assert found.areas[0].valid_from == date(2026, 3, 1)
    assert (found.cells[0].area, found.cells[0].edition) == ("031", "0x1F")


def test_variables_name_files_from_where_the_command_is_called(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    read = manifest(tmp_path, "district: a\nnetwork: {file: '${net}'}", net="streets.pbf")
    assert read.manifest.network is not None
    assert read.file(read.manifest.network.file) == tmp_path / "streets.pbf"


def test_steps_are_in_the_order_in_which_they_build_on_each_other(tmp_path) -> None:
    read = manifest(
        tmp_path,
        "district: a\n"
        "coverage: [{minutes: 15}]\n"
        "service_points: [{file: points.csv}]\n"
        "matters: [{file: matters.xlsx, edition: '2015'}]\n"
        "catalogue: [{file: departments.csv}]\n"
        "activate: [{edition: c, document: d}, {edition: towns, document: d}]\n"
        "cells: [{area: '310113', edition: c}]\n"
        "network: {file: streets.pbf}\n"
        "areas: [{file: towns.geojson, level: town}]\n",
    )
    assert [(step.kind, step.name) for step in steps_of(read)] == [
        ("areas", "towns (town)"),
        ("activate", "towns"),
        ("network", "streets"),
        ("cells", "310113 (c)"),
        ("activate", "c"),
        ("service_points", "points"),
        ("catalogue", "departments"),
        ("matters", "2015"),
        ("coverage", steps_of(read)[-1].name),
    ]


def refusal(path: Path, **variables: str) -> GridMgmtError | None:
    try:
        read_manifest(path, variables=variables)
    except GridMgmtError as error:
        return error
    return None


@given(st.text(max_size=60))
def test_whatever_is_written_is_a_manifest_or_refused_in_words(tmp_path_factory, text) -> None:
    path = tmp_path_factory.mktemp("any") / "any.yaml"
    path.write_text(text, encoding="utf-8", errors="ignore")
    error = refusal(path)
    assert error is None or (error.message("en") and error.message("zh"))


def test_a_nest_of_references_is_not_unfolded(tmp_path) -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 40)]
    (tmp_path / "bomb.yaml").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(FileRefusedError):
        read_document(tmp_path / "bomb.yaml", {})


ENDLESS = {
    "laughs": "a0: &a0 [1, 1]\n" + "\n".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)),
    "circle": f"a: &a [{', '.join(['*a'] * 50)}]",
    "wide": "\n".join(f"k{i}: 1" for i in range(11_000)),
    "deep": f"district: {'[' * 1_000}{']' * 1_000}",
    "name": f"district: x\nareas: [{{file: {'a' * 5_000}, level: town}}]",
    "no raster": "district: x\npopulation: {rasters: {total: []}}",
}


@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS.keys())
def test_what_has_no_end_is_refused_at_once(tmp_path, text) -> None:
    path = tmp_path / "endless.yaml"
    path.write_text(text, encoding="utf-8")
    error = refusal(path)
    assert error is not None
    assert all(problem.message("en") for problem in error.problems)


@pytest.mark.parametrize("name", ["demo", "baoshan", "wuhan"])
def test_the_examples_have_the_form_of_a_manifest(name) -> None:
    path = PROJECT_DIR / "docs" / "examples" / f"{name}.yaml"
    found = refusal(path, points="points.csv")
    codes = {problem.code for problem in getattr(found, "problems", ())}
    assert codes <= {"manifest_file_missing"}, "the files are elsewhere"
