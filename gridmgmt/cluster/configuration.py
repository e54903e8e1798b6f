"""Server settings of the embedded database, from the machine's memory. Nothing acknowledged is ever lost."""

import os
from collections.abc import Mapping
from pathlib import Path

_MIB = 1024 * 1024
_CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def machine_memory_bytes() -> int:
    """Return the memory this process may use in bytes: the machine's, or its container's if that is less."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [path.read_text(encoding="ascii").strip() for path in _CGROUP_LIMITS if path.exists()]
    return min([memory, *(int(limit) for limit in limits if limit.isdecimal())])


def server_settings(memory_bytes: int, socket_dir: Path) -> dict[str, str]:
    """Return the server's settings for a machine with so much memory.

    The shares follow the PostgreSQL manual's advice for a machine that runs other programs too.

    Examples
    --------
    >>> settings = server_settings(8 * 1024**3, Path("/run/x"))
    >>> settings["shared_buffers"], settings["work_mem"], settings["fsync"]
    ('1024MB', '32MB', 'on')
    """
    mib = memory_bytes // _MIB
    return {
        "listen_addresses": "",
        "port": "5432",
        "unix_socket_directories": str(socket_dir),
        "unix_socket_permissions": "0700",
        "shared_buffers": f"{_between(128, mib // 8, 2048)}MB",
        "work_mem": f"{_between(8, mib // 256, 64)}MB",
        "maintenance_work_mem": f"{_between(64, mib // 32, 512)}MB",
        "effective_cache_size": f"{max(256, mib // 2)}MB",
        "max_wal_size": "2GB",
        "wal_compression": "on",
        "random_page_cost": "1.1",
        "jit": "off",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "log_line_prefix": "%m [%p] %q%u@%d ",
    }


def as_file(settings: Mapping[str, str]) -> str:
    """Return settings as the text of a configuration file.

    Examples
    --------
    >>> print(as_file({"jit": "off", "unix_socket_directories": "/srv/o'neil"}), end="")
    jit = 'off'
    unix_socket_directories = '/srv/o''neil'
    """
    return "".join("{} = '{}'\n".format(name, value.replace("'", "''")) for name, value in settings.items())


def _between(least: int, value: int, most: int) -> int:
    """Return a value held between two limits."""
    return max(least, min(value, most))
