"""Stylesheets without what no page uses, and pages without what they do not need."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from docutils import nodes

from site_ext.pages import about, images, light, styles

CSS = """
/*! License of the theme */
/* a remark */
:root{--a:1}
.used,.unused{color:red}
.unused .used{color:red}
.used:not(.unused){color:blue}
#there>p{margin:0}
#gone{margin:0}
.fa-solid::before{content:"x"}
@font-face{font-family:Icons;src:url(icons.woff2)}
@media (min-width:1px){.unused{color:red}.used{color:green}}
@media print{.unused{color:red}}
@keyframes turn{from{top:0}to{top:1px}}
.w-1\\/2{width:50%}
"""


def test_rules_stay_that_a_page_or_a_script_can_use() -> None:
    """Selectors of unknown classes and ids go, alone or between commas, in media queries too."""
    words = styles.used_words(
        ['<p class="used w-1/2" id="there">'], ["x.classList.add('from-script')"]
    )
    left = styles.pruned(CSS, words)

    assert "from-script" in words
    assert ".used{color:red}" in left
    assert ".unused{" not in left
    assert ".unused .used" not in left
    assert ".used:not(.unused){color:blue}" in left
    assert "#there>p{" in left
    assert "#gone" not in left
    assert "@media (min-width:1px){.used{color:green}" in left
    assert "@media print" not in left
    assert "@keyframes turn" in left
    assert ".w-1\\/2" in left
    assert "--a:1" in left


def test_icons_as_fonts_go_and_licences_stay() -> None:
    """The theme's icons are drawn by site.css; whose the styles are is still said."""
    left = styles.pruned(CSS, {"fa-solid", "used"})

    assert "fa-solid" not in left
    assert "font-face" not in left
    assert "License of the theme" in left
    assert "a remark" not in left


def test_pruning_twice_changes_nothing() -> None:
    """What a second build finds there is as the first one left it."""
    words = {"used", "there"}
    left = styles.pruned(CSS, words)

    assert left == styles.pruned(left, words)


def test_custom_properties_stay_that_something_asks_for() -> None:
    """A rule, a page, a script, or another one that is asked for; and those that the theme offers."""
    css = """/*! License */ /* a remark */
    :root{--a:1;--b:var(--c);--c:2;--d:url(data:x;y);--e:3;--f:4;--pst-color-base:red; /* why */}
    .x{top:var(--b);--lost:5}
    @media print{:root{--lost:6}.y{--a:7}}
    .z{--lost:8}"""
    left = styles.trimmed(css, ['<p style="top: var(--e)">', "get('--f')"])

    assert left.startswith("/*! License */\n")
    assert ":root{--b:var(--c);--c:2;--e:3;--f:4;--pst-color-base:red}" in left
    assert ".x{top:var(--b)}" in left
    for gone in ("remark", "why", "--a", "--d", "--lost", "@media", ".z"):
        assert gone not in left
    assert left == styles.trimmed(left, ['<p style="top: var(--e)">', "get('--f')"])


@pytest.mark.parametrize(
    ("body", "at_once", "late"),
    [
        ("<p>no code</p>", [], ["doctools.js"]),
        ('<div class="sd-tab-set">', ["design-tabs.js"], ["doctools.js"]),
        ('<table class="sortable timings">', ["sortable.js"], ["doctools.js"]),
    ],
)
def test_a_page_gets_the_scripts_that_it_needs(
    body: str, at_once: list[str], late: list[str]
) -> None:
    """Others are not asked for; what changes nothing that is seen comes when the page was drawn."""
    names = ["doctools.js", "design-tabs.js", "vendor/sortable.js", "sg-tags.js", None]
    files = [SimpleNamespace(filename=f"_static/{name}" if name else None) for name in names]
    context = {"body": body, "script_files": files, "css_files": ["site.css"]}
    app = SimpleNamespace(builder=SimpleNamespace(name="html"))
    light.choose(app, "page", "page.html", context, None)  # type: ignore[arg-type]
    told = [name.rpartition("/")[2] for name in context["late_scripts"]]

    assert [] == context["css_files"]
    assert at_once == [file.filename.rpartition("/")[2] for file in context["script_files"]]
    assert [*late, "bootstrap.js", "pydata-sphinx-theme.js"] == told


def test_scripts_that_read_their_element_stay_where_they_are() -> None:
    """A module, and one with settings in its attributes; ``defer`` is none of them."""
    told = [
        SimpleNamespace(filename="_static/a.js", attributes={"type": "module"}),
        SimpleNamespace(filename="_static/b.js", attributes={"data-prefix": "x"}),
        SimpleNamespace(filename="_static/c.js", attributes={"defer": ""}),
    ]
    context = {"body": "", "script_files": told, "css_files": []}
    app = SimpleNamespace(builder=SimpleNamespace(name="html"))
    light.choose(app, "page", "page.html", context, None)  # type: ignore[arg-type]

    assert "_static/c.js" == context["late_scripts"][0]
    assert ["_static/a.js", "_static/b.js"] == [file.filename for file in context["script_files"]]


def test_a_description_is_the_first_whole_sentence() -> None:
    """Lines of facts and what stands in boxes are passed over; long ones are cut at a word."""
    doctree = nodes.document(None, None)  # type: ignore[arg-type]
    section = nodes.section()
    section += nodes.paragraph("", "2026", classes=["byline"])
    section += nodes.container("", nodes.paragraph("", "in a box, " * 20))
    section += nodes.paragraph("", "Use it where it fits. " * 20)
    doctree += section
    said = about.description(doctree)
    section.insert(
        0, nodes.container("", nodes.paragraph("", "The answer. " * 9), classes=["answer"])
    )

    assert about.description(doctree).startswith("The answer.")
    assert said.startswith("Use it where it fits. Use")
    assert said.endswith("…")
    assert len(said) <= about.LONGEST


def test_a_card_holds_a_long_title() -> None:
    """The picture that a link is shown with: of the size that hosts ask for, and small."""
    card = about.draw(
        "A title of many words that has to be broken into several lines " * 3, "below"
    )

    assert (1200, 630) == card.size
    assert len(card.getcolors(256) or []) <= 16


def test_pictures_get_their_dimensions_and_load_late(tmp_path) -> None:
    """Those that have a file here; others stay as they are."""
    (tmp_path / "a.svg").write_text('<svg width="72pt" height="36pt"></svg>')
    app = SimpleNamespace(srcdir=tmp_path, builder=SimpleNamespace(images={"a.svg": "x-a.svg"}))
    body = '<img alt="" src="../_images/x-a.svg" /><img src="elsewhere.png">'

    assert (
        '<img loading="lazy" decoding="async" width="96" height="48" alt="" '
        'src="../_images/x-a.svg" /><img src="elsewhere.png">'
    ) == images.measured(app, body)  # type: ignore[arg-type]
