"""An interpreter that has imported what many runs import, and forks for each.

A small site takes half a second to build, and Sphinx and its extensions more than a second to
import; of an example's script, the imports are often the larger part. A run here starts where
those imports end; whatever it does from then on it does in a process of its own, with its own
folder, variables and output.

    python tests/warm.py                reads a request a line, and answers with the build's status
    python tests/warm.py torch keras    the same for scripts that import these
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import Any

#: What a build imports by the names in conf.py, and what these import late.
IMPORTED = (
    "sphinx.cmd.build", "sphinx.builders.html", "sphinx.builders.dummy", "sphinx.util.parallel",
    "docutils.parsers.rst.states", "docutils.writers.html5_polyglot", "myst_parser.sphinx_ext.main",
    "sphinx.ext.doctest", "sphinx.ext.intersphinx", "sphinx_design", "sphinx_gallery.gen_gallery",
    "pydata_sphinx_theme", "bs4", "html5lib", "pygments.lexers.python", "pygments.formatters.html",
    "multiprocessing.connection", "concurrent.futures.thread",
)  # fmt: skip
ANSWER = "warm run: "


def serve(modules: list[str]) -> None:
    """Run what is asked for, one after the other, until nobody asks any more."""
    if modules:
        for name in modules:
            importlib.import_module(name)
    else:
        _import_all()
    # No fork looks for garbage in what was imported, nor gets a copy of it for that.
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if not pid:
            _run(asked)
        signal.signal(signal.SIGTERM, lambda *_, pid=pid: os.kill(pid, signal.SIGKILL))
        _, status = os.waitpid(pid, 0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        print(ANSWER + str(os.waitstatus_to_exitcode(status)), flush=True)


def _import_all() -> None:
    from sphinx.application import builtin_extensions

    import site_ext

    inside = (name for _, name, _ in pkgutil.walk_packages(site_ext.__path__, "site_ext."))
    for name in (*builtin_extensions, *IMPORTED, *inside):
        # The first two run in the examples' own processes, the last asks for a package of its own.
        if name.rpartition(".")[2] not in {"child", "telling", "cluster"}:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)


def _run(asked: dict[str, Any]) -> None:
    """In the fork: what ``python -m sphinx`` or ``python script.py`` does; does not return."""
    code: Any = 70
    try:
        output = os.open(asked["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(asked["cwd"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        if asked["script"]:
            sys.argv = [asked["script"]]
            runpy.run_path(asked["script"], run_name="__main__")
            code = 0
        else:
            sys.argv = ["sphinx", *asked["arguments"]]
            from sphinx.cmd.build import main

            code = main(asked["arguments"])
    except Exception:  # noqa: BLE001 - as Python itself does at the end of a script
        traceback.print_exc()
        code = 1
    except SystemExit as error:
        code = error.code
        if isinstance(code, str):
            print(code, file=sys.stderr)
    finally:
        for end in (threading._shutdown, atexit._run_exitfuncs, sys.stdout.flush, sys.stderr.flush):
            with contextlib.suppress(Exception):
                end()
        os._exit(code if isinstance(code, int) else int(bool(code)))


class Warm:
    """The client of one such interpreter, which is started when it is first asked, and ends with
    this process; for scripts, with the modules that they import and the variables of the first."""

    def __init__(self, *modules: str) -> None:
        self._modules = modules
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def build(
        self, arguments: list[str], cwd: Path, environment: dict[str, str], timeout: float
    ) -> tuple[int, str]:
        """Run ``python -m sphinx ARGUMENTS`` in ``cwd``; its status and what it said."""
        return self._ask("", arguments, cwd, environment, timeout)

    def script(
        self, script: Path, cwd: Path, environment: dict[str, str], timeout: float
    ) -> tuple[int, str]:
        """Run ``python SCRIPT`` in ``cwd``; its status and what it said."""
        return self._ask(str(script), [], cwd, environment, timeout)

    def end(self) -> None:
        """At once: frameworks take seconds to say goodbye, and nothing here needs it."""
        if self._process:
            self._process.kill()
            self._process.communicate()

    def _ask(
        self, script: str, arguments: list[str], cwd: Path, environment: dict[str, str],
        timeout: float,
    ) -> tuple[int, str]:  # fmt: skip
        with self._lock, tempfile.NamedTemporaryFile("r", encoding="utf-8") as output:
            asked = {
                "script": script, "arguments": arguments, "cwd": str(cwd),
                "environment": environment, "output": output.name,
            }  # fmt: skip
            process = self._running(environment if script else None)
            assert process.stdin and process.stdout
            late = threading.Timer(timeout, process.send_signal, [signal.SIGTERM])
            late.start()
            try:
                print(json.dumps(asked), file=process.stdin, flush=True)
                answer = process.stdout.readline()
            finally:
                late.cancel()
            assert answer.startswith(ANSWER), f"the warm interpreter has gone: {answer}"
            return int(answer.removeprefix(ANSWER)), output.read()

    def _running(self, environment: dict[str, str] | None) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, __file__, *self._modules], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, text=True, env=environment,
            )  # fmt: skip
        return self._process


if __name__ == "__main__":
    serve(sys.argv[1:])
