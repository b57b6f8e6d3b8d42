"""A release's measured values against those of the same scripts, executed here.

Pure functions over two sets of accounts, each as ``examples.json`` has them.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from publisher.changes import SMALL
from site_ext.base import frameworks, machine, values
from site_ext.base.text import clean
from site_ext.claims import checks
from site_ext.claims.reproductions import (
    EQUAL,
    MOVED,
    NOT_COMPARABLE,
    OUTCOMES,
    WITHIN,
    Reproduction,
    Side,
    Value,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from site_ext.claims.reproductions import Outcome

#: What was measured by an example, as an entry of ``examples.json``.
Account = dict[str, Any]


def compare(
    release: str,
    commit: str,
    there: Mapping[str, Account],
    here: Mapping[str, Account],
    claims: Iterable[dict[str, Any]] = (),
) -> Reproduction:
    """What came of the values of ``there``, a release's, ``here``."""
    found = [
        value
        for name, account in sorted(there.items())
        if account["measured"]
        for value in _values(name, account, here.get(name))
    ]
    return Reproduction(
        release=release,
        commit=commit,
        date=datetime.now(UTC).date().isoformat(),
        there=_side(there),
        here=_side(here),
        values=found,
        fallen=sorted(_fallen(claims, here)),
    )


def _values(name: str, there: Account, here: Account | None) -> Iterable[Value]:
    for key, old in sorted(there["measured"].items()):
        if key.endswith(values.UNSTEADY):
            continue
        tolerance = _tolerance(key, there.get("tolerances") or (here or {}).get("tolerances") or {})
        why = _why_not(here, key)
        new = here["measured"].get(key) if here and not why else None
        outcome = NOT_COMPARABLE if why else _outcome(old, new, tolerance)
        yield Value(
            example=name, value=key, outcome=outcome, there=old, here=new, tolerance=tolerance, why=why
        )  # fmt: skip


def _why_not(here: Account | None, key: str) -> str:
    if here is None:
        return "it was not executed here"
    if here["status"] != "passed":
        return f"it {here['status']} here: {here.get('reason', '')}"
    return "" if key in here["measured"] else "it is not measured here"


def _tolerance(key: str, tolerances: Mapping[str, float]) -> float:
    return next((most for name, most in tolerances.items() if fnmatchcase(key, name)), 0.0)


def _outcome(old: Any, new: Any, tolerance: float) -> Outcome:
    if values.is_number(old) and values.is_number(new):
        if math.isclose(old, new, rel_tol=SMALL, abs_tol=1e-12):
            return EQUAL
        return WITHIN if abs(old - new) <= tolerance else MOVED
    return EQUAL if old == new else MOVED


def _side(accounts: Mapping[str, Account]) -> Side:
    ran = [one for one in accounts.values() if one["measured"] and one["machine"]]
    versions = {
        k: v for one in ran for k, v in (one["versions"] or {}).items() if k in frameworks.TITLES
    }
    return Side(versions=versions, machines=machine.distinct(one["machine"] for one in ran))


def _fallen(claims: Iterable[dict[str, Any]], here: Mapping[str, Account]) -> set[str]:
    """The claims of which a check that held does not hold for what was measured here."""
    fallen = set()
    for claim in claims:
        for one in claim["evidence"]:
            account = here.get(one.get("example", ""))
            if one["kind"] != "example" or not one.get("holds") or not one.get("check"):
                continue
            if account is None or account["status"] not in ("passed", "failed"):
                continue
            try:
                holds = checks.check(one["check"]).value(account["measured"])
            except checks.CheckError:  # of one that failed, nothing is measured
                holds = False
            if not holds:
                fallen.add(claim["id"])
    return fallen


def failed(there: Mapping[str, Account], here: Mapping[str, Account]) -> list[str]:
    """The examples that passed there and fail here."""
    return [k for k, one in sorted(here.items()) if one["status"] == "failed" and k in there]


def as_text(found: Reproduction) -> str:
    """A table for a terminal: what moved and what can't be compared, and the counts."""
    lines = [f"{found.release}, executed again"]
    lines += [_side_line("there", found.there), _side_line("here", found.here), ""]
    for one in found.values:
        if one.outcome == MOVED:
            there, here = values.apart(one.there, one.here)
            within = f" (tolerance {one.tolerance:g})" if one.tolerance else ""
            lines.append(f"moved            {one.example}.{one.value}: {there} -> {here}{within}")
        elif one.outcome == NOT_COMPARABLE:
            lines.append(f"not comparable   {one.example}.{one.value}: {one.why}")
    lines += [f"{found.count(outcome):>6} {outcome}" for outcome in OUTCOMES]
    lines += [f"claim that would fall: {name}" for name in found.fallen]
    return "\n".join(clean(line) for line in lines)


def _side_line(word: str, side: Side) -> str:
    machines = "; ".join(machine.line(one) for one in side.machines) or "nowhere"
    return f"{word + ':':<6} {frameworks.line(side.versions) or 'no framework'}, on {machines}"
