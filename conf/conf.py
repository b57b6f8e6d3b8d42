"""Values only; what the site does with them is in site_ext/."""

import os
import tomllib
from pathlib import Path

from site_ext.base import frameworks

here = str(Path(__file__).parent)

# -- Project -------------------------------------------------------------------

project = "Deep Learning Frameworks"
author = "the contributors"
copyright = "2025-2026, the contributors"
# SITE_VERSION is set by `make site`, the others by Read the Docs.
site_version = os.environ.get("SITE_VERSION", "")
site_hosted = (
    os.environ.get("READTHEDOCS_VERSION_NAME") or os.environ.get("READTHEDOCS_VERSION", ""),
    os.environ.get("READTHEDOCS_VERSION_TYPE", ""),
)
release = version = site_version or site_hosted[0] or "dev"

# owner/name of the repository on GitHub whose branch gh-pages holds the published site.
# With it, notebooks get buttons to open them on Colab and on Binder.
site_repository = os.environ.get("REPOSITORY", "")
repository_owner, _, repository_name = site_repository.partition("/")

# -- Extensions ----------------------------------------------------------------

extensions = [
    "myst_parser",
    "sphinx.ext.doctest",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "site_ext",
]
exclude_patterns = [
    "original.md",
    "_static",
    "_templates",
    "gallery/**/*.zip",
    "gallery/**/*.ipynb",
    "gallery/**/*.py",
]
nitpicky = True
suppress_warnings = [
    # Siblings share a name on purpose: pytorch/train_mlp and tensorflow/train_mlp. Their
    # images are kept apart in site_ext/gallery/images.py.
    "sphinx_gallery.duplicate_filename",
    # A failed example is listed once, at the end: site_ext/gallery/build.py.
    "sphinx_gallery.example_error",
]

# -- MyST ----------------------------------------------------------------------

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

# -- Names in code link to the libraries' own pages: inventories/README.md ----------

intersphinx_mapping = {
    name: (base, f"{here}/inventories/{name}.inv")
    for name, base in {
        "jax": "https://docs.jax.dev/en/latest/",
        "keras": "https://keras.io/api/",
        "matplotlib": "https://matplotlib.org/stable/",
        "numpy": "https://numpy.org/doc/stable/",
        "onnxruntime": "https://onnxruntime.ai/docs/api/python/",
        "openvino": "https://docs.openvino.ai/2026/api/",
        "scikit-learn": "https://scikit-learn.org/stable/",
        "scipy": "https://docs.scipy.org/doc/scipy/",
        "tensorflow": "https://www.tensorflow.org/api_docs/python/",
        "torch": "https://docs.pytorch.org/docs/stable/",
    }.items()
}
intersphinx_disabled_reftypes = ["*"]  # only names in the examples' code, never prose

# -- Executing examples: site_ext/gallery/build.py, site_ext/gallery/surroundings.py --------

examples_records = "../build/records"
examples_root = ".."
examples_pattern = os.environ.get("PATTERN", "")
examples_shard = os.environ.get("SHARD", "")
examples_jobs = os.environ.get("JOBS") or "1"
examples_strict = bool(os.environ.get("STRICT"))
examples_store = os.environ.get("RECORDS", "")
examples_cluster = os.environ.get("CLUSTER", "")
examples_budget = os.environ.get("BUDGET", "")
examples_stretch = os.environ.get("TIME_LIMIT_FACTOR") or "1"
examples_lock = "../constraints.txt"
examples_frameworks = frameworks.TITLES
# What a build may lack: examples that need it are skipped then. Anything else that can't be
# imported is a failure.
examples_optional = {
    **frameworks.DISTRIBUTIONS,
    "ai_edge_litert": "ai-edge-litert",
    "executorch": "executorch",
    "litert_torch": "litert-torch",
    "onnxruntime": "onnxruntime",
    "onnxscript": "onnxscript",
    "openvino": "openvino",
    "optax": "optax",
    "tensorboard": "tensorboard",
    "tf2onnx": "tf2onnx",
}
# Keras's backend comes from the script alone, its settings from an empty folder; figures are
# drawn for screens of today.
examples_chosen = r"""os\.environ\[["']KERAS_BACKEND["']\]\s*=\s*["'](\w+)["']"""
# The frameworks' own settings for a script that runs beside others.
examples_share = dict.fromkeys(
    (
        "OMP_NUM_THREADS",  # PyTorch, and what OpenMP there is elsewhere
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",  # NumPy and SciPy
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
        "PJRT_NPROC",  # JAX
        "NPROC",
    ),
    "{cores}",
)
examples_environment = {
    "KERAS_BACKEND": None,
    "KERAS_HOME": "{home}",
    "MATPLOTLIBRC": f"{here}/matplotlibrc",
    # What converters say of themselves, which no reader of a script can change: scripts need no
    # line that silences.
    "TORCH_LOGS": "-onnx,-torch.utils._pytree",
    "PYTHONWARNINGS": "ignore::FutureWarning:copyreg,"
    "ignore::UserWarning:tensorflow.lite.python.convert",
}

