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
``("names", names, paused)``                     what somebody else tells of its globals, last
``("end", facts, paused)``                       all cells ran; ``facts`` about the process
``("broken", what, text)``                       this file itself could not go on

``paused`` is the time, in seconds, that this file has spent on its own business so
far; the caller takes it off the clock.

Why it imports next to nothing: whatever is imported here, an example need not
import, and would look faster than ``python example.py``. So only modules that
every interpreter has loaded by the time it runs a script; the rest is imported
after the last cell, or after a failure, with the clock paused.

Nor does it rest on what a script may change. It has its own copy of the builtins, its own names
for the functions of ``os``, and no descriptor that a script could close: the file of events is
opened for each.
"""

import time

_now = time.perf_counter
_born = _now()

import builtins
import marshal
import os
import sys
from io import TextIOWrapper

globals()["__builtins__"] = dict(vars(builtins))
_open, _write, _close, _stat, _getcwd = os.open, os.write, os.close, os.stat, os.getcwd
_normpath, _fspath, _fsdecode, _SEP = os.path.normpath, os.fspath, os.fsdecode, os.sep
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_APPENDING = os.O_WRONLY | os.O_APPEND | os.O_CREAT
_dumps, _modules = marshal.dumps, sys.modules

#: Compiler flags of all ``from __future__ import`` features; a cell's hold for
#: the cells after it, as they would in one file.
_FUTURE_FLAGS = 0x1FE0000
_ONLY_SYNTAX = 0x400


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


def _told(error: BaseException) -> tuple[int, str, str, str | None]:
    """The line of the cell that failed, the exception in one line, its traceback without our own
    frames, and the module that could not be imported, if that is what failed."""
    kind = type(error).__name__
    brief = kind
    try:
        brief = f"{kind}: {error}".partition("\n")[0]
        import traceback

        tb = error.__traceback__
        while tb is not None and tb.tb_frame.f_code.co_filename == __file__:
            tb = tb.tb_next
        line = tb.tb_lineno if tb else getattr(error, "lineno", None) or 0
        text = "".join(traceback.format_exception(type(error), error, tb))
        only = "".join(traceback.format_exception_only(type(error), error)).splitlines()
        # A syntax error is told with its place first, others with more lines of their text.
        named = [one for one in only if one.partition(":")[0].rpartition(".")[2] == kind]
        missing = getattr(error, "name", None) if isinstance(error, ImportError) else None
        return line, (named or only)[0], text, missing if isinstance(missing, str) else None
    except BaseException as second:  # its __str__ ends the process, say, or there is no memory
        told, tb = f"{brief} (not shown in full: {type(second).__name__})\n", error.__traceback__
        while tb is not None:
            told += f'  File "{tb.tb_frame.f_code.co_filename}", line {tb.tb_lineno}\n'
            tb = tb.tb_next
        return 0, brief, told, None


def _save_figures(folder: str, number: int) -> list[tuple[str, str]]:
    """Save and close the open matplotlib figures; ``(path, titles)`` each."""
    pyplot = _modules.get("matplotlib.pyplot")
    saved: list[tuple[str, str]] = []
    if not hasattr(pyplot, "get_fignums"):
        return saved
    try:
        for figure_number in pyplot.get_fignums():  # type: ignore[union-attr]
            figure = pyplot.figure(figure_number)  # type: ignore[union-attr]
            path = f"{folder}{_SEP}{number + len(saved):03}.png"
            figure.savefig(path)
            places = ((axes, place) for axes in figure.axes for place in ("left", "center", "right"))
            titles = [figure.get_suptitle(), *(axes.get_title(loc=place) for axes, place in places)]
            saved.append((path, ", ".join(title for title in titles if title)))
    finally:
        pyplot.close("all")  # type: ignore[union-attr]
    return saved


def _represented(value: object, methods: list[str], unshown: str) -> tuple[str, str]:
    """How the last expression of a cell is shown: ``(method, text)``, or two empty strings."""
    if unshown:
        import re

        if re.search(unshown, str(type(value))):
            return "", ""
    for method in methods:
        try:
            text = getattr(value, method)()
        except Exception:
            continue
        if isinstance(text, str):
            return (method, text) if text != "None" else ("", "")
    return "", ""


def _plain(value: object) -> object:
    """A NumPy or framework scalar as Python's own; anything else as it is.

    What can't be published is sent as a tuple: its type's name, and what went wrong, if it did.
    """
    try:
        if hasattr(value, "item") and getattr(value, "shape", None) == ():
            value = value.item()
    except Exception as error:
        return type(value).__name__, f"its .item() raised {_told(error)[1]}"
    return value if type(value) in (bool, int, float, str) else (type(value).__name__, "")


def _facts(folder: str, names: dict[str, object]) -> dict[str, object]:
    """What the caller needs to know of the process, while it still exists."""
    modules, local = set(), set()
    for name, module in list(_modules.items()):
        modules.add(str(name).partition(".")[0])
        try:
            path = getattr(module, "__file__", None)
        except Exception:  # a module that only comes to be when it is asked for something
            continue
        if name != "__main__" and isinstance(path, str) and path.startswith(folder):
            local.add(path)
    measured = names.get("measured", {})
    if not isinstance(measured, dict):
        published: object = type(measured).__name__
    else:
        published = [(str(key), _plain(value)) for key, value in measured.items()]
    # Not through open(), whose decoding is code that a script may have broken.
    peak_kib = 0
    try:
        status = _open("/proc/self/status", os.O_RDONLY)
        held = os.read(status, 10_000).partition(b"VmHWM:")[2].split()
        peak_kib = int(held[0])
        _close(status)
    except (OSError, LookupError):  # not Linux: the caller falls back on its own samples
        pass
    return {
        "modules": sorted(modules),
        "local": sorted(local),
        "measured": published,
        "peak_kib": peak_kib,
    }


_read: set[str] = set()
_written: set[str] = set()
_children: list[str] = []
#: Events of changes to files, and how many of their arguments are paths.
_CHANGES = {"os.rename": 2, "os.remove": 1, "os.link": 2, "os.symlink": 2, "os.truncate": 1}
_CHANGES |= {"os.mkdir": 1, "os.rmdir": 1}
_STARTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.system", "os.posix_spawn", "os.exec"}


#: What matplotlib imports to draw without a screen, when much else is there already.
_DRAWS = "matplotlib.backends._backend_agg"


def _ignore_shows() -> None:
    """Don't tell on every page that ``show`` shows nothing where there is no screen."""
    import re
    import warnings

    said = re.compile(r".*is non-interactive, and thus cannot be shown")
    warnings.filters.insert(0, ("ignore", said, UserWarning, None, 0))  # type: ignore[attr-defined]


