"""What runs on GitHub: the workflows as they are written, and their scripts, run as they stand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from conftest import ROOT, clean_environment
from published import clone_of, git
from releasing import project, release, run, tell

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["project"]

WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text())
    for path in sorted((ROOT / ".github/workflows").glob("*.yml"))
}
JOBS = [(flow, name) for flow, text in WORKFLOWS.items() for name in text["jobs"]]


def steps(flow: str, job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = WORKFLOWS[flow]["jobs"][job].get("steps", [])
    return found


def test_each_step_runs_what_is_there() -> None:
    """Each `make` is a target of the Makefile, each script a file."""
    makefile = (ROOT / "Makefile").read_text()
    lines = [step["run"] for flow, job in JOBS for step in steps(flow, job) if "run" in step]
    targets = {line.split()[1] for line in lines if line.startswith("make ")}

    assert {"compare", "examples", "freshness", "html", "linkcheck", "lint", "site"} == targets
    assert all(re.search(rf"^{one}\b.*:", makefile, re.MULTILINE) for one in targets)
    for line in lines:
        if line.startswith("bash "):
            assert (ROOT / line.split()[1]).is_file(), line


def test_one_job_executes() -> None:
    """The others take its records, by name."""
    executing = [
        job for job in JOBS if any("make examples" in s.get("run", "") for s in steps(*job))
    ]
    taking = [
        s["with"]["name"] for job in JOBS for s in steps(*job) if "download" in s.get("uses", "")
    ]

    assert [("checks", "examples")] == executing
    assert {"records", "site"} == set(taking)


def test_only_the_publishing_job_can_write_and_it_installs_nothing() -> None:
    """Rights are given job by job; who builds has none to write, who writes runs no Python."""
    writing = []
    for flow, job in JOBS:
        assert {} == WORKFLOWS[flow]["permissions"]
        rights = WORKFLOWS[flow]["jobs"][job]["permissions"]
        if "write" in rights.values():
            writing.append((flow, job))

    assert [("site", "publish")] == writing
    for step in steps("site", "publish"):
        assert "setup-python" not in step.get("uses", "")
        assert not re.search(r"make|pip|python|npm", step.get("run", ""))
    for flow, job in JOBS:
        for step in steps(flow, job):
            if "actions/checkout@" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False


def test_what_main_signs_comes_from_no_cache() -> None:
    """Any job of a run can write to a cache: only pull requests take one."""
    for flow, job in JOBS:
        for step in steps(flow, job):
            if "actions/cache" in step.get("uses", ""):
                assert "github.event_name == 'pull_request'" == step["if"]


def test_actions_are_pinned_by_commit() -> None:
    """Whoever moves a tag of theirs changes nothing here."""
    for flow, job in JOBS:
        for step in steps(flow, job):
            if "uses" in step:
                assert re.fullmatch(r"actions/[\w/-]+@[0-9a-f]{40}", step["uses"])


def test_nothing_of_others_is_pasted_into_a_shell() -> None:
    """Names of branches, tags and people reach a step through its environment only."""
    for flow, job in JOBS:
        for step in steps(flow, job):
            assert "${{" not in step.get("run", "")


def test_runs_of_main_and_tags_go_to_their_end() -> None:
    """They wait for each other; only a pull request's own newer push ends its run."""
    assert {"group": "site", "queue": "max"} == WORKFLOWS["site"]["concurrency"]
    assert WORKFLOWS["pull"]["concurrency"]["cancel-in-progress"] is True
    assert "cancel-in-progress" not in str(WORKFLOWS["weekly"]["concurrency"])


