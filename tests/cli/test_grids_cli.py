"""The commands on posts and responsibility grids."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy.orm import Session

from gridmgmt.cli.grids import grids, import_grids, import_posts
from gridmgmt.db import make_engine
from gridmgmt.errors import FileRefusedError
from gridmgmt.settings import Settings
from tests.support import paper_grids
from tests.support.division import spot
from tests.support.paper_grids import EASTERN, WESTERN, cell


class Folder:
    """A database that holds the town, and the commands on it."""

    def __init__(self, url: str, data: Path) -> None:
        self.settings = Settings(data=data, database_url=url, lang="en")
        self.data, self.url = data, url

    def run(self, command, *arguments: str, lang: str = "en") -> str:
        settings = self.settings.model_copy(update={"lang": lang})
        done = CliRunner().invoke(command, list(arguments), obj=settings, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    def file(self, name: str, *rows: tuple[str, ...]) -> str:
        with (self.data / name).open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(rows)
        return str(self.data / name)


@pytest.fixture
def folder(fresh_database_url: str, tmp_path: Path) -> Folder:
    engine = make_engine(fresh_database_url)
    with Session(engine) as session, session.begin():
        paper_grids.build(session)
    engine.dispose()
    return Folder(fresh_database_url, tmp_path)


def test_from_files_to_an_accepted_proposal(folder: Folder) -> None:
    posts = folder.file("posts.csv", ("code", "name", "kind", "body"), ("P5", "夜班岗", "巡查采集", "城运中心"))
    said = folder.run(import_posts, posts, "--from", "2026-01-05")
    assert said.strip() == "1 posts read, 1 new or changed, 0 there before"
    corner = cell(5, 0)
    rows = [(code, "inspection", "W", "西", "P1", "P2", "mon-fri 08:30-17:30") for code in sorted(WESTERN)]
    rows += [(code, "inspection", "E", "东", "P3", "P4", "") for code in sorted(EASTERN - {corner})]
    header = ("cell_code", "kind", "grid_code", "grid_name", "post_code", "backup_code", "hours")
    file = folder.file("grids.csv", header, *rows)
    assert folder.run(import_grids, file, "--from", "2026-01-05").startswith("11 rows read: 2 grids created")
    on = ("--on", "2026-02-01")
    assert [grid["cells"] for grid in json.loads(folder.run(grids, "list", *on, "--json"))] == [5, 6]
    assert "mon-fri 08:30-17:30" in folder.run(grids, "list", *on)
    assert folder.run(grids, "list", *on).split()[:3] == ["kind", "code", "name"]
    assert folder.run(grids, "list", *on, lang="zh").split()[:3] == ["类别", "代码", "名称"]
    assert json.loads(folder.run(grids, "show", "E", *on, "--json"))["cells"] == sorted(EASTERN - {corner})
    assert len(json.loads(folder.run(grids, "posts", *on, "--kind", "inspection", "--json"))) == 5
    assert len(json.loads(folder.run(grids, "kinds", "--json"))) == 5
    found = folder.run(grids, "cover", *on)
    assert found.splitlines() == [
        "inspection on 2026-02-01: 12 cells, 2 grids, 2 findings",
        f"in no grid: {corner}",
        "post without a grid: P5",
    ]
    assert "1 cells are in no grid" in folder.run(grids, "workload", *on)
    said = folder.run(grids, "balance", *on, "--accept", "--from", "2026-03-01")
    assert "cells that change their grid: 1" in said
    assert "1 cells change from 2026-03-01" in said
    cover = json.loads(folder.run(grids, "cover", "--on", "2026-03-01", "--json"))
    assert (cover["without_grid"], cover["in_pieces"]) == ([], [])
    lon, lat = (str(value) for value in spot(0.5, 0.5))
    said = folder.run(grids, "who", lon, lat, "--at", "2026-02-02T09:00")
    assert said.splitlines()[1] == "inspection: W, 巡查员岗 P1 (backup 巡查员岗 P2), on duty"
    assert "no cell lies here" in folder.run(grids, "who", "--", "-8.6", "41.1")


@pytest.mark.parametrize("form", ["json", "csv", "xlsx", "html"])
def test_the_workload_and_a_proposal_go_into_files(folder: Folder, form: str) -> None:
    engine = make_engine(folder.url)
    with Session(engine) as session, session.begin():
        paper_grids.halves(session)
    engine.dispose()
    for command in ("workload", "balance"):
        one, two = (folder.data / f"{command}{number}.{form}" for number in (1, 2))
        for file in (one, two):
            folder.run(grids, command, "--on", "2026-02-01", "--format", form, "-o", str(file))
        assert one.read_bytes() == two.read_bytes()
    if form == "json":
        document = json.loads((folder.data / "workload1.json").read_text(encoding="utf-8"))
        assert [grid["load"] for grid in document["grids"]] == pytest.approx([0.5, 0.5], rel=1e-4)
        assert document["synthetic"] is True


def test_a_refused_file_says_where_its_rows_are(folder: Folder) -> None:
    file = folder.file("g.csv", ("cell_code", "kind", "grid_code"), ("310113008001999", "inspection", "W"))
    refused = folder.data / "refused.csv"
    with pytest.raises(FileRefusedError):
        folder.run(import_grids, file, "--refused", str(refused))
    assert "310113008001999" in refused.read_text(encoding="utf-8-sig")
