"""Draw the README's picture from the record of gallery/article/as_published.py.

    python -m commands.readme_picture

The README is read where no build runs, so its picture is committed; a test compares it
with the record and fails when they part.
"""

import re
import sys
from pathlib import Path

from site_ext.base.errors import SiteError
from site_ext.claims import charts
from site_ext.run import records

ROOT = Path(__file__).resolve().parents[2]

BARS = [
    ("TensorFlow sample, as published", "tensorflow_published", "tensorflow"),
    ("Keras sample, as published", "keras_published", "keras"),
    ("PyTorch sample, as published", "torch_published", "pytorch"),
    ("PyTorch, softmax once instead of twice", "torch_no_softmax", "pytorch"),
    ("PyTorch, and minibatches as in the others", "torch_repaired", "pytorch"),
]
STYLE = """
svg { background: #fff; }
text { font: 14px sans-serif; fill: #222; }
.bars-value { text-anchor: end; font-weight: bold; }
.bars-track { fill: #eee; }
"""


def main() -> None:
    record = records.read(ROOT / "build/records", "article/as_published")
    if record is None:
        sys.exit("build/records has no article/as_published yet; run `make html` first")
    values = record.measured
    bars = [
        charts.Bar(label, values[key], f"{values[key]:.1%}", color) for label, key, color in BARS
    ]
    svg = charts.draw(bars, 1.0, "Accuracy on test digits")
    palette = (ROOT / "docs/_static/palette.css").read_text(encoding="utf-8")
    for name, color in re.findall(r"--color-(\w+): (#\w+);", palette)[: len(charts.COLORS)]:
        svg = svg.replace(f"var(--color-{name})", color)
    svg = svg.replace(
        "<svg ", f'<svg xmlns="http://www.w3.org/2000/svg" width="{charts.WIDTH}" ', 1
    )
    svg = svg.replace("<title>", f"<style>{STYLE}</style><title>", 1)
    (ROOT / "docs/_static/readme.svg").write_text(svg + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except SiteError as error:
        sys.exit(str(error))
