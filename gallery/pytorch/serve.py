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
import logging
import tempfile
import threading
import time
import urllib.request
import warnings
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
logging.getLogger("torch.onnx").setLevel("ERROR")

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
    loss = nn.functional.cross_entropy(model(torch.from_numpy(images)), torch.from_numpy(labels))
    loss.backward()
    optimizer.step()
with torch.no_grad():
    expected = model(torch.from_numpy(images)).numpy()
folder = tempfile.TemporaryDirectory()
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of deprecations inside the exporter
    torch.onnx.export(
        model.eval(), (torch.from_numpy(images[:2]),), f"{folder.name}/digits.onnx",
        input_names=["images"], output_names=["scores"], verbose=False, external_data=False,
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
            return self.answer(404, {"error": f"nothing answers {self.path} with that"})
        given = body["inputs"][0]
        rows = np.array(given["data"], "float32").reshape(given["shape"])
        scores = runtime.run(["scores"], {"images": rows})[0]
        output = {"name": "scores", "datatype": "FP32", "shape": scores.shape}
        self.answer(200, {"outputs": [output | {"data": scores.ravel().tolist()}]})

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
# A client needs no framework. Four of them share the requests.

address = f"http://127.0.0.1:{server.server_port}/v2/models/digits/infer"


def ask(rows, address=address):
    tensor = {"name": "images", "datatype": "FP32", "shape": rows.shape}
    body = json.dumps({"inputs": [tensor | {"data": rows.ravel().tolist()}]}).encode()
    started = time.perf_counter()
    with urllib.request.urlopen(urllib.request.Request(address, body), timeout=10) as response:
        output = json.loads(response.read())["outputs"][0]
    return np.array(output["data"]).reshape(output["shape"]), 1000 * (time.perf_counter() - started)


with ThreadPoolExecutor(CLIENTS) as pool:
    answers = list(pool.map(ask, requests))
try:
    ask(requests[0], address.replace("digits", "letters"))
    refused = 200
except urllib.error.HTTPError as error:
    refused = error.code
server.shutdown()
server.server_close()
folder.cleanup()

# %%
# Result
# ------
# JSON carries enough digits: the answers are the model's own, up to rounding in
# ONNX Runtime.

times = np.array([milliseconds for _, milliseconds in answers])
scores = np.concatenate([scores for scores, _ in answers])
measured = {
    "answered": len(answers),
    "error": float(abs(scores - expected[: len(scores)]).max()),
    "wrong_name_status": refused,
    "median_ms": float(np.median(times)),
    "slowest_ms": float(times.max()),
}
for name in ("answered", "error", "wrong_name_status"):
    print(f"{name:<18} {measured[name]:.3g}")
assert measured["answered"] == REQUESTS
assert measured["error"] < 1e-5
assert measured["wrong_name_status"] == 404

# %%

figure, axis = plt.subplots(figsize=(8, 2.4), layout="constrained")
axis.hist(times, bins=20, color="#6b1f5e")
axis.set(xlabel="milliseconds from request to answer", ylabel="requests", xlim=(0, None))
axis.set_title(f"PyTorch: {CLIENTS} clients at once, median {measured['median_ms']:.1f} ms")
plt.show()

# %%
# What to try
# -----------
# Leave out ``folder.cleanup()``, put the file into a model repository, start Triton or
# KServe on it, then give the client its port. Serve ``torch.export.load`` in place of
# ONNX Runtime and compare the times. Send a list of the wrong length and improve the
# answer.
