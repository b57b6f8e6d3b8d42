"""TensorFlow without Keras: variables, ``tf.function`` and ``GradientTape``, with or without XLA."""

from __future__ import annotations

import tensorflow as tf

from bench.stacks import Stack
from bench.workloads import ADAM_EPSILON, EPSILON, KEPT, bottlenecks


def dense(weights, name, x):
    # tensordot makes one product of two matrices of what has three axes, matmul many small ones.
    kernel = tf.cast(weights[f"{name}.kernel"], x.dtype)
    return tf.tensordot(x, kernel, 1) + tf.cast(weights[f"{name}.bias"], x.dtype)


def mlp(stack, x, training):
    x = tf.nn.relu(dense(stack.weights, "dense1", x))
    x = tf.nn.relu(dense(stack.weights, "dense2", x))
    return dense(stack.weights, "dense3", x)


def convolve(weights, name, x, stride=1):
    kernel = tf.cast(weights[f"{name}.kernel"], x.dtype)
    pad = kernel.shape[0] // 2
    if stride == 1:
        return tf.nn.conv2d(x, kernel, 1, "SAME")
    # TensorFlow's own "SAME" pads on one side only where the stride is 2.
    return tf.nn.conv2d(x, kernel, stride, [[0, 0], [pad, pad], [pad, pad], [0, 0]])


def cnn(stack, x, training):
    for name in ("conv1", "conv2"):
        bias = tf.cast(stack.weights[f"{name}.bias"], x.dtype)
        x = tf.nn.relu(tf.nn.bias_add(convolve(stack.weights, name, x), bias))
        x = tf.nn.max_pool2d(x, 2, 2, "VALID")
    x = tf.nn.relu(dense(stack.weights, "dense1", tf.reshape(x, (x.shape[0], -1))))
    return dense(stack.weights, "dense2", x)


