"""`make site` on the real project, as a maintainer and a host run it."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from builds import hashes
from conftest import ROOT, clean_environment
from environments import environment_like_this_one
from published import clone_of, clone_with_records, git, listed, make, releases
from publisher import building, checking
from whole import require_whole


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone to spoil."""
    return clone_with_records(tmp_path_factory.mktemp("publishing") / "tree", smaller=True)


def test_the_site_is_whole(versioned: tuple[Path, Path]) -> None:
    """Every page of every version, and of the root, links to what is there."""
    site, _ = versioned

    assert [*reversed(releases()), "dev"] == require_whole(site)
    assert len(releases()) >= 2


def test_releases_are_built_from_their_own_commits(versioned: tuple[Path, Path]) -> None:
    """Each version names the commit of the list, and has that commit's examples."""
    site, tree = versioned
    for line in listed():
        about = json.loads((site / line["version"] / "data/release.json").read_text())
        entries = json.loads((site / line["version"] / "data/examples.json").read_text())
        scripts = git(tree, "ls-tree", "-r", "--name-only", line["commit"], "gallery/")
        expected = {name for name in scripts.splitlines() if name.endswith(".py")}

        assert line["commit"] == about["commit"]
        assert line["date"] == about["date"]
        assert expected == {entry["path"] for entry in entries}


def test_the_releases_differ(versioned: tuple[Path, Path]) -> None:
    """What changed between them stands on the page of changes, in short, and whole on its own."""
    site, _ = versioned
    old, new = releases()[:2]
    page = BeautifulSoup((site / "changes.html").read_text(), "html.parser")
    section = page.find(id=f"v{new}")

    assert f"after {old}" in section.h2.get_text()
    assert "1 example is new" in section.get_text()
    whole = site / section.select_one("a[href^='changes/']")["href"]
    told = BeautifulSoup(whole.read_text(), "html.parser")
    assert "New examples" in told.get_text()
    assert told.select_one(f"a[href='../{new}/gallery/porting/loss_shapes.html']")
    assert not (site / old / "gallery/porting/loss_shapes.html").exists()
    assert len(page.select("svg.panel")) >= 8


def test_pages_tell_their_version_and_frameworks(versioned: tuple[Path, Path]) -> None:
    """Footer and switcher of each page of each version; no theme's switcher beside ours."""
    site, _ = versioned
    for version in [*releases(), "dev"]:
        about = json.loads((site / version / "data/release.json").read_text())
        for name in about["pages"]:
            page = BeautifulSoup((site / version / name).read_text(), "html.parser")
            footer = page.select_one(".made-with").get_text()

            assert footer.startswith(f"Version {version}, made with TensorFlow"), name
            for framework in about["versions"].values():
                assert framework in footer, name
            assert page.select(".bd-header .version-list"), name
            assert [] == page.select(".version-switcher__button")
            assert version == page.select_one(".version-banner")["data-version"]
            assert page.select_one("link[rel=canonical]")["href"].endswith(f"stable/{name}")


def test_what_a_crawler_is_told(versioned: tuple[Path, Path]) -> None:
    """Each page of the sitemap is there and names itself as the one to keep; no page of the site names
    one that leads elsewhere."""
    site, _ = versioned
    listed = re.findall("<loc>(.*?)</loc>", (site / "sitemap.xml").read_text())
    canon: dict[str, str] = {}
    for path in site.rglob("*.html"):
        found = re.search(r'<link[^>]*rel="canonical"[^>]*>', path.read_text())
        if found and not path.is_relative_to(site / ".publishing"):
            [address] = re.findall(r'href="([^"]*)"', found[0])
            canon[path.relative_to(site).as_posix()] = os.path.relpath(path.parent / address, site)

    assert len(listed) > 5
    assert all(page.startswith("stable/") and canon[page] == page for page in listed)
    for page, address in canon.items():
        text = (site / address).read_text()
        assert 'http-equiv="refresh"' not in text, f"{page} names {address}"


def test_publishing_a_release_again_is_refused_at_once(versioned: tuple[Path, Path]) -> None:
    """Before anything is built; RELEASES leaves what stands as it is."""
    site, tree = versioned
    version = releases()[-1]
    before = hashes(site)
    commit = git(tree, "rev-parse", "HEAD")
    commit_then = listed()[-1]["commit"]
    git(tree, "checkout", "-q", commit_then)
    git(tree, "tag", "-f", f"v{version}", commit_then)
    try:
        done = make(tree, "site")
        again = make(tree, "site", f"RELEASES={version}")
    finally:
        git(tree, "checkout", "-q", commit)

    assert 2 == done.returncode
    assert f"make site: version {version} is published already" in done.stdout
    assert "sphinx" not in done.stdout
    assert 0 == again.returncode, again.stdout
    assert "stays as it is" in again.stdout
    assert before == hashes(site)


