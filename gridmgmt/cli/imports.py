"""``gridmgmt import``: real files into the data folder."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from gridmgmt import imports
from gridmgmt.cli.context import actor, columns_of, print_json, say, sessions, settings_of, warn
from gridmgmt.cli.figures import import_figures
from gridmgmt.cli.governance import import_centres
from gridmgmt.cli.grids import import_grids, import_posts
from gridmgmt.cli.options import DAY, JSON, LEVEL
from gridmgmt.cli.progress import stage
from gridmgmt.cli.refused import keep_refused, telling_refused
from gridmgmt.clock import local_date, system_clock
from gridmgmt.crs import Datum
from gridmgmt.db import transaction
from gridmgmt.editions.queries import extent
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import InputError
from gridmgmt.file_kinds import (
    AddressesFile,
    AreasFile,
    CasesFile,
    CellsFile,
    CodesFile,
    ComponentsFile,
    CompoundsFile,
    DepartmentGridsFile,
    FeaturesFile,
    FileKind,
    GatesFile,
    NetworkFile,
    PopulationByAreaFile,
    PopulationFile,
    ServicePointsFile,
)
from gridmgmt.ingest.case_mapping import read_mapping
from gridmgmt.land.rules import LandKind
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.texts import catalogue

_FILE = click.argument("file", type=click.Path(path_type=Path))
_LAYER = click.option("--layer", help="Layer of a file that holds several.")


@dataclass(frozen=True)
class Common:
    """The options that every import shares: what is said of the file, and what is told of the import."""

    said: Mapping[str, Any]
    refused: Path | None
    as_json: bool


_SAID = ("edition", "source", "datum", "valid_from", "replaces", "partial")


def _common(command: Callable[..., None]) -> Callable[..., None]:
    """Add the shared options to a command and pass them as one :class:`Common`."""
    options = (
        click.option("--edition", help="Name of the edition; the file's name if absent."),
        click.option("--source", help="Who made the data, under which licence; shown beside every number."),
        click.option("--datum", type=click.Choice([str(d) for d in Datum]), help="Datum of the file's coordinates."),
        click.option("--valid-from", type=DAY, help="First day in force; today if absent."),
        click.option("--replaces", metavar="EDITION", help="The edition that ends when this one begins."),
        click.option("--partial", is_flag=True, help="Take the good rows of a file that has bad ones too."),
        click.option("--refused", type=click.Path(path_type=Path), help="Where to write the refused rows."),
        JSON,
    )

    def with_common(*args: Any, refused: Path | None, as_json: bool, **kwargs: Any) -> None:  # Any: from click
        said = {name: value for name in _SAID if (value := kwargs.pop(name)) is not None}
        command(*args, common=Common(said, refused, as_json), **kwargs)

    with_common.__name__, with_common.__doc__ = command.__name__, command.__doc__
    for option in reversed(options):
        with_common = option(with_common)
    return with_common


@click.group("import")
def import_group() -> None:
    """Take real files, whole or not at all, with a list of what was refused and why."""


import_group.add_command(import_centres)


import_group.add_command(import_figures)
import_group.add_command(import_posts)
import_group.add_command(import_grids)


def take(ctx: click.Context, file: Path, kind: FileKind, common: Common) -> None:
    """Read the file, store it in one transaction, and tell what came of it.

    The refused rows are written before the good ones are kept.
    """
    settings = settings_of(ctx)
    with telling_refused(ctx, file, common.refused), sessions(ctx) as factory:
        with transaction(factory) as session:
            known = extent(session)
        with stage(ctx, "cli.stage_reading", file=file.name):
            intake = kind.read(file, known)
        labels = kind.labels(file, today=local_date(system_clock()), metric_crs=settings.metric_crs)
        with stage(ctx, "cli.stage_storing", file=file.name), transaction(factory) as session:
            outcome = kind.store(session, actor(), intake, labels)
            refused_file = keep_refused(ctx, file, common.refused, outcome.problems)
    tell(ctx, outcome, refused_file, as_json=common.as_json)
    if outcome.subject is Subject.AREAS and outcome.new and not common.as_json:
        say(ctx, "cli.draft_next", edition=outcome.edition)


def tell(
    ctx: click.Context, outcome: imports.Outcome, refused_file: Path | None, *, as_json: bool, quiet: bool = False
) -> None:
    """Tell what came of an import; quiet, only what is to be minded."""
    for code, fields in outcome.warnings:
        warn(ctx, f"warning.{code}", **fields)
    if quiet:
        return
    if as_json:
        names = ("subject", "edition", "read", "taken", "refused", "new", "details")
        print_json({**{name: getattr(outcome, name) for name in names}, "refused_file": refused_file})
        return
    key = "cli.imported" if outcome.new else "cli.imported_before"
    say(ctx, key, edition=outcome.edition, read=outcome.read, taken=outcome.taken, refused=outcome.refused)
    for name, value in outcome.details.items():
        if value and (detail := f"import_detail.{name}") in catalogue():
            say(ctx, detail, value=_listed(value))
    if refused_file is not None:
        say(ctx, "cli.refused_rows_in", file=refused_file)


def _listed(value: object) -> str:
    """Return a detail of an import as text, counts by reason in the order of their size."""
    if not isinstance(value, Mapping):
        return f"{value:.3f}" if isinstance(value, float) else str(value)
    counts = sorted(value.items(), key=lambda item: -item[1] if isinstance(item[1], int) else 0)
    return ", ".join(f"{name} {count}" for name, count in counts)


@import_group.command("areas")
@_FILE
@click.option("--level", required=True, type=LEVEL)
@click.option("--code-field", help="Column of the official code.")
@click.option("--name-field", help="Column of the name.")
@click.option("--encoding", help="Encoding of a Shapefile's texts.")
@_LAYER
@_common
@click.pass_context
def import_areas(ctx: click.Context, /, file: Path, *, common: Common, **options: Any) -> None:  # Any: from click
    """Take the areas of one level: GeoJSON, GeoPackage, Shapefile (zip too), GeoParquet, FlatGeobuf."""
    take(ctx, file, AreasFile(**common.said, **options), common)


@import_group.command("cells")
@_FILE
@click.option("--code-field", help="Column of the official code.")
@click.option("--name-field", help="Column of the name.")
@click.option("--encoding", help="Encoding of a Shapefile's texts.")
@_LAYER
@_common
@click.pass_context
def import_cells(ctx: click.Context, /, file: Path, *, common: Common, **options: Any) -> None:  # Any: from click
    """Take grid cells: each in one quarter, with a code of the scheme in use."""
    take(ctx, file, CellsFile(**common.said, **options), common)


@import_group.command("features")
@_FILE
@click.option("--kind", required=True, type=click.Choice([str(v) for v in LandKind]))
@click.option("--name-field", help="Column of the name.")
@click.option("--encoding", help="Encoding of a Shapefile's texts.")
@_LAYER
@_common
@click.pass_context
def import_features(ctx: click.Context, /, file: Path, *, common: Common, **options: Any) -> None:  # Any: from click
    """Take water, rail, walls, hazards or land use, from a vector file or an OSM extract."""
    take(ctx, file, FeaturesFile(**common.said, **options), common)


@import_group.command("compounds")
@_FILE
@click.option("--name-field", help="Column of the name.")
@click.option("--encoding", help="Encoding of a Shapefile's texts.")
@_LAYER
@_common
@click.pass_context
def import_compounds(ctx: click.Context, /, file: Path, *, common: Common, **options: Any) -> None:  # Any: from click
    """Take outlines of walled compounds, passed at their gates: polygons with names, or an OSM extract."""
    take(ctx, file, CompoundsFile(**common.said, **options), common)


@import_group.command("network")
@_FILE
@click.option("--encoding", help="Encoding of a Shapefile's texts.")
@_LAYER
@_common
@click.pass_context
def import_network(ctx: click.Context, /, file: Path, *, common: Common, **options: Any) -> None:  # Any: from click
    """Take a walking network: OSM PBF or XML, or lines as GeoPackage, GeoParquet, GeoJSON or Shapefile."""
    take(ctx, file, NetworkFile(**common.said, **options), common)


_COLUMN = click.option("--column", "columns", multiple=True, metavar="ROLE=NAME", help="Column of a role (lon, lat …).")
_WHERE = click.option("--where", multiple=True, metavar="CONDITION", help="COLUMN=TEXT, !=, ~ (holds), !~.")


@import_group.command("gates")
@_FILE
@_COLUMN
@click.option("--encoding", help="Encoding of the file's texts.")
@_LAYER
@_common
@click.pass_context
def import_gates(
    ctx: click.Context, /, file: Path, *, common: Common, columns: tuple[str, ...], **options: Any
) -> None:  # Any: from click
    """Take gates with access (public, residents, closed) and hours (mon-fri 06:00-22:00; sat 07:00-21:00)."""
    take(ctx, file, GatesFile(columns=columns_of(columns, "column"), **common.said, **options), common)


@import_group.command("service-points")
@_FILE
@click.option("--type", type=click.Choice([str(v) for v in ServicePointType]), help="Type of all rows.")
@_COLUMN
@_WHERE
@click.option("--encoding", help="Encoding of the file's texts.")
@_LAYER
@_common
@click.pass_context
def import_service_points(
    ctx: click.Context, /, file: Path, *, common: Common, columns: tuple[str, ...], **options: Any
) -> None:  # Any: from click
    """Take service points: CSV, XLSX or a vector file."""
    take(ctx, file, ServicePointsFile(columns=columns_of(columns, "column"), **common.said, **options), common)


@import_group.command("population")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--raster", "rasters", multiple=True, metavar="BAND=FILE", help="A raster of one age band; repeated.")
@click.option("--counting", type=click.Choice(["counted", "modelled"]), help="How the residents came about.")
@_COLUMN
@_WHERE
@click.option("--encoding", help="Encoding of the file's texts.")
@_LAYER
@_common
@click.pass_context
def import_population(
    ctx: click.Context,
    /,
    file: Path | None,
    *,
    common: Common,
    rasters: tuple[str, ...],
    columns: tuple[str, ...],
    **options: Any,
) -> None:  # Any: from click
    """Take residents by age band: CSV, XLSX, a vector file, rasters, or the homes of an OSM extract (no counts)."""
    if (file is None) == (not rasters):
        raise InputError("population_file_or_rasters")
    by_band: dict[str, list[Path]] = defaultdict(list)
    for raster in rasters:
        for band, path in columns_of([raster], "raster").items():
            by_band[band].append(Path(path))
    kind = PopulationFile(
        rasters={band: tuple(paths) for band, paths in by_band.items()},
        columns=columns_of(columns, "column"),
        **common.said,
        **options,
    )
    first = file or next(iter(by_band.values()))[0]
    if kind.taken_as_counted(first):
        warn(ctx, "cli.taken_as_counted")
    take(ctx, first, kind, common)


@import_group.command("population-by-area")
@_FILE
@click.option("--level", required=True, type=LEVEL)
@click.option("--buildings", type=click.Path(path_type=Path), help="Residential buildings: vector file or OSM extract.")
@_COLUMN
@click.option("--encoding", help="Encoding of the file's texts.")
@_LAYER
@_common
@click.pass_context
def import_population_by_area(
    ctx: click.Context, /, file: Path, *, common: Common, columns: tuple[str, ...], **options: Any
) -> None:  # Any: from click
    """Take residents of whole areas by code and spread them over buildings by floor area, or along streets."""
    take(ctx, file, PopulationByAreaFile(columns=columns_of(columns, "column"), **common.said, **options), common)


@import_group.command("cases")
@_FILE
@click.option(
    "--mapping", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE",
    help="What the register's columns and values mean: JSON or TOML.",
)  # fmt: skip
@click.option("--kind", type=click.Choice(["event", "component"]), help="Kind of rows that name none  [event].")
@click.option("--zone", help="Time zone of times without an offset  [Asia/Shanghai].")
@_COLUMN
@click.option("--encoding", help="Encoding of the file's texts.")
@_LAYER
@_common
@click.pass_context
def import_cases(
    ctx: click.Context, /, file: Path, *, common: Common, columns: tuple[str, ...], mapping: Path | None, **options: Any
) -> None:  # Any: from click
    """Take a register of cases: CSV, XLSX or a vector file.

    What it brought before is left as it is. A mapping names its columns, its times, and what its values mean.
    """
    said = {name: value for name, value in options.items() if value is not None}
    if columns:
        said["columns"] = columns_of(columns, "column")
    if mapping is not None:
        said["mapping"] = read_mapping(mapping)
    take(ctx, file, CasesFile(**common.said, **said), common)


@import_group.command("components")
@_FILE
@_COLUMN
@click.option("--encoding", help="Encoding of the file's texts.")
@_LAYER
@_common
@click.pass_context
def import_components(
    ctx: click.Context, /, file: Path, *, common: Common, columns: tuple[str, ...], **options: Any
) -> None:  # Any: from click
    """Take managed components with 16-digit identifiers: CSV, XLSX or a vector file.

    What is new begins, what has changed ends and begins anew, all else stays.
    """
    take(ctx, file, ComponentsFile(columns=columns_of(columns, "column"), **common.said, **options), common)


@import_group.command("codes")
@_FILE
@_COLUMN
@click.option("--encoding", help="Encoding of the file's texts.")
@_common
@click.pass_context
def import_codes(
    ctx: click.Context, /, file: Path, *, common: Common, columns: tuple[str, ...], **options: Any
) -> None:  # Any: from click
    """Take official codes of any level with names and parents: CSV (.gz too) or XLSX."""
    take(ctx, file, CodesFile(columns=columns_of(columns, "column"), **common.said, **options), common)


@import_group.command("addresses")
@_FILE
@_COLUMN
@click.option("--encoding", help="Encoding of the file's texts.")
@_LAYER
@_common
@click.pass_context
def import_addresses(
    ctx: click.Context, /, file: Path, *, common: Common, columns: tuple[str, ...], **options: Any
) -> None:  # Any: from click
    """Take addresses and named places, with coordinates or without: CSV, XLSX or a vector file."""
    take(ctx, file, AddressesFile(columns=columns_of(columns, "column"), **common.said, **options), common)


@import_group.command("department-grids")
@_FILE
@click.option("--department", required=True, help="Its name: police, comprehensive, party …")
@click.option("--department-name", help="Its name for people.")
@click.option("--code-field", help="Column of the grid's code.")
@click.option("--name-field", help="Column of the grid's name.")
@click.option("--encoding", help="Encoding of a Shapefile's texts.")
@_LAYER
@_common
@click.pass_context
def import_department_grids(
    ctx: click.Context, /, file: Path, *, common: Common, **options: Any
) -> None:  # Any: from click
    """Take the grids of one department beside those of the others; overlaps and gaps are told and taken."""
    take(ctx, file, DepartmentGridsFile(**common.said, **options), common)
