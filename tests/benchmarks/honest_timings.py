"""Does the runner's clock tell what ``python script.py`` takes?

    PYTHONPATH=conf:tests .venv/bin/python tests/benchmarks/honest_timings.py [PAIRS] [PATTERN]

Runs each example in pairs, through the runner and as a plain script, in turn, and prints
the ratio of the wall times: its median for each example and over all. Leave the machine
alone meanwhile. Also compares what a run under the harness costs beyond its own wall time.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from found import FOUND, HERE
from site_ext.run import process, scripts

ROOT = Path(__file__).resolve().parents[2]


def bare(script: Path) -> float:
    """Seconds of a plain run, its output out of the way."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, str(script)],
            cwd=script.parent, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
            check=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        return time.perf_counter() - started


def harnessed(example: scripts.Example) -> tuple[float, float]:
    """``(wall_seconds as recorded, seconds that the run really took)``."""
    started = time.perf_counter()
    execution = process.run(
        example.script, example.cells, doc=example.doc, environment=HERE.environment
    )
    if execution.failure:
        raise SystemExit(f"{example.name}: {execution.failure.what}")
    return execution.wall_seconds, time.perf_counter() - started


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    pattern = sys.argv[2] if len(sys.argv) > 2 else ""
    found = [e for e in FOUND if re.search(pattern, e.name)]
    rows = {e.name: {"bare": [], "recorded": [], "spent": []} for e in found}
    for pair in range(pairs):
        # Every other round in reverse: the order of the examples must not matter.
        for example in found if pair % 2 == 0 else reversed(found):
            row = rows[example.name]
            for kind in ("bare", "harness") if pair % 2 == 0 else ("harness", "bare"):
                if kind == "bare":
                    row["bare"].append(bare(example.script))
                else:
                    recorded, spent = harnessed(example)
                    row["recorded"].append(recorded)
                    row["spent"].append(spent)
    medians = []
    for name, row in rows.items():
        ratios = [r / b for r, b in zip(row["recorded"], row["bare"], strict=True)]
        medians.append(statistics.median(ratios))
        forward, backward = row["recorded"][0::2], row["recorded"][1::2]
        print(
            f"{name:28} bare {statistics.median(row['bare']):6.2f} s  "
            f"recorded {statistics.median(row['recorded']):6.2f} s  "
            f"ratio {medians[-1]:.3f} ({min(ratios):.3f} to {max(ratios):.3f})  "
            f"order: {statistics.median(forward):.2f} / {statistics.median(backward or [0]):.2f} s"
        )
    spent = sum(sum(row["spent"]) for row in rows.values())
    plain = sum(sum(row["bare"]) for row in rows.values())
    print(f"median over examples {statistics.median(medians):.3f}")
    print(f"under the harness {spent:.1f} s, plain {plain:.1f} s, ratio {spent / plain:.3f}")
    target = ROOT / "build" / "benchmarks"
    target.mkdir(parents=True, exist_ok=True)
    (target / "honest_timings.json").write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
