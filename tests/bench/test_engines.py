"""Two processes through each framework's distributed engine train as one does."""

from __future__ import annotations

import pytest

from bench.engines import ENGINES, WORKLOAD
from bench.engines.__main__ import measure
from bench.workloads import WORKLOADS
from site_ext.base.errors import SiteError


@pytest.mark.parametrize("name", ENGINES)
def test_two_processes_come_to_the_losses_of_one(name: str) -> None:
    """Each has half of every batch; ten losses are the reference's."""
    pytest.importorskip({"pytorch": "torch", "keras": "jax"}.get(name, name))

    told = measure(name, 2, blocks=1)

    assert told["apart"] < WORKLOADS[WORKLOAD].losses
    assert told["seconds"] > 0


def test_an_engine_that_ends_badly_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, with what its process said last."""
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setattr("bench.engines.__main__.sys.executable", "false")
    with pytest.raises(
        SiteError, match=r"JAX, jax\.distributed and sharding, 1 processes: no word"
    ):
        measure("jax", 1)
