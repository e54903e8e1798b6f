"""What a manifest would change in a folder, step by step.

A step is done by :meth:`gridmgmt.manifest.step.Step.perform`. After a failure the former steps stay, and the next call
goes on there.
"""

from dataclasses import dataclass
from datetime import date

from gridmgmt.db import Session, transaction
from gridmgmt.manifest.reading import Read
from gridmgmt.manifest.schema import ManifestSettings
from gridmgmt.manifest.step import Hands, State, Step
from gridmgmt.manifest.steps import refuse_other_folder, steps_of
from gridmgmt.settings import Settings


@dataclass(frozen=True)
class Planned:
    """A step, and how far it was when it was looked at."""

    step: Step
    state: State

    @property
    def done(self) -> bool:
        """Tell whether nothing is to be done."""
        return self.state == "there"


def plan(session: Session, read: Read, today: date) -> list[Planned]:
    """Return what a manifest asks for, step by step, with how far each is; nothing is changed.

    Raises
    ------
    ConflictError
        When the folder holds the demo and the manifest is of real data, or the other way round.
    NotFoundError
        When a walking profile is unknown.
    """
    refuse_other_folder(session, read)
    return [Planned(step, step.state(session, today)) for step in steps_of(read)]


def wanted(hands: Hands, step: Step) -> bool:
    """Tell whether a step is to be done now that the former ones are: they may have done it, or made it necessary."""
    with transaction(hands.factory) as session:
        return step.state(session, hands.today) != "there"


def settings_with(settings: Settings, said: ManifestSettings) -> Settings:
    """Return the settings with those of a manifest in their place."""
    return settings.model_copy(update=said.model_dump(exclude_none=True))
