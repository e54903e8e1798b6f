"""Answers that are files: each is written whole before it is sent, so whoever reads slowly holds up no transaction."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from fastapi.responses import FileResponse
from starlette.background import BackgroundTask


@contextmanager
def download_folder() -> Iterator[Path]:
    """Give an empty folder to write a file into; when writing fails, it is removed."""
    folder = Path(mkdtemp(prefix="gridmgmt-export-"))
    try:
        yield folder
    except BaseException:
        rmtree(folder)
        raise


def download(path: Path, media_type: str, headers: Mapping[str, str] | None = None) -> FileResponse:
    """Answer with a file of a :func:`download_folder`, which is removed when the file is sent."""
    return FileResponse(
        path,
        media_type=media_type,
        filename=path.name,
        headers={"Cache-Control": "private, no-cache", **(headers or {})},
        background=BackgroundTask(rmtree, path.parent),
    )
