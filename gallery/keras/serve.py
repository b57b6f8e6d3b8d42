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

model = keras.Sequential(
    [keras.Input((64,)), keras.layers.Dense(10, use_bias=False)]
)
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
            return self.answer(
                404, {"error": f"nothing answers {self.path} with that"}
            )
        try:
            rows = np.array(body["instances"], "float32")
            if rows.shape[1:] != runtime.input_shape[1:]:
                raise ValueError(
                    f"rows are {rows.shape[1:]}, not {runtime.input_shape[1:]}"
                )
            scores = runtime(rows, training=False)
            content = {
                "predictions": keras.ops.convert_to_numpy(scores).tolist()
            }
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

address = f"http://127.0.0.1:{server.server_port}/v1/models/digits:predict"


def ask(rows, address=address):
    body = json.dumps({"instances": rows.tolist()}).encode()
    with urllib.request.urlopen(
        urllib.request.Request(address, body), timeout=10
    ) as response:
        answer = json.loads(response.read())["predictions"]
    return np.array(answer)


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
# JSON carries enough digits: the answers are the model's own.

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
    bars.bar(range(10), scores[number], color="#2563eb")
    bars.plot(range(10), expected[number], "_", color="0.3", ms=9)
    bars.set_xticks(range(10))
    bars.tick_params(labelsize=7)
figure.suptitle(
    "Keras: scores that came over HTTP, and the model's own (lines)"
)
plt.show()

# %%
# What to try
# -----------
# Export the model as a SavedModel, or to ONNX from another backend (from JAX that takes
# ``jax2onnx``), and serve it as the siblings of this script do. Compile the call with ``jax.jit`` and compare the times. Send a thousand rows at once.
