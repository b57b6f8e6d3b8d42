"""Starts examples and keeps them: whatever they start ends with them, or with the build.

Executed as a script by :mod:`site_ext.run.keeping`, one process for as many examples as follow
one another. It is the parent of each example and, on Linux, of whatever loses its own parent
below it (a subreaper), so that a child that has left its session is still found. It reads
marshalled requests from its standard input:

``("start", command, folder, environment, log, aside)``  start an example; remove ``aside``
                                                         if the build dies while it runs
``("kill",)``                                            end the example that runs

and answers on its standard output:

``("started", pid, at)``                   ``at`` is a moment of ``time.perf_counter``
``("refused", text)``                      it could not be started
``("ended", status, at, seconds, left)``   wait status, moment, processor time, and how many
                                           processes it left behind, which are ended

When its input ends, for whatever reason the build is gone, it ends everything below it.
"""

from __future__ import annotations

import contextlib
import ctypes
import marshal
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from typing import Any

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
#: Rounds of looking for what is left, five milliseconds apart at least.
_ROUNDS = 400


def _ctl(option: int, value: int) -> None:
    if _libc is not None:
        _libc.prctl(option, value, 0, 0, 0)


def _die_with_keeper() -> None:
    _ctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def below() -> list[int]:
    """The processes below this one, however deep."""
    if _libc is None:
        import psutil

        return [child.pid for child in psutil.Process().children(recursive=True)]
    parents: dict[int, list[int]] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError, ValueError), open(f"/proc/{name}/stat", "rb") as stat:
            # The name of the program, in brackets, may hold spaces and brackets.
            parents.setdefault(int(stat.read().rpartition(b")")[2].split()[1]), []).append(
                int(name)
            )
    found, queue = [], [os.getpid()]
    while queue:
        children = parents.get(queue.pop(), [])
        found += children
        queue += children
    return found


def _kill_below() -> None:
    for pid in below():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def end_below() -> int:
    """End and reap every process below this one; how many there were."""
    ended = 0
    for _ in range(_ROUNDS):
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid:
            ended += 1
        else:
            _kill_below()
            time.sleep(0.005)
    return ended


class _Example:
    """The example that runs, awaited in a thread so that requests are still read."""

    def __init__(self, command: list[str], folder: str, env: dict[str, str], log: str) -> None:
        with open(log, "wb") as file:
            self.began = time.perf_counter()
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
                cwd=folder, env=env, start_new_session=True, preexec_fn=_die_with_keeper,
            )  # fmt: skip
        self.pid = self._process.pid
        self._lock = threading.Lock()
        self._over = False
        self.thread = threading.Thread(target=self._wait, daemon=True)

    def kill(self) -> None:
        """End it, unless it has ended already: its number may be another's by then."""
        with self._lock:
            if not self._over:
                self._kill_group()
                _kill_below()

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _wait(self) -> None:
        try:
            _await_end(self.pid)
            ended = time.perf_counter()
            with self._lock:
                self._kill_group()  # before it is reaped, while the number is surely its own
                _, status, usage = os.wait4(self.pid, 0)
                self._over = True
                self._process.returncode = os.waitstatus_to_exitcode(status)
            _send(("ended", status, ended, usage.ru_utime + usage.ru_stime, end_below()))
        except BaseException:
            os._exit(1)  # whoever builds sees the end of this process, and is not left waiting
            raise


def _await_end(pid: int) -> None:
    """Wait for the end of a process of ours, without reaping it."""
    if hasattr(os, "waitid"):
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        return
    kernel: Any = select
    with contextlib.suppress(OSError):  # macOS; one that has ended can't be watched
        change = kernel.kevent(pid, kernel.KQ_FILTER_PROC, kernel.KQ_EV_ADD, kernel.KQ_NOTE_EXIT)
        kernel.kqueue().control([change], 1)


def _send(answer: tuple[Any, ...]) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more: the input ends likewise
        marshal.dump(answer, sys.stdout.buffer)
        sys.stdout.buffer.flush()


def main() -> None:
    _ctl(_PR_SET_CHILD_SUBREAPER, 1)
    # Its end is the end of its input. Not ignored, since what it starts would inherit that.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, children would vanish unseen
    example, aside = None, ""
    while True:
        try:
            request = marshal.load(sys.stdin.buffer)
        except (EOFError, ValueError, TypeError):
            break
        if request[0] == "kill":
            if example:
                example.kill()
            continue
        if example:
            example.thread.join()
        *how, aside = request[1:]
        try:
            example = _Example(*how)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            example = None
            _send(("refused", f"{type(error).__name__}: {error}"))
            continue
        _send(("started", example.pid, example.began))
        example.thread.start()
    if example and example.thread.is_alive():
        example.kill()
        example.thread.join(timeout=10)
    if aside:
        shutil.rmtree(aside, ignore_errors=True)
    end_below()


if __name__ == "__main__":
    main()
