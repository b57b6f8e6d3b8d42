"""How examples share time and machine: budgets, shares of the cores, limits, busy machines."""

from __future__ import annotations

import json
import os
from types import SimpleNamespace
from typing import Any

import pytest

from conftest import ROOT, Site
from site_ext.base import machine
from site_ext.gallery import build
from site_ext.run import execute

LATE = "not run: BUDGET=1 s were over before its turn"
SLEEPS = "import time\ntime.sleep({seconds})\nmeasured = {{'slept': {seconds}}}\n"
THREADS = """\
import json, os
names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "PJRT_NPROC", "OPENBLAS_NUM_THREADS")
print("threads", json.dumps([os.environ.get(name) for name in names]))
"""


def test_a_budget_is_spent_on_what_is_quoted_most(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it is over nothing is begun any more, timed or not."""
    monkeypatch.setenv("SITE_CONF", str(ROOT / "conf/conf.py"))
    monkeypatch.setenv("BUDGET", "1")
    monkeypatch.setattr(execute, "began", lambda: 0.0)
    # The time before each example; the real one is another on a busy machine.
    clock = iter((0.2, 0.9, 1.1, 1.2))
    monkeypatch.setattr(execute, "time", SimpleNamespace(time=lambda: next(clock)))
    for name in ("a", "c", "d"):
        site.example(f"one/{name}", SLEEPS.format(seconds=0.1))
    site.example("one/b", "# sphinx_gallery_timed = True\n" + SLEEPS.format(seconds=0.1))
    index = site.folder / "docs/index.md"
    index.write_text(index.read_text() + "\none/b one/b one/b, one/c one/c, and one/d\n")
    entries = build.execute_and_tell(build.options_in(site.folder), strict=False)
    told = {entry.example.name: (entry.status, entry.reason) for entry in entries}
    late = ("skipped", LATE)

    new = ("passed", "new")
    assert {"one/a": late, "one/b": new, "one/c": new, "one/d": late} == told


def test_side_by_side_what_takes_longest_is_begun_first() -> None:
    """What is timed before all; of what never ran, what imports most, since importing is what
    takes the time: a long one begun last would run alone at the end."""

    def entry(name: str, frameworks: int, seconds: float = 0, *, timed: bool = False) -> Any:
        example = SimpleNamespace(name=name, timed=timed, frameworks=["x"] * frameworks)
        return SimpleNamespace(
            example=example, record=SimpleNamespace(wall_seconds=seconds) if seconds else None
        )

    due = [entry("none", 0), entry("one", 1), entry("ran", 1, 12), entry("three", 3)]
    due.append(entry("timed", 1, timed=True))
    options: Any = SimpleNamespace(budget="", jobs=2, cluster="", quoted={})
    names = [one.example.name for one in execute.ordered(due, options)]

    assert ["timed", "three", "ran", "one", "none"] == names


def test_what_a_budget_did_not_reach_is_told(site: Site) -> None:
    """As recorded earlier or as not run, with the reason; and the build is green."""
    site.example("one/a", SLEEPS.format(seconds=0.1))
    site.example("one/fails", "raise ValueError('boom')")
    assert 0 != site.build(PATTERN="fails|one/a").code
    site.example("one/b", SLEEPS.format(seconds=0.1))
    site.change("gallery/one/a.py", "0.1", "0.2")
    index = site.folder / "docs/index.md"
    index.write_text(index.read_text() + "\n{measured}`one/b.slept:.1f s`\n")
    built = site.build(BUDGET="0.001")
    late = LATE.replace("=1", "=0.001")

    assert 0 == built.code, built.text
    assert [f"one/b: {late}"] == built.lines("one/b: not run")
    assert {
        "one/a": ("recorded", f"script changed; {late}"),
        "one/b": ("skipped", late),
        "one/fails": ("skipped", late),
    } == {name: (one["status"], one["reason"]) for name, one in site.examples().items()}
    assert f"not run in this build: {late}" in site.page("gallery/one/b").text
    assert "not measured in this build" in site.page("index").text


def test_side_by_side_each_has_its_share(site: Site) -> None:
    """By the frameworks' own settings, which the record tells; alone it has the machine, as
    with ``python script.py``."""
    site.example("one/a", THREADS)
    site.example("one/b", THREADS)
    site.example("one/timed", "# sphinx_gallery_timed = True\n" + THREADS)
    built = site.build(JOBS="2", **dict.fromkeys(["OMP_NUM_THREADS", "PJRT_NPROC"], ""))
    share = max(1, machine.usable_cores() // 2)

    assert 0 == built.code, built.text
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
    built = site.build(TIME_LIMIT_FACTOR="4")

    assert 0 == built.code, built.text
    assert "up to date" in site.build().lines("one/slow")[0]


@pytest.mark.parametrize(
    "settings",
    [{"BUDGET": "soon"}, {"BUDGET": "-1"}, {"TIME_LIMIT_FACTOR": "0"}, {"TIME_LIMIT_FACTOR": "x"}],
)
def test_a_number_that_is_none_is_one_line(site: Site, settings: dict[str, str]) -> None:
    site.example("one/a", "print(1)")
    built = site.build(**settings)
    [(name, value)] = settings.items()

    assert 0 != built.code
    assert [line for line in built.lines(f"{name}={value}: give a number above 0")], built.text


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
    built = site.build()

    assert 0 == built.code, built.text
    card = site.page("gallery/one/a").text
    assert "no example ran beside it, but other work took 0.8 of its cores" in card
    page = site.page("index")
    chart = page.find("svg", class_="bars")["aria-label"]
    assert "Disturbed: left out: the machine was busy" in chart
    assert "At rest: 7.5 s; Its steps: 3.0 s" in chart.replace("\N{NO-BREAK SPACE}", " ")
    assert "while other work took 0.8 of its cores" in str(page)
    rows = {row.td.a.text: row.find_all("td")[-1].text for row in page.select("table tr") if row.td}
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
        built = site.build()
    finally:
        for one in others:
            one.kill()
            one.wait()

    assert 0 == built.code, built.text
    assert "of its cores" in (site.examples()["one/a"]["disturbed"] or "")


def test_an_earlier_run_outlasts_its_package(site: Site) -> None:
    """A script that was edited where its package is not installed: the page shows the earlier run,
    as out of date, and STRICT=1 ends the build."""
    conf = site.folder / "conf/conf.py"
    conf.write_text(conf.read_text() + "\nexamples_optional = {'of_tests': 'of-tests'}\n")
    site.write("lib/of_tests.py", "value = 7\n")
    site.example("one/a", "import of_tests\nprint('it was', of_tests.value)\n")
    path = f"{ROOT / 'conf'}:{site.folder / 'lib'}"
    assert 0 == site.build(PYTHONPATH=path).code
    before = (site.folder / "build/records/one.a.json").read_bytes()
    site.change("gallery/one/a.py", "it was", "it is")
    built = site.build()

    assert 0 == built.code, built.text
    told = site.examples()["one/a"]
    assert "script changed; not run: of_tests is not installed" == told["reason"]
    assert "recorded" == told["status"]
    assert "it was 7" in site.page("gallery/one/a").text
    assert before == (site.folder / "build/records/one.a.json").read_bytes()
    assert 0 != site.build(STRICT="1").code
