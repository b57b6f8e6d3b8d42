"""Does a build that is stopped at a random moment leave anything, and is the next one whole?

    PYTHONPATH=conf:tests .venv/bin/python tests/benchmarks/random_interrupts.py [TIMES] [SEED]

Builds a small gallery that knows nothing of this site, stops it TIMES times while it executes and
TIMES times while pages are made and written, by SIGINT, SIGTERM and SIGKILL in turn, and builds
again. Says of each: processes left, temporary folders left, status of the next build, pages that
differ from those of a build that nobody stopped. Ends with 1 if there is anything to say.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from conftest import ROOT, clean_environment

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
SCRIPT = '''"""
Number {number}
{line}

About it.
"""

import subprocess
import time

import matplotlib.pyplot as plt

subprocess.Popen(["sleep", "{mark}"], start_new_session=True)
time.sleep(0.2)
plt.plot([1, {number}])
print("this is {number}")
'''


class Gallery:
    def __init__(self, folder: Path, count: int, mark: str) -> None:
        self.folder, self.temporary = folder, folder / "tmp"
        shutil.copytree(ROOT / "tests/roots/test-foreign/doc", folder / "doc")
        shutil.copytree(ROOT / "tests/roots/test-foreign/package", folder / "package")
        for name in ("examples", "tutorials"):
            (folder / name).mkdir()
            shutil.copy(ROOT / "tests/roots/test-foreign" / name / "README.rst", folder / name)
        self.temporary.mkdir()
        for number in range(count):
            text = SCRIPT.format(number=number, line="=" * (7 + len(str(number))), mark=mark)
            (folder / f"examples/plot_{number:02}.py").write_text(text)

    def start(self) -> subprocess.Popen[str]:
        more = "{'image_scrapers': ('matplotlib',), 'image_srcset': [], 'matplotlib_animations': False, 'expected_failing_examples': []}"
        return subprocess.Popen(
            [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-b", "html", ".", "_build"],
            cwd=self.folder / "doc", text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=clean_environment(WITH_RUNNER="1", MORE=more, TMPDIR=str(self.temporary)),
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip

    def build(self) -> tuple[int, str]:
        running = self.start()
        text, _ = running.communicate()
        return running.returncode, text

    def pages(self) -> dict[str, str]:
        """The pages, without what differs from run to run."""
        found = {}
        for path in (self.folder / "doc/_build").rglob("*.html"):
            if path.stem == "sg_execution_times":  # in the order of the times
                continue
            text = re.sub(
                r"\d+\.\d+ s\b|\d+\.\d{3}( seconds)?|[\d,]+ MiB|\d{4}-\d\d-\d\d \d\d:\d\d|\d\d:\d\d\.\d+",
                "",
                path.read_text(),
            )
            found[str(path.relative_to(self.folder))] = text
        return found

    def again(self, *, execute: bool) -> None:
        """Have the next build execute all, or make all pages of the records that there are."""
        records = self.folder / "doc/auto_examples/.records"
        for path in (self.folder / "doc/auto_examples").glob("*"):
            shutil.rmtree(
                path
            ) if path.is_dir() and path != records else path.is_file() and path.unlink()
        for path in (self.folder / "doc/_build").glob("*"):
            if path.name != ".doctrees":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        if execute:
            shutil.rmtree(records, ignore_errors=True)


def left(mark: str, temporary: Path) -> list[int]:
    """Processes of the examples, and those that keep them: not those of other builds."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        line = " ".join(process.info["cmdline"] or [])
        ours = (process.info["environ"] or {}).get("TMPDIR", "").startswith(str(temporary))
        if f"sleep {mark}" in line or (ours and ("keeper.py" in line or "child.py" in line)):
            found.append(process.pid)
    return found


def stopped(gallery: Gallery, phase: str, how: signal.Signals, seconds: float) -> None:
    """Start a build and stop it ``seconds`` after ``phase`` has begun."""
    running = gallery.start()
    begins = "[1/" if phase == "executing" else "generating gallery"
    for line in running.stdout:
        if begins in line:
            break
    # Read on, or the build would wait for its reader.
    with open(os.devnull, "w") as nowhere:
        reader = subprocess.Popen(["cat"], stdin=running.stdout, stdout=nowhere)
    time.sleep(seconds)
    running.send_signal(how)
    running.wait()
    reader.wait()


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    chance = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    mark, wrong = "86399", 0
    with tempfile.TemporaryDirectory() as name:
        gallery = Gallery(Path(name) / "project", 8, mark)
        code, text = gallery.build()
        assert code == 0, text
        whole = gallery.pages()
        for phase, span in (("executing", 4.0), ("writing", 2.5)):
            for number in range(times):
                how, seconds = SIGNALS[number % 3], chance.uniform(0, span)
                gallery.again(execute=phase == "executing")
                stopped(gallery, phase, how, seconds)
                time.sleep(0.5)
                processes, folders = (
                    left(mark, gallery.temporary),
                    [path.name for path in gallery.temporary.iterdir()],
                )
                code, text = gallery.build()
                pages = gallery.pages()
                others = sorted(
                    key for key in whole.keys() | pages.keys() if whole.get(key) != pages.get(key)
                )
                bad = bool(processes or folders or code or others)
                wrong += bad
                print(
                    f"{phase:9} {how.name:7} after {seconds:.2f} s: processes left {len(processes)}, "
                    f"folders left {len(folders)}, next build {code}, pages that differ {len(others)}"
                    + (f" {others[:3]} {folders} {text[-500:] if code else ''}" if bad else ""),
                    flush=True,
                )
    print(f"{wrong} of {2 * times} left something")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
