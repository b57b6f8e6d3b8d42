"""Run one example, cell by cell, in the process that it has for itself.

Executed as a script by :mod:`site_ext.run.process`, one fresh interpreter an example::

    python child.py JOB

JOB is a file with a marshalled dict, made by :func:`site_ext.run.process.job`. What happens is
appended to the file ``events`` as marshalled tuples, at once, so that an account of it survives
a crash:

``("cell", i, start)``                           cell i begins; its output starts at that byte
``("done", i, seconds, end, figures, shown, paused)``  it ended, its output at byte ``end``
``("error", i, seconds, end, line, what, text, module, paused)``  it raised
``("exit", i, end, code, paused)``               it called ``sys.exit``
``("facts", facts, paused)``                     one did not; ``facts`` about the process
``("names", names, paused)``                     what somebody else tells of its globals, last
``("end", facts, paused)``                       all cells ran
``("broken", what, text)``                       this file itself could not go on

``paused`` is the time, in seconds, that this file has spent on its own business so
far; the caller takes it off the clock.

Why it imports next to nothing: whatever is imported here, an example need not
import, and would look faster than ``python example.py``. So only modules that
every interpreter has loaded by the time it runs a script; the rest is imported
after the last cell, or after a failure, with the clock paused.

Nor does it rest on what a script may change. It has its own copy of the builtins, its own names
for the functions of ``os``, and needs no descriptor that a script could close: the file of events
is opened for each, and one is kept for when no more can be opened.
"""

import time

_now = time.perf_counter
_born = _now()

import builtins
import marshal
import os
import sys
from atexit import register as _at_the_end
from gc import freeze as _freeze
from io import TextIOWrapper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from site_ext.run import telling

_builtins = globals()["__builtins__"] = dict(vars(builtins))
_open, _write, _close, _stat, _fstat = os.open, os.write, os.close, os.stat, os.fstat
_getpid, _samestat = os.getpid, os.path.samestat
del sys.modules["atexit"], sys.modules["gc"]  # which a plain interpreter has not loaded yet
#: What a script defines, in contrast to what it holds.
_DEFINED = (type, type(sys), type(lambda: None))
_APPENDING = os.O_WRONLY | os.O_APPEND | os.O_CREAT
_dumps = marshal.dumps

#: Compiler flags of all ``from __future__ import`` features; a cell's hold for
#: the cells after it, as they would in one file.
_FUTURE_FLAGS = 0x1FE0000
_ONLY_SYNTAX = 0x400


def _executed(file: str) -> "dict[str, Any]":
    """What a file of ours defines, without its being imported."""
    names: dict[str, Any] = {"__name__": "inside", "__file__": file, "__builtins__": _builtins}
    with open(file, encoding="utf-8") as source:
        exec(compile(source.read(), file, "exec"), names)
    return names


if not TYPE_CHECKING:
    telling = type("telling", (), _executed(__file__.replace("child.py", "telling.py")))


class Clock:
    """Adds up the seconds in which the example itself is not running."""

    def __init__(self, since: float) -> None:
        self.paused = 0.0
        self._since: float | None = since

    def pause(self) -> None:
        self._since = _now()

    def so_far(self) -> float:
        running = _now() - self._since if self._since is not None else 0.0
        return self.paused + running

    def go(self) -> None:
        self.paused = self.so_far()
        self._since = None


