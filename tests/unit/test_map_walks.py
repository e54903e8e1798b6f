"""Who is missed, sure ground, flows and gates on the map page: what is drawn, what is left out, and what is said."""

import re

import numpy as np
import pandas as pd
import pytest
import shapely

from gridmgmt.analysis.walking.gates import Access, Gate
from gridmgmt.reports.public import public_form
from gridmgmt.texts import LANGUAGES
from gridmgmt.walking.isochrones import GroundClass
from maps import walk_layers as layers
from maps.coverage_page import coverage_page
from maps.walk_layers import Surroundings, WalkLayer, light_ground, walk_layers
from tests.support.coverage_example import SOUTH, WEST, Example, make_example

AT = "wed 10:00"
IN_THE_EVENING = ((2 * 1440 + 19 * 60, 2 * 1440 + 22 * 60),)


@pytest.fixture(scope="module")
def example() -> Example:
    return make_example(n_places=600)


def around(at: str = AT, *, changed: bool = False) -> Surroundings:
    middle = shapely.Point(WEST + 0.02, SOUTH + 0.04)
    ground = {GroundClass.CERTAIN: middle.buffer(0.008), GroundClass.POSSIBLE: middle.buffer(0.01)}
    gates = [
        Gate(None, "G1", "西门", Access.PUBLIC, None, WEST + 0.01, SOUTH + 0.01),
        Gate(None, "G2", None, Access.RESIDENTS, IN_THE_EVENING, WEST + 0.02, SOUTH + 0.01),
        Gate(None, "G3", None, Access.CLOSED, None, WEST + 0.03, SOUTH + 0.01),
    ]
    return Surroundings(ground, gates, at, changed)


def found(example: Example, near: Surroundings | None = None) -> dict[str, WalkLayer]:
    return {layer.name: layer for layer in walk_layers(example.document, example.places, near, LANGUAGES)}


def test_gates_are_as_they_are_at_the_time_of_the_run(example: Example) -> None:
    by_day, in_the_evening = (found(example, around(at))["gates"] for at in (AT, "wed 20:00"))
    assert [(row[2], row[4]) for row in by_day.data] == [("public", "西门"), ("closed", "G2"), ("closed", "G3")]
    assert [row[2] for row in in_the_evening.data] == ["public", "residents", "closed"]
    assert [sign[2] for sign in by_day.signs["en"]] == ["open", "closed at this time"]


def test_all_who_are_missed_are_circles_the_heaviest_first(example: Example) -> None:
    missed = example.places[(example.places["status"] != 0) & (example.places["residents"] > 0)]
    rows = np.array(found(example)["missed"].data)
    assert len(rows) == len(missed)
    assert rows[:, 2].tolist() == sorted(rows[:, 2], reverse=True)
    assert rows[:, 2].sum() == pytest.approx(missed["residents"].sum(), abs=0.05 * len(missed))


def test_too_many_who_are_missed_are_merged_without_losing_one(example: Example) -> None:
    rng, n = np.random.default_rng(3), layers.MAX_CIRCLES * 4
    places = pd.DataFrame(
        {"lon": rng.uniform(114.0, 114.5, n), "lat": rng.uniform(30.4, 30.8, n), "status": 1, "residents": 2.0}
    )
    (missed,) = [each for each in walk_layers(example.document, places, None, LANGUAGES) if each.name == "missed"]
    rows = np.array(missed.data)
    assert len(rows) <= layers.MAX_CIRCLES * 1.05
    assert rows[:, 2].sum() == 2 * n
    # The places' middle stays theirs: nothing is moved to the corner of its square.
    assert np.average(rows[:, 0], weights=rows[:, 2]) == pytest.approx(1e6 * places["lon"].mean(), abs=1)
    assert f"There are {n:,} places not covered" in missed.notes["en"][0]


