"""Keras: the models of the workloads, made of its layers."""

from __future__ import annotations

import keras
from keras import layers, ops

from bench.workloads import EPSILON, KEPT, bottlenecks


def mlp(load):
    x = inputs = keras.Input(load.example_shape)
    for place, width in enumerate(load.sizes["widths"], start=1):
        x = layers.Dense(width, "relu", name=f"dense{place}")(x)
    return inputs, layers.Dense(load.classes, name="dense3")(x)


def cnn(load):
    x = inputs = keras.Input(load.example_shape)
    for place, filters in enumerate(load.sizes["filters"], start=1):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{place}")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Dense(load.sizes["width"], "relu", name="dense1")(layers.Flatten()(x))
    return inputs, layers.Dense(load.classes, name="dense2")(x)


def lstm(load):
    inputs = keras.Input(load.example_shape)
    x = layers.LSTM(load.sizes["hidden"], name="lstm")(inputs)
    return inputs, layers.Dense(load.classes, name="dense")(x)


class Block(layers.Layer):
    """One block of the transformer; with a ``cache`` it takes one token and remembers it."""

    def __init__(self, heads, width, **more):
        super().__init__(**more)
        self.heads = heads
        self.norm1 = layers.LayerNormalization(epsilon=EPSILON)
        self.norm2 = layers.LayerNormalization(epsilon=EPSILON)
        self.qkv, self.out = layers.Dense(3 * width), layers.Dense(width)
        self.up, self.down = layers.Dense(4 * width), layers.Dense(width)

    def build(self, shape):
        width = shape[-1]
        for layer in (self.norm1, self.norm2, self.qkv, self.out, self.up):
            layer.build(shape)
        self.down.build((*shape[:-1], 4 * width))

    def call(self, x, cache=None, place=None, mask=None):
        length, width = x.shape[1:]
        split = -1, length, self.heads, width // self.heads
        q, k, v = (ops.reshape(part, split) for part in ops.split(self.qkv(self.norm1(x)), 3, -1))
        if cache is None:
            mixed = ops.dot_product_attention(q, k, v, is_causal=True)
        else:
            start = (0, place, 0, 0)
            k, v = (ops.slice_update(o, start, n) for o, n in zip(cache, (k, v), strict=True))
            mixed = ops.dot_product_attention(q, k, v, mask=mask)
        x = x + self.out(ops.reshape(mixed, (-1, length, width)))
        x = x + self.down(ops.gelu(self.up(self.norm2(x)), approximate=True))
        return x if cache is None else (x, (k, v))

    def compute_output_spec(self, x, **more):
        return keras.KerasTensor(x.shape, x.dtype)


class Positions(layers.Layer):
    """Adds a trained vector for each place."""

    def __init__(self, length, width, **more):
        super().__init__(**more)
        self.vectors = self.add_weight(shape=(length, width), name="vectors")

    def call(self, x):
        return x + ops.cast(self.vectors[: x.shape[1]], x.dtype)


def gpt(load):
    width, [length] = load.sizes["width"], load.example_shape
    inputs = keras.Input((length,), dtype="int32")
    x = layers.Embedding(load.classes, width, name="tokens")(inputs)
    x = Positions(length, width, name="positions")(x)
    for place in range(load.sizes["layers"]):
        x = Block(load.sizes["heads"], width, name=f"block{place}")(x)
    x = layers.LayerNormalization(epsilon=EPSILON, name="norm")(x)
    return inputs, layers.Dense(load.classes, use_bias=False, name="head")(x)


def resnet(load):
    """ResNet-50 v1.5; keras.applications has the first ResNet-50 only."""
    first = keras.config.image_data_format() == "channels_first"
    height, width, channels = load.example_shape

    def conv(name, x, filters, size, stride=1):
        if stride > 1 and size > 1:
            x = layers.ZeroPadding2D(size // 2)(x)
        same = "same" if stride == 1 else "valid"
        return layers.Conv2D(filters, size, stride, same, use_bias=False, name=plain(name))(x)

    def norm(name, x):
        return layers.BatchNormalization(
            axis=1 if first else -1, momentum=KEPT, epsilon=EPSILON, name=plain(name)
        )(x)

    inputs = keras.Input((channels, height, width) if first else (height, width, channels))
    x = layers.ReLU()(norm("bn1", conv("conv1", inputs, 64, 7, 2)))
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))  # after ReLU, zeros don't count
    for name, _, width, stride in bottlenecks(load.sizes["stages"]):
        shortcut = x
        if name.endswith(".0"):
            shortcut = conv(f"{name}.downsample.0", x, 4 * width, 1, stride)
            shortcut = norm(f"{name}.downsample.1", shortcut)
        x = layers.ReLU()(norm(f"{name}.bn1", conv(f"{name}.conv1", x, width, 1)))
        x = layers.ReLU()(norm(f"{name}.bn2", conv(f"{name}.conv2", x, width, 3, stride)))
        x = norm(f"{name}.bn3", conv(f"{name}.conv3", x, 4 * width, 1))
        x = layers.ReLU()(layers.add([x, shortcut]))
    return inputs, layers.Dense(load.classes, name="fc")(layers.GlobalAveragePooling2D()(x))


MODELS = {"mlp": mlp, "cnn": cnn, "lstm": lstm, "gpt": gpt, "resnet50": resnet}


def plain(name):
    """A layer's name for Keras, which wants no dots."""
    return name.replace(".", "_")


def load_weights(model, weights):
    """Put a workload's weights into the layers of their names."""
    for name, value in weights.items():
        where, _, kind = name.rpartition(".")
        if not where:  # the tables of the transformer
            model.get_layer(name).weights[0].assign(value)
            continue
        if where.startswith("block"):
            block, _, part = where.partition(".")
            layer = getattr(model.get_layer(block), part)
        else:
            layer = model.get_layer(plain(where))
        attribute = {"weight": "gamma", "bias": "beta"} if hasattr(layer, "gamma") else {}
        if where == "lstm":
            layer = layer.cell
            attribute = {"recurrent": "recurrent_kernel"}
        getattr(layer, attribute.get(kind, kind)).assign(value)
