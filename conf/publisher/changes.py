"""What moved between two releases: verdicts, measured values, timings.

Pure functions of two :class:`~publisher.releases.Release`, shown by the root's page and by
``make compare``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from site_ext.base import values

if TYPE_CHECKING:
    from publisher.releases import Release

#: Relative; a smaller difference is rounding.
SMALL = 1e-6


@dataclass(frozen=True)
class Verdict:
    """A claim whose verdict is another one now."""

    claim: str
    statement: str
    old: str
    new: str


@dataclass(frozen=True)
class Moved:
    """A measured value that is another one now, and what changed for its example."""

    example: str
    title: str
    key: str
    old: str
    new: str
    causes: tuple[str, ...]


@dataclass(frozen=True)
class Timing:
    """Wall seconds on both sides."""

    example: str
    title: str
    old: float
    new: float


@dataclass
class Changes:
    """All that moved from ``old`` to ``new``."""

    old: Release
    new: Release
    frameworks: list[str] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    claims_added: list[str] = field(default_factory=list)
    claims_removed: list[str] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    #: How many of the examples that both have were run again.
    run_again: int = 0
    #: Pages of the article, apart from those of examples.
    pages_added: list[str] = field(default_factory=list)
    pages_removed: list[str] = field(default_factory=list)
    examples_added: list[str] = field(default_factory=list)
    examples_removed: list[str] = field(default_factory=list)
    timings: list[Timing] = field(default_factory=list)
    #: Examples that one side did not run, for want of a framework.
    not_run: list[str] = field(default_factory=list)
    #: Examples whose two times were taken on unlike machines, or beside others.
    not_compared: list[str] = field(default_factory=list)

    @property
    def none_moved(self) -> str:
        """What to say where no measured value moved."""
        count = len(set(self.old.examples) & set(self.new.examples))
        return f"none; {self.run_again} of {count} examples were run again"

    @property
    def summary(self) -> str:
        """How much moved, in a line."""
        told = [
            (len(self.verdicts), "verdict is another", "verdicts are others"),
            (len(self.moved), "measured value moved", "measured values moved"),
            (len(self.examples_added), "example is new", "examples are new"),
            (len(self.examples_removed), "example is gone", "examples are gone"),
            (len(self.pages_added), "page is new", "pages are new"),
            (len(self.pages_removed), "page is gone", "pages are gone"),
        ]
        parts = [f"{count} {one if count == 1 else more}" for count, one, more in told if count]
        both = len(set(self.old.examples) & set(self.new.examples))
        parts.append(f"{self.run_again} of {both} examples were run again")
        return ", ".join(parts)


def between(old: Release, new: Release) -> Changes:
    """What moved."""
    found = Changes(old, new, frameworks=_versions_moved(old.versions, new.versions))
    claims_then, claims_now = old.claims or {}, new.claims or {}
    found.claims_added = sorted(set(claims_now) - set(claims_then))
    found.claims_removed = sorted(set(claims_then) - set(claims_now))
    for name in sorted(set(claims_then) & set(claims_now)):
        then, now = claims_then[name], claims_now[name]
        if then["verdict"] != now["verdict"]:
            found.verdicts.append(Verdict(name, now["statement"], then["verdict"], now["verdict"]))
    pages_then, pages_now = _pages(old), _pages(new)
    found.pages_added = sorted(pages_now - pages_then)
    found.pages_removed = sorted(pages_then - pages_now)
    found.examples_added = sorted(set(new.examples) - set(old.examples))
    found.examples_removed = sorted(set(old.examples) - set(new.examples))
    for name in sorted(set(old.examples) & set(new.examples)):
        _compare_example(old.examples[name], new.examples[name], found)
    return found


def _pages(release: Release) -> set[str]:
    return {page for page in release.pages if not page.startswith("gallery/")}


def _compare_example(then: dict[str, Any], now: dict[str, Any], found: Changes) -> None:
    name, title = now["name"], now["title"]
    if "skipped" in {then["status"], now["status"]}:
        found.not_run.append(name)
        return
    again = then.get("executed_at") != now.get("executed_at")
    found.run_again += again
    causes = tuple(_causes(then, now))
    for key in sorted(set(then["measured"]) | set(now["measured"])):
        if key.endswith(values.UNSTEADY):
            continue
        old, new = then["measured"].get(key), now["measured"].get(key)
        if _differ(old, new):
            found.moved.append(Moved(name, title, key, *values.apart(old, new), causes))
    if then["wall_seconds"] is None or now["wall_seconds"] is None:
        return
    if not again:
        return  # the same run, shown by both
    if comparable(then, now):
        found.timings.append(Timing(name, title, then["wall_seconds"], now["wall_seconds"]))
    else:
        found.not_compared.append(name)


def comparable(then: dict[str, Any], now: dict[str, Any]) -> bool:
    """Whether two runs' times may stand side by side: alike machines, nothing beside them."""
    alone = all(run.get("exclusive", True) and not run.get("disturbed") for run in (then, now))
    return bool(alone and machine_key(then["machine"]) == machine_key(now["machine"]))


