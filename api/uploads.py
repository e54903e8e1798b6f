"""Files of areas that a request brings: streamed to a temporary folder, read there, taken into a draft, and removed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, TypeVar

from anyio import open_file
from anyio.to_thread import run_sync
from fastapi import Query, Request

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.crs import Datum

if TYPE_CHECKING:
    from gridmgmt.access.rules import Actor
    from gridmgmt.db import Session
    from gridmgmt.imports import Outcome

Result = TypeVar("Result")


class FileAsk:
    """What is said of a file of areas in the address; the file itself is the body."""

    def __init__(
        self,
        file: Annotated[
            str,
            Query(
                max_length=200,
                pattern=r"^\w[\w.() -]*$",
                description="Its name, whose ending tells the format: .geojson(.gz), .gpkg, .zip (shapefile), .fgb, "
                ".parquet.",
            ),
        ],
        level: Annotated[AreaLevel, Query(description="The level of all its areas.")],
        datum: Annotated[
            Datum | None, Query(description="Datum of its coordinates; by its own CRS without it.")
        ] = None,
        code_field: Annotated[str | None, Query(max_length=100, description="Column of the official code.")] = None,
        name_field: Annotated[str | None, Query(max_length=100, description="Column of the name.")] = None,
        replaces: Annotated[
            str | None, Query(max_length=200, description="Edition whose areas of the level end where it has them not.")
        ] = None,
        partial: Annotated[bool, Query(description="Take the good rows of a file that has bad ones too.")] = False,
    ) -> None:
        self.file = file
        self.level = level
        self.datum = datum
        self.code_field, self.name_field = code_field, name_field
        self.replaces = replaces
        self.partial = partial


@dataclass(frozen=True)
class Target:
    """The draft that takes a file."""

    name: str
    planned_from: date
    source: str


async def with_body(request: Request, name: str, use: Callable[[Path], Result]) -> Result:
    """Write the body of a request to a file of a name in a folder of its own, and use that in a thread."""
    with TemporaryDirectory(prefix="gridmgmt-upload-") as folder:
        path = Path(folder) / name
        async with await open_file(path, "wb") as stream:
            async for chunk in request.stream():
                await stream.write(chunk)
        return await run_sync(use, path)


def take(session: "Session", actor: "Actor", path: Path, ask: FileAsk, target: Target) -> "Outcome":
    """Take the areas of a file into a draft, opened where there is none of that name."""
    from gridmgmt.imports import Labels, import_areas  # noqa: PLC0415 -- takes seconds to load
    from gridmgmt.ingest.areas import read_areas  # noqa: PLC0415 -- as above

    intake = read_areas(path, datum=ask.datum, code_field=ask.code_field, name_field=ask.name_field)
    labels = Labels(
        name=target.name,
        source=target.source,
        valid_from=target.planned_from,
        datum=ask.datum,
        partial=ask.partial,
        replaces=ask.replaces,
    )
    return import_areas(session, actor, intake, labels, level=ask.level)
