"""A gallery that knows nothing of this site: as Sphinx-Gallery alone makes it, run by us."""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

from conftest import ROOT, WARM, Build, clean_environment

if TYPE_CHECKING:
    from pathlib import Path


class Foreign:
    """A copy of tests/roots/test-foreign, built with Sphinx's own command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "tests/roots/test-foreign", folder)

    def build(self, *options: str, runner: bool = True, **settings: str) -> Build:
        more = {"WITH_RUNNER": "1"} if runner else {}
        arguments = ["-q", "-b", "html", *options, ".", "_build"]
        environment = clean_environment(**more, **settings)
        return Build(*WARM.build(arguments, self.folder / "doc", environment, timeout=300))

    def page(self, name: str) -> BeautifulSoup:
        path = self.folder / "doc/_build" / f"{name}.html"
        return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


PAGES = (
    "auto_examples/plot_figures", "auto_examples/plot_animation", "auto_examples/plot_reprs",
    "auto_examples/plot_arguments", "auto_examples/plot_picture", "auto_examples/plot_fails",
    "auto_examples/shown_only", "auto_examples/other", "auto_examples/deeper/plot_deeper",
    "auto_tutorials/plot_figures",
)  # fmt: skip


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Foreign:
    made = Foreign(tmp_path_factory.mktemp("alone") / "project")
    assert 0 == (build := made.build(runner=False)).code, build.text
    return made


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Foreign:
    made = Foreign(tmp_path_factory.mktemp("ours") / "project")
    assert 0 == (build := made.build()).code, build.text
    return made


def facts(page: BeautifulSoup) -> dict[str, object]:
    """What a reader finds on a page of the gallery."""
    images = page.select("img.sphx-glr-single-img, img.sphx-glr-multi-img")
    links = page.select("a[class*=sphx-glr-backref]")
    return {
        "images": Counter((image["alt"], *sorted(image["class"])) for image in images),
        "resolutions": [len(image.get("srcset", "").split(",")) for image in images],
        "outputs": [box.get_text().strip() for box in page.select(".sphx-glr-script-out")],
        "looks": [box.get_text().strip() for box in page.select(".output_html")],
        "animations": len(page.select(".sphx-glr-animation")),
        "links": Counter((link.get_text(), link.get("title")) for link in links),
        "code": [box.get_text() for box in page.select(".highlight-Python")],
    }


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_as_sphinx_gallery_makes_it(alone: Foreign, ours: Foreign, name: str) -> None:
    """Figures, what stands for them, outputs, looks of expressions, animations, links, code."""
    expected, found = facts(alone.page(name)), facts(ours.page(name))
    if name.endswith("plot_fails"):  # a traceback names the script from the project's folder
        assert "as it should" in expected["outputs"].pop()
        assert "as it should" in found["outputs"].pop()

    assert expected == found


def test_the_pages_are_not_empty(ours: Foreign) -> None:
    """What the comparison above compares is there at all."""
    figures = facts(ours.page("auto_examples/plot_figures"))

    assert {"Both, Left one, Right one", "plot figures", "Waiting"} == {
        a for a, *_ in figures["images"]
    }
    assert [2, 2, 2] == figures["resolutions"]
    assert 1 == facts(ours.page("auto_examples/plot_animation"))["animations"]
    assert ["a thing"] == facts(ours.page("auto_examples/plot_reprs"))["looks"]
    assert ["42", "printed"] == facts(ours.page("auto_examples/plot_reprs"))["outputs"]
    [told] = facts(ours.page("auto_examples/plot_arguments"))["outputs"]
    assert "['--quick'] reset for plot_arguments.py" == told
    assert facts(ours.page("auto_examples/plot_picture"))["images"]
    assert facts(ours.page("auto_examples/plot_reprs"))["links"]


def test_the_same_files_are_left(alone: Foreign, ours: Foreign) -> None:
    """Downloads, notebooks, thumbnails and indexes, and the list of examples that use a name."""

    def made(one: Foreign) -> set[str]:
        kinds = (".rst", ".py", ".ipynb", ".zip", ".png", ".gif", ".examples", ".cpp")
        found = (path for path in one.folder.rglob("*") if path.suffix in kinds)
        return {str(path.relative_to(one.folder)) for path in found if "/_build" not in str(path)}

    assert made(alone) == made(ours)


def test_a_page_says_how_it_was_made(ours: Foreign) -> None:
    """What ran says when and how long; what failed says so at its top, with the cause."""
    passed = ours.page("auto_examples/deeper/plot_deeper").select_one(".provenance").get_text()
    failed = ours.page("auto_examples/plot_fails").select_one(".example-status").get_text()

    assert "Wall time" in passed
    assert "python examples/deeper/plot_deeper.py" in passed
    assert "as it is expected to, in cell 2: ValueError: as it should." in failed


def test_nothing_changed_runs_nothing(ours: Foreign) -> None:
    """Not even what fails as it is expected to."""
    build = ours.build()

    assert 0 == build.code, build.text
    assert 8 == len(build.lines(": up to date"))
    assert [] == build.lines("[1/")


@pytest.fixture
def project(tmp_path: Path) -> Foreign:
    made = Foreign(tmp_path / "project")
    for path in [*made.folder.glob("examples/plot_*"), *made.folder.glob("examples/deeper/*.py")]:
        if path.name not in ("plot_arguments.py", "plot_deeper.py"):
            path.unlink()
    return made


PLAIN = "'image_scrapers': ('matplotlib',), 'image_srcset': [], 'matplotlib_animations': False, 'expected_failing_examples': []"


def test_a_failure_fails_the_build(project: Foreign) -> None:
    """With the script's name and the cause; the cause stands on its page too."""
    script = project.folder / "examples/plot_arguments.py"
    script.write_text(script.read_text() + "\nimport os\nos._exit(3)\n")
    build = project.build(MORE=f"{{{PLAIN}}}")
    warned = project.build(MORE=f"{{{PLAIN}, 'only_warn_on_example_error': True}}")
    page = project.page("auto_examples/plot_arguments")

    assert 1 == build.code, build.text
    assert "examples/plot_arguments.py (cell 1 of 1): left through os._exit(3)" in build.text
    assert "os._exit(3)" in page.select_one(".example-status").get_text()
    assert "os._exit(3)" in page.select_one(".sphx-glr-script-out").get_text()
    assert 0 == warned.code, warned.text
    assert "WARNING: 1 of 3 examples failed" in warned.text


