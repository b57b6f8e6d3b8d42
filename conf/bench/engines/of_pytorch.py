"""PyTorch: ``DistributedDataParallel``, in processes that ``torchrun`` starts."""

from __future__ import annotations

import torch
from torch import distributed
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel

from bench.stacks import of_pytorch


class Distributed(of_pytorch.Eager):
    def build(self):
        torch.set_num_threads(1)
        distributed.init_process_group("gloo")  # by the variables that torchrun has set
        self.data = [self.share(*batch) for batch in self.data]
        super().build()
        self.model = DistributedDataParallel(self.model)

    def _loss(self, inputs, labels):
        return functional.cross_entropy(self.model(inputs), labels)

    def array(self, handle):
        distributed.all_reduce(handle)
        return super().array(handle / distributed.get_world_size())
