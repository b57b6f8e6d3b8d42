"""PyTorch: the models of the workloads, as modules."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from bench.workloads import bottlenecks


class Mlp(nn.Module):
    def __init__(self, load):
        super().__init__()
        first, second = load.sizes["widths"]
        self.dense1 = nn.Linear(*load.example_shape, first)
        self.dense2 = nn.Linear(first, second)
        self.dense3 = nn.Linear(second, load.classes)

    def forward(self, x):
        x = functional.relu(self.dense1(x))
        return self.dense3(functional.relu(self.dense2(x)))


class Cnn(nn.Module):
    def __init__(self, load):
        super().__init__()
        height, width, channels = load.example_shape
        first, second = load.sizes["filters"]
        self.conv1 = nn.Conv2d(channels, first, 3, padding="same")
        self.conv2 = nn.Conv2d(first, second, 3, padding="same")
        self.dense1 = nn.Linear((height // 4) * (width // 4) * second, load.sizes["width"])
        self.dense2 = nn.Linear(load.sizes["width"], load.classes)

    def forward(self, x):
        x = functional.max_pool2d(functional.relu(self.conv1(x)), 2)
        x = functional.max_pool2d(functional.relu(self.conv2(x)), 2)
        # As the others flatten: channels last, which is how the numbers lie in memory already.
        x = x.permute(0, 2, 3, 1).flatten(1)
        return self.dense2(functional.relu(self.dense1(x)))


class Lstm(nn.Module):
    def __init__(self, load):
        super().__init__()
        self.lstm = nn.LSTM(load.example_shape[1], load.sizes["hidden"], batch_first=True)
        # PyTorch's second bias would be trained too, and the sum of both twice as fast.
        self.lstm.bias_hh_l0.requires_grad_(False).zero_()
        self.dense = nn.Linear(load.sizes["hidden"], load.classes)

    def forward(self, x):
        outputs, _ = self.lstm(x)
        return self.dense(outputs[:, -1])


class Block(nn.Module):
    """One block of the transformer; with a ``cache`` it takes one token and remembers it."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, cache=None, place=None, mask=None):
        batch, length, width = x.shape
        split = batch, length, self.heads, width // self.heads
        q, k, v = (
            part.view(split).transpose(1, 2) for part in self.qkv(self.norm1(x)).chunk(3, dim=-1)
        )
        if cache is None:
            mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            keys, values = cache
            keys.index_copy_(2, place, k)
            values.index_copy_(2, place, v)
            mixed = functional.scaled_dot_product_attention(q, keys, values, attn_mask=mask)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(functional.gelu(self.up(self.norm2(x)), approximate="tanh"))


class Gpt(nn.Module):
    def __init__(self, load):
        super().__init__()
        width, [length] = load.sizes["width"], load.example_shape
        self.tokens = nn.Embedding(load.classes, width)
        self.positions = nn.Embedding(length, width)
        self.blocks = nn.ModuleList(
            Block(width, load.sizes["heads"]) for _ in range(load.sizes["layers"])
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, load.classes, bias=False)

    def forward(self, tokens):
        x = self.tokens(tokens) + self.positions.weight[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))

    def decode(self, token, place, caches):
        """The token that follows ``token``, which stands at ``place``, both (1,) tensors."""
        x = self.tokens(token)[None] + self.positions(place)
        mask = (torch.arange(self.positions.num_embeddings, device=place.device) <= place)[None]
        for block, cache in zip(self.blocks, caches, strict=True):
            x = block(x, cache, place, mask)
        return self.head(self.norm(x))[0].argmax(dim=-1)


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride > 1 or inputs != 4 * width:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width)
            )

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return self.relu(self.bn3(self.conv3(x)) + shortcut)


class Resnet(nn.Module):
    """ResNet-50 v1.5, its parts named as in torchvision."""

    def __init__(self, load):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        stages = {}
        for name, inputs, width, stride in bottlenecks(load.sizes["stages"]):
            stages.setdefault(name.split(".")[0], []).append(Bottleneck(inputs, width, stride))
        for name, blocks in stages.items():
            setattr(self, name, nn.Sequential(*blocks))
        self.stages = list(stages)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(4 * load.sizes["stages"][-1][0], load.classes)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for name in self.stages:
            x = getattr(self, name)(x)
        return self.fc(self.avgpool(x).flatten(1))


MODELS = {"mlp": Mlp, "cnn": Cnn, "lstm": Lstm, "gpt": Gpt, "resnet50": Resnet}


def load_weights(model, weights):
    """Put a workload's weights into a module, in PyTorch's layout and under its names."""
    state = model.state_dict()
    for name, value in weights.items():
        own, turned = own_name(name), value
        if name.endswith((".kernel", ".recurrent")):
            turned = value.transpose(3, 2, 0, 1) if value.ndim == 4 else value.T
        assert state[own].shape == turned.shape, (own, state[own].shape, turned.shape)
        state[own] = torch.from_numpy(turned.copy())
    model.load_state_dict(state)


def own_name(name):
    """What PyTorch calls a weight."""
    known = {
        "lstm.kernel": "lstm.weight_ih_l0",
        "lstm.recurrent": "lstm.weight_hh_l0",
        "lstm.bias": "lstm.bias_ih_l0",
        "tokens": "tokens.weight",
        "positions": "positions.weight",
    }
    if name in known:
        return known[name]
    name = name.replace(".kernel", ".weight")
    return "blocks." + name.removeprefix("block") if name.startswith("block") else name
