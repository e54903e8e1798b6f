"""Kinds of files whose rows have days of their own instead of an edition: centres, posts, grids, figures, bodies."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from gridmgmt.access.rules import Actor
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.bodies import service as bodies
from gridmgmt.bodies.fact_queries import fact_kinds
from gridmgmt.bodies.rules import FactBound, FactUnit, NewBody, NewFact, Office, OrganisationKind, day_of
from gridmgmt.catalogue import service as catalogue
from gridmgmt.catalogue.files import read_catalogue_tables, read_matters_tables
from gridmgmt.catalogue.matters import ListKind
from gridmgmt.catalogue.rows import Tables
from gridmgmt.catalogue.service import EditionLabels, EditionTaken
from gridmgmt.clock import local_date, system_clock
from gridmgmt.crs import Datum
from gridmgmt.db import Session
from gridmgmt.errors import Problem
from gridmgmt.file_kinds import KINDS, FileKind, Level, edition_of
from gridmgmt.governance import service as governance
from gridmgmt.governance.rules import CentreType, NewCentre
from gridmgmt.imports import Labels, Warning_
from gridmgmt.ingest.bodies import BodyRow, FactRow, RowsRead, read_bodies, read_facts
from gridmgmt.ingest.centres import CentreRow, CentreRows, read_centres
from gridmgmt.ingest.figures import FigureRows, read_figures
from gridmgmt.ingest.grids import GridRows, PostRows, read_grids, read_posts
from gridmgmt.ingest.intake import require_whole
from gridmgmt.responsibility import service as responsibility
from gridmgmt.responsibility.queries import kind_names
from gridmgmt.responsibility.rules import NewPost
from gridmgmt.statistics.service import FigureLabels, record_figures
from gridmgmt.texts import LANGUAGES, text


@dataclass(frozen=True)
class Recorded:
    """What came of a file of records; they belong to no edition, and ``new`` is False where all were there before."""

    subject: str
    read: int
    taken: int
    refused: int
    problems: tuple[Problem, ...]
    edition: None = None
    warnings: tuple[Warning_, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)

    @property
    def new(self) -> bool:
        """Whether anything was stored."""
        return self.taken > 0


class RecordsFile(BaseModel):
    """One kind of file of records, with what is said of a file of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    valid_from: date | None = Field(default=None, description="First day of rows that name none.")
    columns: Mapping[str, str] = Field(default={}, description="Column of each role.")
    encoding: str | None = Field(default=None, description="Encoding of the file's texts.")

    def labels(self, file: Path, *, today: date, metric_crs: str | None = None, synthetic: bool = False) -> Labels:
        """Return what is said of the data as for other files."""
        begins = self.valid_from or today
        return Labels("", file.name, begins, synthetic=synthetic, metric_crs=metric_crs)

    def names(self, session: Session) -> Mapping[str, str]:  # noqa: ARG002  most know their names by themselves
        """Return what may stand in the file for the kinds or types of its rows, in lower case, and what it means."""
        return {}

    @abstractmethod
    def read(self, file: Path, names: Mapping[str, str]) -> Any:
        """Return the file's rows; ``names`` are those of :meth:`names`."""

    @abstractmethod
    def store(self, session: Session, actor: Actor, rows: Any, labels: Labels) -> Recorded:
        """Take the rows, whole or not at all."""


class CentresFile(RecordsFile):
    """Service centres and branches: CSV or XLSX."""

    datum: Datum | None = Field(default=None, description="Datum of the file's coordinates.")

    def names(self, session: Session) -> Mapping[str, str]:  # noqa: ARG002  as above
        """Return the types of centres by all their names."""
        return centre_type_names()

    def read(self, file: Path, names: Mapping[str, str]) -> CentreRows:
        """Return the centres."""
        return read_centres(file, types=names, datum=self.datum, columns=self.columns, encoding=self.encoding)

    def store(self, session: Session, actor: Actor, rows: CentreRows, labels: Labels) -> Recorded:
        """Open the centres."""
        _whole(rows, labels)
        news = [(row.row, new_centre(row, labels.valid_from)) for row in rows.rows]
        found = governance.import_centres(session, actor, news, source=labels.source)
        return _recorded("centres", rows, found.added)


