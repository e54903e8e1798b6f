"""``gridmgmt db``: the embedded or the named database."""

from dataclasses import asdict
from pathlib import Path

import click

from gridmgmt import cluster
from gridmgmt.cli.context import print_json, say, settings_of
from gridmgmt.cli.options import JSON
from gridmgmt.db import migrate
from gridmgmt.errors import InputError

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def db() -> None:
    """Start, stop, migrate, back up and restore the database."""


def _embedded(ctx: click.Context) -> cluster.Cluster:
    settings = settings_of(ctx)
    if settings.database_url is not None:
        raise InputError("database_is_named")
    return cluster.Cluster(settings.data)


@db.command()
@click.pass_context
def start(ctx: click.Context) -> None:
    """Start the embedded database and keep it running until `db stop`."""
    embedded = _embedded(ctx)
    embedded.start()
    say(ctx, "cli.db_started", url=embedded.url())


@db.command()
@click.pass_context
def stop(ctx: click.Context) -> None:
    """Stop the embedded database."""
    _embedded(ctx).stop()
    say(ctx, "cli.db_stopped")


@db.command()
@JSON
@click.pass_context
def status(ctx: click.Context, *, as_json: bool) -> None:
    """Say whether the embedded database runs, and where."""
    found = asdict(_embedded(ctx).status())
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        click.echo(f"{name}: {value}")


@db.command("migrate")
@click.pass_context
def migrate_command(ctx: click.Context) -> None:
    """Bring the schema to the present version."""
    with cluster.open_database(settings_of(ctx)) as url:
        migrate(url)
    say(ctx, "cli.db_migrated")


@db.command()
@click.argument("file", type=_FILE)
@click.pass_context
def backup(ctx: click.Context, file: Path) -> None:
    """Write the whole database to FILE, with the photos of its cases."""
    settings = settings_of(ctx)
    with cluster.open_database(settings) as url:
        cluster.backup(url, file, settings.data / "photos")
    say(ctx, "cli.db_backed_up", file=file)


@db.command()
@click.argument("file", type=_FILE)
@click.option("--yes", is_flag=True, help="Replace what the database holds.")
@click.pass_context
def restore(ctx: click.Context, file: Path, *, yes: bool) -> None:
    """Bring the database, and the photos of its cases, to what FILE holds."""
    settings = settings_of(ctx)
    with cluster.open_database(settings) as url:
        cluster.restore(url, file, replace=yes, photos=settings.data / "photos")
        migrate(url)
        tables = cluster.table_checksums(url)
    say(ctx, "cli.db_restored", tables=len(tables), rows=sum(rows for rows, _ in tables.values()))


@db.command()
@click.option("--yes", is_flag=True, help="Yes, drop everything.")
@click.pass_context
def reset(ctx: click.Context, *, yes: bool) -> None:
    """Drop everything the database holds."""
    if not yes:
        raise InputError("reset_needs_yes")
    with cluster.open_database(settings_of(ctx)) as url:
        cluster.reset(url)
        migrate(url)
    say(ctx, "cli.db_reset")
