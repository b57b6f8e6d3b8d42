"""Execute on the workers of a Dask cluster, which somebody has started.

Dask takes examples to workers, one at a time to each, and those of a worker that is lost to
another. What it takes there is a ticket, not a script: a worker has the same tree, and says so
before it is given anything (:mod:`site_ext.gallery.worker` is its side). Only the records come
back, and are written here.
"""

from __future__ import annotations

import uuid
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from distributed import Client, wait
from packaging.utils import canonicalize_name

from site_ext.base.errors import SiteError
from site_ext.run import inputs, packages, records
from site_ext.run.execute import ended, ordered, write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from distributed import Future

    from site_ext.run.plan import Entry, Options
    from site_ext.run.progress import Progress
    from site_ext.run.scripts import Example

#: Seconds to look for a scheduler, and between two looks at which workers are left.
SECONDS_TO_FIND, SECONDS_BETWEEN = 5, 2


class Ticket(NamedTuple):
    """What a worker is told: which example, why, which files it read last time, how many workers
    each host has, and for which build it is."""

    name: str
    digest: str
    reason: str
    before: dict[str, str]
    stretch: float
    beside: dict[str, int]
    build: str


class Workshop(Protocol):
    """The functions that run on a worker: a module that it can import."""

    def about(self, names: list[str], distributions: list[str]) -> dict[str, Any]:
        """What it has: ``host``, ``python``, ``platform``, ``threads``, ``versions`` of these
        distributions, ``scripts`` as digests of these examples."""

    def run(self, ticket: Ticket) -> tuple[bytes, str]:
        """A record's file and a log."""

    def stop(self, build: str) -> None:
        """End what runs there for a build, and what waits."""


@dataclass
class _Cluster:
    client: Client
    workshop: Workshop
    options: Options
    progress: Progress
    build: str = field(default_factory=lambda: uuid.uuid4().hex)
    #: Whether a worker was found that can't be used.
    refused: bool = False

    def fit(self, due: list[Entry]) -> dict[str, str]:
        """The hosts of the workers that can be given these, by their addresses; each other one
        is told, with what differs."""
        scripts = {entry.example.name: entry.example.digest for entry in due}
        pins = due[0].example.surroundings.pins
        versions = _versions([entry.example for entry in due], pins)
        told = self.client.run(
            self.workshop.about, list(scripts), list(versions), on_error="return"
        )
        found = {}
        for address, about in told.items():
            if differs := _differs(about, scripts, versions):
                self.refused = True
                self.progress.say(f"worker {address} is not used: {differs}")
            else:
                found[address] = about["host"]
        return found

    def execute(self, due: list[Entry]) -> None:
        hosts = self.fit(due)
        if not hosts:
            raise SiteError(f"CLUSTER={self.options.cluster}: it has no worker that can be used")
        mine = {self._submit(entry, hosts): entry for entry in due}
        try:
            self._gather(mine, hosts)
        except (SiteError, KeyboardInterrupt):
            self._stop(list(mine))
            raise
        except Exception as error:
            self._stop(list(mine))
            raise SiteError(
                f"CLUSTER={self.options.cluster}: the cluster was lost ({error!r}); what has ended "
                "is kept"
            ) from error

    def _stop(self, mine: list[Future]) -> None:
        """End what runs, as far as there is still somebody to be told."""
        self.progress.stopped = True
        with suppress(Exception):
            self.client.cancel(mine, force=True)
            self.client.run(self.workshop.stop, self.build, on_error="ignore")

    def _submit(self, entry: Entry, hosts: dict[str, str]) -> Future:
        example, record = entry.example, entry.record
        before = record.inputs["files"] if record else {}
        stretch = float(self.options.stretch)
        beside = dict(Counter(hosts.values()))
        name, digest = example.name, example.digest
        ticket = Ticket(name, digest, entry.reason, before, stretch, beside, self.build)
        # Where all can be used, those that come later, or again under another address, can too.
        workers = list(hosts) if self.refused else None
        return self.client.submit(
            self.workshop.run, ticket,
            key=f"{name}-{self.build}", workers=workers, pure=False, priority=int(example.timed),
        )  # fmt: skip

    def _gather(self, mine: dict[Future, Entry], hosts: dict[str, str]) -> None:
        """Write the records as they come."""
        waiting = set(mine)
        while waiting:
            try:
                done = wait(waiting, timeout=SECONDS_BETWEEN, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                left = set(self.client.scheduler_info(-1)["workers"])
                if not (left & set(hosts) if self.refused else left):
                    raise SiteError(
                        f"CLUSTER={self.options.cluster}: no worker is left; what has ended is kept"
                    ) from None
                continue
            for future in done:
                waiting.discard(future)
                self._take(mine[future], future)

    def _take(self, entry: Entry, future: Future) -> None:
        with self.progress.of(entry) as tell:
            try:
                text, log = future.result()
            except Exception as error:
                raise SiteError(
                    f"{entry.example.name}: no record came of its run on the cluster: {error!r}"
                ) from error
            record = records.decoded(text)
            if record is None or record.name != entry.example.name:
                raise SiteError(f"{entry.example.name}: a worker answered with something else")
            differs = inputs.why_outdated(entry.example, record)
            if record.status == "passed" and differs:
                raise SiteError(
                    f"{entry.example.name}: the worker's run does not stand for one here: {differs}"
                )
            write(self.options.records, record, log)
            ended(entry, record, tell, self.options)


def execute_on(
    address: str, due: list[Entry], options: Options, workshop: Workshop, progress: Progress
) -> None:
    """Run entries on the cluster whose scheduler is at ``address``.

    Raises :exc:`SiteError` where there is none, or none of its workers can be used.
    """
    try:
        client = Client(address, timeout=SECONDS_TO_FIND)
    except (OSError, ValueError) as error:
        raise SiteError(f"CLUSTER={address}: no scheduler answers there ({error})") from None
    with client:
        _Cluster(client, workshop, options, progress).execute(ordered(due, options))


def _versions(examples: list[Example], pins: Mapping[str, str]) -> dict[str, str]:
    """The pinned versions of what these examples import or ask for."""
    wanted = {canonicalize_name(name) for one in examples for name in packages.needed(one)}
    # What lacks here may lack there: its examples are skipped.
    there = {n for n in wanted & set(pins) if packages.version(n) != packages.ABSENT}
    return {name: pins[name] for name in sorted(there or wanted & set(pins))}


def _differs(about: Any, scripts: dict[str, str], versions: dict[str, str]) -> str:
    """What keeps a worker from being given anything; empty if nothing does."""
    if not isinstance(about, dict):  # an exception of its own
        return f"it can't say what it has: {about!r}"
    here = {"python": inputs.python(), "platform": inputs.here(), "threads": 1}
    for name, wanted in here.items():
        if about[name] != wanted:
            return f"its {name}: {about[name]}, not {wanted}"
    for name, version in versions.items():
        found = about["versions"][name]
        if found.partition("+")[0] != version:
            return f"its {name} is {found}, constraints.txt has {version}"
    others = [name for name, digest in scripts.items() if about["scripts"].get(name) != digest]
    return f"its tree has other texts of {', '.join(others[:3])}" if others else ""
