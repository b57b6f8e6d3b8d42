"""Examples executed by the workers of a Dask cluster on this machine."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import Site, alive, clean_environment, end_all
from environments import environment_like_this_one

pytest.importorskip("distributed")

#: Tells that it has begun, waits to be told to go on, and says what it ran on.
SCRIPT = """\
import os, time
with open({folder!r} + "/begun", "a") as file:
    file.write(f"{name} {{os.getpid()}} {{time.time()}}\\n")
until = time.monotonic() + {seconds}
while time.monotonic() < until and not os.path.exists({folder!r} + "/go"):
    time.sleep(0.05)
with open({folder!r} + "/ended", "a") as file:
    file.write(f"{name} {{os.getpid()}} {{time.time()}}\\n")
measured = {{"ran": True}}
"""


class Cluster:
    """A scheduler and workers of a site, each a process of its own."""

    def __init__(self, site: Site) -> None:
        self.site = site
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self.processes: list[subprocess.Popen[str]] = []
        self.start("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")

    def start(self, *arguments: str, python: str = sys.executable) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [python, "-m", "dask", *arguments], cwd=self.site.folder, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean_environment(),
            start_new_session=True,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def worker(
        self, *more: str, threads: int = 1, python: str = sys.executable
    ) -> subprocess.Popen[str]:
        return self.start(
            "worker", self.address, "--nthreads", str(threads), "--no-nanny", "--no-dashboard",
            *more, python=python,
        )  # fmt: skip

    def wait_for(self, workers: int) -> None:
        from distributed import Client

        with Client(self.address, timeout=30, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)

    def close(self) -> None:
        for process in self.processes:
            end_all(process)


@pytest.fixture
def cluster(site: Site) -> Iterator[Cluster]:
    one = Cluster(site)
    yield one
    one.close()


@pytest.fixture
def waiting(site: Site, tmp_path: Path) -> Callable[..., None]:
    """Adds examples that wait for a file, or so many seconds."""

    def add(*names: str, seconds: float = 60, comment: str = "") -> None:
        for name in names:
            code = SCRIPT.format(folder=str(tmp_path), name=name, seconds=seconds)
            site.example(f"one/{name}", f"{comment}\n{code}")

    return add


def lines(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def until(wanted: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if wanted():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to that")


def test_a_lost_workers_example_runs_elsewhere(
    site: Site, cluster: Cluster, waiting: Callable[..., None], tmp_path: Path
) -> None:
    """A worker is killed in the middle: every record is there, each once, and the pages too."""
    waiting("a", "b", "c", "d")
    lost, _ = cluster.worker(), cluster.worker()
    cluster.wait_for(2)
    build = site.start(CLUSTER=cluster.address)
    try:
        until(lambda: len(lines(tmp_path / "begun")) == 2)
        os.kill(lost.pid, signal.SIGKILL)
        until(lambda: lost.poll() is not None)
        (tmp_path / "go").touch()
        said, _ = build.communicate(timeout=120)
    finally:
        end_all(build)

    assert 0 == build.returncode, said
    told = [line for line in said.splitlines() if "; passed in " in line]
    assert ["one/a", "one/b", "one/c", "one/d"] == sorted(
        line.split()[1].rstrip(":") for line in told
    )
    assert ["a", "b", "c", "d"] == sorted(name for name, *_ in lines(tmp_path / "ended"))
    assert {"passed"} == {one["status"] for one in site.examples().values()}
    assert "How this page was made" in site.page("gallery/one/d").text


def test_what_is_timed_is_alone_on_its_machine(
    site: Site, cluster: Cluster, waiting: Callable[..., None], tmp_path: Path
) -> None:
    """Two workers on one machine: nothing else runs there while an example is timed."""
    waiting("a", "b", "c", seconds=0.5)
    waiting("timed", seconds=0.5, comment="# sphinx_gallery_timed = True")
    cluster.worker()
    cluster.worker()
    cluster.wait_for(2)
    build = site.build(CLUSTER=cluster.address)

    assert 0 == build.code, build.text
    begun = {name: float(at) for name, _, at in lines(tmp_path / "begun")}
    ended = {name: float(at) for name, _, at in lines(tmp_path / "ended")}
    for name in ("a", "b", "c"):
        assert ended[name] <= begun["timed"] or ended["timed"] <= begun[name], name
    assert site.record("one/timed")["exclusive"]
    assert not site.record("one/a")["exclusive"]
    assert 1 <= site.record("one/a")["machine"]["during"]["cores"]


def test_workers_that_differ_are_refused(site: Site, cluster: Cluster, tmp_path: Path) -> None:
    """One with another version than the lock pins, one with two threads: named, with what
    differs; the third does the work."""
    site.example("one/draws", "import matplotlib\nprint('drawn')")
    from importlib import metadata

    version = metadata.version("matplotlib")
    site.write("constraints.txt", f"matplotlib=={version}\n")
    other = environment_like_this_one(tmp_path / "other", versions={"matplotlib": "1.0"})
    cluster.worker(python=str(other))
    cluster.worker(threads=2)
    cluster.worker()
    cluster.wait_for(3)
    build = site.build(CLUSTER=cluster.address)

    assert 0 == build.code, build.text
    refused = sorted(line.partition("is not used: ")[2] for line in build.lines("is not used: "))
    assert [
        f"its matplotlib is 1.0, constraints.txt has {version}",
        "its threads: 2, not 1",
    ] == refused
    assert "passed" == site.examples()["one/draws"]["status"]


def test_ctrl_c_leaves_nothing_behind(
    site: Site, cluster: Cluster, waiting: Callable[..., None], tmp_path: Path
) -> None:
    """What runs on the workers ends, and the next build starts from what had ended."""
    waiting("a", "b")
    cluster.worker()
    cluster.wait_for(1)
    build = site.start(CLUSTER=cluster.address)
    try:
        until(lambda: len(lines(tmp_path / "begun")) == 1)
        [[_, pid, _]] = lines(tmp_path / "begun")
        assert alive(int(pid))
        os.kill(build.pid, signal.SIGINT)
        build.wait(timeout=60)
    finally:
        end_all(build)

    assert 0 != build.returncode
    until(lambda: not alive(int(pid)))
    time.sleep(1)
    assert 1 == len(lines(tmp_path / "begun"))
    assert [] == list((site.folder / "build/records").glob("*.json"))
    (tmp_path / "go").touch()
    again = site.build(CLUSTER=cluster.address)
    assert 0 == again.code, again.text
    assert 2 == len(json.loads((site.folder / "build/html/data/examples.json").read_text()))


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"CLUSTER": "tcp://127.0.0.1:9"}, "CLUSTER=tcp://127.0.0.1:9: no scheduler answers there"),
        ({"CLUSTER": "nonsense://x"}, "CLUSTER=nonsense://x: no scheduler answers there"),
        (
            {"CLUSTER": "tcp://x:1", "JOBS": "2"},
            "JOBS=2 and CLUSTER=tcp://x:1: give one of the two",
        ),
    ],
)
def test_an_address_that_is_none_is_one_line(
    site: Site, settings: dict[str, str], line: str
) -> None:
    site.example("one/prints", "print(1)")
    build = site.build(**settings)

    assert 0 != build.code
    assert [found for found in build.lines("The build stopped") if line in found], build.text


def test_benchmarks_are_measured_by_a_worker(cluster: Cluster, tmp_path: Path) -> None:
    """`make bench CLUSTER=…` writes a record of the worker's machine; a scheduler without workers
    is one line."""
    pytest.importorskip("jax")
    path = tmp_path / "machine.json"
    settings = {
        "CLUSTER": cluster.address, "RECORD": str(path), "WORKLOAD": "mlp", "STACK": "jax", "ROUNDS": "1",
    }  # fmt: skip

    def bench() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "commands.bench"], cwd=cluster.site.folder, text=True,
            capture_output=True, env=clean_environment(**settings),
        )  # fmt: skip

    until(
        lambda: bench().stderr.strip() == f"make bench: CLUSTER={cluster.address}: it has no worker"
    )
    cluster.worker()
    cluster.wait_for(1)
    done = bench()

    assert 0 == done.returncode, done.stderr
    [case] = json.loads(path.read_text())["cases"]
    assert ["jax", 1, ""] == [case["stack"], len(case["rounds"]), case["gate"]["why"]]
