"""Publishing: whole or not at all, and never at the expense of what is there."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from builds import MACHINE, build, commit, example, hashes, publish
from conftest import ROOT, clean_environment
from published import clone_of
from publisher import checking, places
from publisher.branch import Branch
from site_ext.base.errors import SiteError
from site_ext.base.git import git, succeeds
from whole import require_whole

PUBLISH = """
import sys
from pathlib import Path
import builds
from publisher import places
from site_ext.base.errors import SiteError
{patch}
try:
    builds.publish(places.Folder(Path({site!r})), Path({work!r}), {version!r}, pages={pages!r})
except SiteError as error:
    sys.exit(str(error))
"""


def with_tests() -> dict[str, str]:
    return clean_environment(PYTHONPATH=f"{ROOT}/conf:{ROOT}/tests")


def program(site: Path, work: Path, version: str, patch: str = "", pages: Any = None) -> list[str]:
    """A process that publishes a small build of ``version``."""
    names = dict(site=str(site), work=str(work))
    code = PUBLISH.format(
        **names, version=version, patch=patch, pages=pages or ("index.html", "deep/page.html")
    )
    return [sys.executable, "-c", code]


def run(*arguments: Any, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        program(*arguments, **more), capture_output=True, text=True, env=with_tests()
    )


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site of 0.1 and 0.2."""
    place = places.Folder(tmp_path / "site")
    for version in ("0.1", "0.2"):
        publish(place, tmp_path, version)
    return place.path


def test_a_second_version_changes_no_file_of_the_first(tmp_path: Path) -> None:
    """Hashes before and after are equal; both stand, one is preferred."""
    place = places.Folder(tmp_path / "site")
    publish(place, tmp_path, "0.1")
    before = {"0.1": hashes(place.path / "0.1")}
    publish(place, tmp_path, "0.2")

    assert ["0.2", "0.1"] == require_whole(place.path, before)
    assert not (place.path / places.ASIDE).exists()


def test_a_release_is_published_once(site: Path, tmp_path: Path) -> None:
    """The same version again is refused, and nothing moved."""
    before = hashes(site)
    with pytest.raises(SiteError, match=r"version 0\.2 is published already.*never changes"):
        publish(places.Folder(site), tmp_path / "again", "0.2", pages=("index.html",))

    assert before == hashes(site)


def test_dev_is_replaced_whole(site: Path, tmp_path: Path) -> None:
    """The next dev takes the place of the last; a page that it lacks is gone from it."""
    place = places.Folder(site)
    publish(place, tmp_path / "one", "dev", pages=("index.html", "draft.html"))
    released = {name: hashes(site / name) for name in ("0.1", "0.2")}
    publish(place, tmp_path / "two", "dev")

    assert ["0.2", "0.1", "dev"] == require_whole(site, released)
    assert not (site / "dev/draft.html").exists()
    assert not (site / "latest/draft.html").exists()


def test_aliases_keep_the_path(site: Path, tmp_path: Path) -> None:
    """stable/ leads to the newest release, latest/ to dev; each with a link for canon."""
    publish(places.Folder(site), tmp_path, "dev", pages=("index.html", "new.html"))

    assert hashes(site / "0.2").items() <= hashes(site / "stable").items()
    assert "url=../dev/new.html" in (site / "latest/new.html").read_text()
    assert "Version 0.2 has no such page" in (site / "stable/new.html").read_text()
    assert "Version dev has no such page" in (site / "latest/deep/page.html").read_text()
    assert "url=0.2/index.html" in (site / "index.html").read_text()


def test_a_dev_that_is_older_than_the_newest_release(site: Path, tmp_path: Path) -> None:
    """latest/ leads to the release; what changed in dev is told against what it came after."""
    place = places.Folder(site)
    publish(place, tmp_path, "dev", after="0.2")
    assert "url=../dev/index.html" in (site / "latest/index.html").read_text()
    publish(place, tmp_path, "0.3")
    text = (site / "changes.html").read_text()

    assert "url=../0.3/index.html" in (site / "latest/index.html").read_text()
    assert text.index('id="v0.3"') < text.index('id="dev"') < text.index('id="v0.2"')
    assert "What is new in 0.3" in text


def test_the_address_is_remembered(tmp_path: Path) -> None:
    """A publication that is not told the address takes the one of the last."""
    place = places.Folder(tmp_path / "site")
    assert "" == place.address()
    publish(place, tmp_path, "0.1", "https://example.org/project")

    assert "https://example.org/project/" == place.address()


