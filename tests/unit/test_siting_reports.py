"""A siting answer on a page, on paper, in a workbook and as GeoJSON: its numbers are those that a person counted."""

import io
import json
import re

import numpy as np
import openpyxl
import pytest
import shapely

from gridmgmt.analysis.siting.model import SitingModel
from gridmgmt.editions.rules import Counting
from gridmgmt.reports.formatting import gap_text, hours_text
from gridmgmt.reports.siting_drawings import SitingGround, curve_drawn, round_ticks, siting_maps
from gridmgmt.reports.siting_geojson import siting_geojson
from gridmgmt.reports.siting_html import siting_html
from gridmgmt.reports.siting_pdf import siting_pdf
from gridmgmt.reports.siting_tables import area_tables, chosen_table, curve_table, rejected_table, stresses_table
from gridmgmt.reports.siting_words import bound_amount, certificate_text, siting_figures, sure_text
from gridmgmt.reports.siting_xlsx import siting_xlsx
from gridmgmt.siting.document import canonical_json, text_sha256
from gridmgmt.texts import LANGUAGES, Language, text
from tests.support.siting_example import CERTIFICATE, PROVEN, TERMS, make_siting, point, siting_areas

EVIL = "</script><img src=x onerror=alert(1)>"


def ground() -> SitingGround:
    return SitingGround(siting_areas(), np.array([[121.415, 31.305]]))


def test_what_no_plan_can_be_is_told_in_words() -> None:
    assert certificate_text(make_siting(), "en") == (
        "With this plan 850 residents have a point within 20 minutes. "
        "Under these terms no plan of 3 points can have more than 860 residents; this one is at most 1.09 % below it."
    )
    assert certificate_text(make_siting(certificate=PROVEN), "zh") == (
        "本方案使 850 人在 20 分钟内步行可达服务点。已证明最优：在这些条件下，任何 3 个点的方案都不会更好。"
    )


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("model", SitingModel)
@pytest.mark.parametrize("unit", ["residents", "points", "s", "resident_s", "ratio"])
@pytest.mark.parametrize("gap", [0.01, None])
def test_every_model_has_its_words(lang: Language, model: SitingModel, unit: str, gap: float | None) -> None:
    terms = TERMS.model_copy(update={"model": model, "points": None, "horizon_s": 3600.0})
    certificate = CERTIFICATE.model_copy(update={"unit": unit, "objective": 0.5, "bound": 0.4, "gap": gap})
    page = siting_html(make_siting(terms=terms, certificate=certificate), lang)
    assert certificate_text(make_siting(terms=terms, certificate=certificate), lang) in page.replace("&#39;", "'")


@pytest.mark.parametrize(
    ("unit", "bound", "told"),
    [
        ("residents", 859.01, "860 residents"), ("residents", 859.0, "859 residents"), ("ratio", 0.8001, "80.1 %"),
        ("ratio", 0.99999, "100 %"), ("s", 605.9, "10 min"), ("points", 6.999, "6 points"),
        ("resident_s", 7199.0, "1 hours in all"),
    ],
)  # fmt: skip
def test_a_bound_is_rounded_away_from_the_plan(unit: str, bound: float, told: str) -> None:
    assert bound_amount(CERTIFICATE.model_copy(update={"unit": unit, "bound": bound}), "en") == told


def test_a_gap_is_never_told_too_small() -> None:
    assert [gap_text(gap) for gap in (0.0, 1e-12, 0.01, 0.010001, None)] == ["0 %", "0.01 %", "1.00 %", "1.01 %", "—"]
    assert hours_text(2848268129.7145) == "791,186"


def test_figures_by_hand() -> None:
    covered, new, worst, best = siting_figures(make_siting(), "en")
    assert (covered.value, covered.detail) == ("85.0 %", "850 of 1,000; before 40.0 %")
    assert (new.value, new.detail) == ("450", "3 new points, of 17 eligible candidates (20 in all)")
    assert (worst.value, best.value) == ("0 %", "≤ 1.09 %")
    assert worst.label == "Lowest ratio: Residential quarter"
    assert siting_figures(make_siting(certificate=PROVEN), "en")[3].value == "Proven best"


