"""Files of posts and grids keep no numbers of persons, wherever they stand, and no reason repeats one."""

from pathlib import Path

import pytest

from gridmgmt.ingest.grids import read_grids, read_posts

KINDS = {"inspection": "inspection"}
MOBILE, IDENTITY = "13812345678", "31011319600101001X"


@pytest.mark.parametrize("number", [MOBILE, IDENTITY])
@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_post_with_a_number_of_a_person_is_refused_without_telling_it(
    tmp_path: Path, number: str, place: int
) -> None:
    cells = ["P1", "岗", "inspection", "城管"]
    cells[place] = number
    path = tmp_path / "posts.csv"
    path.write_text("code,name,kind,body\n" + 2 * (",".join(cells) + "\n"), encoding="utf-8")
    found = read_posts(path, kinds=KINDS)
    assert [problem.code for problem in found.problems] == ["personal_number"] * 2
    assert not any(number in problem.message(lang) for problem in found.problems for lang in ("zh", "en"))


@pytest.mark.parametrize("column", ["grid_code", "grid_name", "post_code", "backup_code"])
def test_a_grid_with_a_number_of_a_person_is_refused(tmp_path: Path, column: str) -> None:
    row = {
        "cell_code": "310113008001001",
        "kind": "inspection",
        "grid_code": "G1",
        "grid_name": "甲",
        "post_code": "P1",
    }
    row = {**row, "backup_code": "P2", column: MOBILE}
    path = tmp_path / "grids.csv"
    path.write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n", encoding="utf-8")
    assert [problem.code for problem in read_grids(path, kinds=KINDS).problems] == ["personal_number"]
