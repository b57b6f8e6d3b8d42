"""
Learn a photograph as a function of coordinates
===============================================

A network gets a position, two numbers, and answers with a colour, three. Trained on the pixels of one
photograph it becomes that photograph: a picture of how well a network fits, which nobody has to be
told how to read. PyTorch, JAX and Keras learn it from the same weights and end with the same picture.

Look at the second picture: without waves of the coordinates as inputs a network of the same width paints
a blur. That is a property of networks, and of no library.
"""

# sphinx_gallery_tags = ["image", "coordinate network", "Fourier features", "from scratch"]
# sphinx_gallery_tolerances = {"psnr_*": 0.3, "apart": 0.05}

import os

os.environ["KERAS_BACKEND"] = "jax"  # before Keras is imported

import jax
import jax.numpy as jnp
import keras
import matplotlib.pyplot as plt
import numpy as np
import optax
import torch
from sklearn.datasets import load_sample_image

# %%
# Constants
# ---------

SEED = 0
STEPS, RATE, WIDTH, WAVES, FINEST = 200, 0.01, 64, 48, 6.0

# %%
# Data
# ----
# The photograph comes with scikit-learn. Each pixel is a row: where it is, and its colour. ``waves``
# are sines and cosines of the position in random directions.

photograph = load_sample_image("flower.jpg")[40:400:5, 60:600:5] / 255
height, width, _ = photograph.shape
colours = photograph.reshape(-1, 3).astype("float32")
rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
places = np.stack([rows, columns], axis=-1).reshape(-1, 2).astype("float32")
generator = np.random.default_rng(SEED)
angles = places @ generator.normal(0, FINEST, (2, WAVES)).astype("float32")
waves = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
print(f"{height} by {width} pixels")


def drawn(first):
    sizes = [(first, WIDTH), (WIDTH, WIDTH), (WIDTH, 3)]
    return [
        generator.normal(0, (2 / n) ** 0.5, (n, m)).astype("float32")
        for n, m in sizes
    ]


kernels = drawn(2 * WAVES)

# %%
# PyTorch
# -------


def learn_in_torch(inputs, kernels):
    layers = []
    for kernel in kernels:
        linear = torch.nn.Linear(*kernel.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(kernel.T.copy()))
            linear.bias.zero_()
        layers += [linear, torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1], torch.nn.Sigmoid())
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, eps=1e-7)
    x, y = torch.from_numpy(inputs), torch.from_numpy(colours)
    model.train()
    for _ in range(STEPS):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        return model(x).numpy()


pictures = {"PyTorch": learn_in_torch(waves, kernels)}
pictures["without waves"] = learn_in_torch(places, drawn(2))

# %%
# JAX
# ---


def paint(parameters, x):
    *hidden, (kernel, bias) = parameters
    for layer in hidden:
        x = jax.nn.relu(x @ layer[0] + layer[1])
    return jax.nn.sigmoid(x @ kernel + bias)


adam = optax.adam(RATE, eps=1e-7)


@jax.jit
def step(parameters, state):
    def loss(p):
        return ((paint(p, waves) - colours) ** 2).mean()

    updates, state = adam.update(jax.grad(loss)(parameters), state)
    return optax.apply_updates(parameters, updates), state


parameters = [
    (jnp.asarray(kernel), jnp.zeros(kernel.shape[1])) for kernel in kernels
]
state = adam.init(parameters)
for _ in range(STEPS):
    parameters, state = step(parameters, state)
pictures["JAX"] = np.asarray(paint(parameters, waves))

# %%
# Keras
# -----

sizes = [("relu", WIDTH), ("relu", WIDTH), ("sigmoid", 3)]
layers = [keras.layers.Dense(units, activation) for activation, units in sizes]
model = keras.Sequential([keras.Input((2 * WAVES,)), *layers])
for layer, kernel in zip(layers, kernels):
    layer.kernel.assign(kernel)
model.compile(keras.optimizers.Adam(RATE, epsilon=1e-7), "mse")
for _ in range(STEPS):
    model.train_on_batch(waves, colours)
pictures["Keras"] = keras.ops.convert_to_numpy(model(waves))

# %%
# Result
# ------
# The ratio of the highest signal to the noise (PSNR), in decibels: ten more is a tenth of the
# squared error.


def decibels(picture):
    return float(-10 * np.log10(((picture - colours) ** 2).mean()))


measured = {
    f"psnr_{name.lower().replace(' ', '_')}": decibels(p)
    for name, p in pictures.items()
}
three = np.array([pictures[name] for name in ("PyTorch", "JAX", "Keras")])
measured["apart"] = float(np.sqrt(np.square(np.ptp(three, axis=0)).mean()))
for name, value in measured.items():
    print(f"{name:<20} {value:6.2f}")
assert measured["psnr_pytorch"] > measured["psnr_without_waves"] + 2
ends = [measured[f"psnr_{name}"] for name in ("pytorch", "jax", "keras")]
assert max(ends) - min(ends) < 1

# %%

figure, axes = plt.subplots(1, 5, figsize=(8, 1.7), layout="constrained")
shown = {
    "the photograph": colours,
    **{n: pictures[n] for n in ("without waves", "PyTorch", "JAX", "Keras")},
}
for axis, (name, picture) in zip(axes, shown.items()):
    axis.imshow(picture.reshape(height, width, 3).clip(0, 1))
    told = "" if name == "the photograph" else f"\n{decibels(picture):.1f} dB"
    axis.set_title(name + told, fontsize=9)
    axis.axis("off")
plt.show()

# %%
# What to try
# -----------
# Ask the trained network for places between the pixels. Make ``FINEST`` 1 and then 40: too coarse
# and too fine look different. Train for 3,000 steps.