def machine_key(machine: dict[str, Any]) -> tuple[Any, ...]:
    """What makes two machines alike. Memory to a quarter: it wavers with the kernel."""
    ram = machine.get("ram_gib") or 0
    steps = round(math.log2(ram) * 4) if ram else 0
    return machine.get("cpu"), machine.get("cores"), machine.get("gpu"), steps


def _causes(then: dict[str, Any], now: dict[str, Any]) -> list[str]:
    causes = _versions_moved(then["versions"] or {}, now["versions"] or {})
    if then.get("script") != now.get("script"):
        causes.append("the script changed")
    machines = [run["machine"] for run in (then, now) if run["machine"]]
    if len({(machine_key(one), one.get("os")) for one in machines}) > 1:
        causes.append("another machine")
    if not causes and then.get("key") != now.get("key"):
        causes.append("a file beside the script changed")
    return causes or ["nothing that is recorded: not the same from run to run"]


def _versions_moved(then: dict[str, str], now: dict[str, str]) -> list[str]:
    return [
        f"{name} {then.get(name, 'absent')} -> {now.get(name, 'absent')}"
        for name in sorted(set(then) | set(now))
        if then.get(name) != now.get(name)
    ]


def _differ(old: Any, new: Any) -> bool:
    if values.is_number(old) and values.is_number(new):
        return not math.isclose(old, new, rel_tol=SMALL, abs_tol=1e-12)
    return bool(old != new)


def changelog(old: Release | None, new: Release) -> str:
    """The section of a changelog that tells which verdicts changed; empty without claims.

    ``old`` is the version before, if it can be had.
    """
    then, now = (old.claims if old else None) or {}, new.claims or {}
    if not then and not now:
        return ""
    if not then:
        lines = [f"- The first with a ledger here: {len(now)} statements judged."]
    else:
        was = {name: claim["verdict"] for name, claim in then.items()}
        lines = [
            f"- `{name}`: {now[name]['verdict']}, was {was[name]}"
            for name in sorted(set(was) & set(now))
            if was[name] != now[name]["verdict"]
        ]
        lines += [
            f"- `{name}`: {now[name]['verdict']}, new" for name in sorted(set(now) - set(was))
        ]
        lines += [f"- `{name}`: gone, was {was[name]}" for name in sorted(set(was) - set(now))]
    return "### Verdicts that changed\n\n" + ("\n".join(lines) or "- None.") + "\n"


def as_text(found: Changes) -> str:
    """For a terminal and for a bot's comment."""
    lines = [f"{found.old.version} -> {found.new.version}", ""]
    lines += _part("Frameworks", found.frameworks, "the same")
    if found.new.claims is None or found.old.claims is None:
        without = [r.version for r in (found.old, found.new) if r.claims is None]
        verb = "have" if len(without) > 1 else "has"
        lines += [f"Verdicts: not compared ({' and '.join(without)} {verb} no ledger)", ""]
    else:
        verdicts = [f"{v.claim}: {v.old} -> {v.new}   “{v.statement}”" for v in found.verdicts]
        lines += _part("Verdicts that changed", verdicts)
        lines += _part("Claims added", found.claims_added)
        lines += _part("Claims removed", found.claims_removed)
    moved = [
        f"{m.example}.{m.key}: {m.old} -> {m.new}   ({'; '.join(m.causes)})" for m in found.moved
    ]
    lines += _part("Measured values that moved", moved, found.none_moved)
    lines += _part("Pages added", found.pages_added) if found.pages_added else []
    lines += _part("Pages removed", found.pages_removed) if found.pages_removed else []
    lines += _part("Examples added", found.examples_added)
    lines += _part("Examples removed", found.examples_removed)
    lines += _part("Examples not run on one side", found.not_run) if found.not_run else []
    times = [f"{t.example}: {t.old:.1f} s -> {t.new:.1f} s" for t in found.timings]
    lines += _part("Wall times, on alike machines", times, "none run again")
    if found.not_compared:
        lines += _part(
            "Wall times not compared: unlike machines, not alone, or busy", found.not_compared
        )
    return "\n".join(lines).rstrip()


def _part(title: str, lines: list[str], none: str = "none") -> list[str]:
    if not lines:
        return [f"{title}: {none}", ""]
    return [f"{title}: {len(lines)}", *(f"  {line}" for line in lines), ""]
