"""Keras on JAX: ``keras.distribution``, which puts a batch's shares together by itself."""

from __future__ import annotations

import jax
import keras

from bench.stacks import of_keras


class Distributed(of_keras.Step):
    def build(self):
        if self.count > 1:
            jax.config.update("jax_cpu_collectives_implementation", "gloo")
            keras.distribution.initialize(f"127.0.0.1:{self.port}", self.count, self.rank)
        devices = keras.distribution.list_devices()
        keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices))
        self.data = [self.share(*batch) for batch in self.data]
        super().build()
