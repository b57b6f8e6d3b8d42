"""Where the build, the runner and Sphinx-Gallery meet.

At ``builder-inited``, when Sphinx-Gallery has filled in its settings, the examples that are due
are executed, their entries put into the domain, and pages made from their records.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.builders.html import StandaloneHTMLBuilder

from site_ext.base.errors import SiteError, ending
from site_ext.gallery import related, seam, shown
from site_ext.gallery.domain import ExamplesDomain, examples_of
from site_ext.gallery.surroundings import HERE
from site_ext.run import plan, report
from site_ext.run.execute import execute

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

    from site_ext.run.plan import Entry, Options


def options_of(app: Sphinx) -> Options:
    """The runner's options from the configuration; only what makes a site executes any."""
    config = app.config
    return plan.Options(
        gallery=(app.srcdir / config.examples_gallery).resolve(),
        records=(app.srcdir / config.examples_records).resolve(),
        root=(app.confdir / config.examples_root).resolve(),
        surroundings=HERE,
        pattern=config.examples_pattern,
        shard=config.examples_shard,
        jobs=config.examples_jobs,
        execute=app.builder.format == "html" and app.builder.name != "epub",
    )


@ending
def execute_examples(app: Sphinx) -> None:
    """Execute what is due, and have Sphinx-Gallery write its pages from the records."""
    entries = execute_and_tell(options_of(app), strict=app.config.examples_strict)
    domain = examples_of(app.env)
    domain.entries = {entry.example.name: entry for entry in entries}
    domain.see_also = related.links_of_all([e.example for e in entries], Path(app.srcdir))
    gallery_conf = app.config.sphinx_gallery_conf
    made_by = (seam.MADE_BY, repr(gallery_conf["binder"]), app.config.site_machinery)
    fingerprints = {
        entry.example.name: shown.fingerprint(entry, (made_by, domain.see_also[entry.example.name]))
        for entry in entries
    }
    shown.make_stale(domain.pages, fingerprints)
    seam.make_pages(app, entries)
    shown.note(domain.pages, fingerprints)


def execute_and_tell(options: Options, *, strict: bool) -> list[Entry]:
    """Execute what is due; a line for each example and one for those not installed."""
    entries = plan.plan(options)
    execute(entries, options, say=_say)
    if lacking := report.not_installed(entries):
        if strict:
            raise SiteError(f"{lacking}; STRICT=1 makes this an error")
        # Not a warning of Sphinx's: that would fail a build under -W, and this must not.
        _say(lacking)
    return entries


def _say(line: str) -> None:
    """One line for whoever builds, however quiet Sphinx itself is told to be."""
    print(line, flush=True)


def remove_pages(
    app: Sphinx,
    env: BuildEnvironment,
    added: AbstractSet[str],
    changed: AbstractSet[str],
    removed: AbstractSet[str],
) -> list[str]:
    """Remove the written pages of sources that are gone."""
    if isinstance(app.builder, StandaloneHTMLBuilder):
        for docname in removed:
            app.builder.get_output_path(docname).unlink(missing_ok=True)
    return []


def tell_failed(app: Sphinx, exception: Exception | None) -> None:
    """Fail the build if examples failed, now that all pages are written."""
    if exception is None and app.builder.format == "html":
        try:
            report.raise_for_failed(list(examples_of(app.env).entries.values()))
        except SiteError as error:
            print(f"\nThe build stopped: {error}", file=sys.stderr, flush=True)
            app.statuscode = 1


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_config_value("examples_gallery", "../gallery", "", str, "scripts, from docs/")
    app.add_config_value("examples_records", "../build/records", "", str, "records, from docs/")
    app.add_config_value("examples_root", "..", "", str, "the repository, from conf/")
    app.add_config_value("examples_pattern", "", "", str, "execute only what matches")
    app.add_config_value("examples_shard", "", "", str, "execute only this part, as in 2/4")
    app.add_config_value("examples_jobs", "1", "", (str, int), "untimed examples side by side")
    app.add_config_value("examples_strict", False, "", bool, "fail where a framework is absent")
    app.add_domain(ExamplesDomain)
    seam.take_over(app)
    # When Sphinx-Gallery has filled in its settings, at 10, and other handlers have had theirs.
    app.connect("builder-inited", execute_examples, priority=600)
    app.connect("env-get-outdated", remove_pages)
    # The pages are written, those of failed examples too; then the build may fail.
    app.connect("build-finished", tell_failed, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
