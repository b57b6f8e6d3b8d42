"""How examples share time and machine: budgets, shares of the cores, limits, busy machines."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from conftest import Site
from site_ext.base import machine

SLEEPS = "import time\ntime.sleep({seconds})\nmeasured = {{'slept': {seconds}}}\n"
THREADS = """\
import json, os
names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "PJRT_NPROC", "OPENBLAS_NUM_THREADS")
print("threads", json.dumps([os.environ.get(name) for name in names]))
"""


def test_a_budget_is_spent_on_what_is_quoted_most(site: Site) -> None:
    """What it did not reach is told as not run, with the reason, and the build is green."""
    for name in ("a", "b", "c"):
        site.example(f"one/{name}", SLEEPS.format(seconds=1.5))
    index = site.folder / "docs/index.md"
    index.write_text(
        "# Start\n\n{measured}`one/c.slept:.1f s`, {measured}`one/c.slept:.1f`, "
        "{measured}`one/b.slept:.1f`\n\n" + index.read_text()
    )
    build = site.build(BUDGET="1")

    assert 0 == build.code, build.text
    told = {name: (one["status"], one["reason"]) for name, one in site.examples().items()}
    late = ("skipped", "not run: BUDGET=1 s were over before its turn")
    assert {"one/a": late, "one/b": late, "one/c": ("passed", "new")} == told
    assert "not run in this build: not run: BUDGET=1" in site.page("gallery/one/b").text
    assert "not measured in this build" in site.page("index").text
    assert 0 == site.build(BUDGET="60").code
    assert {"passed"} == {one["status"] for one in site.examples().values()}


def test_what_was_recorded_earlier_is_shown_with_the_reason(site: Site) -> None:
    site.example("one/a", SLEEPS.format(seconds=0.1))
    site.example("one/b", SLEEPS.format(seconds=1.5))
    site.build()
    site.change("gallery/one/a.py", "0.1", "0.2")
    site.change("gallery/one/b.py", "1.5", "1.6")
    index = site.folder / "docs/index.md"
    index.write_text(index.read_text() + "\nSee one/b.\n")
    build = site.build(BUDGET="1")

    assert 0 == build.code, build.text
    told = site.examples()["one/a"]
    expected = "script changed; not run: BUDGET=1 s were over before its turn"
    assert ("recorded", expected) == (told["status"], told["reason"])


def test_side_by_side_each_has_its_share(site: Site) -> None:
    """By the frameworks' own settings, which the record tells; alone it has the machine, as
    with ``python script.py``."""
    site.example("one/a", THREADS)
    site.example("one/b", THREADS)
    site.example("one/timed", "# sphinx_gallery_timed = True\n" + THREADS)
    build = site.build(JOBS="2", **dict.fromkeys(["OMP_NUM_THREADS", "PJRT_NPROC"], ""))
    share = max(1, machine.usable_cores() // 2)

    assert 0 == build.code, build.text
    beside, alone = site.record("one/a"), site.record("one/timed")
    assert f"threads {json.dumps([str(share)] * 4)}" in beside["outputs"][-1]["text"]
    assert 'threads ["", null, "", null]' in alone["outputs"][-1]["text"]
    assert (share, machine.usable_cores()) == tuple(
        one["machine"]["during"]["cores"] for one in (beside, alone)
    )
    assert [False, True] == [one["exclusive"] for one in (beside, alone)]
    line = f"no: other examples ran beside it, and it was to use {share} of the cores"
    assert line in site.page("gallery/one/a").text
    assert (
        beside["key"] == json.loads((site.folder / "build/records/one.a.json").read_text())["key"]
    )
    assert "up to date" in site.build().lines("one/a")[0]


def test_a_time_limit_can_be_stretched(site: Site) -> None:
    """From outside, for a machine that is slower; it runs no example again by itself."""
    site.example("one/slow", "# sphinx_gallery_time_limit = 1\n" + SLEEPS.format(seconds=2))
    assert 0 != site.build().code
    assert "time limit" == site.record("one/slow")["failure"]["kind"]
    build = site.build(TIME_LIMIT_FACTOR="4")

    assert 0 == build.code, build.text
    assert "up to date" in site.build().lines("one/slow")[0]


@pytest.mark.parametrize(
    "settings",
    [{"BUDGET": "soon"}, {"BUDGET": "-1"}, {"TIME_LIMIT_FACTOR": "0"}, {"TIME_LIMIT_FACTOR": "x"}],
)
def test_a_number_that_is_none_is_one_line(site: Site, settings: dict[str, str]) -> None:
    site.example("one/a", "print(1)")
    build = site.build(**settings)
    [(name, value)] = settings.items()

    assert 0 != build.code
    assert [line for line in build.lines(f"{name}={value}: give a number above 0")], build.text


def disturb(site: Site, name: str, **more: Any) -> None:
    """Have a record say that the machine was busy."""
    path = site.folder / f"build/records/{name.replace('/', '.')}.json"
    record = json.loads(path.read_text())
    record["machine"]["during"] |= more
    path.write_text(json.dumps(record))


CHART = """
```{bars} Seconds
:format: .1f s

Disturbed | one/a.train_seconds | keras
At rest   | one/b.train_seconds | pytorch
Its steps | one/a.steps         | keras
```

{measured}`one/a.train_seconds:.1f s`

```{timings}
```
"""


def test_a_time_taken_on_a_busy_machine_is_no_timing(site: Site) -> None:
    """Its card says so, the chart leaves it out, the table names it, the data too."""
    for name in ("a", "b"):
        site.example(f"one/{name}", "measured = {'train_seconds': 7.5, 'steps': 3}\n")
    index = site.folder / "docs/index.md"
    index.write_text(index.read_text() + CHART)
    assert 0 == site.build().code
    rest = {"others": 0.0, "stolen": 0.0, "throttled": 0.0}
    disturb(site, "one/b", **rest)
    disturb(site, "one/a", **(rest | {"others": 0.8, "idle": 0.1}))
    build = site.build()

    assert 0 == build.code, build.text
    card = site.page("gallery/one/a").text
    assert "no example ran beside it, but other work took 0.8 of its cores" in card
    page = site.page("index")
    chart = page.find("svg", class_="bars")["aria-label"]
    assert "Disturbed: left out: the machine was busy" in chart
    assert "At rest: 7.5 s; Its steps: 3.0 s" in chart.replace("\N{NO-BREAK SPACE}", " ")
    assert "while other work took 0.8 of its cores" in str(page)
    rows = {row.td.text: row.find_all("td")[-1].text for row in page.select("table tr") if row.td}
    assert {"one/a": "busy", "one/b": "yes"} == rows
    told = site.examples()
    assert "other work took 0.8 of its cores" == told["one/a"]["disturbed"]
    assert told["one/b"]["disturbed"] is None


def test_a_busy_machine_is_noticed(site: Site) -> None:
    """A process of somebody else that computes on each core meanwhile."""
    import subprocess
    import sys

    site.example(
        "one/a", "import time\nend = time.time() + 4\nwhile time.time() < end:\n    pass\n"
    )
    cores = os.cpu_count() or 1
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores)]
    try:
        build = site.build()
    finally:
        for one in others:
            one.kill()
            one.wait()

    assert 0 == build.code, build.text
    assert "of its cores" in (site.examples()["one/a"]["disturbed"] or "")