class _Run:
    """The cells of one job in this process."""

    def __init__(self, job: "dict[str, Any]", clock: Clock) -> None:
        self.job, self.clock, self.number, self.flags = job, clock, 1, 0
        self.script = str(job["script"])
        self.folder = self.script.rpartition(os.sep)[0] + os.sep
        self.inside: Any = None
        self.pid = _getpid()
        self.spare = _open(job["events"], _APPENDING, 0o600)
        self.names = _become(self.script, str(job["doc"]), job["argv"], job["paths"])

    def report(self, *event: "Any") -> None:
        if _getpid() != self.pid:  # a fork: what becomes of it is its parent's business
            return
        data, path = _dumps(event), self.job["events"]
        try:
            file = _open(path, _APPENDING, 0o600)
        except OSError:  # too many are open; the one kept for that, if it is still that one
            file = self.spare
            if not _samestat(_fstat(file), _stat(path)):
                raise
        try:
            while data:
                data = data[_write(file, data) :]
        finally:
            if file != self.spare:
                _close(file)

    def printed(self) -> int:
        """How many bytes have been printed; what is printed is never held back."""
        return _stat(self.job["output"]).st_size

    def cells(self) -> int:
        """Run the cells; the process's exit status, as a plain script's would be."""
        if self.job["inside"]:
            file, settings, folder = self.job["inside"]
            self.inside = _executed(file)["begin"](settings, folder)
            self.inside.before()
        status = self.all()
        facts = telling.facts(self.folder, self.names)
        self.report("facts" if status else "end", facts, self.clock.so_far())
        if self.inside and self.job["tells"]:
            self.report("names", self.inside.told(self.names), self.clock.so_far())
        return status

    def all(self) -> int:
        """Run them one after another, to the first that fails."""
        for index, cell in enumerate(self.job["cells"]):
            self.report("cell", index, self.printed())
            if not self.cell(index, *cell):
                return 1
        return 0

    def cell(self, index: int, line: int, source: str, drawn: bool, reprs: list[str]) -> bool:
        """Run one cell and tell of it; whether the next one may run."""
        clock = self.clock
        started = _now()
        clock.go()
        try:
            last = self.execute(line, source, bool(reprs))
            clock.pause()
            if _getpid() != self.pid:  # a fork that goes on
                return True
            seconds, end = _now() - started, self.printed()
            shown = (
                telling.represented(last[0], reprs, str(self.job["unshown"])) if last else ("", "")
            )
            figures, rst = self.draw(index) if drawn else ([], ("", ""))
        except BaseException as error:
            if _getpid() != self.pid:
                raise
            clock.pause()
            seconds, end = _now() - started, self.printed()
            if isinstance(error, SystemExit):
                code = repr(error.code) if isinstance(error.code, (int, str, type(None))) else "..."
                self.report("exit", index, end, code, clock.so_far())
            else:
                self.report("error", index, seconds, end, *telling.told(error), clock.so_far())
            return False
        self.report("done", index, seconds, end, figures, (*shown, *rst), clock.so_far())
        return True

    def execute(self, line: int, source: str, keep: bool) -> list[object]:
        """Run the code of a cell; a list with the value of its last expression, if it ends in
        one and that is to be kept."""
        # Leading line breaks make tracebacks and inspect.getsource point into the file itself.
        padded = "\n" * (line - 1) + source
        if not keep:
            self.go(compile(padded, self.script, "exec", flags=self.flags, dont_inherit=True))
            return []
        syntax = _ONLY_SYNTAX | self.flags
        tree: Any = compile(padded, self.script, "exec", flags=syntax, dont_inherit=True)
        last = tree.body.pop() if tree.body and type(tree.body[-1]).__name__ == "Expr" else None
        self.go(compile(tree, self.script, "exec", flags=self.flags, dont_inherit=True))
        if last is None:
            return []
        import _ast

        expression = _ast.Expression(last.value)
        code = compile(expression, self.script, "eval", flags=self.flags, dont_inherit=True)
        return [eval(code, self.names)]

    def go(self, code: "Any") -> None:
        self.flags |= code.co_flags & _FUTURE_FLAGS
        exec(code, self.names)

    def draw(self, index: int) -> tuple[list[tuple[str, str, str]], tuple[str, str]]:
        """The figures of a cell as files with titles, or as somebody else draws them."""
        if self.inside and self.job["draws"]:
            return [], self.inside.drawn(index, self.names)
        figures = telling.save_figures(str(self.job["figures"]), self.number)
        self.number += len(figures)
        return figures, ("", "")


def _become(script: str, doc: str, argv: list[str], paths: list[str]) -> dict[str, object]:
    """Have the interpreter look as it does to ``python script.py``; the script's globals."""
    sys.argv[:] = [script, *argv]
    sys.path[0] = os.path.dirname(script)
    sys.path += [path for path in paths if path not in sys.path]
    module = type(sys)("__main__")
    module.__dict__.update(__file__=script, __builtins__=builtins, __doc__=doc)
    sys.modules["__main__"] = module
    return module.__dict__


def _let_go(names: "dict[str, Any]") -> None:
    """Let go what the script's names hold, after all else that waits for the end; and spare that end
    looking through all that a framework has made for what holds itself. Python promises nobody to
    find that, and the search takes a second or two."""
    for name, value in list(names.items()):
        if name[:2] != "__" and not issubclass(type(value), _DEFINED):
            del names[name]
    _freeze()


def main(job_path: str) -> int:
    """Run the job; the process's exit status, as a plain script's would be."""
    clock = Clock(_born)
    with open(job_path, "rb") as file:
        job = marshal.load(file)
    os.unlink(job_path)  # a script need not find out where its account is written
    raw = open(job["output"], "wb", buffering=0)
    output = TextIOWrapper(raw, "utf-8", errors="backslashreplace", write_through=True)
    sys.stdout = sys.stderr = output
    run = _Run(job, clock)
    _at_the_end(_let_go, run.names)  # the first to be registered is the last to be called
    telling.note_files(job["watched"], job["skipped"])
    try:
        return run.cells()
    except BaseException as error:  # of ours, or of a signal handler of the script's
        if _getpid() != run.pid:
            raise
        run.report("broken", *telling.told(error)[1:3])
        return 1


if __name__ == "__main__":
    # The plain end of an interpreter follows: its cost is part of the example's.
    status = main(sys.argv[1])
    if status:
        sys.exit(status)
