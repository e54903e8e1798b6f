"""``gridmgmt import``: real files into the data folder."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from gridmgmt import imports
from gridmgmt.access.rules import Actor
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cli.context import actor, columns_of, print_json, say, sessions, settings_of, warn
from gridmgmt.cli.figures import import_figures
from gridmgmt.cli.governance import import_centres
from gridmgmt.cli.options import LEVEL
from gridmgmt.cli.progress import stage
from gridmgmt.cli.refused import keep_refused, telling_refused
from gridmgmt.clock import local_date, system_clock, zone_of
from gridmgmt.crs import Datum
from gridmgmt.db import Session, transaction
from gridmgmt.editions.queries import extent
from gridmgmt.editions.rules import Counting, Extent, Subject
from gridmgmt.errors import InputError
from gridmgmt.ingest.areas import read_areas
from gridmgmt.ingest.cases import read_cases
from gridmgmt.ingest.features import read_features
from gridmgmt.ingest.files import OSM_SUFFIXES
from gridmgmt.ingest.homes import read_homes
from gridmgmt.ingest.intake import Intake
from gridmgmt.ingest.network import NetworkIntake, read_network
from gridmgmt.ingest.population import read_population_points
from gridmgmt.ingest.raster import read_population_rasters
from gridmgmt.ingest.service_points import read_service_points
from gridmgmt.land.rules import LandKind
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.texts import catalogue

_FILE = click.argument("file", type=click.Path(path_type=Path))
_LAYER = click.option("--layer", help="Layer of a file that holds several.")


@dataclass(frozen=True)
class Common:
    """The options that every import shares."""

    edition: str | None
    source: str | None
    datum: Datum | None
    valid_from: datetime | None
    replaces: str | None
    partial: bool
    refused: Path | None
    as_json: bool

    def labels(self, file: Path, metric_crs: str | None) -> imports.Labels:
        """Return what is said of the data; edition and source are the file's name where nothing else is."""
        begins = self.valid_from.date() if self.valid_from else local_date(system_clock())
        name = file.name.split(".")[0]
        return imports.Labels(
            name=self.edition or name,
            source=self.source or file.name,
            valid_from=begins,
            datum=self.datum,
            partial=self.partial,
            replaces=self.replaces,
            metric_crs=metric_crs,
        )


