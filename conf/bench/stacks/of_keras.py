"""Keras: models of its layers, through ``fit`` and ``predict`` or a step at a time."""

from __future__ import annotations

import functools
import itertools

import keras
import numpy as np
from keras import layers, ops

from bench.stacks import Stack
from bench.stacks.keras_models import MODELS, load_weights
from bench.workloads import ADAM_EPSILON

BACKEND = keras.backend.backend()


class Step(Stack):
    """``train_on_batch`` and ``predict_on_batch``."""

    choices = "train_on_batch and predict_on_batch, compiled as Keras does by default"
    compiling = {}  # noqa: RUF012 - what model.compile is told besides

    def build(self):
        load, settings = self.load, self.settings
        self._prepare()
        mixed = settings.dtype == "bfloat16"
        keras.mixed_precision.set_dtype_policy("mixed_bfloat16" if mixed else "float32")
        inputs, logits = MODELS[load.name](load)
        self.model = keras.Model(inputs, layers.Activation("linear", dtype="float32")(logits))
        load_weights(self.model, load.weights())
        if load.optimizer == "adam":
            optimizer = keras.optimizers.Adam(load.rate, epsilon=ADAM_EPSILON)
        else:
            optimizer = keras.optimizers.SGD(load.rate, momentum=0.9)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.model.compile(optimizer, loss, **self.compiling)
        if settings.device != "cpu":  # nothing is to be copied while a clock runs
            self.data = [tuple(map(ops.convert_to_tensor, batch)) for batch in self.data]

    def _prepare(self):
        """What the backend is told before anything is made."""
        if BACKEND == "torch":
            import torch

            torch.backends.cudnn.benchmark = True
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
            if self.settings.device == "cpu":
                keras.config.set_image_data_format("channels_last")
        elif BACKEND == "jax" and self.settings.dtype == "float32":
            import jax

            jax.config.update("jax_default_matmul_precision", "highest")
        elif BACKEND == "tensorflow":
            import tensorflow as tf

            tf.config.experimental.enable_tensor_float_32_execution(False)

    def infer(self, place):
        return self.model.predict_on_batch(self.data[place][0])

    def train(self, place):
        batch = (self.data[p][kind] for kind, p in enumerate(self.places(place)))
        return self.model.train_on_batch(*batch)

    def generate(self):
        prompt = self.load.sizes["prompt"]
        tokens = ops.convert_to_tensor(self.data[0][0][0, :prompt], "int32")
        if BACKEND == "jax":
            weights = [variable.value for variable in self.model.variables]
            return self._loop(weights, tokens)
        if BACKEND == "torch":
            import torch

            # Not inference_mode, whose tensors are of another kind than the prompt, which
            # torch.compile minds.
            with torch.no_grad():
                return self._generate_one_by_one(tokens)
        return self._loop(tokens)

    def _generate_one_by_one(self, prompt):
        caches, tokens = self._caches(), []
        for place in range(self.load.sizes["prompt"] + self.load.sizes["new"] - 1):
            token = prompt[place] if place < len(prompt) else tokens[-1]
            following, caches = self._one_token(token, place, caches)
            if place >= len(prompt) - 1:
                tokens.append(following)
        return ops.stack(tokens)

    def _generate(self, prompt):
        """All tokens in one loop, which is compiled whole."""
        [count], new = prompt.shape, self.load.sizes["new"]
        tokens = ops.pad(prompt, (0, new))

        def step(place, carried):
            tokens, caches = carried
            following, caches = self._decode(tokens[place], place, caches)
            kept = ops.where(place + 1 < count, tokens[place + 1], ops.cast(following, "int32"))
            tokens = ops.slice_update(tokens, [place + 1], ops.reshape(kept, (1,)))
            return tokens, caches

        carried = ops.fori_loop(0, count + new - 1, step, (tokens, self._caches()))
        return carried[0][count:]

    def _decode(self, token, place, caches):
        """The token that follows, and the caches with this one's keys and values."""
        model, load = self.model, self.load
        x = model.get_layer("tokens")(ops.reshape(token, (1, 1)))
        x = x + ops.cast(model.get_layer("positions").vectors[place], x.dtype)
        mask = ops.reshape(ops.arange(load.example_shape[0]) <= place, (1, 1, 1, -1))
        kept = []
        for number, cache in enumerate(caches):
            x, new = model.get_layer(f"block{number}")(x, cache=cache, place=place, mask=mask)
            kept.append(new)
        logits = model.get_layer("head")(model.get_layer("norm")(x))
        return ops.argmax(logits[0, 0], axis=-1), kept

    @functools.cached_property
    def _loop(self):
        """The generating loop as KerasHub compiles it on the two backends that compile loops."""
        if BACKEND == "tensorflow":
            import tensorflow as tf

            return tf.function(self._generate, jit_compile=False)
        import jax

        def stateless(weights, prompt):
            mapping = zip(self.model.variables, weights, strict=True)
            with keras.StatelessScope(state_mapping=mapping):
                return self._generate(prompt)

        return jax.jit(stateless)

    def _one_token(self, token, place, caches):
        return self._decode(token, place, caches)

    def _caches(self):
        """What each block remembers of no token yet."""
        sizes, [length] = self.load.sizes, self.load.example_shape
        shape = 1, length, sizes["heads"], sizes["width"] // sizes["heads"]
        number = self.model.get_layer("block0").compute_dtype
        return [
            (ops.zeros(shape, number), ops.zeros(shape, number)) for _ in range(sizes["layers"])
        ]

    def wait(self, handle):
        values = [variable.value for variable in self.model.trainable_variables[:1]]
        if BACKEND == "jax":
            import jax

            jax.block_until_ready((handle, values))
        elif BACKEND == "torch" and self.settings.device == "cuda":
            import torch

            torch.cuda.synchronize()
        elif BACKEND == "tensorflow":
            values[0][..., :1].numpy()

    def array(self, handle):
        return np.asarray(ops.convert_to_numpy(handle), np.float64)

    def parameters(self):
        return sum(int(np.prod(v.shape)) for v in self.model.trainable_variables)

    def memory(self):
        if self.settings.device == "cpu":
            return 0
        if BACKEND == "torch":
            import torch

            return torch.cuda.max_memory_allocated()
        if BACKEND == "jax":
            import jax

            return (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use", 0)
        import tensorflow as tf

        return tf.config.experimental.get_memory_info("GPU:0")["peak"]


class Eager(Step):
    choices = "train_on_batch and predict_on_batch with run_eagerly=True"
    compiling = {"run_eagerly": True}  # noqa: RUF012


class _Told(keras.callbacks.Callback):
    """Reads the clock where ``fit`` begins and ends an epoch.

    ``late`` leaves the first step out, as what ``fit`` prints does: on TensorFlow the iterator is
    made in it, which is an epoch's work and not a step's.
    """

    def __init__(self, stack, clock, late):
        super().__init__()
        self.stack, self.clock, self.late = stack, clock, late

    def on_epoch_begin(self, epoch, logs=None):
        self.stack.wait(None)
        self.clock.start()

    def on_train_batch_begin(self, batch, logs=None):
        if self.late and batch == 1:
            self.on_epoch_begin(0)

    def on_predict_batch_begin(self, batch, logs=None):
        if self.late and batch == 1:
            self.clock.start()

    def on_epoch_end(self, epoch, logs=None):
        self.stack.wait(None)
        self.model.stop_training = self.clock.block()


class Fit(Step):
    """``fit`` with arrays, an epoch a block; ``predict`` with as many batches."""

    choices = (
        "fit and predict on NumPy arrays, shuffle=False, compiled as Keras does by default; on "
        "TensorFlow without an epoch's first step, as fit itself reports"
    )
    late = BACKEND == "tensorflow"
    # An epoch has work of its own, which is not a step's.
    least_block, least_steps = 0.3, 128

    def train(self, place):
        losses = self.model.fit(
            *self.data[place], batch_size=len(self.data[place][0]), verbose=0
        ).history["loss"]
        return np.asarray(losses[0])

    def train_blocks(self, clock):
        told = {"epochs": 100_000, "verbose": 0, "callbacks": [_Told(self, clock, self.late)]}
        steps = clock.steps + self.late
        if self.settings.device != "cpu":
            again = itertools.cycle(map(self.places, range(len(self.data) ** 2)))
            batches = ((self.data[one][0], self.data[other][1]) for one, other in again)
            self.model.fit(batches, steps_per_epoch=steps, **told)
            return
        inputs, labels, size = self._many(steps)
        self.model.fit(inputs, labels, batch_size=size, shuffle=False, **told)

    def infer(self, place):
        return self.model.predict(
            self.data[place][0], batch_size=len(self.data[place][0]), verbose=0
        )

    def infer_blocks(self, clock):
        told = {"verbose": 0, "callbacks": [_Told(self, clock, self.late)]}
        steps = clock.steps + self.late
        if self.settings.device == "cpu":
            inputs, _, told["batch_size"] = self._many(steps)
        while True:
            if self.settings.device != "cpu":
                inputs = itertools.islice(itertools.cycle(b[:1] for b in self.data), steps)
            clock.start()
            self.model.predict(inputs, **told)
            if clock.block():
                return

    def _many(self, steps):
        """The arrays of so many steps, going round the batches, and the size of a batch."""
        places = [self.places(place) for place in range(steps)]
        inputs, labels = (
            np.concatenate([self.data[both[kind]][kind] for both in places]) for kind in (0, 1)
        )
        return inputs, labels, len(self.data[0][0])


class Compiled(Fit):
    choices = (
        "fit and predict on NumPy arrays with jit_compile=True, which on PyTorch is torch.compile"
    )
    compiling = {"jit_compile": True}  # noqa: RUF012

    @functools.cached_property
    def _one_token(self):
        import torch

        return torch.compile(self._decode)
