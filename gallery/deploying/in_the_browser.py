"""
Run a model in the browser
==========================

One small network, trained once, becomes three files that a browser can run: ONNX from PyTorch,
LiteRT from TensorFlow, and LiteRT again with integers of eight bits. All three are published
with this page, and :doc:`/live` runs them on your machine: draw a digit there.

Look at what is kept besides the files: a hundred digits with the answers that Python gave. The
page in the browser is only right if its runtimes give the same ones.
"""

# sphinx_gallery_tags = ["export", "browser", "ONNX", "LiteRT", "int8", "image"]
# sphinx_gallery_needs = ["ai_edge_litert", "onnxruntime", "onnxscript"]
# sphinx_gallery_tolerances = {"accuracy": 0.02, "accuracy_int8": 0.02, "error_*": 1e-5, "apart_int8": 0.3, "bytes_*": 4000}

import io
import json
import random

import ai_edge_litert.interpreter as litert
import matplotlib.pyplot as plt
import numpy as np
import onnxruntime
import tensorflow as tf
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

# %%
# Constants
# ---------

SEED = 0
EPOCHS, BATCH_SIZE, RATE = 12, 64, 0.005
HELD = 100
torch.manual_seed(SEED)
random.seed(SEED)

# %%
# Train once, in PyTorch
# ----------------------
# Digits that are shifted by a pixel now and then, since what is drawn by hand is never in the
# middle.

digits = load_digits()
images = (digits.images[:, None] / 16).astype("float32")
x_train, x_test, y_train, y_test = train_test_split(
    images,
    digits.target,
    test_size=0.2,
    stratify=digits.target,
    random_state=SEED,
)
generator = np.random.default_rng(SEED)


