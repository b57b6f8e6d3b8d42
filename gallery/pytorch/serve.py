"""
Serve a model over HTTP from PyTorch
=====================================

A trained model becomes a service: a program that answers requests on a port, for
several clients at once. PyTorch's own server, TorchServe, is no longer maintained.
What is left is a choice of runtimes: here the model is written to ONNX and ONNX
Runtime answers, in the Open Inference Protocol that KServe, Triton and others speak.
The server is a small stand-in for those, so the client below is one for them too.
"""

# sphinx_gallery_tags = ["serving", "ONNX", "HTTP"]
# sphinx_gallery_tolerances = {"error": 2e-6}

import json
import tempfile
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import matplotlib.pyplot as plt
import numpy as np
import onnxruntime
import onnxscript  # noqa: F401  torch.onnx.export needs it
import torch
from sklearn.datasets import load_digits
from torch import nn

# %%
# Constants
# ---------

SEED = 0
CLIENTS, REQUESTS = 4, 40
torch.manual_seed(SEED)

# %%
# Data
# ----
# Each request holds a few images, as numbers in JSON.

digits = load_digits()
images, labels = (digits.data / 16).astype("float32"), digits.target
requests = [images[start : start + 5] for start in range(0, 5 * REQUESTS, 5)]

# %%
# Model
# -----
# The artefact is an ONNX file. Its inputs and outputs get names, and the number of
# images is left free.

model = nn.Linear(64, 10, bias=False)
optimizer = torch.optim.SGD(model.parameters(), lr=2.0)
for _ in range(60):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(
        model(torch.from_numpy(images)), torch.from_numpy(labels)
    )
    loss.backward()
    optimizer.step()
model.eval()
with torch.no_grad():
    expected = model(torch.from_numpy(images)).numpy()
folder = tempfile.TemporaryDirectory()
torch.onnx.export(
    model, (torch.from_numpy(images[:2]),), f"{folder.name}/digits.onnx",
    input_names=["images"], output_names=["scores"],
    verbose=False, external_data=False,
    dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
)  # fmt: skip

# %%
# Server
# ------
# The protocol answers ``POST /v2/models/<name>/infer``; a tensor has a name, a shape, a
# type and a flat list of numbers. Each connection gets a thread; a session of ONNX
# Runtime may be called from several.

runtime = onnxruntime.InferenceSession(f"{folder.name}/digits.onnx")


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/v2/models/digits/infer" or "inputs" not in body:
            return self.answer(
                404, {"error": f"nothing answers {self.path} with that"}
            )
        try:
            given = body["inputs"][0]
            rows = np.array(given["data"], "float32").reshape(given["shape"])
            scores = runtime.run(["scores"], {"images": rows})[0]
            output = {
                "name": "scores",
                "datatype": "FP32",
                "shape": scores.shape,
            }
            content = {"outputs": [output | {"data": scores.ravel().tolist()}]}
        except Exception as error:  # the client sent it, and is told
            return self.answer(
                400, {"error": f"{type(error).__name__}: {error}"[:200]}
            )
        self.answer(200, content)

    def answer(self, status, content):
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()

# %%
# Clients
# -------
# A client needs no framework. Four of them share the requests. A name that is not served is
# answered by 404, rows of the wrong length by 400, with words.

address = f"http://127.0.0.1:{server.server_port}/v2/models/digits/infer"


def ask(rows, address=address):
    tensor = {"name": "images", "datatype": "FP32", "shape": rows.shape}
    body = json.dumps(
        {"inputs": [tensor | {"data": rows.ravel().tolist()}]}
    ).encode()
    with urllib.request.urlopen(
        urllib.request.Request(address, body), timeout=10
    ) as response:
        output = json.loads(response.read())["outputs"][0]
    return np.array(output["data"]).reshape(output["shape"])


def status(rows, address=address):
    try:
        ask(rows, address)
    except urllib.error.HTTPError as error:
        print(error.code, json.loads(error.read())["error"][:70])
        return error.code
    return 200


with ThreadPoolExecutor(CLIENTS) as pool:
    answers = list(pool.map(ask, requests))
statuses = {
    "wrong_name_status": status(
        requests[0], address.replace("digits", "letters")
    ),
    "bad_body_status": status(requests[0][:, 1:]),
}
server.shutdown()
server.server_close()
folder.cleanup()

# %%
# Result
# ------
# JSON carries enough digits: the answers are the model's own, up to rounding in
# ONNX Runtime.

scores = np.concatenate(answers)
measured = {
    "answered": len(answers),
    "error": float(abs(scores - expected[: len(scores)]).max()),
    **statuses,
}
for name, value in measured.items():
    print(f"{name:<18} {value:.3g}")
assert measured["answered"] == REQUESTS
assert measured["error"] < 1e-5
assert (measured["wrong_name_status"], measured["bad_body_status"]) == (
    404,
    400,
)

# %%

figure, axes = plt.subplots(
    1, 6, figsize=(8, 2.2), layout="constrained", width_ratios=[1, 2] * 3
)
for number in range(3):
    picture, bars = axes[2 * number : 2 * number + 2]
    picture.imshow(images[number].reshape(8, 8), cmap="gray_r")
    picture.axis("off")
    bars.bar(range(10), scores[number], color="#6b1f5e")
    bars.plot(range(10), expected[number], "_", color="0.3", ms=9)
    bars.set_xticks(range(10))
    bars.tick_params(labelsize=7)
figure.suptitle(
    "PyTorch: scores that came over HTTP, and the model's own (lines)"
)
plt.show()

# %%
# What to try
# -----------
# Write the file to a model repository that stays, start Triton or
# KServe on it, then give the client its port. Write the model with
# ``torch.export.save``, serve what ``torch.export.load`` gives back, and time both. Send a thousand rows at once.