class PostsFile(RecordsFile):
    """Officer posts, never with persons: CSV or XLSX."""

    def names(self, session: Session) -> Mapping[str, str]:
        """Return the kinds of grids by all their names."""
        return kind_names(session)

    def read(self, file: Path, names: Mapping[str, str]) -> PostRows:
        """Return the posts."""
        return read_posts(file, kinds=names, columns=self.columns, encoding=self.encoding)

    def store(self, session: Session, actor: Actor, rows: PostRows, labels: Labels) -> Recorded:
        """Open the posts."""
        _whole(rows, labels)
        news = [(r.row, NewPost(r.code, r.name, r.kind, r.body, labels.valid_from)) for r in rows.rows]
        found = responsibility.import_posts(session, actor, news, source=labels.source)
        return _recorded("posts", rows, found.added)


class GridsFile(RecordsFile):
    """Responsibility grids, a cell in each row: CSV or XLSX."""

    def names(self, session: Session) -> Mapping[str, str]:
        """Return the kinds of grids by all their names."""
        return kind_names(session)

    def read(self, file: Path, names: Mapping[str, str]) -> GridRows:
        """Return the cells of the grids."""
        return read_grids(file, kinds=names, columns=self.columns, encoding=self.encoding)

    def store(self, session: Session, actor: Actor, rows: GridRows, labels: Labels) -> Recorded:
        """Give the grids their cells and posts."""
        _whole(rows, labels)
        found = responsibility.import_grids(session, actor, rows.rows, labels.valid_from, source=labels.source)
        changed = found.created + found.changed + found.cells_changed
        return _recorded("grids", rows, len(rows.rows) if changed else 0)


class FiguresFile(RecordsFile):
    """Numbers known for whole areas: CSV, XLSX or a vector file with a code and a value in each row."""

    figure: str = Field(description="Name of the figure with its unit: residents, published_area_m2 …")
    level: Level = Field(description="Level of the areas.")
    counted_on: date = Field(description="The day that the numbers describe.")
    areas_on: date | None = Field(default=None, description="The day whose boundaries they were counted within.")
    source: str = Field(description="Who says so; shown beside every number.")

    def read(self, file: Path, names: Mapping[str, str]) -> FigureRows:  # noqa: ARG002  figures have no kinds
        """Return the figures."""
        return read_figures(file, columns=self.columns, encoding=self.encoding)

    def store(self, session: Session, actor: Actor, rows: FigureRows, labels: Labels) -> Recorded:  # noqa: ARG002
        """Record the figures."""
        within = self.areas_on or self.counted_on
        said = FigureLabels(self.figure, self.level, self.counted_on, within, self.source)
        found = record_figures(session, actor, rows, said)
        return _recorded("figures", rows, found.added)


class BodiesFile(RecordsFile):
    """Bodies of areas, never with persons: CSV or XLSX."""

    def names(self, session: Session) -> Mapping[str, str]:  # noqa: ARG002  as above
        """Return kinds of bodies, offices and levels by all their names."""
        return organisation_names()

    def read(self, file: Path, names: Mapping[str, str]) -> RowsRead[BodyRow]:
        """Return the bodies."""
        return read_bodies(file, names=names, columns=self.columns, encoding=self.encoding)

    def store(self, session: Session, actor: Actor, rows: RowsRead[BodyRow], labels: Labels) -> Recorded:
        """Set up the bodies, or change those that are known."""
        _whole(rows, labels)
        news = [(row.row, new_body(row, labels.valid_from)) for row in rows.rows]
        found = bodies.import_bodies(session, actor, news, source=labels.source)
        return _recorded("bodies", rows, found.added + found.changed)


