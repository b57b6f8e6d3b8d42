"""What the child tells of an example's process: exceptions, figures, values, files.

A part of :mod:`site_ext.run.child`, executed by it as a file with the child's own copy of the
builtins, and bound by the same rules: nothing is imported that a plain interpreter has not loaded,
unless the clock stands still, and nothing leans on what a script may have changed.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SEP, MODULES = os.sep, sys.modules
getcwd, normpath, fspath, fsdecode = os.getcwd, os.path.normpath, os.fspath, os.fsdecode
open_file, close, read = os.open, os.close, os.read
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
#: The files whose frames are no part of an example's traceback.
OURS = {__file__, __file__.replace("telling.py", "child.py")}


def told(error: BaseException) -> tuple[int, str, str, str | None]:
    """The line of the cell that failed, the exception in one line, its traceback without our own
    frames, and the module that could not be imported, if that is what failed."""
    kind = type(error).__name__
    brief = kind
    try:
        brief = f"{kind}: {error}".partition("\n")[0]
        import traceback

        tb = error.__traceback__
        while tb is not None and tb.tb_frame.f_code.co_filename in OURS:
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


def save_figures(folder: str, number: int) -> list[tuple[str, str, str]]:
    """Save and close the open matplotlib figures; ``(path, titles, what is drawn)`` each. Beside
    the pixels stands the drawing as SVG, where matplotlib can write it."""
    pyplot = MODULES.get("matplotlib.pyplot")
    saved: list[tuple[str, str, str]] = []
    if not hasattr(pyplot, "get_fignums"):
        return saved
    try:
        for figure_number in pyplot.get_fignums():  # type: ignore[union-attr]
            figure = pyplot.figure(figure_number)  # type: ignore[union-attr]
            path = f"{folder}{SEP}{number + len(saved):03}.png"
            figure.savefig(path)
            places = (
                (axes, place) for axes in figure.axes for place in ("left", "center", "right")
            )
            above = getattr(figure, "_suptitle", None)
            titles = [
                above.get_text() if above else "",
                *(axes.get_title(loc=place) for axes, place in places),
            ]
            titles = [title for title in titles if title]
            saved.append((path, ", ".join(titles), _drawn(figure)))
            _save_drawing(figure, path)
    finally:
        pyplot.close("all")  # type: ignore[union-attr]
    return saved


def _save_drawing(figure: "Any", path: str) -> None:
    """The figure as SVG, beside ``path``, with nothing in it that differs from run to run."""
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    try:
        figure.savefig(f"{path[:-4]}.svg", metadata=nothing)
    except Exception:  # something that only pixels can show: those are there
        try:
            os.remove(f"{path[:-4]}.svg")
        except OSError:
            pass


#: Characters that tell of a figure.
_MOST_TOLD = 900


def _drawn(figure: "Any") -> str:
    """What a figure shows, in words: its axes, its bars, the ends of its lines, what is written."""
    told: list[str] = []
    try:
        for axes in figure.axes:
            against = [text for text in (axes.get_ylabel(), axes.get_xlabel()) if text]
            told += [" against ".join(against)] if against else []
            for bars in axes.containers:
                told += _bars(axes, bars)
            for line in axes.lines:
                told += _line(line)
            told += [text.get_text() for text in axes.texts]
    except Exception:  # what nobody foresaw: the titles are told
        return ""
    text = "; ".join(" ".join(one.split()) for one in told if one.strip())
    return text if len(text) <= _MOST_TOLD else f"{text[:_MOST_TOLD].rpartition('; ')[0]}; and more"


def _bars(axes: "Any", bars: "Any") -> list[str]:
    """Each bar's name and value."""
    values = getattr(bars, "datavalues", None)
    if values is None:
        return []
    lies = getattr(bars, "orientation", "vertical") == "horizontal"
    ticks = axes.get_yticklabels() if lies else axes.get_xticklabels()
    names = [tick.get_text() for tick in ticks]
    if len(names) != len(values):
        names = [""] * len(values)
    label = bars.get_label()
    head = "" if label.startswith("_") else f"{label}: "
    return [
        head + ", ".join(f"{n} {float(v):.3g}".strip() for n, v in zip(names, values, strict=True))
    ]


