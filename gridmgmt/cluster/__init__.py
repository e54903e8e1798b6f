"""The database: an embedded PostGIS in the data folder, or a named one.

`open_database` gives every entry point its URL; the rest serves ``gridmgmt db`` and the tests.
"""

from gridmgmt.cluster.embedded import Cluster, Status
from gridmgmt.cluster.locks import exclusive_server
from gridmgmt.cluster.named import check_named
from gridmgmt.cluster.opening import open_database
from gridmgmt.cluster.transfer import backup, reset, restore, table_checksums
from gridmgmt.cluster.urls import libpq_url

__all__ = [
    "Cluster",
    "Status",
    "backup",
    "check_named",
    "exclusive_server",
    "libpq_url",
    "open_database",
    "reset",
    "restore",
    "table_checksums",
]
