"""The gate: a stack is timed only if it computes what the reference computes.

The reference is made once, in 64 bits (:mod:`bench.reference`): the number of weights, some of
the first batch's logits, the loss of each of ten training steps over ten batches, and the tokens
that follow a prompt. A wrong weight, another loss, other arithmetic or a step that does not train
all show in one of them.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from bench.workloads import Array, Workload

REFERENCE = Path(__file__).with_name("reference.json")
#: How many logits are compared.
LOGITS = 64
#: What lower arithmetic may be away, relative to the largest logit and to each loss.
LOWER = 0.05


class UnknownReferenceError(ValueError):
    """The reference is of other weights or batches."""


@cache
def references() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(REFERENCE.read_text(encoding="utf-8"))
    return found


def reference(load: Workload) -> dict[str, Any]:
    """Of one workload; raises :exc:`UnknownReferenceError` where its weights or batches are not those of then."""
    known: dict[str, Any] = references().get(load.name, {})
    if known.get("digest") != load.digest():
        raise UnknownReferenceError(
            f"{REFERENCE.name} is of other weights or batches of {load.name}; if they were "
            "meant to change, make it again with `python -m bench.reference`"
        )
    return known


def sample(logits: Array) -> list[float]:
    """Logits from all over a batch's."""
    flat = np.asarray(logits, np.float64).ravel()
    return [float(v) for v in flat[np.linspace(0, flat.size - 1, LOGITS).astype(int)]]


def compare(
    load: Workload, known: dict[str, Any], found: dict[str, Any], dtype: str = "float32"
) -> dict[str, Any]:
    """How far ``found`` is from the reference, and what is wrong, if anything is.

    ``found`` has ``parameters``, ``outputs``, ``losses`` and perhaps ``tokens``; of losses those
    that there are.
    """
    outputs = np.abs(np.subtract(found["outputs"], known["outputs"])).max()
    outputs = float(outputs / np.abs(known["outputs"]).max())
    wanted = np.array(known["losses"][: len(found["losses"])])
    losses = float((np.abs(np.subtract(found["losses"], wanted)) / np.abs(wanted)).max())
    bounds = (load.outputs, load.losses) if dtype != "bfloat16" else (LOWER, LOWER)
    why = ""
    if found["parameters"] != known["parameters"]:
        why = f"it trains {found['parameters']:,} numbers, the reference {known['parameters']:,}"
    elif not outputs <= bounds[0]:
        why = f"its outputs are {outputs:.1e} from the reference, of {bounds[0]:g} that are allowed"
    elif not losses <= bounds[1]:
        why = f"its losses are {losses:.1e} from the reference, of {bounds[1]:g} that are allowed"
    elif dtype == "float32" and found.get("tokens") not in (None, known.get("tokens")):
        why = "it generates other tokens than the reference"
    return {
        "passed": not why,
        "why": why,
        "parameters": found["parameters"],
        # JSON knows no NaN.
        "outputs": outputs if np.isfinite(outputs) else -1.0,
        "losses": losses if np.isfinite(losses) else -1.0,
    }