def test_killed_at_random_moments(versioned: tuple[Path, Path], tmp_path: Path) -> None:
    """Kill -9 of all of `make site` at ten moments of a publication of dev."""
    site, tree = versioned
    before = {version: hashes(site / version) for version in releases()}
    started = time.monotonic()
    assert 0 == make(tree, "site").returncode
    whole_time = time.monotonic() - started
    for _ in range(10):
        process = subprocess.Popen(
            ["make", "site", "VENV=", f"PYTHON={sys.executable}"], cwd=tree,
            start_new_session=True, env=clean_environment(),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(random.uniform(0, whole_time))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

        assert [*reversed(releases()), "dev"] == require_whole(site, before)
    assert 0 == make(tree, "site").returncode
    require_whole(site, before)


def test_a_dirty_tree(tree: Path) -> None:
    """Named, with the file, and nothing is built."""
    (tree / "docs/index.md").open("a").write("\nMore.\n")
    (tree / "docs/new.md").write_text("# New\n")
    try:
        done = make(tree, "site")
    finally:
        git(tree, "checkout", "-q", ".")
        (tree / "docs/new.md").unlink()

    assert 2 == done.returncode
    assert "make site: the working tree has changes that are in no commit" in done.stdout
    assert " M docs/index.md" in done.stdout
    assert "?? docs/new.md" in done.stdout
    assert not (tree / "build/site").exists()


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        (["next-one"], "tag 'next-one' is no version; use one like v0.2"),
        (["v7.1", "v7.2"], "this commit is tagged as 7.1 and 7.2"),
    ],
)
def test_tags_that_do_not_say_which_version(tree: Path, tags: list[str], told: str) -> None:
    """A tag that is no version, or two that are."""
    for tag in tags:
        git(tree, "tag", tag)
    try:
        done = make(tree, "site")
    finally:
        git(tree, "tag", "-d", *tags)

    assert 2 == done.returncode
    assert told in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["RELEASES=0.99"], "there is no release 0.99: neither a tag nor a line in"),
        (["RELEASES=latest"], "'latest' is no version"),
        (["SITE=/tmp/x", "BRANCH=y"], "name one of the two"),
        (["SITE_URL=example.org"], "SITE_URL=example.org: not an address like"),
        (["SITE_URL=http://[bad"], "SITE_URL=http://[bad: not an address"),
        (["SITE=public"], "SITE=public: in this repository, and not ignored by git"),
        (["SITE=README.md"], "SITE=README.md: in this repository, and not ignored"),
        (["RELEASES=0.1 dev"], "RELEASES is for releases; DEV=1 publishes"),
        (["RELEASES=0.1", "DEV=1"], "RELEASES and DEV: name one of the two"),
    ],
)
def test_arguments_that_make_no_sense(tree: Path, arguments: list[str], told: str) -> None:
    """One line that says what to give instead."""
    done = make(tree, "site", *arguments)

    assert 2 == done.returncode
    assert told in done.stdout
    assert "Traceback" not in done.stdout


def test_a_release_whose_commit_is_missing(tree: Path) -> None:
    """As in a shallow clone: the error says how to get it."""
    path = tree / "conf/releases.json"
    text = path.read_text()
    path.write_text(
        json.dumps([{"version": "0.0.1", "date": "2026-01-01", "commit": "0" * 40, "tree": ""}])
    )
    try:
        done = make(tree, "site", "RELEASES=0.0.1")
    finally:
        path.write_text(text)

    assert "is not in this clone; get it with `git fetch --unshallow --tags`" in done.stdout


def test_a_shallow_clone(versioned: tuple[Path, Path], tmp_path: Path) -> None:
    """At a release's own tag it has all that it takes; elsewhere it says what to fetch."""
    _, tree = versioned
    line = listed()[-1]
    origin = clone_of(tree, tmp_path / "origin")
    lister = git(tree, "log", "--format=%H", f"--grep=^List release {line['version']}$")
    git(origin, "branch", "own", line["commit"])
    git(origin, "branch", "lister", lister)
    said = {}
    for branch in ("own", "lister"):
        there = tmp_path / branch
        options = ["--depth=1", "--no-tags", "--branch", branch, f"file://{origin}"]
        subprocess.run(["git", "clone", "-q", *options, str(there)], check=True)
        if branch == "own":
            git(there, "tag", f"v{line['version']}")
            records = tree / "build/releases" / line["version"] / "build/records"
            shutil.copytree(records, there / "build/records")
        said[branch] = make(there, "site")

    assert 0 == said["own"].returncode, said["own"].stdout
    assert 2 == said["lister"].returncode
    assert "get it with `git fetch --unshallow --tags`" in said["lister"].stdout


