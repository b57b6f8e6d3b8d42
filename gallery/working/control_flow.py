"""
Run a loop whose end depends on the data
========================================

"Dynamic graphs" were the argument for PyTorch once. Today all frameworks run Python
as it stands until they compile, and then each has its own answer to a loop that
nobody can count beforehand: this one halves or triples a number until it is one,
and counts its steps.

Look at which mode runs the plain loop, which one hands it back to Python, and which
one refuses and with what words.
"""

# sphinx_gallery_tags = ["compilation", "control flow", "export"]

import contextlib
import io
import logging

import jax
import matplotlib.pyplot as plt
import tensorflow as tf
import torch

# %%
# Constants
# ---------
# 27 needs 111 steps.

START, STEPS = 27, 111
results = {}
torch._logging.set_logs(
    graph_breaks=False, export=logging.CRITICAL
)  # the error is enough


def note(name, function):
    silence = io.StringIO()  # PyTorch prints its graphs on the way to an error
    try:
        with (
            contextlib.redirect_stdout(silence),
            contextlib.redirect_stderr(silence),
        ):
            results[name] = int(function())
        print(f"{name:<28} {results[name]}")
    except Exception as error:
        results[name] = type(error).__name__
        first = next(line for line in str(error).splitlines() if line.strip())
        print(f"{name:<28} {results[name]}: {first[:70]}")


# %%
# TensorFlow
# ----------
# AutoGraph rewrites the ``while`` of the source into a loop of the graph, so the
# compiled function takes any number without being traced again.


def collatz_tensorflow(n):
    steps = tf.constant(0)
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


compiled = tf.function(collatz_tensorflow)
note("TensorFlow, eager", lambda: collatz_tensorflow(tf.constant(START)))
note("TensorFlow, tf.function", lambda: compiled(tf.constant(START)))
compiled(tf.constant(7))
tensorflow_traces = compiled.experimental_get_tracing_count()
print("traces after a second number:", tensorflow_traces)

# %%
# PyTorch
# -------
# ``torch.compile`` gives up at the loop and leaves it to Python; the one graph that it
# makes is what stands before the first turn. With ``export``, where no Python is left, it is an error.


class Collatz(torch.nn.Module):
    def forward(self, n):
        steps = torch.tensor(0)
        while n != 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            steps = steps + 1
        return steps


graphs = 0


def counting(graph, example_inputs):
    global graphs
    graphs += 1
    return graph.forward


note("PyTorch, eager", lambda: Collatz()(torch.tensor(START)))
note(
    "PyTorch, torch.compile",
    lambda: torch.compile(Collatz(), backend=counting)(torch.tensor(START)),
)
print("graphs that were compiled:", graphs)
note(
    "PyTorch, torch.export",
    lambda: torch.export.export(Collatz(), (torch.tensor(START),)),
)

# %%
# For export the loop must be said as an operation: a condition, a body, and what is
# carried.


class CollatzOperation(torch.nn.Module):
    def forward(self, n):
        def go_on(n, steps):
            return n != 1

        def body(n, steps):
            return torch.where(n % 2 == 0, n // 2, 3 * n + 1), steps + 1

        start = (n, torch.zeros((), dtype=torch.int64))
        return torch.while_loop(go_on, body, start)[1]


exported = torch.export.export(CollatzOperation(), (torch.tensor(START),))
note(
    "PyTorch, while_loop exported",
    lambda: exported.module()(torch.tensor(START)),
)

# %%
# JAX
# ---
# The plain loop runs outside ``jit`` and is refused inside; ``lax.while_loop`` is the
# same operation under another name. Keras has it as ``keras.ops.while_loop``.


def collatz_jax(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def collatz_lax(n):
    def body(carried):
        n, steps = carried
        return jax.numpy.where(n % 2 == 0, n // 2, 3 * n + 1), steps + 1

    return jax.lax.while_loop(lambda carried: carried[0] != 1, body, (n, 0))[1]


note("JAX, eager", lambda: collatz_jax(jax.numpy.array(START)))
note("JAX, jit", lambda: jax.jit(collatz_jax)(START))
note("JAX, lax.while_loop in jit", lambda: jax.jit(collatz_lax)(START))

# %%
# Result
# ------

measured = {
    "ran": sum(value == STEPS for value in results.values()),
    "refused": sum(isinstance(value, str) for value in results.values()),
    "tensorflow_traces": tensorflow_traces,
    "torch_graphs": graphs,
    "torch_while_loop_steps": results["PyTorch, while_loop exported"],
    "torch_export_error": results["PyTorch, torch.export"],
    "jax_jit_error": results["JAX, jit"],
}
assert measured["ran"] == 7
assert measured["refused"] == 2
assert measured["tensorflow_traces"] == 1

# %%

marks = {
    "TensorFlow": ("#b45309", "o"),
    "PyTorch": ("#6b1f5e", "s"),
    "JAX": ("0.4", "D"),
}
figure, axis = plt.subplots(figsize=(8, 3.4), layout="constrained")
for row, (name, value) in enumerate(results.items()):
    color, marker = marks[name.partition(",")[0]]
    ran = value == STEPS
    axis.plot(
        0.02,
        row,
        marker=marker,
        color=color,
        mfc=color if ran else "none",
        ms=9,
    )
    axis.text(0.06, row, name, va="center")
    axis.text(
        0.5,
        row,
        "111 steps" if ran else value,
        va="center",
        color="0.2" if ran else "0.45",
    )
axis.set(xlim=(0, 1), ylim=(len(results) - 0.4, -0.6))
axis.axis("off")
axis.set_title(
    "Where a loop of unknown length runs "
    "(the last of PyTorch and JAX rewritten)"
)
plt.show()

# %%
# What to try
# -----------
# Use ``@tf.function(autograph=False)`` and read what TensorFlow says. Compile with
# ``fullgraph=True``. Count the graphs for another number.
