"""PyTorch: modules and a training loop of its own, eager or through ``torch.compile``."""

from __future__ import annotations

import contextlib

import torch
from torch.nn import functional

from bench.stacks import Stack
from bench.stacks.pytorch_models import MODELS, load_weights
from bench.workloads import ADAM_EPSILON

_NUMBERS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float64": torch.float64}


class Eager(Stack):
    layout = "NCHW, channels last in memory"
    choices = (
        "channels_last, zero_grad(set_to_none=True), inference_mode, fused optimizers, on CUDA "
        "cuDNN's benchmark; the second bias of nn.LSTM stays zero"
    )

    def build(self):
        load, device = self.load, self.settings.device
        torch.backends.cudnn.benchmark = True
        # In 32 bits the arithmetic is to be of 32 bits on CUDA too.
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        self.model = MODELS[load.name](load)
        load_weights(self.model, load.weights())
        images = load.name in {"cnn", "resnet50"}
        memory = torch.channels_last if images else torch.preserve_format
        wide = torch.float64 if self.settings.dtype == "float64" else torch.float32
        self.model = self.model.to(device, wide, memory_format=memory)
        trained = [p for p in self.model.parameters() if p.requires_grad]
        if load.optimizer == "adam":
            self.optimizer = torch.optim.Adam(trained, load.rate, eps=ADAM_EPSILON, fused=True)
        else:
            self.optimizer = torch.optim.SGD(trained, load.rate, momentum=0.9, fused=True)
        self.batches = []
        for drawn, labels in self.data:
            inputs = torch.from_numpy(drawn).to(device)
            if inputs.is_floating_point():
                inputs = inputs.to(wide)
            if images:
                inputs = inputs.permute(0, 3, 1, 2).contiguous(memory_format=memory)
            self.batches.append((inputs, torch.from_numpy(labels).long().to(device)))
        self.called, self.asked = self.compiled(self.model), self.compiled(self._loss)
        if load.name == "gpt":
            self.decoded = self.compiled(self.model.decode)

    def compiled(self, function):
        """The function as it is called."""
        return function

    def autocast(self):
        """Lower arithmetic where it is wanted; entering what does nothing takes time as well."""
        if self.settings.dtype == "bfloat16":
            return torch.autocast(self.settings.device, torch.bfloat16)
        return contextlib.nullcontext()

    def turn(self, training):
        """``train()`` or ``eval()``, which go through all modules, where that changes something."""
        if self.model.training != training:
            self.model.train(training)

    def _loss(self, inputs, labels):
        return functional.cross_entropy(self.model(inputs).flatten(0, -2), labels.flatten())

    def infer(self, place):
        self.turn(training=False)
        with torch.inference_mode(), self.autocast():
            return self.called(self.batches[place][0])

    def train(self, place):
        inputs, labels = (self.batches[p][kind] for kind, p in enumerate(self.places(place)))
        self.turn(training=True)
        self.optimizer.zero_grad(set_to_none=True)
        with self.autocast():
            loss = self.asked(inputs, labels)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def generate(self):
        [length], sizes = self.load.example_shape, self.load.sizes
        width, heads = sizes["width"], sizes["heads"]
        device = self.settings.device
        number = _NUMBERS[self.settings.dtype]
        self.turn(training=False)
        with torch.inference_mode(), self.autocast():
            shape = 1, heads, length, width // heads
            caches = [
                (torch.zeros(shape, device=device, dtype=number),
                 torch.zeros(shape, device=device, dtype=number))
                for _ in range(sizes["layers"])
            ]  # fmt: skip
            places = torch.arange(length, device=device)
            prompt = self.batches[0][0][0, : sizes["prompt"]]
            tokens = []
            for place in range(sizes["prompt"] + sizes["new"] - 1):
                token = prompt[place : place + 1] if place < sizes["prompt"] else tokens[-1]
                following = self.decoded(token, places[place : place + 1], caches)
                if place >= sizes["prompt"] - 1:
                    tokens.append(following)
            return torch.cat(tokens)

    def wait(self, handle):
        if self.settings.device == "cuda":
            torch.cuda.synchronize()

    def array(self, handle):
        return handle.detach().cpu().to(torch.float64).numpy()

    def parameters(self):
        return sum(p.numel() for p in self.model.parameters() if p.requires_grad)

    def memory(self):
        return torch.cuda.max_memory_allocated() if self.settings.device == "cuda" else 0


class Compiled(Eager):
    choices = (
        Eager.choices
        + "; torch.compile of the model with its loss, and of a token's step, in its default mode"
    )

    def compiled(self, function):
        return torch.compile(function)
