"""Where the build, the runner and Sphinx-Gallery meet.

At ``builder-inited``, when Sphinx-Gallery has filled in its settings, the examples that are due
are executed, their entries put into the domain, and pages made from their records.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.config import Config
from sphinx.util import logging
from sphinx.util.tags import Tags

from site_ext.base.errors import SiteError, ending
from site_ext.gallery import listing, seam, shown
from site_ext.gallery.domain import ExamplesDomain, examples_of
from site_ext.run import plan, report
from site_ext.run.around import Around

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from sphinx.application import Sphinx
    from sphinx.config import _ConfigRebuild
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

    from site_ext.run.cluster import Workshop
    from site_ext.run.plan import Entry, Options

logger = logging.getLogger(__name__)


def options_of(app: Sphinx) -> Options:
    """The runner's options from the configuration; only what makes a site executes any."""
    conf = app.config.sphinx_gallery_conf
    of_html = app.builder.format == "html" and app.builder.name != "epub"
    apart = [
        app.outdir,
        app.doctreedir,
        *(app.srcdir / to for _, to in listing.galleries(conf, app.srcdir)),
    ]
    return options(
        app.config, conf, Path(app.srcdir), apart,
        records=app.config.examples_records or examples_of(app.env).pages / ".records",
        execute=of_html and bool(conf["plot_gallery"]),
        abort=bool(conf["abort_on_example_error"]),
    )  # fmt: skip


def options(
    config: Config, conf: dict[str, Any], docs: Path, apart: Sequence[Path], **more: Any
) -> Options:
    """The runner's options; ``conf`` are Sphinx-Gallery's settings, completed, and ``apart``
    the folders below the sources that a build writes to."""
    folders = [docs, *(folder for folder, _ in listing.galleries(conf, docs))]
    root = root_of(config, folders)
    examples = listing.examples(config, conf, docs, root)
    return plan.Options(
        examples=examples,
        records=(docs / more.pop("records")).resolve(),
        root=root,
        around=Around(
            tuple(path.resolve() for path in folders),
            tuple(Path(path).resolve() for path in apart),
            frozenset(example.script.resolve() for example in examples),
        ),
        pattern=config.examples_pattern,
        shard=config.examples_shard,
        jobs=config.examples_jobs or conf["parallel"] or 1,
        cluster=config.examples_cluster,
        workshop=_workshop() if config.examples_cluster else None,
        budget=config.examples_budget,
        quoted=listing.quotations(docs, conf) if config.examples_budget else {},
        stretch=config.examples_stretch,
        again=bool(conf["run_stale_examples"]),
        **more,
    )


def _workshop() -> Workshop:
    """What workers of a cluster do."""
    from site_ext.gallery import worker  # noqa: PLC0415 - it leans on this module

    return worker


def options_in(root: Path) -> Options:
    """The runner's options for the project in ``root``, where there is no Sphinx."""
    config, docs = configuration(root / "conf"), root / "docs"
    conf = seam.completed(config.sphinx_gallery_conf)
    pages = [docs / to for _, to in listing.galleries(conf, docs)]
    return options(config, conf, docs, pages, records=config.examples_records)


def root_of(config: Config, folders: Sequence[Path]) -> Path:
    """The project: where it is said to be, or what the ``folders`` of sources and scripts, of
    which the first is that of the sources, have in common."""
    if config.examples_root:
        return (folders[0] / str(config.examples_root)).resolve()
    common = Path(os.path.commonpath([path.resolve() for path in folders]))
    return common if len(common.parts) > 1 else folders[0].resolve()