class Digits(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(1, 16, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.hidden = nn.Linear(16 * 4 * 4, 48)
        self.output = nn.Linear(48, 10)

    def forward(self, x):
        x = self.pool(torch.relu(self.convolution(x)))
        x = x.permute(0, 2, 3, 1)  # the order that TensorFlow has
        return self.output(torch.relu(self.hidden(x.flatten(1))))


def shifted(batch):
    down, right = generator.integers(-1, 2, 2)
    return np.roll(batch, (down, right), (2, 3))


model = Digits()
optimizer = torch.optim.Adam(model.parameters(), RATE)
model.train()
for _ in range(EPOCHS):
    order = generator.permutation(len(x_train))
    for start in range(0, len(order), BATCH_SIZE):
        rows = order[start : start + BATCH_SIZE]
        optimizer.zero_grad()
        logits = model(torch.from_numpy(shifted(x_train[rows])))
        loss = nn.functional.cross_entropy(
            logits, torch.from_numpy(y_train[rows])
        )
        loss.backward()
        optimizer.step()
model.eval()
with torch.inference_mode():
    expected = model(torch.from_numpy(x_test)).softmax(dim=1).numpy()

# %%
# ONNX, from PyTorch
# ------------------


class Probabilities(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return torch.softmax(self.model(x), dim=1)


file = io.BytesIO()
torch.onnx.export(
    Probabilities(model).eval(),
    (torch.zeros(1, 1, 8, 8),),
    file,
    input_names=["image"],
    output_names=["probabilities"],
    dynamo=True,
    verbose=False,
)
files = {"digits.onnx": file.getvalue()}
session = onnxruntime.InferenceSession(files["digits.onnx"])
answers = {
    "onnx": np.concatenate(
        [session.run(None, {"image": one[None]})[0] for one in x_test]
    )
}

# %%
# LiteRT, from TensorFlow
# -----------------------
# The same weights in another layout, the image with its channel last. The ranges of the integers
# are found on training images.

state = {name: value.numpy() for name, value in model.state_dict().items()}
kernel = tf.constant(state["convolution.weight"].transpose(2, 3, 1, 0))


@tf.function(input_signature=[tf.TensorSpec([1, 8, 8, 1], tf.float32)])
def forward(x):
    x = tf.nn.conv2d(x, kernel, 1, "SAME") + state["convolution.bias"]
    x = tf.nn.max_pool2d(tf.nn.relu(x), 2, 2, "VALID")
    x = tf.reshape(x, [1, 256]) @ state["hidden.weight"].T
    x = tf.nn.relu(x + state["hidden.bias"]) @ state["output.weight"].T
    return tf.nn.softmax(x + state["output.bias"])


def converter():
    concrete = forward.get_concrete_function()
    return tf.lite.TFLiteConverter.from_concrete_functions([concrete], forward)


def answered(content):
    interpreter = litert.Interpreter(model_content=content)
    interpreter.allocate_tensors()
    (given,), (asked,) = (
        interpreter.get_input_details(),
        interpreter.get_output_details(),
    )
    found = []
    for one in x_test:
        interpreter.set_tensor(given["index"], one.transpose(1, 2, 0)[None])
        interpreter.invoke()
        found.append(interpreter.get_tensor(asked["index"])[0])
    return np.array(found)


files["digits.tflite"] = converter().convert()
answers["litert"] = answered(files["digits.tflite"])
small = converter()
small.optimizations = [tf.lite.Optimize.DEFAULT]
small.representative_dataset = lambda: (
    [one.transpose(1, 2, 0)[None]] for one in x_train[:200]
)
files["digits-int8.tflite"] = small.convert()
answers["int8"] = answered(files["digits-int8.tflite"])

# %%
# Result
# ------

measured = {
    "accuracy": float((expected.argmax(1) == y_test).mean()),
    "accuracy_int8": float((answers["int8"].argmax(1) == y_test).mean()),
    "error_onnx": float(abs(answers["onnx"] - expected).max()),
    "error_litert": float(abs(answers["litert"] - expected).max()),
    "apart_int8": float(abs(answers["int8"] - expected).max()),
    "bytes_onnx": len(files["digits.onnx"]),
    "bytes_litert": len(files["digits.tflite"]),
    "bytes_int8": len(files["digits-int8.tflite"]),
    "held": HELD,
}
for name, value in measured.items():
    print(f"{name:<14} {value:12,.6g}")
assert measured["accuracy"] > 0.9
assert measured["accuracy_int8"] > 0.9
assert measured["error_onnx"] < 1e-4
assert measured["error_litert"] < 1e-4
assert measured["bytes_int8"] < measured["bytes_litert"] / 2

# %%
# ``published`` is what the site keeps of this script besides its page: the files, and what Python
# answered.

held = {
    "images": (x_test[:HELD, 0] * 16).astype(int).reshape(HELD, 64).tolist(),
    "labels": y_test[:HELD].tolist(),
    "answers": {
        "digits.onnx": answers["onnx"][:HELD].round(6).tolist(),
        "digits.tflite": answers["litert"][:HELD].round(6).tolist(),
        "digits-int8.tflite": answers["int8"][:HELD].round(6).tolist(),
    },
}
published = {**files, "held.json": json.dumps(held).encode()}

# %%

names = {
    "digits.onnx": "ONNX",
    "digits.tflite": "LiteRT",
    "digits-int8.tflite": "LiteRT, int8",
}
figure, axis = plt.subplots(figsize=(8, 2.4), layout="constrained")
bars = axis.barh(
    list(names.values()),
    [len(files[name]) / 1000 for name in names],
    color=["#6b1f5e", "#b45309", "#b45309"],
)
axis.bar_label(bars, fmt=" %.0f kB")
axis.invert_yaxis()
axis.margins(x=0.15)
axis.set(xlabel="kB")
axis.set_title("One model, three files for a browser")
plt.show()

# %%
# What to try
# -----------
# Draw in :doc:`/live`. Leave ``shifted`` out, and see whether a digit in a corner is still
# recognised. Serve the files with a page of your own: each runtime's documentation shows how.
