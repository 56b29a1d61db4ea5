"""Reads exports as a user without dsd_tf does (the SavedModel without Keras, too); prints findings as JSON.

Arguments: a SavedModel directory and a .keras file of networks trained on digits.
"""

import json
import sys

# from here on importing them fails; TensorFlow itself gets by without Keras
sys.modules["keras"] = sys.modules["dsd_tf"] = None

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402

digits = load_digits()
images = (np.round(digits.images * (255 / 16)).astype(np.float32) / 255)[-360:, :, :, np.newaxis]
labels = digits.target[-360:]


def findings(logits, weights):
    kernels = {name: value for name, value in weights.items() if value.ndim > 1}
    return {
        "accuracy": int((np.argmax(logits, axis=1) == labels).sum()) / len(labels),
        "zeros": {name: int((value == 0).sum()) for name, value in kernels.items()},
    }


loaded = tf.saved_model.load(sys.argv[1])
called = loaded.serve(images).numpy()
signatures = {name: loaded.signatures[name] for name in ("serve", "serving_default")}
served = {name: next(iter(call(images=tf.constant(images)).values())) for name, call in signatures.items()}
plain = findings(called, {weight.name.removesuffix(":0"): weight.numpy() for weight in loaded.weights})
plain["signatures_agree"] = all(np.array_equal(logits, called) for logits in served.values())
plain["one_image_agrees"] = bool(np.allclose(loaded.serve(images[:1]), called[:1], atol=1e-6))
plain["types"] = sorted({weight.dtype.name for weight in loaded.weights})
plain["modules"] = sorted(name for name in ("keras", "dsd_tf") if sys.modules.get(name))

del sys.modules["keras"]
import keras  # noqa: E402

model = keras.saving.load_model(sys.argv[2])
weights = {weight.path: weight.numpy() for weight in model.weights}
file = findings(model.predict(images, verbose=0), weights)
file["optimizer"] = str(getattr(model, "optimizer", None))
file["modules"] = sorted(name for name in ("dsd_tf",) if sys.modules.get(name))
print(json.dumps({"savedmodel": plain, "keras": file}))
