"""Stripped models are ordinary ones, and load where dsd_tf is not."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers

import dsd_tf
from dsd_tf.training.kernels import list_kernels

X = np.random.default_rng(0).normal(size=(16, 6)).astype("float32")


def sequential():
    return keras.Sequential([layers.Input((6,), name="in"), layers.Dense(6), layers.Dense(6)], name="net")


def functional():
    inputs = keras.Input((6,))
    return keras.Model(inputs, layers.Add()([layers.Dense(6)(inputs), sequential()(inputs)]))


class Subclassed(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = layers.Dense(6)

    def call(self, inputs):
        return self.inner(inputs)


def pruned(model):
    model(X)
    dsd_tf.prune_low_magnitude(model, dsd_tf.ConstantSparsity(0.75, 0))
    model.compile("adam", "mse")
    model.fit(X, X, batch_size=8, verbose=0, callbacks=[dsd_tf.UpdatePruningStep()])
    return model


@pytest.mark.parametrize("make", [sequential, functional, Subclassed])
def test_a_stripped_model_computes_the_same_and_is_not_compiled(make):
    model = pruned(make())
    expected = model.predict(X, verbose=0)
    stripped = dsd_tf.strip_pruning(model)
    assert not stripped.compiled
    assert stripped.name == model.name
    assert (stripped.predict(X, verbose=0) == expected).all()
    assert all(np.count_nonzero(kernel.variable.numpy()) == 9 for kernel in list_kernels(stripped))


@pytest.mark.parametrize("make", [sequential, functional])
def test_it_shares_layers_with_the_pruned_model_which_can_still_be_evaluated(make):
    model = pruned(make())
    loss = model.evaluate(X, X, verbose=0)
    stripped = dsd_tf.strip_pruning(model)
    assert type(stripped) is type(model)
    assert all(a is b for a, b in zip(stripped.weights, model.weights, strict=True))
    assert model.evaluate(X, X, verbose=0) == loss


def test_a_subclassed_model_comes_back_itself():
    model = pruned(Subclassed())
    assert dsd_tf.strip_pruning(model) is model


def test_a_stripped_model_trains_densely_without_the_callback():
    stripped = dsd_tf.strip_pruning(pruned(functional()))
    stripped.compile(keras.optimizers.Adagrad(0.5), "mse")
    stripped.fit(X, X, verbose=0)
    assert all(np.count_nonzero(kernel.variable.numpy()) > 9 for kernel in list_kernels(stripped))


def test_a_model_that_was_never_trained_can_be_stripped():
    model = dsd_tf.prune_low_magnitude(sequential())
    stripped = dsd_tf.strip_pruning(model)
    stripped.compile("sgd", "mse")
    stripped.fit(X, X, verbose=0)


LOAD = """
import sys
import keras, numpy as np
model = keras.models.load_model(sys.argv[1])
np.save(sys.argv[2], model.predict(np.load(sys.argv[3]), verbose=0))
assert not [name for name in sys.modules if name.startswith("dsd_tf")]
"""


def test_its_file_loads_in_a_process_without_dsd_tf_even_if_an_inner_model_was_trained_by_itself(tmp_path):
    inner = pruned(sequential())
    outer = keras.Sequential([layers.Input((6,)), inner, layers.Dense(6)])
    stripped = dsd_tf.strip_pruning(pruned(outer))
    stripped.save(tmp_path / "model.keras")
    np.save(tmp_path / "x.npy", X)
    paths = [str(tmp_path / name) for name in ("model.keras", "y.npy", "x.npy")]
    subprocess.run([sys.executable, "-c", LOAD, *paths], cwd=tmp_path, check=True)
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), stripped.predict(X, verbose=0), rtol=1e-6)


def test_something_else_than_a_model_is_refused():
    with pytest.raises(ValueError, match="strip_pruning needs a keras.Model"):
        dsd_tf.strip_pruning(layers.Dense(3))


def test_a_prune_scope_does_nothing():
    with dsd_tf.prune_scope():
        assert dsd_tf.strip_pruning(sequential()).name == "net"