def test_a_broken_page_is_not_published(tree: Path) -> None:
    """A link that leads nowhere, in a page that builds: the site is as it was."""
    page = tree / "docs/method.md"
    before = git(tree, "rev-parse", "HEAD")
    page.write_text(page.read_text() + '\n<a href="gone.html">there</a>\n')
    git(tree, "commit", "-qam", "A link to nothing")
    try:
        done = make(tree, "site")
    finally:
        git(tree, "reset", "-q", "--hard", before)

    assert 2 == done.returncode
    assert "gone.html does not exist" in done.stdout
    assert "is not fit to be published, and was not" in done.stdout
    assert not (tree / "build/site").exists()


def test_clean_keeps_what_is_published(tmp_path: Path) -> None:
    """`make clean` removes what can be made again; published releases are not that."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    kept, gone = tmp_path / "build/site/0.1/index.html", tmp_path / "build/html/index.html"
    for path in (kept, gone):
        path.parent.mkdir(parents=True)
        path.write_text("a page")
    make(tmp_path, "clean")

    assert kept.exists()
    assert not gone.exists()


def test_a_release_from_a_number_to_a_published_tree(tree: Path) -> None:
    """`make release`: changelog, version, commits, list, tag, pages."""
    before = git(tree, "rev-parse", "HEAD")
    changelog = tree / "CHANGELOG.md"
    text = changelog.read_text()
    changelog.write_text(text.replace("## [Unreleased]\n", "## [Unreleased]\n\n- News.\n", 1))
    git(tree, "commit", "-qam", "News")
    site = tree / "build/elsewhere"
    done = make(tree, "release", "VERSION=v7.0", f"SITE={site}")
    log = git(tree, "log", "--format=%s", f"{before}..HEAD").splitlines()
    section = changelog.read_text().partition("## [7.0] - ")[2].partition("\n## [")[0]

    assert 0 == done.returncode, done.stdout
    assert ["List release 7.0", "Release 7.0", "News"] == log
    assert "Made with TensorFlow" in section
    assert "Measured on" in section
    assert "- News." in section
    assert "### Verdicts that changed\n\n- The first with a ledger" in section
    assert "## [Unreleased]\n\n## [7.0]" in changelog.read_text()
    assert 'version = "7.0"' in (tree / "pyproject.toml").read_text()
    assert git(tree, "rev-parse", "v7.0^{commit}") == git(tree, "rev-parse", "HEAD~1")
    assert (
        git(tree, "rev-parse", "v7.0^{commit}")
        == (json.loads((site / "7.0/data/release.json").read_text())["commit"])
    )
    assert ["7.0"] == require_whole(site)
    assert "" == git(tree, "status", "--porcelain")

    # Without tags, the commit that lists the release is that release, and so is its own.
    tagged = git(tree, "rev-parse", "v7.0^{commit}")
    git(tree, "tag", "-d", "v7.0")
    assert "version 7.0 is published already" in make(tree, "site", f"SITE={site}").stdout
    branch = git(tree, "branch", "--show-current")
    git(tree, "checkout", "-q", "--detach", tagged)
    assert "version 7.0 is published already" in make(tree, "site", f"SITE={site}").stdout
    git(tree, "checkout", "-q", branch)
    git(tree, "reset", "-q", "--hard", before)


def test_the_working_tree_as_dev(tree: Path, tmp_path: Path) -> None:
    """DEV=1, for the branch of the sources, whose newest commit may be a release."""
    git(tree, "tag", "v7.5")
    try:
        done = make(tree, "site", "DEV=1", f"SITE={tmp_path / 'site'}")
    finally:
        git(tree, "tag", "-d", "v7.5")

    assert 0 == done.returncode, done.stdout
    assert ["dev"] == require_whole(tmp_path / "site")


def test_a_tree_that_is_edited_while_it_is_built(tree: Path, tmp_path: Path) -> None:
    """It is refused in the end: what is published is the commit that it names."""
    process = subprocess.Popen(
        ["make", "site", "DEV=1", "VENV=", f"PYTHON={sys.executable}", f"SITE={tmp_path}/site"],
        cwd=tree, env=clean_environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    for line in process.stdout:
        if "up to date" in line:
            (tree / "README.md").open("a").write("More.\n")
            break
    said = process.stdout.read()
    process.wait()
    git(tree, "checkout", "-q", ".")

    assert 2 == process.returncode
    assert "+changes, not from" in said
    assert not (tmp_path / "site").exists()


def test_a_release_has_its_own_pins(tree: Path, tmp_path: Path) -> None:
    """Built in the environment that is kept for its lock, not in today's."""
    before = git(tree, "rev-parse", "HEAD")
    pins = tree / "constraints.txt"
    now = metadata.version("tensorboard")
    pins.write_text(pins.read_text().replace(f"tensorboard=={now}", "tensorboard==0.1.0"))
    git(tree, "commit", "-qam", "Other pins")
    folder = tree / "build/environments" / building.lock_of(tree)
    git(tree, "tag", "v6.0")
    git(tree, "reset", "-q", "--hard", before)
    folder.parent.mkdir(parents=True, exist_ok=True)
    environment_like_this_one(folder, versions={"tensorboard": "0.1.0"})
    (folder / ".ready").touch()
    done = make(tree, "site", "RELEASES=6.0", f"SITE={tmp_path / 'site'}")
    git(tree, "tag", "-d", "v6.0")
    about = json.loads((tmp_path / "site/6.0/data/release.json").read_text())

    assert 0 == done.returncode, done.stdout
    assert "6.0" == about["version"]
    assert f"working/event_files: tensorboard {now} -> 0.1.0" in done.stdout
    assert (
        "tensorboard==0.1.0" in (tmp_path / "site/6.0/gallery/working/event_files.html").read_text()
    )