def script(tree: Path, name: str, *arguments: str, **settings: str) -> tuple[int, str]:
    done = subprocess.run(
        ["bash", str(ROOT / ".github" / name), *arguments], cwd=tree, text=True,
        env=clean_environment(**settings), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return done.returncode, done.stdout


Jobs = tuple["Path", "Path", "Path"]


@pytest.fixture
def jobs(project: Path, tmp_path: Path) -> Jobs:
    """The checkout of the job that builds, of a tag whose version is published by it; that of the job
    that pushes, as shallow as the workflow's; and where its files go."""
    release(project, "0.1")
    git(project, "push", "-q", "origin", "HEAD", "v0.1")
    origin = f"file://{tmp_path / 'origin'}"
    building, pushing = clone_of(origin, tmp_path / "building"), tmp_path / "pushing"
    subprocess.run(["git", "clone", "-q", "--depth=1", origin, str(pushing)], check=True)
    code, said = run(building, "site", RELEASES="0.1", BRANCH="gh-pages")
    assert 0 == code, said
    return building, pushing, tmp_path / "files"


def push(jobs: Jobs, ref: str = "refs/heads/main") -> tuple[int, str]:
    """Hand on what is built, and push it; with no file of an earlier time."""
    building, pushing, files = jobs
    shutil.rmtree(files, ignore_errors=True)
    files.mkdir()
    bundled = script(building, "bundle.sh", str(files / "site.bundle"))
    if bundled[0]:
        return bundled
    return script(
        pushing, "push.sh", str(files / "site.bundle"), str(files / "pages"), GITHUB_REF=ref
    )


def test_what_is_built_is_pushed_and_served(jobs: Jobs) -> None:
    """From the job that builds to the branch, its tags and the folder that is deployed: a tag, then main,
    and each once more, as when a run is repeated."""
    building, _, files = jobs
    for version, ref in (("0.1", "refs/tags/v0.1"), ("dev", "refs/heads/main")):
        if version == "dev":
            tell(building, "More.")
            assert 0 == run(building, "site", DEV="1", BRANCH="gh-pages")[0]
        assert (0, "") == push(jobs, ref)
        git(building, "fetch", "-q", "origin")
        there = git(building, "ls-remote", "origin")

        assert git(building, "rev-parse", "gh-pages") in there
        assert "refs/tags/pages-0.1" in there
        assert (files / "pages" / version / "index.html").is_file()
        assert (files / "pages/switcher.json").is_file()
        assert (0, "") == push(jobs, ref)
    # What its maker has published already: the job that builds has no branch of its own.
    git(building, "branch", "-q", "-D", "gh-pages")
    assert (0, "") == push(jobs, "refs/tags/v0.1")


HOSTILE = {
    "another release": (
        "echo Another. > 0.1/index.html",
        "release 0.1 is published, and would be another",
    ),
    "a new release": ("mkdir 9.9 && echo Mine. > 9.9/index.html", "release 9.9 is published"),
    "a release less": ("git rm -rq 0.1", "release 0.1 is published, and would be another"),
    "a link": ("ln -s /etc/passwd dev.html", "something in it is no plain file: 120000"),
    "a program": ("echo x > x.sh && chmod +x x.sh", "something in it is no plain file: 100755"),
    "words to git": ("echo '0.1/* export-ignore' > .gitattributes", "a file in it speaks to git"),
    "another stable": ("echo Mine. > stable/index.html", "stable/ is not 0.1"),
    "a tag more": ("git tag -f pages-0.4 gh-pages", "pages-0.4 is not the tag of what was pushed"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_was_not_asked_for_is_not_pushed(jobs: Jobs, tmp_path: Path, name: str) -> None:
    """Whatever the job that builds was made to do."""
    building, _, files = jobs
    assert 0 == push(jobs, "refs/tags/v0.1")[0]
    git(building, "fetch", "-q", "origin")
    work = tmp_path / "work"
    git(building, "worktree", "add", "-q", str(work), "gh-pages")
    done, told = HOSTILE[name]
    subprocess.run(done, cwd=work, shell=True, check=True)
    git(work, "add", "--all")
    git(work, "commit", "-q", "--allow-empty", "-m", "Hostile")
    if "git tag" in done:
        git(work, "tag", "-f", "pages-0.4")
    before = git(building, "ls-remote", "origin")
    code, said = push(jobs)

    assert 1 == code
    assert f"not published: {told}" in said
    assert before == git(building, "ls-remote", "origin")
    assert not (files / "pages").exists()


def test_what_was_overtaken_is_not_pushed(jobs: Jobs, tmp_path: Path) -> None:
    """Somebody published meanwhile: nothing of theirs is lost."""
    other = clone_of(tmp_path / "origin", tmp_path / "other")
    git(other, "switch", "-q", "--orphan", "gh-pages")
    git(other, "commit", "-q", "--allow-empty", "-m", "Meanwhile")
    git(other, "push", "-q", "origin", "gh-pages")
    code, said = push(jobs, "refs/tags/v0.1")

    assert 1 == code
    assert "gh-pages has moved meanwhile; run this again" in said


def test_a_branch_that_is_gone_is_not_begun_anew(jobs: Jobs) -> None:
    """Where its tags are there, somebody deleted it: nothing would be checked."""
    assert 0 == push(jobs, "refs/tags/v0.1")[0]
    git(jobs[0], "push", "-q", "origin", ":gh-pages")
    code, said = push(jobs, "refs/tags/v0.1")

    assert 1 == code
    assert "gh-pages is gone, and tags of it are there" in said


def test_nothing_is_unpacked_over_the_script_that_runs_next() -> None:
    """What another job made lies beside the checkout of the one that can write."""
    [taken] = [s for s in steps("site", "publish") if "download-artifact" in s.get("uses", "")]

    assert taken["with"]["path"].startswith("${{ runner.temp }}/")


@pytest.mark.parametrize("signed", [True, False])
def test_only_signed_records_are_named(project: Path, tmp_path: Path, signed: bool) -> None:
    """RECORDS= is set for the steps that follow if gh says so, and for dev's records alone."""
    pages = clone_of(tmp_path / "origin", tmp_path / "pages")
    git(pages, "switch", "-q", "--orphan", "gh-pages")
    store = pages / "dev/data/records/records.zip"
    store.parent.mkdir(parents=True)
    store.write_bytes(b"records")
    git(pages, "add", ".")
    git(pages, "commit", "-qm", "Publish")
    git(pages, "push", "-q", "origin", "gh-pages")
    gh = tmp_path / "bin/gh"
    gh.parent.mkdir()
    gh.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\nexit {int(not signed)}\n')
    gh.chmod(0o755)
    code, said = script(
        project, "attested.sh", PATH=f"{gh.parent}:{os.environ['PATH']}",
        GITHUB_REPOSITORY="owner/name", RUNNER_TEMP=str(tmp_path), GITHUB_ENV=str(tmp_path / "env"),
    )  # fmt: skip
    named = (tmp_path / "env").read_text() if (tmp_path / "env").exists() else ""

    assert 0 == code, said
    assert (f"RECORDS={tmp_path}/records.zip\n" if signed else "") == named
    asked = (tmp_path / "asked").read_text()
    assert "--source-ref refs/heads/main" in asked
    assert "--signer-workflow owner/name/.github/workflows/site.yml" in asked
