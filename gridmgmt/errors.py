"""The exception tree.

::

    GridMgmtError
    ├── NotFoundError            what was named does not exist
    ├── ConflictError            it exists, but not in a state that allows this
    │   ├── StaleVersionError    it has changed since it was read
    │   ├── VersionMissingError  a change does not say which version it was made for
    │   ├── TransitionNotAllowedError  the move is not legal now; names those that are
    │   ├── DuplicateCodeError   a code is already taken
    │   └── LeaseLostError       another worker has taken this job over
    ├── RuleViolationError       a rule of the domain forbids it
    │   └── TopologyError
    ├── InputError               what was given cannot be used
    │   ├── GeometryError
    │   ├── CodeFormatError
    │   ├── CrsError             a coordinate system or datum that does not fit
    │   ├── MoveNeedsError       a move of a case lacks what it needs
    │   └── FileRefusedError     a file with problems, row by row
    ├── UnauthenticatedError     nobody known asks for what needs an account
    ├── ForbiddenError           the actor may not do this
    └── UnavailableError         a part this needs does not answer

Every error has a stable ``code``; its words stand in the catalogue under ``error.<code>`` and hold the numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gridmgmt.texts import Language, text


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one row of a file.

    ``row`` counts as people do in the file: the line number for CSV, the feature's number from 1 elsewhere;
    None for a problem of the whole file. The words stand in the catalogue under ``problem.<code>``.
    """

    row: int | None
    code: str
    fields: Mapping[str, object] = field(default_factory=dict)

    def message(self, lang: Language = "zh") -> str:
        """Return the reason in words, without the row number."""
        return text(f"problem.{self.code}", lang, **self.fields)


class GridMgmtError(Exception):
    """The base of all errors that a user can cause or must hear of."""

    def __init__(self, code: str, /, **fields: object) -> None:
        super().__init__(code)
        self.code = code
        self.fields = fields

    def message(self, lang: Language = "zh") -> str:
        """Return the error in words of one language."""
        return text(f"error.{self.code}", lang, **self.fields)

    def __str__(self) -> str:
        return self.message()


class NotFoundError(GridMgmtError):
    """What was named does not exist."""


class ConflictError(GridMgmtError):
    """It exists, but not in a state that allows this."""


class StaleVersionError(ConflictError):
    """It has changed since it was read."""


class VersionMissingError(ConflictError):
    """A change does not say which version it was made for."""


class TransitionNotAllowedError(ConflictError):
    """A case cannot be moved so now; ``legal`` are the moves that its mover may make."""

    def __init__(self, code: str, /, *, move: str, state: str, legal: Sequence[str]) -> None:
        super().__init__(code, move=move, state=state)
        self.legal = tuple(legal)

    def message(self, lang: Language = "zh") -> str:
        """Return the error with the names of the moves and the state."""
        names = [text(f"case_move.{move}", lang) for move in self.legal]
        move, state = text(f"case_move.{self.fields['move']}", lang), text(f"case_state.{self.fields['state']}", lang)
        joined = text("case_moves_joint", lang).join(names) or text("case_moves_none", lang)
        return text(f"error.{self.code}", lang, move=move, state=state, legal=joined)


class DuplicateCodeError(ConflictError):
    """A code is already taken."""


class LeaseLostError(ConflictError):
    """Another worker has taken this job over; nothing of this attempt may be written."""


class RuleViolationError(GridMgmtError):
    """A rule of the domain forbids it."""


class TopologyError(RuleViolationError):
    """Areas overlap, leave gaps or do not nest."""


class InputError(GridMgmtError):
    """What was given cannot be used."""


class MoveNeedsError(InputError):
    """A move of a case lacks something; ``needs`` is all that it has to be given."""

    def __init__(self, *, move: str, field: str, needs: Sequence[str]) -> None:
        super().__init__("move_needs", move=move, field=field)
        self.needs = tuple(needs)

    def message(self, lang: Language = "zh") -> str:
        """Return the error with the names of the move and of what it needs, each with its name in a request."""
        told = [f"{text(f'case_need.{need}', lang)} ({need})" for need in self.needs]
        lacks, move = self.fields["field"], text(f"case_move.{self.fields['move']}", lang)
        lacking = f"{text(f'case_need.{lacks}', lang)} ({lacks})"
        return text(
            f"error.{self.code}", lang, move=move, lacks=lacking, needs=text("case_moves_joint", lang).join(told)
        )


class GeometryError(InputError):
    """A geometry is invalid, empty or of the wrong type."""


class CodeFormatError(InputError):
    """An official code is malformed."""


class CrsError(InputError):
    """A coordinate system or datum is missing, unknown or does not fit the data."""


class FileRefusedError(InputError):
    """A file with problems; nothing of it was kept."""

    def __init__(self, code: str, /, *, problems: Sequence[Problem] = (), **fields: object) -> None:
        super().__init__(code, **fields)
        self.problems = tuple(problems)


class UnauthenticatedError(GridMgmtError):
    """Nobody known asks for what needs an account, or what was given as a proof is none."""


class ForbiddenError(GridMgmtError):
    """The actor may not do this."""


class UnavailableError(GridMgmtError):
    """A part that this needs (the database, its binaries) does not answer."""
