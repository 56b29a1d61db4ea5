"""The same masks as the real TFMOT on legacy Keras, weight for weight.

The learning rate is zero, so that both prune the same weights; TFMOT's counts of steps and its rounding
decide when and how many.
"""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import dsd_tf

LAYERS = {
    "dense": lambda: keras.layers.Dense(10),
    "conv": lambda: keras.layers.Conv2D(6, 3),
    "separable": lambda: keras.layers.SeparableConv2D(7, 3),
    "embedding": lambda: keras.layers.Embedding(11, 6),
    "lstm": lambda: keras.layers.LSTM(5),
}


def case(layer, shape, schedule, steps=12, **arguments):
    name, schedule_arguments = schedule
    return {
        "layer": layer,
        "shape": shape,
        "schedule": name,
        "schedule_arguments": schedule_arguments,
        "steps": steps,
        "arguments": arguments,
    }


def constant(sparsity, begin, **arguments):
    return "ConstantSparsity", {"target_sparsity": sparsity, "begin_step": begin, **arguments}


def gradual(initial, final, begin, end, **arguments):
    limits = {"initial_sparsity": initial, "final_sparsity": final, "begin_step": begin, "end_step": end}
    return "PolynomialDecay", limits | arguments


CASES = {
    "constant": case("dense", [13], constant(0.7, 2, frequency=5)),
    "gradual": case("dense", [13], gradual(0.3, 0.9, 2, 12, frequency=2)),
    "gradual, cut short by the end of training": case("dense", [13], gradual(0.3, 0.9, 2, 22, frequency=5)),
    "power 1": case("conv", [6, 6, 3], gradual(0.0, 0.85, 3, 9, power=1, frequency=3)),
    "separable": case("separable", [6, 6, 3], constant(0.6, 1, frequency=1)),
    "embedding": case("embedding", [4], constant(0.6, 1, frequency=1)),
    "lstm": case("lstm", [3, 4], constant(0.6, 1, frequency=1)),
    # where both ends would need padding, TFMOT pools other blocks than it prunes
    "average blocks": case("dense", [14], constant(0.6, 1, frequency=1), block_size=[3, 5]),
    "maximum blocks": case("dense", [13], constant(0.6, 1, frequency=1), block_size=[2, 1], block_pooling_type="MAX"),
    "2 by 4": case("dense", [14], constant(0.6, 100), sparsity_m_by_n=[2, 4]),
    "2 by 4 in a convolution": case("conv", [6, 6, 8], constant(0.6, 100), sparsity_m_by_n=[2, 4]),
    "1 by 3 with a rest": case("dense", [13], constant(0.6, 100), sparsity_m_by_n=[1, 3]),
}


def unpruned(name):
    """The case's model, with weights that have no two equal magnitudes."""
    layer = LAYERS[CASES[name]["layer"]]()
    model = keras.Sequential([keras.layers.Input(CASES[name]["shape"]), layer])
    generator = np.random.default_rng(len(name))
    layer.set_weights([generator.normal(size=w.shape).astype("float32") for w in layer.get_weights()])
    return model


def pruned(name):
    definition, model = CASES[name], unpruned(name)
    schedule = getattr(dsd_tf, definition["schedule"])(**definition["schedule_arguments"])
    dsd_tf.prune_low_magnitude(model, schedule, **definition["arguments"])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    x = np.zeros((definition["steps"], *definition["shape"]), "float32")
    y = np.zeros((definition["steps"], *model.output_shape[1:]), "float32")
    model.fit(x, y, batch_size=1, verbose=0, callbacks=[dsd_tf.UpdatePruningStep()])
    return dsd_tf.strip_pruning(model).get_weights()


@pytest.fixture(scope="module")
def peer(tmp_path_factory):
    """What TFMOT makes of all cases."""
    folder = tmp_path_factory.mktemp("peer")
    weights = {name: unpruned(name).get_weights() for name in CASES}
    np.savez(folder / "w.npz", **{f"{n}/{i}": w for n in weights for i, w in enumerate(weights[n])})
    (folder / "cases.json").write_text(json.dumps(CASES))
    script = Path(__file__).with_name("tfmot_peer.py")
    paths = [str(folder / name) for name in ("cases.json", "w.npz", "k.npz")]
    subprocess.run([sys.executable, str(script), *paths], check=True, capture_output=True)
    return np.load(folder / "k.npz")


@pytest.mark.parametrize("name", CASES)
def test_the_pruned_weights_are_those_that_tfmot_prunes(name, peer):
    weights = pruned(name)
    assert any((weight == 0).any() for weight in weights)
    for index, weight in enumerate(weights):
        assert (weight == peer[f"{name}/{index}"]).all()