def test_one_that_passes_against_expectation_fails_the_build(project: Foreign) -> None:
    """As Sphinx-Gallery has it."""
    build = project.build(MORE="{'expected_failing_examples': ['../examples/plot_arguments.py']}")

    assert 1 == build.code
    assert "expected to fail, but passed: examples/plot_arguments.py" in build.text


def test_abort_ends_with_the_first_failure(project: Foreign) -> None:
    """What comes after it does not run."""
    script = project.folder / "examples/deeper/plot_deeper.py"
    script.write_text(script.read_text() + "\n1 / 0\n")
    build = project.build("-D", "abort_on_example_error=1", MORE=f"{{{PLAIN}}}")

    assert 0 != build.code
    assert "abort_on_example_error makes this the end" in build.text
    assert [] == build.lines("plot_arguments")


def test_plot_gallery_off_executes_nothing(project: Foreign) -> None:
    """The code is shown, as not run; the pages are there."""
    build = project.build("-D", "plot_gallery=0", MORE=f"{{{PLAIN}}}")
    page = project.page("auto_examples/plot_arguments")

    assert 0 == build.code, build.text
    assert "was not run in this build" in page.select_one(".example-status").get_text()


def test_run_stale_examples_runs_all(project: Foreign) -> None:
    """Although nothing changed."""
    assert 0 == (build := project.build(MORE=f"{{{PLAIN}}}")).code, build.text
    build = project.build(MORE=f"{{{PLAIN}, 'run_stale_examples': True}}")

    assert 3 == len(build.lines("run_stale_examples asks for it; passed"))


