"""Tables without coordinates matched row by row with the gazetteer or with committees; none is guessed."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path

from gridmgmt.addresses import queries
from gridmgmt.addresses.committees import Committee, index, match
from gridmgmt.addresses.geocoding import Candidate, geocode
from gridmgmt.addresses.rules import FOUND_FROM, MatchState
from gridmgmt.db import Session
from gridmgmt.official_codes.queries import summaries
from gridmgmt.spreadsheets import harmless
from gridmgmt.texts import Language, text

_MOST_CODES = 1_000_000
_COMMITTEE_DIGITS = 12


class MatchBy(StrEnum):
    """By what the rows of a table are matched."""

    ADDRESS = "address"
    COMPOUND = "compound"
    COMMITTEE = "committee"


@dataclass(frozen=True)
class Asked:
    """One row to match; ``row`` as in its file."""

    row: int
    name: str | None
    address: str | None


@dataclass(frozen=True)
class MatchCandidate:
    """What a row may mean; the point in degrees, None for a committee whose area is not in force."""

    code: str | None
    name: str
    lon: float | None = None
    lat: float | None = None
    confidence: float | None = None


@dataclass(frozen=True)
class MatchedRow:
    """What came of one row; ``reason`` is a key of the catalogue, the candidates are all of an ambiguous one."""

    asked: Asked
    state: MatchState
    reason: str
    candidates: tuple[MatchCandidate, ...]


def match_committees(
    session: Session | None, rows: Iterable[Asked], committees: Sequence[Committee], on: date
) -> list[MatchedRow]:
    """Match the names of rows with those of committees; with a session each gets a point in its area, if in force."""
    table = index(committees)
    found = []
    for asked in rows:
        one = match(asked.name or "", asked.address, table)
        candidates = tuple(MatchCandidate(c.code, f"{c.town or ''}{c.name}") for c in one.candidates)
        found.append(MatchedRow(asked, one.state, f"match_reason.{one.reason}", candidates))
    return found if session is None else _placed(session, found, on)


def match_addresses(
    session: Session, rows: Iterable[Asked], by: MatchBy, on: date, *, least: float = FOUND_FROM
) -> list[MatchedRow]:
    """Match rows with the gazetteer, by their address or by the name of a compound or place."""
    found = []
    for asked in rows:
        wanted = asked.address if by is MatchBy.ADDRESS else asked.name
        answer = geocode(session, wanted or "", on, least=least)
        prefix = "address_basis" if answer.state is MatchState.MATCHED else "geocode_reason"
        candidates = [answer.found] if answer.found is not None else answer.candidates
        listed = tuple(map(_candidate, candidates)) if answer.state is not MatchState.UNMATCHED else ()
        found.append(MatchedRow(asked, answer.state, f"{prefix}.{answer.reason}", listed))
    return found


def _candidate(candidate: Candidate) -> MatchCandidate:
    name = candidate.address if candidate.name is None else f"{candidate.name} {candidate.address}"
    return MatchCandidate(None, name, candidate.lon, candidate.lat, candidate.confidence)


def _placed(session: Session, rows: Sequence[MatchedRow], on: date) -> list[MatchedRow]:
    codes = {c.code for row in rows for c in row.candidates if c.code is not None}
    centres = queries.centres_of(session, on, codes)
    nowhere = (None, None)

    def placed(candidate: MatchCandidate) -> MatchCandidate:
        lon, lat = centres.get(candidate.code or "", nowhere)
        return replace(candidate, lon=lon, lat=lat)

    return [replace(row, candidates=tuple(map(placed, row.candidates))) for row in rows]


def official_committees(session: Session, on: date, beginning: str) -> list[Committee]:
    """Return the committees of the official table in force on a day whose codes begin so, with their towns."""
    found = summaries(session, on, text=beginning, limit=_MOST_CODES)
    return [
        Committee(unit.code, unit.name, unit.parent_name)
        for unit in found
        if len(unit.code) == _COMMITTEE_DIGITS and unit.code.startswith(beginning)
    ]


def tally(rows: Iterable[MatchedRow]) -> dict[MatchState, int]:
    """Return how many rows came to each state."""
    counts = Counter(row.state for row in rows)
    return {state: counts[state] for state in MatchState}


_COLUMNS = ("row", "name", "address", "state", "reason", "code", "matched", "lon", "lat", "confidence", "candidates")


def write_matches(path: Path, rows: Iterable[MatchedRow], lang: Language) -> None:
    """Write each row with what came of it and why, as CSV in UTF-8; the table's other columns are not carried over."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, _COLUMNS)
        writer.writeheader()
        writer.writerows({name: harmless(cell) for name, cell in _line(row, lang).items()} for row in rows)


def _line(row: MatchedRow, lang: Language) -> Mapping[str, object]:
    line: dict[str, object] = {
        "row": row.asked.row,
        "name": row.asked.name,
        "address": row.asked.address,
        "state": row.state,
        "reason": text(row.reason, lang),
        "candidates": "; ".join(" ".join(filter(None, (c.code, c.name))) for c in row.candidates),
    }
    if row.state is MatchState.MATCHED:
        (only,) = row.candidates
        line |= {"code": only.code, "matched": only.name, "lon": only.lon, "lat": only.lat}
        line["confidence"] = only.confidence
    return line
