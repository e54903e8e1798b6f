"""The page of the systems of the source documents: each names a test and a path that exist, and none is left out."""

import ast
import json
import re
from functools import cache

import pytest

from api.openapi import FILE
from gridmgmt.settings import PROJECT_DIR

PAGE = PROJECT_DIR / "docs" / "source-systems.md"
HEAD = "| System | Lives in | Test | Seen |"
SYSTEMS = (
    "3+X 镇管社区",
    "基本单元管理",
    "4 confirmed units",
    "片区分级管理",
    "镇直接管理",
    "馨佳园 小马拉大车",
    "温馨12345 & four platforms",
    "六个中心 + 分中心",
    "街道: 6 centres + 社会组织服务中心",
    "公共服务点 为老服务站, 助餐点",
    "社区事务延伸服务点 宝林四村",
    "共治联席会议, 四位一体",
    "天馨花园 红林路小门",
    "出租房分色管理",
    "一站服务 物业工作室",
    "权力清单/事权清单",
    "考核 65/100 + 一票否决",
    "20分钟为老服务圈",
    "20分钟为老服务圈, 15 points",
    "泗塘一村成套改造",
    "一保四增",
    "经费",
    "人员 3–5 posts",
    "招商剥离",
    "析出街道",
    "星星村 / 沈行社区",
    "社区管理工作委员会",
    "茂盛村 院落式",
    "智联城: 大联动+大联勤+大联防+大联合",
    "网格化综合管理",
    "城中村/空壳村/空心村, 三违",
    "自治项目申报, 自下而上议题",
    "12345 exchange",
    "街道内设机构 6 + 2",
    "村务监督委员会, 三资",
    "交叉任职",
    "自治指导中心",
    "社会组织服务购买",
)
"""The rows of the table of the field's document, and the smaller systems of the sources beside it."""


def rows() -> list[list[str]]:
    """Return the cells of each row of the table."""
    text = PAGE.read_text(encoding="utf-8")
    assert HEAD in text
    lines = text.split(HEAD, 1)[1].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("|")]


def not_yet() -> set[str]:
    """Return the systems that stand under the heading of what does not exist yet."""
    _, _, part = PAGE.read_text(encoding="utf-8").partition("## Not yet")
    return {line[2:].strip() for line in part.splitlines() if line.startswith("- ")}


@cache
def functions(path: str) -> frozenset[str]:
    """Return the names of the functions of a file of tests, those of its classes too."""
    tree = ast.parse((PROJECT_DIR / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_row_has_four_cells_and_its_system_stands_once() -> None:
    assert [row for row in rows() if len(row) != 4] == [], f"the table is {HEAD}"
    names = [row[0] for row in rows()]
    assert sorted(names) == sorted(set(names))
    assert set(names) & not_yet() == set()


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_has_a_row_or_is_said_to_be_missing(system: str) -> None:
    assert system in {row[0] for row in rows()} | not_yet()


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_every_row_names_tests_that_exist(row: list[str]) -> None:
    tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row[2])
    assert tests, row[2]
    for path, name in tests:
        assert (PROJECT_DIR / path).is_file(), path
        assert name in functions(path), f"{path} has no {name}"


def test_every_row_names_paths_that_the_server_has() -> None:
    served = set(json.loads(FILE.read_text(encoding="utf-8"))["paths"])
    named = {path for row in rows() for path in re.findall(r"`(/api/[^`]+)`", row[1])}
    assert named - served == set()
    assert [row[0] for row in rows() if not re.search(r"`/api/", row[1])] == []


def test_every_row_names_code_that_exists() -> None:
    named = {room for row in rows() for room in re.findall(r"`(gridmgmt/[\w/]+)`", row[1])}
    assert [room for room in sorted(named) if not (PROJECT_DIR / room).exists()] == []
    assert [row[0] for row in rows() if "`gridmgmt/" not in row[1]] == []


def test_every_row_names_a_page_and_its_picture() -> None:
    seen = {
        row[0]: re.fullmatch(r"\[`(/[^`]*)`\]\((screens/\w+\.jpg)\)", row[3].removesuffix("|").strip())
        for row in rows()
    }
    assert [system for system, found in seen.items() if found is None] == []
    named = {found[2] for found in seen.values() if found}
    assert [name for name in sorted(named) if not (PAGE.parent / name).is_file()] == []
