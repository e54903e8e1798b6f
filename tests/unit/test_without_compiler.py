"""Kernels where there is no compiler: the same answers by scipy and shapely; and where its cache has no place."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import walking_answers

ROOT = Path(__file__).parents[2]


def run(*arguments: str, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True,
        check=True,
    ).stdout.strip()  # fmt: skip


def test_where_numba_cannot_be_imported_the_answers_are_the_same() -> None:
    printed = run(
        "-c",
        "import sys; sys.modules['numba'] = None\n"
        "from gridmgmt.analysis import compiled; assert not compiled.AVAILABLE\n"
        "from tests.support.walking_answers import answers; print(answers())",
    )
    assert printed == walking_answers.answers()
    assert printed != hashlib.sha256().hexdigest()


def test_a_cache_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    """Where each of the folders that the compiler tries would be stands a file."""
    (tmp_path / "__pycache__").touch()
    script, file = tmp_path / "twice.py", str(tmp_path / "__pycache__" / "none")
    script.write_text(
        "from gridmgmt.analysis.compiled import compiled\n"
        "@compiled\n"
        "def twice(x):\n"
        "    return 2 * x\n"
        "print(twice(21), twice.stats.cache_path)"
    )
    printed = run(str(script), NUMBA_CACHE_DIR=file, XDG_CACHE_HOME=file, HOME=file)
    assert printed == "42 None"


@pytest.mark.long
def test_a_second_process_compiles_nothing(tmp_path: Path) -> None:
    """What warming has compiled, from nothing, is found by the next process, with arrays as a run makes them."""
    run("-m", "gridmgmt.analysis.warm", NUMBA_CACHE_DIR=str(tmp_path))
    printed = run(
        "-c",
        "from numba.core import event\n"
        "from tests.support.walking_answers import answers\n"
        "with event.install_recorder('numba:compile') as recorder:\n"
        "    answers()\n"
        "print([e.data['dispatcher'].py_func.__name__ for _, e in recorder.buffer if e.is_start])",
        NUMBA_CACHE_DIR=str(tmp_path),
    )
    assert printed == "[]"
