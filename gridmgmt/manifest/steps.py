"""The steps that bring a folder to what a manifest says: how far each is, and doing it.

Each step is a transaction of its own and leaves its fingerprint (of its options and of its files' contents) in the log
of changes, within that transaction. So a step that is done is known to be done without reading its files again, and one
that was cut short has left nothing.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal

from sqlalchemy.orm import sessionmaker

from gridmgmt.access.queries import changes
from gridmgmt.access.rules import Actor
from gridmgmt.access.service import record
from gridmgmt.boundaries import service as boundaries
from gridmgmt.cells.service import GenerationAsk, generate
from gridmgmt.coverage.queries import latest_answer, stale_inputs
from gridmgmt.coverage.service import of_version
from gridmgmt.db import Session, transaction
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import boundary_edition, edition_named, extent, holds_synthetic
from gridmgmt.editions.rules import EditionState, Subject
from gridmgmt.errors import ConflictError
from gridmgmt.file_kinds import FileKind
from gridmgmt.imports import Outcome
from gridmgmt.ingest.files import digest
from gridmgmt.manifest.reading import Read, coverage_request, name_of, part_of
from gridmgmt.manifest.schema import Activation, Cells, Coverage, Demo
from gridmgmt.network.queries import profile
from gridmgmt.settings import Settings
from gridmgmt.texts import text
from gridmgmt.work import Approval, ask_coverage, finish_coverage, put_in_force

ACTION = "manifest.step"
_FINGERPRINT = "fingerprint"

State = Literal["new", "there", "changed", "unknown"]
"""New; there, just as the manifest says; done from other files or options; there by another hand, to be compared."""


@dataclass(frozen=True)
class Hands:
    """Who applies a manifest, with what, and who is told.

    ``load_demo`` makes the synthetic district of a seed. ``kept`` hears what came of a file before it is kept for good.
    ``stage`` shows that a stage goes on (``reading``, ``storing``) of a file.
    """

    factory: sessionmaker[Session]
    actor: Actor
    settings: Settings
    today: date
    load_demo: Callable[[int], object]
    kept: Callable[[Path, Outcome], object]
    stage: Callable[[str, Path], AbstractContextManager[None]]


class Step(ABC):
    """One thing that a manifest asks for."""

    kind: str
    """The section of the manifest."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What it makes, as people call it."""

    @property
    def files(self) -> Sequence[Path]:
        """The files that it reads."""
        return ()

    @abstractmethod
    def state(self, session: Session, today: date) -> State:
        """Tell how far it is."""

    @abstractmethod
    def perform(self, hands: Hands) -> object:
        """Do it; what was there already stays as it is.

        Raises
        ------
        GridMgmtError
            When it cannot be done; nothing of it is kept then.
        """

    def _known(self, session: Session) -> str | None:
        """Return the fingerprint under which it was done last."""
        last = changes(session, action=ACTION, object_=self._object, limit=1)
        return str((last[0].after or {}).get(_FINGERPRINT)) if last else None

    def _note(self, session: Session, actor: Actor, fingerprint: str) -> None:
        if self._known(session) != fingerprint:
            record(session, actor, ACTION, self._object, after={_FINGERPRINT: fingerprint})

    @property
    def _object(self) -> str:
        return f"manifest:{self.kind}/{self.name}"


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
        return _sha256({"said": said, "bands": bands, "content": digest(_with_siblings(self.paths))})


@dataclass(frozen=True)
class ActivationStep(Step):
    """A boundary edition to be checked, approved and put in force."""

    entry: Activation
    kind: str = "activate"

    @property
    def name(self) -> str:
        """The edition."""
        return self.entry.edition

    def state(self, session: Session, today: date) -> State:  # noqa: ARG002  in force ahead of today is in force
        """Tell whether the edition is in force."""
        edition = boundary_edition(session, self.name)
        if edition is not None and edition.state == EditionState.WITHDRAWN:
            return "changed"
        return "there" if edition is not None and edition.state == EditionState.IN_FORCE else "new"

    def perform(self, hands: Hands) -> None:
        """Check, approve and activate, each kept on its own; a step that was cut short goes on where it was."""
        entry = self.entry
        approval = Approval(entry.document, entry.dated or hands.today, entry.reason)
        put_in_force(hands.factory, hands.actor, self.name, approval, hands.settings, on=entry.on)


@dataclass(frozen=True)
class CellsStep(Step):
    """Grid cells to be drawn."""

    entry: Cells
    kind: str = "cells"

    @property
    def name(self) -> str:
        """The area and the edition."""
        return f"{self.entry.area} ({self.entry.edition})"

    def state(self, session: Session, today: date) -> State:  # noqa: ARG002  the edition has its own day
        """Tell whether the cells were drawn with these options, or the edition takes none any more."""
        edition = boundary_edition(session, self.entry.edition)
        known = self._known(session)
        if edition is None or known is None:
            return "there" if edition is not None and edition.state == EditionState.IN_FORCE else "new"
        return "there" if known == self._fingerprint() else "changed"

    def perform(self, hands: Hands) -> None:
        """Draw the cells into the draft, opened where there is none."""
        entry = self.entry
        with hands.stage("cells", Path(entry.area)), transaction(hands.factory) as session:
            draft = boundary_edition(session, entry.edition)
            if draft is None:
                source = text("cells.source", actor=hands.actor.name)
                day = entry.valid_from or hands.today
                draft = boundaries.open_draft(session, hands.actor, entry.edition, day, source)
            planned = draft.planned_from or hands.today
            ask = GenerationAsk(entry.area, entry.edition, planned, planned, entry.target_m2)
            generate(session, hands.actor, draft, ask)
            self._note(session, hands.actor, self._fingerprint())

    def _fingerprint(self) -> str:
        return _sha256(self.entry.model_dump(mode="json", exclude_none=True))