def test_addresses_with_a_site_url(tmp_path: Path) -> None:
    """The sitemap names the pages that stay, in whole addresses; so do those that lead to them."""
    place = places.Folder(tmp_path / "site")
    url = "https://example.org/project"
    for version in ("0.1", "0.2"):
        publish(place, tmp_path, version, url)
    sitemap = (place.path / "sitemap.xml").read_text()

    assert "<loc>https://example.org/project/stable/deep/page.html</loc>" in sitemap
    assert "example.org/project/0." not in sitemap
    for page in ("index.html", "latest/index.html"):
        canon = '<link rel="canonical" href="https://example.org/project/stable/index.html">'
        assert canon in (place.path / page).read_text()
    assert (
        "Sitemap: https://example.org/project/sitemap.xml"
        in (place.path / "robots.txt").read_text()
    )
    assert '<base href="/project/">' in (place.path / "404.html").read_text()


class Killed(BaseException):
    """Ends a publication where it stands: nothing may catch it."""


def publish_until(step: int, site: Path, folder: Path, version: str) -> None:
    """Publish a version, and stop after so many moves; the site is whole then."""
    before = {name: hashes(site / name) for name in ("0.1", "0.2")}
    original, done = places.move_in, []

    def move(*arguments: Any) -> None:
        original(*arguments)
        done.append(arguments)
        if len(done) == step:
            raise Killed

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(places, "move_in", move)
        with pytest.raises(Killed):
            publish(places.Folder(site), folder, version)
    require_whole(site, before)
    places.Folder(site).recover()

    assert not (site / places.ASIDE).exists()
    require_whole(site, before)


@pytest.mark.parametrize("step", range(1, 16))
def test_stopped_at_each_step_of_moving_in(site: Path, tmp_path: Path, step: int) -> None:
    """After each single move the site is whole, and the next publication does the rest."""
    publish_until(step, site, tmp_path / "new", "0.3")

    assert ["0.3", "0.2", "0.1"] == require_whole(site)


@pytest.mark.parametrize("step", range(1, 32))
def test_stopped_while_dev_loses_a_page(site: Path, tmp_path: Path, step: int) -> None:
    """After each single move nothing leads to the page that the new dev no longer has."""
    publish(places.Folder(site), tmp_path / "old", "dev", pages=("index.html", "draft.html"))
    publish_until(step, site, tmp_path / "new", "dev")

    assert ["0.2", "0.1", "dev"] == require_whole(site)


def test_killed_while_moving_in(site: Path, tmp_path: Path) -> None:
    """The same by kill -9, after the third move."""
    before = {name: hashes(site / name) for name in ("0.1", "0.2")}
    die = """
count, original = 0, places.move_in
def dying(*arguments):
    global count
    original(*arguments)
    count += 1
    if count == 3:
        import os, signal
        os.kill(os.getpid(), signal.SIGKILL)
places.move_in = dying
"""
    assert -signal.SIGKILL == run(site, tmp_path / "new", "0.3", die).returncode
    require_whole(site, before)
    publish(places.Folder(site), tmp_path / "next", "0.4")

    assert ["0.4", "0.3", "0.2", "0.1"] == require_whole(site, before)


