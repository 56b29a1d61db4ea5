"""Policies say which layers of a model are pruned."""

import keras
import pytest
from keras import layers

import dsd_tf
from dsd_tf.training.rules import ruled_kernels

HALF = dsd_tf.ConstantSparsity(0.5, 0)


def sequential(*inner, shape=(6,)):
    return keras.Sequential([layers.Input(shape), *inner])


class OnlyNamed(dsd_tf.PruningPolicy):
    def __init__(self, names):
        self.names, self.asked, self.ensured = names, [], []

    def allow_pruning(self, layer):
        self.asked.append(layer.name)
        return layer.name in self.names

    def ensure_model_supports_pruning(self, model):
        self.ensured.append(model)


def test_a_policy_is_asked_layer_by_layer_through_nested_models():
    policy = OnlyNamed(["b", "r"])
    inner = sequential(layers.Dense(6, name="a"), layers.Dense(6, name="b"), shape=(6,))
    recurrent = [layers.Reshape((3, 2), name="reshape"), layers.SimpleRNN(2, name="r")]
    model = dsd_tf.prune_low_magnitude(sequential(inner, *recurrent), HALF, pruning_policy=policy)
    assert policy.asked == ["a", "b", "reshape", "r"]
    assert policy.ensured == [model]
    ruled = [kernel.layer.name for kernel, rule in ruled_kernels(model) if rule is not None]
    assert ruled == ["b", "simple_rnn_cell", "simple_rnn_cell"]


def test_a_policy_needs_no_base_class_and_its_refusal_is_passed_on():
    class Refusing:
        def ensure_model_supports_pruning(self, model):
            raise ValueError("not this one")

        def allow_pruning(self, layer):
            return True

    with pytest.raises(ValueError, match="not this one"):
        dsd_tf.prune_low_magnitude(sequential(layers.Dense(2)), pruning_policy=Refusing())


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = layers.Dense(6)

    def call(self, inputs):
        return self.inner(inputs)


def test_a_policy_cannot_judge_a_subclassed_model_that_is_not_built():
    with pytest.raises(ValueError, match="build model"):
        dsd_tf.prune_low_magnitude(Subclassed(), HALF, pruning_policy=OnlyNamed([]))
