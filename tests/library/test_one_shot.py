"""`prune`: one shot, now, for good."""

import keras
import numpy as np
import pytest
from keras import layers

import dsd_tf
from dsd_tf.training.kernels import list_kernels

X = np.random.default_rng(0).normal(size=(16, 4)).astype("float32")
Y = np.random.default_rng(1).normal(size=(16, 2)).astype("float32")


def build(**compiled):
    """Kernels a (4x5: 1..20), b (5x4: 21..40), c (4x2: 41..48)."""
    names = (("a", 5), ("b", 4), ("c", 2))
    model = keras.Sequential([layers.Input((4,)), *(layers.Dense(units, name=name) for name, units in names)])
    start = 1
    for layer in model.layers:
        size = layer.kernel.numpy().size
        layer.kernel.assign(np.arange(start, start + size, dtype="float32").reshape(layer.kernel.shape) / 100)
        start += size
    model.compile(**{"optimizer": "sgd", "loss": "mse", **compiled})
    return model


def kept(model):
    return {k.name[0]: np.count_nonzero(k.variable.numpy()) for k in list_kernels(model)}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"sparsity": 0.5}, {"a": 0, "b": 16, "c": 8}),
        ({"sparsity": 0.0}, {"a": 20, "b": 20, "c": 8}),
        ({"sparsity": 0.99}, {"a": 0, "b": 0, "c": 1}),
        ({"sparsity": 0.5, "allocation": "uniform"}, {"a": 10, "b": 10, "c": 4}),
        ({"sparsity": 0.5, "allocation": "uniform", "exclude": ["c/*"]}, {"a": 10, "b": 10, "c": 8}),
        ({"sparsity": 0.5, "allocation": "uniform", "exclude": "c/*"}, {"a": 10, "b": 10, "c": 8}),
        ({"sparsity": 0.5, "protect_first": True}, {"a": 20, "b": 6, "c": 8}),
        ({"sparsity": 0.5, "protect_last": True}, {"a": 0, "b": 20, "c": 8}),
        ({"sparsity": 0.5, "granularity": "2:4", "exclude": "b/*"}, {"a": 10, "b": 20, "c": 4}),
        ({"sparsity": 0.5, "allocation": "uniform", "granularity": "filter"}, {"a": 8, "b": 10, "c": 4}),
    ],
)
def test_the_kept_weights_are_exactly_those_asked_for(arguments, expected):
    model = build()
    masks = dsd_tf.prune(model, **arguments)
    assert kept(model) == expected
    assert {name[0]: int(mask.sum()) for name, mask in masks.items()} == expected


def test_the_smallest_weights_go():
    model = build()
    dsd_tf.prune(model, 0.5)
    assert (np.flatnonzero(model.layers[1].kernel.numpy()) == range(4, 20)).all()


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
def test_the_masks_hold_in_every_later_fit_and_after_recompiling(optimizer):
    model = build()
    dsd_tf.prune(model, 0.5, allocation="uniform")
    for _ in range(2):
        model.fit(X, Y, batch_size=4, verbose=0)
        model.compile(optimizer, "mse")
    model.fit(X, Y, batch_size=4, verbose=0)
    assert kept(model) == {"a": 10, "b": 10, "c": 4}


def test_growing_sparsities_make_a_ladder():
    model = build()
    first = dsd_tf.prune(model, 0.5, score="random", allocation="uniform")
    second = dsd_tf.prune(model, 0.75, score="random", allocation="uniform", seed=1)
    assert kept(model) == {"a": 5, "b": 5, "c": 2}
    assert all((first[name] | ~mask).all() for name, mask in second.items())


def test_gradient_scores_take_their_gradients_from_the_caller():
    model = build()
    gradients = {kernel.name: 1 / kernel.variable.numpy() for kernel in list_kernels(model)}
    dsd_tf.prune(model, 0.5, score="gradient", gradients=lambda: gradients)
    assert kept(model) == {"a": 20, "b": 4, "c": 0}


def test_iterative_pruning_with_rewinding_is_three_lines():
    model, rewind = build(), dsd_tf.Rewind(2)
    model.fit(X, Y, batch_size=4, verbose=0, callbacks=[rewind])
    for sparsity in (0.2, 0.36, 0.488):
        dsd_tf.prune(model, sparsity)
        model.fit(X, Y, batch_size=4, verbose=0, callbacks=[rewind])
    assert sum(kept(model).values()) == round(48 * (1 - 0.488))


@pytest.mark.parametrize("sparsity", [-0.1, 1.0, 90, float("nan")])
def test_a_sparsity_out_of_range_is_refused(sparsity):
    with pytest.raises(ValueError, match="in \\[0, 1\\)"):
        dsd_tf.prune(build(), sparsity)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"score": "magnitud"}, "did you mean 'magnitude'"),
        ({"allocation": "globl"}, "did you mean 'global'"),
        ({"granularity": "wait"}, "granularity 'wait'"),
        ({"exclude": ["*"]}, "nothing to prune"),
        ({"score": "gradient"}, "gradients"),
    ],
)
def test_wrong_arguments_are_refused_and_the_model_is_left_dense(arguments, message):
    model = build()
    with pytest.raises(ValueError, match=message):
        dsd_tf.prune(model, 0.5, **arguments)
    assert kept(model) == {"a": 20, "b": 20, "c": 8}


def test_a_model_that_is_not_compiled_is_refused():
    with pytest.raises(ValueError, match="compile it first"):
        dsd_tf.prune(keras.Sequential([layers.Input((4,)), layers.Dense(2)]), 0.5)


def test_a_model_that_is_not_built_is_refused():
    model = keras.Sequential([layers.Dense(2)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="build it"):
        dsd_tf.prune(model, 0.5)