def test_what_cannot_be_honoured_is_refused_by_name(project: Foreign) -> None:
    """A function that only conf.py has can't be had in another process."""
    build = project.build(MORE="{'image_scrapers': (lambda *_: '',)}")

    assert 0 != build.code
    assert "sphinx_gallery_conf['image_scrapers'] has <function <lambda>" in build.text
    assert "give its name" in build.text


def test_a_changed_setting_runs_what_it_concerns(project: Foreign) -> None:
    """Of the examples, those whose outputs it decides."""
    assert 0 == (build := project.build(MORE=f"{{{PLAIN}}}")).code, build.text
    build = project.build(MORE=f"{{{PLAIN}, 'capture_repr': ()}}")

    assert ["deeper/plot_deeper: up to date"] == [
        line.removeprefix("auto_examples/") for line in build.lines("up to date")
    ]
    assert 2 == len(build.lines("settings changed; passed"))


def test_code_that_is_not_installed_but_lies_there_counts(project: Foreign) -> None:
    """A module that conf.py has imported from a folder: its text is an input."""
    more = f"{{{PLAIN}, 'reset_modules': ()}}"
    assert 0 == (build := project.build(MORE=more)).code, build.text
    module = project.folder / "package/helping.py"
    module.write_text(module.read_text().replace("as imported", "made new"))
    build = project.build(MORE=more)

    [line] = build.lines("; passed")
    assert "auto_examples/plot_arguments: ../package/helping.py changed" in line
    assert "made new" in project.page("auto_examples/plot_arguments").get_text()


def test_folders_of_hand_written_pages_stay(tmp_path: Path) -> None:
    """With the gallery's pages beside them, in the documentation's own folder."""
    project = Foreign(tmp_path / "project")
    more = f"{{{PLAIN}, 'examples_dirs': '../tutorials', 'gallery_dirs': '.', 'download_all_examples': False}}"
    guide = project.folder / "doc/guide/index.rst"
    guide.parent.mkdir()
    guide.write_text("Guide\n=====\n\n:ref:`sphx_glr_plot_figures.py`\n")
    for _ in range(2):
        build = project.build(MORE=more)
        assert 0 == build.code, build.text
    for path in (project.folder / "tutorials").glob("*.py"):
        path.unlink()
    project.build(MORE=more)

    assert guide.exists()
    assert not (project.folder / "doc/plot_figures.rst").exists()


def test_an_object_of_the_settings_changes_nothing_from_build_to_build(project: Foreign) -> None:
    """Although it spells itself with its address."""
    more = f"{{{PLAIN}, 'image_scrapers': (__import__('helping').scraper,)}}"
    assert 0 == (first := project.build(MORE=more)).code, first.text
    build = project.build(MORE=more)

    assert 3 == len(build.lines("up to date")), build.text


DYING = """
def setup(app):
    from sphinx_gallery import gen_rst
    def die(own):
        def dying(*arguments, **more):
            result = own(*arguments, **more)
            os.kill(os.getpid(), {signal})
            return result
        return dying
    name = os.environ.get("DIE_IN")
    if name:
        setattr(gen_rst, name, die(getattr(gen_rst, name)))
"""


@pytest.mark.parametrize(
    ("moment", "how"),
    [
        ("save_rst_example", signal.SIGINT),
        ("save_thumbnail", signal.SIGKILL),
        ("zip_files", signal.SIGKILL),
    ],
)
def test_a_page_is_made_again_when_its_making_was_cut_off(
    project: Foreign, moment: str, how: signal.Signals
) -> None:
    """Whatever of it was there already: the next build is green, and the page whole."""
    conf = project.folder / "doc/conf.py"
    conf.write_text(conf.read_text() + DYING.format(signal=int(how)))
    cut = project.build(MORE=f"{{{PLAIN}}}", DIE_IN=moment)
    build = project.build("-W", "--keep-going", MORE=f"{{{PLAIN}}}")
    pages = project.folder / "doc/auto_examples"

    assert 0 != cut.code, cut.text
    assert 0 == build.code, build.text
    assert (pages / "images/thumb/sphx_glr_plot_arguments_thumb.png").exists()
    assert "--quick" in project.page("auto_examples/plot_arguments").get_text()
    assert os.path.getsize(pages / "plot_arguments.ipynb") > 100
