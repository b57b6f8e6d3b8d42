"""Run one example, cell by cell, in the process that it has for itself.

Executed as a script by :mod:`site_ext.run.process`, one fresh interpreter an example::

    python child.py JOB

JOB is a file with a marshalled dict: ``script`` (path), ``cells`` (a list of
``(line number, source)``), ``events``, ``output`` and ``figures`` (paths to
write to). What happens is appended to ``events`` as marshalled tuples, at once,
so that an account of it survives a crash:

``("cell", i)``                                  cell i begins
``("done", i, seconds, end, figures, paused)``   it ended; its output ends at byte ``end``
``("error", i, seconds, end, line, kind, text, module, paused)``  it raised
``("exit", i, end, code, paused)``               it called ``sys.exit``
``("end", facts, paused)``                       all cells ran; ``facts`` about the process

``paused`` is the time, in seconds, that this file has spent on its own business so
far; the caller takes it off the clock.

Why it imports next to nothing: whatever is imported here, an example need not
import, and would look faster than ``python example.py``. So only modules that
every interpreter has loaded by the time it runs a script; the rest is imported
after the last cell, or after a failure, with the clock paused.
"""

import time

_born = time.perf_counter()

import marshal
import os
import sys
from io import TextIOWrapper

#: Compiler flags of all ``from __future__ import`` features; a cell's hold for
#: the cells after it, as they would in one file.
_FUTURE_FLAGS = 0x1FE0000


class Clock:
    """Adds up the seconds in which the example itself is not running."""

    def __init__(self, since: float) -> None:
        self.paused = 0.0
        self._since: float | None = since

    def pause(self) -> None:
        self._since = time.perf_counter()

    def so_far(self) -> float:
        running = time.perf_counter() - self._since if self._since is not None else 0.0
        return self.paused + running

    def go(self) -> None:
        self.paused = self.so_far()
        self._since = None


def _told(error: BaseException) -> tuple[int, str, str, str | None]:
    """The line of the cell that failed, the exception's kind, its traceback without our own
    frames, and the module that could not be imported, if that is what failed."""
    import traceback

    tb = error.__traceback__
    while tb is not None and tb.tb_frame.f_code.co_filename == __file__:
        tb = tb.tb_next
    line = tb.tb_lineno if tb else getattr(error, "lineno", None) or 0
    text = "".join(traceback.format_exception(type(error), error, tb))
    missing = getattr(error, "name", None) if isinstance(error, ImportError) else None
    return line, type(error).__name__, text, missing


def _save_figures(folder: str, number: int) -> list[tuple[str, str]]:
    """Save and close the open matplotlib figures; ``(path, alternative text)`` each."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    saved: list[tuple[str, str]] = []
    for figure_number in pyplot.get_fignums() if pyplot else ():
        figure = pyplot.figure(figure_number)  # type: ignore[union-attr]
        path = os.path.join(folder, f"{number + len(saved):03}.png")
        figure.savefig(path, dpi=160)
        titles = [figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)]
        saved.append((path, "; ".join(title for title in titles if title)))
        pyplot.close(figure)  # type: ignore[union-attr]
    return saved


def _plain(value: object) -> object:
    """A NumPy or framework scalar as Python's own; anything else as it is.

    What can't be published is sent as its type's name, in a tuple, for the error.
    """
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    return value if type(value) in (bool, int, float, str) else (type(value).__name__,)


def _facts(script: str, names: dict[str, object]) -> dict[str, object]:
    """What the caller needs to know of the process, while it still exists."""
    folder = os.path.dirname(script) + os.sep
    modules, local = set(), set()
    for name, module in list(sys.modules.items()):
        modules.add(name.partition(".")[0])
        path = getattr(module, "__file__", None)
        if name != "__main__" and path and path.startswith(folder):
            local.add(path)
    measured = names.get("measured", {})
    if not isinstance(measured, dict):
        published: object = type(measured).__name__
    else:
        published = [(str(key), _plain(value)) for key, value in measured.items()]
    peak_kib = 0
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            for row in status:
                if row.startswith("VmHWM:"):
                    peak_kib = int(row.split()[1])
    except OSError:  # not Linux: the caller falls back on its own samples
        pass
    return {
        "modules": sorted(modules),
        "local": sorted(local),
        "read": sorted(_read),
        "measured": published,
        "peak_kib": peak_kib,
    }


_read: set[str] = set()


def _note_files_read(folder: str) -> None:
    """Remember which files below ``folder`` the example opens for reading."""
    prefix = folder + os.sep

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            path, mode, _ = arguments
            if isinstance(path, str) and (mode is None or str(mode).startswith("r")):
                path = os.path.join(os.getcwd(), path)
                if path.startswith(prefix):
                    _read.add(os.path.normpath(path))

    sys.addaudithook(note)


def main(job_path: str) -> int:
    """Run the job; the process's exit status, as a plain script's would be."""
    clock = Clock(_born)
    with open(job_path, "rb") as file:
        job = marshal.load(file)
    events = os.open(job["events"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    raw = open(job["output"], "wb", buffering=0)
    output = TextIOWrapper(raw, "utf-8", errors="backslashreplace", write_through=True)
    sys.stdout = sys.stderr = output
    names = _become(job["script"], job["doc"])

    def report(*event: object) -> None:
        os.write(events, marshal.dumps(event))  # type: ignore[arg-type]

    flags, number = 0, 1
    _note_files_read(os.path.dirname(job["script"]))
    for index, (line, source) in enumerate(job["cells"]):
        report("cell", index)
        started = time.perf_counter()
        clock.go()
        try:
            flags |= _run_cell(line, source, job["script"], flags, names)
            clock.pause()
            seconds = time.perf_counter() - started
            figures = _save_figures(job["figures"], number)
        except BaseException as error:
            clock.pause()
            seconds = time.perf_counter() - started
            output.flush()
            end = raw.tell()
            if isinstance(error, SystemExit):
                report("exit", index, end, repr(error.code), clock.so_far())
            else:
                report("error", index, seconds, end, *_told(error), clock.so_far())
            return 1
        number += len(figures)
        output.flush()
        report("done", index, seconds, raw.tell(), figures, clock.so_far())
    report("end", _facts(job["script"], names), clock.so_far())
    return 0


def _run_cell(line: int, source: str, script: str, flags: int, names: dict[str, object]) -> int:
    """Run a cell; the compiler's flags for those after it."""
    # Leading line breaks make tracebacks and inspect.getsource point into the file itself.
    padded = "\n" * (line - 1) + source
    code = compile(padded, script, "exec", flags=flags, dont_inherit=True)
    exec(code, names)
    inherited: int = code.co_flags & _FUTURE_FLAGS
    return inherited


def _become(script: str, doc: str) -> dict[str, object]:
    """Have the interpreter look as it does to ``python script.py``; the script's globals."""
    sys.argv[:] = [script]
    sys.path[0] = os.path.dirname(script)
    module = type(sys)("__main__")
    module.__dict__.update(__file__=script, __builtins__=__builtins__, __doc__=doc)
    sys.modules["__main__"] = module
    return module.__dict__


if __name__ == "__main__":
    # The plain end of an interpreter follows: its cost is part of the example's.
    status = main(sys.argv[1])
    if status:
        sys.exit(status)
