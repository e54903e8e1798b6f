"""The one way from settings to a database: the named one, or the data folder's own."""

from collections.abc import Iterator
from contextlib import contextmanager

from gridmgmt.cluster.embedded import Cluster
from gridmgmt.cluster.named import check_named
from gridmgmt.cluster.urls import libpq_url
from gridmgmt.settings import Settings


@contextmanager
def open_database(settings: Settings) -> Iterator[str]:
    """Give the URL of the database for the time of use.

    With ``DATABASE_URL`` the named database is checked and nothing embedded is touched; without it the
    embedded one is started when nobody uses it yet and stopped by its last user.

    Raises
    ------
    InputError
        When ``DATABASE_URL`` or the data folder cannot be used.
    UnavailableError
        When the database does not answer or lacks what the platform needs.
    """
    if settings.database_url is None:
        with Cluster(settings.data).using() as url:
            yield url
    else:
        named = settings.database_url.get_secret_value()
        check_named(named)
        yield libpq_url(named)
