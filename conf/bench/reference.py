"""Make the gate's reference: each workload in PyTorch, eager, in 64 bits.

    python -m bench.reference [WORKLOAD ...]

writes ``reference.json`` beside this file.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from bench import gate
from bench.stacks import STACKS, Settings
from bench.workloads import BATCHES, WORKLOADS, Workload
from site_ext.base.files import write_json


def made(load: Workload) -> dict[str, Any]:
    stack = STACKS["pytorch-eager"].load()(load, Settings(dtype="float64"))
    return {
        "digest": load.digest(),
        "parameters": stack.parameters(),
        "outputs": gate.sample(stack.array(stack.infer(0))),
        **(
            {"tokens": stack.array(stack.generate()).astype(int).tolist()}
            if load.name == "gpt"
            else {}
        ),
        "losses": [float(stack.array(stack.train(place))) for place in range(BATCHES)],
    }


def main(names: list[str]) -> None:
    known = json.loads(gate.REFERENCE.read_text()) if gate.REFERENCE.exists() else {}
    for name in names or WORKLOADS:
        known[name] = made(WORKLOADS[name])
        print(name, known[name]["parameters"], known[name]["losses"], flush=True)
    write_json(gate.REFERENCE, known)


if __name__ == "__main__":
    main(sys.argv[1:])
