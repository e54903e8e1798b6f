"""Many candidates at once: read from a file, judged under the same terms, ranked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import shapely

from gridmgmt.crs import Datum
from gridmgmt.errors import FileRefusedError, InputError, Problem
from gridmgmt.ingest.columns import find_column
from gridmgmt.ingest.points import read_points
from gridmgmt.ingest.values import text_of
from gridmgmt.placeability.card import PlaceabilityCard
from gridmgmt.placeability.rules import (
    ATTRIBUTES,
    MAX_CANDIDATES,
    MAX_CODE,
    MAX_NAME,
    Candidate,
    PlaceVerdict,
    attributes_of,
)


@dataclass(frozen=True)
class Ranked:
    """One candidate with its place in the order, from 1; equal ones share it."""

    rank: int
    card: PlaceabilityCard

    def count(self, verdict: PlaceVerdict) -> int:
        """Return how many of the checks end in a verdict."""
        return sum(check.verdict is verdict for check in self.card.checks)


def read_candidates(path: Path, *, datum: Datum | None = None) -> list[Candidate]:
    """Return the candidates of a CSV, XLSX or vector file of points, in their order.

    Beside longitude and latitude a file may have a name, a code and the columns of
    :class:`~gridmgmt.placeability.rules.Attributes`; others are passed over.

    Raises
    ------
    InputError, FileRefusedError, CrsError
        When the file cannot be used: with its rows and what would be right. Nothing is judged then.
    """
    intake = read_points(path, datum=datum)
    frame = intake.whole().frame
    if len(frame) > MAX_CANDIDATES:
        raise InputError("candidates_count", value=len(frame), maximum=MAX_CANDIDATES)
    name_column, code_column = (find_column(frame.columns, role) for role in ("point_name", "point_code"))
    known = [name for name in ATTRIBUTES if name in frame.columns]
    found, problems = [], []
    lonlat = shapely.get_coordinates(frame.geometry.to_numpy()).tolist()
    for row, (lon, lat) in zip(frame.to_dict("records"), lonlat, strict=True):
        try:
            attributes = attributes_of({name: text_of(row[name]) for name in known})
            name, code = (None if column is None else text_of(row[column]) for column in (name_column, code_column))
            _check_length("name", name, MAX_NAME)
            _check_length("code", code, MAX_CODE)
            found.append(Candidate(lon, lat, name, attributes, code))
        except InputError as error:
            problems.append(Problem(int(row["row"]), f"candidate.{error.code}", error.fields))
    if problems:
        raise FileRefusedError("candidates_refused", file=path.name, count=len(problems), problems=problems)
    return found


def _check_length(field: str, value: str | None, most: int) -> None:
    if value is not None and len(value) > most:
        raise InputError("text_too_long", field=field, value=len(value), maximum=most)


def ranked(cards: Sequence[PlaceabilityCard]) -> list[Ranked]:
    """Return the cards in order: fewest failed checks, then most newly covered residents, then fewest warnings.

    Candidates that join no network come last among those with as many failures; equal ones keep their order.
    """
    keyed = sorted(((_key(card), i) for i, card in enumerate(cards)), key=lambda pair: pair)
    found: list[Ranked] = []
    for place, (key, i) in enumerate(keyed, start=1):
        same = bool(found) and _key(found[-1].card) == key
        found.append(Ranked(found[-1].rank if same else place, cards[i]))
    return found


def _key(card: PlaceabilityCard) -> tuple[int, float, int]:
    verdicts = [check.verdict for check in card.checks]
    gain = card.facts.gain
    residents = 0.0 if gain is None or gain.residents is None else gain.residents
    return verdicts.count(PlaceVerdict.FAIL), -residents, verdicts.count(PlaceVerdict.WARN)
