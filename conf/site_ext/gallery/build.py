"""Where the build, the runner and Sphinx-Gallery meet.

At ``builder-inited``, between the moment when Sphinx-Gallery has filled in its
settings and the one when it writes its pages, the examples that are due are executed
and their entries put into a small domain. Roles, directives and charts ask the domain
for an entry by name; it remembers which page used which entry, and has a page read
again when what it used has changed.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING

from sphinx_gallery import gen_gallery

from site_ext.base.errors import SiteError
from site_ext.gallery import replay
from site_ext.gallery.usage import UsageDomain
from site_ext.run import execute as runner
from site_ext.run.process import LAST_LINES

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

    from site_ext.run.execute import Entry


#: Stands for every example, where a page shows them all.
ALL = "*"


class ExamplesDomain(UsageDomain):
    """The entries of this build and, kept between builds, which page shows which."""

    name = "examples"
    label = "Examples"

    def __init__(self, env: BuildEnvironment) -> None:
        super().__init__(env)
        self.entries: dict[str, Entry] = {}

    def shown(self, name: str) -> str:
        if name == ALL:
            return " ".join(replay.fingerprint(entry) for entry in self.entries.values())
        return replay.fingerprint(self.entries[name]) if name in self.entries else ""

    def use(self, name: str) -> Entry | None:
        """The entry of example ``name``, noting that the current page shows it."""
        self.note(self.env.current_document.docname, name)
        return self.entries.get(name)

    def use_all(self) -> list[Entry]:
        """All entries, noting that the current page shows them all."""
        self.note(self.env.current_document.docname, ALL)
        return list(self.entries.values())


def examples_of(env: BuildEnvironment) -> ExamplesDomain:
    """The domain, typed."""
    domain = env.domains["examples"]
    assert isinstance(domain, ExamplesDomain)
    return domain


def options_of(app: Sphinx) -> runner.Options:
    """The runner's options from the configuration; a builder other than HTML executes nothing."""
    config = app.config
    return runner.Options(
        gallery=(app.srcdir / config.examples_gallery).resolve(),
        records=(app.srcdir / config.examples_records).resolve(),
        root=(app.confdir / config.examples_root).resolve(),
        pattern=config.examples_pattern,
        shard=config.examples_shard,
        jobs=config.examples_jobs,
        execute=app.builder.format == "html",
    )


def execute_examples(app: Sphinx) -> None:
    """Execute what is due, and have Sphinx-Gallery write its pages from the records."""
    try:
        entries = execute_and_tell(options_of(app), strict=app.config.examples_strict)
    except SiteError as error:
        # Sphinx would wrap it into a page of versions, messages and a plea to report it.
        sys.exit(f"{error.category}: {error}")
    examples_of(app.env).entries = {entry.example.name: entry for entry in entries}
    by_script = {os.path.realpath(entry.example.script): entry for entry in entries}
    gallery_conf = app.config.sphinx_gallery_conf
    settings = repr(gallery_conf["binder"])
    replay.start(by_script, app.srcdir / gallery_conf["gallery_dirs"], settings)


def execute_and_tell(options: runner.Options, *, strict: bool) -> list[Entry]:
    """Execute what is due; a line for each example and one for those not installed."""
    entries = runner.plan(options)
    runner.execute(entries, options, say=_say)
    _tell_skipped(entries, strict=strict)
    return entries


def _say(line: str) -> None:
    """One line for whoever builds, however quiet Sphinx itself is told to be."""
    print(line, flush=True)


def _tell_skipped(entries: list[Entry], *, strict: bool) -> None:
    """One line for all that could not run because a framework is not installed."""
    skipped = [e for e in entries if e.status == "skipped" and e.record]
    if not skipped:
        return
    reasons = sorted({entry.record.reason for entry in skipped if entry.record})
    text = (
        f"WARNING: {len(skipped)} of {len(entries)} examples were not run "
        f"({'; '.join(reasons)}): {', '.join(entry.example.name for entry in skipped)}"
    )
    if strict:
        raise SiteError(f"{text}; STRICT=1 makes this an error")
    # Not logger.warning: that would fail a build under -W, and this must not.
    _say(text)