# -- Claims: site_ext/claims/directive.py ---------------------------------------------------

claims_original = "original.md"

# -- Pages of the examples: Sphinx-Gallery ----------------------------------------

sphinx_gallery_conf = {
    "examples_dirs": "../gallery",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"(^|/)_",
    "subsection_order": [
        *(
            f"../gallery/{theme}"
            for theme in (
                "article",
                "tensorflow",
                "pytorch",
                "keras",
                "jax",
                "porting",
                "working",
                "deploying",
            )
        ),
        "*",
    ],
    "nested_sections": True,
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "inspect_global_variables": False,
    "reset_modules": (),
    "capture_repr": (),
    "remove_config_comments": True,
    "show_signature": False,
    "thumbnail_size": (640, 320),
    "binder": {
        "org": repository_owner,
        "repo": repository_name,
        # Where the root's requirements are this version's: publisher/branch.py.
        "branch": "gh-pages" if release == "dev" else f"pages-{release}",
        "binderhub_url": "https://mybinder.org",
        "dependencies": [f"{here}/binder/requirements.txt"],
        "filepath_prefix": release,
        "notebooks_dir": "notebooks",
        "use_jupyter_lab": True,
    }
    if site_repository
    else {},
    # Both are told by the card at the foot of a page and by the table of timings.
    "min_reported_time": float("inf"),
    "write_computation_times": False,
}

# -- The galleries as pictures: site_ext/gallery/pictures.py ---------------------------

gallery = tomllib.loads(Path(here, "gallery.toml").read_text(encoding="utf-8"))
gallery_families = gallery["families"]
gallery_order = gallery["order"]
gallery_facets = gallery["facets"]
gallery_whole = gallery["whole"]
gallery_panels = gallery["panels"]

# -- Doctest ---------------------------------------------------------------------

doctest_test_doctest_blocks = ""
doctest_global_setup = """
import importlib.util
import os
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
def absent(*modules):
    return any(importlib.util.find_spec(module) is None for module in modules)
"""

# -- Link check ------------------------------------------------------------------

linkcheck_timeout = 20
linkcheck_retries = 2
linkcheck_anchors = False

# -- HTML ------------------------------------------------------------------------

# The alias that always leads to the preferred version; a host that says where it serves
# this build has its way.
html_baseurl = os.environ.get("READTHEDOCS_CANONICAL_URL") or (
    os.environ["SITE_URL"].rstrip("/") + "/stable/"
    if site_version and os.environ.get("SITE_URL")
    else ""
)
html_theme = "pydata_sphinx_theme"
html_title = "Deep Learning Frameworks: TensorFlow vs PyTorch vs Keras"
html_short_title = "Frameworks compared"
templates_path = ["../docs/_templates"]
html_static_path = ["../docs/_static"]
html_favicon = "../docs/_static/favicon.svg"
html_css_files = ["palette.css", "site.css"]
html_js_files = [
    "vendor/sortable.js",
    ("highlighted.js", {"defer": "", "priority": 100}),  # before Sphinx's own, which it mends
    ("hours.js", {"defer": ""}),
    ("columns.js", {"defer": ""}),
    ("gallery.js", {"defer": ""}),
    ("choose.js", {"defer": ""}),
    ("ledger.js", {"defer": ""}),
    ("tables.js", {"defer": ""}),
    ("live.js", {"type": "module"}),
]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "logo": {
        "text": "Frameworks compared",
        "image_light": "_static/favicon.svg",
        "image_dark": "_static/favicon.svg",
        "alt_text": "",
    },
    "navbar_align": "left",
    "navbar_end": ["version-switcher-list", "theme-switcher"],
    "show_prev_next": True,
    "footer_start": ["made-with", "copyright"],
    "footer_center": [],
    "footer_end": [],
}
# The first page needs no list beside it, and wide pages have no room for one.
html_sidebars: dict[str, list[str]] = {
    page: [] for page in ("index", "method", "ledger", "side_by_side/*", "gallery/index")
}
html_context = {"default_mode": "auto"}

# -- Copy buttons: code, not what it printed ------------------------------------------

copybutton_selector = ".bd-article div.highlight-python pre, .bd-article div.highlight-Python pre, .bd-article div.highlight-default pre, .bd-article div.highlight-sh pre, .bd-article div.highlight-console pre"
copybutton_exclude = ".linenos, .gp, .go"

# -- Search: site_ext/pages/search_words.py, docs/_static/scorer.js ------------------

html_search_scorer = f"{here}/../docs/_static/scorer.js"
search_words = tomllib.loads(Path(here, "search.toml").read_text(encoding="utf-8"))

# -- EPUB --------------------------------------------------------------------------

epub_show_urls = "no"
epub_exclude_files = [
    ".buildinfo.bak",
    "_static/vendor/README.md",
    "_static/vendor/sortable.LICENSE",
]
