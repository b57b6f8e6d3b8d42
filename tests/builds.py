"""Finished builds in small: a few pages and the data, without Sphinx."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from publisher import checking

MACHINE = {"cpu": "Test CPU", "cores": 2, "ram_gib": 23.5, "os": "Linux", "gpu": None}


def example(name: str = "pytorch/train", **more: Any) -> dict[str, Any]:
    """An entry of examples.json."""
    entry = {
        "name": name, "title": f"Train {name}", "status": "passed", "wall_seconds": 5.0,
        "measured": {"accuracy": 0.97}, "versions": {"torch": "2.13.0"}, "machine": MACHINE,
        "exclusive": True, "executed_at": "2026-11-22T10:00:00Z", "key": "a", "script": "s",
    }  # fmt: skip
    return entry | more


def build(
    folder: Path,
    version: str,
    pages: tuple[str, ...] = ("index.html", "deep/page.html"),
    examples: list[dict[str, Any]] | None = None,
    claims: list[dict[str, Any]] | None = None,
    **about: Any,
) -> Path:
    """Write a build of ``version`` into ``folder``."""
    for page in pages:
        up = "../" * (page.count("/") + 1)
        links = "".join(f'<a href="{up}{version}/{other}">{other}</a>' for other in pages)
        write(
            folder / page,
            f'<html><head><link rel="stylesheet" href="{up}versions.css">'
            f'</head><body><h1 id="top">{page} of {version}</h1>{links}'
            f'<a href="{up}versions/{page}">others</a>'
            f'<a href="{up}stable/{page}">newest</a></body></html>'.replace(
                f"{up}{version}/", "../" * page.count("/")
            ),
        )
    write(folder / "_static/site.css", "p { background: url(dot.svg) }")
    write(folder / "_static/dot.svg", "<svg/>")
    release = {
        "version": version, "date": "2026-11-22", "commit": commit(version),
        "versions": {"torch": "2.13.0", "keras": "3.15.1"}, "machine": MACHINE, "pages": list(pages),
        "notes": [f"What is new in {version}"], "after": None,
    }  # fmt: skip
    write(folder / "data/release.json", json.dumps(release | about))
    given = [example()] if examples is None else examples
    write(folder / "data/examples.json", json.dumps(given))
    if claims is not None:
        write(folder / "data/claims.json", json.dumps(claims))
    return folder


def commit(version: str) -> str:
    """The commit that a small build of ``version`` says it was made from."""
    return hashlib.sha1(version.encode()).hexdigest()


def publish(place: Any, folder: Path, version: str, url: str = "", **more: Any) -> None:
    """Build ``version`` in ``folder`` and publish it, as `make site` does after its build."""
    built = build(folder / f"built-{version}", version, **more)
    place.publish(built, checking.check(built, version, commit(version)), url)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def hashes(folder: Path) -> dict[str, str]:
    """The digest of every file in a folder, hidden ones included."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
