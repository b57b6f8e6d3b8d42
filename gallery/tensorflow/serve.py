"""
Serve a model over HTTP from TensorFlow
=======================================

A trained model becomes a service: a program that answers requests on a port, for
several clients at once. TensorFlow's own server is TensorFlow Serving, a program in
C++ that no Python package brings. What it loads, a SavedModel with a signature, and
how it is spoken to, JSON in a fixed form, are documented. This script uses both, with
a small stand-in for the server, so the client below is one for the real one too.
"""

# sphinx_gallery_tags = ["serving", "SavedModel", "HTTP"]

import json
import tempfile
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits

# %%
# Constants
# ---------

SEED = 0
CLIENTS, REQUESTS = 4, 40
tf.random.set_seed(SEED)

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
# The artefact is a SavedModel. Its signature has names for what comes and goes.


class Classifier(tf.Module):
    def __init__(self):
        super().__init__()
        self.kernel = tf.Variable(tf.zeros((64, 10)))

    @tf.function(
        input_signature=[tf.TensorSpec((None, 64), tf.float32, name="images")]
    )
    def serve(self, images):
        return {"scores": images @ self.kernel}


model = Classifier()
for _ in range(60):
    with tf.GradientTape() as tape:
        scores = model.serve(images)["scores"]
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=labels, logits=scores
        )
        loss = tf.reduce_mean(each)
    model.kernel.assign_sub(2.0 * tape.gradient(loss, model.kernel))
expected = model.serve(images)["scores"].numpy()
folder = tempfile.TemporaryDirectory()
tf.saved_model.save(model, f"{folder.name}/digits/1", signatures=model.serve)

# %%
# Server
# ------
# TensorFlow Serving answers ``POST /v1/models/<name>:predict`` with "instances" in and
# "predictions" out. Each connection gets a thread; TensorFlow may be called from
# several.

runtime = tf.saved_model.load(f"{folder.name}/digits/1").signatures[
    "serving_default"
]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/v1/models/digits:predict" or "instances" not in body:
            return self.answer(
                404, {"error": f"nothing answers {self.path} with that"}
            )
        try:
            instances = tf.constant(body["instances"], tf.float32)
            content = {
                "predictions": runtime(images=instances)["scores"]
                .numpy()
                .tolist()
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
    bars.bar(range(10), scores[number], color="#b45309")
    bars.plot(range(10), expected[number], "_", color="0.3", ms=9)
    bars.set_xticks(range(10))
    bars.tick_params(labelsize=7)
figure.suptitle(
    "TensorFlow: scores that came over HTTP, and the model's own (lines)"
)
plt.show()

# %%
# What to try
# -----------
# Save the model to a folder that stays, then start the real server where there is Docker, on
# the same folder, and give the client its port: ``docker run -p 8501:8501 -v
# .../digits:/models/digits -e MODEL_NAME=digits tensorflow/serving``. Send a thousand rows at once.