def test_a_release_that_does_not_build_never_was(tree: Path) -> None:
    """Its commit is taken back; no tag, no line in the list."""
    changelog = tree / "CHANGELOG.md"
    text = changelog.read_text()
    start = git(tree, "rev-parse", "HEAD")
    changelog.write_text(text.replace("## [Unreleased]\n", "## [Unreleased]\n\n- News.\n", 1))
    (tree / "docs/index.md").open("a").write("\n{doc}`gone`\n")
    git(tree, "commit", "-qam", "Broken")
    before = git(tree, "rev-parse", "HEAD")
    done = make(tree, "release", "VERSION=7.1")
    now = git(tree, "rev-parse", "HEAD")
    tags = git(tree, "tag", "--list", "v7.1")
    git(tree, "reset", "-q", "--hard", start)

    assert 2 == done.returncode
    assert "did not build, and was not published" in done.stdout
    assert before == now
    assert "" == tags


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("0.0.1", "does not come after"),
        ("next", "'next' is no version"),
        ("dev", "dev is what is not released"),
        ("8.0beta", "8.0beta is written 8.0b0"),
        ("", "usage: make release VERSION=0.2"),
    ],
)
def test_versions_that_can_not_be_released(tree: Path, version: str, told: str) -> None:
    """Refused before anything is touched."""
    done = make(tree, "release", f"VERSION={version}")

    assert 2 == done.returncode
    assert told in done.stdout
    assert "" == git(tree, "status", "--porcelain")


def test_a_release_needs_a_branch(tree: Path) -> None:
    """On no branch, its commits would be lost."""
    branch = git(tree, "branch", "--show-current")
    git(tree, "checkout", "-q", "--detach")
    try:
        done = make(tree, "release", "VERSION=9.0")
    finally:
        git(tree, "checkout", "-q", branch)

    assert 2 == done.returncode
    assert "no branch is checked out to take the release" in done.stdout


def test_what_is_new_stands_on_the_page_of_changes(versioned: tuple[Path, Path]) -> None:
    """The changelog's points, under their version."""
    site, _ = versioned
    page = BeautifulSoup((site / "changes.html").read_text(), "html.parser")
    section = page.find(id=f"v{releases()[1]}").get_text()

    assert "An example: a missing axis" in section


def test_compare_looks_before_it_builds(tree: Path, tmp_path: Path) -> None:
    """A version that is not there is told at once, with the place that was looked at."""
    done = make(tree, "compare", "OLD=v0.1", "NEW=dev", f"SITE={tmp_path / 'none'}")

    assert 2 == done.returncode
    assert f"version 0.1 is not among those published in {tmp_path / 'none'}" in done.stdout
    assert "sphinx" not in done.stdout


def test_compare(versioned: tuple[Path, Path]) -> None:
    """The terminal says what the page says; a changed verdict ends it with status 1."""
    site, tree = versioned
    old, new = releases()[:2]
    command = [sys.executable, "-m", "commands.compare", f"v{old}", new]
    environment = clean_environment(SITE=str(site), PYTHONPATH=f"{tree}/conf")
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)

    assert 0 == done.returncode, done.stderr
    assert f"{old} -> {new}" in done.stdout
    assert "porting/loss_shapes" in done.stdout.partition("Examples added: ")[2]


