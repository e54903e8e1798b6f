"""The main command and how its errors end."""

import gc
import re
import sys
import traceback
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from gridmgmt import __version__
from gridmgmt.cli.context import error_line
from gridmgmt.errors import GridMgmtError, InputError
from gridmgmt.settings import Settings
from gridmgmt.texts import Language, text

COMMAND_GROUP = "gridmgmt.commands"
"""The entry points that add commands: our own and those of the upper floors (maps, api)."""


class _Root(click.Group):
    """The root group; a command's module is loaded only when the command is named or listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        return sorted(entry_points(group=COMMAND_GROUP).names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- click's signature
        found = entry_points(group=COMMAND_GROUP)
        if cmd_name not in found.names:
            return None
        return _loaded(found[cmd_name])

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List what the commands say of themselves without loading what they need."""
        told = {each.name: click.Command(each.name, help=_doc(each)) for each in entry_points(group=COMMAND_GROUP)}
        click.Group(commands=told).format_commands(ctx, formatter)


def _loaded(entry: EntryPoint) -> click.Command:
    """Load a command, and look for no garbage among what it brings: all of that stays, and there is much of it."""
    if entry.module not in sys.modules:
        gc.disable()
    try:
        command: click.Command = entry.load()
    finally:
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
    return command


def _doc(command: EntryPoint) -> str | None:
    """Return the docstring of a command's function as the source has it; where it has none, of the loaded command."""
    spec = find_spec(command.module)
    source = Path(spec.origin).read_text(encoding="utf-8") if spec and spec.origin else ""
    found = re.search(rf'^def {command.attr}\(.*?^    """(.*?)"""', source, re.MULTILINE | re.DOTALL)
    loaded: str | None = found[1] if found else command.load().help
    return loaded


@click.group(cls=_Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="The data folder (GRIDMGMT_DATA).")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of messages and reports (GRIDMGMT_LANG).")
@click.version_option(__version__, prog_name="gridmgmt")
@click.pass_context
def root(ctx: click.Context, data: Path | None, lang: Language | None) -> None:
    """Urban grid management on PostGIS: areas, walk-time coverage, cases, maps."""
    given = {"data": data.resolve() if data else None, "lang": lang}
    ctx.obj = _settings({name: value for name, value in given.items() if value is not None})


def _settings(given: dict[str, Any]) -> Settings:
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise InputError("setting_invalid", setting=name, value=first["input"], reason=first["msg"]) from error


def main() -> None:
    """Run the command; a user's error is one line on standard error and exit code 1, of usage 2."""
    try:
        root(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except GridMgmtError as error:
        click.echo(error_line(error, _language()), err=True)
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 -- the last resort: one line for the user, the traceback in a file
        click.echo(text("cli.unexpected", _language(), error=repr(error), file=_keep_traceback()), err=True)
        sys.exit(1)


def _language() -> Language:
    """Return the language asked for, also when the settings themselves could not be read."""
    arguments = sys.argv
    for i, argument in enumerate(arguments):
        value = argument.partition("=")[2] or (arguments[i + 1] if i + 1 < len(arguments) else "")
        if argument.split("=")[0] == "--lang" and value in ("zh", "en"):
            return "en" if value == "en" else "zh"
    try:
        return Settings().lang
    except ValidationError:
        return "zh"


def _keep_traceback() -> str:
    file = Path.cwd() / "gridmgmt-error.log"
    try:
        file.write_text(traceback.format_exc(), encoding="utf-8")
    except OSError:
        return "-"
    return str(file)
