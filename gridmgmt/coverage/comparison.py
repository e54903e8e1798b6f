"""Two coverage runs side by side: what was asked otherwise, area by area, and who gained or lost a point.

Gains and losses are exact where both runs are of one population edition, place by place; of different ones only the
figures can be compared.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.status import PlaceStatus
from gridmgmt.analysis.walking.tally import from_fixed, to_fixed
from gridmgmt.coverage import queries
from gridmgmt.coverage.assemble import AreasOfLevel, levels_of
from gridmgmt.coverage.comparison_document import (
    AgeShift,
    Compared,
    ComparedArea,
    ComparedLevel,
    CoverageComparison,
    Covered,
    Difference,
    Shift,
    Side,
)
from gridmgmt.coverage.compute import lonlat_of
from gridmgmt.coverage.document import NETWORK_HULL, CoverageDocument, Figures, InputEdition, parse, result_sha256
from gridmgmt.coverage.models import CoverageRun
from gridmgmt.db import Session
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import InputError
from gridmgmt.population.models import RESIDENT_COLUMNS
from gridmgmt.units import AGE_BANDS

_BOTH, _LOST, _GAINED, _NEITHER = range(4)


def compare(session: Session, a: CoverageRun, b: CoverageRun) -> CoverageComparison:
    """Return the comparison of two finished runs in the exact form.

    Raises
    ------
    NotFoundError
        When a run has no answer (yet).
    InputError
        When one counts residents and the other places.
    """
    first, second = parse(queries.answer_of(a)), parse(queries.answer_of(b))
    if first.counts != second.counts:
        raise InputError("runs_count_otherwise", field="b", value=second.counts, expected=first.counts)
    shifts = _Shifts.of_runs(session, a, b, first.counts) if _population(first) == _population(second) else None
    return CoverageComparison(
        form="exact",
        synthetic=first.synthetic or second.synthetic,
        counts=first.counts,
        a=_side(first),
        b=_side(second),
        differences=tuple(_differences(first, second)),
        same_population=shifts is not None,
        totals=_compared(first.totals, second.totals, None if shifts is None else shifts.of_all()),
        age_bands=() if shifts is None else tuple(shifts.by_age()),
        levels=tuple(_levels(first, second, shifts)),
    )


def _population(document: CoverageDocument) -> list[str]:
    return [edition.content_sha256 for edition in document.inputs if edition.subject == Subject.POPULATION]


def _side(document: CoverageDocument) -> Side:
    return Side(parameters=document.parameters, result_sha256=result_sha256(document))


def _differences(a: CoverageDocument, b: CoverageDocument) -> Iterator[Difference]:
    """Yield the parameters, then the inputs, then the code that are not the same."""
    asked, otherwise = (_texts(document.parameters.model_dump(mode="json")) for document in (a, b))
    pairs = {name: (asked[name], otherwise[name]) for name in asked}
    inputs, others = ({_input_name(e): e.content_sha256 for e in document.inputs} for document in (a, b))
    pairs |= {name: (inputs.get(name), others.get(name)) for name in sorted(inputs.keys() | others.keys())}
    pairs["code_version"] = (a.provenance.code_version, b.provenance.code_version)
    for name, (one, other) in pairs.items():
        if one != other:
            yield Difference(name=name, a=one, b=other)


def _input_name(edition: InputEdition) -> str:
    return ": ".join(filter(None, (edition.subject, edition.level, edition.name)))


def _texts(values: Mapping[str, object]) -> dict[str, str | None]:
    return {
        name: None if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in values.items()
    }


def _covered(figures: Figures | None) -> Covered | None:
    if figures is None:
        return None
    return Covered(residents=figures.residents, covered=figures.covered, ratio=figures.ratio)


def _compared(a: Figures | None, b: Figures | None, shift: Shift | None) -> Compared:
    return Compared(a=_covered(a), b=_covered(b), shift=shift)


def _levels(a: CoverageDocument, b: CoverageDocument, shifts: "_Shifts | None") -> Iterator[ComparedLevel]:
    """Yield the levels that both runs have, each with the areas of either."""
    of_a = {level.level: level for level in a.levels}
    for level in b.levels:
        if (other := of_a.get(level.level)) is None:
            continue
        before = {area.code: area for area in other.areas}
        after = {area.code: area for area in level.areas}
        shift = _no_shift if shifts is None else shifts.of_level(level.level)
        yield ComparedLevel(
            level=level.level,
            areas=tuple(
                ComparedArea(
                    code=code,
                    name=(after.get(code) or before[code]).name,
                    parent_code=(after.get(code) or before[code]).parent_code,
                    compared=_compared(
                        before[code].figures if code in before else None,
                        after[code].figures if code in after else None,
                        shift(code),
                    ),
                )
                for code in sorted(before.keys() | after.keys())
            ),
            remainder=_compared(other.remainder, level.remainder, shift(None))
            if other.remainder is not None or level.remainder is not None
            else None,
        )


def _no_shift(_code: str | None) -> Shift | None:
    return None


@dataclass(frozen=True, eq=False)
class _Shifts:
    """The places of both runs: whether they are covered in each, residents in fixed point, and their areas."""

    kind: NDArray[np.intp]
    weight: NDArray[np.int64]
    levels: Sequence[AreasOfLevel]

    @classmethod
    def of_runs(cls, session: Session, a: CoverageRun, b: CoverageRun, counts: str) -> "_Shifts":
        """Read the places that both runs were asked about."""
        places = queries.places_of_both(session, a.run_id, b.run_id)
        was, is_now = (places[name].to_numpy() == PlaceStatus.COVERED for name in ("status_a", "status_b"))
        names = ["residents_60_plus", *RESIDENT_COLUMNS]
        if counts == "places":
            weight = np.broadcast_to(to_fixed("places", 1.0), (places.num_rows, 1))
        else:
            weight = np.column_stack([to_fixed(name, np.nan_to_num(places[name].to_numpy())) for name in names])
        if all(places[name].null_count == places.num_rows for name in RESIDENT_COLUMNS):
            weight = weight[:, :1]
        areas = queries.area_table(session, date.fromisoformat(b.parameters["on"]), b.area_code)
        kind = np.where(was, np.where(is_now, _BOTH, _LOST), np.where(is_now, _GAINED, _NEITHER))
        return cls(kind, weight, levels_of(areas, lonlat_of(places)))

    def of_all(self) -> Shift:
        """Return everybody's shift."""
        return _shift(self._sums(np.zeros(len(self.kind), dtype=np.int64), 1)[0, :, 0])

    def by_age(self) -> Iterator[AgeShift]:
        """Yield the shift of each age band."""
        sums = self._sums(np.zeros(len(self.kind), dtype=np.int64), 1)[0]
        for column, band in enumerate(AGE_BANDS[: self.weight.shape[1] - 1], 1):
            yield AgeShift(band=band, **_shift(sums[:, column]).model_dump())

    def of_level(self, name: str) -> Callable[[str | None], Shift | None]:
        """Return what gives the shift of an area of a level by its code, of the remainder by None."""
        level = next((level for level in self.levels if level.level == name), None)
        if level is None:
            return _no_shift if name != NETWORK_HULL else lambda code: self.of_all() if code else None
        last = len(level.codes)
        sums = self._sums(np.where(level.of_place < 0, last, level.of_place), last + 1)[:, :, 0]
        index = {code: i for i, code in enumerate(level.codes)} | {None: last}
        return lambda code: _shift(sums[index[code]]) if code in index else None

    def _sums(self, group: NDArray[np.int64], n: int) -> NDArray[np.int64]:
        sums = np.zeros((n, 4, self.weight.shape[1]), dtype=np.int64)
        np.add.at(sums, (group, self.kind), self.weight)
        return sums


def _shift(sums: NDArray[np.int64]) -> Shift:
    found = from_fixed(sums)
    return Shift(
        both=float(found[_BOTH]), gained=float(found[_GAINED]), lost=float(found[_LOST]), neither=float(found[_NEITHER])
    )
