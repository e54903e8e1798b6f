"""Areas as files for other systems."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import FileResponse

from api.access import asks
from api.context import Context, RequestSession
from api.downloads import download, download_folder
from api.routes import PREFIX
from gridmgmt.access.rules import Permission
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.exports.rules import ExportAsk, ExportCrs, ExportFormat, TextEncoding

router = APIRouter(prefix=f"{PREFIX}/exports", tags=["exports"], dependencies=[asks(Permission.READ)])

MEDIA_TYPES: dict[ExportFormat, str] = {
    "gpkg": "application/geopackage+sqlite3",
    "geojson": "application/geo+json",
    "shp": "application/zip",
    "fgb": "application/flatgeobuf",
}
WARNINGS_HEADER = "Gridmgmt-Warnings"
"""Codes of what a receiver must know, parted by commas; the words stand in the file."""


class Wanted:
    """What is to be exported, as the address says it."""

    def __init__(
        self,
        level: Annotated[
            AreaLevel, Query(description="Level of the areas.", openapi_examples={"town": {"value": "town"}})
        ],
        format: Annotated[ExportFormat, Query(description="Kind of file.")] = "gpkg",  # noqa: A002 -- its name outside
        crs: Annotated[
            ExportCrs,
            Query(
                description="Coordinates; the zone is the CGCS2000 3-degree zone of the extent, EPSG:4549 or 4550 here."
            ),
        ] = "wgs84",
        within: Annotated[
            str | None, Query(max_length=64, description="Only what lies in the area of this code.")
        ] = None,
        on: Annotated[date | None, Query(description="The day whose boundaries count; today without it.")] = None,
        edition: Annotated[
            str | None, Query(max_length=200, description="Instead of a day: a boundary edition, also a draft.")
        ] = None,
        encoding: Annotated[TextEncoding, Query(description="Encoding of a Shapefile's texts.")] = "utf-8",
    ) -> None:
        self.ask = ExportAsk(level, format, crs, on, edition, within, encoding)


@router.get(
    "/areas",
    summary="The areas of a level as a file",
    response_class=FileResponse,
    responses={
        200: {
            "description": "The file; a Shapefile comes as a zip. It says its datum, its editions and what to mind of "
            "itself; the codes of that stand in the header Gridmgmt-Warnings too.",
            "content": {media_type: {} for media_type in MEDIA_TYPES.values()},
        }
    },
)
def export_areas(session: RequestSession, context: Context, wanted: Annotated[Wanted, Depends()]) -> FileResponse:
    """Write the areas with code, name, parent and attributes; no numbers of people are in it."""
    from gridmgmt.exports import service  # noqa: PLC0415 -- takes long to load, and a server starts without

    ask = wanted.ask
    with download_folder() as folder:
        done = service.export_areas(
            session,
            ask,
            folder / f"{ask.level}_{ask.crs}{service.SUFFIXES[ask.format][0]}",
            now=context.clock(),
            extent_limit_m2=context.settings.export_extent_m2,
        )
        warnings = ", ".join(code for code, _ in done.warnings)
        return download(done.path, MEDIA_TYPES[ask.format], {WARNINGS_HEADER: warnings})
