"""The process that starts examples, and what it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import alive, heed_signals
from site_ext.run import keeper as inner
from site_ext.run.keeping import Keeper

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
#: Starts a process that leaves its session, its parent and its environment, and writes its number.
LEAVE = """
import os, subprocess, sys
if not os.fork():
    child = subprocess.Popen(["sleep", "60"], start_new_session=True, env={})
    open(sys.argv[1], "w").write(str(child.pid))
    os._exit(0)
os.wait()
"""


def start(keeper: Keeper, command: list[str], folder: Path) -> int:
    aside = folder / "aside"
    aside.mkdir(exist_ok=True)
    pid, _ = keeper.start(command, folder, dict(os.environ), folder / "log", aside)
    return pid


def number_in(path: Path) -> int:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if path.exists() and (text := path.read_text()).isdigit():
            return int(text)
        time.sleep(0.02)
    raise AssertionError(f"{path} was not written")


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(pid)


def test_one_after_another(tmp_path: Path) -> None:
    """One keeper serves many, and tells how each ended."""
    codes = []
    with Keeper() as keeper:
        for code in (0, 3):
            start(keeper, [sys.executable, "-c", f"raise SystemExit({code})"], tmp_path)
            codes.append(keeper.wait().code)
        start(keeper, SLEEP, tmp_path)
        keeper.kill()
        codes.append(keeper.wait().code)

    assert [0, 3, -signal.SIGKILL] == codes


def test_what_cannot_be_started_is_said(tmp_path: Path) -> None:
    """A program that is not there, and the keeper goes on."""
    with Keeper() as keeper:
        with pytest.raises(OSError, match="FileNotFoundError"):
            start(keeper, ["/no/such/python"], tmp_path)
        start(keeper, ["true"], tmp_path)

        assert 0 == keeper.wait().code


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans to a subreaper")
def test_what_leaves_is_found(tmp_path: Path) -> None:
    """A process without parent, session and environment of the example ends with it."""
    with Keeper() as keeper:
        start(keeper, [sys.executable, "-c", LEAVE, str(tmp_path / "pid")], tmp_path)
        left = keeper.wait().left
        pid = int((tmp_path / "pid").read_text())

        assert left >= 1
        assert not alive(pid)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_all_end_with_the_build(tmp_path: Path, how: signal.Signals) -> None:
    """The builder is gone, however: so are the example, what has left it, and its folder."""
    code = (
        "import os, sys, time\nfrom pathlib import Path\nfrom site_ext.run.keeping import Keeper\n"
        "here = Path(sys.argv[1])\n(here / 'aside').mkdir()\nkeeper = Keeper()\n"
        f"keeper.start([sys.executable, '-c', {LEAVE + 'import time; time.sleep(60)'!r}, str(here / 'pid')],"
        " here, dict(os.environ), here / 'log', here / 'aside')\nkeeper.wait()"
    )
    builder = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], preexec_fn=heed_signals)
    pid = number_in(tmp_path / "pid")
    os.kill(builder.pid, how)
    builder.wait(timeout=10)

    assert gone(pid)
    deadline = time.monotonic() + 10
    while (tmp_path / "aside").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not (tmp_path / "aside").exists()


def test_a_process_that_has_ended_is_not_signalled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number, and its group's, may be somebody else's by then."""
    example = inner._Example(["true"], str(tmp_path), dict(os.environ), str(tmp_path / "log"))
    monkeypatch.setattr(inner, "_send", lambda answer: None)
    monkeypatch.setattr(inner, "end_below", lambda: 0)
    example.thread.start()
    example.thread.join()
    signalled: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *told: signalled.append(told))
    monkeypatch.setattr(os, "killpg", lambda *told: signalled.append(told))
    example.kill()

    assert [] == signalled
