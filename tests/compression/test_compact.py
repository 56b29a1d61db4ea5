"""A compacted network computes the same, with fewer units."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from dsd_tf.compression.compact import compact
from dsd_tf.errors import UsageError
from dsd_tf.models.build import build_model
from dsd_tf.models.options import ModelOptions

FAMILIES = {
    "resnet18": ((16, 16, 3), {}),
    "resnet50": ((16, 16, 3), {"stem": "imagenet"}),
    "alexnet": ((63, 63, 3), {}),
    "squeezenet_v1_1": ((40, 40, 3), {}),
    "squeezenet_residual": ((37, 37, 3), {}),
    "vgg_like": ((32, 32, 3), {}),
    "lenet5": ((28, 28, 1), {}),
    "lenet300": ((8, 8, 1), {}),
}


def family(name: str) -> keras.Model:
    shape, options = FAMILIES[name]
    normalised = {"mean": (0.5,) * shape[-1], "std": (0.5,) * shape[-1]}
    return build_model(name, shape, 10, ModelOptions(width=0.15, **normalised, **options), 0)


def chain(*made: layers.Layer, shape=(6, 6, 2)) -> keras.Model:
    return keras.Sequential([keras.Input(shape), *made])


def silence(layer: layers.Layer, *units: int, bias: float = 0.0) -> None:
    """Prune filters of a layer, which then give their bias."""
    values = layer.kernel.numpy(), layer.bias.numpy()
    values[0][..., list(units)], values[1][list(units)] = 0, bias
    layer.kernel.assign(values[0])
    layer.bias.assign(values[1])


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_with_half_its_filters_pruned_computes_the_same_with_fewer(name, filled, prune_filters, outputs):
    model = filled(family(name))
    prune_filters(model)
    compacted = compact(model)
    assert np.abs(outputs(model) - outputs(compacted.model)).max() < 1e-5
    assert compacted.model.count_params() < 0.6 * model.count_params()
    assert compacted.left == {}
    for layer, (before, after) in compacted.units.items():
        assert model.get_layer(layer).output.shape[-1] == before
        assert after == 0 or compacted.model.get_layer(layer).output.shape[-1] == after


def test_filters_inputs_and_normalisation_of_a_pruned_unit_go_together(filled, outputs):
    model = filled(
        chain(
            layers.Conv2D(4, 3, name="first"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(),
            layers.Conv2D(3, 3, name="second"),
        )
    )
    silence(model.get_layer("first"), 1, 2)
    for variable in (model.get_layer("norm").beta, model.get_layer("norm").moving_mean):
        variable.assign(np.array([1, 0, 0, 1]) * variable)
    smaller = compact(model).model
    assert [weight.shape for weight in smaller.weights] == [
        *((3, 3, 2, 2), (2,)),
        *4 * [(2,)],
        *((3, 3, 2, 3), (3,)),
    ]
    assert np.abs(outputs(model) - outputs(smaller)).max() < 1e-6
    assert np.array_equal(smaller.get_layer("norm").gamma, model.get_layer("norm").gamma.numpy()[[0, 3]])


def test_constant_units_become_one_even_before_a_convolution_that_pads(filled, outputs):
    model = filled(chain(layers.Conv2D(5, 3, name="first"), layers.Conv2D(2, 3, padding="same", name="second")))
    silence(model.get_layer("first"), 0, 2, 3, bias=0.5)
    compacted = compact(model)
    assert compacted.units["first"] == (5, 3)
    assert np.abs(outputs(model) - outputs(compacted.model)).max() < 1e-6


def test_a_unit_that_nothing_reads_goes(filled, outputs):
    model = filled(chain(layers.Dense(4, name="hidden"), layers.Dense(2, name="logits"), shape=(3,)))
    kernel = model.get_layer("logits").kernel.numpy()
    kernel[[0, 3]] = 0
    model.get_layer("logits").kernel.assign(kernel)
    compacted = compact(model)
    assert compacted.units == {"hidden": (4, 2), "logits": (2, 2)}
    assert np.array_equal(outputs(model), outputs(compacted.model))


def test_flattened_maps_lose_every_position_of_a_pruned_filter(filled, outputs):
    model = filled(chain(layers.Conv2D(3, 5, name="conv"), layers.Flatten(), layers.Dense(2, name="logits")))
    silence(model.get_layer("conv"), 1)
    smaller = compact(model).model
    assert smaller.get_layer("logits").kernel.shape == (2 * 2 * 2, 2)
    assert np.abs(outputs(model) - outputs(smaller)).max() < 1e-6


def residual(*pruned: tuple[str, tuple[int, ...]], filled) -> keras.Model:
    x = keras.Input((5, 5, 2))
    stem = layers.Conv2D(4, 3, padding="same", name="stem")(x)
    branch = layers.Conv2D(4, 3, padding="same", name="branch")(layers.ReLU()(stem))
    y = layers.Conv2D(2, 3, name="head")(layers.Add(name="sum")([stem, branch]))
    model = filled(keras.Model(x, y))
    for name, units in pruned:
        silence(model.get_layer(name), *units)
    return model


def test_a_residual_channel_goes_only_if_every_term_drops_it(filled, outputs):
    model = residual(("stem", (0, 1)), ("branch", (1, 2)), filled=filled)
    compacted = compact(model)
    assert compacted.units == {"stem": (4, 3), "branch": (4, 3), "head": (2, 2)}
    assert np.abs(outputs(model) - outputs(compacted.model)).max() < 1e-6


def test_a_branch_that_is_zero_all_over_goes_with_its_sum(filled, outputs):
    model = residual(("branch", (0, 1, 2, 3)), filled=filled)
    compacted = compact(model)
    assert compacted.units["branch"] == (4, 0)
    assert [layer.name for layer in compacted.model.layers if layer.weights] == ["stem", "head"]
    assert np.abs(outputs(model) - outputs(compacted.model)).max() < 1e-6


def test_a_concatenation_loses_a_part_that_is_zero_all_over(filled, outputs):
    x = keras.Input((5, 5, 2))
    parts = [layers.Conv2D(2, 3, name=name)(x) for name in ("a", "b", "c")]
    model = filled(keras.Model(x, layers.Conv2D(2, 3, name="head")(layers.Concatenate(name="side")(parts))))
    silence(model.get_layer("a"), 1)
    silence(model.get_layer("b"), 0, 1)
    compacted = compact(model)
    assert compacted.units == {"a": (2, 1), "b": (2, 0), "c": (2, 2), "head": (2, 2)}
    assert np.abs(outputs(model) - outputs(compacted.model)).max() < 1e-6


def test_a_network_of_which_nothing_is_left_still_gives_its_bias(filled, outputs):
    model = filled(chain(layers.Dense(3, name="hidden"), layers.Dense(2, name="logits"), shape=(3,)))
    silence(model.get_layer("hidden"), 0, 1, 2)
    compacted = compact(model)
    assert compacted.units["hidden"] == (3, 1)
    assert np.array_equal(outputs(model), outputs(compacted.model))


def test_outputs_keep_their_order_and_their_zeros(filled, outputs):
    model = filled(chain(layers.Dense(3, name="logits"), shape=(2,)))
    silence(model.get_layer("logits"), 1)
    assert np.array_equal(outputs(model), outputs(compact(model).model))


def test_what_may_mix_channels_keeps_them_all_and_is_named(filled, outputs):
    model = filled(
        chain(
            layers.Conv2D(4, 3, name="first"),
            layers.Conv2D(4, 3, groups=2, name="grouped"),
            layers.Conv2D(3, 1, name="last"),
        )
    )
    silence(model.get_layer("first"), 0)
    silence(model.get_layer("grouped"), 2)
    compacted = compact(model)
    assert compacted.units == {"first": (4, 4), "last": (3, 3)}
    assert compacted.left == {"grouped": "what Conv2D does to channels is not known to be safe: 2 silent channels stay"}
    assert np.abs(outputs(model) - outputs(compacted.model)).max() < 1e-6


def test_a_shared_layer_stays_shared_and_is_named(filled, outputs):
    shared = layers.Conv2D(2, 3, padding="same", name="shared")
    model = filled(chain(shared, layers.ReLU(), shape=(5, 5, 2)))
    x = keras.Input((5, 5, 2))
    model = keras.Model(x, layers.Conv2D(2, 3, name="head")(shared(shared(x))))
    silence(shared, 0)
    compacted = compact(model)
    assert compacted.left == {"shared": "shared layers are not known to be safe: 1 silent channels stay"}
    assert compacted.model.count_params() == model.count_params()
    assert np.array_equal(outputs(model), outputs(compacted.model))


def test_published_alexnet_leaves_what_normalisation_across_channels_needs(prune_filters, outputs):
    model = build_model("alexnet_bvlc", (67, 67, 3), 10, ModelOptions(width=0.1), 0)
    prune_filters(model)
    compacted = compact(model)
    assert {"norm1", "conv4"} <= compacted.left.keys()
    assert compacted.units["fc7"][1] < compacted.units["fc7"][0]
    assert np.abs(outputs(model) - outputs(compacted.model)).max() < 1e-5


def test_the_given_network_is_left_alone_and_the_new_one_shares_nothing_with_it(filled, prune_filters):
    model = filled(family("lenet5"))
    prune_filters(model)
    before = model.get_weights()
    smaller = compact(model).model
    for weight in smaller.weights:
        weight.assign(0 * weight)
    assert all(map(np.array_equal, model.get_weights(), before))


def test_it_is_an_ordinary_keras_model_that_saves_and_loads(filled, prune_filters, outputs, tmp_path):
    model = filled(family("resnet18"))
    prune_filters(model)
    smaller = compact(model).model
    smaller.save(tmp_path / "small.keras")
    loaded = keras.saving.load_model(tmp_path / "small.keras", safe_mode=True)
    assert np.array_equal(outputs(loaded), outputs(smaller))


def test_a_dense_network_keeps_its_size(filled, outputs):
    model = filled(family("resnet18"))
    compacted = compact(model)
    assert compacted.model.count_params() == model.count_params()
    assert np.abs(outputs(model) - outputs(compacted.model)).max() < 1e-6


def test_a_model_that_cannot_be_traced_is_refused():
    class Opaque(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(UsageError, match="not a functional"):
        compact(Opaque())


def test_a_tensor_without_channels_leaves_what_meets_it_as_wide_as_it_is(filled):
    x, factor = keras.Input((6,)), keras.Input(())
    y = layers.Dense(4, activation="relu", name="pruned")(x)
    y = layers.Dense(4, name="scaled")(y) * keras.ops.expand_dims(factor, -1) / keras.ops.max(y)
    model = filled(keras.Model([x, factor], [layers.Dense(2)(y), keras.ops.sum(y, axis=-1)]))
    silence(model.get_layer("scaled"), 1)
    compacted = compact(model)
    assert compacted.units["scaled"] == (4, 4)
    images = [np.random.default_rng(0).normal(size=shape).astype(np.float32) for shape in ((5, 6), (5,))]
    for expected, found in zip(model(images), compacted.model(images), strict=True):
        assert np.abs(expected - found).max() < 1e-6


def test_inputs_of_unknown_length_are_taken_as_they_are():
    words = keras.Input((None,), dtype="int32")
    y = layers.GlobalAveragePooling1D()(layers.Embedding(9, 4)(layers.Concatenate()([words, words])))
    model = keras.Model(words, layers.Dense(2)(layers.Dense(4, name="hidden")(y)))
    silence(model.get_layer("hidden"), 0, 2)
    compacted = compact(model)
    assert compacted.units["hidden"] == (4, 2)
    given_words = np.arange(6).reshape(2, 3)
    assert np.abs(model(given_words) - compacted.model(given_words)).max() < 1e-6


@settings(max_examples=20)
@given(st.integers(0, 2**31), st.floats(0, 1))
def test_whatever_is_pruned_the_outputs_stay(seed, share):
    stream = np.random.default_rng(seed)
    x = keras.Input((5, 5, 2))
    y = layers.Conv2D(4, 3, padding="same", activation=str(stream.choice(["relu", "tanh", "sigmoid"])))(x)
    z = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(y))
    y = layers.Add()([y, z]) if stream.random() < 0.5 else layers.Concatenate()([y, z])
    y = layers.ZeroPadding2D()(layers.ReLU()(y)) if stream.random() < 0.5 else layers.MaxPooling2D(2)(y)
    y = layers.Dense(3)(layers.Flatten()(layers.Conv2D(4, 2)(y)))
    model = keras.Model(x, y)
    for weight in model.weights:
        dropped = (stream.random(weight.shape[-1]) < share) & (weight.name != "moving_variance")
        sign = 1 if weight.name == "moving_variance" else stream.choice([-1, 1])
        weight.assign(np.where(dropped, 0, sign * stream.uniform(0.1, 1, weight.shape)))
    images = stream.normal(size=(2, 5, 5, 2)).astype(np.float32)
    expected, found = np.asarray(model(images)), np.asarray(compact(model).model(images))
    assert np.abs(expected - found).max() <= 1e-5 * max(1, np.abs(expected).max())