def test_compare_where_a_verdict_changed(versioned: tuple[Path, Path], tmp_path: Path) -> None:
    """Status 1, and the statement with both verdicts."""
    from builds import publish
    from publisher import places

    _, tree = versioned
    place = places.Folder(tmp_path / "site")
    for version, verdict in (("0.1", "holds"), ("0.2", "outdated")):
        claims = [{"id": "theano", "statement": "Keras runs on Theano", "verdict": verdict}]
        publish(place, tmp_path, version, claims=claims)
    done = subprocess.run(
        [sys.executable, "-m", "commands.compare", "v0.1", "v0.2"],
        cwd=tree, env=clean_environment(SITE=str(place.path), PYTHONPATH=f"{tree}/conf"), capture_output=True, text=True,
    )  # fmt: skip

    assert 1 == done.returncode, done.stderr
    assert "theano: holds -> outdated   “Keras runs on Theano”" in done.stdout


def test_read_the_docs_pages(tree: Path, tmp_path: Path) -> None:
    """With its environment: its canonical address, a banner on latest, none of our switchers."""
    for version, kind, banner in (("latest", "branch", True), ("0.1", "tag", False)):
        out = tmp_path / version
        environment = clean_environment(
            READTHEDOCS="True",
            READTHEDOCS_VERSION=version,
            READTHEDOCS_VERSION_NAME=version,
            READTHEDOCS_VERSION_TYPE=kind,
            READTHEDOCS_CANONICAL_URL=f"https://docs.example.org/en/{version}/",
        )
        for name in ("PYTHONPATH", "SITE_CONF"):
            environment.pop(name)
        done = subprocess.run(
            ["make", "html", "VENV=", f"PYTHON={sys.executable}", f"OUT={out}"],
            cwd=tree, env=environment, capture_output=True, text=True,
        )  # fmt: skip
        assert 0 == done.returncode, done.stderr
        page = BeautifulSoup((out / "gallery/pytorch/train_mlp.html").read_text(), "html.parser")

        assert (
            f"https://docs.example.org/en/{version}/gallery/pytorch/train_mlp.html"
            == (page.select_one("link[rel=canonical]")["href"])
        )
        assert [] == page.select(".version-list, .version-switcher__button")
        assert [] == page.select("link[href$='versions.css']")
        assert banner is bool(page.select(".version-banner-dev"))
        assert f"Version {version}, made with" in page.select_one(".made-with").get_text()
        assert page.select_one("link[href*='_static/all.css']")


def test_a_plain_build_leans_on_no_root(html: Path) -> None:
    """`make html` alone stands alone: no switcher, no banner, no style from above it."""
    page = BeautifulSoup((html / "gallery/pytorch/train_mlp.html").read_text(), "html.parser")

    assert [] == page.select(".version-list, .version-banner, link[rel=canonical]")
    assert "Not a release, made with TensorFlow" in page.select_one(".made-with").get_text()


def test_a_release_names_one_commit(versioned: tuple[Path, Path], tmp_path: Path) -> None:
    """Built from the commit that lists it, it still names its own."""
    _, tree = versioned
    line = listed()[-1]
    lister = git(tree, "log", "--format=%H", f"--grep=^List release {line['version']}$")
    there = tmp_path / "tree"
    subprocess.run(["git", "clone", "-q", str(tree), str(there)], check=True)
    git(there, "checkout", "-q", "--detach", lister)
    shutil.copytree(
        tree / "build/releases" / line["version"] / "build/records", there / "build/records"
    )
    done = make(there, "site")
    assert 0 == done.returncode, done.stdout
    about = json.loads((there / "build/site" / line["version"] / "data/release.json").read_text())

    assert line["commit"] == about["commit"]


def test_a_published_version_is_checked_as_it_stands(versioned: tuple[Path, Path]) -> None:
    """What was moved in is what was checked: it still passes."""
    site, _ = versioned
    for version in releases():
        commit = json.loads((site / version / "data/release.json").read_text())["commit"]

        assert checking.check(site / version, version, commit)


def test_the_whole_build_is_fit_to_be_published(html: Path) -> None:
    """Every page, asset and data file of the real site, by the publisher's own check."""
    commit = json.loads((html / "data/release.json").read_text())["commit"]
    release = checking.check(html, "dev", commit)

    assert len(release.examples) > 60
    assert len(release.claims or {}) > 50