def _note_files(watched: tuple[str, ...], skipped: tuple[str, ...]) -> None:
    """Remember which files below ``watched``, less ``skipped``, the example reads and changes,
    and whether it starts processes, whose doings can't be seen."""

    def place(path: object) -> str:
        try:
            if not isinstance(path, str):
                path = _fsdecode(_fspath(path))  # type: ignore[arg-type]
            if not path.startswith(_SEP):
                path = f"{_getcwd()}{_SEP}{path}"
            elif path.startswith(skipped) and ".." not in path:
                return ""
            path = _normpath(path)
        except Exception:  # a descriptor, say, or the working folder is gone
            return ""
        return path if path.startswith(watched) and not path.startswith(skipped) else ""

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            if mode is None:
                writes = isinstance(flags, int) and bool(flags & _WRITING)
            else:
                writes = not str(mode).startswith("r") or "+" in str(mode)
            (_written if writes else _read).add(place(path))
        elif event in _CHANGES:
            _written.update(map(place, arguments[: _CHANGES[event]]))
        elif event in _STARTS:
            _children.append(event)
        elif event == "import" and arguments[0] == _DRAWS:
            _ignore_shows()

    sys.addaudithook(note)


class _Run:
    """The cells of one job in this process."""

    def __init__(self, job: dict[str, object], clock: Clock) -> None:
        self.job, self.clock, self.number, self.flags = job, clock, 1, 0
        self.script = str(job["script"])
        self.folder = self.script.rpartition(_SEP)[0] + _SEP
        self.inside = None
        self.names = _become(self.script, str(job["doc"]), job["argv"], job["paths"])

    def report(self, *event: object) -> None:
        data, file = _dumps(event), _open(self.job["events"], _APPENDING, 0o600)  # type: ignore[arg-type]
        try:
            while data:
                data = data[_write(file, data) :]
        finally:
            _close(file)

    def printed(self) -> int:
        """How many bytes have been printed; what is printed is never held back."""
        return _stat(self.job["output"]).st_size  # type: ignore[arg-type]

    def cells(self) -> int:
        """Run the cells; the process's exit status, as a plain script's would be."""
        if self.job["inside"]:
            self.inside = _load(*self.job["inside"])  # type: ignore[misc]
            self.inside.before()
        status = self.all()
        if self.inside and self.job["tells"]:
            self.report("names", self.inside.told(self.names), self.clock.so_far())
        return status

    def all(self) -> int:
        """Run them one after another, to the first that fails."""
        for index, cell in enumerate(self.job["cells"]):  # type: ignore[arg-type]
            self.report("cell", index, self.printed())
            if not self.cell(index, *cell):
                return 1
        facts = _facts(self.folder, self.names)
        facts |= {"read": sorted(_read - {""}), "written": sorted(_written - {""})}
        facts |= {"children": bool(_children)}
        self.report("end", facts, self.clock.so_far())
        return 0

    def cell(self, index: int, line: int, source: str, drawn: bool, reprs: list[str]) -> bool:
        """Run one cell and tell of it; whether the next one may run."""
        clock = self.clock
        started = _now()
        clock.go()
        try:
            last = self.execute(line, source, bool(reprs))
            clock.pause()
            seconds, end = _now() - started, self.printed()
            shown = _represented(last[0], reprs, str(self.job["unshown"])) if last else ("", "")
            figures, rst = self.draw(index) if drawn else ([], ("", ""))
        except BaseException as error:
            clock.pause()
            seconds, end = _now() - started, self.printed()
            if isinstance(error, SystemExit):
                code = repr(error.code) if isinstance(error.code, (int, str, type(None))) else "..."
                self.report("exit", index, end, code, clock.so_far())
            else:
                self.report("error", index, seconds, end, *_told(error), clock.so_far())
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
        tree = compile(padded, self.script, "exec", flags=syntax, dont_inherit=True)
        last = tree.body.pop() if tree.body and type(tree.body[-1]).__name__ == "Expr" else None  # type: ignore[attr-defined]
        self.go(compile(tree, self.script, "exec", flags=self.flags, dont_inherit=True))
        if last is None:
            return []
        import _ast

        expression = _ast.Expression(last.value)
        code = compile(expression, self.script, "eval", flags=self.flags, dont_inherit=True)
        return [eval(code, self.names)]

    def go(self, code: object) -> None:
        self.flags |= code.co_flags & _FUTURE_FLAGS  # type: ignore[attr-defined]
        exec(code, self.names)  # type: ignore[arg-type]

    def draw(self, index: int) -> tuple[list[tuple[str, str]], tuple[str, str]]:
        """The figures of a cell as files with titles, or as somebody else draws them."""
        if self.inside and self.job["draws"]:
            return [], self.inside.drawn(index, self.names)
        figures = _save_figures(str(self.job["figures"]), self.number)
        self.number += len(figures)
        return figures, ("", "")


def _load(file: str, settings: bytes, folder: str) -> object:
    names = {"__name__": "inside", "__file__": file}
    with open(file, encoding="utf-8") as source:
        exec(compile(source.read(), file, "exec"), names)
    return names["begin"](settings, folder)


def _become(script: str, doc: str, argv: object, paths: object) -> dict[str, object]:
    """Have the interpreter look as it does to ``python script.py``; the script's globals."""
    sys.argv[:] = [script, *argv]  # type: ignore[misc]
    sys.path[0] = os.path.dirname(script)
    sys.path += [path for path in paths if path not in sys.path]  # type: ignore[attr-defined]
    module = type(sys)("__main__")
    module.__dict__.update(__file__=script, __builtins__=builtins, __doc__=doc)
    _modules["__main__"] = module
    return module.__dict__


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
    _note_files(job["watched"], job["skipped"])
    try:
        return run.cells()
    except BaseException as error:  # of ours, or a signal handler's of the script's
        run.report("broken", *_told(error)[1:3])
        return 1


if __name__ == "__main__":
    # The plain end of an interpreter follows: its cost is part of the example's.
    status = main(sys.argv[1])
    if status:
        sys.exit(status)
