"""Scores at initialisation, against arithmetic by hand in float64."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from dsd_tf.errors import UsageError
from dsd_tf.models.build import build_model
from dsd_tf.models.options import ModelOptions
from dsd_tf.sparsity.masks import Masks
from dsd_tf.training.kernels import list_kernels
from dsd_tf.training.saliency import GRASP_TEMPERATURE, SynFlow, grasp, snip

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.random((7, 2, 2, 1), np.float32)
LABELS = np.array([0, 2, 1, 2, 0, 1, 1], np.int32)
BATCHES = [(IMAGES[:4], LABELS[:4]), (IMAGES[4:], LABELS[4:])]


def network(*hidden: layers.Layer, outputs: int = 3) -> keras.Model:
    keras.utils.set_random_seed(0)
    return keras.Sequential([layers.Input((2, 2, 1)), layers.Flatten(), *hidden, layers.Dense(outputs, name="out")])


def kernels(model):
    return [kernel for kernel in list_kernels(model) if not kernel.why_dense]


def softmax_gradient(weight: np.ndarray, bias: np.ndarray, temperature: float) -> np.ndarray:
    """Of the mean cross-entropy of one Dense layer on all images, in its kernel."""
    x = IMAGES.reshape(7, 4).astype(np.float64)
    logits = (x @ weight + bias) / temperature
    error = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True) - np.eye(3)[LABELS]
    return x.T @ error / 7 / temperature


def test_snip_is_weight_times_gradient_of_the_mean_loss_over_batches_of_any_size():
    model = network()
    weight, bias = (value.astype(np.float64) for value in model.get_weights())
    expected = np.abs(weight * softmax_gradient(weight, bias, temperature=1))
    assert snip(model, kernels(model), BATCHES)["out/kernel"] == pytest.approx(expected, rel=1e-4)


def test_grasp_is_weight_times_hessian_times_gradient():
    model = network()
    weight, bias = (value.astype(np.float64) for value in model.get_weights())
    gradient = softmax_gradient(weight, bias, GRASP_TEMPERATURE)
    step = 1e-3 * gradient / np.abs(gradient).max()
    ahead, behind = (softmax_gradient(weight + sign * step, bias, GRASP_TEMPERATURE) for sign in (1, -1))
    product = (ahead - behind) / 2e-3 * np.abs(gradient).max()
    expected = weight * product
    found = grasp(model, kernels(model), BATCHES)["out/kernel"]
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("score", [snip, grasp])
def test_batch_normalisation_takes_the_statistics_of_the_batch_and_nothing_in_the_network_changes(score):
    model = network(layers.Dense(6), layers.BatchNormalization(), layers.ReLU(), layers.Dropout(0.5, seed=1))
    before = [np.array(variable) for variable in model.variables]
    first = score(model, kernels(model), BATCHES)
    assert all(map(np.array_equal, before, map(np.array, model.variables)))
    model.layers[2].moving_mean.assign([5.0] * 6)
    second = score(model, kernels(model), BATCHES)
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert all(values.any() for values in first.values())


@pytest.mark.parametrize("score", [snip, grasp])
def test_convolutions_and_pooling_are_scored_too(score):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 1))
    hidden = layers.MaxPooling2D()(layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 3)(inputs))))
    model = keras.Model(inputs, layers.Dense(3)(layers.GlobalAveragePooling2D()(hidden)))
    scores = score(model, kernels(model), [(RANDOM.random((6, 8, 8, 1), np.float32), LABELS[:6])])
    assert [values.shape for values in scores.values()] == [(3, 3, 1, 4), (4, 3)]
    assert all(np.isfinite(values).all() and values.any() for values in scores.values())


def flow_network() -> tuple[keras.Model, Masks]:
    model = network(layers.Dense(5, "relu", use_bias=False, name="a"), outputs=3)
    return model, Masks.ones({kernel.name: kernel.shape for kernel in kernels(model)})


def test_synaptic_flow_is_the_product_of_what_comes_in_and_what_goes_out():
    model, masks = flow_network()
    a, b, _ = (np.abs(weight.astype(np.float64)) for weight in model.get_weights())
    expected = {"a/kernel": a * b.sum(axis=1), "out/kernel": b * a.sum(axis=0)[:, np.newaxis]}
    largest = max(score.max() for score in expected.values())
    scores = SynFlow(model, kernels(model))(masks)
    for name, score in expected.items():
        np.testing.assert_allclose(scores[name], score / largest, rtol=1e-12)


def test_synaptic_flow_is_conserved_from_layer_to_layer_under_masks():
    model, masks = flow_network()
    masked = Masks({name: RANDOM.random(mask.shape) < 0.7 for name, mask in masks.items()})
    scores = SynFlow(model, kernels(model))(masked)
    sums = [score.sum() for score in scores.values()]
    assert sums[0] == pytest.approx(sums[1], rel=1e-12)
    assert all(not scores[name][~mask].any() for name, mask in masked.items())


def test_synaptic_flow_depends_on_magnitudes_alone_and_leaves_the_network_as_it_is():
    model, masks = flow_network()
    before = model.get_weights()
    scores = SynFlow(model, kernels(model))(masks)
    assert all(map(np.array_equal, before, model.get_weights()))
    model.set_weights([-weight for weight in before])
    again = SynFlow(model, kernels(model))(masks)
    assert all(np.array_equal(scores[name], again[name]) for name in scores)


def test_synaptic_flow_of_a_network_too_deep_for_float32_can_be_ranked():
    keras.utils.set_random_seed(0)
    deep = [layers.Dense(64, kernel_initializer=keras.initializers.RandomNormal(0, 1)) for _ in range(40)]
    model = network(*deep)
    scores = SynFlow(model, kernels(model))(Masks.ones({kernel.name: kernel.shape for kernel in kernels(model)}))
    assert all(np.isfinite(score).all() and (score > 0).all() for score in scores.values())


def test_a_network_through_which_nothing_flows_is_refused():
    model, masks = flow_network()
    empty = Masks(dict(masks) | {"a/kernel": np.zeros((4, 5), bool)})
    with pytest.raises(UsageError, match="synaptic flow is 0: synflow cannot rank"):
        SynFlow(model, kernels(model))(empty)


@pytest.mark.parametrize("name", ["resnet18", "vgg_like", "squeezenet_v1_1", "alexnet_bvlc"])
def test_synaptic_flow_reaches_every_kernel_of_the_published_networks(name):
    model = build_model(name, (64, 64, 3), 10, ModelOptions(width=0.0625, mean=(0.5,) * 3, std=(0.2,) * 3), seed=0)
    scores = SynFlow(model, kernels(model))(Masks.ones({kernel.name: kernel.shape for kernel in kernels(model)}))
    assert all((score > 0).mean() > 0.9 for score in scores.values())
