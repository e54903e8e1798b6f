"""The layer of responsibility grids on real PostGIS: cells as one, by day and kind."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from gridmgmt.errors import InputError
from layers.revisions import entity_tag
from layers.selection import Selection, parse_selection
from layers.specs import layer_named
from layers.tiles import tile_at
from tests.db.test_layers import TODAY, TOWN, Connection, decoded, mvt, raw

LAYER = layer_named("responsibility_grids")
Draw = Callable[..., Any]


@pytest.fixture
def town(session: Session) -> Connection:
    connection = raw(session)
    connection.execute(TOWN.read_bytes())
    return connection


@pytest.fixture
def draw(town: Connection, tmp_path: Path) -> Draw:
    def drawn(selection: Selection, z: int = 15) -> Any:
        tile = tile_at(121.4701, 31.2, z)
        return decoded(mvt(town, LAYER.name, tile, selection), tile, tmp_path)

    return drawn


def test_the_cells_of_a_grid_are_one_surface(draw: Draw) -> None:
    """Two cells side by side, 0.002° by 0.002°: 190.6 m by 221.7 m at 31.2° N; no line runs between them."""
    (grid,) = draw(Selection(TODAY)).itertuples()
    assert (grid.code, grid.name, grid.kind, grid.post, grid.cells) == ("G1", "责任网格", "inspection", "P1", 2)
    assert grid.area_m2 == pytest.approx(190.58 * 221.73, rel=1e-3)
    (part,) = getattr(grid.geometry, "geoms", [grid.geometry])
    corners = {(round(x, 3), round(y, 3)) for x, y in part.exterior.coords}
    assert corners <= {
        (121.469, 31.199),
        (121.47, 31.199),
        (121.471, 31.199),
        (121.469, 31.201),
        (121.47, 31.201),
        (121.471, 31.201),
    }
    assert part.bounds == pytest.approx((121.469, 31.199, 121.471, 31.201), abs=1e-5)


def test_a_later_day_has_its_own_grids_and_another_kind_none(draw: Draw) -> None:
    later = draw(Selection(date(2031, 1, 1)))
    assert sorted(zip(later["code"], later["cells"], strict=True)) == [("G1", 1), ("G2", 1)]
    assert draw(Selection(TODAY, kind="police")).empty
    assert draw(Selection(date(2019, 1, 1))).empty


def test_a_kind_is_asked_for_by_its_code() -> None:
    asked = parse_selection(LAYER, [("kind", "police")], today=TODAY)
    assert asked == Selection(TODAY, kind="police")
    assert entity_tag(LAYER, asked, None, "1") != entity_tag(LAYER, Selection(TODAY), None, "1")
    with pytest.raises(InputError, match="inspection"):
        parse_selection(LAYER, [("kind", "no kind")], today=TODAY)
    with pytest.raises(InputError):
        parse_selection(layer_named("areas"), [("kind", "police")], today=TODAY)
