"""Counting cases one by one: in the areas of a day by where they lie, or by as many codes as there are cells."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from sqlalchemy import FromClause, func, select

from gridmgmt.areas.queries import area_in_force
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cases.counting import LEVELS
from gridmgmt.cases.measures import Dimension, Measure
from gridmgmt.cases.rules import CaseFilter
from gridmgmt.db import Session
from gridmgmt.frames import read_numbers, read_numbers_and_text
from gridmgmt.indicators.queries import MEASURES, Tallies
from gridmgmt.indicators.rules import Question

_HANDLED = MEASURES.index(Measure.HANDLED)


def counted_singly(session: Session, question: Question, on: date | None, rows: FromClause) -> Tallies:
    """Return the tally of each code of a question's dimension.

    Parameters
    ----------
    on
        The areas of this day are meant; None for those that ``rows`` has.
    rows
        Of what counts: ``told`` (its code), ``bits``, ``sign``, ``handling_s``, ``lon`` and ``lat``.

    Raises
    ------
    NotFoundError
        ``area_unknown`` for a filter's area that is not in force on the day.
    """
    handling_s = func.coalesce(rows.c.handling_s, -1).label("handling_s")
    numbers = select(rows.c.bits, rows.c.sign, handling_s).where(rows.c.bits != 0)
    if on is None:
        return _summed(*read_numbers_and_text(session, numbers.add_columns(rows.c.told), "told"))
    numbers, by = numbers.add_columns(rows.c.lon, rows.c.lat), question.by
    told: pa.Array | None = None
    if by is None or by in LEVELS:
        table = read_numbers(session, numbers)
    else:
        table, told = read_numbers_and_text(session, numbers.add_columns(rows.c.told), "told")
    points = _Points(session, on, table)
    met = points.meet(question.wanted)
    if told is None:
        told = pa.array([""] * len(table)) if by is None else points.told(by)
    return _summed(table.filter(met), told.filter(met))


@dataclass(frozen=True)
class _Points:
    """Where the rows of a table lie on a day."""

    session: Session
    on: date
    table: pa.Table

    def told(self, by: Dimension) -> pa.Array:
        """Return the code of the area that each lies in, empty for none."""
        codes = pa.nulls(len(self.table), pa.string())
        for level in LEVELS[by]:
            codes = codes.fill_null(self._codes(level))
        return codes.fill_null("")

    def meet(self, wanted: CaseFilter) -> pa.Array:
        """Return whether each lies in the areas of a filter, or in none where it asks for that."""
        met = np.ones(len(self.table), dtype=bool)
        for code in filter(None, (wanted.area, wanted.within)):
            level = AreaLevel(area_in_force(self.session, code, self.on).level)
            met &= np.equal(self._codes(level).to_numpy(zero_copy_only=False), code)
        if wanted.lacks is not None and wanted.lacks in LEVELS:
            met &= np.equal(self.told(wanted.lacks).to_numpy(zero_copy_only=False), "")
        return pa.array(met)

    def _codes(self, level: AreaLevel) -> pa.Array:
        from gridmgmt.areas.placing import codes_of_points  # noqa: PLC0415 -- the compiler takes seconds to load

        lon, lat = (self.table[name].to_numpy() for name in ("lon", "lat"))
        return pa.array(codes_of_points(self.session, lon, lat, self.on, level), pa.string())


def _summed(table: pa.Table, told: pa.Array) -> Tallies:
    bits, sign, handling_s = (table[name].to_numpy() for name in ("bits", "sign", "handling_s"))
    encoded = told.dictionary_encode()
    of, codes = encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
    # Bit by bit in bytes, which is a fifth of the time that shifting whole numbers takes.
    flags = np.unpackbits(bits.astype("<u4").view(np.uint8).reshape(-1, 4), axis=1, bitorder="little").T
    took = flags[_HANDLED] & (handling_s >= 0)
    columns = (*flags[: len(MEASURES)], took * handling_s, took)
    sums = [np.bincount(of, weights=sign * each, minlength=len(codes)) for each in columns]
    return Tallies(codes, np.array(sums).T.astype(np.int64))
