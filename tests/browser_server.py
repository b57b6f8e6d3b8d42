"""Servers of files that say nothing."""

from __future__ import annotations

from http.server import SimpleHTTPRequestHandler
from pathlib import Path

from site_ext.base.policy import policy_of


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:  # a page was left before it had all that it asked for
            self.close_connection = True


class Guarded(Quiet):
    """Sends each page's policy, as a host can that sets headers: a page that breaks it shows an
    error in the console, and lacks what was refused."""

    def end_headers(self) -> None:
        path = Path(self.translate_path(self.path))
        if path.suffix == ".html" and path.is_file():
            self.send_header("Content-Security-Policy", policy_of(path.read_text(encoding="utf-8")))
        super().end_headers()
