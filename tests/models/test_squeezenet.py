"""SqueezeNet's published sizes, and the border of its last convolution."""

from __future__ import annotations

import numpy as np
import pytest

from dsd_tf.errors import UsageError


@pytest.mark.parametrize(
    ("name", "classes", "parameters"),
    [
        ("squeezenet_v1_0", 1000, 1_248_424),
        ("squeezenet_v1_0", 10, 740_554),
        ("squeezenet_v1_0", 100, 786_724),
        ("squeezenet_residual", 1000, 1_248_424),
        ("squeezenet_v1_1", 1000, 1_235_496),
        ("squeezenet_v1_1", 102, 774_822),
    ],
)
def test_parameters_are_the_published_ones(build, name, classes, parameters):
    assert build(name, (64, 64, 3), classes).count_params() == parameters


@pytest.mark.parametrize(
    ("name", "side", "sides"),
    [
        ("squeezenet_v1_0", 227, {"conv1": 111, "pool1": 55, "pool4": 27, "pool8": 13, "conv10": 15}),
        ("squeezenet_v1_0", 224, {"conv1": 109, "pool1": 54, "pool4": 27, "pool8": 13, "conv10": 15}),
        ("squeezenet_v1_1", 227, {"conv1": 113, "pool1": 56, "pool3": 28, "pool5": 14, "conv10": 14}),
        ("squeezenet_v1_1", 224, {"conv1": 111, "pool1": 55, "pool3": 27, "pool5": 13, "conv10": 13}),
    ],
)
def test_maps_have_the_published_sizes(build, name, side, sides):
    model = build(name, (side, side, 3), width=0.1)
    assert {layer: model.get_layer(layer).output.shape[1] for layer in sides} == sides
    assert model.output.shape == (None, 10)


def test_version_1_0_takes_1_72_gigaflop_at_227(build, size_of):
    assert size_of(build("squeezenet_v1_0", (227, 227, 3), 1000)).mega_macs == 861.3


@pytest.mark.parametrize(
    ("name", "side"), [("squeezenet_v1_0", 21), ("squeezenet_residual", 21), ("squeezenet_v1_1", 17)]
)
def test_the_smallest_image_is_named(build, name, side):
    assert build(name, (side, side, 1), width=0.1).output.shape == (None, 10)
    with pytest.raises(UsageError, match=f"{name} needs images of at least {side}x{side} pixels, got {side - 1}x"):
        build(name, (side - 1, side, 1))


def test_the_border_of_conv10_is_the_relu_of_its_bias(build):
    model = build("squeezenet_v1_0", (227, 227, 3), 3, width=0.1)
    for layer in model.layers:
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    kernel, _ = model.get_layer("conv10").get_weights()
    model.get_layer("conv10").set_weights([kernel, np.array([0.5, -1, 2], np.float32)])
    images = np.ones((1, 227, 227, 3), np.float32)
    logits = model(images).numpy()[0]
    np.testing.assert_allclose(logits, [0.5, 0, 2], rtol=1e-6)
    inside = model.get_layer("conv10_pad").output.shape[1] ** 2 - model.get_layer("pool8").output.shape[1] ** 2
    assert inside == 56


def test_a_bypass_adds_the_input_of_its_fire_module(build):
    model = build("squeezenet_residual", (64, 64, 3))
    parents = {
        number: {tensor._keras_history.operation.name for tensor in model.get_layer(f"fire{number}_bypass").input}
        for number in (3, 5, 7, 9)
    }
    assert parents == {
        3: {"fire2_concat", "fire3_concat"},
        5: {"pool4", "fire5_concat"},
        7: {"fire6_concat", "fire7_concat"},
        9: {"pool8", "fire9_concat"},
    }


def test_kernels_start_as_caffes_xavier_and_gaussian_fillers_do(build):
    model = build("squeezenet_v1_0", (64, 64, 3), 1000)
    kernel, bias = model.get_layer("fire9_expand3x3").get_weights()
    limit = (3 / (9 * 64)) ** 0.5
    assert 0.999 * limit < np.abs(kernel).max() <= limit
    assert not bias.any()
    assert model.get_layer("conv10").get_weights()[0].std() == pytest.approx(0.01, rel=0.01)


def test_seeds_decide_the_weights(build):
    one, same, other = (build("squeezenet_v1_1", (32, 32, 3), seed=seed, width=0.1) for seed in (1, 1, 2))
    kernels = [model.get_layer("conv1").get_weights()[0] for model in (one, same, other)]
    assert (kernels[0] == kernels[1]).all()
    assert (kernels[0] != kernels[2]).any()
