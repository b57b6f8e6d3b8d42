"""What this site's scripts use: the frameworks compared, what may be missing, and Keras."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from site_ext.base import frameworks
from site_ext.gallery.parser import parse
from site_ext.run.surroundings import Surroundings, plain_environment

if TYPE_CHECKING:
    from pathlib import Path

#: Packages that a build may lack, by the module that is imported: examples of theirs
#: are skipped then. Anything else that can't be imported is a failure.
OPTIONAL = {
    **{name: names[0] for name, names in frameworks.DISTRIBUTIONS.items()},
    "ai_edge_litert": "ai-edge-litert",
    "executorch": "executorch",
    "litert_torch": "litert-torch",
    "onnxruntime": "onnxruntime",
    "onnxscript": "onnxscript",
    "openvino": "openvino",
    "tensorboard": "tensorboard",
    "tf2onnx": "tf2onnx",
}
_BACKEND = re.compile(r"""os\.environ\[["']KERAS_BACKEND["']\]\s*=\s*["'](\w+)["']""")


def keras_backend(text: str) -> set[str]:
    """The Keras backend that a script chooses by ``os.environ``."""
    found = _BACKEND.search(text)
    return {found[1]} if found else set()


def environment(home: Path) -> dict[str, str]:
    """Keras's backend comes from the script alone, and its settings from an empty folder."""
    kept = plain_environment(home)
    kept.pop("KERAS_BACKEND", None)
    return kept | {"KERAS_HOME": str(home)}


HERE = Surroundings(parse, frameworks.TITLES, OPTIONAL, keras_backend, environment)
