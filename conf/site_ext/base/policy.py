"""What a page may load and run, said in the page itself: a Content-Security-Policy.

Everything comes from the site's own host, and of scripts in a page only those that stood there when
it was made, by their hashes. So a line of markup that slipped through somewhere runs nothing and
calls nobody.
"""

from __future__ import annotations

import base64
import hashlib
import re

_SCRIPT = re.compile(r"<script\b(?![^>]*\bsrc=)([^>]*)>(.*?)</script>", re.DOTALL)
_CHARSET = re.compile(r'<meta charset="[^"]*"\s*/?>')


def policy_of(page: str) -> str:
    """The policy for a page's text."""
    scripts = sorted(
        {_hash(body) for attributes, body in _SCRIPT.findall(page) if "ld+json" not in attributes}
    )
    return "; ".join(
        (
            "default-src 'self'",
            # WebAssembly is what the models in the browser are run by.
            " ".join(["script-src 'self' 'wasm-unsafe-eval'", *scripts]),
            # Drawings and the theme place things by style attributes.
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
        )
    )


def with_policy(page: str) -> str:
    """The page, with its policy as early as it may stand."""
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy_of(page)}">'
    return _CHARSET.sub(lambda found: f"{found[0]}\n  {meta}", page, count=1)


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
