"""Do several cold builds give the same numbers?

    PYTHONPATH=conf:tests .venv/bin/python tests/benchmarks/same_numbers.py build/records ../second/build/records ...

Compares what each example measured in the given folders of records, times and sizes of
memory aside, and lists every value that is not the same to the last bit.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from publisher.changes import UNSTEADY


def steady(folder: Path) -> dict[str, object]:
    """Every value that should be the same again, by ``example.name``."""
    found: dict[str, object] = {}
    for path in sorted(folder.glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        for name, value in record["measured"].items():
            if not name.endswith(UNSTEADY):
                found[f"{record['name']}.{name}"] = value
    return found


def main(folders: list[Path]) -> int:
    runs = [steady(folder) for folder in folders]
    names = sorted(set().union(*runs))
    moved = [name for name in names if len({repr(run.get(name)) for run in runs}) > 1]
    for name in moved:
        print(f"{name:<60} {'  '.join(str(run.get(name)) for run in runs)}")
    print(f"{len(names)} values, {len(moved)} not the same in all of {len(folders)} folders")
    return 1 if moved else 0


if __name__ == "__main__":
    sys.exit(main([Path(name) for name in sys.argv[1:]]))
