"""The embedded server's life: who starts it, who stops it, and what a kill of either side leaves."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from gridmgmt.cluster import Cluster, exclusive_server
from gridmgmt.cluster.places import socket_folder
from gridmgmt.errors import ConflictError, InputError, UnavailableError

USER_PROGRAM = """
import sys
from pathlib import Path
from gridmgmt.cluster import Cluster
with Cluster(Path(sys.argv[1])).using() as url:
    print(url, flush=True)
    sys.stdin.read()
"""


def start_user(data_dir: Path) -> subprocess.Popen[str]:
    """Start a process that uses the cluster until its standard input closes."""
    process = subprocess.Popen(
        [sys.executable, "-c", USER_PROGRAM, data_dir],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("postgresql://")
    return process


def postmaster_pid(cluster: Cluster) -> int:
    return int((cluster.status().path / "postmaster.pid").read_text().split("\n")[0])


def test_last_user_stops_the_server(data_dir: Path) -> None:
    cluster = Cluster(data_dir / "a folder's 数据")
    other = start_user(cluster.data_dir)
    with cluster.using() as url, psycopg.connect(url) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    assert cluster.status().running
    other.communicate()
    assert other.returncode == 0
    assert not cluster.status().running
    assert cluster.status().exists


def test_uses_nest_in_one_process(data_dir: Path) -> None:
    cluster = Cluster(data_dir)
    with cluster.using():
        with cluster.using():
            pass
        assert cluster.status().running
    assert not cluster.status().running


def test_killed_user_leaves_a_server_that_the_next_takes_over(data_dir: Path) -> None:
    cluster = Cluster(data_dir)
    user = start_user(data_dir)
    server = postmaster_pid(cluster)
    user.kill()
    user.communicate()
    assert cluster.status().running
    with cluster.using():
        assert postmaster_pid(cluster) == server
    assert not cluster.status().running


def test_interrupt_of_the_whole_process_group_ends_in_order(data_dir: Path) -> None:
    cluster = Cluster(data_dir)
    user = start_user(data_dir)
    os.killpg(user.pid, signal.SIGINT)
    user.communicate()
    assert not cluster.status().running
    log = cluster.log_file.read_text()
    assert "database system is shut down" in log
    assert "not properly shut down" not in log


def test_killed_server_is_started_again_and_lost_nothing(data_dir: Path) -> None:
    cluster = Cluster(data_dir)
    with cluster.using() as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
        os.kill(postmaster_pid(cluster), signal.SIGKILL)
        with cluster.using() as again, psycopg.connect(again) as connection:
            assert connection.execute("SELECT sum(n) FROM kept").fetchone() == (500_500,)
    assert not cluster.status().running


def test_pid_file_whose_number_another_program_has(data_dir: Path) -> None:
    cluster = Cluster(data_dir)
    with cluster.using():
        pass
    (cluster.status().path / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.status().path}\n")
    assert not cluster.status().running
    with cluster.using() as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_half_made_database_is_made_anew(data_dir: Path) -> None:
    half = data_dir / "pgdata.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("15\n")
    with Cluster(data_dir).using():
        assert Cluster(data_dir).status().running
    assert not half.exists()


def test_start_keeps_it_up_until_stop(data_dir: Path) -> None:
    cluster = Cluster(data_dir)
    cluster.start()
    with cluster.using():
        with pytest.raises(ConflictError) as refused:
            cluster.stop()
        assert refused.value.code == "cluster_in_use"
        assert str(data_dir) in refused.value.message("en")
        cluster.start()
    assert cluster.status().running
    assert cluster.status().pinned
    cluster.stop()
    assert not cluster.status().running
    assert not cluster.status().pinned


def test_folder_of_another_major_version_is_refused(data_dir: Path) -> None:
    cluster = Cluster(data_dir)
    with cluster.using():
        pass
    (cluster.status().path / "PG_VERSION").write_text("11\n")
    with pytest.raises(UnavailableError) as refused, cluster.using():
        pass
    assert refused.value.code == "cluster_version"
    for word in ("11", "backup", "restore"):
        assert word in refused.value.message("en")
        assert word in refused.value.message("zh")


def test_server_that_cannot_start_shows_its_log(data_dir: Path) -> None:
    with pytest.raises(UnavailableError) as refused, Cluster(data_dir, {"no_such_setting": "1"}).using():
        pass
    assert refused.value.code == "cluster_start"
    assert "no_such_setting" in refused.value.message("en")


@pytest.mark.parametrize("name", ["/".join(["twenty-letters-here-"] * 6), "Baoshan, Shanghai"])
def test_long_path_gets_a_short_private_socket(data_dir: Path, name: str) -> None:
    cluster = Cluster(data_dir / name)
    with cluster.using() as url, psycopg.connect(url) as connection:
        folder = Path(connection.info.host)
        assert folder == socket_folder(cluster.status().path)
        assert folder.parent == Path("/tmp")
        assert folder.stat().st_mode & 0o777 == 0o700
    folder.rmdir()


def test_socket_folder_of_somebody_else_is_refused(data_dir: Path) -> None:
    (data_dir / "elsewhere").mkdir()
    cluster = Cluster(data_dir)
    (data_dir / "run").symlink_to(data_dir / "elsewhere")
    with pytest.raises(UnavailableError) as refused, cluster.using():
        pass
    assert refused.value.code == "cluster_owner"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user, who may not reach the folder")
def test_folder_out_of_reach_of_the_server_user(data_dir: Path) -> None:
    data_dir.chmod(0o700)
    cluster = Cluster(data_dir / "inner")
    with cluster.using() as url, psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (n integer)")
    link = data_dir / "inner" / "pgdata"
    assert link.is_symlink()
    assert link.resolve().is_relative_to("/var/lib/gridmgmt")
    with Cluster(data_dir / "inner").using() as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_data_folder_that_is_a_file(data_dir: Path) -> None:
    file = data_dir / "file"
    file.touch()
    with pytest.raises(InputError) as refused, Cluster(file).using():
        pass
    assert "--data" in refused.value.message("en")
    assert str(file) in refused.value.message("zh")


def test_one_server_a_data_folder(data_dir: Path) -> None:
    with exclusive_server(data_dir):
        with pytest.raises(ConflictError) as refused, exclusive_server(data_dir):
            pass
        assert str(data_dir) in refused.value.message("en")
    with exclusive_server(data_dir):
        pass
