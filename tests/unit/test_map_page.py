import re

import folium
import numpy as np
import pandas as pd
import pytest

from gridmgmt.analysis.status import PlaceStatus
from gridmgmt.reports.palette import NO_RATIO, RATIO_CLASSES, ratio_colour
from maps import place_layer as layers
from maps.coverage_page import coverage_page
from maps.place_layer import classes, place_layer
from tests.support.coverage_example import Example, make_example


@pytest.fixture(scope="module")
def example() -> Example:
    return make_example()


def test_equal_inputs_give_equal_pages(example: Example) -> None:
    one, again = (coverage_page(example.document, example.areas, example.places, example.points) for _ in range(2))
    assert one == again


def test_folium_s_own_lists_are_left_alone(example: Example) -> None:
    before = list(folium.Map.default_js), list(folium.Map.default_css)
    coverage_page(example.document, example.areas, example.places, example.points)
    assert (list(folium.Map.default_js), list(folium.Map.default_css)) == before
    assert before[0]


def test_page_links_nothing(example: Example) -> None:
    page = coverage_page(example.document, example.areas, example.places, example.points)
    assert not re.search(r"<(script|link|img|iframe)[^>]*(src|href)=", page)
    assert not re.search(r"url\((?!#)|@import|sourceMappingURL", page)


def test_names_cannot_break_out_of_the_page(example: Example) -> None:
    evil = "</script><img src=x onerror=alert(1)>"
    town = example.document.levels[1]
    area = town.areas[0].model_copy(update={"name": evil})
    levels = (example.document.levels[0], town.model_copy(update={"areas": (area, *town.areas[1:])}))
    points = example.points.assign(name=evil)
    page = coverage_page(example.document.model_copy(update={"levels": levels}), example.areas, None, points)
    assert evil not in page
    assert page.count("</script>") == page.count("<script>")


def test_classes_of_places_by_hand(example: Example) -> None:
    covered, uncovered, not_connectable, outside = (int(s) for s in PlaceStatus)
    places = pd.DataFrame(
        [
            (121.5, 31.2, covered, 300.0, 4.0),
            (121.5, 31.2, covered, 300.1, 4.0),
            (121.5, 31.2, covered, 1200.0, 4.25),
            (121.5, 31.2, uncovered, 1200.1, 4.0),
            (121.5, 31.2, uncovered, np.nan, 4.0),
            (121.5, 31.2, not_connectable, np.nan, 4.0),
            (121.5, 31.2, outside, np.nan, np.nan),
        ],
        columns=["lon", "lat", "status", "walk_time_s", "residents"],
    )
    rows = np.array(place_layer(example.document, places).rows).reshape(-1, 5)
    assert rows[:, 2].tolist() == [0, 1, 3, 4, 4, 5, 6]
    assert rows[0].tolist() == [121_500_000, 31_200_000, 0, 4, 300]
    assert rows[2, 3] == 4.2
    assert rows[-1].tolist()[3:] == [1, -1]
    names = [name for _, name in classes(example.document, "en")]
    assert names == [
        "≤ 5 min",
        "≤ 10 min",
        "≤ 15 min",
        "≤ 20 min",
        "over 20 min",
        "Not connectable",
        "Outside the network",
    ]


def test_many_places_become_squares_that_keep_all_residents(example: Example) -> None:
    rng = np.random.default_rng(5)
    n = layers.MAX_DOTS + 1
    places = pd.DataFrame(
        {
            "lon": rng.uniform(114.0, 114.5, n),
            "lat": rng.uniform(30.4, 30.8, n),
            "status": np.where(rng.random(n) < 0.5, 0, 1),
            "walk_time_s": rng.uniform(100, 1200, n),
            "residents": rng.exponential(2.0, n),
        }
    )
    layer = place_layer(example.document, places)
    rows = np.array(layer.rows).reshape(-1, 5)
    assert layer.square is not None
    assert len(rows) <= layers.MAX_SQUARES * 1.05
    assert rows[:, 3].sum() == pytest.approx(places["residents"].sum(), rel=2e-3)  # each square shows one decimal
    assert set(rows[:, 2]) <= {0, 1, 2, 3, 4}
    width_m = layer.square[0] * 111_320 * np.cos(np.radians(30.6))
    assert width_m == pytest.approx(layer.size_m, rel=0.02)
    page = coverage_page(example.document, example.areas, places, example.points, "en")
    assert f"There are {n:,} places" in page
    assert len(page) < 2_000_000


def test_square_takes_the_class_of_most_residents(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "MAX_DOTS", 0)
    monkeypatch.setattr(layers, "MAX_SQUARES", 1)
    places = pd.DataFrame(
        {
            "lon": [121.0, 121.0001, 121.0002, 121.002],
            "lat": [31.0, 31.0001, 31.0001, 31.002],
            "status": [0, 0, 1, 2],
            "walk_time_s": [200.0, 200.0, 2000.0, np.nan],
            "residents": [3.0, 3.0, 5.0, 1.0],
        }
    )
    rows = np.array(place_layer(example.document, places).rows).reshape(-1, 5)
    assert rows[:, 2:4].tolist() == [[0, 11], [5, 1]]


def test_colour_of_a_ratio_by_hand() -> None:
    expected = {1.0: 0, 0.95: 0, 0.949: 1, 0.6: 2, 0.4: 3, 0.2: 4, 0.0: 5}
    for ratio, class_ in expected.items():
        assert ratio_colour(ratio) == RATIO_CLASSES[class_][1]
    assert ratio_colour(None) == NO_RATIO
