"""What publishing costs beside fifty versions, apart from the build itself.

    PYTHONPATH=conf:tests .venv/bin/python tests/benchmarks/fifty_versions.py

Copies build/html fifty times, as fifty versions in which every example was run again, a tenth
of the measured values moved and fifteen points of a changelog are new, and publishes one more; prints the seconds that checking and publishing
take, how large the root is (``stable/`` aside, which is one of the versions) and its page of changes.
Needs `make html`, and a machine left alone.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
import zlib
from pathlib import Path

from builds import hashes
from publisher import checking, places, releases

ROOT = Path(__file__).resolve().parent.parent.parent


def as_version(folder: Path, version: str) -> Path:
    """A copy of the built pages that says it is ``version``, with numbers of its own."""
    shutil.copytree(ROOT / "build" / "html", folder)
    path = folder / releases.ABOUT
    about = json.loads(path.read_text(encoding="utf-8"))
    major, minor = map(int, version.split("."))
    own = minor + 60 * (major > 1)
    about["versions"]["torch"] = f"2.{own}.0"
    told = {"version": version, "notes": about["notes"][:15]}
    path.write_text(json.dumps(about | told), encoding="utf-8")
    path = folder / "data/examples.json"
    examples = json.loads(path.read_text(encoding="utf-8"))
    for entry in examples:
        entry["executed_at"] = f"2026-11-{own % 28 + 1:02}T{own % 24:02}:00:00Z"
        entry["wall_seconds"] *= 1 + own % 7 / 10
        for name in sorted(entry["measured"]):
            moves = sum(moved(entry["name"], name, one) for one in range(own))
            entry["measured"] |= {name: moves + 0.123} if moves else {}
    path.write_text(json.dumps(examples), encoding="utf-8")
    return folder


def moved(example: str, name: str, version: int) -> bool:
    """Whether a version measures another value than the one before it: one in ten does."""
    return zlib.crc32(f"{example} {name} {version}".encode()) % 10 == 0


def main() -> None:
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
        site = Path(folder) / "site"
        for count in (0, 1, 10, 50):
            for minor in range(count):
                if not (site / f"1.{minor}").exists():
                    as_version(site / f"1.{minor}", f"1.{minor}")
            version = f"2.{count}"
            built = as_version(Path(folder) / "built", version)
            commit = releases.read_folder(built, version).commit
            before = hashes(site / "1.0") if count else {}
            started = time.perf_counter()
            release = checking.check(built, version, commit)
            checked = time.perf_counter()
            places.Folder(site).publish(built, release, "")
            ended = time.perf_counter()
            same = before == (hashes(site / "1.0") if count else {})
            root = [p for p in site.rglob("*") if p.is_file() and _at_root(site, p)]
            print(
                f"beside {len(list(site.glob('[12].*'))) - 1:2} versions: "
                f"check {checked - started:.2f} s, publish {ended - checked:.2f} s; "
                f"switcher.json {(site / 'switcher.json').stat().st_size:,} B, root "
                f"{len(root)} files, {sum(p.stat().st_size for p in root) / 1e3:,.0f} kB; "
                f"changes.html {(site / 'changes.html').stat().st_size / 1e3:,.0f} kB; "
                f"{'nothing old changed' if same else 'OLD FILES CHANGED'}"
            )


def _at_root(site: Path, path: Path) -> bool:
    first = path.relative_to(site).parts[0]
    return not first[0].isdigit() and first != "stable"


if __name__ == "__main__":
    main()
