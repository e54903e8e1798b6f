"""What the wheel holds, and that no lock names the address it was made from."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"api", "gridmgmt", "layers", "maps"}


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of all files in a wheel built from the tree."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_wheel_holds_the_four_packages_and_nothing_else(wheel_names: list[str]) -> None:
    top = {name.split("/", 1)[0] for name in wheel_names}
    assert {name for name in top if not name.endswith(".dist-info")} == PACKAGES


def test_wheel_holds_every_module_text_and_statement(wheel_names: list[str]) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "--", *sorted(PACKAGES)], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    needed = {name for name in tracked if name.endswith((".py", ".sql", ".json", "py.typed"))}
    assert needed <= set(wheel_names)


def test_wheel_holds_nothing_that_was_fetched(wheel_names: list[str]) -> None:
    assert not [name for name in wheel_names if "node_modules" in name or "__pycache__" in name]


def test_migrations_do_not_shadow_the_library() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()


@pytest.mark.parametrize("lock", sorted(ROOT.glob("requirements*.lock")), ids=lambda path: path.name)
def test_python_lock_has_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert not re.search(r"https?://|file://|--(extra-)?index|--find-links", text)
    pins = re.findall(r"^\S+==\S+.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    assert pins
    assert not [pin.split()[0] for pin in pins if "--hash=sha256:" not in pin]


@pytest.mark.parametrize("lock", sorted(ROOT.glob("maps/console/package-lock.json")), ids=lambda path: path.name)
def test_console_lock_has_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert '"integrity": "sha512-' in text
    assert '"resolved"' not in text
    assert not re.search(r"https?://", text), "funding links too: npm does not need them"


@pytest.mark.parametrize("command", ["setup", "serve", "test", "check", "lock"])
def test_scripts_are_executable_bash(command: str) -> None:
    script = ROOT / "scripts" / command
    assert script.stat().st_mode & 0o111 == 0o111
    subprocess.run(["bash", "-n", script], check=True)
