"""Pages of siblings, links between examples, buttons and skipped packages, on small sites."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import ROOT, Site, make_site
from environments import environment_like_this_one

SCRIPT = '''"""
{title}
{line}

Words.
"""

# sphinx_gallery_tags = ["{tag}"]

import json

# %%
# Model
# -----
# A model of {title}.

print(json.dumps({{"a": 1}}))
measured = {{"accuracy": {value}, "steps": 3}}
'''


@pytest.fixture
def siblings(site: Site) -> Site:
    for theme, value in (("tensorflow", 0.5), ("pytorch", 0.25), ("keras", 0.125)):
        title = f"Train in {theme}"
        site.write(
            f"gallery/{theme}/loop.py",
            SCRIPT.format(title=title, line="=" * len(title), tag="loops", value=value),
        )
    site.write(
        "gallery/other/more.py",
        SCRIPT.format(title="Look at more", line="=" * 12, tag="loops", value=1),
    )
    (site.folder / "docs/beside.rst").write_text(
        ":orphan:\n\nBeside\n======\n\n.. side-by-side:: loop\n"
    )
    return site


def test_the_sections_stand_beside_each_other(siblings: Site) -> None:
    """Two columns with a tab for each framework, and what each measured."""
    build = siblings.build()
    page = siblings.page("beside")

    assert 0 == build.code, build.text
    assert ["Imports", "Model"] == [
        h.get_text().rstrip("#¶") for h in page.select("section section h2")
    ]
    for section in page.select("section section"):
        groups = [tab["data-sync-group"] for tab in section.select("label[data-sync-id]")]

        assert ["framework"] * 3 + ["framework-other"] * 3 == groups
    cells = [cell.get_text(strip=True) for cell in page.select("table td")]

    assert ["accuracy", "0.5", "0.25", "0.125", "steps", "3", "3", "3"] == cells


def test_a_family_of_one_is_an_error(siblings: Site) -> None:
    page = siblings.folder / "docs/beside.rst"
    page.write_text(page.read_text().replace("loop", "more"))
    build = siblings.build()

    assert 0 != build.code
    assert build.lines("'more' is in fewer than two frameworks; there are: loop")


def test_pages_lead_to_each_other(siblings: Site) -> None:
    """A page names its siblings and what shares its tags; a new sibling is added to it."""
    siblings.build()
    links = {a.get_text() for a in siblings.page("gallery/pytorch/loop").select(".see-also a")}

    assert {"Train in tensorflow", "Train in keras", "Look at more"} == links

    siblings.write(
        "gallery/other/again.py",
        SCRIPT.format(title="Look again", line="=" * 10, tag="loops", value=1),
    )
    siblings.build()
    links = {a.get_text() for a in siblings.page("gallery/pytorch/loop").select(".see-also a")}

    assert "Look again" in links


def test_buttons_need_a_repository(siblings: Site) -> None:
    """With one, a notebook opens on Colab and Binder; without one there is no button."""
    siblings.build()
    without = siblings.page("gallery/pytorch/loop")
    build = siblings.build(REPOSITORY="someone/frameworks")
    links = [a["href"] for a in siblings.page("gallery/pytorch/loop").select(".sphx-glr-footer a")]

    assert not [a for a in without.select("a") if "colab" in a["href"] or "mybinder" in a["href"]]
    assert 0 == build.code, build.text
    where = "dev/notebooks/gallery/pytorch/loop.ipynb"
    assert (
        f"https://colab.research.google.com/github/someone/frameworks/blob/gh-pages/{where}"
        in links
    )
    assert any(
        a.startswith("https://mybinder.org/v2/gh/someone/frameworks/gh-pages") for a in links
    )
    assert (siblings.folder / "build/html" / where.removeprefix("dev/")).exists()


def test_a_repository_in_another_form_is_refused(siblings: Site) -> None:
    build = siblings.build(REPOSITORY="https://example.org/x")

    assert 0 != build.code
    assert build.lines("REPOSITORY=https://example.org/x: not of the form owner/name")


def test_what_lacks_an_optional_package_is_skipped(tmp_path: Path) -> None:
    """Also where no import names it; an unknown package is a failure as before."""
    python = environment_like_this_one(tmp_path / "venv", without=("onnxscript",))
    site = make_site(tmp_path / "site", "test-empty", python)
    source = SCRIPT.format(title="Run it", line="=" * 6, tag="x", value=1)
    absent = "tensorboard_that_is_not_there"
    site.write(
        "gallery/theme/needs.py",
        source.replace(
            "# sphinx_gallery_tags",
            '# sphinx_gallery_needs = ["onnxscript"]\n# sphinx_gallery_tags',
        ),
    )
    site.write(
        "gallery/theme/unknown.py", source.replace("import json", f"import json\n\nimport {absent}")
    )
    build = site.build()
    examples = site.examples()

    assert 0 != build.code
    assert "skipped" == examples["theme/needs"]["status"]
    assert "onnxscript is not installed" == examples["theme/needs"]["reason"]
    assert (
        "pip install onnxscript"
        == site.page("gallery/theme/needs").select(".provenance dd code")[0].get_text()
    )
    assert "failed" == examples["theme/unknown"]["status"]


def test_needs_must_be_names(site: Site) -> None:
    source = SCRIPT.format(title="Run it", line="=" * 6, tag="x", value=1)
    site.write("gallery/theme/bad.py", source.replace('["x"]', '"x"'))
    build = site.build()

    assert 0 != build.code
    assert build.lines("sphinx_gallery_tags = 'x' is not a list of names")


def test_names_in_code_link_to_their_library(html) -> None:
    """The pages of the real site: one name of each library."""
    wanted = {
        "gallery/keras/own_loop.html": ("https://keras.io/api/", "https://docs.jax.dev/"),
        "gallery/pytorch/own_loop.html": (
            "https://docs.pytorch.org/docs/",
            "https://numpy.org/doc/",
        ),
        "gallery/tensorflow/own_loop.html": ("https://www.tensorflow.org/api_docs/python/tf/",),
        "gallery/porting/loss_shapes.html": ("https://matplotlib.org/stable/",),
    }
    for page, addresses in wanted.items():
        text = (ROOT / "build/html" / page).read_text()
        for address in addresses:
            assert f'href="{address}' in text, (page, address)
