"""Which processes are started, in which order, and what is kept: at a place that measures nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bench import matrix
from bench.matrix import Matrix, Selection
from bench.running import Outcome
from commands import bench as command
from site_ext.base.errors import SiteError
from site_ext.claims import benchmarks
from site_ext.claims.benchmarks import Gate, Round

MACHINE = {"cpu": "Test CPU (R)", "cores": 2, "ram_gib": 8.0, "os": "Debian", "gpu": None}
CHOSEN = Selection(("mlp", "resnet50"), ("pytorch-eager", "jax", "keras-jax"), rounds=3)


class Place:
    """Answers at once; ``spoilt`` has outcomes for some stacks, ``stops`` after so many."""

    def __init__(self, **spoilt: Outcome) -> None:
        self.jobs: list[Any] = []
        self.spoilt, self.stops, self.version, self.forgot = spoilt, 10**6, "1", 0

    def about(self) -> dict[str, Any]:
        return {
            "machine": MACHINE, "commit": "c", "digest": "d", "about": {},
            "versions": {"torch": self.version},
        }  # fmt: skip

    def forget(self) -> None:
        self.forgot += 1

    def run(self, job: Any) -> Outcome:
        if len(self.jobs) == self.stops:
            raise KeyboardInterrupt
        self.jobs.append(job)
        about = {"layout": "NHWC", "choices": "none", "parameters": 7}
        if (spoilt := self.spoilt.get(job.stack.replace("-", "_"))) is not None:
            return spoilt
        values = {
            f"{task}_{name}": value
            for task in ("train", "infer")
            for name, value in {
                "step_ms": 2.0, "low_ms": 1.9, "high_ms": 2.1, "blocks": 8, "steps_a_block": 1,
                "warm_blocks": 6, "first_seconds": 0.1,
            }.items()
        }  # fmt: skip
        return Outcome(
            Gate(outputs=1e-7, losses=1e-7), Round(at="2026-11-27T00:00:00Z", values=values), about
        )


def made(tmp_path: Path, place: Place, chosen: Selection = CHOSEN) -> tuple[Any, list[str]]:
    said: list[str] = []
    record = Matrix(place, chosen, tmp_path / "machine.json", said.append).measure()
    return record, said


def test_rounds_interleave_the_stacks(tmp_path: Path) -> None:
    """Every other round in reverse, what takes longest last; only the first compares ten steps."""
    place = Place()
    made(tmp_path, place)
    order = [(job.workload, job.stack) for job in place.jobs]
    first = [("mlp", name) for name in CHOSEN.stacks]

    assert order[:9] == [*first, *reversed(first), *first]
    assert {"resnet50"} == {workload for workload, _ in order[9:]}
    assert [10, 10, 10, 2, 2, 2] == [job.steps for job in place.jobs[:6]]


def test_the_record_has_every_round_and_can_be_read(tmp_path: Path) -> None:
    """What is written is what the site reads."""
    record, said = made(tmp_path, Place())
    path = tmp_path / "machine.json"
    read = benchmarks.read(path, json.loads(path.read_text()))

    assert read == record
    assert [3] * 6 == [len(case.rounds) for case in read.cases]
    assert "mlp pytorch-eager, batch 32, 2 threads: train 2 ms, infer 2 ms; about" in said[0]
    assert 2.0 == dict(read.values())["mlp_train_pytorch_eager_ms"]
    assert 16000 == dict(read.values())["mlp_train_pytorch_eager_per_second"]


def test_what_fails_the_gate_is_never_timed(tmp_path: Path) -> None:
    """It is asked once, its difference stands in the record, and it has no round."""
    why = "its losses are 1.0e-01 from the reference, of 0.0001 that are allowed"
    about = {"layout": "", "choices": "", "parameters": 7}
    place = Place(jax=Outcome(Gate(outputs=0.0, losses=0.1, why=why), None, about))
    record, said = made(tmp_path, place)
    case = next(case for case in record.cases if case.stack == "jax")

    assert 2 == len([job for job in place.jobs if job.stack == "jax"])  # one a workload
    assert not case.rounds
    assert why == case.gate.why
    assert any(f"mlp jax, batch 32, 2 threads: not comparable: {why}" in line for line in said)
    assert 0 == dict(record.values())["mlp_jax_comparable"]


def test_what_is_not_installed_is_not_measured(tmp_path: Path) -> None:
    """And says so; the others are."""
    place = Place(jax=Outcome(None, None, {}, "optax is not installed"))
    record, said = made(tmp_path, place)

    assert "optax is not installed" == record.cases[1].why_not
    assert 3 == len(record.cases[0].rounds)
    assert any("jax, batch 32, 2 threads: optax is not installed" in line for line in said)


def test_ctrl_c_keeps_what_is_done_and_the_next_goes_on(tmp_path: Path) -> None:
    """Nothing is measured twice, and what was compiled is still there."""
    place = Place()
    place.stops = 4
    with pytest.raises(KeyboardInterrupt):
        made(tmp_path, place)
    kept = json.loads((tmp_path / "machine.json").read_text())
    rest = Place()
    record, _ = made(tmp_path, rest)

    assert 4 == sum(len(case["rounds"]) for case in kept["cases"])
    assert 18 - 4 == len(rest.jobs)
    assert [1, 0] == [place.forgot, rest.forgot]
    assert [3] * 6 == [len(case.rounds) for case in record.cases]


def test_what_is_done_is_measured_anew(tmp_path: Path) -> None:
    """With nothing compiled, and without the old rounds; other cases stay."""
    made(tmp_path, Place())
    again = Place()
    record, _ = made(tmp_path, again, replace(CHOSEN, workloads=("mlp",), rounds=2))

    assert 6 == len(again.jobs)
    assert 1 == again.forgot
    assert 18 == (tmp_path / "machine.json.old").read_text().count('"at"')
    found = {(case.workload, case.stack): len(case.rounds) for case in record.cases}
    assert 2 == found["mlp", "jax"]
    assert 3 == found["resnet50", "jax"]


def test_other_versions_begin_a_new_record(tmp_path: Path) -> None:
    """Rounds of two versions are never mixed, and it is told which moved."""
    made(tmp_path, Place())
    newer = Place()
    newer.version = "2"
    record, said = made(tmp_path, newer)

    assert 18 == len(newer.jobs)
    assert "machine.json begins anew: another torch" == said[0]
    assert '"torch": "1"' in (tmp_path / "machine.json.old").read_text()
    assert [3] * 6 == [len(case.rounds) for case in record.cases]


def test_no_process_is_started_when_the_time_is_over(tmp_path: Path) -> None:
    """What is left out is told; the record has what there is."""
    place = Place()
    record, said = made(tmp_path, place, replace(CHOSEN, budget=-1.0))

    assert not place.jobs
    assert not record.cases
    assert "mlp pytorch-eager, batch 32, 2 threads: not measured, -1 s are left" == said[0]


def test_a_file_that_is_no_record_is_not_overwritten(tmp_path: Path) -> None:
    """A recorded measurement of another kind stays as it is."""
    (tmp_path / "machine.json").write_text('{"title": "T"}')

    with pytest.raises(SiteError, match=r"machine\.json is no record of `make bench`"):
        made(tmp_path, Place())
    assert '{"title": "T"}' == (tmp_path / "machine.json").read_text()


def test_a_machine_names_its_file() -> None:
    assert "test-cpu-r-2-cores" == matrix.slug(MACHINE, "cpu")
    assert "nvidia-h200" == matrix.slug({**MACHINE, "gpu": "NVIDIA H200"}, "cuda")


def test_a_gpu_gets_a_batch_of_its_own() -> None:
    """And lower numbers, unless told otherwise."""
    chosen = replace(CHOSEN, device="cuda", dtype="bfloat16")
    jobs = {job.workload: job for job in chosen.jobs(cores=16)}

    assert 256 == jobs["resnet50"].batch
    assert "bfloat16" == jobs["mlp"].dtype


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            {"WORKLOAD": "mpl"},
            "WORKLOAD=mpl: there is no 'mpl'; there are mlp, cnn, lstm, gpt, resnet50",
        ),
        ({"STACK": "jax,torch"}, "STACK=jax,torch: there is no 'torch'; there are tensorflow,"),
        ({"DEVICE": "gpu"}, "DEVICE=gpu: it is one of cpu, cuda"),
        ({"DTYPE": "half"}, "DTYPE=half: it is one of float32, bfloat16"),
        ({"BATCH": "big"}, "BATCH=big: whole numbers are wanted, as in BATCH=1,2"),
        ({"THREADS": "4096"}, "THREADS=4096: from 1 to"),
        ({"ROUNDS": "0"}, "ROUNDS=0: from 1 to 1,000 each"),
    ],
)
def test_a_wrong_setting_is_one_line(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], says: str
) -> None:
    """It names the setting, the value and what there is."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SiteError) as caught:
        command.selection()
    assert str(caught.value).startswith(says)


def test_settings_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKLOAD", "gpt, mlp")
    monkeypatch.setenv("STACK", "all")
    monkeypatch.setenv("BATCH", "1,64")
    chosen = command.selection()

    assert ("mlp", "gpt") == chosen.workloads
    assert "keras-torch-compiled" in chosen.stacks
    assert (1, 64) == chosen.batches


def test_records_are_msgspec_all_the_way() -> None:
    """So that a worker of a cluster can send an outcome."""
    import pickle

    done = Place().run(next(CHOSEN.jobs(2)))

    assert msgspec.to_builtins(done.round) == msgspec.to_builtins(
        pickle.loads(pickle.dumps(done)).round
    )
