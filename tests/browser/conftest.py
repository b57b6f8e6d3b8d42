"""A real Chromium and the built site served on this machine."""

from __future__ import annotations

import os
import shutil
import threading
from functools import partial
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from browser_server import Guarded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

#: Chromium as root, without a screen, and without its own calls home.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def served(html: Path) -> Iterator[str]:
    """The address of the built site."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Guarded, directory=str(html)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    binary = shutil.which("chromium") or shutil.which("google-chrome")
    if binary is None:
        if os.environ.get("CI"):
            pytest.fail("no chromium here; .ci/run installs it")
        pytest.skip("no chromium here; apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, served: str) -> Iterator[Page]:
    """A page in a profile of its own, 1440 pixels wide; addresses start at the site's root."""
    context = chromium.new_context(
        base_url=served, viewport={"width": 1440, "height": 1000}, reduced_motion="reduce"
    )
    yield context.new_page()
    context.close()


@pytest.fixture
def plain_page(chromium: Browser, served: str) -> Iterator[Page]:
    """A page without JavaScript."""
    context = chromium.new_context(base_url=served, java_script_enabled=False)
    yield context.new_page()
    context.close()
