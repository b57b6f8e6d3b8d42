"""What the tests share: the repository, its built site, and small sites of their own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from filelock import FileLock

from warm import Warm

ROOT = Path(__file__).resolve().parent.parent

#: What a build must not take from whoever runs the tests.
SETTINGS = (
    "PATTERN", "SHARD", "JOBS", "STRICT", "GPU", "HEAVY", "REPOSITORY", "RECORDS", "BUDGET", "CLUSTER",
    "TIME_LIMIT_FACTOR", "ALLOW_BUSY", "WORKLOAD", "STACK", "DEVICE", "DTYPE", "BATCH", "THREADS",
    "ROUNDS", "RECORD", "MAKEFLAGS", "MAKELEVEL", "KERAS_BACKEND",
    "SITE", "BRANCH", "SITE_URL", "RELEASES", "SITE_VERSION",
    "READTHEDOCS", "READTHEDOCS_VERSION", "READTHEDOCS_VERSION_NAME", "READTHEDOCS_VERSION_TYPE",
    "READTHEDOCS_CANONICAL_URL", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
)  # fmt: skip


WARM = Warm()


def clean_environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in SETTINGS}
    # The small sites find the extension and the real conf.py through these.
    ours = {"PYTHONPATH": str(ROOT / "conf"), "SITE_CONF": str(ROOT / "conf/conf.py")}
    return kept | ours | more


def heed_signals() -> None:
    """What a terminal does to a program, though the tests themselves may run without one."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@dataclass
class Build:
    """How a build ended and what it said, standard error included."""

    code: int
    text: str

    def lines(self, word: str) -> list[str]:
        return [line for line in self.text.splitlines() if word in line]


class Site:
    """A small site in a folder of its own, built by the real commands."""

    def __init__(self, folder: Path, python: Path | str = sys.executable) -> None:
        self.folder = folder
        self.python = str(python)

    def write(self, path: str, text: str) -> Path:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        theme = target.parent
        if target.suffix == ".py" and theme.parent.name == "gallery":
            header = theme / "GALLERY_HEADER.rst"
            header.write_text(f"{theme.name}\n{'-' * len(theme.name)}\n", encoding="utf-8")
        return target

    def example(self, name: str, code: str) -> Path:
        """Write gallery/<name>.py around ``code``, with the title that a page needs."""
        return self.write(f"gallery/{name}.py", f'"""\n{name}\n{"=" * len(name)}\n"""\n\n{code}')

    def command(self, builder: str, *options: str) -> list[str]:
        return [
            self.python, "-m", "sphinx", "-nW", "--keep-going", "-q", "-b", builder,
            "-c", str(self.folder / "conf"), "-d", str(self.folder / "build/doctrees"),
            *options, str(self.folder / "docs"), str(self.folder / "build" / builder),
        ]  # fmt: skip

    def build(self, builder: str = "html", *options: str, **settings: str) -> Build:
        command, environment = self.command(builder, *options), clean_environment(**settings)
        if self.python == sys.executable and "PYTHONPATH" not in settings:
            return Build(*WARM.build(command[3:], self.folder, environment, timeout=300))
        done = subprocess.run(
            command, cwd=self.folder, text=True, timeout=300,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
        )  # fmt: skip
        return Build(done.returncode, done.stdout)

    def start(self, **settings: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command("html"), cwd=self.folder, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=clean_environment(**settings),
            # Where the tests themselves run in the background, Ctrl-C is ignored from birth.
            preexec_fn=heed_signals,
        )  # fmt: skip

    def page(self, name: str) -> BeautifulSoup:
        path = self.folder / "build/html" / f"{name}.html"
        return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")

    def record(self, name: str) -> dict[str, Any]:
        path = self.folder / "build/records" / f"{name.replace('/', '.')}.json"
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return data

    def change(self, path: str, old: str, new: str) -> None:
        """Put ``new`` in the place of ``old``, which must be there."""
        text = (self.folder / path).read_text(encoding="utf-8")
        assert old in text
        self.write(path, text.replace(old, new))

    def claims(self) -> dict[str, dict[str, Any]]:
        path = self.folder / "build/html/data/claims.json"
        return {entry["id"]: entry for entry in json.loads(path.read_text(encoding="utf-8"))}

    def examples(self) -> dict[str, dict[str, Any]]:
        path = self.folder / "build/html/data/examples.json"
        return {entry["name"]: entry for entry in json.loads(path.read_text(encoding="utf-8"))}


#: The files that take longest, which workers take whole: none may be left for the end.
LONGEST = (
    "gallery/test_mutations.py", "browser/test_versions.py", "gallery/test_downloads.py",
    "browser/test_pages.py", "site/test_hosting.py", "site/test_publishing.py",
    "ext/test_incremental.py", "site/test_missing_frameworks.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first."""

    def place(item: pytest.Item) -> int:
        name = "/".join(item.path.parts[-2:])
        return LONGEST.index(name) if name in LONGEST else len(LONGEST)

    items.sort(key=place)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with no example yet: tests/roots/test-empty with this repository's conf.py."""
    return make_site(tmp_path / "site", "test-empty")


def make_site(folder: Path, root: str, python: Path | str = sys.executable) -> Site:
    shutil.copytree(ROOT / "tests/roots" / root, folder)
    (folder / "conf").mkdir(exist_ok=True)
    if not (folder / "conf/conf.py").exists():
        shutil.copy(ROOT / "tests/roots/conf.py", folder / "conf/conf.py")
    return Site(folder, python)


def claims_site(folder: Path) -> Site:
    """A site whose every statement is judged, and whose evidence holds."""
    site = make_site(folder, "test-claims")
    conf = (folder / "conf/conf.py").read_text()
    site.write(
        "conf/conf.py", conf.replace('claims_original = ""', 'claims_original = "original.md"')
    )
    return site


@pytest.fixture(scope="session")
def html() -> Path:
    """The built site of this repository; `make html` makes it."""
    folder = ROOT / "build/html"
    if not (folder / "data/examples.json").exists():
        pytest.fail(f"{folder} is not built; run `make html` first")
    return folder


@pytest.fixture(scope="session")
def versioned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """``(site, tree)``: the releases and a small dev, published from a clone by `make site`; once
    for all workers, which only read it."""
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    tree = shared / "versioned"
    with FileLock(shared / "versioned.lock"):
        if not (shared / "versioned.made").exists():
            _publish_all(tree)
            (shared / "versioned.made").touch()
    return tree / "build" / "site", tree


def _publish_all(tree: Path) -> None:
    from published import clone_with_records, git, make, releases

    if git(ROOT, "rev-parse", "--is-shallow-repository") == "true":
        pytest.skip("a shallow clone lacks the releases' commits; git fetch --unshallow")
    shutil.rmtree(tree, ignore_errors=True)  # of another worker, which failed
    clone_with_records(tree, smaller=True)
    (tree / "docs/only_in_dev.md").write_text("---\norphan: true\n---\n\n# A draft\n\nOf dev.\n")
    git(tree, "add", ".")
    git(tree, "commit", "-qm", "A page that no release has")
    for arguments in (["site", f"RELEASES={' '.join(releases())}"], ["site"]):
        done = make(tree, *arguments)
        assert 0 == done.returncode, done.stdout


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def end_all(process: subprocess.Popen[str]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