class FactsFile(RecordsFile):
    """Facts of areas with unit, bound, source and day or year: CSV or XLSX."""

    def names(self, session: Session) -> Mapping[str, str]:
        """Return kinds of facts, units, bounds and levels by all their names."""
        names = {f"kind:{each.code}".casefold(): each.code for each in fact_kinds(session)}
        for each in fact_kinds(session):
            names |= {f"kind:{name.casefold()}": each.code for name in (each.name_zh, each.name_en)}
        return names | _named("unit", "fact_unit", FactUnit) | _named("bound", "fact_bound", FactBound) | _levels()

    def read(self, file: Path, names: Mapping[str, str]) -> RowsRead[FactRow]:
        """Return the facts."""
        return read_facts(file, names=names, columns=self.columns, encoding=self.encoding)

    def store(self, session: Session, actor: Actor, rows: RowsRead[FactRow], labels: Labels) -> Recorded:
        """State the facts."""
        _whole(rows, labels)
        news = [(row.row, new_fact(row)) for row in rows.rows]
        found = bodies.import_facts(session, actor, news, source=labels.source)
        return _recorded("facts", rows, found.added + found.changed)


@dataclass(frozen=True)
class TablesRead:
    """The tables of an edition; their rows are judged together, when it is stored."""

    tables: Tables
    problems: tuple[Problem, ...] = ()

    @property
    def read(self) -> int:
        """How many rows there are."""
        return sum(len(records) for records in self.tables.values())


class EditionFile(RecordsFile):
    """A file of tables that make an edition by themselves."""

    subject: ClassVar[str]
    edition: str | None = Field(default=None, description="Name of the edition; that of the file if absent.")
    source: str | None = Field(default=None, description="Who says so; the name of the file if absent.")

    @property
    def list_kind(self) -> ListKind | None:
        """Which of the two lists it is of; None of a catalogue."""
        return None

    def labels(self, file: Path, *, today: date, metric_crs: str | None = None, synthetic: bool = False) -> Labels:
        """Return what is said of the edition."""
        said = super().labels(file, today=today, metric_crs=metric_crs, synthetic=synthetic)
        return replace(said, name=self.edition or edition_of(file), source=self.source or file.name)

    def store(self, session: Session, actor: Actor, rows: TablesRead, labels: Labels) -> Recorded:
        """Take the edition, whole or not at all."""
        said = EditionLabels(labels.name, labels.valid_from, labels.source)
        taken = self.take(session, actor, rows.tables, said, local_date(system_clock()))
        return Recorded(self.subject, rows.read, rows.read if taken.new else 0, 0, ())

    @abstractmethod
    def take(self, session: Session, actor: Actor, tables: Tables, labels: EditionLabels, today: date) -> EditionTaken:
        """Take the tables."""


class CatalogueFile(EditionFile):
    """The catalogue of cases: an XLSX with a sheet for each table, or a CSV of one, the others staying as they are."""

    subject = "catalogue"
    table: str | None = Field(default=None, description="Which table a CSV is; that of its name if absent.")

    def take(self, session: Session, actor: Actor, tables: Tables, labels: EditionLabels, today: date) -> EditionTaken:
        """Take an edition of the catalogue."""
        return catalogue.import_catalogue(session, actor, tables, labels, today=today)

    def read(self, file: Path, names: Mapping[str, str]) -> TablesRead:  # noqa: ARG002  tables have no kinds
        """Return the tables."""
        return TablesRead(read_catalogue_tables(file, table=self.table, encoding=self.encoding))


