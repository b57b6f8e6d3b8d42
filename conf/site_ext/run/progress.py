"""What is told of a build's examples while they run."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from site_ext.run.plan import Entry


class Progress:
    """A line for each example that ends and, on a terminal, one that shows what runs."""

    def __init__(self, total: int, say: Callable[[str], None]) -> None:
        self.total = total
        self.say = say
        self.stopped = False
        self._begun = 0
        self._running: dict[str, tuple[int, float]] = {}
        console = Console(file=sys.stdout)
        # Twice a second: often enough to see it live, too rare to disturb a timing.
        self._live = (
            Live(console=console, refresh_per_second=2, transient=True, get_renderable=self._line)
            if console.is_terminal
            else None
        )

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def _line(self) -> Text:
        now = time.perf_counter()
        parts = [
            f"{name} [{number}/{self.total}] {now - since:.0f} s"
            for name, (number, since) in list(self._running.items())
        ]
        return Text("executing " + ", ".join(parts))

    @contextmanager
    def of(self, entry: Entry) -> Iterator[Callable[[str], None]]:
        """Show ``entry`` as running; what the block tells is said with its reason."""
        self._begun += 1
        number, name, reason = self._begun, entry.example.name, entry.reason
        self._running[name] = (number, time.perf_counter())
        try:
            yield lambda text: self.say(f"[{number}/{self.total}] {name}: {reason}; {text}")
        finally:
            del self._running[name]
