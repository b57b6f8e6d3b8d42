"""What does the harness cost for 300 trivial examples, in time and in memory?

    PYTHONPATH=conf:tests .venv/bin/python tests/benchmarks/many_examples.py [HOW_MANY]

Builds a site of trivial examples and compares the seconds with as many plain runs of Python;
samples the memory of the Sphinx process meanwhile. Leave the machine alone.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from conftest import clean_environment, make_site

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as name:
        site = make_site(Path(name) / "site", "test-empty")
        scripts = [
            site.example(f"theme/e{number:03}", f"print({number})\n\nmeasured = {{'n': {number}}}")
            for number in range(count)
        ]
        started = time.perf_counter()
        for script in scripts:
            subprocess.run([sys.executable, str(script)], check=True, stdout=subprocess.DEVNULL)
        plain = time.perf_counter() - started
        for round_ in ("cold", "nothing changed"):
            started = time.perf_counter()
            build = subprocess.Popen(
                site.command("html"), cwd=site.folder, stdout=subprocess.DEVNULL,
                env=clean_environment(),
            )  # fmt: skip
            process, peak = psutil.Process(build.pid), 0.0
            while build.poll() is None:
                try:
                    peak = max(peak, process.memory_info().rss / 2**20)
                except psutil.Error:
                    break
                time.sleep(0.05)
            assert build.wait() == 0
            seconds = time.perf_counter() - started
            print(f"{round_}: {seconds:.1f} s, Sphinx process at most {peak:.0f} MiB")
            if round_ == "cold":
                over = (seconds - plain) / count
                print(f"plain Python: {plain:.1f} s; above it {over:.3f} s an example")


if __name__ == "__main__":
    main()
