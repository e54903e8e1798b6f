"""The coverage report on paper: its drawings, its bytes, its typefaces."""

import re
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridmgmt.errors import UnavailableError
from gridmgmt.reports import coverage_pdf_maps, pdf_fonts, pdf_maps
from gridmgmt.reports.coverage_html import coverage_html
from gridmgmt.reports.coverage_pdf import coverage_pdf
from gridmgmt.reports.coverage_pdf_maps import Drawn, Ground, coverage_maps
from gridmgmt.reports.palette import BEYOND, NO_RATIO, RATIO_CLASSES
from gridmgmt.reports.pdf_maps import Frame
from gridmgmt.reports.public import public_form
from gridmgmt.texts import Language
from tests.support.coverage_example import SIZE_DEG, SOUTH, WEST, Example, make_example


@pytest.fixture(scope="module")
def example() -> Example:
    return make_example()


@pytest.fixture(scope="module")
def ground(example: Example) -> Ground:
    streets = np.array(
        [
            shapely.LineString([(WEST, SOUTH + y * SIZE_DEG), (WEST + 3 * SIZE_DEG, SOUTH + y * SIZE_DEG)])
            for y in (1, 2)
        ],
        dtype=object,
    )
    points = example.points[["lon", "lat"]].to_numpy()
    return Ground(example.areas, streets, points, pa.Table.from_pandas(example.places, preserve_index=False))


def streams(pdf: bytes) -> bytes:
    """Return the PDF with its compressed parts unpacked."""
    found = [pdf]
    for packed in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            found.append(zlib.decompress(packed))
        except zlib.error:
            continue
    return b"\n".join(found)


def svg(drawn: Drawn) -> str:
    return "".join(layer for _, layer in drawn.layers)


def pages(pdf: bytes) -> int:
    return int(re.findall(rb"/Count (\d+)", streams(pdf))[0])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_equal_reports_are_equal_bytes(example: Example, ground: Ground, lang: Language) -> None:
    first, second = (coverage_pdf(example.document, ground, lang) for _ in range(2))
    assert first == second
    assert first.startswith(b"%PDF-")


def test_the_two_languages_differ(example: Example, ground: Ground) -> None:
    assert coverage_pdf(example.document, ground, "zh") != coverage_pdf(example.document, ground, "en")


def test_the_chinese_typeface_is_embedded_as_a_subset(example: Example, ground: Ground) -> None:
    pdf = coverage_pdf(example.document, ground, "zh")
    family = pdf_fonts.chinese_typeface().family.replace(" ", "").encode()
    names = set(re.findall(rb"/(?:BaseFont|FontName) ?/([A-Z]{6}\+[\w-]+)", streams(pdf)))
    assert names
    assert all(name[7:].lower().startswith(family[:9].lower()) for name in names), names
    assert len(pdf) < 2_000_000, "a whole Chinese typeface is ten times as large"


def test_words_of_the_data_are_words_and_no_commands(example: Example, ground: Ground) -> None:
    points = example.document.service_points
    wild = points.listed[0].model_copy(update={"name": '#panic("x") *b* _i_ $x$ @y <z> \\ `'})
    listed = points.model_copy(update={"listed": (wild, *points.listed[1:])})
    document = example.document.model_copy(update={"service_points": listed})
    assert coverage_pdf(document, ground, "zh").startswith(b"%PDF-")


def test_the_public_form_draws_no_place(example: Example, ground: Ground) -> None:
    public = public_form(example.document, 10)
    areas_alone = Ground(ground.areas, ground.streets, ground.points, None)
    maps = coverage_maps(public, areas_alone, "zh")
    assert [drawn.key for drawn in maps] == ["areas"]
    withheld = {area.code for area in public.levels[-1].areas if area.figures.ratio is None}
    assert (NO_RATIO in svg(maps[0])) == bool(withheld)
    assert pages(coverage_pdf(public, areas_alone, "zh")) < pages(coverage_pdf(example.document, ground, "zh"))


def test_maps_of_the_exact_form(example: Example, ground: Ground) -> None:
    maps = coverage_maps(example.document, ground, "en")
    assert [drawn.key for drawn in maps] == ["areas", "walks", "missed", "flows"]
    areas, walks, missed, flows = maps
    assert example.document.flows is not None
    assert svg(flows).count("stroke-width") >= len(example.document.flows.areas)
    colours = set(re.findall(r'fill="(#\w{6})"', svg(areas)))
    assert colours & {colour for _, colour in RATIO_CLASSES}
    assert BEYOND in svg(missed)
    assert [sign.words for sign in walks.signs][:2] == ["≤ 5 min", "≤ 10 min"]
    assert {sign.colour for sign in missed.signs} == {BEYOND, coverage_pdf_maps.POINT}
    heavier, lighter = (sign.radius for sign in missed.signs[:2])
    assert heavier > lighter > 0