def _common(command: Callable[..., None]) -> Callable[..., None]:
    """Add the shared options to a command and pass them as one :class:`Common`."""
    options = (
        click.option("--edition", help="Name of the edition; the file's name if absent."),
        click.option("--source", help="Who made the data, under which licence; shown beside every number."),
        click.option("--datum", type=click.Choice([str(d) for d in Datum]), help="Datum of the file's coordinates."),
        click.option("--valid-from", type=click.DateTime(["%Y-%m-%d"]), help="First day in force; today if absent."),
        click.option("--replaces", metavar="EDITION", help="The edition that ends when this one begins."),
        click.option("--partial", is_flag=True, help="Take the good rows of a file that has bad ones too."),
        click.option("--refused", type=click.Path(path_type=Path), help="Where to write the refused rows."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
    )
    names = ("edition", "source", "datum", "valid_from", "replaces", "partial", "refused", "as_json")

    def with_common(*args: Any, **kwargs: Any) -> None:  # Any: click passes what the options say
        values = {name: kwargs.pop(name) for name in names}
        values["datum"] = Datum(values["datum"]) if values["datum"] else None
        command(*args, common=Common(**values), **kwargs)

    with_common.__name__, with_common.__doc__ = command.__name__, command.__doc__
    for option in reversed(options):
        with_common = option(with_common)
    return with_common


@click.group("import")
def import_group() -> None:
    """Take real files, whole or not at all, with a list of what was refused and why."""


import_group.add_command(import_centres)


import_group.add_command(import_figures)


def _take(
    ctx: click.Context,
    file: Path,
    common: Common,
    read: Callable[[Extent | None], Intake | NetworkIntake],
    store: Callable[[Session, Actor, Any, imports.Labels], imports.Outcome],  # Any: what `read` returned
) -> None:
    """Read the file, store it in one transaction, and tell what came of it.

    ``read`` is given the extent of what is already there. The refused rows are written before the good ones are kept.
    """
    settings = settings_of(ctx)
    with telling_refused(ctx, file, common.refused), sessions(ctx) as factory:
        with transaction(factory) as session:
            known = extent(session)
        with stage(ctx, "cli.stage_reading", file=file.name):
            intake = read(known)
        with stage(ctx, "cli.stage_storing", file=file.name), transaction(factory) as session:
            outcome = store(session, actor(), intake, common.labels(file, settings.metric_crs))
            refused_file = keep_refused(ctx, file, common.refused, outcome.problems)
    _tell(ctx, outcome, refused_file, as_json=common.as_json)


def _tell(ctx: click.Context, outcome: imports.Outcome, refused_file: Path | None, *, as_json: bool) -> None:
    for code, fields in outcome.warnings:
        warn(ctx, f"warning.{code}", **fields)
    if as_json:
        names = ("subject", "edition", "read", "taken", "refused", "new", "details")
        print_json({**{name: getattr(outcome, name) for name in names}, "refused_file": refused_file})
        return
    key = "cli.imported" if outcome.new else "cli.imported_before"
    say(ctx, key, edition=outcome.edition, read=outcome.read, taken=outcome.taken, refused=outcome.refused)
    for name, value in outcome.details.items():
        if value and (detail := f"import_detail.{name}") in catalogue():
            say(ctx, detail, value=_listed(value))
    if outcome.subject is Subject.AREAS and outcome.new:
        say(ctx, "cli.draft_next", edition=outcome.edition)
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
def import_areas(
    ctx: click.Context,
    file: Path,
    *,
    common: Common,
    level: AreaLevel,
    code_field: str | None,
    name_field: str | None,
    encoding: str | None,
    layer: str | None,
) -> None:
    """Take the areas of one level: GeoJSON, GeoPackage, Shapefile (zip too), GeoParquet, FlatGeobuf."""
    _take(
        ctx,
        file,
        common,
        lambda _: read_areas(
            file,
            datum=common.datum,
            code_field=code_field,
            name_field=name_field,
            encoding=encoding,
            layer=layer,
        ),
        lambda session, who, intake, labels: imports.import_areas(session, who, intake, labels, level=level),
    )


@import_group.command("features")
@_FILE
@click.option("--kind", required=True, type=click.Choice([str(v) for v in LandKind]))
@click.option("--name-field", help="Column of the name.")
@click.option("--encoding", help="Encoding of a Shapefile's texts.")
@_LAYER
@_common
@click.pass_context
def import_features(
    ctx: click.Context,
    file: Path,
    *,
    common: Common,
    kind: str,
    name_field: str | None,
    encoding: str | None,
    layer: str | None,
) -> None:
    """Take water, rail, walls, hazards or land use, from a vector file or an OSM extract."""
    _take(
        ctx,
        file,
        common,
        lambda _: read_features(
            file, kind=kind, datum=common.datum, name_field=name_field, encoding=encoding, layer=layer
        ),
        lambda session, who, intake, labels: imports.import_features(session, who, intake, labels, kind=kind),
    )


@import_group.command("network")
@_FILE
@_common
@click.pass_context
def import_network(ctx: click.Context, file: Path, *, common: Common) -> None:
    """Take a walking network: OSM PBF or XML, or lines as GeoPackage, GeoParquet or GeoJSON."""
    _take(ctx, file, common, lambda _: read_network(file, datum=common.datum), imports.import_network)


_COLUMN = click.option("--column", "columns", multiple=True, metavar="ROLE=NAME", help="Column of a role (lon, lat …).")
_WHERE = click.option("--where", "filters", multiple=True, metavar="CONDITION", help="COLUMN=TEXT, !=, ~ (holds), !~.")


@import_group.command("service-points")
@_FILE
@click.option("--type", "type_", type=click.Choice([str(v) for v in ServicePointType]), help="Type of all rows.")
@_COLUMN
@_WHERE
@click.option("--encoding", help="Encoding of the file's texts.")
@_LAYER
@_common
@click.pass_context
def import_service_points(
    ctx: click.Context,
    file: Path,
    *,
    common: Common,
    type_: str | None,
    columns: tuple[str, ...],
    filters: tuple[str, ...],
    encoding: str | None,
    layer: str | None,
) -> None:
    """Take service points: CSV, XLSX or a vector file."""
    named = columns_of(columns, "column")
    _take(
        ctx,
        file,
        common,
        lambda known: read_service_points(
            file,
            extent=known,
            datum=common.datum,
            columns=named,
            filters=filters,
            type_=type_,
            types=tuple(str(v) for v in ServicePointType),
            encoding=encoding,
            layer=layer,
        ),
        imports.import_service_points,
    )


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
def import_population(  # noqa: PLR0913  each is an option of the command
    ctx: click.Context,
    file: Path | None,
    *,
    common: Common,
    rasters: tuple[str, ...],
    counting: str | None,
    columns: tuple[str, ...],
    filters: tuple[str, ...],
    encoding: str | None,
    layer: str | None,
) -> None:
    """Take residents by age band: CSV, XLSX, a vector file, rasters, or the homes of an OSM extract (no counts)."""
    if (file is None) == (not rasters):
        raise InputError("population_file_or_rasters")
    by_band: dict[str, list[Path]] = defaultdict(list)
    for raster in rasters:
        for band, path in columns_of([raster], "raster").items():
            by_band[band].append(Path(path))
    first = file or next(iter(by_band.values()))[0]
    homes = file is not None and file.name.lower().endswith(tuple(OSM_SUFFIXES))

    def read(known: Extent | None) -> Intake:
        if file is None:
            return read_population_rasters(by_band)
        if homes:
            return read_homes(file)
        named = columns_of(columns, "column")
        return read_population_points(
            file,
            datum=common.datum,
            columns=named,
            filters=filters,
            extent=known,
            encoding=encoding,
            layer=layer,
        )

    default = Counting.PLACES_ONLY if homes else Counting.MODELLED if rasters else Counting.COUNTED
    how = default if homes or counting is None else Counting(counting)
    if counting is None and how is Counting.COUNTED:
        warn(ctx, "cli.taken_as_counted")
    _take(
        ctx,
        first,
        common,
        read,
        lambda session, who, intake, labels: imports.import_population(session, who, intake, labels, counting=how),
    )


@import_group.command("cases")
@_FILE
@click.option("--kind", type=click.Choice(["event", "component"]), default="event", show_default=True)
@click.option("--zone", default="Asia/Shanghai", show_default=True, help="Time zone of times without an offset.")
@_COLUMN
@click.option("--encoding", help="Encoding of the file's texts.")
@_LAYER
@_common
@click.pass_context
def import_cases(
    ctx: click.Context,
    file: Path,
    *,
    common: Common,
    kind: str,
    zone: str,
    columns: tuple[str, ...],
    encoding: str | None,
    layer: str | None,
) -> None:
    """Take located cases: CSV, XLSX or a vector file."""
    named = columns_of(columns, "column")
    _take(
        ctx,
        file,
        common,
        lambda known: read_cases(
            file,
            datum=common.datum,
            columns=named,
            kind=kind,
            zone=zone_of(zone),
            extent=known,
            encoding=encoding,
            layer=layer,
        ),
        imports.import_cases,
    )
