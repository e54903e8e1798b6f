"""Tables of gates and outlines of compounds, with the reason of every refused row."""

import json
from pathlib import Path

import openpyxl
import pytest

from gridmgmt.errors import FileRefusedError, InputError
from gridmgmt.ingest.features import read_features
from gridmgmt.ingest.gates import read_gates

HEADER = "code,name,lon,lat,access,hours,remark"


def table(folder: Path, *lines: str, header: str = HEADER) -> Path:
    file = folder / "gates.csv"
    file.write_text("\n".join([header, *lines]), encoding="utf-8")
    return file


def test_a_table_of_gates(tmp_path: Path) -> None:
    file = table(
        tmp_path,
        "G1,南门,121.40,31.30,公共,,岗亭",
        "G2,东侧门,121.41,31.30,刷卡,mon-fri 06:00-22:00; sat 07:00-21:00,",
        "G3,,121.42,31.30,closed,Mo-Su 06:00-20:00,",
        "G4,北门,121.43,31.30,,mon-sun 00:00-24:00,",
    )
    gates = read_gates(file).whole().frame
    assert gates["code"].tolist() == ["G1", "G2", "G3", "G4"]
    assert [str(access) for access in gates["access"]] == ["public", "residents", "closed", "public"]
    assert gates["hours"].tolist() == [
        None, {"mon-fri": ["06:00-22:00"], "sat": ["07:00-21:00"]}, {"mon-sun": ("06:00-20:00",)}, None
    ]  # fmt: skip
    assert gates["hours_text"].tolist()[1] == "mon-fri 06:00-22:00; sat 07:00-21:00"
    assert gates["attributes"].tolist()[0] == {"remark": "岗亭"}
    assert gates.geometry[1].coords[0] == (121.41, 31.30)


def test_the_same_gates_from_a_sheet_and_from_features(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["编码", "名称", "经度", "纬度", "通行方式", "开放时间"])
    book.active.append(["G1", "南门", 121.4, 31.3, "居民", "Mo-Fr 06:00-22:00"])
    book.save(tmp_path / "gates.xlsx")
    point = {"type": "Point", "coordinates": [121.4, 31.3]}
    said = {"code": "G1", "name": "南门", "access": "residents", "opening_hours": "Mo-Fr 06:00-22:00"}
    features = [{"type": "Feature", "properties": said, "geometry": point}]
    (tmp_path / "gates.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    columns = ["code", "name", "access", "hours", "geometry"]
    of_sheet, of_features = (
        read_gates(tmp_path / f"gates.{ending}").whole().frame[columns] for ending in ("xlsx", "geojson")
    )
    assert of_sheet.to_dict("records") == of_features.to_dict("records")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (",南门,121.4,31.3,,,", "code_missing"),
        ("G9,南门,121.4,31.3,everybody,,", "value_unknown"),
        ("G9,南门,121.4,31.3,,6 to 10,", "gate_hours_malformed"),
        ("G9,南门,121.4,31.3,,mon-fri 06:00-26:00,", "gate_hours_malformed"),
        ("G9,南门,121.4,31.3,,off,", "gate_hours_malformed"),
        ("G9,南门,abc,31.3,,,", "number_malformed"),
        ("G9,南门,,31.3,,,", "value_missing"),
        ("G1,南门,121.4,31.3,,,", "code_repeated"),
        ("G9,南门,121.4", "row_ragged"),
    ],
)
def test_a_bad_row_is_told_by_its_line_and_nothing_is_kept_by_half(tmp_path: Path, line: str, code: str) -> None:
    intake = read_gates(table(tmp_path, "G1,西门,121.40,31.30,,,", line))
    assert (3, code) in [(problem.row, problem.code) for problem in intake.problems]
    with pytest.raises(FileRefusedError):
        intake.whole()
    assert all(problem.message("en") != problem.message("zh") for problem in intake.problems)


def test_a_table_without_codes_says_which_columns_it_wants(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refusal:
        read_gates(table(tmp_path, "南门,121.4,31.3", header="title,lon,lat"))
    assert refusal.value.code == "column_missing"


SQUARE = [[[121.40, 31.30], [121.41, 31.30], [121.41, 31.31], [121.40, 31.31], [121.40, 31.30]]]


def test_compounds_are_surfaces_with_names(tmp_path: Path) -> None:
    features = [
        {"type": "Feature", "properties": {"name": name}, "geometry": {"type": kind, "coordinates": coordinates}}
        for name, kind, coordinates in (
            ("天馨花园", "Polygon", SQUARE), (None, "Polygon", SQUARE), ("线", "LineString", SQUARE[0])
        )
    ]  # fmt: skip
    (tmp_path / "c.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    intake = read_features(tmp_path / "c.geojson", kind="compound")
    assert intake.frame["name"].tolist() == ["天馨花园"]
    assert [(problem.row, problem.code) for problem in intake.problems] == [(2, "value_missing"), (3, "geometry_type")]


def test_of_a_map_only_what_it_says_is_walled(tmp_path: Path) -> None:
    corners = {1: (121.40, 31.30), 2: (121.41, 31.30), 3: (121.41, 31.31)}
    nodes = "".join(f'<node id="{i}" lon="{x}" lat="{y}"/>' for i, (x, y) in corners.items())
    ways = "".join(
        f'<way id="{way}"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="1"/>'
        + "".join(f'<tag k="{k}" v="{v}"/>' for k, v in {"landuse": "residential", **tags}.items())
        + "</way>"
        for way, tags in ((1, {"name": "open"}), (2, {"barrier": "wall", "name": "walled"}), (3, {"gated": "yes"}))
    )
    (tmp_path / "a.osm").write_text(f'<?xml version="1.0"?><osm version="0.6">{nodes}{ways}</osm>', encoding="utf-8")
    found = read_features(tmp_path / "a.osm", kind="compound").whole().frame
    assert found["name"].tolist() == ["walled", None]