class MattersFile(EditionFile):
    """A list of matters or of powers: an XLSX with a sheet of its items and one of the fates of those before."""

    subject = "matters"
    of: ListKind | None = Field(default=None, description="Which of the two lists it is of; matters if absent.")

    @property
    def list_kind(self) -> ListKind:
        """Which of the two lists it is of."""
        return self.of or ListKind.MATTERS

    def take(self, session: Session, actor: Actor, tables: Tables, labels: EditionLabels, today: date) -> EditionTaken:
        """Take a list of matters."""
        return catalogue.import_matters(session, actor, tables, labels, today=today, kind=self.list_kind)

    def read(self, file: Path, names: Mapping[str, str]) -> TablesRead:  # noqa: ARG002  as above
        """Return the tables."""
        return TablesRead(read_matters_tables(file, encoding=self.encoding))


UPLOAD_KINDS: Mapping[str, type[FileKind] | type[RecordsFile]] = {
    **KINDS,
    "centres": CentresFile,
    "posts": PostsFile,
    "grids": GridsFile,
    "figures": FiguresFile,
    "bodies": BodiesFile,
    "facts": FactsFile,
    "catalogue": CatalogueFile,
    "matters": MattersFile,
}
"""Every kind of file that can be given over HTTP; a new one is a line here, or in :data:`gridmgmt.file_kinds.KINDS`."""


def new_centre(row: CentreRow, begins: date) -> NewCentre:
    """Return the centre of a row, from a day on where the row names none."""
    return NewCentre(
        code=row.code,
        type=CentreType(row.type),
        name=row.name,
        area_code=row.area_code,
        valid_from=row.valid_from or begins,
        parent_code=row.parent_code,
        address=row.address,
        lonlat=row.lonlat,
    )


def new_body(row: BodyRow, begins: date) -> NewBody:
    """Return the body of a row, from a day on where the row names none."""
    return NewBody(
        code=row.code,
        kind=OrganisationKind(row.kind),
        name=row.name,
        area_code=row.area_code,
        valid_from=row.valid_from or begins,
        source=row.source,
        level=None if row.level is None else AreaLevel(row.level),
        parent_code=row.parent_code,
        office=None if row.office is None else Office(row.office),
    )


def new_fact(row: FactRow) -> NewFact:
    """Return the fact of a row."""
    return NewFact(
        area_code=row.area_code,
        kind=row.kind,
        value=row.value,
        valid_from=day_of(row.on, row.year),
        source=row.source,
        bound=FactBound.EXACT if row.bound is None else FactBound(row.bound),
        year=row.year,
        note=row.note,
        level=None if row.level is None else AreaLevel(row.level),
        unit=None if row.unit is None else FactUnit(row.unit),
    )


def organisation_names() -> dict[str, str]:
    """Return kinds of bodies, offices and levels by all names that a file may use, each behind what it is."""
    return _named("kind", "organisation_kind", OrganisationKind) | _named("office", "office", Office) | _levels()


def centre_type_names() -> dict[str, str]:
    """Return the types of centres by all names that a file may use: the identifier, and those of the catalogue."""
    names = {str(type_): str(type_) for type_ in CentreType}
    for type_ in CentreType:
        names |= {text(f"centre_type.{type_}", lang).casefold(): str(type_) for lang in LANGUAGES}
    return names


def _levels() -> dict[str, str]:
    return _named("level", "level", AreaLevel)


def _named(role: str, group: str, members: type[StrEnum]) -> dict[str, str]:
    """Return what the members of an enumeration are called in the column of a role."""
    names = {f"{role}:{member}".casefold(): str(member) for member in members}
    for member in members:
        words = (text(f"{group}.{member}", lang) for lang in LANGUAGES)
        names |= {f"{role}:{word.split('（')[0].split(' (')[0].casefold()}": str(member) for word in words}
    return names


def _whole(rows: CentreRows | PostRows | GridRows | RowsRead[Any], labels: Labels) -> None:
    require_whole(rows.problems, read=rows.read, taken=len(rows.rows), partial=labels.partial)


def _recorded(
    subject: str, rows: CentreRows | PostRows | GridRows | FigureRows | RowsRead[Any], taken: int
) -> Recorded:
    refused = len({problem.row for problem in rows.problems})
    return Recorded(subject, rows.read, taken, refused, rows.problems)
