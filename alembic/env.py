"""Runs migrations on the address that the caller passes, one caller at a time."""

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from gridmgmt.db import sqlalchemy_url
from gridmgmt.schema import MODELS
from gridmgmt.settings import Settings

MIGRATION_LOCK = 3_101_130
LOCK_TIMEOUT = "30s"


def _url():
    url = context.config.attributes.get("url")
    if url is not None:
        return url
    named = Settings().database_url
    if named is None:
        raise SystemExit("alembic: set DATABASE_URL, or use `gridmgmt db migrate` for the embedded database")
    return sqlalchemy_url(named.get_secret_value())


def _include_object(obj, name, type_, reflected, compare_to):
    if type_ == "table" and reflected and compare_to is None and name == "spatial_ref_sys":
        return False
    return alembic_helpers.include_object(obj, name, type_, reflected, compare_to)


def run() -> None:
    engine = create_engine(_url(), poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK})
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=MODELS[0].metadata,
            include_object=_include_object,
            render_item=alembic_helpers.render_item,
            process_revision_directives=alembic_helpers.writer,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