def _line(line: "Any") -> list[str]:
    """The ends of a line that has a name."""
    label, values = str(line.get_label()), line.get_ydata()
    if label.startswith("_") or len(values) < 2:
        return []
    return [f"{label} from {float(values[0]):.3g} to {float(values[-1]):.3g}"]


def represented(value: object, methods: list[str], unshown: str) -> tuple[str, str]:
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
            text = "".join([text])  # noqa: FLY002 - exactly a str, which f"" may not give
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
        return type(value).__name__, f"its .item() raised {told(error)[1]}"
    return value if type(value) in (bool, int, float, str) else (type(value).__name__, "")


def _files(given: object) -> object:
    """The files that a script gives to the site; of what is none, its type's name."""
    if not isinstance(given, dict):
        return type(given).__name__
    return [
        (str(name), content if type(content) is bytes else type(content).__name__)
        for name, content in given.items()
    ]


def facts(folder: str, names: dict[str, object]) -> dict[str, object]:
    """What the caller needs to know of the process, while it still exists."""
    modules, local = set(), set()
    for name, module in list(MODULES.items()):
        modules.add(str(name).partition(".")[0])
        try:
            path = getattr(module, "__file__", None)
        except Exception:  # a module that only comes to be when it is asked for something
            continue
        if name != "__main__" and isinstance(path, str) and path.startswith(folder):
            local.add("".join([path]))  # noqa: FLY002
    measured = names.get("measured", {})
    if not isinstance(measured, dict):
        published: object = type(measured).__name__
    else:
        published = [(str(key), _plain(value)) for key, value in measured.items()]
    # Not through open(), whose decoding is code that a script may have broken.
    peak_kib = 0
    try:
        status = open_file("/proc/self/status", 0)
        held = read(status, 10_000).partition(b"VmHWM:")[2].split()
        peak_kib = int(held[0])
        close(status)
    except (OSError, LookupError):  # not Linux: the caller falls back on its own samples
        pass
    return {
        "modules": sorted(modules),
        "local": sorted(local),
        "measured": published,
        "published": _files(names.get("published", {})),
        "peak_kib": peak_kib,
        "read": sorted(_read - {""}),
        "written": sorted(_written - {""}),
        "children": bool(_children),
    }


_read: set[str] = set()
_written: set[str] = set()
_children: list[str] = []
#: Events of changes to files, and how many of their arguments are paths.
_CHANGES = {"os.rename": 2, "os.remove": 1, "os.link": 2, "os.symlink": 2, "os.truncate": 1}
_CHANGES |= {"os.mkdir": 1, "os.rmdir": 1, "shutil.rmtree": 1, "sqlite3.connect": 1}
_STARTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.system", "os.posix_spawn", "os.exec"}


#: What matplotlib imports to draw without a screen, when much else is there already.
_DRAWS = "matplotlib.backends._backend_agg"


def _ignore_shows() -> None:
    """Don't tell on every page that ``show`` shows nothing where there is no screen."""
    import re
    import warnings

    said = re.compile(r".*is non-interactive, and thus cannot be shown")
    warnings.filters.insert(0, ("ignore", said, UserWarning, None, 0))  # type: ignore[attr-defined]


def note_files(watched: tuple[str, ...], skipped: tuple[str, ...]) -> None:
    """Remember which files below ``watched``, less ``skipped``, the example reads and changes,
    and whether it starts processes, whose doings can't be seen."""

    def place(path: object) -> str:
        try:
            if not isinstance(path, str):
                path = fsdecode(fspath(path))  # type: ignore[call-overload]
            if not path.startswith(SEP):
                path = f"{getcwd()}{SEP}{path}"
            elif path.startswith(skipped) and ".." not in path:
                return ""
            path = normpath(path)
        except Exception:  # a descriptor, say, or the working folder is gone
            return ""
        return path if path.startswith(watched) and not path.startswith(skipped) else ""

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            if mode is None:
                writes = isinstance(flags, int) and bool(flags & WRITING)
            else:
                writes = not str(mode).startswith("r") or "+" in str(mode)
            path = place(path)
            if writes:
                _written.add(path)
            elif path not in _written:  # what it reads of its own is no input
                _read.add(path)
        elif event in _CHANGES:
            _written.update(map(place, arguments[: _CHANGES[event]]))
        elif event in _STARTS:
            _children.append(event)
        elif event == "import" and arguments[0] == _DRAWS:
            _ignore_shows()

    sys.addaudithook(note)