def test_parts_of_residents_make_no_parts_of_points_and_no_bound_beyond_a_proof() -> None:
    inputs = tuple(each.model_copy(update={"counting": Counting.MODELLED}) for each in make_siting().inputs)
    proven = PROVEN.model_copy(update={"objective": 849.6, "bound": 849.6})
    document = make_siting(inputs=inputs, certificate=proven, chosen=(point(1, 49.6),))
    assert siting_figures(document, "en")[3].detail == "Objective 850 residents; bound 850 residents"
    page = siting_html(document, "en")
    assert '<td class="whole">1</td>' in page
    assert '<td class="count">49.6</td>' in page


def test_a_plan_for_places_without_counts_tells_of_no_residents() -> None:
    inputs = tuple(each.model_copy(update={"counting": Counting.PLACES_ONLY}) for each in make_siting().inputs)
    document = make_siting(inputs=inputs, certificate=PROVEN)
    assert "处居住点" in certificate_text(document, "zh")
    told = certificate_text(document, "en")
    assert " places have a point" in told
    assert "residents" not in told


def test_sure_points_are_counted_and_none_is_said_to_be_none() -> None:
    assert sure_text(make_siting(), "en") == "1 of the 3 points are sure: every plan near the best has them."
    assert sure_text(make_siting(chosen=(point(2, 150.0),)), "en") == text("siting_report.none_sure", "en")
    assert sure_text(make_siting(chosen=(point(1, 250.0, sure=None),)), "en") is None


def test_tables_hold_the_numbers_of_the_answer() -> None:
    document = make_siting()
    chosen = chosen_table(document, "en")
    assert [column.label for column in chosen.columns] == [
        "Rank", "Sure", "Name", "Code", "Area", "Newly covered", "Nearest for", "Cost (yuan)", "Placeability",
        "Longitude", "Latitude",
    ]  # fmt: skip
    assert chosen.rows[1][:9] == (2.0, "", "候选点2", "C2", "三居", 150.0, 180.0, 200_000.0, "warn (see newly covered)")
    _, quarters = area_tables(document, "en")
    assert [row[4:6] for row in quarters.rows] == [(400.0, 100.0), (300.0, 200.0), (150.0, 150.0), (0.0, 0.0)]
    assert sum(row[5] for row in quarters.rows) == document.totals[0].covered_after - 400  # type: ignore[misc]
    assert [row[-1] for row in curve_table(document, "en").rows] == [None, 150.0, 50.0]
    assert [row[:2] for row in rejected_table(document, "en").rows] == [
        ("Inside a forbidden zone", 2.0), ("Fails its placeability check: ground", 1.0),
    ]  # fmt: skip
    assert stresses_table(document, "zh").rows[1][0] == "走的人最多的出入口关闭：东门（G01-1）"


def test_a_model_that_counts_walks_tells_each_point_s_gain() -> None:
    terms = TERMS.model_copy(update={"model": SitingModel.P_CENTER})
    certificate = CERTIFICATE.model_copy(update={"unit": "s", "objective": 900.0, "bound": 840.0})
    table = chosen_table(make_siting(terms=terms, certificate=certificate), "en")
    assert ("Gain", "minutes") in [(column.label, column.kind) for column in table.columns]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_page_tells_all_and_needs_nothing_from_outside(lang: Language) -> None:
    document = make_siting()
    page = siting_html(document, lang, ground=ground())
    assert not re.search(r"(?i)(src|href|url)\s*[=(]|https?://|<script", page)
    body = page[page.index("<body>") :]
    order = ["certificate", "figures", "map_after", "map_before", "map_curve", "chosen", "totals", "curve",
             "stresses", "rejected", "residential_quarter", "uncoverable", "parameters", "inputs"]  # fmt: skip
    places = [body.index(f'id="{name}"') for name in order]
    assert places == sorted(places)
    assert text_sha256(canonical_json(document)) in page
    assert "<b>四居" not in page


def test_names_stay_text_on_the_page_and_on_paper() -> None:
    wild = point(1, 250.0, name=EVIL, area_name='#panic("x") *b* _i_ $x$ @y <z> \\ `')
    document = make_siting(chosen=(wild,))
    assert EVIL not in siting_html(document)
    assert siting_pdf(document).startswith(b"%PDF-")


def test_equal_answers_are_equal_bytes() -> None:
    one, again = make_siting(), make_siting()
    assert siting_html(one, ground=ground()) == siting_html(again, ground=ground())
    assert siting_xlsx(one) == siting_xlsx(again)
    assert siting_geojson(one) == siting_geojson(again)
    first = siting_pdf(one, "en", ground=ground())
    assert first == siting_pdf(again, "en", ground=ground())
    assert first != siting_pdf(make_siting(certificate=PROVEN), "en", ground=ground())


