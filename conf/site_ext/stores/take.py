"""Take from a store what is fit for this tree, into its own records.

A record is taken if nothing that it depends on differs here, and only where this tree has none
that is up to date: what is there is never replaced by what is worse.
"""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from site_ext.base.files import write_whole
from site_ext.base.text import clean, cut
from site_ext.run import inputs, records
from site_ext.run.execute import held
from site_ext.run.plan import wanted
from site_ext.stores import checks, places
from site_ext.stores.hosts import shown
from site_ext.stores.pack import Refused, Unusable

if TYPE_CHECKING:
    from collections.abc import Callable

    from site_ext.run.plan import Options
    from site_ext.run.scripts import Example
    from site_ext.stores.pack import Pack

#: What was asked for last of a host, and for how many seconds its answer holds.
ASKED, SECONDS_BETWEEN = ".asked", 600
#: Names that one line tells, of what was not taken for one reason.
NAMED = 3


def take(where: str, options: Options, say: Callable[[str], None]) -> None:
    """Take what is wanted from the store ``where``; a line says what was, and why the rest was
    not, and one more each what was refused.

    Raises :exc:`SiteError` for a folder or file that is not there.
    """
    with held(options.records):
        _take(where, shown(where), options, say)


def _take(where: str, named: str, options: Options, say: Callable[[str], None]) -> None:
    open_ones = wanted(options)
    if not open_ones:
        say(f"records: all {len(options.examples)} are here; {named} was not asked")
        return
    why = dict.fromkeys(open_ones, "it has none")
    taken: Counter[str] = Counter()
    if _asked_lately(where, open_ones, options.records):
        say(f"records: {len(open_ones)} are not here, for which {named} was asked just now")
        return
    try:
        with places.opened(where, options.root, lambda told: say(_line(told))) as packs:
            for pack in packs:
                taken[pack.label] = _from(pack, open_ones, why, options, say)
                if not open_ones:
                    break
    except Refused as refused:
        say(_line(f"{named}: {refused}"))
    _note_asked(where, open_ones, options.records)
    say(_summary(named, taken, {name: why[name] for name in open_ones}, len(options.examples)))


def _from(
    pack: Pack,
    open_ones: dict[str, Example],
    why: dict[str, str],
    options: Options,
    say: Callable[[str], None],
) -> int:
    """Take from one pack, out of ``open_ones``, and note ``why`` not; how many were taken."""
    taken = 0
    for name, example in list(open_ones.items()):
        listed = pack.listed.get(name)
        if listed is None:
            continue
        if listed.script != example.digest:
            why[name] = "of another text of the script"
            continue
        try:
            text = pack.bytes_of(listed)
        except Unusable as refused:
            say(_line(f"{pack.label} refused: {refused}"))
            why |= dict.fromkeys(open_ones, "refused")
            break
        except Refused as refused:
            say(_line(f"{pack.label}: {name} refused: {refused}"))
            why[name] = "refused"
            continue
        record, wrong = checks.read(text, example, options.root)
        if wrong or record is None:
            say(_line(f"{pack.label}: {name} refused: {wrong}"))
            why[name] = "refused"
        elif differs := inputs.why_outdated(example, record):
            why[name] = differs
        else:
            # In this order: whatever comes between, no record passes for one of our own.
            records.note_origin(options.records, record, pack.label)
            records.write(options.records, record)
            del open_ones[name]
            taken += 1
    return taken


def _line(told: str) -> str:
    """A stranger's words on a line of ours."""
    return " ".join(cut(clean(f"records: {told}"), 400).split())


def _note_asked(where: str, left: dict[str, Example], folder: Path) -> None:
    if left and _is_far(where):
        write_whole(folder / ASKED, _question(where, left))


def _asked_lately(where: str, left: dict[str, Example], folder: Path) -> bool:
    """Whether the same was asked for of a host a moment ago: a writer's builds follow each other."""
    with suppress(OSError, ValueError):
        path = folder / ASKED
        late = time.time() - path.stat().st_mtime > SECONDS_BETWEEN
        return not late and path.read_text(encoding="utf-8") == _question(where, left)
    return False


def _is_far(where: str) -> bool:
    return not Path(where).exists()


def _question(where: str, left: dict[str, Example]) -> str:
    return "".join(
        f"{line}\n" for line in (where, *sorted(f"{n} {e.digest}" for n, e in left.items()))
    )


def _summary(where: str, taken: Counter[str], why: dict[str, str], total: int) -> str:
    """One line: how many were taken from where, and why the others were not."""
    parts = [f"{number} from {label}" for label, number in taken.items() if number]
    line = f"records: {sum(taken.values())} of {total} taken"
    line += f" ({', '.join(parts)})" if parts else f" from {where}"
    reasons: dict[str, list[str]] = {}
    for name, reason in why.items():
        reasons.setdefault(reason, []).append(name)
    told = [
        f"{reason}: {', '.join(names) if len(names) <= NAMED else f'{len(names)} examples'}"
        for reason, names in sorted(reasons.items(), key=lambda one: -len(one[1]))
    ]
    line += f"; not taken: {'; '.join(told)}" if told else ""
    return " ".join(cut(clean(line), 1000).split())
