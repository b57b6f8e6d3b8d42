"""One set of pages, whatever is built from it, and however many processes build it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from conftest import ROOT, Site, claims_site, clean_environment, make_site

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = '''"""
Train in {theme}
========={line}
"""

# sphinx_gallery_tags = ["loops"]

# %%
# Model
# -----
# A model.

import matplotlib.pyplot as plt

plt.plot([1, 2])
measured = {{"accuracy": {value}}}
'''
PAGE = """---
date: 2025-12-08
categories: [a]
level: intermediate
article: true
---

# Everything

```{byline}
```

```{bars} PyTorch is ahead
:format: .0%

PyTorch    | pytorch/loop.accuracy    | pytorch
TensorFlow | tensorflow/loop.accuracy | tensorflow
```

```{timings}
```

It reaches {measured}`pytorch/loop.accuracy:.0%`.
"""
#: What each page must be in the end, by builder: where a page stands.
BUILDERS = {
    "html": "{}.html", "dirhtml": "{}/index.html", "epub": "{}.xhtml", "text": "{}.txt",
    "latex": "*.tex",
}  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with every directive and role, on a page of its own and on a nested one."""
    site = claims_site(tmp_path_factory.mktemp("builders") / "site")
    for theme, value in (("tensorflow", 0.5), ("pytorch", 0.75)):
        script = SCRIPT.format(theme=theme, line="=" * len(theme), value=value)
        site.write(f"gallery/{theme}/loop.py", script)
    site.write("docs/deep/everything.md", PAGE)
    site.write("docs/deep/beside.rst", "Beside\n======\n\n.. side-by-side:: loop\n")
    index = site.folder / "docs/index.md"
    index.write_text(
        index.read_text().replace("\nledger\n", "\nledger\ndeep/everything\ndeep/beside\n")
    )
    assert 0 == (build := site.build()).code, build.text
    return site


@pytest.mark.parametrize("builder", BUILDERS)
def test_every_builder_writes_the_pages(whole: Site, builder: str) -> None:
    """Without a warning; a claim's words, what is true now, and a chart's values are there."""
    build = whole.build(builder)
    folder = whole.folder / "build" / builder
    text = "".join(
        path.read_text(encoding="utf-8")
        for page in ("alpha", "ledger", "deep/everything")
        for path in folder.glob(BUILDERS[builder].format(page))
    )
    words = re.sub(r"[\s~]+|\\\\,", " ", re.sub(r"<[^>]+>", "", text))

    assert 0 == build.code, build.text
    assert "It is fast" in words
    assert "It takes" in words
    assert "3.5" in words
    assert "75" in words
    assert re.search(r"PyTorch: 75\\?%", words if builder != "html" else text), words[:2000]


def test_addresses_in_the_data_are_those_of_the_builder(whole: Site) -> None:
    """What claims.json and examples.json call a page is there, with its place; a version's page
    names its own file at the root."""
    assert 0 == (build := whole.build("dirhtml", SITE_VERSION="0.1")).code, build.text
    folder = whole.folder / "build/dirhtml"
    claims = json.loads((folder / "data/claims.json").read_text())
    examples = json.loads((folder / "data/examples.json").read_text())
    pages = json.loads((folder / "data/release.json").read_text())["pages"]
    text = (folder / "deep/everything/index.html").read_text()

    assert 'href="../../../stable/deep/everything/index.html"' in text
    for entry in [*claims, *examples]:
        address, _, place = entry["page"].partition("#")
        text = (folder / address / "index.html").read_text()

        assert f"{address}index.html" in pages
        assert not place or f'id="{place}"' in text


def pages(site: Site) -> dict[str, str]:
    """Every page and every file of data, by name, less the moment of the build."""
    folder = site.folder / "build/html"
    found = [*folder.rglob("*.html"), *folder.glob("data/*.json")]
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in found}


def test_two_processes_write_what_one_does(whole: Site, tmp_path: Path) -> None:
    """`-j 2` reads and writes the same pages and the same data as `-j 1`."""
    told = {}
    for jobs in ("1", "2"):
        copy = tmp_path / jobs / "site"
        shutil.copytree(whole.folder, copy, ignore=shutil.ignore_patterns("html", "doctrees"))
        site = Site(copy)
        build = site.build("html", "-j", jobs)
        assert 0 == build.code, build.text
        told[jobs] = pages(site)

    assert "data/claims.json" in told["1"]
    assert told["1"] == told["2"]


def test_sphinx_gallery_is_left_as_it_was(tmp_path: Path) -> None:
    """Whatever ends the making of pages, its own functions are back."""
    from sphinx_gallery import gen_gallery, gen_rst, py_source_parser

    from site_ext.gallery import seam

    def its_own() -> list[object]:
        return [
            gen_rst.execute_script, py_source_parser.split_code_and_text_blocks,
            gen_gallery._import_matplotlib,
        ]  # fmt: skip

    before = its_own()
    with pytest.raises(KeyboardInterrupt), seam.answered([]):
        assert not set(before) & set(its_own())
        raise KeyboardInterrupt

    assert before == its_own()


def test_builders_do_not_hide_changes_from_each_other(tmp_path: Path) -> None:
    """`make html`, a changed fact, `make linkcheck`, `make html`: the pages have the new fact."""
    from published import make

    site = make_site(tmp_path / "site", "test-claims")
    shutil.copy(ROOT / "Makefile", site.folder)
    for package in ("site_ext", "commands"):
        (site.folder / "conf" / package).symlink_to(ROOT / "conf" / package)
    conf = site.folder / "conf/conf.py"
    conf.write_text(
        f"import os\nos.environ['SITE_CONF'] = {str(ROOT / 'conf/conf.py')!r}\n" + conf.read_text()
        + "\nclaims_original = 'original.md'\nlinkcheck_ignore = ['.*']\n"
    )  # fmt: skip
    first = make(site.folder, "html")
    sources = site.folder / "docs/sources.toml"
    sources.write_text(sources.read_text().replace("Alpha was released", "Alpha came out"))
    check, second = make(site.folder, "linkcheck"), make(site.folder, "html")

    assert [0, 0, 0] == [done.returncode for done in (first, check, second)], second.stdout
    assert "Alpha came out in 2015" in site.page("alpha").get_text()


def test_latex_first_of_all(tmp_path: Path) -> None:
    """No builder needs that another has read the pages before it."""
    site = claims_site(tmp_path / "site")
    build = site.build("latex")

    assert 0 == build.code, build.text
    assert list((site.folder / "build/latex").glob("*.tex"))


FAILING = """
def setup(app):
    from sphinx.util.logging import getLogger

    def long(app, *page):
        getLogger("x").info("%s", 200_000 * "x")

    def broken(app, doctree, docname):
        if docname == "page-29":
            raise ValueError("this page can't be resolved")

    app.connect("html-page-context", long)
    app.connect("doctree-resolved", broken)
"""


def test_a_page_that_fails_ends_a_build_by_two(site: Site) -> None:
    """While another process still tells of its own pages: the error is said, nobody is waited for."""
    conf = site.folder / "conf/conf.py"
    conf.write_text(conf.read_text() + FAILING)
    for number in range(10, 30):
        site.write(f"docs/page-{number}.md", "---\norphan: true\n---\n\n# A page\n")
    done = subprocess.run(
        site.command("html", "-j", "2"), cwd=site.folder, env=clean_environment(), timeout=60, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip

    assert 0 != done.returncode
    assert "this page can't be resolved" in done.stdout
