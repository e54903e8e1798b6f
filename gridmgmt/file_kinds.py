"""The kinds of files that can be taken: what may be said of each, how it is read, and what stores it.

The command line, the manifest of a district and files over HTTP take files by these alone, so that an option means the
same everywhere. A kind is one class; a new one is a line in :data:`KINDS`.
"""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from gridmgmt import imports
from gridmgmt.access.rules import Actor
from gridmgmt.addresses.rules import AddressKind
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.clock import zone_of
from gridmgmt.crs import Datum, Extent
from gridmgmt.db import Session
from gridmgmt.editions.rules import Counting
from gridmgmt.errors import InputError
from gridmgmt.imports import Labels, Outcome
from gridmgmt.ingest.addresses import read_addresses
from gridmgmt.ingest.areas import read_areas
from gridmgmt.ingest.case_mapping import CaseMapping
from gridmgmt.ingest.cases import read_cases
from gridmgmt.ingest.codes import CodeRows, read_codes
from gridmgmt.ingest.components import read_components
from gridmgmt.ingest.department_grids import read_department_grids
from gridmgmt.ingest.features import read_features
from gridmgmt.ingest.files import OSM_SUFFIXES
from gridmgmt.ingest.gates import read_gates
from gridmgmt.ingest.homes import read_homes
from gridmgmt.ingest.intake import Intake
from gridmgmt.ingest.network import NetworkIntake, read_network
from gridmgmt.ingest.population import TOTAL_COLUMN, read_population_points
from gridmgmt.ingest.population_by_area import PopulationByArea, read_population_by_area
from gridmgmt.ingest.raster import read_population_rasters
from gridmgmt.ingest.service_points import read_service_points
from gridmgmt.land.rules import LandKind
from gridmgmt.merging.rules import check_department
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.texts import LANGUAGES, text

_SHORT_LEVELS = {"unit": AreaLevel.BASIC_MANAGEMENT_UNIT, "quarter": AreaLevel.RESIDENTIAL_QUARTER}
Level = Annotated[AreaLevel, BeforeValidator(lambda value: _SHORT_LEVELS.get(value, value))]
"""A level by its name or a short one."""


