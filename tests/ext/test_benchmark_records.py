"""Records of `make bench` on a site: whatever is there is shown, and what is malformed is told."""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from site_ext.base.errors import SiteError
from site_ext.claims import measurements, multiples, paying
from site_ext.claims.benchmarks import read

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Site

PAGE = """# Benchmarks

```{benchmarks} train
```

```{benchmarks} order
```

```{benchmarks} fairness
```

```{benchmarks} compiling
```

```{benchmarks} memory
```

```{benchmarks} scaling
```

It takes {measured}`measurements/mine.mlp_train_jax_ms:.2f ms`.
"""


def times(middle: float, task: str = "train") -> dict[str, float]:
    """The values of a round whose step took so many milliseconds."""
    return {
        f"{task}_step_ms": middle, f"{task}_low_ms": middle * 0.99, f"{task}_high_ms": middle * 1.01,
        f"{task}_blocks": 8, f"{task}_steps_a_block": 1, f"{task}_warm_blocks": 6,
        f"{task}_first_seconds": middle, "import_seconds": 1.0, "peak_mib": 300.0,
    }  # fmt: skip


def case(stack: str, *steps: float, **more: Any) -> dict[str, Any]:
    rounds = [{"at": "2026-11-27T00:00:00Z", "values": times(step)} for step in steps]
    return {
        "workload": "mlp", "stack": stack, "batch": 32, "threads": 2, "parameters": 7,
        "gate": {"outputs": 1e-7, "losses": 2e-7}, "rounds": rounds, **more,
    }  # fmt: skip


def record(cpu: str = "A CPU") -> dict[str, Any]:
    titles = {
        "pytorch-eager": ("PyTorch, eager", "pytorch"), "pytorch-compiled": ("PyTorch, compiled", "pytorch"),
        "jax": ("JAX, jit", "jax"), "keras-jax": ("Keras on JAX", "keras"),
    }  # fmt: skip
    return {
        "benchmark": 1, "title": f"Benchmarks on {cpu}",
        "machine": {"cpu": cpu, "cores": 2, "ram_gib": 8.0, "os": "Debian", "gpu": None},
        "device": "cpu", "date": "2026-11-27", "commit": "c", "digest": "d",
        "versions": {"python": "3.11.7", "torch": "2.13.0", "jax": "0.10.2"},
        "workloads": {"mlp": {"title": "MLP", "unit": "images", "units": 1, "optimizer": "adam"}},
        "stacks": {name: {"title": t, "color": color} for name, (t, color) in titles.items()},
        "cases": [
            case("pytorch-eager", 4.0, 4.1, 3.9), case("pytorch-compiled", 3.0, 3.01, 3.02),
            case("jax", 2.0, 2.01, 2.02), case("jax", 1.0, batch=8),
            case("keras-jax", gate={"outputs": 1e-7, "losses": 0.5, "why": "its losses are off"}),
        ],
    }  # fmt: skip


def test_every_record_is_shown(site: Site) -> None:
    """A reader's own, dropped in beside another, appears with its machine and its values."""
    site.write("docs/index.md", PAGE)
    site.write("docs/measurements/mine.json", json.dumps(record("Mine")))
    first = site.build()
    site.write("docs/measurements/yours.json", json.dumps(record("Yours & co")))
    second = site.build()
    page = site.page("index")
    text = re.sub(r"\s+", " ", page.get_text())

    assert 0 == first.code, first.text
    assert 0 == second.code, second.text
    assert "It takes 2.01 ms." in text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Mine, 2 cores" in text
    assert "Yours & co, 2 cores" in text
    assert 2 == len(page.select("svg.multiple"))
    told = [svg["aria-label"] for svg in page.select("svg.multiple")]
    assert "MLP, training step, batch of 32: JAX, jit 2.01 ms" in told[0]
    assert "Keras on JAX not comparable" in told[0]
    assert "not comparable: its losses are off" in text


