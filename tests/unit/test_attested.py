"""A release takes only records that CI attested."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher import attested
from site_ext.base.errors import SiteError

GH = """#!/bin/sh
echo "$@" > {said}
[ {code} = 0 ] || echo 'Error: no attestations found' >&2
exit {code}
"""


def gh(folder: Path, code: int, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `gh` that answers so; the file that it writes its arguments to."""
    said, tool = folder / "said", folder / "bin/gh"
    tool.parent.mkdir()
    tool.write_text(GH.format(said=said, code=code))
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:/usr/bin:/bin")
    monkeypatch.setenv("REPOSITORY", "owner/name")
    (folder / "records.zip").write_bytes(b"")
    return said


def test_an_attested_archive_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was verified by GitHub's own tool, for this repository and its workflow."""
    said = gh(tmp_path, 0, monkeypatch)
    copy = attested.copied(str(tmp_path / "records.zip"), tmp_path / "copy")

    assert tmp_path / "copy/records.zip" == copy
    expected = f"attestation verify {copy} --repo owner/name --signer-workflow "
    expected += "owner/name/.github/workflows/site.yml --source-ref refs/heads/main"
    assert expected == said.read_text().strip()


def test_another_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gh(tmp_path, 1, monkeypatch)
    with pytest.raises(SiteError, match=r"not attested by owner/name: Error: no attestations"):
        attested.copied(str(tmp_path / "records.zip"), tmp_path / "copy")


@pytest.mark.parametrize(
    ("store", "repository", "told"),
    [
        ("origin/gh-pages", "owner/name", "a release takes only records that CI attested"),
        ("records.zip", "", "whose CI attested it"),
        ("records.zip", "owner/name", "GitHub's command line `gh` is needed"),
    ],
)
def test_what_is_missing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str, repository: str, told: str
) -> None:
    (tmp_path / "records.zip").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REPOSITORY", repository)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SiteError, match=told):
        attested.copied(store, tmp_path / "copy")
