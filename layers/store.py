"""Reading layers from the database: an asynchronous pool, prepared statements, errors of the project's own kind."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from gridmgmt.cluster import libpq_url
from gridmgmt.errors import NotFoundError, UnavailableError
from layers.mvt import (
    DrawnRun,
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

_CONNECT_LIMIT_S = 2.0
_Row = tuple[Any, ...]  # Any: the columns of each statement differ, the callers name them.


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
    """

    def __init__(self, url: str, *, pool_size: int) -> None:
        self._url = libpq_url(url)
        self._pool_size = pool_size
        self._pool: AsyncConnectionPool | None = None

    async def open(self) -> None:
        """Open the pool without waiting for the database, which may be away."""
        self._pool = AsyncConnectionPool(
            self._url,
            min_size=0,
            max_size=self._pool_size,
            open=False,
            timeout=_CONNECT_LIMIT_S,
            # Attempts after a failure come ever more rarely; giving up soon lets the next request try at once.
            reconnect_timeout=_CONNECT_LIMIT_S / 2,
            kwargs={
                "autocommit": True,
                "options": f"-c jit=off -c timezone=UTC -c statement_timeout={STATEMENT_TIMEOUT_MS}",
            },
        )
        await self._pool.open()

    async def close(self) -> None:
        """Close all connections."""
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    async def state(self, layer: Layer, selection: Selection) -> LayerState:
        """Return the state of a layer.

        Raises
        ------
        NotFoundError
            When the selection names an edition that is not there, or a run that is not there or has not finished.
        UnavailableError
            When the database does not answer.
        """
        rows = await self._rows(state_statement(layer), state_parameters(selection))
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
        UnavailableError
            When the database does not answer, or not in time.
        """
        rows = await self._rows(tile_statement(layer), tile_parameters(layer, tile, selection, run))
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
        rows = await self._rows(extent_statement(layer), extent_parameters(selection))
        if not rows:
            return LayerExtent(None, (), synthetic=False)
        (west, south, east, north), sources, synthetic = rows[0]
        return LayerExtent((west, south, east, north), tuple(sources), synthetic)

    async def _rows(self, statement: str, parameters: Mapping[str, object]) -> Sequence[_Row]:
        with _translated():
            try:
                return await self._fetch(statement, parameters)
            except (psycopg.errors.QueryCanceled, PoolTimeout):
                raise
            except psycopg.OperationalError:
                # After a restart of the database all idle connections are dead at once: drop them, ask again.
                await self._opened.check()
                return await self._fetch(statement, parameters)

    async def _fetch(self, statement: str, parameters: Mapping[str, object]) -> Sequence[_Row]:
        async with self._opened.connection() as connection:
            # The statements are the package's own, put together from constants; all values are bound.
            cursor = await connection.execute(statement.encode(), parameters, prepare=True, binary=True)
            return await cursor.fetchall()

    @property
    def _opened(self) -> AsyncConnectionPool:
        if self._pool is None:
            raise RuntimeError("the layer store is not open")
        return self._pool


def _check_known(selection: Selection, *, known: bool) -> None:
    if not known:
        raise NotFoundError("layer_edition_unknown", field="edition", value=selection.edition)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the driver's errors into the project's own."""
    try:
        yield
    except psycopg.errors.QueryCanceled as error:
        raise UnavailableError("tile_too_slow", limit_s=STATEMENT_TIMEOUT_MS // 1000) from error
    except psycopg.OperationalError as error:
        raise UnavailableError("database_unavailable", detail=str(error).strip().partition("\n")[0]) from error
