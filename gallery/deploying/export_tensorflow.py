"""
Export a model from TensorFlow
==============================

A trained network leaves TensorFlow in three forms: as a SavedModel, which a
TensorFlow server loads; as LiteRT, for phones and small devices; as ONNX, for every
runtime that reads it. Each file is loaded by its own runtime, and its outputs are
compared with the model's.
"""

# sphinx_gallery_tags = ["export", "SavedModel", "LiteRT", "ONNX"]
# sphinx_gallery_tolerances = {"error_*": 2e-6}

import os
import tempfile

import ai_edge_litert.interpreter as litert
import matplotlib.pyplot as plt
import onnxruntime
import tensorflow as tf
import tf2onnx
from sklearn.datasets import load_digits

# %%
# Constants
# ---------

SEED = 0
EPOCHS = 30

tf.random.set_seed(SEED)
folder = tempfile.TemporaryDirectory()
paths = {
    name: os.path.join(folder.name, name)
    for name in ("saved_model", "litert", "onnx")
}

# %%
# Model
# -----
# A ``tf.Module``, trained for a moment. The signature says that any number of images
# may come; a fixed number would be written into every file.

digits = load_digits()
images, labels = (digits.data / 16).astype("float32"), digits.target


class Classifier(tf.Module):
    def __init__(self):
        super().__init__()
        self.kernel1 = tf.Variable(tf.random.normal((64, 32), stddev=0.15))
        self.kernel2 = tf.Variable(tf.random.normal((32, 10), stddev=0.15))

    @tf.function(
        input_signature=[tf.TensorSpec((None, 64), tf.float32, name="images")]
    )
    def logits(self, images):
        return {"logits": tf.nn.relu(images @ self.kernel1) @ self.kernel2}


model = Classifier()
for _ in range(EPOCHS):
    with tf.GradientTape() as tape:
        scores = model.logits(tf.constant(images))["logits"]
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=labels, logits=scores
        )
        loss = tf.reduce_mean(each)
    for variable, gradient in zip(
        model.trainable_variables,
        tape.gradient(loss, model.trainable_variables),
    ):
        variable.assign_sub(0.5 * gradient)
expected = model.logits(tf.constant(images))["logits"].numpy()
print(f"accuracy {float((expected.argmax(axis=1) == labels).mean()):.1%}")

# %%
# Write
# -----

tf.saved_model.save(model, paths["saved_model"], signatures=model.logits)

converter = tf.lite.TFLiteConverter.from_saved_model(paths["saved_model"])
with open(paths["litert"], "wb") as file:
    file.write(converter.convert())

signature = [tf.TensorSpec((None, 64), tf.float32, name="images")]
tf2onnx.convert.from_function(
    model.logits,
    input_signature=signature,
    opset=18,
    output_path=paths["onnx"],
)

# %%
# Read
# ----
# The runtime for LiteRT is a package of its own; ``tf.lite.Interpreter`` is on its way
# out. It holds one input size at a time, so it is told the new one.

loaded = tf.saved_model.load(paths["saved_model"]).signatures[
    "serving_default"
]
outputs = {"SavedModel": loaded(images=tf.constant(images))["logits"].numpy()}

interpreter = litert.Interpreter(paths["litert"])
(input_details,), (output_details,) = (
    interpreter.get_input_details(),
    interpreter.get_output_details(),
)
interpreter.resize_tensor_input(input_details["index"], images.shape)
interpreter.allocate_tensors()
interpreter.set_tensor(input_details["index"], images)
interpreter.invoke()
outputs["LiteRT"] = interpreter.get_tensor(output_details["index"])

session = onnxruntime.InferenceSession(paths["onnx"])
outputs["ONNX Runtime"] = session.run(
    None, {session.get_inputs()[0].name: images}
)[0]

# %%
# Result
# ------


def size_of(path):
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(size_of(os.path.join(path, name)) for name in os.listdir(path))


errors = {
    name: float(abs(output - expected).max())
    for name, output in outputs.items()
}
sizes = dict(zip(outputs, map(size_of, paths.values())))
measured = {
    "error_savedmodel": errors["SavedModel"],
    "error_litert": errors["LiteRT"],
    "error_onnx": errors["ONNX Runtime"],
    "formats": len(outputs),
}
for name, error in errors.items():
    print(f"{name:<13} error {error:.1e}  {sizes[name] / 1024:6.1f} KiB")
assert max(errors.values()) < 1e-5
folder.cleanup()

# %%

figure, axis = plt.subplots(figsize=(8, 2.4), layout="constrained")
bars = axis.barh(
    list(sizes), [size / 1024 for size in sizes.values()], color="#b45309"
)
axis.bar_label(
    bars, [f" outputs differ by {errors[name]:.0e}" for name in sizes]
)
axis.invert_yaxis()
axis.set(xlabel="KiB on disk")
axis.margins(x=0.45)
axis.set_title("TensorFlow: three forms, three runtimes, one answer")
plt.show()

# %%
# What to try
# -----------
# Fix the first axis to 1 and see the training refused at once. Print ``tf.saved_model.load(...)`` and
# its signatures. Add ``tf.math.lgamma`` to the model and see which converter objects.
