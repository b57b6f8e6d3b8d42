"""What hosts run, run as it stands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path
from urllib.request import urlopen

import pytest
import yaml

from commands.environment import TORCH_INDEX
from conftest import ROOT, clean_environment
from environments import environment_like_this_one
from published import clone, git


def published(folder: Path, html: Path) -> Path:
    """A repository whose branch gh-pages has the records of the site that is built here."""
    store = folder / "dev/data/records"
    shutil.copytree(html / "data/records", store)
    (folder / "switcher.json").write_text('[{"version": "dev", "url": "dev/"}]')
    for command in (
        ["init", "-q", "-b", "gh-pages"],
        ["add", "."],
        ["-c", "user.name=Test", "-c", "user.email=test@example.org", "commit", "-qm", "Publish"],
    ):
        git(folder, *command)
    return folder


def bare_environment(**more: str) -> dict[str, str]:
    """That of somebody who has just cloned; where torch's own index is out of reach, the usual."""
    environment = clean_environment(**more)
    for name in ("PYTHONPATH", "SITE_CONF", "VIRTUAL_ENV"):
        environment.pop(name, None)
    try:
        urlopen(TORCH_INDEX, timeout=5).close()
    except OSError:
        environment["TORCH_INDEX"] = ""
    return environment


def same_pages(html: Path, built: Path) -> None:
    """Each page is as here, the cards' line on where a record is from aside."""
    pages = sorted(path.relative_to(html) for path in html.rglob("*.html"))

    assert pages == sorted(path.relative_to(built) for path in built.rglob("*.html"))
    for page in pages:
        there = re.sub(r", not by this build: taken from [^<]*", "", (built / page).read_text())
        assert (html / page).read_text() == there, page


def files_of(*packages: str) -> dict[Path, int]:
    """When the files of these packages here were written."""
    here = Path(sysconfig.get_path("purelib"))
    return {path: path.stat().st_mtime_ns for one in packages for path in here.glob(f"{one}/*.py")}


@pytest.mark.slow
def test_read_the_docs_commands(tmp_path: Path, html: Path) -> None:
    """The steps of .readthedocs.yaml, in order, make the whole site where the host wants it,
    out of the published branch's records. They find the packages there already: what installs
    them from nothing is what has made the environment of these tests."""
    jobs = yaml.safe_load((ROOT / ".readthedocs.yaml").read_text())["build"]["jobs"]
    source, output = clone(tmp_path / "checkout"), tmp_path / "_readthedocs"
    git(source, "remote", "set-url", "origin", str(published(tmp_path / "remote", html)))
    environment_like_this_one(source / ".venv")
    environment = bare_environment(
        READTHEDOCS="True", READTHEDOCS_OUTPUT=str(output), READTHEDOCS_VERSION="latest"
    )
    installed = files_of("docutils", "numpy", "sphinx", "tensorflow", "torch")
    said = ""
    for step in [*jobs["create_environment"], *jobs["install"], *jobs["build"]["html"]]:
        done = subprocess.run(
            step, shell=True, cwd=source, env=environment, text=True, timeout=900,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert 0 == done.returncode, f"{step}\n{done.stdout}"
        said += done.stdout

    assert installed == files_of("docutils", "numpy", "sphinx", "tensorflow", "torch")
    assert "; passed in" not in said
    assert " taken (" in said
    built = {path.relative_to(output / "html") for path in (output / "html").glob("**/*.html")}
    here = {path.relative_to(html) for path in html.glob("**/*.html")}
    assert here == built


@pytest.mark.slow
def test_with_records_no_framework_is_needed(tmp_path: Path, html: Path) -> None:
    """`make html RECORDS=…` in a fresh clone installs none, executes nothing, and gives the same
    pages as the build that made the records."""
    source = clone(tmp_path / "checkout")
    done = subprocess.run(
        ["make", "html", f"RECORDS={html}"], cwd=source, env=bare_environment(), text=True,
        timeout=600, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip

    assert 0 == done.returncode, done.stdout
    assert "; passed in" not in done.stdout
    packages = next((source / ".venv/lib").glob("python*")) / "site-packages"
    assert not {"torch", "tensorflow", "keras", "jax"} & {path.name for path in packages.iterdir()}
    same_pages(html, source / "build/html")


def test_read_the_docs_names_a_configuration_that_exists() -> None:
    """The host insists on the path of conf.py."""
    config = yaml.safe_load((ROOT / ".readthedocs.yaml").read_text())

    assert (ROOT / config["sphinx"]["configuration"]).exists()


def test_make_help_lists_every_target() -> None:
    """`make help` has a line for each documented target."""
    listed = subprocess.run(
        ["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True, env=os.environ
    ).stdout

    for target in (
        "html", "test", "doctest", "linkcheck", "site", "compare", "release", "serve", "clean",
        "reproduce", "worker",
        "help", "lock",
    ):  # fmt: skip
        assert f"\n{target} " in f"\n{listed}"


@pytest.mark.parametrize("given", ["command line", "environment"])
def test_settings_arrive_as_they_were_given(given: str) -> None:
    """A pattern may end in a dollar, which make would take for its own."""
    pattern = "mlp$|^a/$$(x)"
    line = ["make", "-s", "--eval", 'shown: ; @printf %s "$$PATTERN"', "shown"]
    named = [f"PATTERN={pattern}"] if given == "command line" else []
    environment = clean_environment(**({} if named else {"PATTERN": pattern}))
    done = subprocess.run(
        [*line, *named], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )

    assert pattern == done.stdout
