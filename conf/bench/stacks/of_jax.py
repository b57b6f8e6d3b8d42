"""JAX: functions of the weights, jitted, with optax's optimisers."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import optax
from jax import lax

from bench.stacks import Stack
from bench.workloads import ADAM_EPSILON, EPSILON, KEPT, bottlenecks


def dense(weights, name, x, number):
    return x @ weights[f"{name}.kernel"].astype(number) + weights[f"{name}.bias"].astype(number)


def convolve(weights, name, x, number, stride=1):
    kernel = weights[f"{name}.kernel"].astype(number)
    pad = kernel.shape[0] // 2
    return lax.conv_general_dilated(
        x, kernel, (stride, stride), [(pad, pad)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def pool(x, size, stride, pad=0):
    if size == stride and not pad:
        # On a processor the gradient of reduce_window takes longer than all the rest of the step.
        batch, height, width, channels = x.shape
        height, width = height // size, width // size
        x = x[:, : height * size, : width * size]
        return x.reshape(batch, height, size, width, size, channels).max((2, 4))
    pads = [(0, 0), (pad, pad), (pad, pad), (0, 0)]
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, size, size, 1), (1, stride, stride, 1), pads)


def mlp(load, weights, state, x, number, training):
    x = jax.nn.relu(dense(weights, "dense1", x.astype(number), number))
    x = jax.nn.relu(dense(weights, "dense2", x, number))
    return dense(weights, "dense3", x, number), state


def cnn(load, weights, state, x, number, training):
    x = x.astype(number)
    for name in ("conv1", "conv2"):
        x = convolve(weights, name, x, number) + weights[f"{name}.bias"].astype(number)
        x = pool(jax.nn.relu(x), 2, 2)
    x = jax.nn.relu(dense(weights, "dense1", x.reshape(len(x), -1), number))
    return dense(weights, "dense2", x, number), state


def lstm(load, weights, state, x, number, training):
    hidden = load.sizes["hidden"]
    projected = x.astype(number) @ weights["lstm.kernel"].astype(number)
    projected = projected + weights["lstm.bias"].astype(number)
    recurrent = weights["lstm.recurrent"].astype(number)

    def step(carry, now):
        h, c = carry
        i, f, g, o = jnp.split(now + h @ recurrent, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    zeros = jnp.zeros((len(x), hidden), number)
    (h, _), _ = lax.scan(step, (zeros, zeros), projected.swapaxes(0, 1))
    return dense(weights, "dense", h, number), state


def layer_norm(weights, name, x):
    """In 32 bits, whatever the rest computes in."""
    values = x.astype(jnp.float32)
    mean = values.mean(-1, keepdims=True)
    variance = values.var(-1, keepdims=True)
    normal = (values - mean) * lax.rsqrt(variance + EPSILON)
    return (normal * weights[f"{name}.weight"] + weights[f"{name}.bias"]).astype(x.dtype)


def block(load, weights, name, x, number, attend):
    """One block of the transformer; ``attend(q, k, v)`` mixes the tokens, (B, T, heads, width)."""
    batch, length, width = x.shape
    heads = load.sizes["heads"]
    x_norm = layer_norm(weights, f"{name}.norm1", x)
    parts = jnp.split(dense(weights, f"{name}.qkv", x_norm, number), 3, axis=-1)
    mixed = attend(*(part.reshape(batch, length, heads, width // heads) for part in parts))
    x = x + dense(weights, f"{name}.out", mixed.reshape(batch, length, width), number)
    up = dense(weights, f"{name}.up", layer_norm(weights, f"{name}.norm2", x), number)
    return x + dense(weights, f"{name}.down", jax.nn.gelu(up, approximate=True), number)


def gpt(load, weights, state, tokens, number, training):
    x = (weights["tokens"][tokens] + weights["positions"][: tokens.shape[1]]).astype(number)
    attend = functools.partial(jax.nn.dot_product_attention, is_causal=True)
    for place in range(load.sizes["layers"]):
        x = block(load, weights, f"block{place}", x, number, attend)
    return layer_norm(weights, "norm", x) @ weights["head.kernel"].astype(number), state


def decode(load, weights, caches, token, place, number):
    """The token that follows, and the caches with this one's keys and values."""
    x = (weights["tokens"][token] + weights["positions"][place])[None, None].astype(number)
    mask = (jnp.arange(load.example_shape[0]) <= place)[None, None, None]
    kept = []

    def attend(cache, q, k, v):
        keys, values = (
            lax.dynamic_update_slice(old, new, (0, place, 0, 0))
            for old, new in zip(cache, (k, v), strict=True)
        )
        kept.append((keys, values))
        return jax.nn.dot_product_attention(q, keys, values, mask=mask)

    for number_of, cache in enumerate(caches):
        name = f"block{number_of}"
        x = block(load, weights, name, x, number, functools.partial(attend, cache))
    logits = layer_norm(weights, "norm", x)[0, 0] @ weights["head.kernel"].astype(number)
    return logits.argmax(-1), kept


