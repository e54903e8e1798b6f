"""Database URLs in libpq's spelling, which psycopg, the command-line tools and `gridmgmt.db` all take."""

from pathlib import Path
from urllib.parse import quote

from gridmgmt.errors import InputError

_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")


def libpq_url(url: str) -> str:
    """Return the URL as ``postgresql://…``, without the driver that SQLAlchemy writes into the scheme.

    Raises
    ------
    InputError
        When the URL is not of PostgreSQL; the URL itself stays out of the message, it may hold a password.

    Examples
    --------
    >>> libpq_url("postgresql+psycopg://planner@db.example/city")
    'postgresql://planner@db.example/city'
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _SCHEMES:
        raise InputError("database_url_scheme", field="DATABASE_URL", value=scheme if separator else "")
    return f"postgresql://{rest}"


def socket_url(socket_dir: Path, *, user: str, database: str) -> str:
    """Return the URL of a server that listens on a unix socket only, on libpq's default port.

    Examples
    --------
    >>> socket_url(Path("/tmp/a b"), user="gridmgmt", database="gridmgmt")
    'postgresql://gridmgmt@/gridmgmt?host=%2Ftmp%2Fa%20b&port=5432'
    """
    return f"postgresql://{user}@/{database}?host={quote(str(socket_dir), safe='')}&port=5432"
