"""A build that is stopped leaves nothing half done, and the next one goes on."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from conftest import Site, alive, end_all

if TYPE_CHECKING:
    from pathlib import Path

QUICK = "print('quick')"
SLOW = """\
import os
import subprocess
import sys

command = [sys.executable, "-c", "import time; time.sleep(60)"]
helper = subprocess.Popen(command)
other = subprocess.Popen(command, start_new_session=True, env={{}})
with open({pids!r}, "w") as file:
    file.write(f"{{os.getpid()}} {{helper.pid}} {{other.pid}}")
helper.wait()
"""


def pids_in(path: Path) -> list[int]:
    """The processes that the slow example named, once it has."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if path.exists() and (text := path.read_text()).count(" ") == 2:
            return [int(word) for word in text.split()]
        time.sleep(0.05)
    raise AssertionError(f"{path} was not written")


def all_gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not any(alive(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def interrupted(site: Site, pids: Path, how: signal.Signals, **settings: str) -> list[int]:
    """Start a build, stop it within the slow example, return that example's processes."""
    site.example("theme/a_quick", QUICK)
    site.example("theme/b_slow", SLOW.format(pids=str(pids)))
    build = site.start(**settings)
    try:
        running = pids_in(pids)
        assert all(alive(pid) for pid in running)
        os.kill(build.pid, how)
        build.wait(timeout=30)
    finally:
        end_all(build)
    return running


def test_ctrl_c_leaves_no_process_and_no_page(site: Site, tmp_path: Path) -> None:
    """The example and its own child are gone, its record and page don't exist."""
    running = interrupted(site, tmp_path / "pids", signal.SIGINT)

    assert all_gone(running)
    assert not (site.folder / "build/records/theme.b_slow.json").exists()
    assert not (site.folder / "build/html/gallery/theme/b_slow.html").exists()
    assert [] == list((site.folder / "build").glob("**/.theme*"))


def test_the_next_build_goes_on(site: Site, tmp_path: Path) -> None:
    """What had ended is not run again."""
    interrupted(site, tmp_path / "pids", signal.SIGINT)
    site.example("theme/b_slow", QUICK)
    build = site.build()

    assert 0 == build.code, build.text
    assert "theme/a_quick: up to date" in build.text
    assert "[1/1] theme/b_slow: new; passed" in build.text


def test_ctrl_c_with_jobs(site: Site, tmp_path: Path) -> None:
    """Examples that run beside each other end too."""
    running = interrupted(site, tmp_path / "pids", signal.SIGINT, JOBS="2")

    assert all_gone(running)
    assert not (site.folder / "build/records/theme.b_slow.json").exists()


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_killed_build_takes_its_example_along(
    site: Site, tmp_path: Path, how: signal.Signals, jobs: str
) -> None:
    """Even kill -9 leaves no process of an example, not one that has left its session, and no
    folder for temporary files; the next build is not in its way."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    running = interrupted(site, tmp_path / "pids", how, JOBS=jobs, TMPDIR=str(temporary))

    assert all_gone(running)
    deadline = time.monotonic() + 10
    while any(temporary.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [] == list(temporary.iterdir())
    site.example("theme/b_slow", QUICK)
    assert 0 == (build := site.build()).code, build.text


DYING = """
import signal

def setup(app):
    def die(app, *details):
        if details[0] in ("index", app.env):
            os.kill(os.getpid(), signal.SIGKILL)
    if os.environ.get("DIE"):
        app.connect(os.environ["DIE"], die, priority=1)
"""


@pytest.mark.parametrize("moment", ["env-check-consistency", "html-page-context"])
def test_pages_are_written_again_after_an_interrupted_write(site: Site, moment: str) -> None:
    """A build that is killed when it has read what changed: the next one writes it."""
    site.example("theme/a_quick", "measured = {'value': 1}")
    index, conf = site.folder / "docs/index.md", site.folder / "conf/conf.py"
    index.write_text(index.read_text() + "\nIt is {measured}`theme/a_quick.value`.\n")
    conf.write_text(conf.read_text() + DYING)
    assert 0 == (first := site.build()).code, first.text
    record = site.folder / "build/records/theme.a_quick.json"
    record.write_text(record.read_text().replace('"value": 1', '"value": 2'))
    killed = site.build(DIE=moment)
    before = site.page("index").get_text()
    build = site.build()

    assert -signal.SIGKILL == killed.code, killed.text
    assert "It is 1." in before
    assert 0 == build.code, build.text
    assert "It is 2." in site.page("index").get_text()


def test_a_page_that_goes_after_a_failed_build_is_gone(site: Site) -> None:
    """Its HTML and its line in release.json too, although the build before had a warning."""
    site.write("docs/gone.md", "---\norphan: true\n---\n\n# Gone\n")
    assert 0 == (first := site.build()).code, first.text
    index = site.folder / "docs/index.md"
    text = index.read_text()
    index.write_text(text + "\n{doc}`nowhere`\n")
    failed = site.build()
    (site.folder / "docs/gone.md").unlink()
    index.write_text(text)
    build = site.build()
    about = json.loads((site.folder / "build/html/data/release.json").read_text())

    assert (1, 0) == (failed.code, build.code), build.text
    assert not (site.folder / "build/html/gone.html").exists()
    assert "gone.html" not in about["pages"]


def test_two_builds_at_once_are_refused(site: Site, tmp_path: Path) -> None:
    """A second build in the same tree says why it doesn't run."""
    pids = tmp_path / "pids"
    site.example("theme/b_slow", SLOW.format(pids=str(pids)))
    first = site.start()
    try:
        pids_in(pids)
        second = site.build()
    finally:
        os.kill(first.pid, signal.SIGINT)
        first.wait(timeout=30)
        end_all(first)

    assert 0 != second.code
    assert "another build is executing examples here" in second.text
