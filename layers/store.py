"""Reading layers from the database, by prepared statements."""

from dataclasses import dataclass

from gridmgmt.clock import Clock, system_clock
from gridmgmt.errors import NotFoundError
from gridmgmt.reader import Reader
from layers.mvt import (
    DrawnRun,
    case_parameters,
    extent_parameters,
    extent_statement,
    state_parameters,
    state_statement,
    tile_parameters,
    tile_statement,
)
from layers.selection import Selection
from layers.specs import Layer
from layers.tiles import Bounds, Tile

STATEMENT_TIMEOUT_MS = 15_000
"""Nobody waits longer for a tile."""


@dataclass(frozen=True, slots=True)
class LayerState:
    """What decides how a layer looks now.

    Parameters
    ----------
    stamp
        Differs after every committed change of the layer's tables.
    synthetic
        Whether the data are synthetic; None when there are none.
    run
        The run to draw, for a layer that draws one; None where no run has finished.
    """

    stamp: str
    synthetic: bool | None
    run: DrawnRun | None


@dataclass(frozen=True, slots=True)
class LayerExtent:
    """Where a layer's data lie (degrees), who made them, whether any is synthetic."""

    bounds: Bounds | None
    sources: tuple[str, ...]
    synthetic: bool


class LayerStore:
    """The layers of one database; open it in the event loop that uses it.

    Parameters
    ----------
    url
        The database, in the spelling of libpq or SQLAlchemy.
    pool_size
        The most connections it keeps.
    clock
        Tells which deadlines of cases are past.
    """

    def __init__(self, url: str, *, pool_size: int, clock: Clock = system_clock) -> None:
        self._clock = clock
        self.reader = Reader(url, pool_size=pool_size, statement_timeout_ms=STATEMENT_TIMEOUT_MS)

    async def open(self) -> None:
        """Open the pool without waiting for the database, which may be away."""
        await self.reader.open()

    async def close(self) -> None:
        """Close all connections."""
        await self.reader.close()

    async def state(self, layer: Layer, selection: Selection) -> LayerState:
        """Return the state of a layer.

        Raises
        ------
        NotFoundError
            When the selection names an edition that is not there, or a run that is not there or has not finished.
        UnavailableError
            When the database does not answer.
        """
        rows = await self.reader.rows(state_statement(layer), state_parameters(selection))
        stamp, known, synthetic, run_id, bands_s = rows[0]
        _check_known(selection, known=known)
        if selection.run is not None and run_id is None:
            raise NotFoundError("layer_run_unknown", field="run", value=selection.run)
        return LayerState(stamp, synthetic, DrawnRun(run_id, tuple(bands_s)) if run_id is not None else None)

    async def tile(self, layer: Layer, tile: Tile, selection: Selection, run: DrawnRun | None) -> tuple[str, bytes]:
        """Return the stamp of the snapshot and the tile drawn from it, empty when nothing is there.

        Raises
        ------
        NotFoundError
            When the selection names an edition that is not there.
        InputError
            When a filter of cases has a measure without its period, or a period without a measure.
        UnavailableError
            When the database does not answer, or not in time.
        """
        parameters = tile_parameters(layer, tile, selection, run)
        if layer.of_cases:
            parameters = {**parameters, **case_parameters(selection, self._clock())}
        # Of a live layer whole cities and single streets are drawn, a few cases or a million: each has its own plan.
        prepared = layer.revised_as is not None
        rows = await self.reader.rows(tile_statement(layer, selection.cases), parameters, prepared=prepared)
        stamp, known, drawn = rows[0]
        _check_known(selection, known=known)
        return stamp, drawn or b""

    async def extent(self, layer: Layer, selection: Selection) -> LayerExtent:
        """Return where the data of a layer lie on a day or in an edition.

        Raises
        ------
        UnavailableError
            When the database does not answer.
        """
        rows = await self.reader.rows(extent_statement(layer), extent_parameters(selection))
        if not rows:
            return LayerExtent(None, (), synthetic=False)
        (west, south, east, north), sources, synthetic = rows[0]
        return LayerExtent((west, south, east, north), tuple(sources), synthetic)


def _check_known(selection: Selection, *, known: bool) -> None:
    if not known:
        raise NotFoundError("layer_edition_unknown", field="edition", value=selection.edition)
