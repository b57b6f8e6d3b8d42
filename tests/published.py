"""The real site of real releases, published by the real commands from a clone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from conftest import ROOT, clean_environment
from environments import environment_like_this_one
from publisher import building


def clone(folder: Path) -> Path:
    """A clone of what is committed, with today's changes committed on top."""
    clone_of(ROOT, folder)
    changes = subprocess.run(
        ["git", "diff", "HEAD", "--binary"], cwd=ROOT, check=True, capture_output=True
    ).stdout
    if changes:
        subprocess.run(["git", "apply", "--index", "-"], cwd=folder, input=changes, check=True)
        git(folder, "commit", "-qm", "Today's changes")
    return folder


#: What a smaller site keeps: an example of each framework, one that a release lacks, one whose
#: pins a test changes, and pages that lean on examples, claims and measurements.
KEPT_EXAMPLES = (
    "article/as_published", "article/as_written", "keras/train_mlp_jax",
    "keras/train_mlp_torch", "porting/loss_shapes",
    "pytorch/train_mlp", "tensorflow/train_mlp", "tensorflow/train_mlp_raw",
    "working/event_files",
)  # fmt: skip
KEPT_PAGES = ("ledger.md", "measurements.md", "method.md", "reproductions.md", "timings.md")
KEPT_MEASUREMENT = "mlperf_references"
INDEX = """# A smaller site

It has {verdicts}`all` claim, and PyTorch reaches {measured}`pytorch/train_mlp.accuracy:.1%`.

:::{claim} verbose
---
section: TensorFlow / Cons
words: More verbose code
verdict: "false"
evidence: |
  article/as_written: tokens_tensorflow < tokens_pytorch
  measurements/mlperf_references: v6_1_tensorflow == 0
---
It is not.
:::

```{toctree}
gallery/index
ledger
measurements
reproductions
side_by_side/index
timings
method
```
"""


def make_smaller(tree: Path) -> None:
    """Commit a site of the same kind with few pages: most tests of publishing are about the
    way of a build into the site, and writing all pages takes a quarter of a minute each time."""
    for script in (tree / "gallery").glob("*/*.py"):
        if script.relative_to(tree / "gallery").with_suffix("").as_posix() not in KEPT_EXAMPLES:
            script.unlink()
    for theme in (tree / "gallery").iterdir():
        if theme.is_dir() and not list(theme.glob("*.py")):
            shutil.rmtree(theme)
    docs = tree / "docs"
    for page in [*docs.glob("*.md"), *docs.glob("measurements/*.json")]:
        if page.name not in KEPT_PAGES and page.stem != KEPT_MEASUREMENT:
            page.unlink()
    for page in (docs / "side_by_side").iterdir():
        if page.name != "train_mlp.rst":
            page.unlink()
    (docs / "side_by_side/index.md").write_text("# Side by side\n\n```{toctree}\ntrain_mlp\n```\n")
    sources = (docs / "sources.toml").read_text().partition("[mlperf-references]")
    (docs / "sources.toml").write_text(sources[1] + sources[2].partition("\n\n")[0] + "\n")
    (docs / "index.md").write_text(INDEX)
    method = (docs / "method.md").read_text()
    (docs / "method.md").write_text(method.partition("## What comes from elsewhere")[0])
    conf = tree / "conf/conf.py"
    conf.write_text(
        conf.read_text().replace('claims_original = "original.md"', 'claims_original = ""')
    )
    git(tree, "add", "--all")
    git(tree, "commit", "-qm", "A smaller site")


#: Records of what the releases have and this tree has no more, in a folder for each release:
#: taken from `build/releases/*/build/records` of a `make site RELEASES="0.1 0.2"`. Where they
#: don't fit, on another platform for instance, the releases' examples are executed.
RECORDS_OF_RELEASES = ROOT / "tests/releases.zip"


def clone_with_records(folder: Path, *, smaller: bool = False) -> Path:
    """The same with this tree's records, so that nothing runs that has run here, and with an
    environment for each release: links to this one, which takes a second and not minutes."""
    clone(folder)
    if smaller:
        make_smaller(folder)
    for line in listed():
        with tempfile.TemporaryDirectory() as name:
            for file in ("pyproject.toml", "constraints.txt"):
                Path(name, file).write_text(git(folder, "show", f"{line['commit']}:{file}") + "\n")
            environment = folder / "build/environments" / building.lock_of(Path(name))
        if not environment.exists():
            environment_like_this_one(environment)
            (environment / ".ready").touch()
    with zipfile.ZipFile(RECORDS_OF_RELEASES) as archive:
        for name in archive.namelist():
            version, _, file = name.partition("/")
            place = folder / "build/releases" / f"kept-{version}" / "build/records"
            place.mkdir(parents=True, exist_ok=True)
            (place / file).write_bytes(archive.read(name))
    if (ROOT / "build/records").exists():
        shutil.copytree(ROOT / "build/records", folder / "build/records")
    return folder


def clone_of(origin: Path, folder: Path) -> Path:
    """A clone that can commit."""
    subprocess.run(
        ["git", "clone", "-q", str(origin), str(folder)], check=True, capture_output=True
    )
    for name, value in (("user.name", "Test"), ("user.email", "test@example.org")):
        git(folder, "config", name, value)
    return folder


def git(tree: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=tree, check=True, capture_output=True, text=True
    ).stdout.strip()


def make(
    tree: Path, *arguments: str, python: Path | str = sys.executable
) -> subprocess.CompletedProcess[str]:
    """Run make in ``tree``, with the environment of these tests or another."""
    # Other tests run beside, so that the machine is no place for timings.
    environment = clean_environment(ALLOW_BUSY="1")
    for name in ("PYTHONPATH", "SITE_CONF"):
        environment.pop(name)
    return subprocess.run(
        ["make", *arguments, "VENV=", f"PYTHON={python}"], cwd=tree, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900, env=environment,
    )  # fmt: skip


def listed() -> list[dict[str, str]]:
    """The lines of the committed list that the tests publish: the first two, which are small, and whose
    code is not today's."""
    lines: list[dict[str, str]] = json.loads((ROOT / "conf/releases.json").read_text())[:2]
    return lines


def releases() -> list[str]:
    """Their versions."""
    return [line["version"] for line in listed()]
