"""A project's own configuration, which knows nothing of this site but its extension."""

import os
import sys

sys.path.insert(0, os.path.abspath("../package"))

project = "Foreign"
extensions = ["sphinx_gallery.gen_gallery"]
if os.environ.get("WITH_RUNNER"):
    extensions.append("site_ext.gallery")
html_theme = "basic"
exclude_patterns = ["_build"]
nitpicky = False

sphinx_gallery_conf = {
    "examples_dirs": ["../examples", "../tutorials"],
    "gallery_dirs": ["auto_examples", "auto_tutorials"],
    "example_extensions": {".py", ".cpp"},
    "ignore_pattern": r"^_|__init__",
    "expected_failing_examples": ["../examples/plot_fails.py"],
    "reset_argv": "helping.argv",
    "image_scrapers": ("matplotlib", "helping.scraper"),
    "reset_modules": ("matplotlib", "helping.reset"),
    "image_srcset": ["2x"],
    "matplotlib_animations": True,
    "doc_module": ("helping",),
    "backreferences_dir": "backreferences",
    "ignore_repr_types": r"matplotlib\.(text|axes|lines)",
    "show_memory": False,
    "copyfile_regex": r"by_hand\.rst",
    **eval(os.environ.get("MORE", "{}")),
}