def test_killed_at_random_moments(site: Path, tmp_path: Path) -> None:
    """Kill -9 at ten random moments of publishing 100 pages over dev: whole each time."""
    pages = ("index.html", *(f"part/page{n}.html" for n in range(100)))
    started = time.monotonic()
    assert 0 == run(site, tmp_path / "first", "dev", pages=pages).returncode
    whole_time = time.monotonic() - started
    before = {name: hashes(site / name) for name in ("0.1", "0.2")}
    for number in range(10):
        work = tmp_path / f"work{number}"
        process = subprocess.Popen(
            program(site, work, "dev", pages=pages), env=with_tests(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        time.sleep(random.uniform(0, whole_time))
        process.kill()
        process.wait()

        assert ["0.2", "0.1", "dev"] == require_whole(site, before)


def test_what_is_prepared_is_done_once(site: Path, tmp_path: Path) -> None:
    """A kill before anything is moved: as if nothing had happened."""
    before = hashes(site)
    die = "import os, signal\nplaces.root.write = lambda *_: os.kill(os.getpid(), signal.SIGKILL)"
    assert -signal.SIGKILL == run(site, tmp_path / "new", "0.3", die).returncode
    left = {name: digest for name, digest in hashes(site).items() if places.ASIDE not in name}

    assert before == left
    publish(places.Folder(site), tmp_path / "next", "0.3")
    assert ["0.3", "0.2", "0.1"] == require_whole(site)


def test_without_exchange(site: Path, tmp_path: Path, monkeypatch) -> None:
    """Where the system can't exchange two folders, two renames do it."""
    monkeypatch.setattr(places, "_exchange", lambda *_: False)
    place = places.Folder(site)
    publish(place, tmp_path / "one", "dev")
    publish(place, tmp_path / "two", "dev", pages=("index.html", "new.html"))

    assert ["0.2", "0.1", "dev"] == require_whole(site)
    assert (site / "dev/new.html").exists()


def test_two_at_once(site: Path, tmp_path: Path) -> None:
    """The second publication is refused while the first is under way."""
    place = places.Folder(site)
    with place._changing(), pytest.raises(SiteError, match="another publication is under way"):
        publish(places.Folder(site), tmp_path, "0.3")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[{", r"switcher\.json: not a list of versions.*delete it, and publish again"),
        ('{"a": 1}', r"switcher\.json: not a list of versions"),
        ('[{"version": "0.1", "url": "0.1/"}]', r"not exactly one version is preferred"),
        ("\xff", r"switcher\.json: not a list of versions.*delete it"),
        (
            '[{"version": "0.9", "url": "0.9/", "preferred": true}]',
            r"lists version 0\.9, but there is no \S+/0\.9; put it back",
        ),
    ],
)
def test_a_corrupt_switcher(site: Path, tmp_path: Path, text: str, told: str) -> None:
    """A list that can't be right is named, and nothing is touched."""
    (site / "switcher.json").write_text(text, encoding="latin-1")
    before = hashes(site)
    with pytest.raises(SiteError, match=told):
        publish(places.Folder(site), tmp_path, "0.3")

    assert before == hashes(site)


def test_a_deleted_switcher_is_made_anew(site: Path, tmp_path: Path) -> None:
    """The repair that the error names works."""
    (site / "switcher.json").unlink()
    publish(places.Folder(site), tmp_path, "0.3")

    assert ["0.3", "0.2", "0.1"] == require_whole(site)


def test_a_version_without_data(site: Path, tmp_path: Path) -> None:
    """A folder that is called like a version but has no data is named, not overwritten."""
    (site / "0.1/data/release.json").unlink()
    before = hashes(site)
    with pytest.raises(SiteError, match=r"0\.1/data/release\.json is missing.*put the file back"):
        publish(places.Folder(site), tmp_path, "0.3")

    assert before == hashes(site)


@pytest.mark.parametrize("name", ["index.html", "versions/thesis.txt", "latest/precious"])
def test_a_folder_of_something_else(tmp_path: Path, name: str) -> None:
    """SITE= that holds something else is refused."""
    (tmp_path / "home" / name).parent.mkdir(parents=True)
    (tmp_path / "home" / name).write_text("my own")
    with pytest.raises(SiteError, match=r"but no switcher\.json: it is no site of ours"):
        publish(places.Folder(tmp_path / "home"), tmp_path, "0.1")

    assert "my own" == (tmp_path / "home" / name).read_text()


def test_a_file_in_the_place_of_a_site(tmp_path: Path) -> None:
    """SITE= that names a file is refused before anything is built."""
    (tmp_path / "file").write_text("my own")
    with pytest.raises(SiteError, match="a file, not a folder"):
        places.Folder(tmp_path / "file")


def test_a_file_in_the_place_of_a_version(site: Path, tmp_path: Path) -> None:
    """Named, instead of a traceback."""
    (site / "0.9").write_text("no folder")
    with pytest.raises(SiteError, match=r"0\.9/data/release\.json: Not a directory"):
        publish(places.Folder(site), tmp_path, "0.3")


@pytest.mark.parametrize(("version", "said"), [("dev", "not released"), ("1.0rc1", "pre-release")])
def test_only_a_release_is_called_the_newest_release(tmp_path, version: str, said: str) -> None:
    """A site without one sends readers to what it has, and calls it by its name."""
    place = places.Folder(tmp_path / "site")
    publish(place, tmp_path, version)

    for name in ("versions.html", "switcher.json", "404.html"):
        text = (place.path / name).read_text()
        assert "newest release" not in text, name
        assert said in text, name


def test_files_of_others_stay(site: Path, tmp_path: Path) -> None:
    """A host's own files at the root, such as CNAME, are left alone."""
    (site / "CNAME").write_text("example.org")
    publish(places.Folder(site), tmp_path, "0.3")

    assert "example.org" == (site / "CNAME").read_text()


def test_a_full_disk(tmp_path: Path) -> None:
    """On a real disk of 2 MiB: a clear error, and the site there is as it was."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a disk of their own")
    site = tmp_path / "disk/site"
    site.parent.mkdir()
    first = program(site, tmp_path / "one", "0.1")
    # Grows until it is too much for the disk.
    patch = """
original = builds.build
def big(folder, version, **more):
    built = original(folder, version, **more)
    for number in range(60):
        (built / f"_static/{number}.bin").write_bytes(bytes(100_000))
    return built
builds.build = big
"""
    second = program(site, tmp_path / "two", "0.2", patch)
    commands = [["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(site.parent)], first]
    script = " && ".join(shlex.join(command) for command in commands)
    keep = f"cp -r {site} {tmp_path}/before; {shlex.join(second)}; cp -r {site} {tmp_path}/after"
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", f"{script}; {keep}"],
        capture_output=True, text=True, env=with_tests(),
    )  # fmt: skip

    assert "No space left on device" in done.stderr, done.stderr
    assert "make room, or publish elsewhere with SITE=" in done.stderr
    assert "Traceback" not in done.stderr
    assert hashes(tmp_path / "before") == hashes(tmp_path / "after")
    assert ["0.1"] == require_whole(tmp_path / "after")


def test_fifty_versions_have_a_small_root(tmp_path: Path) -> None:
    """The list stays below 20 kB; the newest of 1.1 to 1.50 is preferred; nothing old is read
    but its data."""
    place = places.Folder(tmp_path / "site")
    publish(place, tmp_path, "1.1")
    for minor in range(2, 51):
        copy = place.path / f"1.{minor}"
        shutil.copytree(place.path / "1.1", copy)
        for path in copy.rglob("*"):
            if path.is_file():
                path.write_text(path.read_text().replace("1.1", f"1.{minor}"))
    publish(place, tmp_path, "1.51")

    assert [f"1.{n}" for n in range(51, 0, -1)] == require_whole(place.path)
    assert (place.path / "switcher.json").stat().st_size < 20_000


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository with an origin."""
    origin, here = tmp_path / "origin.git", tmp_path / "here"
    subprocess.run(["git", "init", "-q", "--bare", str(origin)], check=True)
    clone_of(origin, here)
    (here / "file").write_text("source")
    git(here, "add", ".")
    git(here, "commit", "-qm", "source")
    git(here, "push", "-q", "origin", "HEAD:main")
    return here


def checked_out(repo: Path, folder: Path, branch: str = "gh-pages") -> Path:
    git(repo, "worktree", "add", "-q", "--detach", str(folder), branch)
    shutil.rmtree(folder / ".git", ignore_errors=True)
    (folder / ".git").unlink(missing_ok=True)
    return folder


def test_a_branch(repo: Path, tmp_path: Path) -> None:
    """On a branch as in a folder: one commit a version, the old one's files untouched."""
    publish(Branch(repo, "gh-pages"), tmp_path / "one", "0.1")
    tree = git(repo, "rev-parse", "gh-pages:0.1")
    publish(Branch(repo, "gh-pages"), tmp_path / "two", "0.2")

    assert "2" == git(repo, "rev-list", "--count", "gh-pages")
    assert tree == git(repo, "rev-parse", "gh-pages:0.1")
    assert ["0.2", "0.1"] == require_whole(checked_out(repo, tmp_path / "out"))
    assert "" == git(repo, "status", "--porcelain")
    with pytest.raises(SiteError, match=r"version 0\.1 is published already"):
        publish(Branch(repo, "gh-pages"), tmp_path / "again", "0.1")


def test_a_branch_is_fetched_first(repo: Path, tmp_path: Path) -> None:
    """What another machine has published is built upon; dev is replaced whole."""
    publish(Branch(repo, "gh-pages"), tmp_path / "one", "0.1")
    publish(Branch(repo, "gh-pages"), tmp_path / "dev", "dev", pages=("index.html", "a.html"))
    git(repo, "push", "-q", "origin", "gh-pages")
    other = clone_of(tmp_path / "origin.git", tmp_path / "other")
    publish(Branch(other, "gh-pages"), tmp_path / "two", "0.2")
    publish(Branch(other, "gh-pages"), tmp_path / "three", "dev")
    out = checked_out(other, tmp_path / "out")

    assert ["0.2", "0.1", "dev"] == require_whole(out)
    assert not (out / "dev/a.html").exists()


def test_a_branch_that_moves_meanwhile(repo: Path, tmp_path: Path) -> None:
    """Of two publications from one state, the second is refused: it would undo the first."""
    publish(Branch(repo, "gh-pages"), tmp_path / "one", "0.1")
    first, second = Branch(repo, "gh-pages"), Branch(repo, "gh-pages")
    publish(first, tmp_path / "two", "0.2")
    with pytest.raises(SiteError, match="someone else published there meanwhile"):
        publish(second, tmp_path / "three", "0.3")
    publish(Branch(repo, "gh-pages"), tmp_path / "four", "0.3")

    assert ["0.3", "0.2", "0.1"] == require_whole(checked_out(repo, tmp_path / "out"))


def test_a_name_that_no_branch_can_have(repo: Path) -> None:
    """Refused before anything is built."""
    with pytest.raises(SiteError, match=r"BRANCH=a\.\.b: not a branch's name"):
        Branch(repo, "a..b")


def test_a_branch_that_is_in_use(repo: Path) -> None:
    """The branch of the sources is not a place for pages."""
    current = git(repo, "branch", "--show-current")
    with pytest.raises(SiteError, match="it is checked out"):
        Branch(repo, current)


def test_a_branch_of_something_else(repo: Path, tmp_path: Path) -> None:
    """A branch with an index.html of its own is refused, as a folder is."""
    (repo / "index.html").write_text("my own")
    git(repo, "checkout", "-q", "-b", "notes")
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "notes")
    git(repo, "checkout", "-q", "-b", "work")
    with pytest.raises(SiteError, match=r"has index\.html but no switcher\.json"):
        publish(Branch(repo, "notes"), tmp_path, "0.1")


def test_a_branch_has_the_bytes_that_were_checked(repo: Path, tmp_path: Path) -> None:
    """Whatever git is told to do to ends of lines."""
    git(repo, "config", "core.autocrlf", "input")
    (repo / ".git/info").mkdir(exist_ok=True)
    (repo / ".git/info/attributes").write_text("* text eol=lf\n")
    built = build(tmp_path / "built", "0.1")
    (built / "_static/crlf.txt").write_bytes(b"one\r\ntwo\r\n")
    Branch(repo, "gh-pages").publish(built, checking.check(built, "0.1", commit("0.1")), "")
    size = git(repo, "cat-file", "-s", "gh-pages:0.1/_static/crlf.txt")

    assert "10" == size


def test_a_remote_branch_with_a_longer_name(repo: Path, tmp_path: Path) -> None:
    """feature/gh-pages is not gh-pages."""
    git(repo, "push", "-q", "origin", "HEAD:refs/heads/feature/gh-pages")
    publish(Branch(repo, "gh-pages"), tmp_path, "0.1")

    assert succeeds(repo, "rev-parse", "-q", "--verify", "refs/heads/gh-pages")


def test_git_of_a_hook_works_on_this_repository(repo: Path, tmp_path: Path, monkeypatch) -> None:
    """GIT_DIR, as git sets it for hooks, does not lead the publisher elsewhere."""
    other = tmp_path / "other"
    subprocess.run(["git", "init", "-q", str(other)], check=True)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))

    assert git(repo, "rev-parse", "HEAD")


