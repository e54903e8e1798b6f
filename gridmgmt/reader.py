"""Reading without a session where every microsecond counts: an asynchronous pool and prepared statements."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from gridmgmt.cluster import libpq_url
from gridmgmt.errors import UnavailableError

_CONNECT_LIMIT_S = 2.0
Row = tuple[Any, ...]  # Any: the columns of each statement differ, the callers name them.


class Reader:
    """Reads one database, a statement a transaction; open it in the event loop that uses it.

    Parameters
    ----------
    url
        The database, in the spelling of libpq or SQLAlchemy.
    pool_size
        The most connections it keeps.
    statement_timeout_ms
        Nobody waits longer for an answer.
    """

    def __init__(self, url: str, *, pool_size: int, statement_timeout_ms: int) -> None:
        self._url = libpq_url(url)
        self._pool_size = pool_size
        self._timeout_ms = statement_timeout_ms
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
                "options": f"-c jit=off -c timezone=UTC -c statement_timeout={self._timeout_ms}",
            },
        )
        await self._pool.open()

    async def close(self) -> None:
        """Close all connections."""
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    async def rows(self, statement: str, parameters: Mapping[str, object], *, prepared: bool = True) -> Sequence[Row]:
        """Return the rows of a statement of the package's own, put together from constants, with all values bound.

        Parameters
        ----------
        prepared
            Whether the statement is planned once for all values; one whose best plan depends on them is not.

        Raises
        ------
        UnavailableError
            When the database does not answer, or not in time.
        """
        with _translated(self._timeout_ms):
            try:
                return await self._fetch(statement, parameters, prepared)
            except (psycopg.errors.QueryCanceled, PoolTimeout):
                raise
            except psycopg.OperationalError:
                # After a restart of the database all idle connections are dead at once: drop them, ask again.
                await self._opened.check()
                return await self._fetch(statement, parameters, prepared)

    async def _fetch(self, statement: str, parameters: Mapping[str, object], prepared: bool) -> Sequence[Row]:
        async with self._opened.connection() as connection:
            cursor = await connection.execute(statement.encode(), parameters, prepare=prepared, binary=True)
            return await cursor.fetchall()

    @property
    def _opened(self) -> AsyncConnectionPool:
        if self._pool is None:
            raise RuntimeError("the reader is not open")
        return self._pool


@contextmanager
def _translated(timeout_ms: int) -> Iterator[None]:
    """Turn the driver's errors into the project's own."""
    try:
        yield
    except psycopg.errors.QueryCanceled as error:
        raise UnavailableError("answer_too_slow", limit_s=timeout_ms // 1000) from error
    except psycopg.OperationalError as error:
        raise UnavailableError("database_unavailable", detail=str(error).strip().partition("\n")[0]) from error
