"""Entropy of ReLU states: golden numbers, exact counts, every way to write a ReLU, the networks of the papers."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dsd_tf.analysis.entropy import Entropy, EntropyMeter, LayerEntropy, binary_entropy
from dsd_tf.data.images import Images
from dsd_tf.errors import UsageError
from dsd_tf.models.build import build_model
from dsd_tf.models.options import ModelOptions


def random_images(count, shape, seed=0) -> Images:
    pixels = np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)
    return Images(pixels, np.zeros(count, np.int32))


def test_the_golden_numbers_of_four_units():
    bits = binary_entropy(np.array([0, 0.25, 0.5, 1]))
    assert bits[[0, 2, 3]].tolist() == [0, 1, 0]
    assert bits[1] == pytest.approx(0.811278, abs=5e-7)
    assert bits.mean() == pytest.approx(0.4528195, abs=5e-8)


def sign_of_pixels(weights) -> keras.Model:
    """One pixel in, a ReLU of weight * pixel + bias for every (weight, bias)."""
    model = keras.Sequential([layers.Input((1, 1, 1)), layers.Flatten(), layers.Dense(len(weights)), layers.ReLU()])
    kernel, bias = np.array(weights, np.float32).T
    model.set_weights([kernel[None], bias])
    return model


FOUR = Images(np.array([0, 51, 102, 255], np.uint8).reshape(4, 1, 1, 1), np.zeros(4, np.int32))
# of the pixels 0, .2, .4, 1: ON for none (a zero is OFF), for one, for two, for all
QUARTERS = sign_of_pixels([(0, 0), (1, -0.5), (1, -0.3), (1, 0.1)])


@pytest.mark.parametrize("batch_size", [1, 3, 4, 100])
def test_units_that_are_on_for_none_a_quarter_half_and_all_of_the_images(batch_size):
    entropy = EntropyMeter(QUARTERS, FOUR, batch_size=batch_size)()
    [layer] = entropy.layers
    assert (layer.units, layer.alive, layer.constant, entropy.images) == (4, 3, 0.5, 4)
    assert layer.mean == entropy.mean == entropy.unit_mean == pytest.approx(0.4528195, abs=5e-8)
    assert layer.alive_mean == pytest.approx(0.4528195 * 4 / 3, abs=1e-7)


def test_a_layer_whose_kernel_is_all_zero_has_no_alive_units():
    [layer] = EntropyMeter(sign_of_pixels([(0, 1), (0, -1)]), FOUR)().layers
    assert (layer.alive, layer.alive_mean, layer.mean, layer.constant) == (0, 0, 0, 1)


def test_the_network_is_the_mean_of_its_layers_or_of_its_units():
    wide, narrow = LayerEntropy("a", 30, 0.5, 30, 0.5, 0.0), LayerEntropy("b", 10, 0.1, 10, 0.1, 0.0)
    entropy = Entropy(7, (wide, narrow))
    assert entropy.mean == pytest.approx(0.3)
    assert entropy.unit_mean == pytest.approx(0.4)
    assert entropy.to_json() == {
        "images": 7,
        "mean": entropy.mean,
        "unit_mean": entropy.unit_mean,
        "layers": [vars(wide), vars(narrow)],
    }


def small_network() -> keras.Model:
    """Two convolutions (batch norm before one ReLU, an addition before the other) and a dense layer."""
    images = keras.Input((8, 8, 3))
    x = layers.BatchNormalization(name="bn1")(layers.Conv2D(4, 3, padding="same", name="conv1")(images))
    first = layers.ReLU(name="relu1")(x)
    x = layers.Conv2D(4, 3, padding="same", name="conv2")(first)
    x = layers.ReLU(name="relu2")(layers.Add(name="add")([x, first]))
    x = layers.Dense(6, activation="relu", name="hidden")(layers.Flatten()(x))
    return keras.Model(images, layers.Dense(3, name="logits")(x))


def brute_force(model, inputs_of_relus, images, batch) -> list[float]:
    """Mean entropy per ReLU from the float64 shares of positive inputs, as Keras computes them batch by batch."""
    probe = keras.Model(model.inputs, inputs_of_relus)
    pixels = images.images.astype(np.float32) / np.float32(255)
    parts = [probe.predict_on_batch(pixels[start : start + batch]) for start in range(0, len(pixels), batch)]
    means = []
    for states in (np.concatenate(arrays) > 0 for arrays in zip(*parts, strict=True)):
        p = states.reshape(len(pixels), -1).sum(axis=0, dtype=np.float64) / len(pixels)
        clipped = np.maximum(p, 1e-300), np.maximum(1 - p, 1e-300)
        means.append(float(np.mean(-p * np.log2(clipped[0]) - (1 - p) * np.log2(clipped[1]))))
    return means


def test_the_entropy_equals_a_brute_force_count_in_float64():
    keras.utils.set_random_seed(0)
    model, images = small_network(), random_images(250, (8, 8, 3))
    inputs = [model.get_layer(name).output for name in ("bn1", "add", "hidden")]
    entropy = EntropyMeter(model, images, batch_size=100)()
    assert [layer.name for layer in entropy.layers] == ["relu1", "relu2", "hidden"]
    assert [layer.units for layer in entropy.layers] == [256, 256, 6]
    expected = brute_force(model, inputs, images, batch=100)
    assert [layer.mean for layer in entropy.layers] == pytest.approx(expected, rel=1e-12)
    assert min(expected) > 0.1


def test_counts_are_pooled_and_not_averaged_over_batches():
    """Each batch is all ON or all OFF: the mean of their entropies would be 0."""
    images = Images(np.repeat(np.array([0, 255], np.uint8), 50).reshape(100, 1, 1, 1), np.zeros(100, np.int32))
    assert EntropyMeter(sign_of_pixels([(1, -0.5)]), images, batch_size=50)().mean == 1


def test_the_legacy_figure_is_that_of_the_first_400_images():
    pixels = np.concatenate([np.tile([0, 255], 200), np.zeros(600)]).astype(np.uint8).reshape(1000, 1, 1, 1)
    images = Images(pixels, np.zeros(1000, np.int32))
    model = sign_of_pixels([(1, -0.5)])
    legacy = EntropyMeter(model, images, batch_size=150, legacy_first_batch=True)()
    assert (legacy.mean, legacy.images) == (1, 400)
    assert EntropyMeter(model, images)().mean == pytest.approx(binary_entropy(np.array(0.2)))
    assert EntropyMeter(model, FOUR, legacy_first_batch=True)().images == 4


def test_a_meter_follows_the_weights_of_its_model_and_traces_it_once():
    calls = []

    class Counted(layers.ReLU):
        def call(self, inputs):
            calls.append(None)
            return super().call(inputs)

    dense = layers.Dense(1)
    model = keras.Sequential([layers.Input((1, 1, 1)), layers.Flatten(), dense, Counted()])
    meter, means = EntropyMeter(model, FOUR), []
    calls.clear()
    for bias in (-0.3, -0.5, 1):
        dense.set_weights([np.ones((1, 1)), np.array([bias])])
        means.append(meter().mean)
    assert means == pytest.approx([1, 0.8112781, 0])
    assert len(calls) == 1


def test_progress_counts_images():
    done = []
    EntropyMeter(QUARTERS, FOUR, batch_size=3)(done.append)
    assert done == [3, 4]


def test_dropout_and_batch_norm_are_in_inference_mode():
    images = keras.Input((1, 1, 1))
    x = layers.Dropout(0.9)(layers.BatchNormalization()(layers.Flatten()(images)))
    assert EntropyMeter(keras.Model(images, layers.ReLU()(x)), FOUR)().layers[0].mean == pytest.approx(0.8112781)


def nested():
    inner = keras.Sequential([layers.Input((4,)), layers.Dense(3, activation="relu", name="fused")], name="inner")
    middle_in = keras.Input((4,))
    middle = keras.Model(middle_in, layers.ReLU(name="own")(inner(middle_in)), name="middle")
    return keras.Sequential([layers.Input((2, 2, 1)), layers.Flatten(), middle])


def shared():
    images = keras.Input((2, 2, 1))
    dense, relu = layers.Dense(4), layers.ReLU(name="relu")
    return keras.Model(images, relu(dense(relu(dense(layers.Flatten()(images))))))


def between_layers():
    images = keras.Input((2, 2, 1))
    x = keras.ops.relu(layers.Dense(3)(layers.Flatten()(images)))
    return keras.Model(images, keras.activations.relu6(layers.Dense(2)(x)))


def held_by_a_custom_layer():
    class Block(layers.Layer):
        def __init__(self):
            super().__init__(name="block")
            self.dense, self.relu = layers.Dense(5), layers.ReLU(name="inside")

        def call(self, inputs):
            return self.relu(self.dense(inputs))

    return keras.Sequential([layers.Input((2, 2, 1)), layers.Flatten(), Block()])


def sequential(*after):
    return keras.Sequential([layers.Input((2, 2, 1)), layers.Flatten(), *after])


def image_layers(*inner):
    return keras.Sequential([layers.Input((2, 2, 1)), *inner])


WAYS = {
    "layer": (lambda: sequential(layers.ReLU(name="a")), {"a": 4}),
    "activation layer": (lambda: sequential(layers.Activation("relu", name="a")), {"a": 4}),
    "in dense": (lambda: sequential(layers.Dense(3, activation="relu", name="a")), {"a": 3}),
    "function of keras.ops": (lambda: sequential(layers.Dense(3, keras.ops.relu, name="a")), {"a": 3}),
    "function of tf.nn": (lambda: sequential(layers.Dense(3, tf.nn.relu6, name="a")), {"a": 3}),
    "layer as activation": (lambda: sequential(layers.Dense(3, layers.ReLU(name="b"), name="a")), {"a/b": 3}),
    "in convolution": (lambda: image_layers(layers.Conv2D(3, 2, activation="relu", name="a")), {"a": 3}),
    "in depthwise": (lambda: image_layers(layers.DepthwiseConv2D(1, activation="relu", name="a")), {"a": 4}),
    "bounded": (lambda: sequential(layers.ReLU(6, name="a"), layers.Activation("relu6", name="b")), {"a": 4, "b": 4}),
    "nested": (nested, {"middle/inner/fused": 3, "middle/own": 3}),
    "shared": (shared, {"relu": 4, "relu#2": 4}),
    "between layers": (between_layers, {"relu": 3, "relu6": 2}),
    "held by a custom layer": (held_by_a_custom_layer, {"block/inside": 5}),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_relu_is_found_however_it_is_written(way):
    keras.backend.clear_session()
    build, expected = WAYS[way]
    entropy = EntropyMeter(build(), random_images(20, (2, 2, 1)))()
    assert {layer.name: layer.units for layer in entropy.layers} == expected


@pytest.mark.parametrize("way", ["nested", "shared", "between layers"])
def test_a_model_is_left_as_it_was(way):
    model = WAYS[way][0]()
    before = [(layer, dict(vars(layer)), len(layer._inbound_nodes)) for layer in [model, *model._flatten_layers()]]
    EntropyMeter(model, random_images(20, (2, 2, 1)))()
    for layer, attributes, nodes in before:
        assert vars(layer).keys() - {"_called"} == attributes.keys() - {"_called"}
        assert len(layer._inbound_nodes) == nodes


def test_a_model_is_left_as_it_was_when_its_call_fails():
    model = sequential(layers.Dense(3), layers.ReLU())
    with pytest.raises(ValueError, match="incompatible"):
        EntropyMeter(model, random_images(5, (3, 3, 1)))()
    assert not any("call" in vars(layer) for layer in model._flatten_layers())


@pytest.mark.parametrize(
    "layer",
    [layers.LeakyReLU(), layers.ReLU(negative_slope=0.1), layers.Activation("sigmoid"), layers.PReLU(), layers.ELU()],
    ids=lambda layer: type(layer).__name__,
)
def test_a_model_without_relus_is_named(layer):
    model = keras.Sequential([layers.Input((2, 2, 1)), layer], name="plain")
    with pytest.raises(UsageError, match="model 'plain' has no ReLU whose units could be counted: give a network"):
        EntropyMeter(model, random_images(5, (2, 2, 1)))()


def test_a_relu_inside_a_loop_is_named():
    class PerImage(layers.Layer):
        def __init__(self):
            super().__init__(name="each")
            self.relu = layers.ReLU(name="one")

        def call(self, inputs):
            return tf.map_fn(self.relu, inputs)

    model = keras.Sequential([layers.Input((2, 2, 1)), PerImage()], name="looping")
    with pytest.raises(UsageError, match="ReLU 'each/one' of model 'looping' is called inside a loop"):
        EntropyMeter(model, random_images(5, (2, 2, 1)))()


RESNET18 = [65_536, *[16_384] * 4, *[8_192] * 4, *[4_096] * 4, *[2_048] * 4]
VGG_LIKE = [side for side in (32_768, 16_384, 8_192, 4_096, 2_048) for _ in range(2)]


@pytest.mark.parametrize(
    ("name", "options", "units", "total"),
    [
        ("resnet18", ModelOptions(stem="cifar_pool"), RESNET18, 188_416),
        ("vgg_like", ModelOptions(depth=5, width_log2=5), VGG_LIKE, 126_976),
    ],
)
def test_the_networks_of_the_paper_have_its_relus_and_units(name, options, units, total):
    model = build_model(name, (32, 32, 3), 10, options, seed=0)
    entropy = EntropyMeter(model, random_images(4, (32, 32, 3)))()
    assert [layer.units for layer in entropy.layers] == units
    assert sum(units) == total
