"""The PostgreSQL programs on this machine that come with PostGIS."""

import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gridmgmt.errors import UnavailableError

LEAST_POSTGIS = (3, 3)
_DEBIAN_ROOT = Path("/usr/lib/postgresql")
_NEEDED_EXTENSIONS = ("postgis", "btree_gist")


@dataclass(frozen=True)
class Binaries:
    """One installed PostgreSQL with the extensions that the platform needs."""

    folder: Path
    major: int

    def path(self, program: str) -> str:
        """Return the full path of one program, for example ``pg_ctl``."""
        return str(self.folder / program)


def find_binaries(major: int | None = None) -> Binaries:
    """Return the newest PostgreSQL with PostGIS ≥ 3.3 and btree_gist.

    Parameters
    ----------
    major
        Only this major version will do: the one that made a data folder.

    Raises
    ------
    UnavailableError
        When there is none, or none of that major version.
    """
    installed = _installed()
    if major is None:
        return installed[max(installed)]
    if major not in installed:
        raise UnavailableError("cluster_version", made_by=major, found=", ".join(map(str, sorted(installed))))
    return installed[major]


def client_binaries(server_major: int) -> Binaries:
    """Return the client programs that fit a server: of its own major version if installed, else the newest.

    Raises
    ------
    UnavailableError
        When no PostgreSQL is installed here.
    """
    installed = _installed()
    return installed.get(server_major, installed[max(installed)])


def _installed() -> dict[int, Binaries]:
    """Return every usable PostgreSQL by major version, at least one."""
    installed = {found.major: found for found in _usable(_pg_configs())}
    if not installed:
        raise UnavailableError("postgis_not_installed", least=".".join(map(str, LEAST_POSTGIS)))
    return installed


def _pg_configs() -> list[Path]:
    """Return the ``pg_config`` programs to ask, each once; Debian's own stand apart from PATH."""
    on_path = shutil.which("pg_config")
    debian = sorted(_DEBIAN_ROOT.glob("*/bin/pg_config"))
    return [Path(on_path), *debian] if on_path else debian


def _usable(pg_configs: Iterable[Path]) -> Iterable[Binaries]:
    """Yield what each ``pg_config`` describes, if the server and all extensions are there."""
    for pg_config in pg_configs:
        described = subprocess.run(  # noqa: S603  # a program found in a system folder or on the user's PATH
            [pg_config], capture_output=True, text=True, check=False
        )
        facts = dict(re.findall(r"^(\w+) = (.*)$", described.stdout, re.MULTILINE))
        version = re.search(r"PostgreSQL (\d+)", facts.get("VERSION", ""))
        if version is None:
            continue
        folder = Path(facts["BINDIR"])
        extensions = Path(facts["SHAREDIR"]) / "extension"
        if (folder / "initdb").exists() and _has_extensions(extensions):
            yield Binaries(folder, int(version[1]))


def _has_extensions(folder: Path) -> bool:
    """Tell whether a folder of control files holds every extension, PostGIS new enough."""
    controls = [folder / f"{name}.control" for name in _NEEDED_EXTENSIONS]
    if not all(control.exists() for control in controls):
        return False
    version = re.search(r"default_version\s*=\s*'(\d+)\.(\d+)", controls[0].read_text(encoding="utf-8"))
    return version is not None and (int(version[1]), int(version[2])) >= LEAST_POSTGIS
