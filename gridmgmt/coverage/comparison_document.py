"""The answer of a comparison of two coverage runs as one document."""

from typing import Annotated, Final, Literal

from pydantic import Field

from gridmgmt.coverage.document import Count, Level, Parameters, Part, Ratio, ResultForm, Sha256

SCHEMA: Final = "coverage-comparison/1"


class Side(Part):
    """One of the two runs: what was asked, and the fingerprint of its answer."""

    parameters: Parameters
    result_sha256: Sha256


class Difference(Part):
    """One thing that the runs were asked or computed with otherwise; None where one of them has none."""

    name: str
    a: str | None
    b: str | None


class Covered(Part):
    """Who reaches a point in one of the runs, of how many; None is a suppressed number."""

    residents: Count | None
    covered: Count | None
    ratio: Ratio | None


class Shift(Part):
    """The residents of the places of both runs by whether they reach a point in each; None is a suppressed number."""

    both: Count | None
    gained: Count | None
    lost: Count | None
    neither: Count | None


class AgeShift(Shift):
    """The same for one age band."""

    band: str


class Compared(Part):
    """The figures of one area, one remainder, or everything in both runs; None where a run has none there.

    ``shift`` is None where the runs are of different populations.
    """

    a: Covered | None
    b: Covered | None
    shift: Shift | None


class ComparedArea(Part):
    """One area in both runs."""

    code: str
    name: str
    parent_code: str | None
    compared: Compared


class ComparedLevel(Part):
    """The areas of one level in both runs, and what lies in none of them."""

    level: Level
    areas: tuple[ComparedArea, ...]
    remainder: Compared | None


class CoverageComparison(Part):
    """Run ``a`` and run ``b``; gains and losses are those of going from ``a`` to ``b``."""

    schema_version: Literal["coverage-comparison/1"] = Field(default=SCHEMA, alias="schema")
    form: ResultForm
    suppression_threshold: Annotated[int, Field(ge=1)] | None = None
    synthetic: bool
    counts: Literal["residents", "places"]
    a: Side
    b: Side
    differences: tuple[Difference, ...]
    same_population: bool
    totals: Compared
    age_bands: tuple[AgeShift, ...]
    """Empty in the public form, and where the ages or the same places are not known."""
    levels: tuple[ComparedLevel, ...]
