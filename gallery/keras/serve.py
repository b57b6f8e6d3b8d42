"""
Serve a model over HTTP from Keras
===================================

A trained model becomes a service: a program that answers requests on a port, for
several clients at once. Keras has no server of its own and needs none: what it
exports is served by the servers of others. The quickest way is shown here, a
``.keras`` file behind a few lines of Python, on JAX. It serves a small load well; for
a large one export the model and use a server that gathers requests into batches.
"""

# sphinx_gallery_tags = ["serving", "saving", "HTTP"]

import json
import os
import random
import tempfile
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

os.environ["KERAS_BACKEND"] = "jax"  # before Keras is imported

import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

# %%
# Constants
# ---------

SEED = 0
CLIENTS, REQUESTS = 4, 40
random.seed(SEED)  # from which Keras takes the seeds of its layers
np.random.seed(SEED)  # with which ``fit`` shuffles

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
# The artefact is a ``.keras`` file, which names layers and holds numbers.

model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10, use_bias=False)])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.SGD(2.0), loss)
model.fit(images, labels, epochs=60, batch_size=len(images), verbose=0)
expected = keras.ops.convert_to_numpy(model(images))
folder = tempfile.TemporaryDirectory()
model.save(f"{folder.name}/digits.keras")

# %%
# Server
# ------
# The form of the requests is free; this is TensorFlow Serving's, which many clients
# speak. Each connection gets a thread. Calling the model is safe there, while
# ``predict`` is made for large arrays and keeps state.

runtime = keras.saving.load_model(f"{folder.name}/digits.keras")


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/v1/models/digits:predict" or "instances" not in body:
            return self.answer(404, {"error": f"nothing answers {self.path} with that"})
        scores = runtime(np.array(body["instances"], "float32"), training=False)
        self.answer(200, {"predictions": keras.ops.convert_to_numpy(scores).tolist()})

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

address = f"http://127.0.0.1:{server.server_port}/v1/models/digits:predict"


def ask(rows, address=address):
    body = json.dumps({"instances": rows.tolist()}).encode()
    started = time.perf_counter()
    with urllib.request.urlopen(urllib.request.Request(address, body), timeout=10) as response:
        answer = json.loads(response.read())["predictions"]
    return np.array(answer), 1000 * (time.perf_counter() - started)


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
# JSON carries enough digits: the answers are the model's own.

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
axis.hist(times, bins=20, color="#2563eb")
axis.set(xlabel="milliseconds from request to answer", ylabel="requests", xlim=(0, None))
axis.set_title(f"Keras: {CLIENTS} clients at once, median {measured['median_ms']:.1f} ms")
plt.show()

# %%
# What to try
# -----------
# Export the model as a SavedModel or to ONNX and serve it as the siblings of this
# script do. Compile the call with ``jax.jit`` and compare the times. Send a list of
# the wrong length and improve the answer.