def generated(load, weights, prompt, number):
    """The tokens that follow the prompt: one loop, compiled whole."""
    sizes, [length], count = load.sizes, load.example_shape, len(prompt)
    shape = 1, length, sizes["heads"], sizes["width"] // sizes["heads"]
    caches = [(jnp.zeros(shape, number), jnp.zeros(shape, number)) for _ in range(sizes["layers"])]

    def step(place, carried):
        tokens, caches = carried
        following, caches = decode(load, weights, caches, tokens[place], place, number)
        kept = jnp.where(place + 1 < count, tokens[place + 1], following.astype(tokens.dtype))
        return tokens.at[place + 1].set(kept), caches

    tokens = jnp.pad(prompt, (0, sizes["new"]))
    return lax.fori_loop(0, count + sizes["new"] - 1, step, (tokens, caches))[0][count:]


def batch_norm(weights, state, name, x, training):
    """Statistics in 32 bits; in training the new ones replace the old ones in ``state``."""
    values = x.astype(jnp.float32)
    mean, variance = state[name]
    if training:
        old_mean, old_variance = mean, variance
        mean = values.mean((0, 1, 2))
        variance = jnp.square(values).mean((0, 1, 2)) - jnp.square(mean)
        state[name] = (
            KEPT * old_mean + (1 - KEPT) * mean,
            KEPT * old_variance + (1 - KEPT) * variance,
        )
    scale = lax.rsqrt(variance + EPSILON) * weights[f"{name}.weight"]
    return ((values - mean) * scale + weights[f"{name}.bias"]).astype(x.dtype)


def resnet(load, weights, state, x, number, training):
    state = dict(state)

    def conv(name, x, stride=1):
        return convolve(weights, name, x, number, stride)

    def norm(name, x):
        return batch_norm(weights, state, name, x, training)

    x = pool(jax.nn.relu(norm("bn1", conv("conv1", x.astype(number), 2))), 3, 2, 1)
    for name, _, _, stride in bottlenecks(load.sizes["stages"]):
        shortcut = x
        if name.endswith(".0"):
            shortcut = norm(f"{name}.downsample.1", conv(f"{name}.downsample.0", x, stride))
        x = jax.nn.relu(norm(f"{name}.bn1", conv(f"{name}.conv1", x)))
        x = jax.nn.relu(norm(f"{name}.bn2", conv(f"{name}.conv2", x, stride)))
        x = jax.nn.relu(norm(f"{name}.bn3", conv(f"{name}.conv3", x)) + shortcut)
    return dense(weights, "fc", x.mean((1, 2)), number), state


MODELS = {"mlp": mlp, "cnn": cnn, "lstm": lstm, "gpt": gpt, "resnet50": resnet}


class Jit(Stack):
    choices = (
        "jit over the whole step with donated weights, and over the generating loop; lax.scan; "
        "the largest of a reshaped window where windows don't overlap; "
        "statistics in 32 bits"
    )

    def build(self):
        load, number = self.load, jnp.dtype(self.settings.dtype)
        jax.config.update("jax_platforms", "cuda,cpu" if self.settings.device == "cuda" else "cpu")
        if self.settings.dtype == "float32":
            jax.config.update("jax_default_matmul_precision", "highest")
        if load.optimizer == "adam":
            optimizer = optax.adam(load.rate, eps=ADAM_EPSILON)
        else:
            optimizer = optax.sgd(load.rate, momentum=0.9)
        self._compile(functools.partial(MODELS[load.name], load), optimizer, number)
        weights = {name: jnp.asarray(value) for name, value in load.weights().items()}
        state = {}
        if load.name == "resnet50":
            for name, value in weights.items():
                if value.ndim == 1 and name.endswith(".weight"):
                    norm = name.removesuffix(".weight")
                    state[norm] = jnp.zeros(value.shape), jnp.ones(value.shape)
        self.carried = weights, state, optimizer.init(weights)
        self.batches = [tuple(map(jnp.asarray, batch)) for batch in self.data]
        jax.block_until_ready((self.carried, self.batches))

    def _compile(self, model, optimizer, number):
        """The jitted functions: a training step, inference, and one token of generation."""

        def loss_of(weights, state, inputs, labels):
            logits, state = model(weights, state, inputs, number, training=True)
            losses = optax.softmax_cross_entropy_with_integer_labels(
                logits.astype(jnp.float32), labels
            )
            return losses.mean(), state

        @functools.partial(jax.jit, donate_argnums=(0, 1, 2))
        def train_step(weights, state, slots, inputs, labels):
            graded = jax.value_and_grad(loss_of, has_aux=True)
            (loss, state), gradients = graded(weights, state, inputs, labels)
            updates, slots = optimizer.update(gradients, slots, weights)
            return optax.apply_updates(weights, updates), state, slots, loss

        @jax.jit
        def predict(weights, state, inputs):
            return model(weights, state, inputs, number, training=False)[0]

        self.train_step, self.predict = train_step, predict
        self.generated = jax.jit(functools.partial(generated, self.load, number=number))

    def infer(self, place):
        weights, state, _ = self.carried
        return self.predict(weights, state, self.batches[place][0])

    def train(self, place):
        batch = (self.batches[p][kind] for kind, p in enumerate(self.places(place)))
        *carried, loss = self.train_step(*self.carried, *batch)
        self.carried = tuple(carried)
        return loss

    def generate(self):
        prompt = self.batches[0][0][0, : self.load.sizes["prompt"]]
        return self.generated(self.carried[0], prompt)

    def wait(self, handle):
        jax.block_until_ready((handle, self.carried))

    def array(self, handle):
        return jax.device_get(handle).astype("float64")

    def parameters(self):
        return sum(value.size for value in self.carried[0].values())

    def memory(self):
        if self.settings.device == "cpu":
            return 0
        return (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use", 0)
