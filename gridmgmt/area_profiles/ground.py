"""What all sections of a profile stand on: the area, the day, what lies below it, and who asks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from gridmgmt.access.rules import Actor
from gridmgmt.area_profiles import queries
from gridmgmt.area_profiles.queries import AreaBelow
from gridmgmt.area_profiles.rules import Said, named
from gridmgmt.areas.queries import AreaSummary, names_above
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.coverage.document import CoverageDocument, ResultForm
from gridmgmt.db import Session
from gridmgmt.texts import Language


@dataclass(frozen=True)
class Reader:
    """Who reads, when and how.

    Parameters
    ----------
    form
        Whether small counts of residents are told or withheld.
    document
        Returns the answer of a finished coverage run, given its canonical text, in the reader's form.
    """

    actor: Actor
    now: datetime
    lang: Language
    form: ResultForm
    document: Callable[[str], CoverageDocument]


@dataclass(frozen=True)
class Ground:
    """One area on one day, as a reader asks about it."""

    session: Session
    area: AreaSummary
    on: date
    reader: Reader

    @cached_property
    def above(self) -> list[tuple[str, str]]:
        """Level and code of the area and of all that hold it, from itself up."""
        return names_above(self.session, self.area.level, self.area.code, self.on)

    @cached_property
    def governed(self) -> Sequence[AreaBelow]:
        """The towns to quarters that lie below the area, at any depth, by code."""
        return queries.areas_below(self.session, self.area.level, self.area.code, self.on)

    @cached_property
    def places(self) -> list[queries.Place]:
        """Level and code of the area and of all below it but cells."""
        return [(self.area.level, self.area.code), *((place.level, place.code) for place in self.governed)]

    @cached_property
    def children(self) -> Sequence[AreaBelow]:
        """The areas directly below but cells, by code."""
        own = (self.area.level, self.area.code)
        return [place for place in self.governed if (place.parent_level, place.parent_code) == own]

    @property
    def edition(self) -> Said:
        """The boundary edition of the area as a source."""
        return named(self.area.edition)

    @property
    def is_district(self) -> bool:
        """Whether it is the district itself."""
        return self.area.level == AreaLevel.DISTRICT