@ending
def execute_examples(app: Sphinx) -> None:
    """Execute what is due, and have Sphinx-Gallery write its pages from the records."""
    config, options = app.config, options_of(app)
    entries = execute_and_tell(options, strict=config.examples_strict, store=config.examples_store)
    domain, docs = examples_of(app.env), Path(app.srcdir)
    domain.put(entries)
    app.emit("examples-planned")  # without them: Sphinx writes out what it emits
    gallery_conf = app.config.sphinx_gallery_conf
    made_by = (
        seam.MADE_BY,
        repr(gallery_conf["binder"]),
        bool(gallery_conf["plot_gallery"]),
        app.config.site_machinery,
    )
    fingerprints = {
        entry.example.page: shown.fingerprint(
            entry,
            (
                made_by,
                entry.origin,
                entry.example.expected,
                domain.see_also.get(entry.example.name),
            ),
        )
        for entry in entries
    }
    theirs = [folder for folder, _ in listing.galleries(gallery_conf, docs)]
    shown.make_stale(docs, domain.page_folders, fingerprints, theirs)

    def made(entry: Entry) -> None:
        """A page is noted as made when it is."""
        page = entry.example.page
        shown.note(shown.by(docs, page), fingerprints[page])

    seam.make_pages(app, entries, made)
    shown.note(shown.by_all(domain.pages), shown.together(fingerprints))


def execute_and_tell(options: Options, *, strict: bool, store: str = "") -> list[Entry]:
    """Take from ``store`` what it has, and execute what is due then; a line for each example and
    one for those not installed."""
    if store and options.execute:
        # Most builds take nothing, and need not load what it takes.
        from site_ext.stores.take import take  # noqa: PLC0415

        take(store, options, _say)
    entries = plan.plan(options)
    for entry in entries:
        if not entry.due:
            _say(f"{entry.example.name}: {entry.reason}")
    if any(entry.due for entry in entries):
        # Likewise.
        from site_ext.run.execute import execute  # noqa: PLC0415

        execute([entry for entry in entries if entry.due], options, say=_say)
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
            if app.config.sphinx_gallery_conf["only_warn_on_example_error"]:
                logger.warning("%s", error, type="sphinx_gallery", subtype="example_error")
                return
            print(f"\nThe build stopped: {error}", file=sys.stderr, flush=True)
            app.statuscode = 1


#: Settings of ours: default, whether a change has all pages read again, kinds, and what it is.
SETTINGS: dict[str, tuple[Any, _ConfigRebuild, tuple[type, ...], str]] = {
    "examples_records": ("", "", (str,), "records, from docs/"),
    "examples_root": ("", "", (str,), "the project, from docs/"),
    "examples_pattern": ("", "", (str,), "execute only what matches"),
    "examples_shard": ("", "", (str,), "execute only this part, as in 2/4"),
    "examples_jobs": ("", "", (str, int), "untimed examples side by side"),
    "examples_store": ("", "", (str,), "take records from there; see site_ext/stores"),
    "examples_cluster": ("", "", (str,), "execute on the workers of this Dask scheduler"),
    "examples_budget": ("", "", (str, int, float), "seconds after which none is begun"),
    "examples_stretch": (1, "", (str, int, float), "what time limits are multiplied by"),
    "examples_strict": (False, "", (bool,), "fail where a framework is absent"),
    "examples_lock": ("", "", (str,), "versions of what is not installed, from docs/"),
    "examples_share": ({}, "", (dict,), "see site_ext/gallery/surroundings.py"),
    "examples_frameworks": ({}, "env", (dict,), "see site_ext/gallery/surroundings.py"),
    "examples_optional": ({}, "env", (dict,), "likewise"),
    "examples_chosen": ("", "env", (str,), "likewise"),
    "examples_environment": ({}, "env", (dict,), "likewise"),
}


def configuration(folder: Path) -> Config:
    """The configuration in ``folder`` where there is no Sphinx."""
    config = Config.read(folder, overrides={}, tags=Tags())
    for name, (default, rebuild, kinds, told) in SETTINGS.items():
        config.add(name, default, rebuild, kinds, told)
    config.add("sphinx_gallery_conf", {}, "html", (dict,))
    return config


def setup(app: Sphinx) -> ExtensionMetadata:
    for name, (default, rebuild, kinds, told) in SETTINGS.items():
        app.add_config_value(name, default, rebuild, kinds, told)
    app.add_domain(ExamplesDomain)
    # When all that is due has run, the domain has its entries, and no page is made.
    app.add_event("examples-planned")
    seam.take_over(app)
    # When Sphinx-Gallery has filled in its settings, at 10, and other handlers have had theirs.
    app.connect("builder-inited", execute_examples, priority=600)
    app.connect("env-get-outdated", remove_pages)
    # The pages are written, those of failed examples too; then the build may fail.
    app.connect("build-finished", tell_failed, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