def test_a_page_of_html_has_the_same_maps_and_needs_nothing_from_outside(example: Example, ground: Ground) -> None:
    page = coverage_html(example.document, "en", maps=coverage_maps(example.document, ground, "en"))
    assert re.findall(r'id="map_(\w+)"', page) == ["areas", "walks", "missed", "flows"]
    assert not re.search(r"(?i)(src|href|url)\s*[=(]|https?://|<script", page)
    public = public_form(example.document, 10)
    maps = coverage_maps(public, Ground(ground.areas, ground.streets, ground.points, None), "en")
    assert re.findall(r'id="map_(\w+)"', coverage_html(public, "en", maps=maps)) == ["areas"]


def test_a_frame_by_hand() -> None:
    """At the equator a box of 2° by 1° is as wide as two of its heights, and its south-west corner is at the bottom."""
    frame = Frame.around((-1, -0.5, 1, 0.5))
    assert frame.height == 850
    corners = frame.units(np.array([[-1.02, -0.51], [1.02, 0.51], [0, 0]]))
    np.testing.assert_allclose(corners, [[0, 850], [1700, 0], [850, 425]], atol=1e-6)
    assert frame.width_m == pytest.approx(2.04 * 111_320)
    length_m, share = frame.scale_bar()
    assert length_m == 50_000
    assert share == pytest.approx(50_000 / (2.04 * 111_320))


@given(st.floats(-170, 170), st.floats(-60, 60), st.floats(0, 3), st.floats(0, 3))  # a single point, a line and any box
def test_a_frame_holds_its_box_on_one_page(west: float, south: float, wide: float, tall: float) -> None:
    box = (west, south, west + wide, south + tall)
    frame = Frame.around(box)
    assert 500 <= frame.height <= pdf_maps.TALLEST + 1
    corners = frame.units(np.array([[box[0], box[1]], [box[2], box[3]]]))
    assert (corners >= -1e-6).all()
    assert (corners <= [pdf_maps.WIDTH + 1e-6, frame.height + 1e-6]).all()
    length, share = frame.scale_bar()
    assert length > 0
    assert 0 < share <= 0.25


def test_squares_take_the_class_of_most_residents() -> None:
    frame = Frame.around((0, 0, 1, 1))
    here = np.array([[0.5, 0.5]] * 3 + [[0.9, 0.9]])
    column, _, class_ = pdf_maps.squares(frame, here, np.array([0, 1, 1, 2]), np.array([5.0, 2, 2, 1]), 3)
    assert len(column) == 2
    assert class_.tolist() == [0, 2]


def test_holes_and_specks() -> None:
    """A ring and its hole are one path; what is smaller than a tenth of a millimetre is not drawn."""
    frame = Frame.around((0, 0, 1, 1))
    ring = shapely.box(0.1, 0.1, 0.9, 0.9) - shapely.box(0.4, 0.4, 0.6, 0.6)
    drawn = pdf_maps.surfaces(frame, np.array([ring, shapely.box(0.2, 0.2, 0.20001, 0.20001)]), ["#000000", "#000000"])
    assert drawn.count("M") == 2
    assert drawn.count("z") == 2
    assert pdf_maps.outlines(frame, np.empty(0, dtype=object), "#000000", 1).count("M") == 0


def test_circles_grow_with_the_root_of_the_residents() -> None:
    assert pdf_maps.radius_of(np.array([100.0, 25, 0]), 100.0, 30.0).tolist() == [30, 15, 0]


def test_merged_places_keep_all_residents() -> None:
    """Two places of one square become one where their residents' middle is; one far away stays."""
    frame = Frame.around((0, 0, 1, 1))
    lonlat = np.array([[0.500, 0.500], [0.504, 0.500], [0.9, 0.9]])
    at, total = pdf_maps.merged(frame, lonlat, np.array([3.0, 1, 5]))
    assert sorted(total.tolist()) == [4, 5]
    np.testing.assert_allclose(at[total == 4], [[0.501, 0.5]])


def test_without_a_chinese_typeface_the_packages_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="fonts-droid-fallback") as caught:
        pdf_fonts.chinese_typeface([tmp_path, tmp_path / "absent"])
    assert str(tmp_path) in str(caught.value)


def test_the_preferred_typeface_wins_wherever_it_lies(tmp_path: Path) -> None:
    for name in ("a/wqy-microhei.ttc", "b/deep/NotoSansCJK-Regular.ttc", "b/DroidSansFallbackFull.ttf"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    found = pdf_fonts.chinese_typeface([tmp_path / "a", tmp_path / "b"])
    assert (found.family, [file.name for file in found.files]) == ("Noto Sans CJK SC", ["NotoSansCJK-Regular.ttc"])
    (tmp_path / "b/deep/NotoSansCJK-Regular.ttc").unlink()
    assert pdf_fonts.chinese_typeface([tmp_path / "b", tmp_path / "a"][:1]).family != "Noto Sans CJK SC"