def test_a_branch_that_has_parted(repo: Path, tmp_path: Path) -> None:
    """Here and at the origin, each with a version of its own: named, nothing lost."""
    publish(Branch(repo, "gh-pages"), tmp_path / "one", "0.1")
    git(repo, "push", "-q", "origin", "gh-pages")
    other = clone_of(tmp_path / "origin.git", tmp_path / "other")
    publish(Branch(other, "gh-pages"), tmp_path / "two", "0.2")
    git(other, "push", "-q", "origin", "gh-pages")
    tree = git(repo, "rev-parse", "gh-pages^{tree}")
    mine = git(repo, "commit-tree", tree, "-p", "gh-pages", "-m", "my own")
    git(repo, "update-ref", "refs/heads/gh-pages", mine)
    with pytest.raises(SiteError, match="have parted"):
        Branch(repo, "gh-pages")


def test_times_of_examples_reach_the_page_of_changes(tmp_path: Path) -> None:
    """Values that moved stand there with both sides, linked to the example."""
    place = places.Folder(tmp_path / "site")
    pages = ("index.html", "gallery/pytorch/train.html")
    publish(place, tmp_path, "0.1", pages=pages)
    moved = [example(measured={"accuracy": 0.91}, versions={"torch": "2.14.0"})]
    publish(place, tmp_path, "0.2", pages=pages, examples=moved)
    told = (place.path / "changes.html").read_text()
    text = (place.path / "changes/0.2.html").read_text()

    assert "1 measured value moved, 0 of 1 examples were run again" in told
    assert 'href="changes/0.2.html"' in told
    assert "0.97</td>" in text
    assert "0.91</td>" in text
    assert "torch 2.13.0 -&gt; 2.14.0" in text
    assert 'href="../0.2/gallery/pytorch/train.html"' in text
    require_whole(place.path)


