"""Execute here what a release executed, and compare what it measured: ``make reproduce``.

    python -m commands.reproduce 0.2

``RELEASE`` names a published version, which ``SITE`` or ``BRANCH`` have; it is executed from its
own commit with its own pins, in a clone; ``dev`` is this tree, as `make html` built it last. Or
``RECORDS`` names a store, and the scripts of this tree that it has records of are executed.
``PATTERN`` leaves out. Nothing that was executed before counts. Times and sizes of memory are not
compared. The table is said; the same goes into ``build/reproductions/``, from where it can be sent
in for ``docs/reproductions/``.

Ends with status 1 where a value moved beyond its tolerance, an example fails or a claim would
fall, and with 2 where it could not tell (make itself makes both of them 2).
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from commands import compare
from commands.ending import exit_with
from publisher import building, reproduction
from site_ext.base import machine, versions
from site_ext.base.errors import SiteError
from site_ext.base.files import write_json
from site_ext.base.text import clean
from site_ext.claims.reproductions import MOVED as MOVED_HERE
from site_ext.claims.reproductions import NOT_COMPARABLE
from site_ext.gallery import build, data
from site_ext.run import plan
from site_ext.stores import checks, places
from site_ext.stores.pack import Refused

if TYPE_CHECKING:
    from site_ext.claims.reproductions import Reproduction
    from site_ext.run.plan import Options

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "build" / "reproductions"

MOVED = 1


def of_release(name: str) -> tuple[Reproduction, list[str]]:
    """The release of that name, executed again with what it was made with."""
    release = compare.find(name)
    pattern = os.environ.get("PATTERN", "")
    there = {k: one for k, one in release.examples.items() if re.search(pattern, k)}
    if release.version == versions.DEV:
        options = build.options_in(ROOT)
        here = _executed(
            replace(options, examples=[e for e in options.examples if e.name in there])
        )
    else:
        with building.alone(ROOT):
            folder = building.executed_again(ROOT, release.version, release.commit, pattern)
        accounts = [_account(path) for path in sorted(folder.glob("*.json"))]
        here = {one["name"]: one for one in accounts}
    # A release of before there were tolerances has those of today's scripts.
    today = {one.name: one.tolerances for one in build.options_in(ROOT).examples}
    there = {k: {"tolerances": today.get(k, {})} | one for k, one in there.items()}
    claims = list((release.claims or {}).values())
    return _compared(release.version, release.commit, there, here, claims)


def _compared(
    version: str,
    commit: str,
    there: dict[str, Any],
    here: dict[str, Any],
    claims: list[dict[str, Any]],
) -> tuple[Reproduction, list[str]]:
    """What came of it, and the examples that fail here; raises :exc:`SiteError` where nothing can
    be compared."""
    found = reproduction.compare(version, commit, there, here, claims)
    failed = reproduction.failed(there, here)
    if not failed and len(found.values) == found.count(NOT_COMPARABLE):
        why = next((one.why for one in found.values), "nothing was measured")
        raise SiteError(f"no value can be compared: {why}")
    return found, failed


def _account(path: Path) -> dict[str, Any]:
    """What a record of any release's form tells of a run."""
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def of_store(where: str) -> tuple[Reproduction, list[str]]:
    """The scripts of this tree that a store has records of, executed again."""
    options, there = build.options_in(ROOT), {}
    scripts = {one.name: one for one in options.examples}
    try:
        with places.opened(where, ROOT) as packs:
            for pack in packs:
                for name, listed in pack.listed.items():
                    example = scripts.get(name)
                    if name in there or example is None or listed.script != example.digest:
                        continue
                    if not re.search(options.pattern, name):
                        continue
                    try:
                        text = pack.bytes_of(listed)
                        record, wrong = checks.read(text, example, options.root)
                    except Refused as refused:
                        record, wrong = None, str(refused)
                    if record and not wrong:
                        entry = plan.Entry(example, record, "passed", "")
                        there[name] = data.account(entry, "")
                    else:
                        print(clean(f"{pack.label}: {name} refused: {wrong}")[:400], flush=True)
    except Refused as refused:
        raise SiteError(f"RECORDS={where}: {refused}") from None
    if not there:
        raise SiteError(f"RECORDS={where}: it has no record of a script as it is here")
    here = _executed(replace(options, examples=[scripts[name] for name in there]))
    commit = next(iter(there.values()))["commit"]
    return _compared(versions.DEV, commit, there, here, _claims())


def _claims() -> list[dict[str, Any]]:
    """The claims of this tree, as `make html` has judged them last."""
    path = ROOT / "build/html/data/claims.json"
    found: list[dict[str, Any]] = json.loads(path.read_text("utf-8")) if path.exists() else []
    return found


def _executed(options: Options) -> dict[str, dict[str, Any]]:
    """These examples, executed into records of their own."""
    folder = OUT / "records"
    for path in folder.glob("*.json"):
        path.unlink()
    entries = build.execute_and_tell(replace(options, records=folder), strict=False)
    return {entry.example.name: data.account(entry, "") for entry in entries if entry.record}


def main(name: str) -> int:
    store = os.environ.get("RECORDS", "")
    if bool(name) == bool(store):
        raise SiteError("name one of the two: RELEASE=0.2, or RECORDS= and a store")
    found, failed = of_release(name) if name else of_store(store)
    print(reproduction.as_text(found))
    for one in failed:
        print(f"fails here: {one}")
    what = versions.normal(name) if name else "store"
    cpu = re.sub(r"\W+", "-", str(machine.describe()["cpu"])).strip("-").lower()[:40]
    path = OUT / f"{what}-{cpu}.json"
    write_json(path, msgspec.to_builtins(found))
    print(f"\nwritten to {path.relative_to(ROOT)}")
    return MOVED if found.count(MOVED_HERE) or found.fallen or failed else 0


if __name__ == "__main__":
    exit_with("reproduce", lambda: main(sys.argv[1] if len(sys.argv) > 1 else ""))
