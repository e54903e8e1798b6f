"""One step of a manifest, whatever it is: how far it is, doing it, and what it leaves in the log of changes."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from sqlalchemy.orm import sessionmaker

from gridmgmt.access.queries import changes
from gridmgmt.access.rules import Actor
from gridmgmt.access.service import record
from gridmgmt.db import Session
from gridmgmt.imports import Outcome
from gridmgmt.settings import Settings

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


def sha256(value: object) -> str:
    """Return the SHA-256 of a value of JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