def test_published_builds_need_not_be_on_the_same_disk(tmp_path: Path) -> None:
    """A build elsewhere is copied, then moved in."""
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second disk here")
    folder = elsewhere / f"test-{os.getpid()}"
    try:
        publish(places.Folder(tmp_path / "site"), folder, "0.1")
    finally:
        shutil.rmtree(folder, ignore_errors=True)

    assert ["0.1"] == require_whole(tmp_path / "site")


def test_a_page_of_the_data(site: Path) -> None:
    """switcher.json is in the theme's form, relative to itself."""
    entries = json.loads((site / "switcher.json").read_text())

    assert [
        {"version": "0.2", "name": "0.2 (newest release)", "url": "0.2/", "preferred": True},
        {"version": "0.1", "name": "0.1", "url": "0.1/"},
    ] == entries


HUGE = 10**400


@pytest.mark.parametrize(
    ("odd", "told"),
    [
        ({"machine": {}}, "missing required field `cpu` at $.machine"),
        ({"machines": [{}]}, "missing required field `cpu` at $.machines[0]"),
        ({"examples": [example(machine={})]}, "missing required field `cpu` at $[0].machine"),
        ({"examples": [example(machine=MACHINE | {"ram_gib": -5})]}, "at $[0].machine.ram_gib, found -5"),
        ({"machine": MACHINE | {"cores": 10**30}}, "at $.machine.cores, found 1000"),
        ({"machine": MACHINE | {"ram_gib": HUGE}}, "out of range"),
        ({"machine": MACHINE | {"ram_gib": float("inf")}}, "not JSON"),
        ({"examples": [example(wall_seconds=float("nan"))]}, "not JSON"),
        ({"examples": [example(wall_seconds=-3.0)]}, "at $[0].wall_seconds, found -3.0"),
        ({"examples": [example(title="x" * 10**6)]}, "of length <= 500 at $[0].title, found 'xxx"),
        ({"examples": [example(name="../../x")]}, "at $[0].name, found '../../x'"),
        ({"examples": [example(title="\ud800")]}, "not JSON"),
        ({"notes": ["x" * 10**6]}, "of length <= 10000 at $.notes[0]"),
        ({"versions": {"torch": "x" * 10**6}}, "of length <= 500 at $.versions"),
        ({"date": "soon"}, "at $.date, found 'soon'"),
        ({"commit": "x"}, "at $.commit, found 'x'"),
    ],
)  # fmt: skip
def test_odd_data_is_one_line(site: Path, tmp_path: Path, odd: dict[str, Any], told: str) -> None:
    """The file, the place in it, the value, and the repair; nothing is published."""
    before = hashes(site)
    with pytest.raises(SiteError, match=re.escape(told)) as raised:
        publish(places.Folder(site), tmp_path / "odd", "0.3", **odd)

    assert len(str(raised.value)) < 600
    assert "put the published file back" in str(raised.value)
    assert before == hashes(site)


@pytest.mark.parametrize("name", ["0.2/data/release.json", "0.2/data/claims.json", "switcher.json"])
@pytest.mark.parametrize(
    "text", ["[" * 200_000 + "]" * 200_000, "[" + "9" * 10_000 + "]", "[\\x00]"]
)
def test_odd_files_of_a_published_site_are_one_line(
    site: Path, tmp_path: Path, name: str, text: str
) -> None:
    """Deep, huge or no JSON: the next publication names the file."""
    (site / name).write_text(text)
    with pytest.raises(SiteError, match=re.escape(f"{site / name}: not ")) as raised:
        publish(places.Folder(site), tmp_path / "odd", "0.3")

    assert len(str(raised.value)) < 600
