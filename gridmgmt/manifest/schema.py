"""What may stand in a manifest.

A list of files of a kind takes the very options of ``gridmgmt import``, see :mod:`gridmgmt.file_kinds`.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gridmgmt.analysis.walking.model import Trip
from gridmgmt.coverage.rules import DEFAULT_AT, DEFAULT_CONNECTION_LIMIT_M, DEFAULT_MINUTES, DEFAULT_PROFILE
from gridmgmt.file_kinds import (
    AddressesFile,
    AreasFile,
    CasesFile,
    CodesFile,
    ComponentsFile,
    FeaturesFile,
    GatesFile,
    NetworkFile,
    PopulationByAreaFile,
    PopulationFile,
    ServicePointsFile,
)
from gridmgmt.land.rules import LandKind
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.uploads.records import CatalogueFile, MattersFile

Text = Annotated[str, Field(min_length=1)]
Metres2 = Annotated[float, Field(gt=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _OneFile(BaseModel):
    file: Text = Field(description="Its name, relative to the folder of files.")


class Areas(AreasFile, _OneFile):
    """Areas of one level into the draft of a boundary edition."""


class Features(FeaturesFile, _OneFile):
    """Land features of one kind."""


class Network(NetworkFile, _OneFile):
    """The walking network."""


class Gates(GatesFile, _OneFile):
    """A table of gates."""


class ServicePoints(ServicePointsFile, _OneFile):
    """Service points."""


class Cases(CasesFile, _OneFile):
    """Located cases."""


class Components(ComponentsFile, _OneFile):
    """Managed components."""


class _Tables(_OneFile):
    columns: Mapping[str, str] = Field(default={}, max_length=0, description="None: the columns have their own names.")


class Catalogue(_Tables, CatalogueFile):
    """An edition of the catalogue of cases: types, filing conditions, bodies, departments."""


class Matters(_Tables, MattersFile):
    """A list of matters, with what became of those of the list before."""


class Addresses(AddressesFile, _OneFile):
    """The gazetteer."""


class Codes(CodesFile, _OneFile):
    """Official codes."""


class Population(PopulationFile):
    """Places with residents or without: a file, or rasters by age band."""

    file: Text | None = Field(default=None, description="Its name, relative to the folder of files.")


class PopulationByArea(PopulationByAreaFile, _OneFile):
    """Residents of whole areas, to be spread over buildings or streets."""


class Activation(_Part):
    """A boundary edition to be checked, approved by a document and put in force."""

    edition: Text = Field(description="The edition, made by areas or cells of this manifest.")
    document: Text = Field(description="The document that the approval rests on.")
    dated: date | None = Field(default=None, description="The date of the document; the day of applying if absent.")
    reason: Text | None = Field(default=None, description="Why it is approved with the warnings that its check has.")
    on: date | None = Field(default=None, description="The day from which it is in force; the planned one if absent.")


class Cells(_Part):
    """Grid cells to be drawn in the quarters of an area, into the draft of a boundary edition."""

    area: Text = Field(description="Code of a district, town, unit, sector or quarter.")
    edition: Text = Field(description="The draft that takes them.")
    valid_from: date | None = Field(default=None, description="The day a new draft is planned for.")
    target_m2: Metres2 = Field(default=10_000.0, description="The size that is aimed at.")


class Coverage(_Part):
    """A coverage run."""

    minutes: float = Field(default=DEFAULT_MINUTES, description="Limit of the walk.")
    bands: tuple[float, ...] | None = Field(default=None, description="Ends of the bands in minutes.")
    profile: Text = Field(default=DEFAULT_PROFILE, description="Walking profile.")
    area: Text | None = Field(default=None, description="Only places in the area of this code.")
    types: tuple[ServicePointType, ...] = Field(default=(), description="Types of points; those for elderly if none.")
    connection_limit_m: float = Field(default=DEFAULT_CONNECTION_LIMIT_M, description="Farthest way to a street.")
    time: Text = Field(default=DEFAULT_AT, description="Day and time of the week at which gates are looked at.")
    trip: Trip = Field(default=Trip.TO_POINT, description="Which way is timed.")
    barriers: tuple[LandKind, ...] = Field(default=(), description="Land that cannot be crossed.")
    scenario: Text | None = Field(default=None, description="Planned changes, saved under this name.")


class Demo(_Part):
    """The synthetic district."""

    seed: int = Field(default=2015, description="Another seed gives another district.")


class ManifestSettings(_Part):
    """Settings that hold while the manifest is applied, see ``docs/settings.md``."""

    metric_crs: Text | None = None
    topology_least_m2: Metres2 | None = None
    topology_error_from_m2: Metres2 | None = None
    topology_narrow_m: Metres2 | None = None
    topology_slit_from_m2: Metres2 | None = None
    topology_unmatched_from_m2: Metres2 | None = None


class Manifest(_Part):
    """A district: what its folder is made of."""

    district: Text = Field(description="Its name.")
    settings: ManifestSettings = ManifestSettings()
    demo: Demo | None = None
    codes: tuple[Codes, ...] = ()
    areas: tuple[Areas, ...] = ()
    activate: tuple[Activation, ...] = ()
    network: Network | None = None
    gates: tuple[Gates, ...] = ()
    features: tuple[Features, ...] = ()
    cells: tuple[Cells, ...] = ()
    population: Population | None = None
    population_by_area: PopulationByArea | None = None
    service_points: tuple[ServicePoints, ...] = ()
    catalogue: tuple[Catalogue, ...] = ()
    matters: tuple[Matters, ...] = ()
    components: tuple[Components, ...] = ()
    cases: tuple[Cases, ...] = ()
    addresses: tuple[Addresses, ...] = ()
    coverage: tuple[Coverage, ...] = ()
