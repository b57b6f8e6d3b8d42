"""
Weigh the frameworks: import time, memory, disk
===============================================

Before a framework computes anything it has to be installed, imported and held in
memory. For a service that starts often, a test suite or a small container that can
matter more than its speed. Each import runs in a process of its own, so none pays
for another, and three times; the median counts. What a stack does not require is hidden from it:
TensorFlow would import JAX and Keras scikit-learn, only because they are there. The memory is
Linux's and macOS's own account of the process.
"""

# sphinx_gallery_tags = ["import time", "memory", "disk", "performance"]
# sphinx_gallery_needs = ["jax", "keras", "tensorflow", "torch"]
# sphinx_gallery_timed = True

import json
import re
import statistics
import subprocess
import sys
from importlib import metadata

import matplotlib.pyplot as plt

# %%
# Constants
# ---------
# What is imported, with which backend for Keras, and which distributions it needs.
# The last are found by following what each requires.

RUNS = 3
STACKS = {
    "JAX": ("jax", "", ["jax"]),
    "PyTorch": ("torch", "", ["torch"]),
    "TensorFlow": ("tensorflow", "", ["tensorflow-cpu", "tensorflow"]),
    "Keras on JAX": ("keras", "jax", ["keras", "jax"]),
}

# %%
# What each requires
# ------------------
# Followed from distribution to distribution. A module that belongs to none of them is a stranger.


def installed(name):
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None


def with_requirements(names):
    found, todo = {}, list(names)
    while todo:
        distribution = installed(todo.pop())
        if (
            distribution is None
            or distribution.metadata["Name"].lower() in found
        ):
            continue
        found[distribution.metadata["Name"].lower()] = distribution
        for line in distribution.requires or []:
            if "extra ==" not in line:
                todo.append(re.match(r"[\w.-]+", line)[0])
    return found


required = {
    name: with_requirements(each) for name, (_, _, each) in STACKS.items()
}
modules = metadata.packages_distributions()
strangers = {
    name: [
        m
        for m, owners in modules.items()
        if not {o.lower() for o in owners} & set(needs)
    ]
    for name, needs in required.items()
}

# %%
# Import
# ------
# The memory is what the process held at most, in MiB. The seconds depend on whether the files
# are in the system's cache, so the stacks take turns: the first turn may read from the disk,
# and the median is of one that did not.

CODE = """
import json, os, resource, sys, time
os.environ["KERAS_BACKEND"] = sys.argv[2] or "tensorflow"
sys.modules.update(dict.fromkeys(json.loads(sys.argv[3])))
started = time.perf_counter()
__import__(sys.argv[1])
seconds = time.perf_counter() - started
if sys.platform == "darwin":
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
else:  # where that would begin at what the parent held
    with open("/proc/self/status") as status:
        held = next(line for line in status if line.startswith("VmHWM"))
    peak = int(held.split()[1]) / 1024
print(json.dumps([seconds, peak]), flush=True)
os._exit(0)  # what the end of a process costs is not asked
"""


def import_once(module, backend, hidden):
    command = [sys.executable, "-c", CODE, module, backend, json.dumps(hidden)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


runs = {name: [] for name in STACKS}
for _ in range(RUNS):
    for name, (module, backend, _) in STACKS.items():
        runs[name].append(import_once(module, backend, strangers[name]))
imports = {
    name: tuple(map(statistics.median, zip(*each)))
    for name, each in runs.items()
}

# %%
# Disk
# ----
# The files of the distribution and of all that it requires, each counted once.


def disk_mib(distribution):
    sizes = (file.size or 0 for file in distribution.files or [])
    return sum(sizes) / 2**20


disk = {}
for name, needs in required.items():
    disk[name] = sum(disk_mib(distribution) for distribution in needs.values())

# %%
# Result
# ------

measured = {}
for name, (seconds, peak) in imports.items():
    key = name.lower().replace(" ", "_")
    measured[f"{key}_import_seconds"] = seconds
    measured[f"{key}_memory_mib"] = peak
    measured[f"{key}_disk_mib"] = disk[name]
    spread = sorted(seconds for seconds, _ in runs[name])
    print(
        f"{name:<13} {seconds:4.1f} s ({spread[0]:.1f} to {spread[-1]:.1f})  "
        f"{peak:5.0f} MiB in memory  {disk[name]:5.0f} MiB on disk"
    )
measured["runs"] = min(map(len, runs.values()))
assert measured["runs"] == RUNS
assert all(value > 0 for value in measured.values())

# %%

colors = ["0.45", "#6b1f5e", "#b45309", "#2563eb"]
panels = [
    (
        f"import, seconds (n={RUNS})",
        [seconds for seconds, _ in imports.values()],
        "%.1f",
    ),
    ("memory, MiB", [peak for _, peak in imports.values()], "%.0f"),
    ("disk, MiB", list(disk.values()), "%.0f"),
]
figure, axes = plt.subplots(
    1, 3, figsize=(8, 2.8), sharey=True, layout="constrained"
)
for axis, (title, values, form) in zip(axes, panels):
    bars = axis.barh(list(STACKS), values, color=colors)
    axis.bar_label(bars, fmt=f" {form}")
    axis.set(title=title)
    axis.margins(x=0.3)
axes[0].invert_yaxis()
plt.show()

# %%
# What to try
# -----------
# Add Keras on TensorFlow and on PyTorch. Run ``python -X importtime -c "import
# tensorflow"`` to see what takes the time. Compare with the GPU builds, which are
# several times larger.
