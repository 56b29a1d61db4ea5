"""Prunes a fixed set of kernels with the real TFMOT on legacy Keras, in a process of its own.

Usage: tfmot_peer.py CASES.json WEIGHTS.npz KERNELS.npz
"""

import json
import os
import sys
from pathlib import Path

os.environ["TF_USE_LEGACY_KERAS"] = "1"

import numpy as np
import tensorflow_model_optimization as tfmot
import tf_keras as keras

LAYERS = {
    "dense": lambda: keras.layers.Dense(10),
    "conv": lambda: keras.layers.Conv2D(6, 3),
    "separable": lambda: keras.layers.SeparableConv2D(7, 3),
    "embedding": lambda: keras.layers.Embedding(11, 6),
    "lstm": lambda: keras.layers.LSTM(5),
}


def main():
    cases, weights, kernels = sys.argv[1:]
    given, found = np.load(weights), {}
    for name, case in json.loads(Path(cases).read_text()).items():
        layer = LAYERS[case["layer"]]()
        model = keras.Sequential([keras.layers.Input(case["shape"]), layer])
        layer.set_weights([given[f"{name}/{i}"] for i in range(len(layer.get_weights()))])
        schedule = getattr(tfmot.sparsity.keras, case["schedule"])(**case["schedule_arguments"])
        model = tfmot.sparsity.keras.prune_low_magnitude(model, schedule, **case["arguments"])
        model.compile(keras.optimizers.legacy.SGD(0.0), "mse")
        x = np.zeros((case["steps"], *case["shape"]), "float32")
        y = np.zeros((case["steps"], *model.output_shape[1:]), "float32")
        model.fit(x, y, batch_size=1, verbose=0, callbacks=[tfmot.sparsity.keras.UpdatePruningStep()])
        for index, value in enumerate(tfmot.sparsity.keras.strip_pruning(model).get_weights()):
            found[f"{name}/{index}"] = value
    np.savez(kernels, **found)


if __name__ == "__main__":
    main()
