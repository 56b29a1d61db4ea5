"""`import dsd_tf` is quick, complete, and enough to load a model that was saved while it was pruned."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers

import dsd_tf

TFMOT_NAMES = [
    "prune_low_magnitude",
    "prune_scope",
    "strip_pruning",
    "UpdatePruningStep",
    "PruningSummaries",
    "PruningSchedule",
    "ConstantSparsity",
    "PolynomialDecay",
    "PrunableLayer",
    "PruningPolicy",
    "PruneForLatencyOnXNNPack",
]


def run(code, *arguments):
    subprocess.run([sys.executable, "-c", code, *map(str, arguments)], check=True)


def test_importing_it_loads_neither_tensorflow_nor_keras():
    run("import sys, dsd_tf; assert not {'tensorflow', 'keras', 'numpy'} & set(sys.modules)")


@pytest.mark.parametrize("name", dsd_tf.__all__)
def test_every_name_is_there_and_listed(name):
    assert getattr(dsd_tf, name) is not None
    assert name in dir(dsd_tf)


@pytest.mark.parametrize("name", TFMOT_NAMES)
def test_every_name_of_tfmots_module_is_here_and_where_tfmot_has_it(name):
    assert getattr(dsd_tf.sparsity.keras, name) is getattr(dsd_tf, name)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="prune_hi"):
        _ = dsd_tf.prune_hi


GO_ON = """
import sys
import dsd_tf
import keras, numpy as np
model = keras.models.load_model(sys.argv[1])
x = np.ones((8, 4), "float32")
model.fit(x, x, verbose=0, batch_size=4, callbacks=[dsd_tf.UpdatePruningStep()])
assert np.count_nonzero(model.layers[0].kernel.numpy()) == 4
"""


def test_a_model_saved_while_pruning_goes_on_in_a_process_that_imports_dsd_tf_before_keras(tmp_path):
    model = keras.Sequential([layers.Input((4,)), layers.Dense(4)])
    dsd_tf.prune_low_magnitude(model, dsd_tf.StepwiseLevels([0, 4], [0.5, 0.75]))
    model.compile("adam", "mse")
    x = np.ones((8, 4), "float32")
    model.fit(x, x, verbose=0, batch_size=4, callbacks=[dsd_tf.UpdatePruningStep()])
    assert np.count_nonzero(model.layers[0].kernel.numpy()) == 8
    model.save(tmp_path / "model.keras")
    run(GO_ON, tmp_path / "model.keras")
