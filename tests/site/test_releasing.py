"""`make release` through the life of a project, where building a version takes no time."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from builds import hashes
from conftest import ROOT, clean_environment
from published import git
from releasing import BUILD, command, project, release, run, tell
from whole import require_whole

__all__ = ["project"]


def switcher(tree: Path) -> list[str]:
    return [
        entry["version"] for entry in json.loads((tree / "build/site/switcher.json").read_text())
    ]


def test_tags_and_links(project: Path) -> None:
    """A tag that says who made it and when; a changelog whose links lead to what differs; and a push
    that takes all or nothing."""
    release(project, "0.1")
    tell(project, "More.")
    said = release(project, "0.2", BRANCH="gh-pages")
    text = (project / "CHANGELOG.md").read_text()

    assert 'version: "0.2"\n' in (project / "CITATION.cff").read_text()
    assert "tag" == git(project, "cat-file", "-t", "v0.2")
    assert git(project, "rev-parse", "v0.2^{commit}") == git(project, "rev-parse", "HEAD~1")
    assert "push it with `git push --atomic origin HEAD v0.2 gh-pages pages-0.2`" in said
    assert "\n[Unreleased]: ../../compare/v0.2...HEAD\n[0.2]: ../../compare/v0.1...v0.2\n" in text
    subprocess.run(said.split("`")[-2].split(), cwd=project, check=True, capture_output=True)
    assert git(project, "rev-parse", "gh-pages") in git(project, "ls-remote", "origin")


def test_a_patch_of_an_older_line(project: Path) -> None:
    """0.2.1 after 0.3, on a branch of its own: the preferred version stays 0.3."""
    release(project, "0.2")
    tell(project, "Third.")
    release(project, "0.3")
    tell(project, "A repair.")
    code, said = run(project, "release", "0.2.1")
    assert 1 == code
    assert "version 0.2.1 comes after 0.2, and this branch is not where that ends" in said

    git(project, *said.split("`")[1].split()[1:])
    tell(project, "A repair.")
    release(project, "0.2.1")
    text = (project / "CHANGELOG.md").read_text()

    assert ["0.3", "0.2.1", "0.2"] == switcher(project)
    assert "[0.2.1]: ../../compare/v0.2...v0.2.1" in text
    assert "Third." not in text
    require_whole(project / "build/site")
    code, said = run(project, "release", "0.1.1")
    assert "version 0.1.1 does not come after 0.3" in said


def test_a_final_release_after_its_candidate(project: Path) -> None:
    """Nothing new need be told; after a release something must."""
    release(project, "0.4rc1")
    release(project, "0.4")
    text = (project / "CHANGELOG.md").read_text()

    assert "- What 0.4rc1 was, and nothing else." in text.partition("## [0.4] ")[2]
    assert ["0.4", "0.4rc1"] == switcher(project)
    code, said = run(project, "release", "0.5")
    assert 1 == code
    assert "CHANGELOG.md has nothing under ## [Unreleased]; say what is new" in said


def test_a_release_twice(project: Path) -> None:
    """It is told how to publish what is made."""
    release(project, "0.1")
    code, said = run(project, "release", "0.1")

    assert 1 == code
    assert "version 0.1 is released already; `make site RELEASES=0.1` publishes it" in said


def test_a_remote_out_of_reach(project: Path, tmp_path: Path) -> None:
    """What is published there decides what may be: said before anything is built. A folder needs none."""
    (tmp_path / "origin").rename(tmp_path / "gone")
    before = git(project, "rev-parse", "HEAD")
    code, said = run(project, "release", "0.1", BRANCH="gh-pages")

    assert 1 == code
    assert "BRANCH=gh-pages: origin can't be reached, and what is published there decides" in said
    assert before == git(project, "rev-parse", "HEAD")
    assert not (project / "build/releases").exists()
    release(project, "0.1")


def test_each_version_has_its_requirements_for_binder(project: Path) -> None:
    """Binder is given the commit with which a version came, and installs what stands at its root."""
    for version in ("0.1", "0.2"):
        tell(project, version)
        text = f"torch=={version}"
        (project / "build.py").write_text(
            f"{BUILD}\nPath(sys.argv[1], 'data/requirements.txt').write_text({text!r})\n"
        )
        git(project, "commit", "-qam", "Pins")
        release(project, version, BRANCH="gh-pages")

    for version in ("0.1", "0.2"):
        assert f"torch=={version}" == git(project, "show", f"pages-{version}:requirements.txt")


def _lock_named(said: str) -> str:
    assert "when none does, remove the lock and start again" in said
    [lock] = re.findall(r"'(\S+\.lock)'", said)
    return lock


def test_a_lock_that_a_killed_git_left(project: Path) -> None:
    """It is named, with its repair; nothing is released before."""
    release(project, "1.0")
    tell(project, "More.")
    before = git(project, "rev-parse", "HEAD")
    lock = project / ".git/refs/tags/v1.1.lock"
    lock.touch()
    code, said = run(project, "release", "1.1")

    assert 1 == code
    assert str(lock) == _lock_named(said)
    assert before == git(project, "rev-parse", "HEAD")
    assert "" == git(project, "status", "--porcelain")

    lock.unlink()
    release(project, "1.1")
    assert "1.1" in switcher(project)


def test_files_that_a_killed_git_left_half_written(project: Path) -> None:
    """Some as they were, one begun, one missing: that is no edit of anybody's; other words are, and so
    is a new file."""
    release(project, "1.0")
    new = project / "new.md"
    new.write_text("Mine.\n")
    _, of_new = run(project, "look", "site")
    new.unlink()
    for name in ("CHANGELOG.md", "CITATION.cff"):
        (project / name).write_text(git(project, "show", f"HEAD~2:{name}") + "\n")
    (project / "pyproject.toml").unlink()
    listed = project / "conf/releases.json"
    listed.write_text(listed.read_text()[:20])
    git(project, "read-tree", "HEAD~2")
    code, said = run(project, "look", "site")
    (project / "CHANGELOG.md").write_text("Mine.\n")
    _, of_mine = run(project, "look", "site")

    assert 1 == code
    assert "version 1.0 is released, but its release was cut off" in said
    for said in (of_new, of_mine):
        assert "the working tree has changes that are in no commit" in said


def test_killed_at_any_moment(project: Path) -> None:
    """Kill -9 of all of `make release`: either nothing happened, or it is released and
    `make site RELEASES=` ends what is left."""
    release(project, "1.0")
    tell(project, "More.")
    started = time.monotonic()
    release(project, "1.1")
    whole_time = time.monotonic() - started
    for number in range(2, 12):
        version = f"1.{number}"
        tell(project, "More.")
        before = git(project, "rev-parse", "HEAD")
        older = {name: hashes(project / "build/site" / name) for name in switcher(project)}
        line, environment = command(project, "release", version)
        process = subprocess.Popen(
            line, cwd=project, env=environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        # The end, where the refs move and the pages are moved in, is where it matters.
        time.sleep(whole_time * random.uniform(0.1 if number < 5 else 0.7, 1))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        require_whole(project / "build/site", older)
        (project / ".git/index.lock").unlink(missing_ok=True)
        if git(project, "rev-parse", "HEAD") == before:
            assert "" == git(project, "tag", "--list", f"v{version}")
            assert "" == git(project, "status", "--porcelain")
            # Where the kill met git itself, the lock that it left is named.
            while (ended := run(project, "release", version))[0]:
                Path(_lock_named(ended[1])).unlink()
        else:
            assert git(project, "rev-parse", f"v{version}^{{commit}}") == git(
                project, "rev-parse", "HEAD~1"
            )
            if git(project, "status", "--porcelain"):
                code, said = run(project, "look", "site")
                assert f"version {version} is released, but its release was cut off" in said
                git(project, "reset", "-q", "--hard")
            code, said = run(project, "site", RELEASES=version)
            assert 0 == code, said
        assert version in switcher(project)
    require_whole(project / "build/site")


def test_the_tree_is_looked_at_before_anything_is_installed(project: Path) -> None:
    """By `make` itself, with a Python that has nothing: no environment is begun."""
    shutil.copy(ROOT / "Makefile", project)
    git(project, "commit", "-qam", "The real Makefile")
    (project / "CHANGELOG.md").write_text("Edited.\n")
    environment = clean_environment()
    environment.pop("PYTHONPATH")
    for arguments in (["site"], ["release", "VERSION=0.1"]):
        done = subprocess.run(
            ["make", *arguments, "PYTHON=python3 -S"], cwd=project, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

        assert 2 == done.returncode
        assert f"make {arguments[0]}: the working tree has changes" in done.stdout
        assert " M CHANGELOG.md" in done.stdout
        assert not (project / ".venv").exists()


def test_a_release_is_withdrawn(project: Path, tmp_path: Path) -> None:
    """By the steps of CONTRIBUTING.md: its pages are gone, the one before is preferred again, and
    nobody builds it any more."""
    release(project, "0.1", BRANCH="gh-pages")
    tell(project, "A mistake.")
    release(project, "0.2", BRANCH="gh-pages")
    text = (ROOT / "CONTRIBUTING.md").read_text().partition("## If a release must go")[2]
    steps = [
        line[4:] for line in text.partition("\n## ")[0].splitlines() if line.startswith("    ")
    ]
    path = project / "conf/releases.json"
    lines = json.loads(path.read_text())
    lines[-1]["withdrawn"] = "it held a secret"
    path.write_text(json.dumps(lines))
    git(project, "commit", "-qam", "Withdraw 0.2")
    for step in steps:
        if step.startswith("make"):
            code, said = run(project, "site", DEV="1", BRANCH="gh-pages")
            assert 0 == code, said
        else:
            subprocess.run(step.replace("0.3", "0.2"), cwd=project, shell=True, check=True)
    code, said = run(project, "site", RELEASES="0.2", BRANCH="gh-pages")
    files = git(project, "ls-tree", "-r", "--name-only", "gh-pages")

    assert 1 == code
    assert "release 0.2 was withdrawn: it held a secret" in said
    assert "0.2/" not in files
    assert "0.1" == json.loads(git(project, "show", "gh-pages:switcher.json"))[0]["version"]
    assert "index.html of 0.1" in git(project, "show", "gh-pages:stable/index.html")
    # At its own tag nothing tells that but the lists of branches.
    branch = git(project, "branch", "--show-current")
    git(project, "checkout", "-q", "v0.2")
    for settings in ({"RELEASES": "0.2"}, {}):
        code, said = run(project, "site", BRANCH="gh-pages", **settings)
        assert "release 0.2 was withdrawn: it held a secret" in said
    git(project, "checkout", "-q", branch)
    code, said = run(project, "release", "0.2")
    assert "version 0.2 is released already" in said
    code, said = run(project, "release", "0.1.1")
    assert "version 0.1.1 comes after 0.1, and this branch is not where that ends" in said


def test_a_dev_that_is_older_is_not_put_back(project: Path) -> None:
    """A run of last week, repeated: dev stays what came since."""
    before = git(project, "rev-parse", "HEAD")
    tell(project, "More.")
    assert 0 == run(project, "site")[0]
    git(project, "checkout", "-q", "--detach", before)
    code, said = run(project, "site")

    assert 1 == code
    assert "make site: dev is published from" in said


def test_another_git_at_work_is_seen_before_anything_moves(project: Path) -> None:
    """The release has not happened, and says what is in its way."""
    before = git(project, "rev-parse", "HEAD")
    (project / ".git/index.lock").touch()
    code, said = run(project, "release", "0.1")

    assert 1 == code
    assert ".git/index.lock is there: another git is at work, or one was killed" in said
    assert before == git(project, "rev-parse", "HEAD")
    assert "" == git(project, "tag", "--list")
