"""The small sites' configuration: the real one, less what is about looks."""

import os
import runpy

globals().update(runpy.run_path(os.environ["SITE_CONF"]))

html_theme = "basic"
html_static_path = []
html_css_files = []
templates_path = []
html_js_files = []
html_theme_options = {}
html_sidebars = {}
claims_original = ""
search_words = {}  # of pages that are not there
del html_favicon  # noqa: F821 - defined by the file above