@dataclass(frozen=True)
class CoverageStep(Step):
    """A coverage run."""

    entry: Coverage
    kind: str = "coverage"

    @property
    def name(self) -> str:
        """The question in short."""
        entry = self.entry
        special = [str(getattr(entry, name)) for name in ("time", "trip", "scenario") if name in entry.model_fields_set]
        return ", ".join([f"{entry.minutes:g} min", entry.profile, *entry.types, *special, *entry.barriers])

    def state(self, session: Session, today: date) -> State:
        """Tell whether this very question was answered, of inputs that have not changed."""
        profile(session, self.entry.profile, today)
        request = coverage_request(self.entry)
        run = latest_answer(session, of_version(session, request))
        return "there" if run is not None and not stale_inputs(session, run, on=today) else "new"

    def perform(self, hands: Hands) -> None:
        """Compute the run in this process."""
        request = coverage_request(self.entry)
        run_id, job_id = ask_coverage(hands.factory, hands.actor, request, on=hands.today)
        with hands.stage("coverage", Path(str(run_id))):
            finish_coverage(hands.factory, run_id, job_id, lease_s=hands.settings.job_lease_s)


@dataclass(frozen=True)
class DemoStep(Step):
    """The synthetic district."""

    entry: Demo
    kind: str = "demo"

    @property
    def name(self) -> str:
        """The seed."""
        return str(self.entry.seed)

    def state(self, session: Session, today: date) -> State:  # noqa: ARG002  the demo is the same every day
        """Tell whether the folder holds a demo, and of this seed as far as is known."""
        if not holds_synthetic(session):
            return "new"
        seeds = {
            change.object for change in changes(session, action=ACTION) if change.object.startswith("manifest:demo/")
        }
        return "unknown" if not seeds else "there" if seeds == {self._object} else "changed"

    def perform(self, hands: Hands) -> None:
        """Load the demo in one transaction."""
        with hands.stage("demo", Path(self.name)):
            hands.load_demo(self.entry.seed)
        with transaction(hands.factory) as session:
            self._note(session, hands.actor, _sha256(self.entry.seed))


_SUBJECTS: Mapping[str, Subject] = {
    "codes": Subject.OFFICIAL_CODES,
    "areas": Subject.AREAS,
    "network": Subject.NETWORK,
    "gates": Subject.GATES,
    "features": Subject.LAND,
    "population": Subject.POPULATION,
    "population_by_area": Subject.POPULATION,
    "service_points": Subject.SERVICE_POINTS,
    "components": Subject.COMPONENTS,
    "cases": Subject.CASES,
    "addresses": Subject.ADDRESSES,
}


def steps_of(read: Read) -> list[Step]:
    """Return the steps of a manifest in the order in which they build on each other.

    Outlines come into force first, for they show whether the datum of what follows is right; cells need the streets.
    """
    manifest = read.manifest
    drawn = {cells.edition for cells in manifest.cells}
    early = [ActivationStep(entry) for entry in manifest.activate if entry.edition not in drawn]
    late = [ActivationStep(entry) for entry in manifest.activate if entry.edition in drawn]
    return [
        *([DemoStep(manifest.demo)] if manifest.demo else []),
        *_files(read, ("codes", "areas")),
        *early,
        *_files(read, ("network", "gates", "features")),
        *map(CellsStep, manifest.cells),
        *late,
        *_files(read, ("population", "population_by_area", "service_points", "components", "cases", "addresses")),
        *map(CoverageStep, manifest.coverage),
    ]


def refuse_other_folder(session: Session, read: Read) -> None:
    """Refuse a manifest of the demo for a folder of real data, and the other way round.

    Raises
    ------
    ConflictError
        When the folder holds the other.
    """
    synthetic = holds_synthetic(session)
    if synthetic is not None and synthetic != (read.manifest.demo is not None):
        raise ConflictError("folder_holds_demo" if synthetic else "folder_holds_real_data")


def _files(read: Read, sections: Iterable[str]) -> Iterable[Step]:
    for section in sections:
        found = getattr(read.manifest, section)
        entries = found if isinstance(found, tuple) else () if found is None else (found,)
        for entry in entries:
            if rasters := getattr(entry, "rasters", None):
                there = {band: tuple(read.file(path) for path in paths) for band, paths in rasters.items()}
                placed = entry.model_copy(update={"rasters": there})
            elif buildings := getattr(entry, "buildings", None):
                placed = entry.model_copy(update={"buildings": read.file(buildings)})
            else:
                placed = entry
            yield FileStep(section, _SUBJECTS[section], placed, tuple(read.files_of(entry)))


def _with_siblings(paths: Iterable[Path]) -> list[Path]:
    """Return files with those that belong to them: a Shapefile is several."""
    found: list[Path] = []
    for path in paths:
        shapefile = path.suffix.lower() == ".shp"
        found += (
            sorted(p for p in path.parent.iterdir() if p.stem == path.stem and p.is_file()) if shapefile else [path]
        )
    return found


def _sha256(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