def lstm(stack, x, training):
    weights, hidden = stack.weights, stack.load.sizes["hidden"]
    batch, length, _ = x.shape
    projected = tf.tensordot(x, tf.cast(weights["lstm.kernel"], x.dtype), 1)
    projected = tf.transpose(projected + tf.cast(weights["lstm.bias"], x.dtype), (1, 0, 2))
    recurrent = tf.cast(weights["lstm.recurrent"], x.dtype)
    steps = tf.TensorArray(x.dtype, length, element_shape=(batch, 4 * hidden)).unstack(projected)
    h = c = tf.zeros((batch, hidden), x.dtype)
    for place in tf.range(length):
        gates = steps.read(place) + tf.matmul(h, recurrent)
        i, f, g, o = tf.split(gates, 4, axis=-1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        h = tf.sigmoid(o) * tf.tanh(c)
    return dense(weights, "dense", h)


def layer_norm(weights, name, x):
    """In 32 bits, whatever the rest computes in."""
    values = tf.cast(x, tf.float32)
    mean, variance = tf.nn.moments(values, [-1], keepdims=True)
    scale, offset = weights[f"{name}.weight"], weights[f"{name}.bias"]
    normal = tf.nn.batch_normalization(values, mean, variance, offset, scale, EPSILON)
    return tf.cast(normal, x.dtype)


def attend(q, k, v, mask):
    """Softmax in 32 bits; ``mask`` says which keys a query may see."""
    scores = tf.einsum("bqhd,bkhd->bhqk", q, k) * (q.shape[-1] ** -0.5)
    scores = tf.where(mask, tf.cast(scores, tf.float32), -1e9)
    return tf.einsum("bhqk,bkhd->bqhd", tf.cast(tf.nn.softmax(scores), q.dtype), v)


def block(stack, name, x, mixed_by):
    """One block of the transformer; ``mixed_by(q, k, v)`` mixes the tokens."""
    batch, length, width = x.shape
    heads, weights = stack.load.sizes["heads"], stack.weights
    parts = tf.split(dense(weights, f"{name}.qkv", layer_norm(weights, f"{name}.norm1", x)), 3, -1)
    split = batch, length, heads, width // heads
    mixed = mixed_by(*(tf.reshape(part, split) for part in parts))
    x = x + dense(weights, f"{name}.out", tf.reshape(mixed, (batch, length, width)))
    up = dense(weights, f"{name}.up", layer_norm(weights, f"{name}.norm2", x))
    return x + dense(weights, f"{name}.down", tf.nn.gelu(up, approximate=True))


def head(stack, x):
    normal = layer_norm(stack.weights, "norm", x)
    return tf.tensordot(normal, tf.cast(stack.weights["head.kernel"], x.dtype), 1)


def gpt(stack, tokens, training):
    weights, length = stack.weights, tokens.shape[1]
    x = tf.gather(weights["tokens"], tokens) + weights["positions"][:length]
    x = tf.cast(x, stack.number)
    mask = tf.linalg.band_part(tf.ones((length, length), tf.bool), -1, 0)
    for place in range(stack.load.sizes["layers"]):
        x = block(stack, f"block{place}", x, lambda q, k, v: attend(q, k, v, mask))
    return head(stack, x)


def decode(stack, token, place):
    """The token that follows ``token``, which stands at ``place``; the caches are variables."""
    x = tf.gather(stack.weights["tokens"], token) + tf.gather(stack.weights["positions"], place)
    x = tf.cast(x[None, None], stack.number)
    mask = tf.range(stack.load.example_shape[0]) <= place

    def cached(cache, q, k, v):
        index = tf.reshape(place, (1, 1))
        keys, values = (
            variable.scatter_nd_update(index, new[0])
            for variable, new in zip(cache, (k, v), strict=True)
        )
        return attend(q, keys[None], values[None], mask)

    for number, cache in enumerate(stack.caches):
        x = block(stack, f"block{number}", x, lambda q, k, v, cache=cache: cached(cache, q, k, v))
    return tf.argmax(head(stack, x)[0, 0], output_type=tf.int32)


def batch_norm(stack, name, x, training):
    mean, variance = stack.state[name]
    given = {"scale": stack.weights[f"{name}.weight"], "offset": stack.weights[f"{name}.bias"]}
    x, new_mean, new_variance = tf.compat.v1.nn.fused_batch_norm(
        x, **given, mean=mean.read_value(), variance=variance.read_value(), epsilon=EPSILON,
        is_training=training, exponential_avg_factor=1 - KEPT if training else 1.0,
    )  # fmt: skip
    if training:
        mean.assign(new_mean)
        variance.assign(new_variance)
    return x


def resnet(stack, x, training):
    def conv(name, x, stride=1):
        return convolve(stack.weights, name, x, stride)

    def norm(name, x):
        return batch_norm(stack, name, x, training)

    x = tf.nn.relu(norm("bn1", conv("conv1", x, 2)))
    # XLA pools without padding of its own; after ReLU, zeros don't count.
    x = tf.nn.max_pool2d(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), 3, 2, "VALID")
    for name, _, _, stride in bottlenecks(stack.load.sizes["stages"]):
        shortcut = x
        if name.endswith(".0"):
            shortcut = norm(f"{name}.downsample.1", conv(f"{name}.downsample.0", x, stride))
        x = tf.nn.relu(norm(f"{name}.bn1", conv(f"{name}.conv1", x)))
        x = tf.nn.relu(norm(f"{name}.bn2", conv(f"{name}.conv2", x, stride)))
        x = tf.nn.relu(norm(f"{name}.bn3", conv(f"{name}.conv3", x)) + shortcut)
    return dense(stack.weights, "fc", tf.reduce_mean(x, (1, 2)))


MODELS = {"mlp": mlp, "cnn": cnn, "lstm": lstm, "gpt": gpt, "resnet50": resnet}


