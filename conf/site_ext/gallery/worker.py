"""What a worker of a Dask cluster does for a build elsewhere: :mod:`site_ext.run.cluster`.

A worker is started in the folder of a clone of the project, with the same packages, by
`make worker` or by any of Dask's own deployments, with one thread. Workers on one machine let each other measure in
peace: what is timed waits until it is alone there, and the others wait for it.
"""

from __future__ import annotations

import fcntl
import getpass
import socket
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from site_ext.base import git, machine
from site_ext.base.text import clean
from site_ext.gallery import build
from site_ext.run import inputs, packages, records
from site_ext.run.keeping import Keeper
from site_ext.run.plan import Entry
from site_ext.run.recording import Recorder, Share
from site_ext.run.scrub import Scrubber

if TYPE_CHECKING:
    from collections.abc import Iterator

    from site_ext.run.cluster import Ticket
    from site_ext.run.plan import Options

_lock = threading.Lock()
_keepers: set[Keeper] = set()
#: Builds that were stopped.
_stopped: set[str] = set()


def _options() -> Options:
    with _lock:  # Sphinx-Gallery's settings are completed by one thread at a time
        inputs.forget_installed()
        return build.options_in(Path.cwd())


def about(names: list[str], distributions: list[str], dask_worker: Any = None) -> dict[str, Any]:
    """See :class:`site_ext.run.cluster.Workshop`; Dask gives the worker."""
    scripts = {one.name: one.digest for one in _options().examples if one.name in names}
    return {
        "host": socket.gethostname(),
        "python": inputs.python(),
        "platform": inputs.here(),
        "threads": dask_worker.state.nthreads,
        "versions": {name: packages.version(name) for name in distributions},
        "scripts": scripts,
    }


def run(ticket: Ticket) -> tuple[bytes, str]:
    """Likewise."""
    options = replace(_options(), stretch=ticket.stretch)
    [example] = [one for one in options.examples if one.name == ticket.name]
    if example.digest != ticket.digest:
        raise ValueError(f"{ticket.name}: this worker's tree has another text of it now")
    entry = Entry(example, None, "", ticket.reason)
    beside = ticket.beside.get(socket.gethostname(), 1)
    alone = example.timed or beside == 1
    cores = machine.usable_cores()
    share = Share(alone=alone, cores=cores if alone else max(1, cores // beside))
    recorder = Recorder(options, Scrubber(options.root), git.commit(options.root))
    with _beside_others(alone=alone), Keeper() as keeper:
        _keepers.add(keeper)
        try:
            if ticket.build in _stopped:  # while it waited for its turn
                raise ValueError(f"{ticket.name}: its build was stopped")
            record, log = recorder.run(entry, share, keeper, ticket.before)
        finally:
            _keepers.discard(keeper)
    return records.encoded(record).encode(), clean(log)


def stop(build_id: str) -> None:
    """Likewise."""
    _stopped.add(build_id)
    for keeper in list(_keepers):
        keeper.let_go()


@contextmanager
def _beside_others(*, alone: bool) -> Iterator[None]:
    """Hold this machine, for oneself or together with others that run on it."""
    path = Path(tempfile.gettempdir()) / f"examples-{getpass.getuser()}.lock"
    with open(path, "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
