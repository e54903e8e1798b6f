"""The one door to the catalogue: what holds at a moment, and taking new editions and lists.

An edition is kept whole and never changed, so what is read of it once is shared by all threads of a process; a
transaction asks the database at most once which editions there are.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import func, select

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.catalogue import builtin, queries
from gridmgmt.catalogue.matters import Changes, ListKind, MattersList, changes_between
from gridmgmt.catalogue.models import CatalogueEdition, Content, MattersEdition
from gridmgmt.catalogue.queries import Head
from gridmgmt.catalogue.rows import Tables
from gridmgmt.catalogue.rules import Catalogue
from gridmgmt.catalogue.tables import kept, read_catalogue, read_matters, tables_of
from gridmgmt.clock import local_date
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, FileRefusedError, NotFoundError, Problem
from gridmgmt.texts import text

_LOCK = 3_101_230
"""Advisory lock of this database: editions are taken one at a time."""
_HEADS = "gridmgmt.catalogue.heads"
_MOST_KEPT = 32
_read: dict[tuple[Head, ...], Catalogue] = {}
"""What was read, by all that makes it what it is; the same in every database that has the same editions."""


@dataclass(frozen=True)
class EditionLabels:
    """What is said of an edition: its name, the first day on which it holds, and where it comes from."""

    name: str
    valid_from: date
    source: str


@dataclass(frozen=True)
class EditionTaken:
    """What came of an import; ``new`` is False where the same tables were in force on that day already."""

    edition_id: int
    name: str
    valid_from: date
    new: bool
    rows: Mapping[str, int]
    """How many rows each table has."""


def catalogue_on(session: Session, moment: datetime | date) -> Catalogue:
    """Return the catalogue that holds at a moment, with all lists of matters.

    Raises
    ------
    NotFoundError
        ``catalogue_missing`` where none holds then.
    """
    day = local_date(moment) if isinstance(moment, datetime) else moment
    heads = _heads(session)
    head = _in_force(heads, day)
    if head is None:
        raise NotFoundError("catalogue_missing", on=day)
    key = (head, *(each for each in heads if each.kind is ListKind.MATTERS))
    found = _read.get(key)
    if found is None:
        if len(_read) >= _MOST_KEPT:
            _read.clear()
        tables = tables_of(queries.content_of(session, head))
        catalogue, _ = read_catalogue(tables, name=head.name, valid_from=head.valid_from)
        found = _read[key] = replace(catalogue, lists=_lists(session, key[1:]))
    return found


def catalogue_if_any(session: Session, moment: datetime | date) -> Catalogue | None:
    """Return the catalogue that holds at a moment, with all lists of matters; None where none holds then."""
    try:
        return catalogue_on(session, moment)
    except NotFoundError:
        return None


def catalogue_anew(session: Session, moment: datetime | date) -> Catalogue | None:
    """Return the catalogue that holds at a moment as of now, whatever editions this transaction has seen before."""
    session.info.pop(_HEADS, None)
    return catalogue_if_any(session, moment)


def tables_on(session: Session, day: date) -> Tables:
    """Return the tables of the catalogue that holds on a day, as they were taken.

    Raises
    ------
    NotFoundError
        ``catalogue_missing``.
    """
    head = _in_force(_heads(session), day)
    if head is None:
        raise NotFoundError("catalogue_missing", on=day)
    return tables_of(queries.content_of(session, head))


def matters_tables_on(session: Session, day: date, kind: ListKind = ListKind.MATTERS) -> Tables:
    """Return the tables of the list of a kind that holds on a day, as they were taken.

    Raises
    ------
    NotFoundError
        ``matters_missing``.
    """
    head = _in_force(_heads(session), day, kind)
    if head is None:
        raise NotFoundError("matters_missing", on=day)
    return tables_of(queries.content_of(session, head))


def matter_lists(session: Session, kind: ListKind = ListKind.MATTERS) -> tuple[MattersList, ...]:
    """Return all lists of a kind by the day they begin."""
    return _lists(session, tuple(head for head in _heads(session) if head.kind is kind))


def matters_on(session: Session, day: date, kind: ListKind = ListKind.MATTERS) -> MattersList:
    """Return the list of a kind that holds on a day.

    Raises
    ------
    NotFoundError
        ``matters_missing``.
    """
    begun = [each for each in matter_lists(session, kind) if each.valid_from <= day]
    if not begun:
        raise NotFoundError("matters_missing", on=day)
    return begun[-1]


def matter_changes(session: Session, start: date, end: date, kind: ListKind = ListKind.MATTERS) -> Changes:
    """Return what became of the matters in force on one day until another, in the lists of a kind.

    Raises
    ------
    NotFoundError
        ``matters_missing`` where no list is in force on the later day.
    """
    found = changes_between(matter_lists(session, kind), start, end)
    if found is None:
        raise NotFoundError("matters_missing", on=end)
    return found


def import_catalogue(
    session: Session, actor: Actor, tables: Tables, labels: EditionLabels, *, today: date
) -> EditionTaken:
    """Take an edition of the catalogue; tables that are not given stay as they are on its first day.

    Raises
    ------
    FileRefusedError
        ``rows_refused`` with everything that is wrong with the tables.
    ConflictError
        ``edition_not_last`` when another begins later, or on the same day and that day has come.
    """
    require(actor, Permission.CATALOGUE_WRITE)
    _hold(session)
    head = _in_force(_heads(session), labels.valid_from)
    present = tables_of(queries.content_of(session, head)) if head else {}
    whole = _Whole.of({**present, **tables})
    if head is not None and head.content_sha256 == whole.sha256:
        return _known(head, whole)
    _, problems = read_catalogue({**present, **tables}, name=labels.name, valid_from=labels.valid_from)
    _require_good(problems, tables)
    return _keep(session, actor, None, whole, labels, today)


def import_matters(
    session: Session,
    actor: Actor,
    tables: Tables,
    labels: EditionLabels,
    *,
    today: date,
    kind: ListKind = ListKind.MATTERS,
) -> EditionTaken:
    """Take a list of matters or of powers, with what became of each item of the list of its kind before.

    Raises
    ------
    FileRefusedError
        ``rows_refused`` with everything that is wrong: a matter without a fate, or with two, among it.
    NotFoundError
        ``catalogue_missing`` where none holds on its first day.
    ConflictError
        As of :func:`import_catalogue`.
    """
    require(actor, Permission.CATALOGUE_WRITE)
    _hold(session)
    head, whole = _in_force(_heads(session), labels.valid_from, kind), _Whole.of(tables)
    if head is not None and head.content_sha256 == whole.sha256:
        return _known(head, whole)
    catalogue = catalogue_on(session, labels.valid_from)
    begun = [each for each in matter_lists(session, kind) if each.valid_from < labels.valid_from]
    before = begun[-1] if begun else None
    _, problems = read_matters(
        tables, name=labels.name, valid_from=labels.valid_from, before=before, catalogue=catalogue
    )
    _require_good(problems, tables)
    return _keep(session, actor, kind, whole, labels, today)


def load_builtin(session: Session, actor: Actor, *, valid_from: date | None = None, today: date) -> EditionTaken:
    """Take the built-in catalogue, with departments for the areas that there are.

    Parameters
    ----------
    valid_from
        Where it is not given: before all cases for the first catalogue, and today for a later one.
    """
    begins = valid_from or (builtin.BEGINS if _in_force(_heads(session), today) is None else today)
    labels = EditionLabels(text("catalogue.builtin"), begins, "gridmgmt")
    return import_catalogue(session, actor, builtin.catalogue_tables(queries.places(session)), labels, today=today)


def load_builtin_matters(session: Session, actor: Actor, *, today: date) -> list[EditionTaken]:
    """Take the lists that the demo shows, of matters and of powers: the later ones move investment elsewhere."""
    return [
        import_matters(
            session,
            actor,
            builtin.matters_tables(name, kind),
            EditionLabels(name, begins, "gridmgmt"),
            today=today,
            kind=kind,
        )
        for kind in (ListKind.MATTERS, ListKind.POWERS)
        for name, (begins, _) in builtin.LISTS.items()
    ]


def _heads(session: Session) -> tuple[Head, ...]:
    transaction, known = session.info.get(_HEADS, (None, ()))
    if transaction is not None and transaction is session.get_transaction():
        kept_heads: tuple[Head, ...] = known
        return kept_heads
    found = queries.heads(session)
    session.info[_HEADS] = (session.get_transaction(), found)
    return found


def _in_force(heads: tuple[Head, ...], day: date, kind: ListKind | None = None) -> Head | None:
    """Return the list of a kind, or the catalogue, that holds on a day."""
    begun = (head for head in reversed(heads) if head.kind is kind and head.valid_from <= day)
    return next(begun, None)


def _lists(session: Session, heads: tuple[Head, ...]) -> tuple[MattersList, ...]:
    lists: list[MattersList] = []
    for head in heads:
        tables = tables_of(queries.content_of(session, head))
        before = lists[-1] if lists else None
        found, _ = read_matters(tables, name=head.name, valid_from=head.valid_from, before=before)
        lists.append(replace(found, kind=head.kind or ListKind.MATTERS))
    return tuple(lists)


def _hold(session: Session) -> None:
    """Let one edition at a time be taken, and see those that were taken meanwhile."""
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    session.info.pop(_HEADS, None)


def _require_good(problems: tuple[Problem, ...], tables: Tables) -> None:
    if problems:
        refused = len({(problem.row, problem.fields.get("field")) for problem in problems})
        read = sum(len(records) for records in tables.values())
        raise FileRefusedError("rows_refused", problems=problems, read=read, refused=refused)


@dataclass(frozen=True)
class _Whole:
    """The tables of an edition as the database keeps them."""

    content: Content
    sha256: str

    @classmethod
    def of(cls, tables: Tables) -> "_Whole":
        content = kept(tables)
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return cls(content, hashlib.sha256(canonical.encode()).hexdigest())

    @property
    def rows(self) -> dict[str, int]:
        return {name: len(rows) for name, rows in self.content.items()}


def _known(head: Head, whole: _Whole) -> EditionTaken:
    return EditionTaken(head.edition_id, head.name, head.valid_from, new=False, rows=whole.rows)


def _keep(
    session: Session,
    actor: Actor,
    kind: ListKind | None,
    whole: _Whole,
    labels: EditionLabels,
    today: date,
) -> EditionTaken:
    last = next((head.valid_from for head in reversed(_heads(session)) if head.kind is kind), None)
    if last is not None and (labels.valid_from < last or last == labels.valid_from <= today):
        raise ConflictError("edition_not_last", field="valid_from", value=labels.valid_from, latest=last)
    said = {"name": labels.name, "valid_from": labels.valid_from, "source": labels.source}
    told = {**said, "content": whole.content, "content_sha256": whole.sha256}
    row = CatalogueEdition(**told) if kind is None else MattersEdition(**told, kind=kind)
    session.add(row)
    session.flush()
    session.info.pop(_HEADS, None)
    subject = "catalogue" if kind is None else str(kind)
    after = {**said, "rows": whole.rows, "sha256": whole.sha256}
    record(session, actor, f"{subject}.import", f"{subject}:{row.edition_id}", after=after)
    return EditionTaken(row.edition_id, row.name, row.valid_from, new=True, rows=whole.rows)
