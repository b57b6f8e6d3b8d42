"""What a script may do to the runner: each fault is named, and nothing else suffers."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from conftest import ROOT, Build, Site, alive, make_site

if TYPE_CHECKING:
    from pathlib import Path

#: Scripts that fail: name -> (code, kind, what the build says of it).
FAILING = {
    "many_lines": (
        "raise RuntimeError('Error(s) in loading state_dict:\\n\\tsize mismatch for fc.weight')",
        "exception", "RuntimeError: Error(s) in loading state_dict:",
    ),
    "syntax": ("exec('a b')", "exception", "SyntaxError: invalid syntax"),
    "own_text_fails": (
        "class Bad(Exception):\n    def __str__(self): raise SystemExit(0)\nraise Bad",
        "exception", "Bad",
    ),
    "item_raises": (
        "class Lazy:\n    shape = ()\n    def item(self): raise OSError('the device is gone')\n"
        "measured = {'loss': Lazy()}",
        "measured", "measured['loss'] can't be read: its .item() raised OSError: the device is gone",
    ),
    "surrogate": (
        "measured = {'name': '\\ud800'}", "measured", "measured['name'] has half of a character",
    ),
    "huge_number": (
        "measured = {'n': 10 ** 5000}", "measured", "measured['n'] is an integer of 16,610 bits",
    ),
    "long_text": (
        "measured = {'text': 'x' * 20_000}", "measured", "is a text of 20,000 characters",
    ),
    "escapes": (
        "raise ValueError('\\x1b[31mred\\x1b]0;owned\\x07\\x9b2J')", "exception", "ValueError: red",
    ),
    "folder_gone": (
        "import os, shutil\nshutil.rmtree(os.path.dirname(os.environ['TMPDIR']))",
        "lost", "there is no account of its run",
    ),
    "forged": (
        "import os\nwith open(os.path.dirname(os.environ['TMPDIR']) + '/events', 'ab') as file:\n"
        "    file.write(b'what is this')",
        "lost", "there is no account of its run",
    ),
    "prints_for_ever": (
        "while True: print('x' * 1_000_000)", "output limit", "printed more than 512 MiB",
    ),
    "opens_too_many": (
        "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        "files = []\nwhile True: files.append(open('/dev/null'))",
        "exception", "OSError: [Errno 24] Too many open files",
    ),
    "shows_too_much": (
        "class Big:\n    def _repr_html_(self): return 'x' * 40_000_000\nBig()",
        "lost", "an expression that shows itself in",
    ),
    "like_a_traceback": (
        "raise RuntimeError('died\\n  File \"x.py\", line 3 in <module>')",
        "exception", "RuntimeError: died",
    ),
    "removes_pages": (
        "import shutil\nshutil.rmtree('../../docs/extra')",
        "elsewhere", "changed what is not its own: docs/extra/note.txt",
    ),
    "writes_pages": (
        "open('../../docs/index.md', 'a').write('\\nOwned.\\n')",
        "elsewhere", "changed what is not its own: docs/index.md",
    ),
    "writes_others": (
        "import subprocess\nsubprocess.run(['sh', '-c', 'echo 1 >> ../z_others/victim.py'])",
        "elsewhere", "changed what is not its own: gallery/z_others/victim.py",
    ),
    "writes_examples": (
        "open('new_example.py', 'w').write('1')",
        "elsewhere", "changed what is not its own: gallery/faults/new_example.py",
    ),
}  # fmt: skip
#: Scripts that pass, whatever they do, and what their pages show of it.
PASSING = {
    "binary": ("import sys\nsys.stdout.buffer.write(b'caf\\xc3')\nprint(' \\ud800')", "caf\ufffd \\ud800"),
    "closes_all": ("import os\nos.closerange(3, 4096)\nmeasured = {'one': 1}", ""),
    "patches_all": (
        "import builtins, os, time, marshal\nprint('patched')\n"
        "for name in ('open', 'len', 'isinstance', 'repr', 'getattr', 'sorted', 'type'):\n"
        "    setattr(builtins, name, None)\n"
        "os.write = os.open = os.stat = time.perf_counter = marshal.dumps = None",
        "patched",
    ),
    "forks": (
        "import os\nif os.fork() == 0:\n    raise SystemExit(3)\nos.wait()\nprint('the parent')",
        "the parent",
    ),
    "place_gone": (
        "import os, tempfile\nhere = os.getcwd()\nfolder = tempfile.mkdtemp()\nos.chdir(folder)\n"
        "os.rmdir(folder)\ntry:\n    open('nothing')\nexcept OSError:\n    print('no such file')",
        "no such file",
    ),
    "prints_a_lot": ("print('x' * 5_000_000)\nprint('the last words')", "more were printed"),
    "reads_above": (
        "from pathlib import Path\nprint(len(open('../GALLERY_HEADER.rst').read()) > 0)\n"
        "print((Path(__file__).parent.parent / 'data.txt').read_text())",
        "first",
    ),
    "leaves_files": ("open('scratch.csv', 'w').write('1')\nprint('in its own folder')", "in its own"),
    "shows": (
        "import matplotlib.pyplot as plt\nprint(plt.rcParams['font.size'])\n"
        "plt.plot([1, 2])\nplt.title('A line')\nplt.show()\nprint('shown')",
        "10.0\nshown",
    ),
    "says_itself": ("print(__doc__)\nprint('and more')", "and more"),
}  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, Build]:
    folder: Path = tmp_path_factory.mktemp("faults") / "site"
    site = make_site(folder, "test-empty")
    for name, (code, *_) in (FAILING | PASSING).items():
        site.example(f"faults/{name}", code)
    site.example("z_others/victim", "print('unharmed')")
    site.write("gallery/data.txt", "first")
    site.write("docs/extra/note.txt", "a note")
    conf = site.folder / "conf/conf.py"
    conf.write_text(conf.read_text() + "\nsphinx_gallery_conf['capture_repr'] = ('_repr_html_',)\n")
    home = site.write("home/.config/matplotlib/matplotlibrc", "font.size: 30\n").parents[2]
    # A screen that is not there, and settings of whoever builds.
    return site, site.build(DISPLAY=":99", HOME=str(home), XDG_CONFIG_HOME=f"{home}/.config")


def test_every_example_is_accounted_for(built: tuple[Site, Build]) -> None:
    """All run, whatever one of them does, and the build fails."""
    site, build = built
    total = len(FAILING) + len(PASSING) + 1

    assert 1 == build.code, build.text
    assert f"{len(FAILING)} of {total} examples failed" in build.text
    assert total == len(site.examples())


@pytest.mark.parametrize("name", FAILING)
def test_a_fault_is_named(built: tuple[Site, Build], name: str) -> None:
    """In the build's output, in the record and on the page."""
    site, build = built
    _, kind, what = FAILING[name]
    failure = site.record(f"faults/{name}")["failure"]
    page = site.page(f"gallery/faults/{name}").select_one(".example-status").get_text()

    assert kind == failure["kind"]
    assert any(what in line for line in build.lines(f"gallery/faults/{name}.py")), build.text
    assert what.partition(":")[0] in page