def pages_to_read_again(
    app: Sphinx,
    env: BuildEnvironment,
    added: AbstractSet[str],
    changed: AbstractSet[str],
    removed: AbstractSet[str],
) -> list[str]:
    """Pages whose entries changed; all of them where the last build did not end."""
    for docname in removed:
        Path(app.outdir, f"{docname}.html").unlink(missing_ok=True)
    marker = _unfinished(app)
    interrupted = marker.exists()
    if app.builder.format == "html":
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
    data, machinery = examples_of(env).data, _digest_of_this_package()
    rebuilt = data.get("machinery") != machinery
    data["machinery"] = machinery
    if interrupted or rebuilt:
        # Sphinx compares the times of the sources only: it would take a half-written page
        # for a good one, and not see that what makes pages has changed.
        return sorted(env.found_docs)
    return [name for name in examples_of(env).outdated() if name in env.found_docs]


def _digest_of_this_package() -> str:
    sources = sorted(Path(__file__).parents[1].glob("*/*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def note_finished(app: Sphinx, exception: Exception | None) -> None:
    """Remember a whole build. One with warnings is none: its pages are read again, or the
    next build would be green only because it did not look."""
    if exception is None and not app._warncount:
        _unfinished(app).unlink(missing_ok=True)


def tell_failed(app: Sphinx, exception: Exception | None) -> None:
    """Fail the build if examples failed, now that all pages are written."""
    if exception is None and app.builder.format == "html":
        try:
            raise_for_failed(list(examples_of(app.env).entries.values()))
        except SiteError as error:
            print(f"\n{error.category}: {error}", file=sys.stderr, flush=True)
            app.statuscode = 1


def raise_for_failed(entries: list[Entry]) -> None:
    """Raise :exc:`SiteError` that lists the failed examples, if there are any."""
    failed = [entry for entry in entries if entry.status == "failed" and entry.record]
    if failed:
        listed = "\n\n".join(_failure_lines(entry) for entry in failed)
        raise SiteError(f"{len(failed)} of {len(entries)} examples failed\n\n{listed}\n")


def _failure_lines(entry: Entry) -> str:
    """File, cell, what went wrong, and the last lines."""
    record = entry.record
    assert record is not None
    assert record.failure is not None
    failure = record.failure
    where = f"gallery/{entry.example.name}.py"
    where += f", line {failure.line}" if failure.line else ""
    last = indent("\n".join(failure.text.strip().splitlines()[-LAST_LINES:]), "    ")
    cell = f"cell {failure.cell + 1} of {len(entry.example.cells)}"
    return f"{where} ({cell}): {failure.what}\n{last}"


def _unfinished(app: Sphinx) -> Path:
    """The file that is there from the start of writing pages to its end."""
    return Path(app.doctreedir) / f".{app.builder.name}-unfinished"


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_config_value("examples_gallery", "../gallery", "", str, "scripts, from docs/")
    app.add_config_value("examples_records", "../build/records", "", str, "records, from docs/")
    app.add_config_value("examples_root", "..", "", str, "the repository, from conf/")
    app.add_config_value("examples_pattern", "", "", str, "execute only what matches")
    app.add_config_value("examples_shard", "", "", str, "execute only this part, as in 2/4")
    app.add_config_value("examples_jobs", "1", "", (str, int), "untimed examples side by side")
    app.add_config_value("examples_strict", False, "", bool, "fail where a framework is absent")
    app.add_domain(ExamplesDomain)
    app.setup_extension("sphinx_gallery.gen_gallery")
    # Figures are drawn in the examples' own processes: don't import matplotlib here.
    gen_gallery._import_matplotlib = lambda: (None, None)
    # Its summary counts replayed pages as executed; `tell_failed` stands for it.
    for listener in list(app.events.listeners["build-finished"]):
        if listener.handler is gen_gallery.summarize_failing_examples:
            app.disconnect(listener.id)
    # Sphinx-Gallery fills in its settings at priority 10 and writes pages at 500.
    app.connect("builder-inited", execute_examples, priority=400)
    app.connect("builder-inited", lambda app: replay.stop(), priority=600)
    app.connect("env-get-outdated", pages_to_read_again)
    # The pages are written, those of failed examples too; then the build may fail.
    app.connect("build-finished", note_finished, priority=100)
    app.connect("build-finished", tell_failed, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
