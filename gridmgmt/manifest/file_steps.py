"""The steps that take a file: into an edition with a place, or into one of the catalogue of cases."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from gridmgmt.catalogue.queries import edition_kept
from gridmgmt.db import Session, transaction
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import boundary_edition, edition_named, extent
from gridmgmt.editions.rules import Subject
from gridmgmt.file_kinds import FileKind
from gridmgmt.imports import Outcome
from gridmgmt.ingest.files import digest
from gridmgmt.manifest.reading import name_of, part_of
from gridmgmt.manifest.step import Hands, State, Step, sha256
from gridmgmt.uploads.records import EditionFile, Recorded


@dataclass(frozen=True)
class FileStep(Step):
    """A file to be taken."""

    kind: str
    subject: Subject
    entry: FileKind
    paths: tuple[Path, ...]

    @property
    def name(self) -> str:
        """The edition, with the part of its subject where there are several."""
        part = part_of(self.entry)
        return f"{name_of(self.entry)} ({part})" if part else name_of(self.entry)

    @property
    def files(self) -> Sequence[Path]:
        """The file, or the rasters."""
        return self.paths

    def state(self, session: Session, today: date) -> State:  # noqa: ARG002  an edition that has ended was taken
        """Tell whether the edition is there, and from this very file."""
        if not self._there(self._edition(session)):
            return "new"
        known = self._known(session)
        if known is None:
            return "unknown"
        return "there" if known == self._fingerprint else "changed"

    def perform(self, hands: Hands) -> Outcome:
        """Read the file and store its rows, whole or not at all."""
        file = self.paths[0]
        fingerprint = self._fingerprint
        with transaction(hands.factory) as session:
            known, planned = extent(session), getattr(self._edition(session), "planned_from", None)
        with hands.stage("reading", file):
            intake = self.entry.read(file, known)
        labels = self.entry.labels(file, today=planned or hands.today, metric_crs=hands.settings.metric_crs)
        with hands.stage("storing", file), transaction(hands.factory) as session:
            outcome = self.entry.store(session, hands.actor, intake, labels)
            hands.kept(file, outcome)
            self._note(session, hands.actor, fingerprint)
        return outcome

    def _edition(self, session: Session) -> Edition | None:
        if self.subject is Subject.AREAS:
            return boundary_edition(session, name_of(self.entry))
        return edition_named(session, self.subject, part_of(self.entry), name_of(self.entry))

    def _there(self, edition: Edition | None) -> bool:
        if edition is None or self.subject is not Subject.AREAS:
            return edition is not None
        return part_of(self.entry) in edition.details.get("files", {})

    @cached_property
    def _fingerprint(self) -> str:
        said = self.entry.model_dump(mode="json", exclude={"file", "rasters", "buildings"}, exclude_none=True)
        bands = [(band, len(paths)) for band, paths in sorted(getattr(self.entry, "rasters", {}).items())]
        return sha256({"said": said, "bands": bands, "content": digest(_with_siblings(self.paths))})


@dataclass(frozen=True)
class TablesStep(Step):
    """An edition of the catalogue of cases, or of the list of matters, to be taken."""

    kind: str
    entry: EditionFile
    path: Path

    @property
    def name(self) -> str:
        """The edition."""
        return name_of(self.entry)

    @property
    def files(self) -> Sequence[Path]:
        """The file."""
        return (self.path,)

    def state(self, session: Session, today: date) -> State:  # noqa: ARG002  an edition that is over was taken
        """Tell whether the edition was taken, and from this very file."""
        known = self._known(session)
        if known is not None:
            return "there" if known == self._fingerprint else "changed"
        return "unknown" if edition_kept(session, self.name, self.entry.list_kind) else "new"

    def perform(self, hands: Hands) -> Recorded:
        """Read the tables and keep them, whole or not at all."""
        fingerprint = self._fingerprint
        with hands.stage("reading", self.path):
            tables = self.entry.read(self.path, {})
        labels = self.entry.labels(self.path, today=hands.today)
        with hands.stage("storing", self.path), transaction(hands.factory) as session:
            taken = self.entry.store(session, hands.actor, tables, labels)
            self._note(session, hands.actor, fingerprint)
        return taken

    @cached_property
    def _fingerprint(self) -> str:
        said = self.entry.model_dump(mode="json", exclude={"file"}, exclude_none=True)
        return sha256({"said": said, "content": digest([self.path])})


def _with_siblings(paths: Iterable[Path]) -> list[Path]:
    """Return files with those that belong to them: a Shapefile is several."""
    found: list[Path] = []
    for path in paths:
        shapefile = path.suffix.lower() == ".shp"
        found += (
            sorted(p for p in path.parent.iterdir() if p.stem == path.stem and p.is_file()) if shapefile else [path]
        )
    return found
