"""One run of one script: what it sees, what comes back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from found import HERE, environment
from site_ext.run import process
from site_ext.run.outcome import Cell, Execution, Limits
from site_ext.run.scripts import Example


def run(folder: Path, code: str, **limits: float) -> Execution:
    script = folder / "script.py"
    script.write_text(f'"""\nTitle\n=====\n"""\n{code}', encoding="utf-8")
    example = Example("theme/script", script, HERE)
    return process.run(
        script, example.cells, doc=example.doc, limits=Limits(**limits), environment=environment
    )


def test_outputs_belong_to_their_cells(tmp_path: Path) -> None:
    """Each cell has its own output, of both streams, in the order of writing."""
    code = "import sys\nprint(1)\nprint(2, file=sys.stderr)\n# %%\n# Text\nprint(3)\n"
    execution = run(tmp_path, code)

    assert execution.failure is None
    assert ["1\n2\n", "3\n"] == [output.text for output in execution.outputs]


def test_noise_on_the_file_descriptors_goes_to_the_log(tmp_path: Path) -> None:
    """What a C library writes past Python is in the log, not in the outputs."""
    code = "import os\nos.write(1, b'from C')\nos.write(2, b', twice')\nprint('said')"
    execution = run(tmp_path, code)

    assert "from C, twice" == execution.log
    assert ["said\n"] == [output.text for output in execution.outputs]


SAME_AS_A_PLAIN_SCRIPT = {
    "its name": "print(__name__)",
    "its file": "print(__file__)",
    "its docstring": "print(__doc__)",
    "its arguments": "import sys; print(sys.argv)",
    "its import path": "import sys; print(sys.path[0])",
    "what is imported already": "import sys; print(sorted(sys.modules))",
    "the source of its functions": "import inspect\ndef f(): pass\nprint(inspect.getsource(f))",
    "pickling its classes": "import pickle\nclass C: x = 1\n"
    "print(pickle.loads(pickle.dumps(C())).x)",
    "spawned processes": "import multiprocessing as m\ndef f(x): return x + 1\n"
    "if __name__ == '__main__':\n    with m.get_context('spawn').Pool(1) as p: print(p.map(f, [1]))",
    "future features of earlier cells": "from __future__ import annotations\n# %%\n# Text\n"
    "def f(x: Missing): pass\nprint(f.__annotations__)",
}


@pytest.mark.parametrize("what", SAME_AS_A_PLAIN_SCRIPT)
def test_a_script_sees_what_a_plain_one_sees(tmp_path: Path, what: str) -> None:
    """The harness is not to be noticed by the script; above all, it has imported nothing."""
    code = SAME_AS_A_PLAIN_SCRIPT[what]
    execution = run(tmp_path, code)
    plain = subprocess.run(
        [sys.executable, "-X", "faulthandler", str(tmp_path / "script.py")],
        cwd=tmp_path, text=True, capture_output=True, check=True,
        env=environment(tmp_path) | process.OURS,
    )  # fmt: skip
    printed = "".join(output.text for output in execution.outputs)

    assert execution.failure is None, execution.failure
    assert plain.stdout == printed


def test_a_script_ends_as_a_plain_one(tmp_path: Path) -> None:
    """What it has not closed is written, what waits for its end is called, what it still holds is
    let go; only garbage that holds itself is not looked for."""
    code = (
        "import atexit, os, tempfile\n"
        "class Held:\n    def __del__(self): os.write(1, b'let go;')\n"
        "file = open('written.txt', 'w')\nfile.write('to the last word')\nheld = Held()\n"
        "atexit.register(os.write, 1, b'called;')\nfolder = tempfile.TemporaryDirectory()\n"
        "itself = Held()\nitself.itself = itself\nprint(folder.name)\ndel itself"
    )
    execution = run(tmp_path, code)

    assert execution.failure is None, execution.failure
    assert "to the last word" == (tmp_path / "written.txt").read_text()
    assert "called;" in execution.log
    assert 1 == execution.log.count("let go;")
    assert not Path(execution.outputs[0].text.strip()).exists()


def test_a_failing_cell_keeps_what_came_before(tmp_path: Path) -> None:
    """The traceback starts in the script and has the right line."""
    execution = run(tmp_path, "print(1)\n# %%\n# Text\nprint(2)\n1 / 0\n# %%\n# Text\nprint(3)\n")

    assert execution.failure is not None
    assert ("exception", "ZeroDivisionError: division by zero", 1, 9) == (
        execution.failure.kind,
        execution.failure.what,
        execution.failure.cell,
        execution.failure.line,
    )
    assert ["1\n", "2\n"] == [output.text for output in execution.outputs]
    assert "child.py" not in execution.failure.text


def test_a_syntax_error_is_a_failure(tmp_path: Path) -> None:
    """A cell that does not compile fails with its own line."""
    script = tmp_path / "script.py"
    script.write_text("print(1)\n")
    execution = process.run(script, [Cell(3, "a b\n")])

    assert execution.failure is not None
    assert execution.failure.what.startswith("SyntaxError")
    assert 3 == execution.failure.line


def test_figures_come_back_with_their_titles(tmp_path: Path) -> None:
    """Open figures are saved as PNG after their cell and closed; titles become the text."""
    code = (
        "import matplotlib.pyplot as plt\nplt.title('First')\nplt.show()\n"
        "# %%\n# Text\nprint(plt.get_fignums())\n"
    )
    execution = run(tmp_path, code)
    [figure] = execution.outputs[0].figures

    assert b"\x89PNG" == figure.png[:4]
    assert "First" == figure.alt
    assert "[]\n" == execution.outputs[1].text
    assert "" == execution.outputs[0].text


def test_measured_takes_scalars_of_any_library(tmp_path: Path) -> None:
    """NumPy's scalars become Python's."""
    code = "import numpy as np\nmeasured = {'a': np.float32(0.5), 'b': np.int64(3), 'c': 'x'}"
    execution = run(tmp_path, code)

    assert {"a": 0.5, "b": 3, "c": "x"} == execution.measured
    assert [float, int, str] == [type(value) for value in execution.measured.values()]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("measured = 3", "`measured` is a int; make it a dict"),
        ("measured = {'loss': float('nan')}", "measured['loss'] is nan"),
        ("measured = {'a b': 1}", "measured['a b']: the name can't be quoted"),
        ("measured = {'all': [1]}", "measured['all'] is a list"),
    ],
)
def test_measured_that_cannot_be_quoted_fails(tmp_path: Path, code: str, message: str) -> None:
    """The failure names the value and what to publish instead."""
    execution = run(tmp_path, code)

    assert execution.failure is not None
    assert "measured" == execution.failure.kind
    assert message in execution.failure.what


def test_saving_figures_is_off_the_clock(tmp_path: Path) -> None:
    """The wall time of a script does not have the seconds that its figure takes to save."""
    code = (
        "import matplotlib.pyplot as plt, time\nfigure = plt.figure()\n"
        "figure.savefig = lambda *a, **k: (time.sleep(3), open(a[0], 'wb').close())\n"
    )
    with_save = run(tmp_path, code)
    without = run(tmp_path, code + "plt.close()\n")

    assert with_save.wall_seconds < without.wall_seconds + 2


def test_peak_memory_has_the_children(tmp_path: Path) -> None:
    """A child process's memory counts, what it shares with its parent does not."""
    code = (
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-c',"
        " 'import time; x = bytearray(150_000_000); time.sleep(1.5)'])\n"
    )
    execution = run(tmp_path, code)

    assert 150 < execution.peak_rss_mib < 250


def test_processor_time_has_the_children(tmp_path: Path) -> None:
    """The seconds of a child process that has ended count."""
    burn = "import time\nend = time.process_time() + 0.5\nwhile time.process_time() < end: pass"
    execution = run(
        tmp_path, f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {burn!r}])"
    )

    assert execution.cpu_seconds > 0.5


def test_the_backend_is_the_scripts_own_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A KERAS_BACKEND of whoever builds does not reach the examples."""
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    execution = run(tmp_path, "import os\nprint(os.environ.get('KERAS_BACKEND'))")

    assert ["None\n"] == [output.text for output in execution.outputs]