def test_the_curve_is_drawn_where_its_numbers_are() -> None:
    """From 400 residents of no new point to 850 of three: ticks from 400 to 900, the last point at nine tenths."""
    drawn = curve_drawn(make_siting(), "en")
    assert drawn is not None
    circles = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', drawn.layers[0][1])
    assert [(float(x), float(y)) for x, y in circles] == [
        (190.0, 580.0), (673.3, 325.0), (1156.7, 172.0), (1640.0, 121.0),
    ]  # fmt: skip
    words = [label.words for label in drawn.labels]
    assert words[:2] == ["Residents covered", "New points"]
    assert words[2:] == ["400", "500", "600", "700", "800", "900", "0", "1", "2", "3"]
    assert curve_drawn(make_siting(curve=()), "en") is None


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.31, 0.32), (7.0, 8.0), (1e5, 1.4e6), (5.0, 5.0)])
def test_ticks_hold_their_values_and_are_few(low: float, high: float) -> None:
    ticks = round_ticks(low, high)
    assert ticks[0] <= low + 1e-9
    assert ticks[-1] >= high - 1e-9
    assert 2 <= len(ticks) <= 8


def test_maps_before_and_after_and_the_ranks_on_their_points() -> None:
    after, before = siting_maps(make_siting(), ground(), "en")
    assert (after.key, before.key) == ("after", "before")
    assert [label.words for label in after.labels] == ["1", "2", "3"]
    fills = dict((*after.layers, *before.layers))
    assert fills["after.svg"].count("#1F7A72") == 1, "two quarters are whole, one path"
    assert "#1F7A72" not in fills["before.svg"]
    assert "stroke" in fills["zones.svg"]
    (alone,) = siting_maps(make_siting(), None, "en")
    assert all(0 < label.x < 1 and 0 < label.y < 1 for label in alone.labels)
    far = siting_areas()
    far = far.set_geometry(far.geometry.scale(9, 9, origin=(121.42, 31.32)))
    wide, _ = siting_maps(make_siting(), SitingGround(far), "en")
    assert {label.x > 0.7 or label.x < 0.3 for label in wide.labels} == {True}, "the map is of the points' corner"
    nothing = make_siting(chosen=(), terms=TERMS.model_copy(update={"forbidden": ()}))
    assert siting_maps(nothing, None, "en") == []


def test_workbook_holds_unrounded_numbers_and_no_formula() -> None:
    document = make_siting(chosen=(point(1, 250.0, name="=1+1"), point(2, 150.25)))
    book = openpyxl.load_workbook(io.BytesIO(siting_xlsx(document, "en")))
    assert book.sheetnames[:5] == [
        "Summary", "New points", "Before and after", "Trade-off of points and gain", "Newly covered by each point, by",
    ]  # fmt: skip
    name = book["New points"]["C2"]
    assert (name.value, name.data_type) == ("=1+1", "s")
    assert book["New points"]["F3"].value == 150.25
    assert book["Trade-off of points and gain"]["D4"].value == pytest.approx(9.2 / 850)
    summary = [cell for row in book["Summary"].iter_rows(values_only=True) for cell in row if cell]
    assert certificate_text(document, "en") in summary
    assert text("siting_report.how_bound", "en") in summary


def test_geojson_has_points_zones_and_whom_nothing_covers() -> None:
    document = make_siting()
    collection = json.loads(siting_geojson(document))
    kinds = [feature["properties"]["feature"] for feature in collection["features"]]
    assert kinds == ["chosen"] * 3 + ["rejected"] * 3 + ["forbidden_zone"] + ["uncoverable"] * 2
    first = collection["features"][0]
    assert first["geometry"]["coordinates"] == pytest.approx([document.chosen[0].lon, document.chosen[0].lat])
    assert first["properties"]["newly_covered"] == 250.0
    assert first["properties"]["newly_covered_80_plus"] == 20.0
    assert shapely.from_geojson(json.dumps(collection["features"][6]["geometry"])).area == pytest.approx(0.005**2)
    assert collection["provenance"]["result_sha256"] == text_sha256(canonical_json(document))
    assert collection["features"][5] == {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [121.41, 31.31]},
        "properties": {"feature": "rejected", "reason": "check.ground"},
    }
    assert collection["certificate"]["bound"] == 859.2
