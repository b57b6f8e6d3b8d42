"""What a page may load and run, said in the page itself: a Content-Security-Policy.

Everything comes from the site's own host, and of scripts that stand in a page only those that are
known. So a line of markup that slipped through somewhere, a script even, runs nothing and loads
nothing. What no such policy can forbid is a page that sends its reader elsewhere by itself.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

from site_ext.base.errors import SiteError

if TYPE_CHECKING:
    from collections.abc import Collection

#: Those of the theme, as it is pinned: the reader's choice of light or dark before anything is drawn, as
#: docs/_templates/layout.html mends it, and the field of the page of the search. They are known by their
#: hashes, since they are not ours.
OF_THE_THEME = (
    "sha256-xH+9s2fEq9BMI2VE9b3IlyBqda/MhEFO37hi0fbtaD8=",
    "sha256-mNyD6WQ4vKGmtbf2Mk6RMjMo7k6Ib4wzc6b1fvYgVHE=",
)
_SCRIPT = re.compile(
    r"<script\b(?![^>]*\bsrc=)([^>]*)>(.*?)</script\s*>", re.DOTALL | re.IGNORECASE
)
_CHARSET = re.compile(r'<meta charset="[^"]*"\s*/?>')


def hash_of(script: str) -> str:
    """How a policy names a script."""
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def policy_of(page: str, known: Collection[str] = OF_THE_THEME) -> str:
    """The policy for a page's text; raises :exc:`SiteError` for a script in it that is not one of
    ``known``, which are hashes."""
    scripts = set()
    for attributes, body in _SCRIPT.findall(page):
        if "ld+json" in attributes:
            continue  # data, which no browser runs
        if hash_of(body) not in known:
            raise SiteError(
                f"a script that nobody knows: {' '.join(body.split())[:80]!r}; put it into a file of "
                f"docs/_static, or, if it is the theme's, {hash_of(body)} into OF_THE_THEME in "
                "conf/site_ext/base/policy.py"
            )
        scripts.add(f"'{hash_of(body)}'")
    return "; ".join(
        (
            "default-src 'self'",
            # WebAssembly is what the models in the browser are run by.
            " ".join(["script-src 'self' 'wasm-unsafe-eval'", *sorted(scripts)]),
            # Drawings and the theme place things by style attributes.
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "object-src 'none'",
            "frame-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
        )
    )


def with_policy(page: str, known: Collection[str] = OF_THE_THEME) -> str:
    """The page, with its policy as early as it may stand."""
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy_of(page, known)}">'
    text, count = _CHARSET.subn(lambda found: f"{found[0]}\n  {meta}", page, count=1)
    if not count:
        raise SiteError("a page that does not say its charset has no place for a policy")
    return text
