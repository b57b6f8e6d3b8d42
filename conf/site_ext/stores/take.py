"""Take from a store what is fit for this tree, into its own records.

A record is taken if nothing that it depends on differs here, and only where this tree has none
that is up to date: what is there is never replaced by what is worse.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from site_ext.base.files import locked
from site_ext.base.text import clean, cut
from site_ext.run import inputs, records
from site_ext.run.execute import BUSY
from site_ext.run.plan import wanted
from site_ext.stores import checks, places
from site_ext.stores.pack import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from site_ext.run.plan import Options
    from site_ext.run.scripts import Example
    from site_ext.stores.pack import Pack

#: Names that one line tells, of what was not taken for one reason.
NAMED = 3


def take(where: str, options: Options, say: Callable[[str], None]) -> None:
    """Take what is wanted from the store ``where``; a line says what was, and why the rest was
    not, and one more each what was refused.

    Raises :exc:`SiteError` for a folder or file that is not there.
    """
    open_ones = wanted(options)
    if not open_ones:
        say(f"records: all {len(options.examples)} are here; {where} was not asked")
        return
    why = dict.fromkeys(open_ones, "it has none")
    taken: Counter[str] = Counter()
    with locked(options.records / ".lock", BUSY):
        try:
            with places.opened(where, options.root) as packs:
                for pack in packs:
                    taken[pack.label] = _from(pack, open_ones, why, options, say)
                    if not open_ones:
                        break
        except Refused as refused:
            say(f"records: {_told(where, str(refused))}")
    say(_summary(where, taken, {name: why[name] for name in open_ones}, len(options.examples)))


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
        except Refused as refused:
            say(f"records: {_told(pack.label, f'{name} refused: {refused}')}")
            why[name] = "refused"
            continue
        record, wrong = checks.read(text, example, options.root)
        if wrong or record is None:
            say(f"records: {_told(pack.label, f'{name} refused: {wrong}')}")
            why[name] = "refused"
        elif differs := inputs.why_outdated(example, record):
            why[name] = differs
        else:
            records.write(options.records, record)
            records.note_origin(options.records, record, pack.label)
            del open_ones[name]
            taken += 1
    return taken


def _told(label: str, text: str) -> str:
    """A stranger's words on a line of ours."""
    return " ".join(cut(clean(f"{label}: {text}"), 400).split())


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
    return " ".join((line + (f"; not taken: {'; '.join(told)}" if told else "")).split())
