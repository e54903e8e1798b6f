"""The steps that bring a folder to what a manifest says: how far each is, and doing it.

Each step is a transaction of its own and leaves its fingerprint (of its options and of its files' contents) in the log
of changes, within that transaction. So a step that is done is known to be done without reading its files again, and one
that was cut short has left nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from gridmgmt.access.queries import changes
from gridmgmt.boundaries import service as boundaries
from gridmgmt.cells.service import GenerationAsk, generate
from gridmgmt.coverage.queries import latest_answer, stale_inputs
from gridmgmt.coverage.service import of_version
from gridmgmt.db import Session, transaction
from gridmgmt.editions.queries import boundary_edition, holds_synthetic
from gridmgmt.editions.rules import EditionState, Subject
from gridmgmt.errors import ConflictError
from gridmgmt.manifest.file_steps import FileStep, TablesStep
from gridmgmt.manifest.reading import Read, coverage_request
from gridmgmt.manifest.schema import Activation, Cells, Coverage, Demo
from gridmgmt.manifest.step import ACTION, Hands, State, Step, sha256
from gridmgmt.network.queries import profile
from gridmgmt.texts import text
from gridmgmt.work import Approval, ask_coverage, finish_coverage, put_in_force


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
        return sha256(self.entry.model_dump(mode="json", exclude_none=True))


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
            self._note(session, hands.actor, sha256(self.entry.seed))


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
        *_files(read, ("population", "population_by_area", "service_points")),
        *_tables(read),
        *_files(read, ("components", "cases", "addresses")),
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


def _tables(read: Read) -> Iterable[Step]:
    """Yield the editions of the catalogue, then the lists of matters, which name its types; each as they stand."""
    manifest = read.manifest
    for section, entries in (("catalogue", manifest.catalogue), ("matters", manifest.matters)):
        for entry in entries:
            yield TablesStep(section, entry, read.file(entry.file))
