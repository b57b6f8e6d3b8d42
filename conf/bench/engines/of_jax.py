"""JAX: ``jax.distributed``, weights on every process and batches divided by their sharding."""

from __future__ import annotations

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from bench.stacks import of_jax


class Distributed(of_jax.Jit):
    def build(self):
        if self.count > 1:
            jax.config.update("jax_cpu_collectives_implementation", "gloo")
            jax.distributed.initialize(f"127.0.0.1:{self.port}", self.count, self.rank)
        super().build()
        mesh = Mesh(np.array(jax.devices()), ("batch",))
        everywhere = NamedSharding(mesh, PartitionSpec())
        divided = NamedSharding(mesh, PartitionSpec("batch"))
        self.carried = jax.tree.map(
            lambda value: jax.device_put(np.asarray(value), everywhere), self.carried
        )
        self.batches = [
            tuple(jax.make_array_from_process_local_data(divided, one) for one in self.share(*both))
            for both in self.data
        ]