@pytest.mark.parametrize("name", PASSING)
def test_what_is_no_fault_passes(built: tuple[Site, Build], name: str) -> None:
    """And its page shows what it printed, and no warning of a library's."""
    site, _ = built
    record = site.record(f"faults/{name}")
    page = site.page(f"gallery/faults/{name}")
    printed = "".join(box.get_text() for box in page.select(".sphx-glr-script-out"))

    assert "passed" == record["status"], record["failure"]
    assert PASSING[name][1] in printed
    assert "Warning" not in printed


def test_nothing_reaches_the_terminal_raw(built: tuple[Site, Build]) -> None:
    """An exception's text can't move the cursor, set colours or change a title."""
    _, build = built

    assert "\x1b" not in build.text
    assert "\x9b" not in build.text


def test_output_is_kept_within_bounds(built: tuple[Site, Build]) -> None:
    """Of what a script prints, a page shows the first part, and how much is missing."""
    site, _ = built
    page = site.folder / "build/html/gallery/faults/prints_a_lot.html"

    assert page.stat().st_size < 1_500_000
    assert "3,951,440 bytes more were printed" in page.read_text()


def test_the_docstring_is_not_shown_twice(built: tuple[Site, Build]) -> None:
    """It is the page's own text; what the script printed of it is in the record."""
    site, _ = built
    [box] = site.page("gallery/faults/says_itself").select(".sphx-glr-script-out")

    assert "and more" == box.get_text().strip()
    assert "faults/says_itself\n===" in site.record("faults/says_itself")["outputs"][0]["text"]


def test_files_above_are_inputs(built: tuple[Site, Build]) -> None:
    """Those that a script reads with ``..``, or by its own path."""
    site, _ = built

    assert {"../GALLERY_HEADER.rst", "../data.txt"} <= set(
        site.record("faults/reads_above")["inputs"]["files"]
    )


STARTS = """\
import subprocess

for more in ({{}}, {{"env": {{}}}}):
    child = subprocess.Popen(["sleep", "300"], start_new_session=True, **more)
    with open({pids!r}, "a") as file:
        file.write(f"{{child.pid}} ")
{then}
"""


