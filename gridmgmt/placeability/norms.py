"""Norm sets from files: read as a table, checked row by row, kept as an edition."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Any

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, FileRefusedError, InputError, Problem
from gridmgmt.ingest.tables import read_table
from gridmgmt.placeability import queries
from gridmgmt.placeability.models import NormRow, NormSet
from gridmgmt.placeability.rules import Norm, NormItem, PlaceVerdict, member
from gridmgmt.service_points.rules import ServicePointType

COLUMNS = ("item", "types", "least", "most", "severity", "evidence", "source")
"""Columns of a file of norms; ``types`` are parted by spaces and blank for all, ``least`` or ``most`` may be blank."""


def read_norms(path: Path, name: str, edition: str) -> tuple[Norm, ...]:
    """Return the norms of a CSV or XLSX file.

    Raises
    ------
    FileRefusedError
        When a column is missing, or rows cannot be read: each with its number and what would be right.
    """
    rows = read_table(path)
    if missing := [column for column in COLUMNS if column not in rows.columns]:
        raise FileRefusedError("norm_columns_missing", file=path.name, columns=", ".join(missing))
    norms, problems = [], list(rows.problems)
    for i, number in enumerate(rows.row.tolist()):
        try:
            norms.append(_norm({column: rows.columns[column][i] for column in COLUMNS}, name, edition))
        except InputError as error:
            problems.append(Problem(number, f"norm.{error.code}", error.fields))
    if problems:
        raise FileRefusedError("norms_refused", file=path.name, count=len(problems), problems=problems)
    return tuple(norms)


def _norm(row: Mapping[str, str | None], name: str, edition: str) -> Norm:
    least, most = _bound(row, "least"), _bound(row, "most")
    if (least is None and most is None) or (least is not None and most is not None and least > most):
        raise InputError("norm_bounds", least=row["least"], most=row["most"])
    severity = member(PlaceVerdict, row["severity"] or "", "severity")
    if severity not in (PlaceVerdict.WARN, PlaceVerdict.FAIL):
        raise InputError("choice_unknown", field="severity", value=severity, known="warn, fail")
    types = (row["types"] or "").replace(";", " ").split()
    return Norm(
        norm_set=name,
        edition=edition,
        item=member(NormItem, row["item"] or "", "item"),
        types=tuple(member(ServicePointType, type_, "types") for type_ in types),
        least=least,
        most=most,
        severity=severity,
        evidence=row["evidence"] or "",
        source=row["source"] or "",
    )


def _bound(row: Mapping[str, str | None], column: str) -> float | None:
    text = row[column]
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError as error:
        raise InputError("attribute_unreadable", field=column, value=text, expected="12.5") from error
    if not isfinite(value):
        raise InputError("attribute_unreadable", field=column, value=text, expected="12.5")
    return value


def import_norms(
    session: Session, actor: Actor, path: Path, *, name: str, edition: str, title: str | None, valid_from: date
) -> tuple[NormSet, bool]:
    """Keep the norms of a file as an edition of a set, and tell whether it is new.

    The same norms again under the same name and edition change nothing.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not import everywhere.
    ConflictError
        When the edition has other norms, or another edition of the set begins on that day.
    """
    require(actor, Permission.IMPORT)
    norms = read_norms(path, name, edition)
    for known in queries.norm_sets(session):
        if known.name != name:
            continue
        if known.edition == edition:
            if queries.norms_of([known]) == norms and known.valid_from == valid_from:
                return known, False
            raise ConflictError("norm_edition_taken", name=name, edition=edition)
        if known.valid_from == valid_from:
            raise ConflictError("norm_day_taken", name=name, edition=known.edition, on=valid_from)
    kept = NormSet(
        name=name,
        edition=edition,
        title=title or name,
        valid_from=valid_from,
        norms=[_row(number, norm) for number, norm in enumerate(norms, start=1)],
    )
    session.add(kept)
    session.flush()
    after = {"name": name, "edition": edition, "valid_from": valid_from, "norms": [_content(norm) for norm in norms]}
    record(session, actor, "norms.import", f"norm_set:{kept.norm_set_id}", after=after)
    return kept, True


def _row(number: int, norm: Norm) -> NormRow:
    return NormRow(norm_no=number, **_content(norm))


def _content(norm: Norm) -> dict[str, Any]:
    values = asdict(norm)
    return {**{column: values[column] for column in COLUMNS}, "types": [str(type_) for type_ in norm.types]}


def set_of(session: Session, name: str, edition: str | None, on: date) -> NormSet:
    """Return one edition of a set: the one named, or the one in force on a day.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    if edition is not None:
        found = [each for each in queries.norm_sets(session, names=[name]) if each.edition == edition]
        if found:
            return found[0]
    return queries.norm_sets(session, on, [name if edition is None else f"{name} {edition}"])[0]
