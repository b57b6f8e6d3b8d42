"""The table of training times."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from site_ext.claims.hours import duration

if TYPE_CHECKING:
    from conftest import Site

PAGE = """# Hours

```{{training-hours}}
:images: measurements/resnet.images
:overhead: measurements/resnet.printed / computed - 1

one card | {rate}
```
"""
RESNET = {
    "title": "T", "how": "H", "machine": "M", "date": "2026-11-01",
    "measured": {"images": 36_000_000, "rate": 1000.0, "printed": 11, "computed": 10, "card": "A"},
}  # fmt: skip


def built(site: Site, rate: str = "measurements/resnet.rate") -> tuple[int, str]:
    site.write("docs/index.md", PAGE.format(rate=rate))
    site.write("docs/measurements/resnet.json", json.dumps(RESNET))
    site.write("docs/measurements.md", "---\norphan: true\n---\n\n# M\n\n```{recorded}\n```\n")
    done = site.build()
    return done.code, done.text


def test_a_rate_becomes_a_time(site: Site) -> None:
    """Images by the rate, and a tenth more for a whole training; the calculator knows both."""
    code, text = built(site)
    page = site.page("index")

    assert 0 == code, text
    cells = [cell.get_text().strip() for cell in page.select("tbody td")]
    assert ["one card", "1,000", "10.0 h", "11.0 h"] == [
        c.replace("\N{NO-BREAK SPACE}", " ") for c in cells
    ]
    [place] = page.select("div.hours")
    assert ("36000000", "0.1000") == (place["data-images"], place["data-overhead"])


@pytest.mark.parametrize(
    ("rate", "says"),
    [
        ("measurements/resnet.speed", "measures no 'speed'"),
        ("measurements/resnt.rate", "there is no measurement 'measurements/resnt'"),
        ("measurements/resnet.card", "is 'A', which is no number"),
        ("measurements/resnet.rate - 1000", "which is no rate"),
    ],
)
def test_what_is_no_rate_is_told(site: Site, rate: str, says: str) -> None:
    """With the line of the page."""
    code, text = built(site, rate)

    assert 0 != code
    assert says in text
    assert "index.md:3" in text


def test_units_follow_the_size() -> None:
    assert ["11 min", "3.0 h", "2.5 d", "167 d"] == [
        duration(seconds).replace("\N{NO-BREAK SPACE}", " ")
        for seconds in (660, 10_800, 216_000, 14_428_800)
    ]
