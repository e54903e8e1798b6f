"""A network with its places and points, warm: all that a question about walking needs, read once and never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.matrix import PlacesByEdge
from gridmgmt.analysis.walking.model import EdgeCosts, WalkProfile
from gridmgmt.analysis.walking.network import WalkNetwork
from gridmgmt.analysis.walking.search import Nearest
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.editions.rules import Counting
from gridmgmt.walking.queries import Planned
from gridmgmt.walking.rules import WalkQuestion


@dataclass(frozen=True)
class InputEdition:
    """An edition that an answer stands on; ``level`` is that of areas."""

    edition_id: int
    subject: str
    part: str
    name: str
    source: str
    synthetic: bool
    datum: str
    counting: str | None
    valid_from: date
    content_sha256: str


@dataclass(frozen=True)
class Grouping:
    """Which area of a level each place is in: ``index`` ``(n_places,)`` into ``codes``, -1 for none."""

    index: NDArray[np.int32]
    codes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Ground:
    """What does not depend on who walks when to which points: the network, and the places on it.

    ``weights`` is ``(n_places, 6)``: residents in all and by age band, in 2⁻³⁴ (see
    :mod:`gridmgmt.analysis.walking.tally`); 1 in all where only places are counted.
    """

    network: WalkNetwork
    places: pa.Table
    place_snap: Snap
    inside: NDArray[np.bool_]
    """Which places join the network or lie in its hull; the others are outside."""
    by_edge: PlacesByEdge
    weights: NDArray[np.int64]
    place_area: Mapping[AreaLevel, Grouping]
    counting: Counting
    inputs: tuple[InputEdition, ...]
    notes: tuple[tuple[str, Mapping[str, object]], ...]
    """What a reader must know of the inputs: codes with their fields."""
    plan: Planned | None
    """The planned changes that are in it."""


@dataclass(frozen=True, eq=False)
class WalkState:
    """A ground with a profile at a time of the week, service points, and who is nearest to which.

    ``costs`` are those of the way to a point, ``back_costs`` of the way from it: one object where no gate tells them
    apart. To be read by any number of threads.
    """

    question: WalkQuestion
    ground: Ground
    profile: WalkProfile
    costs: EdgeCosts
    back_costs: EdgeCosts
    points: pa.Table
    point_snap: Snap
    nearest: Nearest
    point_inputs: tuple[InputEdition, ...]
    nbytes: int

    @property
    def network(self) -> WalkNetwork:
        """The network."""
        return self.ground.network

    @property
    def places(self) -> pa.Table:
        """The places in order of their number, as :func:`gridmgmt.population.queries.places`."""
        return self.ground.places

    @property
    def place_snap(self) -> Snap:
        """Where the places join the network."""
        return self.ground.place_snap

    @property
    def by_edge(self) -> PlacesByEdge:
        """The places of each edge."""
        return self.ground.by_edge

    @property
    def weights(self) -> NDArray[np.int64]:
        """Residents of each place, ``(n_places, 6)``, in all and by age band, in 2⁻³⁴."""
        return self.ground.weights

    @property
    def place_area(self) -> Mapping[AreaLevel, Grouping]:
        """The area of each place, by level."""
        return self.ground.place_area

    @property
    def inputs(self) -> tuple[InputEdition, ...]:
        """The editions that all of it stands on."""
        return (*self.ground.inputs, *self.point_inputs)