class FileKind(BaseModel):
    """One kind of file with what is said of a file of it; what is not said is left to the reader.

    ``edition`` and ``source`` are the file's name where nothing else is said.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    edition: str | None = Field(default=None, description="Name of the edition.")
    source: str | None = Field(default=None, description="Who made the data, under which licence.")
    datum: Datum | None = Field(default=None, description="Datum of the file's coordinates.")
    valid_from: date | None = Field(default=None, description="First day in force.")
    replaces: str | None = Field(default=None, description="The edition that ends when this one begins.")
    partial: bool = Field(default=False, description="Take the good rows of a file that has bad ones too.")

    def labels(self, file: Path, *, today: date, metric_crs: str | None = None, synthetic: bool = False) -> Labels:
        """Return what is said of the data as the imports want it."""
        return Labels(
            name=self.edition or edition_of(file),
            source=self.source or file.name,
            valid_from=self.valid_from or today,
            datum=self.datum,
            synthetic=synthetic,
            partial=self.partial,
            replaces=self.replaces,
            metric_crs=metric_crs,
        )

    @abstractmethod
    def read(self, file: Path, known: Extent | None) -> Any:
        """Return the file's rows; ``known`` is the extent (degrees) of what is already there, None in an empty folder.

        Raises
        ------
        InputError, FileRefusedError, CrsError
            When the file as a whole cannot be used.
        """

    @abstractmethod
    def store(self, session: Session, actor: Actor, intake: Any, labels: Labels) -> Outcome:
        """Take what :meth:`read` returned, whole or not at all."""


def edition_of(file: Path) -> str:
    """Return the name that an edition has by its file.

    >>> edition_of(Path("a/towns.geojson.gz"))
    'towns'
    """
    return file.name.split(".")[0]


class _Vector(FileKind):
    encoding: str | None = Field(default=None, description="Encoding of a Shapefile's texts.")
    layer: str | None = Field(default=None, description="Layer of a file that holds several.")


class _Table(FileKind):
    columns: Mapping[str, str] = Field(default={}, description="Column of each role (lon, lat …).")
    encoding: str | None = Field(default=None, description="Encoding of the file's texts.")
    layer: str | None = Field(default=None, description="Layer of a file that holds several.")


class AreasFile(_Vector):
    """Areas of one level: GeoJSON, GeoPackage, Shapefile (zip too), GeoParquet, FlatGeobuf."""

    level: Level = Field(description="Level of the areas.")
    code_field: str | None = Field(default=None, description="Column of the official code.")
    name_field: str | None = Field(default=None, description="Column of the name.")

    def read(self, file: Path, known: Extent | None) -> Intake:  # noqa: ARG002  areas need no neighbourhood
        """Return the areas; an export of this program is read back as the level that it says it is."""
        intake = read_areas(
            file,
            datum=self.datum,
            code_field=self.code_field,
            name_field=self.name_field,
            encoding=self.encoding,
            layer=self.layer,
        )
        if (named := intake.details.get("stated_level", self.level)) != self.level:
            raise InputError("level_contradicted", field="level", value=self.level, named=named, file=file.name)
        return intake

    def store(self, session: Session, actor: Actor, intake: Intake, labels: Labels) -> Outcome:
        """Take the areas into a draft."""
        return imports.import_areas(session, actor, intake, labels, level=self.level)


class CellsFile(_Vector):
    """Grid cells with codes of the scheme in use: GeoJSON, GeoPackage, Shapefile (zip too), GeoParquet, FlatGeobuf."""

    code_field: str | None = Field(default=None, description="Column of the official code.")
    name_field: str | None = Field(default=None, description="Column of the name.")

    def read(self, file: Path, known: Extent | None) -> Intake:  # noqa: ARG002  cells need no neighbourhood
        """Return the cells as areas."""
        said = self.model_dump(include={"datum", "code_field", "name_field", "encoding", "layer"})
        return read_areas(file, **said)

    def store(self, session: Session, actor: Actor, intake: Intake, labels: Labels) -> Outcome:
        """Take the cells into a draft."""
        return imports.import_cells(session, actor, intake, labels)


class FeaturesFile(_Vector):
    """Water, rail, walls, hazards or land use, from a vector file or an OSM extract."""

    kind: LandKind = Field(description="Kind of the features.")
    name_field: str | None = Field(default=None, description="Column of the name.")

    def read(self, file: Path, known: Extent | None) -> Intake:  # noqa: ARG002  features need no neighbourhood
        """Return the features."""
        return read_features(
            file,
            kind=self.kind,
            datum=self.datum,
            name_field=self.name_field,
            encoding=self.encoding,
            layer=self.layer,
        )

    def store(self, session: Session, actor: Actor, intake: Intake, labels: Labels) -> Outcome:
        """Take the features."""
        return imports.import_features(session, actor, intake, labels, kind=self.kind)


class CompoundsFile(_Vector):
    """Outlines of walled compounds, passed at their gates: a vector file, or what an OSM extract says is walled."""

    name_field: str | None = Field(default=None, description="Column of the name.")

    def read(self, file: Path, known: Extent | None) -> Intake:  # noqa: ARG002  as above
        """Return the outlines."""
        said = self.model_dump(include={"datum", "name_field", "encoding", "layer"})
        return read_features(file, kind=LandKind.COMPOUND, **said)

    def store(self, session: Session, actor: Actor, intake: Intake, labels: Labels) -> Outcome:
        """Take the outlines."""
        return imports.import_features(session, actor, intake, labels, kind=LandKind.COMPOUND)


class GatesFile(_Table):
    """Gates with access and hours, beside those of the network: CSV, XLSX or a vector file."""

    def read(self, file: Path, known: Extent | None) -> Intake:
        """Return the gates."""
        return read_gates(
            file, datum=self.datum, columns=self.columns, extent=known, encoding=self.encoding, layer=self.layer
        )

    def store(self, session: Session, actor: Actor, intake: Intake, labels: Labels) -> Outcome:
        """Take the gates."""
        return imports.import_gates(session, actor, intake, labels)


class NetworkFile(_Vector):
    """A walking network: OSM PBF or XML, or lines as GeoPackage, GeoParquet, GeoJSON or Shapefile."""

    def read(self, file: Path, known: Extent | None) -> NetworkIntake:  # noqa: ARG002  as above
        """Return the network."""
        return read_network(file, datum=self.datum, encoding=self.encoding, layer=self.layer)

    def store(self, session: Session, actor: Actor, intake: NetworkIntake, labels: Labels) -> Outcome:
        """Take the network."""
        return imports.import_network(session, actor, intake, labels)


class ServicePointsFile(_Table):
    """Service points: CSV, XLSX or a vector file."""

    type: ServicePointType | None = Field(default=None, description="Type of all rows.")
    where: tuple[str, ...] = Field(default=(), description="Conditions on rows: COLUMN=TEXT, !=, ~ (holds), !~.")

    def read(self, file: Path, known: Extent | None) -> Intake:
        """Return the points."""
        return read_service_points(
            file,
            extent=known,
            datum=self.datum,
            columns=self.columns,
            filters=self.where,
            type_=self.type,
            types=tuple(str(v) for v in ServicePointType),
            encoding=self.encoding,
            layer=self.layer,
        )

    def store(self, session: Session, actor: Actor, intake: Intake, labels: Labels) -> Outcome:
        """Take the points."""
        return imports.import_service_points(session, actor, intake, labels)


class PopulationFile(_Table):
    """Residents by age band: CSV, XLSX, a vector file, rasters, or the homes of an OSM extract (no counts)."""

    where: tuple[str, ...] = Field(default=(), description="Conditions on rows: COLUMN=TEXT, !=, ~ (holds), !~.")
    counting: Literal["counted", "modelled"] | None = Field(default=None, description="How the residents came about.")
    rasters: Mapping[str, tuple[Path, ...]] = Field(default={}, description="Rasters by age band, instead of a file.")

    def read(self, file: Path, known: Extent | None) -> Intake:
        """Return the places; with rasters the file is not looked at."""
        if self.rasters:
            return read_population_rasters({band: list(paths) for band, paths in self.rasters.items()})
        if _of_osm(file):
            return read_homes(file)
        return read_population_points(
            file,
            datum=self.datum,
            columns=self.columns,
            filters=self.where,
            extent=known,
            encoding=self.encoding,
            layer=self.layer,
        )

    def store(self, session: Session, actor: Actor, intake: Intake, labels: Labels) -> Outcome:
        """Take the places."""
        how = Counting.PLACES_ONLY if intake.frame[TOTAL_COLUMN].isna().all() else self.said_counting
        return imports.import_population(session, actor, intake, labels, counting=how)

    @property
    def said_counting(self) -> Counting:
        """How the residents came about: as said, else modelled where they come from rasters, else counted."""
        if self.counting is not None:
            return Counting(self.counting)
        return Counting.MODELLED if self.rasters else Counting.COUNTED

    def taken_as_counted(self, file: Path) -> bool:
        """Tell whether residents are taken as counted although nobody says so."""
        return self.counting is None and not self.rasters and not _of_osm(file)


class PopulationByAreaFile(_Table):
    """Residents of whole areas by code: CSV or XLSX; spread over buildings by floor area, or along streets."""

    level: Level = Field(description="Level of the areas.")
    buildings: Path | None = Field(default=None, description="Residential buildings: a vector file or an OSM extract.")

    def read(self, file: Path, known: Extent | None) -> PopulationByArea:  # noqa: ARG002  codes lie nowhere
        """Return the residents by area, with the buildings."""
        return read_population_by_area(
            file,
            buildings=self.buildings,
            datum=self.datum,
            columns=self.columns,
            encoding=self.encoding,
            layer=self.layer,
        )

    def store(self, session: Session, actor: Actor, intake: PopulationByArea, labels: Labels) -> Outcome:
        """Spread the residents and take the places."""
        return imports.import_population_by_area(session, actor, intake, labels, level=self.level)


class CasesFile(_Table):
    """Located cases: CSV, XLSX or a vector file."""

    kind: Literal["event", "component"] = Field(default="event", description="Kind of rows that name none.")
    zone: str = Field(default="Asia/Shanghai", description="Time zone of times without an offset.")
    mapping: CaseMapping | None = Field(default=None, description="What the register's columns and values mean.")

    def read(self, file: Path, known: Extent | None) -> Intake:
        """Return the cases; what is said beside a mapping counts before it."""
        zone_of(self.zone)
        said = {name: getattr(self, name) for name in self.model_fields_set & {"columns", "kind", "zone"}}
        mapping = (self.mapping or CaseMapping()).model_copy(update=said)
        return read_cases(file, mapping, datum=self.datum, extent=known, encoding=self.encoding, layer=self.layer)

    def store(self, session: Session, actor: Actor, intake: Intake, labels: Labels) -> Outcome:
        """Take the cases."""
        return imports.import_cases(session, actor, intake, labels)


class ComponentsFile(_Table):
    """Managed components with their identifiers: CSV, XLSX or a vector file of points, lines and surfaces."""

    def read(self, file: Path, known: Extent | None) -> Intake:
        """Return the components."""
        return read_components(
            file, datum=self.datum, columns=self.columns, extent=known, encoding=self.encoding, layer=self.layer
        )

    def store(self, session: Session, actor: Actor, intake: Intake, labels: Labels) -> Outcome:
        """Take the components into their register."""
        return imports.import_components(session, actor, intake, labels)


class CodesFile(FileKind):
    """Official codes with names and parents, of any level: CSV or XLSX."""

    columns: Mapping[str, str] = Field(default={}, description="Column of each role (code, name, parent_code).")
    encoding: str | None = Field(default=None, description="Encoding of the file's texts.")

    def read(self, file: Path, known: Extent | None) -> CodeRows:  # noqa: ARG002  codes lie nowhere
        """Return the codes."""
        return read_codes(file, columns=self.columns, encoding=self.encoding)

    def store(self, session: Session, actor: Actor, intake: CodeRows, labels: Labels) -> Outcome:
        """Take the codes."""
        return imports.import_codes(session, actor, intake, labels)


class AddressesFile(_Table):
    """Addresses and named places for the gazetteer, with coordinates or without: CSV, XLSX or a vector file."""

    def read(self, file: Path, known: Extent | None) -> Intake:
        """Return the addresses; a kind may stand in the file by its identifier or by its name in either language."""
        kinds = {text(f"address_kind.{kind}", lang).casefold(): str(kind) for kind in AddressKind for lang in LANGUAGES}
        return read_addresses(
            file,
            kinds=kinds | {str(kind): str(kind) for kind in AddressKind},
            datum=self.datum,
            columns=self.columns,
            extent=known,
            encoding=self.encoding,
            layer=self.layer,
        )

    def store(self, session: Session, actor: Actor, intake: Intake, labels: Labels) -> Outcome:
        """Take the addresses."""
        return imports.import_addresses(session, actor, intake, labels)


class DepartmentGridsFile(_Vector):
    """Grids of one department, beside those of the others: GeoJSON, GeoPackage, Shapefile (zip too), FlatGeobuf."""

    department: str = Field(description="Name of the department: police, party …")
    department_name: str | None = Field(default=None, description="Its name for people.")
    code_field: str | None = Field(default=None, description="Column of the grid's code.")
    name_field: str | None = Field(default=None, description="Column of the grid's name.")

    def read(self, file: Path, known: Extent | None) -> Intake:  # noqa: ARG002  grids need no neighbourhood
        """Return the grids."""
        return read_department_grids(
            file,
            department=check_department(self.department),
            department_name=self.department_name,
            datum=self.datum,
            code_field=self.code_field,
            name_field=self.name_field,
            encoding=self.encoding,
            layer=self.layer,
        )

    def store(self, session: Session, actor: Actor, intake: Intake, labels: Labels) -> Outcome:
        """Take the grids."""
        return imports.import_department_grids(session, actor, intake, labels, department=self.department)


KINDS: Mapping[str, type[FileKind]] = {
    "areas": AreasFile,
    "cells": CellsFile,
    "features": FeaturesFile,
    "network": NetworkFile,
    "gates": GatesFile,
    "compounds": CompoundsFile,
    "population": PopulationFile,
    "population-by-area": PopulationByAreaFile,
    "service-points": ServicePointsFile,
    "cases": CasesFile,
    "components": ComponentsFile,
    "addresses": AddressesFile,
    "codes": CodesFile,
    "department-grids": DepartmentGridsFile,
}
"""Every kind of file by the name it has in ``gridmgmt import``."""


def _of_osm(file: Path) -> bool:
    return file.name.lower().endswith(tuple(OSM_SUFFIXES))