def test_data_has_every_round(site: Site) -> None:
    """`data/benchmarks.json` tells what the pages were made of."""
    site.write("docs/index.md", PAGE)
    site.write("docs/measurements/mine.json", json.dumps(record()))
    done = site.build()
    [told] = json.loads((site.folder / "build/html/data/benchmarks.json").read_text())

    assert 0 == done.code, done.text
    assert 2.01 == told["measured"]["mlp_train_jax_ms"]
    assert 3 == len(told["benchmarks"]["cases"][0]["rounds"])


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        (["benchmark"], 2, "its form is 2, and this site reads 1"),
        (["date"], "yesterday", r"\$.date"),
        (["device"], "gpu", "'gpu'"),
        (["cases", 0, "workload"], "mpl", r"\$.cases\[0\].workload is 'mpl'; the record knows mlp"),
        (["cases", 1, "stack"], "jx", r"\$.cases\[1\].stack is 'jx'"),
        (["cases", 0, "rounds", 1, "values", "train_step_ms"], -1.0, r"rounds\[1\].values.train_step_ms is -1.0"),
        (["cases", 0, "rounds", 1, "values", "train_step_ms"], 99.0, r"train_step_ms is 99.0, outside"),
        (["cases", 0, "rounds", 0, "values", "train_low_ms"], "fast", "`float`, got `str`"),
        (["cases", 0, "rounds", 0, "values"], {"train_step_ms": 1.0}, "has train_step_ms without train_low_ms"),
        (["cases", 4, "rounds"], [{"at": "", "values": times(1.0)}], "has rounds, and no gate that it passed"),
        (["cases", 3, "batch"], 32, r"\$.cases\[3\] is there twice: mlp, jax, 32, 2, float32"),
        (["cases", 0, "speed"], 1, "unknown field `speed`"),
    ],
)  # fmt: skip
def test_a_malformed_record_is_told(
    tmp_path: Path, place: list[Any], value: object, says: str
) -> None:
    """With its file, the field and the value."""
    data = copy.deepcopy(record())
    inner = data
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    (tmp_path / "mine.json").write_text(json.dumps(data))

    with pytest.raises(SiteError, match=says) as caught:
        measurements.read(tmp_path)
    assert "mine.json" in str(caught.value)


def test_a_malformed_record_fails_the_build(site: Site) -> None:
    """In one line, before anything is executed."""
    data = record()
    data["cases"][0]["rounds"][0]["values"]["train_step_ms"] = -1
    site.write("docs/measurements/mine.json", json.dumps(data))
    done = site.build()

    assert 0 != done.code
    assert "mine.json" in done.text
    assert "train_step_ms is -1" in done.text
    assert "Traceback" not in done.text


def test_a_wrong_word_in_the_directive(site: Site) -> None:
    """Says which words there are."""
    site.write("docs/index.md", "# B\n\n```{benchmarks} trian\n```\n")
    done = site.build()

    assert 0 != done.code
    assert "benchmarks: 'trian' is none of train, infer, generate, order" in done.text


def test_the_fastest_comes_first_and_the_close_are_named(tmp_path: Path) -> None:
    """Too close to call is what overlaps, and nothing else."""
    data = record()
    data["cases"][1] = case("pytorch-compiled", 2.0, 2.03, 2.02)
    found = multiples.marks(read(tmp_path / "x", data), "mlp", "train")
    [jax, compiled, eager, keras] = found

    assert ["JAX, jit", "PyTorch, compiled", "PyTorch, eager", "Keras on JAX"] == [
        m.title for m in found
    ]
    assert jax.time.overlaps(compiled.time)
    assert not jax.time.overlaps(eager.time)
    assert keras.time is None


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ((3.0, 3.01, 3.02), "0 steps"),
        ((4.5, 4.51, 4.52), "never"),
        ((3.9, 4.0, 4.1), "too close to call"),
    ],
)
def test_when_compiling_pays(tmp_path: Path, steps: tuple[float, ...], says: str) -> None:
    """Never, where the compiled step is no faster; not told, where that is too close."""
    data = record()
    data["cases"][1] = case("pytorch-compiled", *steps)

    assert [says] == [one.told for one in paying.all_of(read(tmp_path / "x", data))]


def test_the_first_steps_are_paid_back(tmp_path: Path) -> None:
    """8 s more at the start, nearly 1 ms less a step: after some 8,000 steps."""
    data = record()
    for one in data["cases"][1]["rounds"]:
        one["values"]["train_first_seconds"] = 12.0
    [paid] = paying.all_of(read(tmp_path / "x", data))

    assert "8,081 steps" == paid.told  # 12 - 4 s, 4.0 - 3.01 ms


def test_a_busy_round_does_not_count_beside_others(tmp_path: Path) -> None:
    """Of a case whose every round was disturbed, all count."""
    data = record()
    data["cases"][2]["rounds"][0]["values"] = times(9.0)
    data["cases"][2]["rounds"][0]["disturbed"] = "other work took 1.0 of its cores"
    told = dict(read(tmp_path / "x", data).values())

    assert 2.015 == pytest.approx(told["mlp_train_jax_ms"])
    assert 2 == told["mlp_train_jax_rounds"]