class Function(Stack):
    choices = (
        "tf.function over the whole step and over the generating loop, TensorFlow's fused updates, "
        "fused batch norm"
    )
    xla = False

    def build(self):
        load = self.load
        tf.config.experimental.enable_tensor_float_32_execution(False)
        self.number = tf.as_dtype(self.settings.dtype)
        self.weights = {name: tf.Variable(value) for name, value in load.weights().items()}
        self.state = {}
        if load.name == "resnet50":
            for name, value in self.weights.items():
                if name.endswith(".weight"):
                    parts = tf.zeros(value.shape), tf.ones(value.shape)
                    norm = name.removesuffix(".weight")
                    self.state[norm] = [tf.Variable(part, trainable=False) for part in parts]
        self.slots = {
            name: [tf.Variable(tf.zeros_like(value)) for _ in range(2)]
            for name, value in self.weights.items()
        }
        self.powers = [tf.Variable(beta) for beta in (0.9, 0.999)]
        if load.name == "gpt":
            sizes, [length] = load.sizes, load.example_shape
            shape = length, sizes["heads"], sizes["width"] // sizes["heads"]
            zeros = tf.zeros(shape, self.number)
            self.caches = [(tf.Variable(zeros), tf.Variable(zeros)) for _ in range(sizes["layers"])]
        self.batches = [tuple(map(tf.constant, batch)) for batch in self.data]
        self.model = MODELS[load.name]
        compiled = {"jit_compile": True if self.xla else None}
        self.predict = tf.function(self._logits, **compiled)
        self.train_step = tf.function(self._train_step, **compiled)
        self.generated = tf.function(self._generated, **compiled)

    def _logits(self, inputs, training=False):
        x = inputs if inputs.dtype.is_integer else tf.cast(inputs, self.number)
        return self.model(self, x, training)

    def _train_step(self, inputs, labels):
        names = list(self.weights)
        with tf.GradientTape() as tape:
            logits = tf.cast(self._logits(inputs, training=True), tf.float32)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, [self.weights[name] for name in names])
        update = self._adam if self.load.optimizer == "adam" else self._momentum
        for name, gradient in zip(names, gradients, strict=True):
            update(self.weights[name], self.slots[name], tf.convert_to_tensor(gradient))
        for power, beta in zip(self.powers, (0.9, 0.999), strict=True):
            power.assign(power * beta)
        return loss

    def _adam(self, variable, slots, gradient):
        first, second = slots
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle, m=first.handle, v=second.handle,
            beta1_power=self.powers[0], beta2_power=self.powers[1], lr=self.load.rate,
            beta1=0.9, beta2=0.999, epsilon=ADAM_EPSILON, grad=gradient,
        )  # fmt: skip

    def _momentum(self, variable, slots, gradient):
        tf.raw_ops.ResourceApplyMomentum(
            var=variable.handle, accum=slots[0].handle, lr=self.load.rate, grad=gradient,
            momentum=0.9,
        )  # fmt: skip

    def infer(self, place):
        return self.predict(self.batches[place][0])

    def train(self, place):
        batch = (self.batches[p][kind] for kind, p in enumerate(self.places(place)))
        return self.train_step(*batch)

    def generate(self):
        return self.generated(self.batches[0][0][0, : self.load.sizes["prompt"]])

    def _generated(self, prompt):
        [count], new = prompt.shape, self.load.sizes["new"]
        tokens = tf.pad(prompt, [[0, new]])
        for place in tf.range(count + new - 1):
            following = decode(self, tokens[place], place)
            following = tf.where(place + 1 < count, tokens[place + 1], following)
            tokens = tf.tensor_scatter_nd_update(tokens, [[place + 1]], following[None])
        return tokens[count:]

    def wait(self, handle):
        handle.numpy()

    def array(self, handle):
        return tf.cast(handle, tf.float64).numpy()

    def parameters(self):
        return sum(int(tf.size(value)) for value in self.weights.values())

    def memory(self):
        if self.settings.device == "cpu":
            return 0
        return tf.config.experimental.get_memory_info("GPU:0")["peak"]


class Xla(Function):
    choices = Function.choices + "; jit_compile=True"
    xla = True