@pytest.mark.parametrize(
    "then", ["", "import os\nos._exit(0)", "import os\nos.kill(os.getpid(), 9)"]
)
def test_no_process_outlives_its_example(site: Site, tmp_path: Path, then: str) -> None:
    """Not one that has left its session and its environment, however the example ends."""
    pids = tmp_path / "pids"
    site.example("theme/starts", STARTS.format(pids=str(pids), then=then))
    site.build()
    running = [int(pid) for pid in pids.read_text().split()]

    assert 2 == len(running)
    assert not any(map(alive, running))


def test_folders_for_temporary_files_go(site: Site, tmp_path: Path) -> None:
    """Those of the runner, and what a script leaves in its own."""
    site.example(
        "theme/leaves", "import tempfile\nopen(tempfile.mkdtemp() + '/big', 'w').write('x')"
    )
    build = site.build(TMPDIR=str(tmp_path))

    assert 0 == build.code, build.text
    assert [] == [path.name for path in tmp_path.iterdir() if path.name != "site"]


EDITED = """\
import time
from pathlib import Path

print("old")
Path({ready!r}).touch()
time.sleep(1.5)
"""


@pytest.mark.parametrize("which", ["script", "helper"])
def test_an_edit_while_a_script_runs_is_seen(site: Site, tmp_path: Path, which: str) -> None:
    """The page shows the code that ran beside what it printed, and the next build runs the new
    code: nobody says "up to date" to new code beside an old output."""
    ready = tmp_path / "ready"
    site.write("gallery/theme/_helper.py", "WORD = 'old'\n")
    site.example(
        "theme/edited", f"import _helper\n{EDITED.format(ready=str(ready))}print(_helper.WORD)"
    )
    running = site.start()
    while not ready.exists() and running.poll() is None:
        time.sleep(0.02)
    if which == "script":
        site.change("gallery/theme/edited.py", 'print("old")', 'print("new")')
    else:
        site.change("gallery/theme/_helper.py", "old", "new")
    running.communicate(timeout=60)
    page = site.page("gallery/theme/edited")
    build = site.build()

    assert 'print("old")' in page.select_one(".highlight-Python").get_text()
    assert "old" in page.select_one(".sphx-glr-script-out").get_text()
    assert "up to date" not in build.text
    assert "new" in site.page("gallery/theme/edited").select_one(".sphx-glr-script-out").get_text()


def test_names_that_differ_by_a_dot_have_records_of_their_own(site: Site) -> None:
    """``a/b.c`` and ``a.b/c`` are two examples."""
    site.example("a/b.c", "print('one')")
    site.example("a.b/c", "print('two')")
    build = site.build()
    again = site.build()

    assert 0 == build.code, build.text
    assert ["a.b/c: up to date", "a/b.c: up to date"] == again.text.splitlines()
    assert "one" in site.page("gallery/a/b.c").select_one(".sphx-glr-script-out").get_text()


def test_pages_that_others_wrote_stay(site: Site) -> None:
    """A page written by hand beside those of a theme whose examples have gone."""
    site.example("theme/one", "print(1)")
    site.example("other/two", "print(2)")
    assert 0 == (build := site.build()).code, build.text
    hand = site.write("docs/gallery/theme/by_hand.rst", ":orphan:\n\nBy hand\n=======\n")
    for path in (site.folder / "gallery/theme").iterdir():
        path.unlink()
    os.rmdir(site.folder / "gallery/theme")
    build = site.build()
    left = {path.name for path in hand.parent.iterdir()}

    assert 0 == build.code, build.text
    assert {"by_hand.rst"} == left
    assert not (site.folder / "build/html/gallery/theme/one.html").exists()


def test_what_is_missing_in_a_helper_is_looked_for_again(site: Site, tmp_path: Path) -> None:
    """A script that fails on an optional package which only its helper imports."""
    site.write("gallery/theme/_helper.py", "import executorch_of_tests\n")
    site.example("theme/asks", "import _helper\nprint('found')")
    conf = site.folder / "conf/conf.py"
    conf.write_text(conf.read_text() + "\nexamples_optional = {'executorch_of_tests': 'it'}\n")
    first = site.build()
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/executorch_of_tests.py").write_text("")
    conf_path = f"{os.environ.get('PYTHONPATH', '')}{os.pathsep}{ROOT / 'conf'}{os.pathsep}{tmp_path / 'lib'}"
    build = site.build(PYTHONPATH=conf_path)

    assert "theme/asks: new; skipped: executorch_of_tests is not installed" in first.text
    assert "theme/asks: executorch_of_tests is installed now; passed" in build.text
