"""The build's side of :mod:`site_ext.run.keeper`."""

from __future__ import annotations

import contextlib
import marshal
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SCRIPT = Path(__file__).with_name("keeper.py")


class Ended(NamedTuple):
    """How a process ended: ``code`` as :mod:`subprocess` has it, ``at`` a moment of
    ``time.perf_counter``, ``seconds`` of processor time, and how many processes it ``left``."""

    code: int
    at: float
    seconds: float
    left: int


class Keeper:
    """A process that starts examples, one after another, and ends what they leave."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            # Without site: it needs the standard library only, and is there at once.
            [sys.executable, *(["-S"] if sys.platform == "linux" else []), str(_SCRIPT)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            # Ctrl-C in a terminal reaches the build's whole group; it is the build that decides.
            start_new_session=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def start(
        self, command: Sequence[str], cwd: Path, env: Mapping[str, str], log: Path, aside: Path
    ) -> tuple[int, float]:
        """Start ``command``; its process and the moment of its start.

        Raises :exc:`OSError` where that can't be.
        """
        self._ask("start", list(command), str(cwd), dict(env), str(log), str(aside))
        said = self._answer()
        if said[0] == "refused":
            raise OSError(said[1])
        return int(said[1]), float(said[2])

    def wait(self) -> Ended:
        """Wait for the end of what was started, and of what it left behind."""
        _, status, at, seconds, left = self._answer()
        return Ended(os.waitstatus_to_exitcode(status), at, seconds, left)

    def kill(self) -> None:
        """End what runs, if it still does."""
        with contextlib.suppress(OSError, ValueError):  # it has gone, and what it kept with it
            self._ask("kill")

    def let_go(self) -> None:
        """Have it end whatever runs, and itself."""
        with self._lock, contextlib.suppress(OSError, ValueError):
            assert self._process.stdin is not None
            self._process.stdin.close()

    def close(self) -> None:
        """The same; returns when they are gone."""
        self.let_go()
        self._process.wait()

    def _ask(self, *request: Any) -> None:
        with self._lock:
            assert self._process.stdin is not None
            self._process.stdin.write(marshal.dumps(request))
            self._process.stdin.flush()

    def _answer(self) -> tuple[Any, ...]:
        assert self._process.stdout is not None
        try:
            said: tuple[Any, ...] = marshal.load(self._process.stdout)
        except (EOFError, ValueError, TypeError):
            raise OSError("the process that keeps the examples is gone") from None
        return said
