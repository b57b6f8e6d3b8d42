"""
Find wrong labels by the gradient norm of each example
======================================================

``backward`` gives the gradient of a batch's mean. Privacy, influence and data cleaning ask for the
gradient of *each* example. A loop over single images gives it; ``torch.func`` and JAX give it at
once, by the same two words: ``vmap`` of ``grad``.

Twenty labels of real digits are made wrong on purpose. After a short training the gradients of those
images are among the longest, so sorting by length finds most of them. Look at the pictures: what is shown
was found by its gradient alone.
"""

# sphinx_gallery_tags = ["per-example gradients", "gradient norm", "vmap", "data cleaning"]
# sphinx_gallery_tolerances = {"found*": 2, "apart_*": 1e-3}

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from torch.nn.functional import cross_entropy

# %%
# Constants
# ---------

SEED = 0
STEPS, RATE = 400, 0.5
WRONG, SHOWN = 20, 10
LOOPED = 100  # images that are also done one by one

generator = np.random.default_rng(SEED)
digits = load_digits()
images = (digits.data / 16).astype("float32")
labels = digits.target.astype("int64")
planted = generator.choice(len(labels), WRONG, replace=False)
labels[planted] = (labels[planted] + generator.integers(1, 10, WRONG)) % 10
print(f"{len(labels)} images, {WRONG} labels made wrong")

# %%
# Train a little
# --------------
# One hidden layer, in PyTorch, all images at once: long enough to learn what most images have in
# common, too short to learn the exceptions.

torch.manual_seed(SEED)
model = torch.nn.Sequential(
    torch.nn.Linear(64, 32), torch.nn.Tanh(), torch.nn.Linear(32, 10)
)
optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
x, y = torch.from_numpy(images), torch.from_numpy(labels)
model.train()
for _ in range(STEPS):
    optimizer.zero_grad()
    cross_entropy(model(x), y).backward()
    optimizer.step()
model.eval()

# %%
# One by one
# ----------
# What everybody writes first.


def one_by_one(count):
    for image, label in zip(x[:count], y[:count]):
        model.zero_grad()
        cross_entropy(model(image[None]), label[None]).backward()
        yield torch.cat([p.grad.flatten() for p in model.parameters()]).numpy()


looped = np.array(list(one_by_one(LOOPED)))

# %%
# At once, in PyTorch
# -------------------
# ``functional_call`` makes the module a function of its parameters. ``grad`` differentiates it for
# one example, ``vmap`` maps that over a batch; ``in_dims`` says what is mapped.

parameters = {name: p.detach() for name, p in model.named_parameters()}


def loss_of(parameters, image, label):
    logits = torch.func.functional_call(model, parameters, (image[None],))
    return cross_entropy(logits, label[None])


each = torch.func.vmap(torch.func.grad(loss_of), in_dims=(None, 0, 0))(
    parameters, x, y
)
in_torch = torch.cat([g.flatten(1) for g in each.values()], dim=1).numpy()

# %%
# At once, in JAX
# ---------------
# The same, but the model is a function already.

weights = {name: jnp.asarray(p.numpy()) for name, p in parameters.items()}


def jax_loss(w, image, label):
    hidden = jnp.tanh(w["0.weight"] @ image + w["0.bias"])
    logits = w["2.weight"] @ hidden + w["2.bias"]
    return jax.nn.logsumexp(logits) - logits[label]


each = jax.jit(jax.vmap(jax.grad(jax_loss), in_axes=(None, 0, 0)))(
    weights, images, labels
)
in_jax = np.concatenate(
    [np.asarray(each[k]).reshape(len(labels), -1) for k in weights], axis=1
)

# %%
# Result
# ------
# ``found`` is how many of the twenty longest gradients belong to a label that was made wrong.


def by_length(gradients):
    return np.argsort(np.linalg.norm(gradients, axis=1))[::-1]


longest = by_length(in_torch)
measured = {
    "images": len(labels),
    "planted": WRONG,
    "found": int(np.isin(longest[:WRONG], planted).sum()),
    "found_jax": int(np.isin(by_length(in_jax)[:WRONG], planted).sum()),
    "apart_loop": float(np.abs(in_torch[:LOOPED] - looped).max()),
    "apart_loop_jax": float(np.abs(in_jax[:LOOPED] - looped).max()),
    "apart_jax": float(np.abs(in_torch - in_jax).max()),
    "mean_apart": float(
        np.abs(in_torch[:LOOPED].mean(axis=0) - looped.mean(axis=0)).max()
    ),
}
for name, value in measured.items():
    print(f"{name:<12} {value:10.2g}")
assert measured["found"] >= 0.6 * WRONG
assert measured["found_jax"] >= 0.6 * WRONG
assert max(measured["apart_loop"], measured["apart_loop_jax"]) < 1e-4
assert measured["apart_jax"] < 1e-4

# %%

figure, axes = plt.subplots(1, SHOWN, figsize=(8, 1.7), layout="constrained")
for axis, number in zip(axes, longest):
    axis.imshow(digits.images[number], cmap="gray_r")
    color = "firebrick" if number in planted else "0.4"
    axis.set_title(f"“{labels[number]}”", color=color, fontsize=10)
    axis.set(xticks=[], yticks=[])
figure.suptitle(
    f"The longest gradients: {measured['found']} of the first {WRONG} "
    "are labels made wrong (red)"
)
plt.show()

# %%
# What to try
# -----------
# Train for 3,000 steps and search again. Clip each gradient, and add noise to their
# sum: that is differentially private training. Put a batch normalisation into the model and leave
# out ``model.eval()``: one image alone is refused, for with it an example's gradient is not its
# own.
