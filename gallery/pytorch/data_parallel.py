"""
Train on two devices at once in PyTorch
=======================================

Data parallelism is one idea: every device has the whole model and a part of the
batch, and the gradients are averaged before anyone moves. Done right, it gives the
same weights as one device with the whole batch. This script checks that, on two
processes of one processor. Nothing is gained in time here; the
point is that they agree.
"""

# sphinx_gallery_tags = ["data parallel", "distributed", "several devices"]
# sphinx_gallery_tolerances = {"difference": 2e-7}

import os
import socket
import subprocess
import sys
import tempfile

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

# %%
# Constants
# ---------

SEED = 0
STEPS = 30
BATCH_SIZE = 32
RATE = 0.1
DEVICES = 2

# %%
# Data
# ----
# Made from one seed and written to a file, from which every process takes its half of
# each batch.

generator = np.random.default_rng(SEED)
x = generator.normal(size=(STEPS, BATCH_SIZE, 16)).astype("float32")
y = np.tanh(x[..., :1] - x[..., 1:2])
start = [
    generator.normal(0, 0.3, size=shape).astype("float32")
    for shape in ((16, 32), (32, 1))
]
folder = tempfile.TemporaryDirectory()
np.savez(
    os.path.join(folder.name, "data.npz"),
    x=x,
    y=y,
    kernel1=start[0],
    kernel2=start[1],
)

# %%
# One device
# ----------
# The reference: the whole batch in one process.


def new_model(start):
    model = nn.Sequential(
        nn.Linear(16, 32, bias=False), nn.Tanh(), nn.Linear(32, 1, bias=False)
    )
    with torch.no_grad():
        model[0].weight.copy_(torch.from_numpy(start[0].T.copy()))
        model[2].weight.copy_(torch.from_numpy(start[1].T.copy()))
    return model


model = new_model(start)
optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
losses = []
for step in range(STEPS):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(
        model(torch.from_numpy(x[step])), torch.from_numpy(y[step])
    )
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
one_device = [p.detach().numpy().T for p in model.parameters()]

# %%
# Two devices
# -----------
# PyTorch runs one process a device. Each runs the same small program and is told its
# number by the environment, as ``torchrun`` does it. ``DistributedDataParallel``
# averages the gradients during ``backward``; but for its half of the batch, the loop is
# the one above.

WORKER = f"""
import os, sys
import numpy as np
import torch
from torch import nn

torch.distributed.init_process_group("gloo")
rank, world = torch.distributed.get_rank(), torch.distributed.get_world_size()
data = np.load("data.npz")
model = nn.Sequential(
    nn.Linear(16, 32, bias=False), nn.Tanh(), nn.Linear(32, 1, bias=False)
)
with torch.no_grad():
    model[0].weight.copy_(torch.from_numpy(data["kernel1"].T.copy()))
    model[2].weight.copy_(torch.from_numpy(data["kernel2"].T.copy()))
parallel = nn.parallel.DistributedDataParallel(model)
optimizer = torch.optim.SGD(parallel.parameters(), lr={RATE})
for x, y in zip(data["x"], data["y"]):
    x, y = (torch.from_numpy(a[rank::world].copy()) for a in (x, y))
    optimizer.zero_grad()
    nn.functional.mse_loss(parallel(x), y).backward()
    optimizer.step()
kernels = (p.detach().numpy().T for p in model.parameters())
np.savez(f"rank{{rank}}.npz", *kernels)
torch.distributed.destroy_process_group()
"""
with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
address = {
    "MASTER_ADDR": "127.0.0.1",
    "MASTER_PORT": str(port),
    "WORLD_SIZE": str(DEVICES),
}
workers = [
    subprocess.Popen(
        [sys.executable, "-c", WORKER],
        cwd=folder.name,
        env=os.environ | address | {"RANK": str(rank), "OMP_NUM_THREADS": "1"},
        stderr=subprocess.DEVNULL,
    )
    for rank in range(DEVICES)
]
assert [worker.wait() for worker in workers] == [0] * DEVICES
two_devices = []
for rank in range(DEVICES):
    with np.load(os.path.join(folder.name, f"rank{rank}.npz")) as saved:
        two_devices.append([saved[name] for name in saved.files])
folder.cleanup()

# %%
# Result
# ------
# ``between_devices`` must be zero: all took the same step. ``difference`` is rounding,
# since sums are taken in another order.


def gap(some, others):
    return float(max(abs(a - b).max() for a, b in zip(some, others)))


measured = {
    "difference": gap(one_device, two_devices[0]),
    "between_devices": gap(two_devices[0], two_devices[1]),
    "moved": gap(one_device, start),
    "devices": DEVICES,
    "mean_loss": float(np.mean(losses)),
}
for name, value in measured.items():
    print(f"{name:<16} {value:.2g}")
assert measured["difference"] < 1e-6
assert measured["between_devices"] == 0
assert measured["moved"] > 0.05

# %%

figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
axis.plot(
    one_device[0].ravel(),
    two_devices[0][0].ravel(),
    "s",
    color="#6b1f5e",
    ms=3,
)
axis.axline((0, 0), slope=1, color="0.5", linewidth=0.8)
axis.set(xlabel="weight after training on one device", ylabel="on two")
axis.set_title(
    f"PyTorch: two devices, the same weights to {measured['difference']:.0e}"
)
plt.show()

# %%
# What to try
# -----------
# Give both processes the whole batch: the weights stay the same, and half of the work
# is wasted. Leave out ``DistributedDataParallel`` and look at ``between_devices``.
# Write ``WORKER`` to a file beside ``data.npz`` and start it with
# ``torchrun --nproc-per-node 2``.
