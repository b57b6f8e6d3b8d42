"""TensorFlow: ``MultiWorkerMirroredStrategy``, told by ``TF_CONFIG`` who the workers are."""

from __future__ import annotations

import json
import os

import tensorflow as tf

from bench.stacks import of_tensorflow


class Distributed(of_tensorflow.Function):
    def build(self):
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        workers = [f"127.0.0.1:{self.port + place}" for place in range(self.count)]
        task = {"type": "worker", "index": self.rank}
        os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": workers}, "task": task})
        self.strategy = tf.distribute.MultiWorkerMirroredStrategy()
        self.data = [self.share(*batch) for batch in self.data]
        with self.strategy.scope():
            super().build()
        self.train_step = tf.function(self._in_strategy)

    def _in_strategy(self, inputs, labels):
        return self.strategy.run(self._train_step, (inputs, labels))

    def _train_step(self, inputs, labels):
        with tf.GradientTape() as tape:
            logits = self._logits(inputs, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_mean(losses)
        names = list(self.weights)
        gradients = tape.gradient(loss, [self.weights[name] for name in names])
        context, mean = tf.distribute.get_replica_context(), tf.distribute.ReduceOp.MEAN
        *gradients, loss = context.all_reduce(mean, [*gradients, loss])
        for name, gradient in zip(names, gradients, strict=True):
            variable, slot = (
                context.strategy.experimental_local_results(one)[0]
                for one in (self.weights[name], self.slots[name][0])
            )
            self._momentum(variable, [slot], gradient)
        return loss
