"""Siblings: one subject in three frameworks, alike but for the framework."""

from __future__ import annotations

import re

import pytest

from conftest import ROOT
from found import FOUND
from site_ext.gallery import related, side_by_side
from site_ext.run import records, scripts

FAMILIES = {
    name: found
    for name in sorted({related.family(e.name) for e in FOUND})
    if len(found := related.members(name, FOUND)) > 1
}
#: The families that start from the same weights, and the value by which each is judged.
ENDS = {
    "own_loop": "accuracy",
    "convolution": "accuracy",
    "transformer": "symbols_right",
    "transfer": "new_frozen",
}
#: The seed's line, and the comment that explains it, are the framework's own.
SEEDING = re.compile(
    r"^.*(manual_seed|set_random_seed|set_seed|random\.seed|getLogger).*\n", re.MULTILINE
)


def headings(example: scripts.Example) -> list[str]:
    return re.findall(r"^# (.+)\n# -{3,}$", example.source, re.MULTILINE)


def cell(example: scripts.Example, heading: str) -> str:
    """The code of the section, without comments and the line that seeds."""
    parts = [
        code
        for title, cells in side_by_side.sections(example)
        if title == heading
        for _, code in cells
    ]
    lines = [re.sub(r"\s+#.*", "", line) for line in "\n".join(parts).splitlines()]
    return SEEDING.sub("", "\n".join(line for line in lines if line) + "\n")


def measured(example: scripts.Example) -> set[str]:
    block = re.search(r"^measured = \{\n(.*?)^\}", example.source, re.MULTILINE | re.DOTALL)
    return set(re.findall(r'^    "(\w+)":', block[1] if block else "", re.MULTILINE))


def test_the_subjects_are_there() -> None:
    """The same thing, three ways: every subject in TensorFlow, PyTorch and Keras, four of them in
    JAX too."""
    wanted = {
        "own_loop", "own_parts", "convolution", "recurrent", "transformer", "transfer",
        "checkpoints", "serve", "data_parallel",
    }  # fmt: skip

    assert wanted <= set(FAMILIES)
    for name in wanted:
        assert ["tensorflow", "pytorch", "keras"] == list(FAMILIES[name])[:3], name
    for name in ("train_mlp", "own_loop", "convolution", "transformer"):
        assert "jax" in FAMILIES[name], name


@pytest.mark.parametrize("name", [name for name in FAMILIES if name != "train_mlp"])
def test_siblings_are_alike(name: str) -> None:
    """The same headings in the same order, the same constants, the same values measured, the
    same tags and the same number of pictures."""
    first, *others = FAMILIES[name].values()
    for other in others:
        assert headings(first) == headings(other), other.name
        assert cell(first, "Constants") == cell(other, "Constants"), other.name
        assert measured(first) == measured(other), other.name
        assert first.source.count("plt.show()") == other.source.count("plt.show()")
        if name != "serve":  # what it serves, each in its own form
            assert first.tags == other.tags


@pytest.mark.parametrize(
    "name",
    ["own_loop", "own_parts", "convolution", "recurrent", "transformer", "transfer", "checkpoints"],
)
def test_siblings_see_the_same_data(name: str) -> None:
    first, *others = FAMILIES[name].values()
    for other in others:
        assert cell(first, "Data") == cell(other, "Data"), other.name


@pytest.mark.parametrize("name", ENDS)
def test_siblings_end_alike(name: str) -> None:
    """What they measured is the same, within the tolerance that all of them state."""
    ends = []
    for example in FAMILIES[name].values():
        record = records.read(ROOT / "build/records", example.name)
        assert record is not None, example.name
        ends.append((example, record.measured))
    stated = {
        key: min(example.tolerance(key) for example, _ in ends)
        for key in set.intersection(*(set(measured) for _, measured in ends))
    }

    assert stated[ENDS[name]]
    for key, tolerance in stated.items():
        if tolerance:
            found = [measured[key] for _, measured in ends]
            assert max(found) - min(found) <= tolerance, (key, found)


def test_every_family_has_a_page_beside() -> None:
    """docs/side_by_side has a page for each family, and the index lists it."""
    pages = {path.stem for path in (ROOT / "docs/side_by_side").glob("*.rst")}
    index = (ROOT / "docs/side_by_side/index.md").read_text()

    assert set(FAMILIES) == pages
    for name in pages:
        assert f"\n{name}\n" in index
