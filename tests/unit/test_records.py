"""Records on disk, and the paths taken out of what gets published."""

from __future__ import annotations

import site
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from site_ext.base.errors import SiteError
from site_ext.base.files import write_whole
from site_ext.run import records
from site_ext.run.drawn import Figure
from site_ext.run.outcome import CellOutput, Failure
from site_ext.run.records import Record
from site_ext.run.scrub import Scrubber


def record(**changes: object) -> Record:
    values: dict[str, object] = {
        "name": "theme/script", "status": "passed", "frameworks": ["torch"], "reason": "new",
        "wall_seconds": 1.5, "run_seconds": 1.25, "cpu_seconds": 2.0, "peak_rss_mib": 100.0,
        "exclusive": True, "measured": {"a": 1}, "versions": {"python": "3.11.7"},
        "machine": {"cpu": "x", "cores": 2, "ram_gib": 1.0, "os": "y", "gpu": None},
        "commit": "c", "executed_at": "2026-11-22T00:00:00Z", "key": "k",
        "inputs": {
            "script": "s", "files": {}, "distributions": {}, "missing": [], "python": "3.11",
            "settings": {},
        },
    }  # fmt: skip
    return Record(**(values | changes))  # type: ignore[arg-type]


@given(
    text=st.text(),
    png=st.binary(),
    alt=st.text(),
    measured=st.dictionaries(st.text(), st.integers() | st.text() | st.booleans()),
)
def test_what_is_written_is_read(text: str, png: bytes, alt: str, measured: dict) -> None:
    """A record survives the disk, whatever an example printed, drew and measured."""
    import tempfile

    outputs = [CellOutput(text, (Figure(png, alt),))]
    written = record(outputs=outputs, measured=measured, failure=Failure("signal", "x", "y", 1))
    with tempfile.TemporaryDirectory() as name:
        records.write(Path(name), written)
        read = records.read(Path(name), "theme/script")

    assert written == read


@pytest.mark.parametrize("part", ["inputs", "machine", "versions"])
def test_a_record_that_lacks_a_part_is_none(tmp_path: Path, part: str) -> None:
    """What every page and every plan asks of a record is there, or it is named as none."""
    records.write(tmp_path, record(**{part: {}}))

    with pytest.raises(SiteError, match=r"not a record .*missing required field"):
        records.read(tmp_path, "theme/script")


def test_an_older_format_counts_as_none(tmp_path: Path) -> None:
    """A record of a former format is run again rather than misread."""
    records.write(tmp_path, record(format=0))

    assert records.read(tmp_path, "theme/script") is None


def test_a_failed_write_keeps_the_old_one(tmp_path: Path) -> None:
    """What can't be written leaves the former record and no litter."""
    records.write(tmp_path, record())
    with pytest.raises(TypeError):
        records.write(tmp_path, record(measured={"bad": object()}))
    with pytest.raises(UnicodeEncodeError):
        write_whole(records.path_of(tmp_path, "theme/script"), "\ud800")

    assert records.read(tmp_path, "theme/script") == record()
    assert ["theme.script.json"] == [path.name for path in tmp_path.iterdir()]


def test_a_record_under_another_name_is_refused(tmp_path: Path) -> None:
    """A renamed record does not pass for another example's."""
    records.write(tmp_path, record())
    (tmp_path / "theme.script.json").rename(tmp_path / "theme.other.json")

    with pytest.raises(SiteError, match=r"record of 'theme/script', not of 'theme/other'"):
        records.read(tmp_path, "theme/other")


def test_no_path_of_the_machine_is_left() -> None:
    """Packages, interpreter, project, temporary folder and home are named, not located."""
    scrub = Scrubber(Path("/srv/project"))
    packages = site.getsitepackages()[0]
    text = (
        f"{packages}/keras/a.py {sys.prefix}/bin/python /srv/project/gallery/x.py {Path.home()}/y"
    )

    assert "site-packages/keras/a.py venv/bin/python gallery/x.py ~/y" == scrub(text)


def test_only_whole_names_are_taken_out() -> None:
    """A path that merely begins like one of ours stays."""
    assert "/srv/projects/x" == Scrubber(Path("/srv/project"))("/srv/projects/x")
