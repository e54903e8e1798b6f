"""What responsibility grids and officer posts are, without a database; never who fills a post."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from gridmgmt.codes import is_code
from gridmgmt.errors import CodeFormatError, InputError
from gridmgmt.hours import Hours, parse_hours

Rules = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class NewKind:
    """A kind of responsibility grids, such as inspection; every cell is in one grid of each kind at most.

    Parameters
    ----------
    required_hours
        The opening rules that every grid of the kind has to keep; None where nothing is laid down.
    """

    code: str
    name_zh: str
    name_en: str
    required_hours: Rules | None = None


@dataclass(frozen=True)
class NewPost:
    """A post by its office: never the name, number or identity of the person who fills it."""

    code: str
    name: str
    kind: str
    body: str
    valid_from: date


@dataclass(frozen=True)
class NewGrid:
    """A responsibility grid: cells by their codes, a post, one that stands in, and when they are on duty."""

    code: str
    name: str
    kind: str
    valid_from: date
    cells: frozenset[str]
    post: str | None = None
    backup: str | None = None
    hours: Rules = field(default_factory=dict)
    """Opening rules as :func:`gridmgmt.hours.parse_hours` reads them; none where nothing is said."""


def check_code(value: str) -> str:
    """Return a code of a kind, post or grid.

    Raises
    ------
    CodeFormatError
        ``grid_code_malformed``.
    """
    if not is_code(value):
        raise CodeFormatError("grid_code_malformed", field="code", value=value)
    return value


def check_hours(rules: Rules) -> Hours:
    """Return the hours of rules; none at all where there are no rules.

    Raises
    ------
    InputError
        See :func:`gridmgmt.hours.parse_hours`.
    """
    return parse_hours(rules) if rules else Hours(())


def check_deputies(code: str, post: str | None, backup: str | None) -> None:
    """Refuse a post that stands in for itself.

    Raises
    ------
    InputError
        ``backup_is_post``.
    """
    if post is not None and post == backup:
        raise InputError("backup_is_post", field="backup", value=backup, code=code)
