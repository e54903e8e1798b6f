"""What backup, restore and reset ask of a whole database, whatever its tables."""

from importlib import resources

from psycopg import Connection, sql

EMPTY_SQL = resources.files(__package__).joinpath("sql/empty.sql").read_text(encoding="utf-8")
"""The statement that drops everything but extensions."""

_OWN_TABLES = """
    SELECT n.nspname, c.relname
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
      AND NOT EXISTS (SELECT FROM pg_depend AS d
                      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY n.nspname, c.relname
"""

# The sum does not depend on the order of rows and needs no memory per row; 15 hex digits fit a bigint.
_CHECKSUM = """
    SELECT count(*), md5(coalesce(sum(('x0' || left(md5(t::text), 15))::bit(64)::bigint), 0)::text)
    FROM {} AS t
"""


def own_tables(connection: Connection) -> list[tuple[str, str]]:
    """Return (schema, table) of every table that belongs to no extension, in order."""
    return connection.execute(_OWN_TABLES).fetchall()


def table_checksum(connection: Connection, schema: str, table: str) -> tuple[int, str]:
    """Return the number of rows of a table and the md5 over their text, in whatever order they lie."""
    row = connection.execute(sql.SQL(_CHECKSUM).format(sql.Identifier(schema, table))).fetchone()
    return (row[0], row[1]) if row else (0, "")
