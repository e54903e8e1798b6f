"""From boundary editions in the database to the map page of areas, on the town drawn in ``fixtures/drawn_town.sql``."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy.orm import Session

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.errors import NotFoundError
from gridmgmt.settings import Settings
from maps.areas_map import areas_map
from maps.commands import map_group
from tests.db.test_layers import TODAY, TOWN, raw


@pytest.fixture
def town(session: Session) -> Session:
    raw(session).execute(TOWN.read_bytes())
    return session


def data(page: str) -> Any:
    found = re.search(r"^const PAGE = (.*);$", page, re.MULTILINE)
    assert found is not None
    return json.loads(found[1])


def names(shown: Any, stop: int) -> set[str]:
    return {shown["areas"][number][2] for number, _ in shown["stops"][stop]["areas"]}


def test_every_day_on_which_boundaries_changed_is_a_stop(town: Session) -> None:
    shown = data(areas_map(town, today=TODAY, lang="zh"))
    assert [(stop["on"], stop["editions"]) for stop in shown["stops"]] == [
        ("2020-01-01", [["areas", "in_force"]]),
        ("2024-01-01", [["areas 2024", "in_force"]]),
    ]
    assert shown["now"] == 1
    assert [stop["modes_on"] for stop in shown["stops"]] == ["2020-01-01", "2024-06-01"]
    # Four areas of the first edition, the later version of one quarter: each version once.
    assert len(shown["areas"]) == 5
    assert names(shown, 0) == {"区", "镇", "片", "旧居民区"}
    assert names(shown, 1) == {"区", "镇", "片", "居民区"}


def test_what_begins_later_is_scheduled(town: Session) -> None:
    shown = data(areas_map(town, today=date(2023, 12, 31), lang="zh"))
    assert shown["now"] == 0
    assert shown["stops"][1]["editions"] == [["areas 2024", "scheduled"]]


def test_modes_are_those_of_today_with_their_override(town: Session) -> None:
    raw(town).execute(
        "INSERT INTO town_modes (town_code, valid_from, mode, decided_by, override_by, override_document,"
        " override_reason, override_dated) VALUES ('310113109', '2024-05-01', 'basic_management_unit', 'a', 'b', 'c',"
        " 'd', '2024-04-01')"
    )
    shown = data(areas_map(town, today=TODAY, lang="zh"))
    classes = [{shown["areas"][n][2]: class_ for n, class_ in stop["areas"]} for stop in shown["stops"]]
    assert [found["镇"] for found in classes] == ["undecided", "basic_management_unit"]
    assert [stop["overrides"] for stop in shown["stops"]] == [{}, {"310113109": ["b", "c", "2024-04-01", "d"]}]


def test_one_area_with_all_below_it_and_chosen_levels(town: Session) -> None:
    assert names(data(areas_map(town, today=TODAY, lang="zh", area="310113109")), 1) == {"镇"}
    assert names(data(areas_map(town, today=TODAY, lang="zh", levels=[AreaLevel.SECTOR])), 1) == {"片"}
    with pytest.raises(NotFoundError, match="nowhere"):
        areas_map(town, today=TODAY, lang="zh", area="nowhere")


def test_without_boundaries_the_way_to_them_is_told(session: Session) -> None:
    with pytest.raises(NotFoundError, match="gridmgmt import areas"):
        areas_map(session, today=TODAY, lang="en")


def test_the_command_writes_the_page(fresh_database_url: str, tmp_path: Path) -> None:
    with psycopg.connect(fresh_database_url) as connection:
        connection.execute(TOWN.read_bytes())
    settings, file = Settings(database_url=fresh_database_url), tmp_path / "areas.html"
    command = ["areas", "-o", str(file), "--level", "town", "--level", "sector", "--lang", "en"]
    done = CliRunner().invoke(map_group, command, obj=settings, catch_exceptions=False)
    assert done.exit_code == 0
    page = file.read_text(encoding="utf-8")
    assert '<html lang="en">' in page
    assert data(page)["levels"] == ["town", "sector"]