def test_flows_are_those_of_the_document_up_to_a_number(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    assert example.document.flows is not None
    flows = found(example)["flows"]
    first = example.document.flows.areas[0]
    assert len(flows.data) == len(example.document.flows.areas)
    assert flows.data[0][4:] == [
        round(first.residents, 1), round(first.mean_s), "residential_quarter", first.area_code, first.point_code,
    ]  # fmt: skip
    assert flows.notes["en"] == []
    monkeypatch.setattr(layers, "MAX_FLOWS", 5)
    some = found(example)["flows"]
    assert some.data == flows.data[:5]
    assert "the 5 with most residents" in some.notes["en"][0]


def test_ground_that_is_too_much_or_of_other_inputs_is_not_drawn_and_that_is_said(
    example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = found(example, around())["ground"]
    assert [row[0] for row in ground.data] == ["possible", "certain"], "the lowest first"
    for near, words in (
        (Surroundings(None, (), AT), "gridmgmt isochrone"),
        (Surroundings(None, (), AT, changed=True), "a new run has them"),
    ):
        layer = found(example, near)["ground"]
        assert layer.data is None
        assert words in layer.notes["en"][0]
    monkeypatch.setattr(layers, "MAX_VERTICES", 10)
    assert found(example, around())["ground"].data is None


def test_drawn_ground_promises_no_more_and_is_drawn_to_the_decimetre() -> None:
    rng = np.random.default_rng(7)
    spots = shapely.points(rng.uniform((WEST, SOUTH), (WEST + 0.02, SOUTH + 0.02), (60, 2)))
    certain = shapely.union_all(shapely.buffer(spots, 0.0015, quad_segs=64))
    possible = shapely.difference(shapely.union_all(shapely.buffer(spots, 0.0016, quad_segs=64)), certain)
    light = light_ground({GroundClass.CERTAIN: certain, GroundClass.POSSIBLE: possible})
    (layer,) = [
        each for each in walk_layers(make_example().document, None, Surroundings(light, (), AT), ["en"])
        if each.name == "ground"
    ]  # fmt: skip
    drawn = {kind: shapely.MultiPolygon([_polygon(rings) for rings in polygons]) for kind, _, polygons in layer.data}
    assert drawn["certain"].within(certain)
    assert drawn["possible"].contains(shapely.union(certain, possible))
    assert drawn["certain"].area > 0.95 * certain.area
    assert shapely.get_num_coordinates(drawn["certain"]) < shapely.get_num_coordinates(certain) / 4


def _polygon(rings: list[list[int]]) -> shapely.Polygon:
    first, *holes = (np.cumsum(np.reshape(ring, (-1, 2)), axis=0) / 1e6 for ring in rings)
    return shapely.Polygon(first, holes)


def test_the_public_page_has_ground_and_gates_and_nobody(example: Example) -> None:
    public = public_form(example.document, 10)
    page = coverage_page(public, example.areas, example.places, example.points, "en", around=around())
    drawn = re.search(r'"walks":\{(.*?)\},"shapes"', page)
    assert drawn is not None
    assert re.findall(r'"(ground|flows|missed|gates)":\[\[', drawn[1]) == ["ground", "gates"]


def test_a_page_of_a_city_stays_light(example: Example) -> None:
    rng, n = np.random.default_rng(5), 494_676
    places = pd.DataFrame(
        {
            "lon": rng.uniform(113.7, 115.1, n),
            "lat": rng.uniform(29.9, 31.4, n),
            "status": np.where(rng.random(n) < 0.3, 0, 1),
            "walk_time_s": rng.uniform(100, 1200, n),
            "residents": rng.exponential(3.0, n),
        }
    )
    gates = [Gate(None, f"G{i}", None, Access.PUBLIC, None, 114.0, 30.0) for i in range(2 * layers.MAX_GATES)]
    page = coverage_page(
        example.document, example.areas, places, example.points, around=Surroundings(None, gates, AT)
    )  # fmt: skip
    assert len(page.encode()) < 3_000_000
